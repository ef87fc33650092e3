/* SPDX-License-Identifier: MIT */
#include "wire/mgmt.h"

#include "unit.h"

static struct cursor
stub(const char *hex, bool big_endian)
{
	static uint8_t bytes[256];

	return cursor_get(bytes, from_hex(hex, bytes), big_endian);
}

static void
assert_put(const struct cursor *c, const char *hex)
{
	uint8_t expected[256];
	size_t size = from_hex(hex, expected);

	assert_int_equal(c->status, BECKET_S_OK);
	assert_bytes((struct becket_bytes){ c->put, c->at }, expected, size);
}

/* The endpoint mapper's and another one: what impacket and Samba decoded. */
static const char two_ids[] =
    "00000200 02000000 02000000 04000200 08000200 |"
    "0883afe11f5dc91191a408002b14a0fa 03000000 |"
    "0a1c2e3f4a5b6c7d8e9fa0b1c2d34e5f 01000200 | 00000000";
static const char two_ids_big[] =
    "00020000 00000002 00000002 00020004 00020008 |"
    "e1af8308 5d1f 11c9 91a408002b14a0fa 0003 0000 |"
    "3f2e1c0a 5b4a 7d6c 8e9fa0b1c2d34e5f 0001 0002 | 00000000";

static const struct syntax_id ids[2] = {
	{ { 0xe1af8308, 0x5d1f, 0x11c9,
	      { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	    3, 0 },
	{ { 0x3f2e1c0a, 0x5b4a, 0x7d6c,
	      { 0x8e, 0x9f, 0xa0, 0xb1, 0xc2, 0xd3, 0x4e, 0x5f } },
	    1, 2 },
};

static void
if_ids_put_the_worked_bytes(void **state)
{
	struct syntax_id copy[2] = { ids[0], ids[1] };
	struct mgmt_if_ids out = { .ids = copy, .count = 2 };
	uint8_t bytes[64];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(mgmt_inq_if_ids_size(2), 64);
	mgmt_inq_if_ids_out(&c, &out);
	assert_put(&c, two_ids);
}

static void
if_ids_are_counted_then_got(void **state)
{
	struct syntax_id got[2];
	struct mgmt_if_ids out = { 0 };
	struct cursor c = stub(two_ids, false);

	(void)state;
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.count, 2);
	for (int order = 0; order < 2; order++) {
		out = (struct mgmt_if_ids){ .ids = got, .capacity = 2 };
		c = stub(order ? two_ids_big : two_ids, order);
		mgmt_inq_if_ids_out(&c, &out);
		assert_int_equal(cursor_end(&c), BECKET_S_OK);
		assert_int_equal(out.count, 2);
		assert_int_equal(out.status, 0);
		assert_true(syntax_equal(&got[0], &ids[0]));
		assert_true(syntax_equal(&got[1], &ids[1]));
	}
	out = (struct mgmt_if_ids){ .ids = got, .capacity = 1 };
	memset(got, 0, sizeof got);
	c = stub(two_ids, false);
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(out.count, 2);
	assert_true(syntax_equal(&got[0], &ids[0]));
	assert_int_equal(got[1].major, 0);
}

static void
if_ids_of_none_have_a_vector_when_all_is_fine(void **state)
{
	struct mgmt_if_ids out = { 0 };
	uint8_t bytes[64];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	mgmt_inq_if_ids_out(&c, &out);
	assert_put(&c, "00000200 00000000 00000000 | 00000000");
	assert_int_equal(c.at, mgmt_inq_if_ids_size(0));
	c = cursor_put(bytes, sizeof bytes);
	out.status = BECKET_S_NO_INTERFACES;
	mgmt_inq_if_ids_out(&c, &out);
	assert_put(&c, "00000000 | 19070000");
	out = (struct mgmt_if_ids){ .count = 7 };
	c = stub("00000000 | 19070000", false);
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.count, 0);
	assert_int_equal(out.status, BECKET_S_NO_INTERFACES);
}

static void
if_ids_pass_over_null_entries(void **state)
{
	struct syntax_id got[2];
	struct mgmt_if_ids out = { .ids = got, .capacity = 2 };
	struct cursor c =
	    stub("00000200 02000000 02000000 00000000 08000200 |"
	         "0883afe11f5dc91191a408002b14a0fa 03000000 | 00000000",
	        false);

	(void)state;
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.count, 1);
	assert_int_equal(got[0].major, 3);
}

static void
if_ids_cut_anywhere_are_truncated_and_counted_no_further(void **state)
{
	struct cursor whole = stub(two_ids, false);

	(void)state;
	for (size_t cut = 0; cut < whole.size; cut++) {
		uint8_t *copy = exact_copy(whole.get, cut);
		struct syntax_id got[2];
		struct mgmt_if_ids out = { .ids = got, .capacity = 2 };
		struct cursor c = cursor_get(copy, cut, false);

		mgmt_inq_if_ids_out(&c, &out);
		assert_int_equal(c.status, BECKET_S_TRUNCATED);
		assert_int_equal(out.count, cut < 40 ? 0 : cut < 60 ? 1 : 2);
		free(copy);
	}
}

static void
if_ids_that_lie_are_refused(void **state)
{
	struct mgmt_if_ids out = { 0 };
	struct cursor c = stub("00000200 02000000 01000000 04000200 08000200 |"
	                       "0883afe11f5dc91191a408002b14a0fa 03000000 |"
	                       "0883afe11f5dc91191a408002b14a0fa 03000000 |"
	                       "00000000",
	    false);

	(void)state;
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
	c = stub("00000200 ffffffff ffffffff 04000200", false);
	mgmt_inq_if_ids_out(&c, &out);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
}

