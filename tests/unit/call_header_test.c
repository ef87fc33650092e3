/* SPDX-License-Identifier: MIT */
#include "wire/call_header.h"

#include "unit.h"

static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

static becket_status
decode(const char *hex, struct call_header *ret_header)
{
	static uint8_t bytes[64]; /* views outlive the call */

	return call_header_decode((struct becket_bytes){ bytes,
	                              from_hex(hex, bytes) },
	    &limits, ret_header);
}

static void
nothing_to_say_is_one_byte(void **state)
{
	struct call_header header = { 0 };
	uint8_t byte = 0xff;

	(void)state;
	assert_int_equal(call_header_measure(&header), 1);
	call_header_encode(&header, &byte);
	assert_int_equal(byte, 0);
	header.flags = CALL_HEADER_STREAM | CALL_HEADER_PRESENT;
	call_header_encode(&header, &byte);
	assert_int_equal(byte, CALL_HEADER_STREAM);

	assert_int_equal(decode("00 | 0102", &header), BECKET_S_OK);
	assert_int_equal(header.size, 1);
	assert_int_equal(header.flags, 0);
	assert_int_equal(decode("02", &header), BECKET_S_OK);
	assert_int_equal(header.flags, CALL_HEADER_STREAM);
}

/* PROTOCOL.md section 3: 1.5 s left, and one entry. */
static const char worked[] =
    "01 11 | 08 e0c65b | 12 0b 0a 05 74 2d 62 69 6e 12 02 00 ff | 08 07";

static void
the_worked_header_decodes_and_encodes(void **state)
{
	struct call_header_entry entry = {
		.key = text_bytes("t-bin"),
		.value = { (const uint8_t *)"\x00\xff", 2 },
	};
	uint8_t expected[64], metadata[32], bytes[64];
	struct call_header header;
	struct becket_bytes rest;
	size_t size;

	(void)state;
	from_hex(worked, expected);
	assert_int_equal(decode(worked, &header), BECKET_S_OK);
	assert_int_equal(header.remaining_us, 1500000);
	assert_int_equal(header.size, 19);
	rest = header.metadata;
	assert_true(call_header_next(&rest, &entry));
	assert_text(entry.key, "t-bin");
	assert_bytes(entry.value, "\x00\xff", 2);
	assert_false(call_header_next(&rest, &entry));
	assert_int_equal(rest.size, 0);

	size = call_header_measure_entry(&entry);
	assert_int_equal(size, 13);
	assert_int_equal(call_header_put_entry(&entry, metadata), size);
	header = (struct call_header){
		.remaining_us = 1500000,
		.metadata = { metadata, size },
	};
	assert_int_equal(call_header_measure(&header), 19);
	call_header_encode(&header, bytes);
	assert_memory_equal(bytes, expected, 19);
}

static void
a_header_cut_anywhere_is_truncated(void **state)
{
	uint8_t bytes[64];
	struct call_header header;

	(void)state;
	from_hex(worked, bytes);
	for (size_t cut = 0; cut < 19; cut++) {
		uint8_t *copy = exact_copy(bytes, cut);

		assert_int_equal(call_header_decode((struct becket_bytes){ copy,
		                                        cut },
		                     &limits, &header),
		    BECKET_S_TRUNCATED);
		free(copy);
	}
}

static void
headers_that_are_wrong_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		becket_status status;
	} bad[] = {
		{ "04", BECKET_S_PROTOCOL_ERROR },              /* a flag we do not know */
		{ "80", BECKET_S_PROTOCOL_ERROR },
		{ "01 02 0a 00", BECKET_X_BAD_STUB_DATA },      /* time as bytes */
		{ "01 02 10 00", BECKET_X_BAD_STUB_DATA },      /* entry as varint */
		{ "01 02 12 00", BECKET_X_BAD_STUB_DATA },      /* no key */
		{ "01 04 12 02 0a 00", BECKET_X_BAD_STUB_DATA }, /* empty key */
		{ "01 05 12 03 0a 01 41", BECKET_X_BAD_STUB_DATA }, /* "A" */
		{ "01 05 12 03 0a 01 20", BECKET_X_BAD_STUB_DATA }, /* " " */
		{ "01 05 12 03 0a 01 3a", BECKET_X_BAD_STUB_DATA }, /* ":" */
		{ "01 04 12 02 08 01", BECKET_X_BAD_STUB_DATA }, /* key as varint */
		{ "01 08 12 06 0a 01 61 12 01 1f", BECKET_X_BAD_STUB_DATA }, /* no ASCII */
		{ "01 08 12 06 0a 01 61 12 01 7f", BECKET_X_BAD_STUB_DATA },
		{ "01 0b 12 09 0a 04 2d 62 69 6e 12 01 00", BECKET_X_BAD_STUB_DATA }, /* "-bin" */
		{ "01 02 18 00", BECKET_X_BAD_STUB_DATA },      /* trailer as varint */
		{ "01 04 1a 02 12 00", BECKET_X_BAD_STUB_DATA }, /* no key in it */
		{ "01 0e 1a 05 12 03 0a 01 61 1a 05 12 03 0a 01 61", BECKET_X_BAD_STUB_DATA }, /* two */
		{ "01 03 12 05 00", BECKET_S_TRUNCATED },       /* beyond the header */
		{ "01 02 08 80", BECKET_S_TRUNCATED },
		{ "01 02 00 00", BECKET_X_BAD_STUB_DATA },
		{ "01 02 0b 0c", BECKET_X_BAD_STUB_DATA },
		/* entries apart */
		{ "01 0c 12 03 0a 01 61 | 08 01 | 12 03 0a 01 62", BECKET_X_BAD_STUB_DATA },
		{ "01 814000", BECKET_S_LIMIT_EXCEEDED },       /* 8193 bytes */
	};
	/* clang-format on */
	struct call_header header;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (decode(bad[i].hex, &header) != bad[i].status)
			fail_msg("%s: %u", bad[i].hex,
			    decode(bad[i].hex, &header));
}

