/* SPDX-License-Identifier: MIT */
/* Groups of proto2 in JSON. C++'s json_util of protobuf 3.21 loses them; bytes
 * and JSON here are those of Python's json_format.
 */
#include "client/json_encode.h"

#include "client/json_decode.h"
#include "client/message_bytes.h"
#include "unit.h"

/* SETS has what protoc makes of sets/groups.proto. */
#define SHELF "unit.groups.Shelf"

static struct arena arena;
static struct pool *pool;

static int
make_pool(void **state)
{
	uint8_t set[4096];
	FILE *file = fopen(SETS "/groups.set", "rb");
	size_t size;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	pool = pool_new(&arena);
	if (file == NULL)
		return -1;
	size = fread(set, 1, sizeof set, file);
	fclose(file);
	return size < sizeof set &&
	               pool_add_set(pool, (struct becket_bytes){ set, size }) ==
	                   NULL &&
	               pool_link(pool) == NULL
	           ? 0
	           : -1;
}

static int
free_pool(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static const char *
encode(const char *json, struct buffer *out)
{
	struct json_encode encode = { .pool = pool, .arena = &arena };
	FILE *file = fmemopen((void *)(uintptr_t)json, strlen(json), "r");
	struct json_source source = json_source(&arena, file);
	struct json_text text;

	assert_true(json_source_next(&source, &text));
	(void)json_encode(&encode, pool_message(pool, SHELF), &text, out);
	assert_true(
	    encode.sentence != NULL || encode.place == text.place_count);
	json_text_fini(&text);
	json_source_fini(&source);
	fclose(file);
	return encode.sentence;
}

/* NULL: refused. */
static const char *
decode(struct becket_bytes bytes, size_t *ret_unknown)
{
	struct buffer out = buffer_empty(&idl_memory);
	struct json_decode decode = { .pool = pool, .arena = &arena };
	const char *text = NULL;

	if (json_decode(&decode, pool_message(pool, SHELF), bytes, &out))
		text = text_copy(&arena, (char *)out.data, out.size);
	*ret_unknown = decode.unknown;
	buffer_fini(&out);
	return text;
}

static void
assert_reads(const char *hex, const char *json, size_t unknown)
{
	uint8_t bytes[1024];
	size_t counted;
	const char *text =
	    decode((struct becket_bytes){ bytes, from_hex(hex, bytes) },
	        &counted);

	assert_non_null(text);
	assert_string_equal(text, json);
	assert_int_equal(counted, unknown);
}

static void
assert_malformed(const char *hex)
{
	uint8_t bytes[1024];
	size_t unknown;

	assert_null(decode((struct becket_bytes){ bytes, from_hex(hex, bytes) },
	    &unknown));
}

static const char everything[] =
    "{\"topBoard\":{\"width\":7,\"rail\":{\"hook\":[\"a\",\"b\"]}},"
    "\"book\":[{\"year\":\"5\"},{\"year\":\"6\"}],"
    "\"prop\":{\"isLoose\":true},\"below\":{\"prop\":{}},"
    "\"[unit.groups.lamp]\":{\"watts\":40}}";

static const char everything_hex[] =
    "0b | 08 07 | 13 0a 01 61 0a 01 62 14 | 0c | 13 08 05 14 | 13 08 06 14 |"
    "23 08 01 24 | 2a 02 23 24 | a3 06 08 28 a4 06";

static void
group_is_an_object_both_ways(void **state)
{
	struct buffer out = buffer_empty(&idl_memory);
	uint8_t expected[256];
	size_t size = from_hex(everything_hex, expected);

	(void)state;
	assert_null(encode(everything, &out));
	assert_bytes(buffer_bytes(&out), expected, size);
	assert_reads(everything_hex, everything, 0);
	buffer_fini(&out);
}

static void
group_goes_by_either_name_but_not_by_that_of_its_type(void **state)
{
	struct buffer out = buffer_empty(&idl_memory);

	(void)state;
	assert_null(encode("{\"top_board\": {}}", &out));
	assert_bytes(buffer_bytes(&out), "\x0b\x0c", 2);
	assert_string_equal(encode("{\"Top_Board\": {}}", &out),
	    "line 1, column 2: " SHELF " has no field \"Top_Board\"");
	assert_string_equal(encode("{\"book\": [{}]}", &out),
	    "line 1, column 11: " SHELF ".Book.year is required and not there");
	assert_string_equal(encode("{\"prop\": 5}", &out),
	    "line 1, column 2: " SHELF ".Prop takes an object");
	assert_string_equal(encode("{\"prop\": {}, \"wall\": 1}", &out),
	    "line 1, column 14: " SHELF
	    ".wall: another field of oneof end is there already");
	buffer_fini(&out);
}

static void
group_in_pieces_is_one(void **state)
{
	(void)state;
	assert_reads("0b 08 07 0c | 0b 13 0a 01 61 14 0c | 0b 08 08 0c",
	    "{\"topBoard\":{\"width\":8,\"rail\":{\"hook\":[\"a\"]}}}", 0);
}

static void
last_of_a_oneof_may_be_a_group(void **state)
{
	(void)state;
	assert_reads("18 05 23 24", "{\"prop\":{}}", 0);
	assert_reads("23 24 18 05", "{\"wall\":5}", 0);
}

static void
group_that_is_none_is_unknown(void **state)
{
	(void)state;
	/* sized what is a group, and the other way round */
	assert_reads("0a 02 08 07", "{}", 1);
	assert_reads("1b 08 07 1c | 2b 2c", "{}", 2);
	assert_reads("12 02 08 05 | 13 08 05 14",
	    "{\"book\":[{\"year\":\"5\"}]}", 1);
	/* of no field, with others within */
	assert_reads("33 08 07 3b 42 01 00 3c 45 00 00 00 00 34 18 01",
	    "{\"wall\":1}", 1);
}

static void
group_without_its_end_is_malformed(void **state)
{
	(void)state;
	assert_malformed("0b");
	assert_malformed("0b 08 07");
	assert_malformed("0b 14");
	assert_malformed("0c");
	assert_malformed("18 01 0c");
	assert_malformed("0b 13 0c 14");
	assert_malformed("33 3b 34 3c");
	assert_malformed("03 04");
	assert_malformed("0b 0c 0c");
	assert_malformed("0b 0f 0c");
	assert_malformed("2a 02 23 1c");
}

static void
nesting_of_unknown_groups_has_an_end(void **state)
{
	uint8_t bytes[202];
	size_t unknown;

	(void)state;
	memset(bytes, 0x33, 101);
	memset(bytes + 101, 0x34, 101);
	assert_non_null(
	    decode((struct becket_bytes){ bytes + 1, 200 }, &unknown));
	assert_null(decode((struct becket_bytes){ bytes, 202 }, &unknown));
}

static void
groups_cut_anywhere_are_refused_or_shorter(void **state)
{
	uint8_t whole[256];
	size_t size = from_hex(everything_hex, whole), unknown, refused = 0;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *bytes = exact_copy(whole, cut);
		const char *text =
		    decode((struct becket_bytes){ bytes, cut }, &unknown);

		refused += text == NULL;
		assert_true(text == NULL || !text_equal(text, everything));
		free(bytes);
	}
	/* but for the ends of the six fields, and nothing at all */
	assert_int_equal(refused, size - 6);
}

static void
template_shows_groups(void **state)
{
	struct buffer out = buffer_empty(&idl_memory);
	struct json_decode decode = {
		.pool = pool,
		.arena = &arena,
		.emits_defaults = true,
		.is_template = true,
	};

	(void)state;
	assert_true(json_decode(&decode,
	    pool_message(pool, "unit.groups.Shelf.Top_Board"),
	    (struct becket_bytes){ 0 }, &out));
	assert_text(buffer_bytes(&out),
	    "{\"width\":0,\"rail\":{\"hook\":[\"\"]}}");
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(group_is_an_object_both_ways),
		cmocka_unit_test(
		    group_goes_by_either_name_but_not_by_that_of_its_type),
		cmocka_unit_test(group_in_pieces_is_one),
		cmocka_unit_test(last_of_a_oneof_may_be_a_group),
		cmocka_unit_test(group_that_is_none_is_unknown),
		cmocka_unit_test(group_without_its_end_is_malformed),
		cmocka_unit_test(nesting_of_unknown_groups_has_an_end),
		cmocka_unit_test(groups_cut_anywhere_are_refused_or_shorter),
		cmocka_unit_test(template_shows_groups),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
