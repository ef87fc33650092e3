/* SPDX-License-Identifier: MIT */
/* What gRPC puts into header fields, its frames, its codes. */
#include "grpc/text.h"

#include "grpc/code.h"
#include "grpc/deframe.h"
#include "grpc/fields.h"
#include "grpc/gzip.h"
#include "test_memory.h"
#include "unit.h"

static struct test_memory memory;

static struct buffer
empty(void)
{
	return buffer_empty(test_memory_of(&memory));
}

static int
begin(void **state)
{
	(void)state;
	memory = test_memory(TEST_MEMORY_NEVER);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	test_memory_end(&memory);
	return 0;
}

/* ------------------------------------------------------------ sentences -- */

static void
assert_percent(const char *sentence, const char *text)
{
	struct buffer there = empty(), back = empty();

	assert_true(text_percent_encode(text_bytes(sentence), &there));
	assert_text(buffer_bytes(&there), text);
	assert_true(text_percent_decode(buffer_bytes(&there), &back));
	assert_text(buffer_bytes(&back), sentence);
	buffer_fini(&there);
	buffer_fini(&back);
}

static void
sentences_go_there_and_back(void **state)
{
	(void)state;
	assert_percent("", "");
	assert_percent("plain ~", "plain ~");
	assert_percent("100 %", "100 %25");
	assert_percent("a\r\nb\tc\x7f", "a%0D%0Ab%09c%7F");
	assert_percent("\xc3\xa4", "%C3%A4");
}

static void
assert_decoded(const char *text, const char *sentence)
{
	struct buffer back = empty();

	assert_true(text_percent_decode(text_bytes(text), &back));
	assert_text(buffer_bytes(&back), sentence);
	buffer_fini(&back);
}

static void
what_is_no_escape_stays_as_it_is(void **state)
{
	(void)state;
	assert_decoded("%", "%");
	assert_decoded("%4", "%4");
	assert_decoded("%zz%4", "%zz%4");
	assert_decoded("%%41", "%A");
	assert_decoded("%c3%a4%C3%A4", "\xc3\xa4\xc3\xa4");
}

static void
what_is_no_text_becomes_harmless(void **state)
{
	(void)state;
	assert_decoded("a%00b", "a?b");
	assert_decoded("a%FFb", "a?b");
	assert_decoded("a%C3b", "a?b");
}

/* --------------------------------------------------------------- base64 -- */

static void
bytes_go_there_and_back(void **state)
{
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		struct buffer there = empty(), back = empty();

		assert_true(
		    text_base64_encode((struct becket_bytes){ bytes, size },
		        &there));
		assert_true(text_base64_decode(buffer_bytes(&there), &back));
		assert_bytes(buffer_bytes(&back), bytes, size);
		buffer_fini(&there);
		buffer_fini(&back);
	}
}

static bool
is_base64(const char *text, const char *bytes)
{
	struct buffer back = empty();
	bool is = text_base64_decode(text_bytes(text), &back);

	if (is)
		assert_text(buffer_bytes(&back), bytes);
	buffer_fini(&back);
	return is;
}

static void
padding_may_be_there_and_may_be_absent(void **state)
{
	(void)state;
	assert_true(is_base64("YQ", "a"));
	assert_true(is_base64("YQ==", "a"));
	assert_true(is_base64("YWI", "ab"));
	assert_true(is_base64("YWI=", "ab"));
	assert_true(is_base64("YWJj", "abc"));
	assert_false(is_base64("Y", ""));
	assert_false(is_base64("YQ=", ""));
	assert_false(is_base64("YWJj=", ""));
	assert_false(is_base64("YW=Jj", ""));
	assert_false(is_base64("====", ""));
	assert_false(is_base64("YQ*=", ""));
}

/* ---------------------------------------------------------------- times -- */

static void
assert_time(const char *text, uint64_t us)
{
	uint64_t read = UINT64_MAX;

	assert_true(text_get_timeout(text_bytes(text), &read));
	assert_int_equal(read, us);
}

