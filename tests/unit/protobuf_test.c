/* SPDX-License-Identifier: MIT */
#include "wire/protobuf.h"

#include "unit.h"

static becket_status
walk(const char *hex, struct protobuf_field *ret_last, size_t *ret_count)
{
	uint8_t bytes[64];
	size_t size = from_hex(hex, bytes);
	uint8_t *copy = exact_copy(bytes, size);
	struct cursor c = cursor_get(copy, size, false);

	*ret_count = 0;
	while (protobuf_next(&c, ret_last))
		++*ret_count;
	free(copy);
	return c.status;
}

static void
fields_of_every_wire_type_are_walked(void **state)
{
	static const uint8_t bytes[] = {
		0x08, 0x96, 0x01,                   /* 1: varint 150 */
		0x11, 1, 2, 3, 4, 5, 6, 7, 8,       /* 2: fixed64 */
		0x1a, 0x02, 'h', 'i',               /* 3: sized */
		0x25, 1, 2, 3, 4,                   /* 4: fixed32 */
		0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00, /* the last number */
	};
	struct cursor c = cursor_get(bytes, sizeof bytes, false);
	struct protobuf_field f;

	(void)state;
	assert_true(protobuf_next(&c, &f));
	assert_int_equal(f.number, 1);
	assert_int_equal(f.wire_type, PROTOBUF_VARINT);
	assert_int_equal(f.value, 150);
	assert_int_equal(f.size, 2);
	assert_bytes(f.bytes, bytes + 1, 2);
	assert_true(protobuf_next(&c, &f));
	assert_int_equal(f.wire_type, PROTOBUF_FIXED64);
	assert_bytes(f.bytes, bytes + 4, 8);
	assert_int_equal(f.size, 8);
	assert_true(protobuf_next(&c, &f));
	assert_int_equal(f.wire_type, PROTOBUF_SIZED);
	assert_text(f.bytes, "hi");
	assert_int_equal(f.size, 3);
	assert_true(protobuf_next(&c, &f));
	assert_int_equal(f.wire_type, PROTOBUF_FIXED32);
	assert_int_equal(f.size, 4);
	assert_true(protobuf_next(&c, &f));
	assert_int_equal(f.number, (1 << 29) - 1);
	assert_int_equal(f.bytes.size, 0);
	assert_int_equal(f.size, 1);
	assert_false(protobuf_next(&c, &f));
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
}

static void
what_no_encoder_writes_is_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		becket_status status;
	} bad[] = {
		{ "00 00", BECKET_X_BAD_STUB_DATA },          /* number 0 */
		{ "0b 0c", BECKET_X_BAD_STUB_DATA },          /* group */
		{ "0c", BECKET_X_BAD_STUB_DATA },             /* end of group */
		{ "0e 00", BECKET_X_BAD_STUB_DATA },          /* wire type 6 */
		{ "0f 00", BECKET_X_BAD_STUB_DATA },          /* wire type 7 */
		{ "8880808010 00", BECKET_X_BAD_STUB_DATA },  /* tag of 33 bits */
		{ "08 ffffffffffffffffff02", BECKET_X_BAD_STUB_DATA },
		{ "08 80808080808080808080 00", BECKET_X_BAD_STUB_DATA },
		{ "08", BECKET_S_TRUNCATED },
		{ "08 80", BECKET_S_TRUNCATED },
		{ "88", BECKET_S_TRUNCATED },
		{ "0a", BECKET_S_TRUNCATED },
		{ "0a 01", BECKET_S_TRUNCATED },
		{ "0a ffffffffffffffffff01", BECKET_S_TRUNCATED },
		{ "0d 000000", BECKET_S_TRUNCATED },
		{ "09 00000000000000", BECKET_S_TRUNCATED },
	};
	/* clang-format on */
	struct protobuf_field f;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(walk(bad[i].hex, &f, &count), bad[i].status);
		assert_int_equal(count, 0);
	}
	assert_int_equal(walk("08 ffffffffffffffffff01", &f, &count),
	    BECKET_S_OK);
	assert_int_equal(f.value, UINT64_MAX);
	assert_int_equal(walk("8800 8100", &f, &count), BECKET_S_OK);
	assert_int_equal(f.value, 1); /* long forms are legal */
}

static void
measure_says_what_put_writes(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384,
		UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX };
	static const uint32_t numbers[] = { 1, 15, 16, 2047, 2048,
		(1 << 29) - 1 };

	(void)state;
	for (size_t v = 0; v < sizeof values / sizeof *values; v++)
		for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
			uint8_t bytes[64];
			struct cursor c = cursor_put(bytes, sizeof bytes);
			struct protobuf_field f;
			size_t size;

			protobuf_put_varint(&c, numbers[n], values[v]);
			size = c.at;
			assert_int_equal(protobuf_measure_varint(numbers[n],
			                     values[v]),
			    size);
			protobuf_put_sized(&c, numbers[n], text_bytes("rope"));
			assert_int_equal(protobuf_measure_sized(numbers[n], 4),
			    c.at - size);
			c = cursor_get(bytes, c.at, false);
			assert_true(protobuf_next(&c, &f));
			assert_int_equal(f.number, numbers[n]);
			assert_true(f.value == values[v]);
			assert_true(protobuf_next(&c, &f));
			assert_text(f.bytes, "rope");
			assert_false(protobuf_next(&c, &f));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_every_wire_type_are_walked),
		cmocka_unit_test(what_no_encoder_writes_is_refused),
		cmocka_unit_test(measure_says_what_put_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
