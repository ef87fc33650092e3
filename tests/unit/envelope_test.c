/* SPDX-License-Identifier: MIT */
#include "wire/envelope.h"

#include "unit.h"

static struct cursor
cursor_of(const char *hex, bool big_endian, uint8_t room[64])
{
	return cursor_get(room, from_hex(hex, room), big_endian);
}

static void
heads_are_what_the_idl_says(void **state)
{
	static const char request[] = "\5\0\0\0\5\0\0\0";
	static const char response[] = "\5\0\0\0\0\0\2\0\5\0\0\0";
	uint8_t room[ENVELOPE_RESPONSE_HEAD];
	struct cursor c = cursor_put(room, ENVELOPE_REQUEST_HEAD);
	uint32_t size = 5;

	(void)state;
	envelope_request(&c, &size);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(c.at, ENVELOPE_REQUEST_HEAD);
	assert_memory_equal(room, request, ENVELOPE_REQUEST_HEAD);
	c = cursor_put(room, ENVELOPE_RESPONSE_HEAD);
	envelope_response(&c, &size);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(c.at, ENVELOPE_RESPONSE_HEAD);
	assert_memory_equal(room, response, ENVELOPE_RESPONSE_HEAD);
}

static void
sizes_are_read_in_both_byte_orders(void **state)
{
	uint8_t room[64];
	struct cursor c = cursor_of("02000000 02000000 6869", false, room);
	uint32_t size = 0;

	(void)state;
	envelope_request(&c, &size);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(size, 2);
	c = cursor_of("00000002 00000002 6869", true, room);
	envelope_request(&c, &size);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(size, 2);
	c = cursor_of("00000002 00020000 00000002 6869", true, room);
	envelope_response(&c, &size);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(size, 2);
}

static void
an_empty_message_is_an_empty_array(void **state)
{
	uint8_t room[64];
	struct cursor c = cursor_of("00000000 00000000", false, room);
	uint32_t size = 7;

	(void)state;
	envelope_request(&c, &size);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(size, 0);
}

static void
sizes_that_lie_are_refused(void **state)
{
	static const struct {
		const char *hex;
		bool big_endian;
		becket_status status;
	} cases[] = {
		{ "", false, BECKET_S_TRUNCATED },
		{ "02000000 020000", false, BECKET_S_TRUNCATED },
		{ "02000000 02000000 68", false, BECKET_S_TRUNCATED },
		{ "ffffffff ffffffff 6869", false, BECKET_S_TRUNCATED },
		{ "02000000 02000000 6869", true, BECKET_S_TRUNCATED },
		{ "02000000 01000000 6869", false, BECKET_X_BAD_STUB_DATA },
		{ "01000000 02000000 6869", false, BECKET_X_BAD_STUB_DATA },
		{ "ffffffff 02000000 6869", false, BECKET_X_BAD_STUB_DATA },
		{ "00000000 02000000 6869", false, BECKET_X_BAD_STUB_DATA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t room[64];
		struct cursor c =
		    cursor_of(cases[i].hex, cases[i].big_endian, room);
		uint32_t size;

		envelope_request(&c, &size);
		assert_int_equal(c.status, cases[i].status);
	}
}

static void
a_response_has_its_array(void **state)
{
	uint8_t room[64];
	struct cursor c = cursor_of("02000000 00000000", false, room);
	uint32_t size;

	(void)state;
	envelope_response(&c, &size);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_what_the_idl_says),
		cmocka_unit_test(sizes_are_read_in_both_byte_orders),
		cmocka_unit_test(an_empty_message_is_an_empty_array),
		cmocka_unit_test(sizes_that_lie_are_refused),
		cmocka_unit_test(a_response_has_its_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