static void
timeouts_have_six_units(void **state)
{
	(void)state;
	assert_time("0n", 0);
	assert_time("1n", 1);
	assert_time("1000n", 1);
	assert_time("1001n", 2);
	assert_time("7u", 7);
	assert_time("7m", 7000);
	assert_time("7S", 7000000);
	assert_time("7M", 420000000);
	assert_time("99999999H", UINT64_C(359999996400000000));
}

static void
malformed_timeouts_are_refused(void **state)
{
	static const char *const bad[] = { "", "S", "1", "1s", "1h", "-1S",
		"1.5S", " 1S", "1S ", "123456789S", "1SS", "+1S" };
	uint64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(text_get_timeout(text_bytes(bad[i]), &us));
}

static void
timeouts_are_written_in_eight_digits_and_not_too_short(void **state)
{
	char text[TEXT_TIMEOUT_SIZE];

	(void)state;
	for (uint64_t us = 1; us < UINT64_MAX / 3; us = us * 3 + 1) {
		uint64_t read;
		size_t size = text_put_timeout(us, text);

		assert_true(size <= 9);
		assert_int_equal(strlen(text), size);
		assert_true(text_get_timeout(text_bytes(text), &read));
		/* 99999999 hours are all there is. */
		assert_true(read >= us || strcmp(text, "99999999H") == 0);
		assert_true(read - us <= us / 1000 ||
		            us > UINT64_C(359999996400000000) / 2);
	}
	text_put_timeout(1000000, text);
	assert_string_equal(text, "1000000u");
	text_put_timeout(100000000, text);
	assert_string_equal(text, "100000m");
}

/* ---------------------------------------------------------------- words -- */

static void
lists_are_searched_word_by_word(void **state)
{
	(void)state;
	assert_true(text_lists(text_bytes("gzip"), "gzip"));
	assert_true(text_lists(text_bytes("identity, gzip ,x"), "gzip"));
	assert_true(text_lists(text_bytes("a,GZIP"), "gzip"));
	assert_false(text_lists(text_bytes("gzipped,gzi"), "gzip"));
	assert_false(text_lists(text_bytes(",,"), "gzip"));
	assert_false(text_lists(text_bytes(""), "gzip"));
}

/* --------------------------------------------------------------- frames -- */

static void
put_frame(struct buffer *stream, bool is_compressed, const char *message)
{
	uint8_t head[FRAME_HEAD_SIZE];

	frame_head_put(head, is_compressed, strlen(message));
	assert_true(buffer_append(stream, head, sizeof head));
	assert_true(buffer_append(stream, message, strlen(message)));
}

/* Feed a piece and compare what comes with what was put. */
static void
feed(struct deframe *deframe, struct becket_bytes bytes, size_t *count)
{
	static const char *const expected[] = { "", "one", "", "three" };
	enum deframe_result result;

	while ((result = deframe_next(deframe, &bytes)) != DEFRAME_MORE) {
		struct buffer message;
		bool is_compressed;

		if (result == DEFRAME_ANNOUNCED)
			continue;
		assert_int_equal(result, DEFRAME_MESSAGE);
		message = deframe_take(deframe, &is_compressed);
		assert_int_equal(is_compressed, *count % 2);
		assert_text(buffer_bytes(&message), expected[(*count)++]);
		buffer_fini(&message);
	}
	assert_int_equal(bytes.size, 0);
}

static void
messages_come_whole_wherever_the_bytes_are_cut(void **state)
{
	struct buffer stream = empty();

	(void)state;
	put_frame(&stream, false, "");
	put_frame(&stream, true, "one");
	put_frame(&stream, false, "");
	put_frame(&stream, true, "three");
	for (size_t step = 1; step <= stream.size; step++) {
		struct deframe deframe =
		    deframe_empty(test_memory_of(&memory), 5);
		size_t count = 0;

		for (size_t at = 0; at < stream.size; at += step)
			feed(&deframe,
			    (struct becket_bytes){ stream.data + at,
			        stream.size - at < step ? stream.size - at
			                                : step },
			    &count);
		assert_int_equal(count, 4);
		assert_false(deframe_is_partial(&deframe));
		deframe_fini(&deframe);
	}
	buffer_fini(&stream);
}

