/* SPDX-License-Identifier: MIT */
#include "wire/epm.h"

#include "unit.h"

#define TOWER \
	"05001300 0d00dbf1 a447ca67 10b31f00 dd010662 da000002 00000013 " \
	"000d045d 888aeb1c c9119fe8 08002b10 48600200 02000000 01000b02 " \
	"00000001 00070200 00870100 0904000a 000001"

/* As impacket writes them, padding and all. */
static const char map_in[] = "00000000 80b60000 4b000000 4b000000" TOWER
                             "ab 00000000 00000000 00000000 00000000"
                             "00000000 04000000";
static const char lookup_in[] =
    "00000000 00000000 00000000 01000000 00000000 00000000 00000000 00000000"
    "00000000 f3010000";
static const char lookup_out[] =
    "00000000 00000000 00000000 00000000 00000000 01000000 01000000 00000000"
    "01000000 11111111 11111111 11111111 11111111 aef80000 00000000 06000000"
    "68656c6c 6f00eeee 4b000000 4b000000" TOWER "bf 00000000";

static uint8_t tower_bytes[128];
static size_t tower_size;

static struct cursor
stub(const char *hex)
{
	static uint8_t bytes[512];

	tower_size = from_hex(TOWER, tower_bytes);
	return cursor_get(bytes, from_hex(hex, bytes), false);
}

static struct cursor
again(const struct cursor *put)
{
	assert_int_equal(put->status, BECKET_S_OK);
	return cursor_get(put->put, put->at, false);
}

static void
the_map_request_of_impacket_is_read(void **state)
{
	struct cursor c = stub(map_in);
	struct epm_map_in in = { 0 };

	(void)state;
	epm_map_in(&c, &in);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_false(in.has_object);
	assert_true(in.has_tower);
	assert_bytes(in.tower, tower_bytes, tower_size);
	assert_true(becket_uuid_is_nil(&in.handle.uuid));
	assert_int_equal(in.max, 4);
}

static void
the_lookup_request_of_impacket_is_read(void **state)
{
	struct cursor c = stub(lookup_in);
	struct epm_lookup_in in = { 0 };

	(void)state;
	epm_lookup_in(&c, &in);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(in.inquiry, EPM_ALL_ELTS);
	assert_int_equal(in.versions, EPM_VERS_ALL);
	assert_false(in.has_object || in.has_interface);
	assert_int_equal(in.max, 499);
}

static void
the_lookup_response_of_impacket_is_read(void **state)
{
	struct cursor c = stub(lookup_out);
	struct epm_entry entry;
	struct epm_lookup_out out = { .entries = { .entries = &entry,
		                          .capacity = 1 } };

	(void)state;
	epm_lookup_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.entries.count, 1);
	assert_int_equal(out.status, 0);
	assert_text(entry.annotation, "hello");
	assert_bytes(entry.tower, tower_bytes, tower_size);
	assert_int_equal(entry.object.time_low, 0x11111111);
}

static void
entries_are_counted_before_there_is_room(void **state)
{
	struct cursor c = stub(lookup_out);
	struct epm_lookup_out out = { 0 };

	(void)state;
	epm_lookup_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(out.entries.count, 1);
}

static void
a_lookup_response_cut_anywhere_is_truncated(void **state)
{
	uint8_t bytes[512];
	size_t size = from_hex(lookup_out, bytes);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = exact_copy(bytes, cut);
		struct cursor c = cursor_get(exact, cut, false);
		struct epm_entry entry;
		struct epm_lookup_out out = { .entries = { .entries = &entry,
			                          .capacity = 1 } };

		epm_lookup_out(&c, &out);
		assert_int_equal(c.status, BECKET_S_TRUNCATED);
		free(exact);
	}
}

static void
entries_come_back_as_they_were_put(void **state)
{
	uint8_t bytes[1024];
	struct epm_entry entries[3] = {
		{ .annotation = text_bytes("one") },
		{ .object = { .time_low = 7 },
		    .has_tower = true,
		    .tower = text_bytes("tower") },
		{ .has_tower = true, .tower = text_bytes("odd") },
	};
	struct epm_insert in = { { entries, 0, 3, 0 }, true }, out = { 0 };
	struct epm_entry got[3];
	struct cursor c = cursor_put(bytes, epm_entries_size(3, 8));

	(void)state;
	epm_insert_in(&c, &in);
	for (uint32_t capacity = 0; capacity <= 3; capacity++) {
		struct cursor back = again(&c);

		out.entries = (struct epm_entries){ got, capacity, 0, 0 };
		epm_insert_in(&back, &out);
		assert_int_equal(cursor_end(&back), BECKET_S_OK);
		assert_int_equal(out.entries.count, 3);
		assert_true(out.replace);
	}
	assert_text(got[0].annotation, "one");
	assert_false(got[0].has_tower);
	assert_int_equal(got[1].object.time_low, 7);
	assert_text(got[1].tower, "tower");
	assert_text(got[2].tower, "odd");
}