static void
stats_are_asked_with_a_count_and_junk(void **state)
{
	struct cursor c = stub("04000000 deadbeef", false);
	uint32_t count = 0;

	(void)state;
	mgmt_inq_stats_in(&c, &count);
	assert_int_equal(c.status, BECKET_S_OK);
	assert_int_equal(count, 4);
	c = stub("00000004", true);
	mgmt_inq_stats_in(&c, &count);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(count, 4);
	c = stub("040000", false);
	mgmt_inq_stats_in(&c, &count);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
}

static void
stats_put_and_get_the_worked_bytes(void **state)
{
	static const char worked[] =
	    "04000000 04000000 | 01000000 02000000 03000000 04000000 | "
	    "00000000";
	struct mgmt_stats out = { .count = 4, .values = { 1, 2, 3, 4 } };
	uint8_t bytes[MGMT_SMALL_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	mgmt_inq_stats_out(&c, &out);
	assert_put(&c, worked);
	out = (struct mgmt_stats){ 0 };
	c = stub(worked, false);
	mgmt_inq_stats_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.count, 4);
	assert_int_equal(out.values[MGMT_PACKETS_OUT], 4);
}

static void
more_stats_than_we_know_are_passed_over(void **state)
{
	struct mgmt_stats out = { 0 };
	struct cursor c = stub("06000000 06000000 |"
	                       "01000000 02000000 03000000 04000000 05000000 "
	                       "06000000 | 05000000",
	    false);

	(void)state;
	mgmt_inq_stats_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.count, 4);
	assert_int_equal(out.values[3], 4);
	assert_int_equal(out.status, 5);
	c = stub("02000000 01000000 01000000 00000000", false);
	mgmt_inq_stats_out(&c, &out);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
}

static void
listening_has_the_boolean_last(void **state)
{
	struct mgmt_listening out = { .listening = true };
	uint8_t bytes[MGMT_SMALL_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	mgmt_is_server_listening_out(&c, &out);
	assert_put(&c, "00000000 01000000");
	out = (struct mgmt_listening){ 0 };
	c = stub("00000000 00000001", true);
	mgmt_is_server_listening_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_true(out.listening);
}

static void
stop_that_is_refused_says_five(void **state)
{
	becket_status status = BECKET_S_ACCESS_DENIED;
	uint8_t bytes[MGMT_SMALL_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	mgmt_stop_server_listening_out(&c, &status);
	assert_put(&c, "05000000");
	status = 0;
	c = stub("05000000", false);
	mgmt_stop_server_listening_out(&c, &status);
	assert_int_equal(status, BECKET_S_ACCESS_DENIED);
}

static void
princ_name_is_a_string_in_the_room_asked(void **state)
{
	struct mgmt_princ_name out = {
		.size = 64,
		.name = text_bytes("rope"),
	};
	uint8_t bytes[MGMT_SMALL_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);
	static const char worked[] =
	    "40000000 00000000 05000000 726f7065 00 000000 | 00000000";

	(void)state;
	mgmt_inq_princ_name_out(&c, &out);
	assert_put(&c, worked);
	out = (struct mgmt_princ_name){ 0 };
	c = stub(worked, false);
	mgmt_inq_princ_name_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_text(out.name, "rope");
	assert_int_equal(out.size, 64);

	out = (struct mgmt_princ_name){
		.size = 1,
		.status = BECKET_S_UNKNOWN_AUTHN_SERVICE,
	};
	c = cursor_put(bytes, sizeof bytes);
	mgmt_inq_princ_name_out(&c, &out);
	assert_put(&c, "01000000 00000000 01000000 00 000000 | d3060000");

	out = (struct mgmt_princ_name){ .size = 4, .name = text_bytes("rope") };
	c = cursor_put(bytes, sizeof bytes);
	mgmt_inq_princ_name_out(&c, &out);
	assert_int_equal(c.status, BECKET_S_BUFFER_TOO_SMALL);
}

static void
princ_name_without_room_is_bad_stub_data(void **state)
{
	struct mgmt_princ_name_in in = { 0 };
	struct cursor c = stub("0a000000 40000000", false);

	(void)state;
	mgmt_inq_princ_name_in(&c, &in);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(in.authn_service, 10);
	assert_int_equal(in.size, 64);
	c = stub("0a000000 00000000", false);
	mgmt_inq_princ_name_in(&c, &in);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
}

static void
mgmt_has_its_published_name(void **state)
{
	char text[BECKET_UUID_TEXT_SIZE];

	(void)state;
	becket_uuid_to_string(&mgmt_interface.uuid, text);
	assert_string_equal(text, "afa8bd80-7d8a-11c9-bef4-08002b102989");
	assert_int_equal(mgmt_interface.major, 1);
	assert_int_equal(mgmt_interface.minor, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(if_ids_put_the_worked_bytes),
		cmocka_unit_test(if_ids_are_counted_then_got),
		cmocka_unit_test(if_ids_of_none_have_a_vector_when_all_is_fine),
		cmocka_unit_test(if_ids_pass_over_null_entries),
		cmocka_unit_test(
		    if_ids_cut_anywhere_are_truncated_and_counted_no_further),
		cmocka_unit_test(if_ids_that_lie_are_refused),
		cmocka_unit_test(stats_are_asked_with_a_count_and_junk),
		cmocka_unit_test(stats_put_and_get_the_worked_bytes),
		cmocka_unit_test(more_stats_than_we_know_are_passed_over),
		cmocka_unit_test(listening_has_the_boolean_last),
		cmocka_unit_test(stop_that_is_refused_says_five),
		cmocka_unit_test(princ_name_is_a_string_in_the_room_asked),
		cmocka_unit_test(princ_name_without_room_is_bad_stub_data),
		cmocka_unit_test(mgmt_has_its_published_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
