/* SPDX-License-Identifier: MIT */
#include "grpc/metadata.h"

#include "test_memory.h"
#include "unit.h"
#include "wire/call_header.h"

static becket_status
take(struct buffer *metadata, const char *name, const char *value)
{
	return metadata_take(metadata, text_bytes(name), text_bytes(value));
}

static void
assert_entry(struct becket_bytes *left, const char *key, const void *value,
    size_t size)
{
	struct call_header_entry entry;

	assert_true(call_header_next(left, &entry));
	assert_text(entry.key, key);
	assert_bytes(entry.value, value, size);
}

static void
values_are_taken_without_the_blanks_around_them(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct buffer metadata = buffer_empty(test_memory_of(&test));
	struct becket_bytes left;

	(void)state;
	assert_int_equal(take(&metadata, "x-id", " \ta b\t "), BECKET_S_OK);
	assert_int_equal(take(&metadata, "x-none", "  "), BECKET_S_OK);
	assert_int_equal(take(&metadata, "0_.-z", "a,b"), BECKET_S_OK);
	left = buffer_bytes(&metadata);
	assert_entry(&left, "x-id", "a b", 3);
	assert_entry(&left, "x-none", "", 0);
	assert_entry(&left, "0_.-z", "a,b", 3);
	assert_int_equal(left.size, 0);
	buffer_fini(&metadata);
	test_memory_end(&test);
}

static void
binary_values_come_padded_or_not_and_several_at_once(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct buffer metadata = buffer_empty(test_memory_of(&test));
	struct becket_bytes left;

	(void)state;
	assert_int_equal(take(&metadata, "a-bin", "AP8="), BECKET_S_OK);
	assert_int_equal(take(&metadata, "a-bin", "AP8"), BECKET_S_OK);
	assert_int_equal(take(&metadata, "b-bin", ""), BECKET_S_OK);
	assert_int_equal(take(&metadata, "c-bin", "AP8=, AQID ,Ag"),
	    BECKET_S_OK);
	left = buffer_bytes(&metadata);
	assert_entry(&left, "a-bin", "\x00\xff", 2);
	assert_entry(&left, "a-bin", "\x00\xff", 2);
	assert_entry(&left, "b-bin", "", 0);
	assert_entry(&left, "c-bin", "\x00\xff", 2);
	assert_entry(&left, "c-bin", "\x01\x02\x03", 3);
	assert_entry(&left, "c-bin", "\x02", 1);
	assert_int_equal(left.size, 0);
	buffer_fini(&metadata);
	test_memory_end(&test);
}

static void
what_is_no_base64_is_told(void **state)
{
	static const char *const bad[] = { "A", "AP8==", "AP8=A", "A P8", "*",
		"AP8=,A" };
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct buffer metadata = buffer_empty(test_memory_of(&test));

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(take(&metadata, "a-bin", bad[i]),
		    BECKET_X_BAD_STUB_DATA);
	buffer_fini(&metadata);
	test_memory_end(&test);
}

static void
what_means_something_else_is_left_out(void **state)
{
	static const char *const names[] = { ":path", "grpc-status",
		"grpc-anything", "te", "content-type", "content-length", "host",
		"user-agent", "connection", "becket-object", "becket-status",
		"becket-not-executed", "X-Upper", "x!", "" };
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct buffer metadata = buffer_empty(test_memory_of(&test));

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(take(&metadata, names[i], "x"), BECKET_S_OK);
	assert_int_equal(take(&metadata, "x", "\xc3\xa4"), BECKET_S_OK);
	assert_int_equal(take(&metadata, "x", "a\tb"), BECKET_S_OK);
	assert_int_equal(metadata.size, 0);
	assert_int_equal(take(&metadata, "becket-session", "x"), BECKET_S_OK);
	assert_int_equal(take(&metadata, "content-type-x", "x"), BECKET_S_OK);
	assert_true(metadata.size > 0);
	buffer_fini(&metadata);
	test_memory_end(&test);
}

static void
assert_field(const nghttp2_nv *field, const char *name, const char *value)
{
	assert_bytes((struct becket_bytes){ field->name, field->namelen }, name,
	    strlen(name));
	assert_bytes((struct becket_bytes){ field->value, field->valuelen },
	    value, strlen(value));
}

/* As many as there are, and their values stay where they are. */
static void
metadata_become_fields(void **state)
{
	enum { MANY = 500 };
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	const struct becket_memory *memory = test_memory_of(&test);
	struct buffer metadata = buffer_empty(memory);
	struct field_list list;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(take(&metadata, "a-bin", "AP8="), BECKET_S_OK);
		assert_int_equal(take(&metadata, "x", "y"), BECKET_S_OK);
	}
	assert_int_equal(field_list_init(&list, memory,
	                     buffer_bytes(&metadata)),
	    BECKET_S_OK);
	field_list_add_text(&list, ":status", "200");
	field_list_add_metadata(&list, buffer_bytes(&metadata));
	assert_int_equal(list.count, 1 + 2 * MANY);
	assert_field(&list.fields[0], ":status", "200");
	for (size_t i = 0; i < MANY; i++) {
		assert_field(&list.fields[1 + 2 * i], "a-bin", "AP8");
		assert_field(&list.fields[2 + 2 * i], "x", "y");
	}
	field_list_fini(&list);
	buffer_fini(&metadata);
	test_memory_end(&test);
}

static void
without_memory_there_are_no_metadata(void **state)
{
	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory test = test_memory(n);
		const struct becket_memory *memory = test_memory_of(&test);
		struct buffer metadata = buffer_empty(memory);
		struct field_list list;
		becket_status status = take(&metadata, "a-bin", "AP8=,AP8=");

		if (status == BECKET_S_OK)
			status = field_list_init(&list, memory,
			    buffer_bytes(&metadata));
		if (status == BECKET_S_OK)
			field_list_fini(&list);
		buffer_fini(&metadata);
		test_memory_end(&test);
		if (!test.failed) {
			assert_int_equal(status, BECKET_S_OK);
			return;
		}
		assert_int_not_equal(status, BECKET_S_OK);
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_are_taken_without_the_blanks_around_them),
		cmocka_unit_test(
		    binary_values_come_padded_or_not_and_several_at_once),
		cmocka_unit_test(what_is_no_base64_is_told),
		cmocka_unit_test(what_means_something_else_is_left_out),
		cmocka_unit_test(metadata_become_fields),
		cmocka_unit_test(without_memory_there_are_no_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
