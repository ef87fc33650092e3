/* SPDX-License-Identifier: MIT */
#include "stub/manager.h"

#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

static const struct becket_operation operation = { .name = "Nothing" };

static const struct becket_interface one = {
	.abi = BECKET_ABI,
	.name = "unit.One",
	.uuid = { .time_low = 1 },
	.major = 1,
	.minor = 2,
	.operation_count = 1,
	.operations = &operation,
};

static const struct becket_interface one_two = {
	.abi = BECKET_ABI,
	.name = "unit.One",
	.uuid = { .time_low = 1 },
	.major = 2,
	.operation_count = 1,
	.operations = &operation,
};

static const struct becket_interface one_newer = {
	.abi = BECKET_ABI,
	.name = "unit.One",
	.uuid = { .time_low = 1 },
	.major = 1,
	.minor = 3,
	.operation_count = 1,
	.operations = &operation,
};

static const struct becket_interface ndr = {
	.abi = BECKET_ABI,
	.flags = BECKET_INTERFACE_NDR,
	.name = "unit.Ndr",
	.uuid = { .time_low = 2 },
	.operation_count = 1,
	.operations = &operation,
};

static becket_routine *const list[1];
static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = list,
};

static const struct becket_uuid red = { .time_low = 0xed },
                                blue = { .time_low = 0xb1 };

static const int epv;

static becket_status
add(struct managers *managers, const struct becket_interface *interface,
    const struct becket_uuid *type)
{
	return managers_add(managers,
	    &(struct manager_offer){ .interface = interface,
	        .routines = &routines,
	        .type = type,
	        .epv = &epv });
}

static struct registered *
find(struct managers *managers, const struct becket_interface *interface)
{
	struct syntax_id id = { interface->uuid, interface->major, 0 };

	return registry_find(&managers->registry, &id);
}

static void
begin(struct test_memory *memory, struct managers *managers)
{
	*memory = test_memory(TEST_MEMORY_NEVER);
	managers_init(managers, test_memory_of(memory), 3);
}

static void
end(struct test_memory *memory, struct managers *managers)
{
	managers_fini(managers);
	test_memory_end(memory);
}

static void
types_and_versions_are_registered_apart(void **state)
{
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, NULL),
	    BECKET_S_TYPE_ALREADY_REGISTERED);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, &red),
	    BECKET_S_TYPE_ALREADY_REGISTERED);
	assert_int_equal(add(&managers, &one_newer, &blue),
	    BECKET_S_TYPE_ALREADY_REGISTERED);
	assert_int_equal(add(&managers, &one_two, NULL), BECKET_S_OK);
	assert_ptr_not_equal(find(&managers, &one), find(&managers, &one_two));
	end(&memory, &managers);
}

static void
only_the_flag_makes_an_interface_speak_ndr(void **state)
{
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &ndr, NULL), BECKET_S_OK);
	/* NDR is spoken by all: the envelope. */
	assert_int_equal(find(&managers, &one)->syntaxes,
	    1 << SYNTAX_BECKET | 1 << SYNTAX_NDR);
	assert_int_equal(find(&managers, &ndr)->syntaxes, 1 << SYNTAX_NDR);
	end(&memory, &managers);
}

static void
tables_that_do_not_fit_are_refused(void **state)
{
	struct becket_interface old = one;
	struct becket_routines more = routines;
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	old.abi++;
	assert_int_equal(add(&managers, &old, NULL), BECKET_S_INVALID_ABI);
	more.count++;
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = &one,
	                         .routines = &more,
	                         .type = NULL,
	                         .epv = &epv }),
	    BECKET_S_INVALID_ABI);
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = &one,
	                         .routines = &routines,
	                         .type = NULL,
	                         .epv = NULL }),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = NULL,
	                         .routines = &routines,
	                         .type = NULL,
	                         .epv = &epv }),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(managers_list(&managers, NULL, 0), 0);
	end(&memory, &managers);
}

static void
each_type_has_its_own_epv(void **state)
{
	struct test_memory memory;
	struct managers managers;
	struct manager_type *type;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_null(manager_find_type(find(&managers, &one), NULL));
	assert_null(manager_find_type(find(&managers, &one), &blue));
	type = manager_any_type(find(&managers, &one));
	assert_true(becket_uuid_equal(&type->type, &red));
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	type = manager_find_type(find(&managers, &one), NULL);
	assert_non_null(type);
	assert_true(becket_uuid_is_nil(&type->type));
	type = manager_find_type(find(&managers, &one), &red);
	assert_true(becket_uuid_equal(&type->type, &red));
	assert_null(manager_find_type(find(&managers, &one), &blue));
	end(&memory, &managers);
}

