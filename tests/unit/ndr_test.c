/* SPDX-License-Identifier: MIT */
#include "wire/ndr.h"

#include "unit.h"

static void
numbers_are_aligned_from_the_start_of_the_stub(void **state)
{
	static const char little[] =
	    "01 00 0200 04000000 | 05 00000000000000 | 0807060504030201 | 09"
	    "000000 e00c6b90 0bc7 6710 b31700dd010662da";
	static const char big[] =
	    "01 ff 0002 00000004 | 05 ffffffffffffff | 0102030405060708 | 09"
	    "ffffff 906b0ce0 c70b 1067 b31700dd010662da";

	(void)state;
	for (int order = 0; order < 2; order++) {
		uint8_t bytes[64];
		size_t size = from_hex(order ? big : little, bytes);
		struct cursor c = cursor_get(bytes, size, order);
		struct becket_uuid uuid;
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;

		cursor_u8(&c, &u8);
		ndr_u16(&c, &u16);
		assert_int_equal(u16, 2);
		ndr_u32(&c, &u32);
		assert_int_equal(u32, 4);
		cursor_u8(&c, &u8);
		ndr_u64(&c, &u64);
		assert_int_equal(u64, 0x0102030405060708);
		cursor_u8(&c, &u8);
		ndr_uuid(&c, &uuid);
		assert_int_equal(uuid.time_low, 0x906b0ce0);
		assert_int_equal(cursor_end(&c), BECKET_S_OK);
	}
}

static void
padding_is_put_as_zero(void **state)
{
	uint8_t bytes[16], byte = 1;
	struct cursor c = cursor_put(bytes, sizeof bytes);
	uint64_t value = 2;

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	cursor_u8(&c, &byte);
	ndr_u64(&c, &value);
	assert_memory_equal(bytes, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
}

static void
pointers_get_ids_in_turn_and_null_is_zero(void **state)
{
	static const uint8_t expected[] = { 0, 0, 2, 0, 0, 0, 0, 0, 4, 0, 2,
		0 };
	bool present[3] = { true, false, true };
	uint32_t referents = 0;
	uint8_t bytes[12];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	for (int i = 0; i < 3; i++)
		ndr_pointer(&c, &referents, &present[i]);
	assert_memory_equal(bytes, expected, sizeof expected);
	assert_int_equal(referents, 2);
	c = cursor_get(bytes, sizeof bytes, false);
	for (int i = 0; i < 3; i++) {
		bool there;

		ndr_pointer(&c, &referents, &there);
		assert_int_equal(there, present[i]);
	}
}

static void
counts_are_believed_as_far_as_the_bytes_go(void **state)
{
	uint8_t bytes[16];
	struct cursor c;
	uint32_t count;

	(void)state;
	c = cursor_get(bytes,
	    from_hex("03000000 000000000000000000000000", bytes), false);
	ndr_conformance(&c, &count, 4);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(count, 3);
	c = cursor_get(bytes,
	    from_hex("04000000 000000000000000000000000", bytes), false);
	ndr_conformance(&c, &count, 4);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
	assert_int_equal(count, 0);
	c = cursor_get(bytes, from_hex("ffffffff", bytes), false);
	ndr_conformance(&c, &count, 1);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
	c = cursor_get(bytes, from_hex("01000000 01000000 00", bytes), false);
	ndr_variance(&c, &count, 1);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
}

static becket_status
get_string(const char *hex, bool big_endian, struct becket_bytes *ret_text)
{
	static uint8_t bytes[64];
	struct cursor c = cursor_get(bytes, from_hex(hex, bytes), big_endian);
	uint32_t max;

	ndr_string(&c, &max, ret_text);
	return c.status;
}

static void
strings_have_room_offset_count_and_nul(void **state)
{
	struct becket_bytes text;
	uint8_t bytes[32], expected[32];
	struct cursor c = cursor_put(bytes, sizeof bytes);
	uint32_t max = 16;
	size_t size;

	(void)state;
	text = text_bytes("rope");
	ndr_string(&c, &max, &text);
	size = from_hex("10000000 00000000 05000000 726f7065 00", expected);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_bytes((struct becket_bytes){ bytes, c.at }, expected, size);

	assert_int_equal(get_string("10000000 00000000 05000000 726f7065 00",
	                     false, &text),
	    BECKET_S_OK);
	assert_text(text, "rope");
	assert_int_equal(get_string("00000005 00000000 00000005 726f7065 00",
	                     true, &text),
	    BECKET_S_OK);
	assert_text(text, "rope");
	assert_int_equal(get_string("01000000 00000000 01000000 00", false,
	                     &text),
	    BECKET_S_OK);
	assert_int_equal(text.size, 0);
}

static void
strings_that_lie_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		becket_status status;
	} bad[] = {
		{ "05000000 00000000 05000000 726f706565", BECKET_X_BAD_STUB_DATA }, /* no NUL */
		{ "05000000 00000000 05000000 72006f7000", BECKET_X_BAD_STUB_DATA }, /* too early */
		{ "04000000 00000000 05000000 726f706500", BECKET_X_BAD_STUB_DATA }, /* > room */
		{ "05000000 01000000 04000000 6f706500", BECKET_X_BAD_STUB_DATA },   /* offset */
		{ "05000000 00000000 00000000", BECKET_X_BAD_STUB_DATA },            /* empty */
		{ "05000000 00000000 05000000 726f7065", BECKET_S_TRUNCATED },
		{ "05000000 00000000", BECKET_S_TRUNCATED },
		{ "ffffffff 00000000 ffffffff 00", BECKET_S_TRUNCATED },
	};
	/* clang-format on */
	struct becket_bytes text;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(get_string(bad[i].hex, false, &text),
		    bad[i].status);
		assert_int_equal(text.size, 0);
	}
}

static void
strings_longer_than_their_room_are_not_put(void **state)
{
	struct becket_bytes text = text_bytes("rope");
	uint8_t bytes[32];
	struct cursor c = cursor_put(bytes, sizeof bytes);
	uint32_t max = 4;

	(void)state;
	ndr_string(&c, &max, &text);
	assert_int_equal(c.status, BECKET_S_BUFFER_TOO_SMALL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    numbers_are_aligned_from_the_start_of_the_stub),
		cmocka_unit_test(padding_is_put_as_zero),
		cmocka_unit_test(pointers_get_ids_in_turn_and_null_is_zero),
		cmocka_unit_test(counts_are_believed_as_far_as_the_bytes_go),
		cmocka_unit_test(strings_have_room_offset_count_and_nul),
		cmocka_unit_test(strings_that_lie_are_refused),
		cmocka_unit_test(strings_longer_than_their_room_are_not_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