static void
more_entries_than_bytes_are_refused(void **state)
{
	struct cursor c = stub("ffffff7f ffffff7f 00000000");
	struct epm_insert in = { 0 };

	(void)state;
	epm_insert_in(&c, &in);
	assert_int_equal(c.status, BECKET_S_TRUNCATED);
	assert_int_equal(in.entries.count, 0);
}

static void
two_counts_that_differ_are_refused(void **state)
{
	struct cursor c = stub("01000000 00000000 00000000");
	struct epm_insert in = { 0 };

	(void)state;
	epm_insert_in(&c, &in);
	assert_int_equal(c.status, BECKET_X_BAD_STUB_DATA);
}

static void
an_annotation_has_room_for_63_characters(void **state)
{
	char text[EPM_ANNOTATION_SIZE + 1];
	uint8_t bytes[512];
	struct epm_entry entry = { 0 };
	struct epm_insert in = { { &entry, 1, 1, 0 }, false };
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	memset(text, 'x', sizeof text);
	entry.annotation =
	    (struct becket_bytes){ (uint8_t *)text, EPM_ANNOTATION_SIZE - 1 };
	epm_insert_in(&c, &in);
	assert_true(c.at <= epm_entries_size(1, 0));
	c = again(&c);
	epm_insert_in(&c, &in);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(entry.annotation.size, EPM_ANNOTATION_SIZE - 1);
	entry.annotation.size++;
	c = cursor_put(bytes, sizeof bytes);
	epm_insert_in(&c, &in);
	assert_int_equal(c.status, BECKET_S_BUFFER_TOO_SMALL);
}

static void
towers_of_a_map_come_back_as_they_were_put(void **state)
{
	uint8_t bytes[512];
	struct becket_bytes towers[2] = { text_bytes("first"),
		text_bytes("second") };
	struct becket_bytes got[2];
	struct epm_map_out out = { .handle = { 0, { .time_low = 9 } },
		.towers = towers,
		.count = 2,
		.max = 4,
		.status = EPM_NOT_REGISTERED };
	struct epm_map_out back = { .towers = got, .capacity = 2 };
	struct cursor c = cursor_put(bytes, epm_entries_size(2, 11));

	(void)state;
	epm_map_out(&c, &out);
	c = again(&c);
	epm_map_out(&c, &back);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(back.count, 2);
	assert_int_equal(back.max, 4);
	assert_int_equal(back.handle.uuid.time_low, 9);
	assert_int_equal(back.status, EPM_NOT_REGISTERED);
	assert_text(got[0], "first");
	assert_text(got[1], "second");
}

static void
a_delete_by_management_comes_back_as_it_was_put(void **state)
{
	uint8_t bytes[128];
	struct epm_mgmt_delete in = { .by_object = true,
		.has_object = true,
		.has_tower = true,
		.object = { .time_low = 3 },
		.tower = text_bytes("tower") };
	struct epm_mgmt_delete out = { 0 };
	struct cursor c = cursor_put(bytes, sizeof bytes);

	(void)state;
	epm_mgmt_delete_in(&c, &in);
	c = again(&c);
	epm_mgmt_delete_in(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_true(out.by_object && out.has_object && out.has_tower);
	assert_int_equal(out.object.time_low, 3);
	assert_text(out.tower, "tower");
}

static void
statuses_of_the_wire_have_ours(void **state)
{
	(void)state;
	assert_int_equal(epm_status_local(0), BECKET_S_OK);
	assert_int_equal(epm_status_local(0x16c9a0d6), 1753);
	assert_int_equal(epm_status_local(0x16c9a0d3), 1751);
	assert_int_equal(epm_status_local(0x16c9a0cd), 1752);
	assert_int_equal(epm_status_local(5), BECKET_S_ACCESS_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_map_request_of_impacket_is_read),
		cmocka_unit_test(the_lookup_request_of_impacket_is_read),
		cmocka_unit_test(the_lookup_response_of_impacket_is_read),
		cmocka_unit_test(entries_are_counted_before_there_is_room),
		cmocka_unit_test(a_lookup_response_cut_anywhere_is_truncated),
		cmocka_unit_test(entries_come_back_as_they_were_put),
		cmocka_unit_test(more_entries_than_bytes_are_refused),
		cmocka_unit_test(two_counts_that_differ_are_refused),
		cmocka_unit_test(an_annotation_has_room_for_63_characters),
		cmocka_unit_test(towers_of_a_map_come_back_as_they_were_put),
		cmocka_unit_test(
		    a_delete_by_management_comes_back_as_it_was_put),
		cmocka_unit_test(statuses_of_the_wire_have_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