static void
unregistering_names_what_it_means(void **state)
{
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(managers_remove(&managers, &one, NULL, true),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, &blue), BECKET_S_OK);
	assert_int_equal(managers_remove(&managers, &one,
	                     &(struct becket_uuid){ 0 }, true),
	    BECKET_S_UNKNOWN_MGR_TYPE);
	assert_int_equal(managers_remove(&managers, &one, &red, true),
	    BECKET_S_OK);
	assert_non_null(find(&managers, &one));
	assert_int_equal(managers_remove(&managers, &one, &red, true),
	    BECKET_S_UNKNOWN_MGR_TYPE);
	assert_int_equal(managers_remove(&managers, &one, NULL, true),
	    BECKET_S_OK);
	assert_null(find(&managers, &one));
	end(&memory, &managers);
}

static void
a_wildcard_spares_what_is_hidden(void **state)
{
	struct test_memory memory;
	struct managers managers;
	struct syntax_id ids[4];

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = &ndr,
	                         .routines = &routines,
	                         .type = NULL,
	                         .epv = &epv,
	                         .is_hidden = true }),
	    BECKET_S_OK);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &one_two, NULL), BECKET_S_OK);
	assert_int_equal(managers_list(&managers, ids, 1), 2);
	assert_int_equal(managers_list(&managers, ids, 4), 2);
	assert_int_equal(managers_remove(&managers, &ndr, NULL, true),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(managers_remove(&managers, NULL, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(managers_list(&managers, ids, 4), 0);
	assert_non_null(find(&managers, &ndr));
	end(&memory, &managers);
}

static void
there_is_a_limit(void **state)
{
	struct becket_interface many = one;
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	for (uint16_t i = 0; i < 3; i++) {
		many.major = i;
		assert_int_equal(add(&managers, &many, NULL), BECKET_S_OK);
	}
	many.major = 3;
	assert_int_equal(add(&managers, &many, NULL),
	    BECKET_S_OUT_OF_RESOURCES);
	many.major = 0;
	assert_int_equal(add(&managers, &many, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &many, &blue), BECKET_S_OK);
	assert_int_equal(add(&managers, &many,
	                     &(struct becket_uuid){ .time_low = 7 }),
	    BECKET_S_OUT_OF_RESOURCES);
	end(&memory, &managers);
}

/* Unregistered in the middle of a call, it is there until the call ends. */
static void
what_is_held_stays(void **state)
{
	struct manager_type *type;
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	managers_enter(&managers);
	type = manager_hold(manager_any_type(find(&managers, &one)));
	managers_leave(&managers);
	assert_int_equal(managers_remove(&managers, &one, NULL, false),
	    BECKET_S_OK);
	assert_null(find(&managers, &one));
	assert_ptr_equal(type->interface, &one);
	/* Another registration of it is another one, and waits for itself. */
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(managers_remove(&managers, &one, NULL, true),
	    BECKET_S_OK);
	managers_release(&managers, type);
	end(&memory, &managers);
}

static void
count_up(void *user)
{
	++*(unsigned *)user;
}

/* Two types, one of them in the middle of a call: told once, at its end. */
static void
who_does_not_wait_is_told(void **state)
{
	struct manager_type *type;
	struct test_memory memory;
	struct managers managers;
	unsigned told = 0;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(managers_remove_then(&managers, &one, NULL, count_up,
	                     &told),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, &blue), BECKET_S_OK);
	type = manager_hold(manager_any_type(find(&managers, &one)));
	assert_int_equal(managers_remove_then(&managers, &one, NULL, count_up,
	                     &told),
	    BECKET_S_OK);
	assert_int_equal(told, 0);
	managers_release(&managers, type);
	assert_int_equal(told, 1);
	/* Nobody calls: told at once. */
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(managers_remove_then(&managers, &one, &red, count_up,
	                     &told),
	    BECKET_S_OK);
	assert_int_equal(told, 2);
	memory.fail_at = memory.allocations;
	assert_int_equal(managers_remove_then(&managers, &one, NULL, count_up,
	                     &told),
	    BECKET_S_OUT_OF_MEMORY);
	assert_int_equal(told, 2);
	end(&memory, &managers);
}

static void
registrations_are_listed_with_their_types(void **state)
{
	struct becket_registration all[4];
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = &ndr,
	                         .routines = &routines,
	                         .type = NULL,
	                         .epv = &epv,
	                         .is_hidden = true }),
	    BECKET_S_OK);
	assert_int_equal(managers_list_types(&managers, all, 4), 0);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &one_two, &red), BECKET_S_OK);
	assert_int_equal(managers_list_types(&managers, all, 4), 3);
	assert_ptr_equal(all[0].interface, &one);
	assert_true(becket_uuid_is_nil(&all[0].type));
	assert_ptr_equal(all[1].interface, &one);
	assert_true(becket_uuid_equal(&all[1].type, &red));
	assert_ptr_equal(all[2].interface, &one_two);
	assert_int_equal(managers_list_types(&managers, all, 1), 3);
	end(&memory, &managers);
}

