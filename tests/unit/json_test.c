/* SPDX-License-Identifier: MIT */
/* What `becket call` makes of JSON; the fuzzer asks C++ whether it is right. */
#include "client/json_encode.h"

#include "client/base64.h"
#include "client/json_decode.h"
#include "client/json_number.h"
#include "client/json_time.h"
#include "unit.h"

static struct arena arena;
static struct pool *pool;

/* Messages to play with are those that are built in. */
static int
make_pool(void **state)
{
	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	pool = pool_new(&arena);
	return pool_link(pool) == NULL ? 0 : -1;
}

static int
free_pool(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* The sentence of the refusal; NULL: *out is the message. */
static const char *
encode(const char *type, const char *json, struct buffer *out)
{
	struct json_encode encode = { .pool = pool, .arena = &arena };
	FILE *file = fmemopen((void *)(uintptr_t)json, strlen(json), "r");
	struct json_source source = json_source(&arena, file);
	struct json_text text;
	const char *sentence;

	if (json_source_next(&source, &text)) {
		(void)json_encode(&encode, pool_message(pool, type), &text,
		    out);
		json_text_fini(&text);
	}
	sentence = source.sentence != NULL ? source.sentence : encode.sentence;
	json_source_fini(&source);
	fclose(file);
	return sentence;
}

static const char *
decode(const char *type, struct becket_bytes bytes)
{
	struct buffer out = buffer_empty(&idl_memory);
	struct json_decode decode = { .pool = pool, .arena = &arena };
	const char *text = NULL;

	if (json_decode(&decode, pool_message(pool, type), bytes, &out))
		text = text_copy(&arena, (char *)out.data, out.size);
	buffer_fini(&out);
	return text;
}

/* There and back again. */
static void
assert_becomes(const char *type, const char *json, const char *expected)
{
	struct buffer out = buffer_empty(&idl_memory);
	const char *sentence = encode(type, json, &out);

	if (sentence != NULL)
		fail_msg("%s: %s", json, sentence);
	assert_string_equal(decode(type, buffer_bytes(&out)), expected);
	buffer_fini(&out);
}

static void
assert_refused(const char *type, const char *json, const char *begin)
{
	struct buffer out = buffer_empty(&idl_memory);
	const char *sentence = encode(type, json, &out);

	if (sentence == NULL || strncmp(sentence, begin, strlen(begin)) != 0)
		fail_msg("%s: %s", json, sentence == NULL ? "taken" : sentence);
	buffer_fini(&out);
}

static void
integers_are_exact(void **state)
{
	static const struct {
		const char *text;
		bool is;
		int64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "9007199254740993.0", true, 9007199254740993 },
		{ "1e18", true, 1000000000000000000 },
		{ "1e19", false, 0 },
		{ "1.5e1", true, 15 },
		{ "1.5", false, 0 },
		{ "120e-1", true, 12 },
		{ "125e-1", false, 0 },
		{ "1e999999999999999999999", false, 0 },
		{ "0e999999999999999999999", true, 0 },
		{ "1e-999999999999999999999", false, 0 },
		{ "100000000000000000000000e-23", true, 1 },
		{ "00", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x1", false, 0 },
		{ "1.", false, 0 },
		{ ".1", false, 0 },
		{ "1e", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t value = 0;
		bool is = number_signed(cases[i].text, strlen(cases[i].text),
		    INT64_MIN, INT64_MAX, &value);

		if (is != cases[i].is || value != cases[i].value)
			fail_msg("%s: %d", cases[i].text, is);
	}
}

static void
unsigned_integers_end_at_their_largest(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(
	    number_unsigned("18446744073709551615", 20, UINT64_MAX, &value));
	assert_int_equal(value, UINT64_MAX);
	assert_false(
	    number_unsigned("18446744073709551616", 20, UINT64_MAX, &value));
	assert_false(number_unsigned("-1", 2, UINT64_MAX, &value));
	assert_true(number_unsigned("-0", 2, UINT64_MAX, &value));
	assert_false(number_unsigned("4294967296", 10, UINT32_MAX, &value));
}

static void
floats_are_written_as_short_as_they_can(void **state)
{
	static const double doubles[] = { 0.1, 1.0 / 3, 5e-324, 1e21,
		1.7976931348623157e308, 123456789, -2.5 };
	char text[NUMBER_TEXT];
	double again;

	(void)state;
	number_print_double(0.1, text);
	assert_string_equal(text, "0.1");
	number_print_float(0.1f, text);
	assert_string_equal(text, "0.1");
	for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
		number_print_double(doubles[i], text);
		assert_true(number_double(text, strlen(text), &again));
		assert_memory_equal(&again, &doubles[i], sizeof again);
	}
}

static void
times_are_those_of_the_calendar(void **state)
{
	static const struct {
		const char *text, *again;
		int64_t seconds;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", NULL, 0 },
		{ "1969-12-31T23:59:59Z", NULL, -1 },
		{ "2000-02-29T12:00:00Z", NULL, 951825600 },
		{ "2026-11-20T14:30:00+01:30", "2026-11-20T13:00:00Z",
		    1795179600 },
		{ "0001-01-01T00:00:00Z", NULL, -62135596800 },
		{ "9999-12-31T23:59:59Z", NULL, 253402300799 },
	};
	static const char *const wrong[] = { "2001-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00", "2026-01-01t00:00:00z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"0000-01-01T00:00:00Z", "2026-01-01T00:00:60Z" };
	struct moment moment;
	char text[MOMENT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *again = cases[i].again;

		assert_true(timestamp_read(cases[i].text, strlen(cases[i].text),
		    &moment));
		assert_int_equal(moment.seconds, cases[i].seconds);
		assert_true(timestamp_print(moment, text));
		assert_string_equal(text,
		    again == NULL ? cases[i].text : again);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (timestamp_read(wrong[i], strlen(wrong[i]), &moment))
			fail_msg("%s", wrong[i]);
}

static void
durations_have_a_sign_and_nine_digits(void **state)
{
	struct moment moment;
	char text[MOMENT_TEXT];

	(void)state;
	assert_true(duration_read("-0.5s", 5, &moment));
	assert_int_equal(moment.seconds, 0);
	assert_int_equal(moment.nanos, -500000000);
	assert_true(duration_print(moment, text));
	assert_string_equal(text, "-0.500s");
	assert_true(duration_read("315576000000s", 13, &moment));
	assert_true(duration_read("315576000000.1s", 15, &moment));
	assert_false(duration_read("315576000001s", 13, &moment));
	assert_false(duration_read("1", 1, &moment));
	assert_false(duration_read("s", 1, &moment));
	assert_false(duration_read("+1s", 3, &moment));
	moment = (struct moment){ 1, -1 };
	assert_false(duration_print(moment, text));
}

static void
base64_takes_both_alphabets_but_not_a_mix(void **state)
{
	static const struct {
		const char *text;
		int size; /* -1: refused */
	} cases[] = { { "", 0 }, { "AA==", 1 }, { "AA", 1 }, { "AAA=", 2 },
		{ "AAAA", 3 }, { "+/+/", 3 }, { "-_-_", 3 }, { "+_+_", -1 },
		{ "A", -1 }, { "AB", -1 }, { "AA=", -1 }, { "A===", -1 },
		{ "A A=", -1 }, { "====", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer bytes = buffer_empty(&idl_memory);
		bool is =
		    base64_decode(cases[i].text, strlen(cases[i].text), &bytes);

		if (is != (cases[i].size >= 0) ||
		    (is && bytes.size != (size_t)cases[i].size))
			fail_msg("\"%s\"", cases[i].text);
		buffer_fini(&bytes);
	}
}

static void
known_types_have_json_of_their_own(void **state)
{
	(void)state;
	assert_becomes("google.protobuf.Value",
	    "[1, \"x\", null, true, {\"b\": [], \"a\": {}}]",
	    "[1,\"x\",null,true,{\"a\":{},\"b\":[]}]");
	assert_becomes("google.protobuf.UInt64Value", "18446744073709551615",
	    "\"18446744073709551615\"");
	assert_becomes("google.protobuf.DoubleValue", "\"-Infinity\"",
	    "\"-Infinity\"");
	assert_becomes("google.protobuf.FieldMask", "\"a,bC.d\"", "\"a,bC.d\"");
	assert_becomes("google.protobuf.FieldMask", "\"A1.b\"", "\"A1.b\"");
	assert_becomes("google.protobuf.Any",
	    "{\"value\": \"1s\", \"@type\": \"x/google.protobuf.Duration\"}",
	    "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\"}");
	assert_becomes("google.protobuf.Any", "{}", "{}");
	assert_becomes("google.protobuf.Empty", "{}", "{}");
}

static void
fields_go_by_either_name(void **state)
{
	(void)state;
	assert_becomes("google.protobuf.FileDescriptorProto",
	    "{\"public_dependency\": [1, 2], \"publicDependency\": null, "
	    "\"name\": \"\\u00e4\\u001b\", \"messageType\": [{}], "
	    "\"options\": {\"optimizeFor\": 2}}",
	    "{\"name\":\"\xc3\xa4\\u001b\",\"publicDependency\":[1,2],"
	    "\"messageType\":[{}],\"options\":{\"optimizeFor\":"
	    "\"CODE_SIZE\"}}");
}

static void
refusals_say_where(void **state)
{
	static const char file[] = "google.protobuf.FileDescriptorProto";

	(void)state;
	assert_refused(file, "[]", "line 1, column 1: google.protobuf.File");
	assert_refused(file, "{\"name\": 1}", "line 1, column 2: ");
	assert_refused(file, "{\n\t\"\xc3\xa4\": 1}", "line 2, column 2: ");
	assert_refused(file, "{\"name\": \"\xc3\xa4\", \"x\": 1}",
	    "line 1, column 15: ");
	assert_refused(file, "{\"dependency\": [\"a\", null]}",
	    "line 1, column 22: null is no element");
	assert_refused(file, "{\"publicDependency\": [1, 2.5]}",
	    "line 1, column 26: ");
	assert_refused(file,
	    "{\"publicDependency\": [1], \"public_dependency\": [1]}",
	    "line 1, column 27: google.protobuf.FileDescriptorProto."
	    "public_dependency comes twice");
	assert_refused(file, "{\"options\": {\"optimizeFor\": \"FAST\"}}",
	    "line 1, column 14: ");
	assert_refused(file, "{\"options\": {\"optimizeFor\": 4}}",
	    "line 1, column 14: "); /* enums of proto2 are closed */
	assert_refused(file, "{\"name\": \"a\"", "line 1, column ");
	assert_refused(file, "{'name': \"a\"}", "line 1, column ");
	assert_refused(file, "{\"name\": \"a\",}", "line 1, column ");
	assert_refused(file, "{\"name\": \"\xff\"}", "line 1, column ");
	assert_refused("google.protobuf.Timestamp", "\"now\"",
	    "line 1, column 1: this is no time");
	assert_refused("google.protobuf.FieldMask", "\"a,b(c,d)\"",
	    "line 1, column 1: a field mask has names");
	assert_refused("google.protobuf.FieldMask", "\"a_b\"",
	    "line 1, column 1: a field mask has names");
	assert_refused("google.protobuf.UninterpretedOption.NamePart",
	    "{\"namePart\": \"a\"}",
	    "line 1, column 1: google.protobuf.Unint"
	    "erpretedOption.NamePart.is_extension is required");
}

static void
nesting_has_an_end(void **state)
{
	char deep[2 * 1500 + 1];

	(void)state;
	memset(deep, '[', 1500);
	memset(deep + 1500, ']', 1500);
	deep[3000] = '\0';
	assert_refused("google.protobuf.Value", deep, "line 1, column 1");
	deep[2 * 99] = '\0';
	memset(deep, '[', 99);
	memset(deep + 99, ']', 99);
	assert_becomes("google.protobuf.Value", deep, deep);
}

static void
values_follow_each_other_in_a_text(void **state)
{
	static const char text[] = " {}5 \n true[1]\"x\"1e5,";
	static const size_t counts[] = { 1, 1, 1, 2, 1, 1 };
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct json_source source = json_source(&arena, file);
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		assert_true(json_source_next(&source, &value));
		assert_int_equal(value.place_count, counts[i]);
		json_text_fini(&value);
	}
	assert_false(json_source_next(&source, &value));
	assert_non_null(source.sentence);
	assert_int_equal(strncmp(source.sentence, "line 2, column 15: ", 19),
	    0);
	json_source_fini(&source);
	fclose(file);
}

static void
bytes_cut_anywhere_are_refused_or_shorter(void **state)
{
	struct buffer out = buffer_empty(&idl_memory);

	(void)state;
	assert_null(encode("google.protobuf.FileDescriptorProto",
	    "{\"name\": \"a\", \"weakDependency\": [1, 2, 300], "
	    "\"options\": {\"javaPackage\": \"x\"}, \"service\": "
	    "[{\"name\": \"S\", \"method\": [{\"name\": \"M\"}]}]}",
	    &out));
	for (size_t size = 0; size <= out.size; size++) {
		/* of its own, so that a sanitizer sees its end */
		uint8_t *cut = malloc(size == 0 ? 1 : size);

		if (size > 0)
			memcpy(cut, out.data, size);
		(void)decode("google.protobuf.FileDescriptorProto",
		    (struct becket_bytes){ cut, size });
		free(cut);
	}
	assert_null(decode("google.protobuf.FileDescriptorProto",
	    (struct becket_bytes){ out.data, out.size - 1 }));
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(unsigned_integers_end_at_their_largest),
		cmocka_unit_test(floats_are_written_as_short_as_they_can),
		cmocka_unit_test(times_are_those_of_the_calendar),
		cmocka_unit_test(durations_have_a_sign_and_nine_digits),
		cmocka_unit_test(base64_takes_both_alphabets_but_not_a_mix),
		cmocka_unit_test(known_types_have_json_of_their_own),
		cmocka_unit_test(fields_go_by_either_name),
		cmocka_unit_test(refusals_say_where),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(values_follow_each_other_in_a_text),
		cmocka_unit_test(bytes_cut_anywhere_are_refused_or_shorter),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
