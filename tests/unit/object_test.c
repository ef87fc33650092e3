/* SPDX-License-Identifier: MIT */
#include "stub/object.h"

#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

static const struct becket_uuid cup = { .time_low = 1 },
                                pan = { .time_low = 2 },
                                red = { .time_low = 0xed },
                                blue = { .time_low = 0xb1 }, nil;

static void
begin(struct test_memory *memory, struct objects *objects)
{
	*memory = test_memory(TEST_MEMORY_NEVER);
	objects_init(objects, test_memory_of(memory), 20);
}

static void
end(struct test_memory *memory, struct objects *objects)
{
	objects_fini(objects);
	test_memory_end(memory);
}

static void
expect_type(struct objects *objects, const struct becket_uuid *object,
    const struct becket_uuid *type)
{
	struct becket_uuid found;

	assert_int_equal(objects_inq_type(objects, object, &found),
	    BECKET_S_OK);
	assert_true(becket_uuid_equal(&found, type));
}

static void
expect_none(struct objects *objects, const struct becket_uuid *object)
{
	struct becket_uuid found = red;

	assert_int_equal(objects_inq_type(objects, object, &found),
	    BECKET_S_OBJECT_NOT_FOUND);
	assert_true(becket_uuid_equal(&found, &red));
}

static void
an_object_has_one_type_until_it_is_taken_away(void **state)
{
	struct test_memory memory;
	struct objects objects;

	(void)state;
	begin(&memory, &objects);
	expect_none(&objects, &cup);
	assert_int_equal(objects_set_type(&objects, &cup, &red), BECKET_S_OK);
	expect_type(&objects, &cup, &red);
	expect_none(&objects, &pan);
	assert_int_equal(objects_set_type(&objects, &cup, &blue),
	    BECKET_S_ALREADY_REGISTERED);
	assert_int_equal(objects_set_type(&objects, &cup, &red),
	    BECKET_S_ALREADY_REGISTERED);
	expect_type(&objects, &cup, &red);
	assert_int_equal(objects_set_type(&objects, &cup, &nil), BECKET_S_OK);
	expect_none(&objects, &cup);
	assert_int_equal(objects_set_type(&objects, &cup, NULL), BECKET_S_OK);
	assert_int_equal(objects_set_type(&objects, &cup, &blue), BECKET_S_OK);
	expect_type(&objects, &cup, &blue);
	end(&memory, &objects);
}

static void
the_nil_object_has_no_type(void **state)
{
	struct test_memory memory;
	struct becket_uuid type;
	struct objects objects;

	(void)state;
	begin(&memory, &objects);
	assert_int_equal(objects_set_type(&objects, &nil, &red),
	    BECKET_S_INVALID_OBJECT);
	assert_int_equal(objects_set_type(&objects, NULL, &red),
	    BECKET_S_INVALID_OBJECT);
	assert_int_equal(objects_set_type(&objects, NULL, NULL),
	    BECKET_S_INVALID_OBJECT);
	assert_int_equal(objects_inq_type(&objects, &nil, &type),
	    BECKET_S_INVALID_OBJECT);
	assert_int_equal(objects_inq_type(&objects, NULL, &type),
	    BECKET_S_INVALID_OBJECT);
	end(&memory, &objects);
}

/* In an order that is not theirs; every second one goes again. */
static void
many_objects_are_told_apart(void **state)
{
	struct test_memory memory;
	struct objects objects;

	(void)state;
	begin(&memory, &objects);
	for (uint32_t i = 0; i < 20; i++) {
		struct becket_uuid object = { .time_mid =
			                          (uint16_t)(1 + i * 7 % 20) };
		struct becket_uuid type = { .time_low = 1 + i * 7 % 20 };

		assert_int_equal(objects_set_type(&objects, &object, &type),
		    BECKET_S_OK);
	}
	assert_int_equal(objects_set_type(&objects, &cup, &red),
	    BECKET_S_OUT_OF_RESOURCES);
	for (uint16_t i = 1; i <= 20; i += 2) {
		struct becket_uuid object = { .time_mid = i };

		assert_int_equal(objects_set_type(&objects, &object, NULL),
		    BECKET_S_OK);
	}
	for (uint16_t i = 1; i <= 20; i++) {
		struct becket_uuid object = { .time_mid = i };
		struct becket_uuid type = { .time_low = i };

		if (i % 2 == 1)
			expect_none(&objects, &object);
		else
			expect_type(&objects, &object, &type);
	}
	end(&memory, &objects);
}

static becket_status
invent(void *user, const struct becket_uuid *object,
    struct becket_uuid *ret_type)
{
	++*(unsigned *)user;
	*ret_type = red;
	if (becket_uuid_equal(object, &cup))
		return BECKET_S_OK;
	if (becket_uuid_equal(object, &pan))
		*ret_type = nil;
	return becket_uuid_equal(object, &pan) ? BECKET_S_OK
	                                       : BECKET_S_OBJECT_NOT_FOUND;
}

static void
a_function_replaces_the_table(void **state)
{
	struct test_memory memory;
	struct objects objects;
	unsigned asked = 0;

	(void)state;
	begin(&memory, &objects);
	assert_int_equal(objects_set_type(&objects, &pan, &blue), BECKET_S_OK);
	objects_set_inq_fn(&objects, invent, &asked);
	expect_type(&objects, &cup, &red);
	expect_none(&objects, &pan);
	expect_none(&objects, &blue);
	assert_int_equal(asked, 3);
	objects_set_inq_fn(&objects, NULL, NULL);
	expect_type(&objects, &pan, &blue);
	expect_none(&objects, &cup);
	assert_int_equal(asked, 3);
	end(&memory, &objects);
}

static void
without_memory_an_object_gets_no_type(void **state)
{
	struct test_memory memory = test_memory(0);
	struct objects objects;

	(void)state;
	objects_init(&objects, test_memory_of(&memory), 20);
	assert_int_equal(objects_set_type(&objects, &cup, &red),
	    BECKET_S_OUT_OF_MEMORY);
	expect_none(&objects, &cup);
	end(&memory, &objects);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_has_one_type_until_it_is_taken_away),
		cmocka_unit_test(the_nil_object_has_no_type),
		cmocka_unit_test(many_objects_are_told_apart),
		cmocka_unit_test(a_function_replaces_the_table),
		cmocka_unit_test(without_memory_an_object_gets_no_type),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
