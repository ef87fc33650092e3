/* SPDX-License-Identifier: MIT */
/* Interfaces and association groups of a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/association.h"
#include "engine/registry.h"
#include "test_memory.h"

static struct registered
interface(uint32_t name, uint16_t major, uint16_t minor)
{
	return (struct registered){ .interface = { .uuid.time_low = name,
		                        .major = major,
		                        .minor = minor } };
}

static void
an_interface_is_found_by_clients_it_serves(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct registry registry = registry_empty(test_memory_of(&test), 8);
	struct registered one = interface(1, 1, 2), two = interface(1, 2, 0);
	struct registered asked[] = { interface(1, 1, 0), interface(1, 1, 2),
		interface(1, 1, 3), interface(1, 2, 0), interface(1, 2, 1),
		interface(1, 3, 0), interface(2, 1, 0) };
	struct registered *found[] = { &one, &one, NULL, &two, NULL, NULL,
		NULL };

	(void)state;
	assert_int_equal(registry_add(&registry, &one), BECKET_S_OK);
	assert_int_equal(registry_add(&registry, &two), BECKET_S_OK);
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		assert_ptr_equal(registry_find(&registry, &asked[i].interface),
		    found[i]);
	registry_fini(&registry);
	test_memory_end(&test);
}

static void
a_major_version_is_registered_once(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct registry registry = registry_empty(test_memory_of(&test), 8);
	struct registered one = interface(1, 1, 2), two = interface(1, 1, 3);

	(void)state;
	assert_int_equal(registry_add(&registry, &one), BECKET_S_OK);
	assert_int_equal(registry_add(&registry, &two),
	    BECKET_S_TYPE_ALREADY_REGISTERED);
	registry_remove(&registry, &one);
	assert_int_equal(registry_add(&registry, &two), BECKET_S_OK);
	assert_null(registry_get(&registry, one.id));
	assert_ptr_equal(registry_get(&registry, two.id), &two);
	registry_fini(&registry);
	test_memory_end(&test);
}

static void
a_full_registry_says_so(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct registry registry = registry_empty(test_memory_of(&test), 1);
	struct registered one = interface(1, 1, 0), two = interface(2, 1, 0);

	(void)state;
	test.fail_at = 0;
	assert_int_equal(registry_add(&registry, &one), BECKET_S_OUT_OF_MEMORY);
	assert_int_equal(registry_add(&registry, &one), BECKET_S_OK);
	assert_int_equal(registry_add(&registry, &two),
	    BECKET_S_OUT_OF_RESOURCES);
	registry_fini(&registry);
	test_memory_end(&test);
}

static void
a_group_dies_with_its_last_session(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct associations all = associations_empty(test_memory_of(&test), 2);
	struct association *one = association_join(&all, 0, 1);
	uint32_t id = association_wire_id(one);

	(void)state;
	assert_int_not_equal(id, 0);
	assert_ptr_equal(association_join(&all, id, 1), one);
	assert_null(association_join(&all, id, 2));
	assert_null(association_join(&all, id, 1 | UINT64_C(1000) << 32));
	association_leave(&all, one);
	assert_ptr_equal(association_join(&all, id, 1), one);
	association_leave(&all, one);
	association_leave(&all, one);
	assert_null(association_join(&all, id, 1));
	one = association_join(&all, 0, 1);
	assert_int_not_equal(association_wire_id(one), id);
	assert_null(association_join(&all, id, 1));
	associations_fini(&all);
	test_memory_end(&test);
}

static void
there_is_an_end_to_groups(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct associations all = associations_empty(test_memory_of(&test), 2);

	(void)state;
	assert_non_null(association_join(&all, 0, 1));
	assert_non_null(association_join(&all, 0, 1));
	assert_null(association_join(&all, 0, 1));
	assert_null(association_join(&all, UINT32_MAX, 1));
	assert_null(association_join(&all, 0x10000, 1));
	associations_fini(&all);
	test_memory_end(&test);
}

static void
the_groups_of_another_table_are_not_joined(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct associations before =
	    associations_empty(test_memory_of(&test), 2);
	struct associations after =
	    associations_empty(test_memory_of(&test), 2);
	struct association *old, *new;

	(void)state;
	before.salt = 0x1234;
	after.salt = 0x4321;
	old = association_join(&before, 0, 1);
	new = association_join(&after, 0, 1);
	assert_non_null(old);
	assert_non_null(new);
	assert_null(association_join(&after, association_wire_id(old), 1));
	assert_ptr_equal(association_join(&after, association_wire_id(new), 1),
	    new);
	associations_fini(&before);
	associations_fini(&after);
	test_memory_end(&test);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_found_by_clients_it_serves),
		cmocka_unit_test(a_major_version_is_registered_once),
		cmocka_unit_test(a_full_registry_says_so),
		cmocka_unit_test(a_group_dies_with_its_last_session),
		cmocka_unit_test(there_is_an_end_to_groups),
		cmocka_unit_test(the_groups_of_another_table_are_not_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