static enum deframe_result
judge_head(const char *hex, size_t limit)
{
	struct deframe deframe = deframe_empty(test_memory_of(&memory), limit);
	uint8_t bytes[16];
	struct becket_bytes view = { bytes, from_hex(hex, bytes) };
	enum deframe_result result = deframe_next(&deframe, &view);

	assert_int_equal(memory.allocations, 0);
	deframe_fini(&deframe);
	return result;
}

static void
heads_are_judged_before_anything_is_taken(void **state)
{
	(void)state;
	assert_int_equal(judge_head("00 00000005", 5), DEFRAME_ANNOUNCED);
	assert_int_equal(judge_head("00 00000006", 5), DEFRAME_TOO_LARGE);
	assert_int_equal(judge_head("01 ffffffff", 5), DEFRAME_TOO_LARGE);
	assert_int_equal(judge_head("02 00000001", 5), DEFRAME_MALFORMED);
	assert_int_equal(judge_head("00 000000", 5), DEFRAME_MORE);
}

static void
memory_is_taken_as_the_bytes_come(void **state)
{
	struct deframe deframe =
	    deframe_empty(test_memory_of(&memory), 1u << 30);
	uint8_t bytes[16];
	struct becket_bytes view = { bytes, from_hex("00 3fffffff 11", bytes) };

	(void)state;
	assert_int_equal(deframe_next(&deframe, &view), DEFRAME_ANNOUNCED);
	assert_int_equal(deframe_next(&deframe, &view), DEFRAME_MORE);
	assert_true(memory.bytes <= 65536);
	deframe_fini(&deframe);
}

/* ----------------------------------------------------------------- gzip -- */

static void
messages_are_packed_and_unpacked(void **state)
{
	struct buffer packed, message;
	uint8_t zeros[5000] = { 0 };
	const struct becket_bytes bytes = { zeros, sizeof zeros };

	(void)state;
	assert_int_equal(gzip_pack(test_memory_of(&memory), bytes, &packed),
	    BECKET_S_OK);
	assert_true(packed.size < 100);
	assert_int_equal(gzip_unpack(test_memory_of(&memory),
	                     buffer_bytes(&packed), sizeof zeros, &message),
	    BECKET_S_OK);
	assert_bytes(buffer_bytes(&message), zeros, sizeof zeros);
	buffer_fini(&message);
	assert_int_equal(gzip_unpack(test_memory_of(&memory),
	                     buffer_bytes(&packed), sizeof zeros - 1, &message),
	    BECKET_S_LIMIT_EXCEEDED);
	for (size_t size = 0; size < packed.size; size++)
		assert_int_equal(gzip_unpack(test_memory_of(&memory),
		                     (struct becket_bytes){ packed.data, size },
		                     sizeof zeros, &message),
		    BECKET_X_BAD_STUB_DATA);
	assert_true(buffer_append(&packed, "x", 1));
	assert_int_equal(gzip_unpack(test_memory_of(&memory),
	                     buffer_bytes(&packed), sizeof zeros, &message),
	    BECKET_X_BAD_STUB_DATA);
	buffer_fini(&packed);
}

static void
what_does_not_get_smaller_is_not_packed(void **state)
{
	struct buffer packed;

	(void)state;
	assert_int_equal(gzip_pack(test_memory_of(&memory), text_bytes("short"),
	                     &packed),
	    BECKET_S_NO_SPACE);
	assert_int_equal(gzip_pack(test_memory_of(&memory), text_bytes(""),
	                     &packed),
	    BECKET_S_NO_SPACE);
}

/* ---------------------------------------------------------------- codes -- */

static void
codes_go_there_and_back(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < GRPC_CODES; code++) {
		becket_status status = grpc_code_to_status(code);

		assert_int_equal(status == BECKET_S_OK, code == GRPC_OK);
		assert_int_equal(grpc_code_from_status(status), code);
	}
	assert_int_equal(grpc_code_to_status(17), BECKET_S_CALL_FAILED);
	assert_int_equal(grpc_code_from_status(534), GRPC_UNKNOWN);
}

/* --------------------------------------------------------------- fields -- */