static void
fields_of_later_versions_are_passed_over(void **state)
{
	struct call_header header;
	struct call_header_entry entry;

	(void)state;
	assert_int_equal(decode("01 0d | 08 01 | 22 01 78 | 12 06 0a 01 61 18 "
	                        "05 | ff",
	                     &header),
	    BECKET_S_TRUNCATED);
	assert_int_equal(decode("01 0d | 08 01 | 22 01 78 | 12 06 0a 01 61 1a "
	                        "01 ff",
	                     &header),
	    BECKET_S_OK);
	assert_int_equal(header.remaining_us, 1);
	assert_true(call_header_next(&header.metadata, &entry));
	assert_text(entry.key, "a");
	assert_int_equal(entry.value.size, 0);
}

static void
more_entries_than_the_limit_are_refused(void **state)
{
	struct becket_limits few = BECKET_LIMITS_DEFAULT;
	struct becket_bytes stub;
	struct call_header header;
	uint8_t bytes[32];

	(void)state;
	stub.data = bytes;
	stub.size = from_hex("01 0a 12 03 0a 01 61 12 03 0a 01 62", bytes);
	few.call_header_entries = 2;
	assert_int_equal(call_header_decode(stub, &few, &header), BECKET_S_OK);
	few.call_header_entries = 1;
	assert_int_equal(call_header_decode(stub, &few, &header),
	    BECKET_S_LIMIT_EXCEEDED);
	few.call_header_entries = 2;
	few.call_header_size = 9;
	assert_int_equal(call_header_decode(stub, &few, &header),
	    BECKET_S_LIMIT_EXCEEDED);
}

static void
a_trailer_comes_apart_from_what_is_in_front(void **state)
{
	static const char both[] =
	    "01 10 | 12 05 0a 01 61 12 00 | 1a 07 12 05 0a 01 62 12 00";
	uint8_t expected[32], bytes[32];
	struct call_header header;
	struct call_header_entry entry;
	size_t size = from_hex(both, expected);

	(void)state;
	assert_int_equal(decode(both, &header), BECKET_S_OK);
	assert_int_equal(call_header_measure(&header), size);
	call_header_encode(&header, bytes);
	assert_memory_equal(bytes, expected, size);
	call_header_encode_fields(&header, bytes);
	assert_memory_equal(bytes, expected + 2, size - 2);
	assert_true(call_header_next(&header.metadata, &entry));
	assert_text(entry.key, "a");
	assert_false(call_header_next(&header.metadata, &entry));
	assert_true(call_header_next(&header.trailing, &entry));
	assert_text(entry.key, "b");
	assert_false(call_header_next(&header.trailing, &entry));
}

static void
entries_of_a_trailer_count_too(void **state)
{
	struct becket_limits few = BECKET_LIMITS_DEFAULT;
	struct call_header header;
	uint8_t bytes[32];
	struct becket_bytes stub = { bytes,
		from_hex("01 0c | 12 03 0a 01 61 | 1a 05 12 03 0a 01 62",
		    bytes) };

	(void)state;
	few.call_header_entries = 2;
	assert_int_equal(call_header_decode(stub, &few, &header), BECKET_S_OK);
	few.call_header_entries = 1;
	assert_int_equal(call_header_decode(stub, &few, &header),
	    BECKET_S_LIMIT_EXCEEDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_say_is_one_byte),
		cmocka_unit_test(the_worked_header_decodes_and_encodes),
		cmocka_unit_test(a_header_cut_anywhere_is_truncated),
		cmocka_unit_test(headers_that_are_wrong_are_refused),
		cmocka_unit_test(fields_of_later_versions_are_passed_over),
		cmocka_unit_test(more_entries_than_the_limit_are_refused),
		cmocka_unit_test(a_trailer_comes_apart_from_what_is_in_front),
		cmocka_unit_test(entries_of_a_trailer_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