struct race {
	struct managers managers;
	atomic_bool is_over;
	unsigned calls;
};

/* As a loop does: look, hold, let go. */
static void *
call_again_and_again(void *argument)
{
	struct race *race = argument;

	while (!atomic_load(&race->is_over)) {
		struct registered *registered;
		struct manager_type *type = NULL;

		managers_enter(&race->managers);
		registered = find(&race->managers, &one);
		if (registered != NULL)
			type =
			    manager_hold(manager_find_type(registered, NULL));
		managers_leave(&race->managers);
		if (type != NULL && type->interface == &one)
			race->calls++;
		managers_release(&race->managers, type);
	}
	return NULL;
}

/* Memory here must be a real one's: threads share it. */
static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size > 0)
		return realloc(old, new_size);
	free(old);
	return NULL;
}

static void
registering_races_with_calls(void **state)
{
	const struct becket_memory memory = { resize, NULL };
	struct race race = { .calls = 0 };
	pthread_t thread;

	(void)state;
	managers_init(&race.managers, &memory, 3);
	assert_int_equal(pthread_create(&thread, NULL, call_again_and_again,
	                     &race),
	    0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(add(&race.managers, &one, NULL), BECKET_S_OK);
		assert_int_equal(managers_remove(&race.managers, &one, NULL,
		                     i % 2 == 0),
		    BECKET_S_OK);
	}
	atomic_store(&race.is_over, true);
	pthread_join(thread, NULL);
	managers_fini(&race.managers);
}

struct seen {
	const struct becket_interface *interfaces[4];
	size_t count;
};

static void
see(void *user, const struct becket_interface *interface)
{
	struct seen *seen = user;

	seen->interfaces[seen->count++] = interface;
}

static void
a_service_is_not_listed_and_is_there(void **state)
{
	struct syntax_id ids[4];
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(managers_add(&managers,
	                     &(struct manager_offer){ .interface = &one,
	                         .routines = &routines,
	                         .epv = &epv,
	                         .flags = BECKET_IF_SERVICE }),
	    BECKET_S_OK);
	assert_int_equal(add(&managers, &ndr, NULL), BECKET_S_OK);
	assert_int_equal(managers_list(&managers, ids, 4), 1);
	assert_int_equal(ids[0].uuid.time_low, 2);
	assert_int_equal(managers_remove(&managers, NULL, NULL, false),
	    BECKET_S_OK);
	assert_int_equal(managers_remove(&managers, &one, NULL, false),
	    BECKET_S_UNKNOWN_IF);
	assert_non_null(find(&managers, &one));
	end(&memory, &managers);
}

static void
visitors_see_each_interface_of_ours_once(void **state)
{
	struct seen seen = { .count = 0 };
	struct test_memory memory;
	struct managers managers;

	(void)state;
	begin(&memory, &managers);
	assert_int_equal(add(&managers, &one, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &one, &red), BECKET_S_OK);
	assert_int_equal(add(&managers, &ndr, NULL), BECKET_S_OK);
	assert_int_equal(add(&managers, &one_two, NULL), BECKET_S_OK);
	managers_visit(&managers, see, &seen);
	assert_int_equal(seen.count, 2);
	assert_ptr_equal(seen.interfaces[0], &one);
	assert_ptr_equal(seen.interfaces[1], &one_two);
	end(&memory, &managers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_versions_are_registered_apart),
		cmocka_unit_test(only_the_flag_makes_an_interface_speak_ndr),
		cmocka_unit_test(tables_that_do_not_fit_are_refused),
		cmocka_unit_test(each_type_has_its_own_epv),
		cmocka_unit_test(unregistering_names_what_it_means),
		cmocka_unit_test(a_wildcard_spares_what_is_hidden),
		cmocka_unit_test(a_service_is_not_listed_and_is_there),
		cmocka_unit_test(visitors_see_each_interface_of_ours_once),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(what_is_held_stays),
		cmocka_unit_test(who_does_not_wait_is_told),
		cmocka_unit_test(registrations_are_listed_with_their_types),
		cmocka_unit_test(registering_races_with_calls),
	};

	return cmocka_run_group_tests_name("manager", tests, NULL, NULL);
}