static void
content_types_that_are_grpc(void **state)
{
	static const struct {
		const char *type;
		enum fields_content content;
	} cases[] = {
		{ "application/grpc", CONTENT_GRPC },
		{ "application/grpc+proto", CONTENT_GRPC },
		{ "application/grpc;charset=x", CONTENT_GRPC },
		{ "application/grpc+json", CONTENT_OTHER },
		{ "application/grpc-web", CONTENT_FOREIGN },
		{ "application/grpcx", CONTENT_FOREIGN },
		{ "text/html", CONTENT_FOREIGN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fields fields = fields_empty(test_memory_of(&memory));

		fields_take(&fields, text_bytes("content-type"),
		    text_bytes(cases[i].type), 1000);
		assert_int_equal(fields.content, cases[i].content);
		fields_fini(&fields);
	}
}

static bool
is_well_formed(const char *const (*list)[2])
{
	struct fields fields = fields_empty(test_memory_of(&memory));

	for (; (*list)[0] != NULL; list++)
		fields_check(&fields, text_bytes((*list)[0]),
		    text_bytes((*list)[1]));
	fields_check_all(&fields);
	fields_fini(&fields);
	return !fields.is_malformed;
}

#define REQUEST \
	{ ":method", "POST" }, { ":scheme", "http" }, \
	{ \
		":path", "/a/b" \
	}

static void
requests_that_http_forbids_are_found(void **state)
{
	(void)state;
	assert_true(is_well_formed(
	    (const char *const[][2]){ REQUEST, { NULL, NULL } }));
	assert_true(is_well_formed(
	    (const char *const[][2]){ REQUEST, { ":authority", "%2Frun%2Fx" },
	        { "te", "trailers" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){
	    { ":method", "POST" }, { ":path", "/a/b" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { ":path", "/a/c" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { "a", "b" }, { ":authority", "x" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { ":odd", "b" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { "Upper", "b" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { "connection", "close" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { "te", "gzip" }, { NULL, NULL } }));
	assert_false(is_well_formed((const char *const[][2]){ REQUEST,
	    { "a", "b\nc" }, { NULL, NULL } }));
}

static void
metadata_are_counted_all_together(void **state)
{
	struct fields fields = fields_empty(test_memory_of(&memory));

	(void)state;
	for (int i = 0; i < 10; i++)
		fields_take(&fields, text_bytes("k"), text_bytes("v"), 340);
	assert_false(fields.is_too_large);
	fields_take(&fields, text_bytes(""), text_bytes(""), 340);
	assert_true(fields.is_too_large);
	fields_fini(&fields);
}

static void
binary_values_in_one_field_count_as_fields(void **state)
{
	struct fields fields = fields_empty(test_memory_of(&memory));

	(void)state;
	fields_take(&fields, text_bytes("k-bin"), text_bytes("YQ,YQ,YQ"),
	    8 + 3 * (5 + 32));
	assert_false(fields.is_too_large);
	fields_fini(&fields);
	fields = fields_empty(test_memory_of(&memory));
	fields_take(&fields, text_bytes("k-bin"), text_bytes("YQ,YQ,YQ"),
	    7 + 3 * (5 + 32));
	assert_true(fields.is_too_large);
	assert_int_equal(fields.metadata.size, 0);
	fields_fini(&fields);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sentences_go_there_and_back),
		TEST(what_is_no_escape_stays_as_it_is),
		TEST(what_is_no_text_becomes_harmless),
		TEST(bytes_go_there_and_back),
		TEST(padding_may_be_there_and_may_be_absent),
		TEST(timeouts_have_six_units),
		TEST(malformed_timeouts_are_refused),
		TEST(timeouts_are_written_in_eight_digits_and_not_too_short),
		TEST(lists_are_searched_word_by_word),
		TEST(messages_come_whole_wherever_the_bytes_are_cut),
		TEST(heads_are_judged_before_anything_is_taken),
		TEST(memory_is_taken_as_the_bytes_come),
		TEST(messages_are_packed_and_unpacked),
		TEST(what_does_not_get_smaller_is_not_packed),
		TEST(codes_go_there_and_back),
		TEST(content_types_that_are_grpc),
		TEST(requests_that_http_forbids_are_found),
		TEST(metadata_are_counted_all_together),
		TEST(binary_values_in_one_field_count_as_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
