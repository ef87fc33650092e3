/* SPDX-License-Identifier: MIT */
#include "wire/cursor.h"

#include "unit.h"

static const uint8_t sample[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10 };

static void
integers_come_in_both_byte_orders(void **state)
{
	struct cursor little = cursor_get(sample, 15, false);
	struct cursor big = cursor_get(sample, 15, true);
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	cursor_u8(&little, &u8);
	assert_int_equal(u8, 0x01);
	cursor_u16(&little, &u16);
	assert_int_equal(u16, 0x0302);
	cursor_u32(&little, &u32);
	assert_int_equal(u32, 0x07060504);
	cursor_u64(&little, &u64);
	assert_int_equal(u64, 0x0f0e0d0c0b0a0908);
	assert_int_equal(cursor_end(&little), BECKET_S_OK);

	cursor_u8(&big, &u8);
	assert_int_equal(u8, 0x01);
	cursor_u16(&big, &u16);
	assert_int_equal(u16, 0x0203);
	cursor_u32(&big, &u32);
	assert_int_equal(u32, 0x04050607);
	cursor_u64(&big, &u64);
	assert_int_equal(u64, 0x08090a0b0c0d0e0f);
	assert_int_equal(cursor_end(&big), BECKET_S_OK);
}

/* One layout, for both ways. */
struct fields {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	struct becket_uuid uuid;
	uint8_t fixed[3];
	struct becket_bytes bytes, rest;
};

static void
layout(struct cursor *c, struct fields *f)
{
	cursor_u8(c, &f->u8);
	cursor_align(c, 4);
	cursor_u32(c, &f->u32);
	cursor_u16(c, &f->u16);
	cursor_reserved(c, 2);
	cursor_uuid(c, &f->uuid);
	cursor_u64(c, &f->u64);
	cursor_fixed(c, f->fixed, sizeof f->fixed);
	cursor_bytes(c, &f->bytes, 4);
	cursor_rest(c, &f->rest);
}

enum { LAYOUT_SIZE = 4 + 4 + 2 + 2 + 16 + 8 + 3 + 4 + 5 };

static struct fields
example(void)
{
	return (struct fields){
		.u8 = 0xfe,
		.u16 = 0x1234,
		.u32 = 0xdeadbeef,
		.u64 = 0x0123456789abcdef,
		.uuid = { 1, 2, 3, { 4, 5, 6, 7, 8, 9, 10, 11 } },
		.fixed = { 1, 2, 3 },
		.bytes = text_bytes("rope"),
		.rest = text_bytes("loops"),
	};
}

static void
what_a_layout_puts_it_gets(void **state)
{
	struct fields in = example(), out = { 0 };
	uint8_t bytes[LAYOUT_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	layout(&c, &in);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(c.at, LAYOUT_SIZE);
	assert_int_equal(bytes[1] | bytes[2] | bytes[3], 0);

	c = cursor_get(bytes, sizeof bytes, false);
	layout(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.u8, in.u8);
	assert_int_equal(out.u16, in.u16);
	assert_int_equal(out.u32, in.u32);
	assert_int_equal(out.u64, in.u64);
	assert_true(becket_uuid_equal(&out.uuid, &in.uuid));
	assert_memory_equal(out.fixed, in.fixed, 3);
	assert_text(out.bytes, "rope");
	assert_text(out.rest, "loops");
	assert_ptr_equal(out.rest.data, bytes + LAYOUT_SIZE - 5);
}

static void
a_layout_cut_anywhere_is_truncated(void **state)
{
	struct fields in = example();
	uint8_t bytes[LAYOUT_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	layout(&c, &in);
	for (size_t cut = 0; cut < LAYOUT_SIZE - 5; cut++) {
		uint8_t *copy = exact_copy(bytes, cut);
		struct fields out = example();

		c = cursor_get(copy, cut, false);
		layout(&c, &out);
		assert_int_equal(c.status, BECKET_S_TRUNCATED);
		assert_int_equal(cursor_end(&c), BECKET_S_TRUNCATED);
		assert_int_equal(out.bytes.size, 0);
		free(copy);
	}
}

static void
a_layout_without_room_writes_nothing_beyond(void **state)
{
	(void)state;
	for (size_t room = 1; room < LAYOUT_SIZE; room++) {
		struct fields in = example();
		uint8_t bytes[LAYOUT_SIZE + 1];
		struct cursor c = cursor_put(bytes, room);

		memset(bytes, 0xa5, sizeof bytes);
		layout(&c, &in);
		assert_int_equal(cursor_end(&c), BECKET_S_NO_SPACE);
		assert_int_equal(bytes[room], 0xa5);
		assert_true(c.at <= room);
	}
}

static void
failure_is_sticky_and_gets_yield_zero(void **state)
{
	struct cursor c = cursor_get(sample, 3, false);
	struct becket_bytes view = text_bytes("x");
	uint32_t u32 = 7;
	uint8_t u8 = 7;

	(void)state;
	cursor_u32(&c, &u32);
	assert_int_equal(u32, 0);
	cursor_u8(&c, &u8); /* would fit */
	assert_int_equal(u8, 0);
	cursor_bytes(&c, &view, 1);
	assert_null(view.data);
	cursor_fail(&c, BECKET_X_BAD_STUB_DATA);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
	assert_int_equal(c.at, 0);
}

static void
bytes_left_over_are_trailing(void **state)
{
	struct cursor c = cursor_get(sample, 3, false);
	uint16_t u16;

	(void)state;
	cursor_u16(&c, &u16);
	assert_int_equal(cursor_end(&c), BECKET_S_TRAILING);
	cursor_reserved(&c, 1);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
}

static void
sizes_that_overflow_are_truncated(void **state)
{
	struct cursor c = cursor_get(sample, sizeof sample, false);
	struct becket_bytes view;

	(void)state;
	cursor_reserved(&c, 4);
	cursor_bytes(&c, &view, SIZE_MAX);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
	assert_int_equal(c.at, 4);
}

static void
nothing_at_all_can_be_walked(void **state)
{
	struct cursor c = cursor_get(NULL, 0, false);
	struct becket_bytes rest;
	uint8_t u8;

	(void)state;
	cursor_rest(&c, &rest);
	assert_int_equal(rest.size, 0);
	cursor_align(&c, 8);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	cursor_u8(&c, &u8);
	assert_int_equal(cursor_end(&c), BECKET_S_TRUNCATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_come_in_both_byte_orders),
		cmocka_unit_test(what_a_layout_puts_it_gets),
		cmocka_unit_test(a_layout_cut_anywhere_is_truncated),
		cmocka_unit_test(a_layout_without_room_writes_nothing_beyond),
		cmocka_unit_test(failure_is_sticky_and_gets_yield_zero),
		cmocka_unit_test(bytes_left_over_are_trailing),
		cmocka_unit_test(sizes_that_overflow_are_truncated),
		cmocka_unit_test(nothing_at_all_can_be_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
