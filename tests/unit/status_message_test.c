/* SPDX-License-Identifier: MIT */
#include "wire/status_message.h"

#include "unit.h"

static becket_status
decode(const char *hex, struct status_message *ret_message)
{
	static uint8_t bytes[64]; /* views outlive the call */

	return status_message_decode((struct becket_bytes){ bytes,
	                                 from_hex(hex, bytes) },
	    ret_message);
}

/* PROTOCOL.md section 4: 1767, "no", and one detail of type "t". */
static const char worked[] = "08 e70d | 12 02 6e6f | 1a 03 0a 01 74";

static void
the_worked_message_decodes_and_encodes(void **state)
{
	struct status_message message;
	uint8_t expected[64], bytes[64];
	size_t size = from_hex(worked, expected);

	(void)state;
	assert_int_equal(decode(worked, &message), BECKET_S_OK);
	assert_int_equal(message.code, 1767);
	assert_text(message.sentence, "no");
	assert_bytes(message.details, expected + 7, 5);
	assert_int_equal(status_message_measure(&message), size);
	status_message_encode(&message, bytes);
	assert_memory_equal(bytes, expected, size);
}

static void
no_bytes_are_the_empty_message(void **state)
{
	struct status_message message = { .code = 1 };

	(void)state;
	assert_int_equal(status_message_decode((struct becket_bytes){ 0 },
	                     &message),
	    BECKET_S_OK);
	assert_int_equal(message.code, 0);
	assert_int_equal(status_message_measure(&message), 0);
	status_message_encode(&message, NULL);
}

static void
codes_of_32_bits_survive_also_as_int32(void **state)
{
	struct status_message message;

	(void)state;
	assert_int_equal(decode("08 8180808008", &message), BECKET_S_OK);
	assert_int_equal(message.code, 0x80000001);
	/* the same number, as google.rpc.Status would have it */
	assert_int_equal(decode("08 81808080f8ffffffff01", &message),
	    BECKET_S_OK);
	assert_int_equal(message.code, 0x80000001);
}

static void
a_message_cut_in_a_field_is_truncated(void **state)
{
	struct status_message message;
	uint8_t bytes[64];
	size_t size = from_hex(worked, bytes);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = exact_copy(bytes, cut);
		bool between = cut == 0 || cut == 3 || cut == 7;

		assert_int_equal(
		    status_message_decode((struct becket_bytes){ copy, cut },
		        &message),
		    between ? BECKET_S_OK : BECKET_S_TRUNCATED);
		free(copy);
	}
}

static void
messages_that_are_wrong_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		becket_status status;
	} bad[] = {
		{ "0a 00", BECKET_X_BAD_STUB_DATA },       /* code as bytes */
		{ "10 00", BECKET_X_BAD_STUB_DATA },       /* sentence as varint */
		{ "18 00", BECKET_X_BAD_STUB_DATA },       /* details as varint */
		{ "12 01 00", BECKET_X_BAD_STUB_DATA },    /* NUL */
		{ "12 02 c080", BECKET_S_INVALID_UTF8 },
		{ "12 03 eda080", BECKET_S_INVALID_UTF8 },
		{ "1a 00 08 01 1a 00", BECKET_X_BAD_STUB_DATA }, /* details apart */
		{ "0b 0c", BECKET_X_BAD_STUB_DATA },       /* group */
	};
	/* clang-format on */
	struct status_message message;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(decode(bad[i].hex, &message), bad[i].status);
}

static void
fields_of_later_versions_are_passed_over(void **state)
{
	struct status_message message;

	(void)state;
	assert_int_equal(decode("28 01 | 08 05 | 2a 01 00 | 1a 00", &message),
	    BECKET_S_OK);
	assert_int_equal(message.code, 5);
	assert_int_equal(message.details.size, 2);
}

static void
what_is_behind_the_details_is_a_call_header(void **state)
{
	static const char both[] = "08 05 | 1a 00 | 22 02 08 01";
	struct status_message message;
	uint8_t expected[16], bytes[16];
	size_t size = from_hex(both, expected);

	(void)state;
	assert_int_equal(decode(both, &message), BECKET_S_OK);
	assert_bytes(message.header, expected + 6, 2);
	assert_int_equal(status_message_measure(&message), size);
	status_message_encode(&message, bytes);
	assert_memory_equal(bytes, expected, size);
	assert_int_equal(decode("20 00", &message), BECKET_X_BAD_STUB_DATA);
}

static void
details_come_one_by_one(void **state)
{
	/* one with both fields, one empty, one with the fields turned round */
	static const char three[] = "1a 07 0a 01 74 12 02 00 ff | 1a 00 | "
	                            "1a 06 12 01 76 0a 01 75";
	struct status_detail detail;
	uint8_t bytes[32];
	struct becket_bytes rest = { bytes, from_hex(three, bytes) };

	(void)state;
	assert_true(status_detail_next(&rest, &detail));
	assert_text(detail.type, "t");
	assert_bytes(detail.message, "\0\xff", 2);
	assert_true(status_detail_next(&rest, &detail));
	assert_int_equal(detail.type.size + detail.message.size, 0);
	assert_true(status_detail_next(&rest, &detail));
	assert_text(detail.type, "u");
	assert_text(detail.message, "v");
	assert_false(status_detail_next(&rest, &detail));
	assert_int_equal(rest.size, 0);
}

static void
a_detail_that_is_none_ends_them(void **state)
{
	static const char *const bad[] = {
		"08 01",          /* not a detail */
		"1a 02 08 01",    /* its type as varint */
		"1a 02 10 01",    /* its message as varint */
		"1a 03 0a 01 00", /* NUL in its type */
		"1a 03 0a 01 ff", /* no UTF-8 */
		"1a 03 0a 02 74", /* cut */
		"1a 03 0a 01",    /* cut */
	};
	struct status_detail detail;
	uint8_t bytes[32];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct becket_bytes rest = { bytes, from_hex(bad[i], bytes) };

		assert_false(status_detail_next(&rest, &detail));
		assert_int_equal(rest.size, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_message_decodes_and_encodes),
		cmocka_unit_test(no_bytes_are_the_empty_message),
		cmocka_unit_test(codes_of_32_bits_survive_also_as_int32),
		cmocka_unit_test(a_message_cut_in_a_field_is_truncated),
		cmocka_unit_test(messages_that_are_wrong_are_refused),
		cmocka_unit_test(fields_of_later_versions_are_passed_over),
		cmocka_unit_test(what_is_behind_the_details_is_a_call_header),
		cmocka_unit_test(details_come_one_by_one),
		cmocka_unit_test(a_detail_that_is_none_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
