/* SPDX-License-Identifier: MIT */
#include "stub/stream_frame.h"

#include "unit.h"

#include "engine/session.h"
#include "test_memory.h"
#include "wire/call_header.h"

enum { MOST = 1000 };

static const struct becket_limits limits = {
	.call_header_size = 64,
	.call_header_entries = 2,
};

static const struct becket_type bytes_type = {
	.codec = &becket_codec_bytes,
	.size = sizeof(struct becket_bytes),
};

static struct stream_in
stream_of(struct test_memory *m, bool is_plain)
{
	return (struct stream_in){
		.memory = test_memory_of(m),
		.limits = &limits,
		.limit = MOST,
		.is_plain = is_plain,
	};
}

static becket_status
feed(struct stream_in *in, const void *data, size_t size)
{
	struct buffer piece = buffer_empty(in->memory);

	if (!buffer_append(&piece, data, size))
		return BECKET_S_OUT_OF_MEMORY;
	return stream_in_feed(in, &piece);
}

static becket_status
feed_hex(struct stream_in *in, const char *hex)
{
	uint8_t bytes[256];

	return feed(in, bytes, from_hex(hex, bytes));
}

/* The bytes that were dealt with. */
static size_t
expect_none(struct stream_in *in, becket_status status)
{
	struct buffer message;
	size_t consumed;

	assert_int_equal(stream_in_next(in, &message, &consumed), status);
	return consumed;
}

static size_t
expect_text(struct stream_in *in, const char *text)
{
	struct buffer message;
	size_t consumed;

	assert_int_equal(stream_in_next(in, &message, &consumed), BECKET_S_OK);
	assert_text(buffer_bytes(&message), text);
	buffer_fini(&message);
	return consumed;
}

static void
expect_hex(struct buffer *bytes, const char *hex)
{
	uint8_t expected[256];

	assert_bytes(buffer_bytes(bytes), expected, from_hex(hex, expected));
	buffer_fini(bytes);
}

/* ------------------------------------------------------------------ out -- */

static struct buffer
message_of(struct test_memory *m, bool is_plain, const char *text)
{
	const struct becket_bytes message = text_bytes(text);
	struct buffer bytes;

	assert_int_equal(stream_out_message(is_plain, &bytes_type, &message,
	                     test_memory_of(m), MOST, &bytes),
	    BECKET_S_OK);
	return bytes;
}

static void
a_message_goes_out_behind_its_size(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct buffer bytes;

	(void)state;
	bytes = message_of(&m, false, "abc");
	expect_hex(&bytes, "04 616263");
	bytes = message_of(&m, false, "");
	expect_hex(&bytes, "01");
	bytes = message_of(&m, true, "abc");
	expect_hex(&bytes, "616263");
	test_memory_end(&m);
}

static void
a_message_beyond_the_limit_does_not_go_out(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	const struct becket_bytes message = text_bytes("abcd");
	struct buffer bytes;

	(void)state;
	assert_int_equal(stream_out_message(false, &bytes_type, &message,
	                     test_memory_of(&m), 3, &bytes),
	    BECKET_S_LIMIT_EXCEEDED);
	test_memory_end(&m);
}

static void
a_head_goes_out_with_what_there_is_to_say(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	const struct frame nothing = { 0 }, time = { .remaining_us = 300 };
	struct buffer bytes;

	(void)state;
	assert_int_equal(stream_out_head(false, &nothing, test_memory_of(&m),
	                     &bytes),
	    BECKET_S_OK);
	expect_hex(&bytes, "02");
	assert_int_equal(stream_out_head(false, &time, test_memory_of(&m),
	                     &bytes),
	    BECKET_S_OK);
	expect_hex(&bytes, "03 03 08ac02");
	assert_int_equal(stream_out_head(true, &time, test_memory_of(&m),
	                     &bytes),
	    BECKET_S_OK);
	expect_hex(&bytes, "");
	test_memory_end(&m);
}

static void
a_trailer_goes_out_only_if_there_is_one(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct buffer bytes;

	(void)state;
	assert_int_equal(stream_out_trailer(text_bytes(""), test_memory_of(&m),
	                     &bytes),
	    BECKET_S_OK);
	expect_hex(&bytes, "");
	assert_int_equal(stream_out_trailer(text_bytes("xy"),
	                     test_memory_of(&m), &bytes),
	    BECKET_S_OK);
	expect_hex(&bytes, "00 7879");
	test_memory_end(&m);
}

/* ------------------------------------------------------------------- in -- */

/* flags, header with 300 us and k=v, "abc", "", trailer with x=yz */
static const char whole[] = "03 0b 08ac02 12060a016b120176 | 04616263 | 01 |"
                            "00 12070a0178120279 7a";

static void
check_whole(struct stream_in *in)
{
	struct becket_bytes metadata;
	struct call_header_entry entry;
	size_t consumed;

	consumed = expect_text(in, "abc");
	consumed += expect_text(in, "");
	consumed += expect_none(in, BECKET_X_PIPE_EMPTY);
	assert_int_equal(consumed, 28);
	assert_int_equal(in->remaining_us, 300);
	metadata = buffer_bytes(&in->metadata);
	assert_true(call_header_next(&metadata, &entry));
	assert_text(entry.key, "k");
	assert_text(entry.value, "v");
	metadata = buffer_bytes(&in->trailer);
	assert_true(call_header_next(&metadata, &entry));
	assert_text(entry.key, "x");
	assert_text(entry.value, "yz");
}

static void
messages_come_however_they_are_cut(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	uint8_t bytes[64];
	size_t size = from_hex(whole, bytes);

	(void)state;
	for (size_t cut = 1; cut <= size; cut++) {
		struct stream_in in = stream_of(&m, false);

		stream_in_init(&in);
		for (size_t at = 0; at < size; at += cut)
			assert_int_equal(feed(&in, bytes + at,
			                     cut < size - at ? cut : size - at),
			    BECKET_S_OK);
		assert_int_equal(stream_in_end(&in), BECKET_S_OK);
		check_whole(&in);
		stream_in_fini(&in);
	}
	test_memory_end(&m);
}

static void
a_stream_cut_short_is_an_error_behind_what_was_whole(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	uint8_t bytes[64];
	/* Where it may end: behind the head, the messages and the trailer. */
	static const size_t ends[] = { 13, 17, 18, 19, 28 };
	size_t size = from_hex(whole, bytes), legal = 0;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		struct stream_in in = stream_of(&m, false);
		bool is_end = cut == ends[legal];
		becket_status status;

		stream_in_init(&in);
		assert_int_equal(feed(&in, bytes, cut), BECKET_S_OK);
		(void)!stream_in_end(&in);
		if (cut >= 17)
			expect_text(&in, "abc");
		if (cut >= 18)
			expect_text(&in, "");
		status =
		    cut > 19 ? BECKET_X_BAD_STUB_DATA : BECKET_S_PROTOCOL_ERROR;
		expect_none(&in, is_end ? BECKET_X_PIPE_EMPTY : status);
		legal += is_end;
		stream_in_fini(&in);
	}
	assert_int_equal(legal, 5);
	test_memory_end(&m);
}

static void
an_end_says_at_once_what_is_wrong_with_it(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);

	(void)state;
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in, "02 04 61"), BECKET_S_OK);
	assert_int_equal(stream_in_end(&in), BECKET_S_PROTOCOL_ERROR);
	assert_true(stream_in_is_ready(&in));
	stream_in_fini(&in);
	test_memory_end(&m);
}

static void
readiness_is_a_message_or_an_end(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);

	(void)state;
	stream_in_init(&in);
	assert_false(stream_in_is_ready(&in));
	assert_int_equal(feed_hex(&in, "02 03 61"), BECKET_S_OK);
	assert_true(in.has_head);
	assert_false(stream_in_is_ready(&in));
	assert_int_equal(feed_hex(&in, "62"), BECKET_S_OK);
	assert_true(stream_in_is_ready(&in));
	expect_text(&in, "ab");
	assert_false(stream_in_is_ready(&in));
	assert_int_equal(stream_in_end(&in), BECKET_S_OK);
	assert_true(stream_in_is_ready(&in));
	expect_none(&in, BECKET_X_PIPE_EMPTY);
	stream_in_fini(&in);
	test_memory_end(&m);
}

struct bad {
	const char *hex;
	becket_status status;
};

static void
what_is_no_stream_cannot_go_on(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	static const struct bad bads[] = {
		{ "00 616263", BECKET_S_PROTOCOL_ERROR },  /* one message */
		{ "82 00", BECKET_S_PROTOCOL_ERROR },      /* unknown flag */
		{ "03 41", BECKET_S_LIMIT_EXCEEDED },      /* header of 65 */
		{ "03 02 12 05", BECKET_X_BAD_STUB_DATA }, /* cut in itself */
		{ "03 ff ff ff ff ff ff ff ff ff 02", BECKET_X_BAD_STUB_DATA },
		{ "02 ea 07", BECKET_S_LIMIT_EXCEEDED }, /* 1001 bytes */
		{ "02 ff ff ff ff ff ff ff ff ff 01", BECKET_S_LIMIT_EXCEEDED },
		{ "02 ff ff ff ff ff ff ff ff ff 02", BECKET_X_BAD_STUB_DATA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		struct stream_in in = stream_of(&m, false);

		stream_in_init(&in);
		assert_int_equal(feed_hex(&in, bads[i].hex), BECKET_S_OK);
		assert_true(stream_in_is_ready(&in));
		expect_none(&in, bads[i].status);
		assert_int_equal(feed_hex(&in, "02 01 01"), BECKET_S_OK);
		expect_none(&in, bads[i].status);
		stream_in_fini(&in);
	}
	test_memory_end(&m);
}

static void
a_trailer_is_bounded_and_checked(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);
	static const uint8_t much[65];

	(void)state;
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in, "02 00"), BECKET_S_OK);
	assert_int_equal(feed(&in, much, 64), BECKET_S_OK);
	expect_none(&in, BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(feed(&in, much, 1), BECKET_S_OK);
	expect_none(&in, BECKET_S_LIMIT_EXCEEDED);
	stream_in_fini(&in);

	in = stream_of(&m, false);
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in,
	                     "02 00 12030a0178 12030a0178 12030a0178"),
	    BECKET_S_OK);
	assert_int_equal(stream_in_end(&in), BECKET_S_LIMIT_EXCEEDED);
	stream_in_fini(&in);
	test_memory_end(&m);
}

static void
a_message_may_be_as_large_as_the_limit(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);
	static const uint8_t zeros[MOST];
	struct buffer message;
	size_t consumed;

	(void)state;
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in, "02 e9 07"), BECKET_S_OK);
	assert_int_equal(feed(&in, zeros, MOST), BECKET_S_OK);
	assert_int_equal(stream_in_next(&in, &message, &consumed), BECKET_S_OK);
	assert_int_equal(message.size, MOST);
	assert_int_equal(consumed, MOST + 3);
	assert_int_equal(in.held, 0);
	buffer_fini(&message);
	stream_in_fini(&in);
	test_memory_end(&m);
}

static void
bytes_of_an_unfinished_message_count_as_dealt_with(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);

	(void)state;
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in, "02 05 6162"), BECKET_S_OK);
	assert_int_equal(expect_none(&in, BECKET_S_ASYNC_CALL_PENDING), 4);
	/* What is behind it is not, as long as it is there. */
	assert_int_equal(feed_hex(&in, "6364 03 7879 02"), BECKET_S_OK);
	assert_int_equal(in.held, 8);
	assert_int_equal(expect_text(&in, "abcd"), 5);
	assert_int_equal(expect_text(&in, "xy"), 1);
	stream_in_fini(&in);
	test_memory_end(&m);
}

static void
what_is_announced_takes_no_memory_before_it_comes(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, false);

	(void)state;
	in.limit = 1u << 30;
	stream_in_init(&in);
	assert_int_equal(feed_hex(&in, "02 80808080 04 61"), BECKET_S_OK);
	expect_none(&in, BECKET_S_ASYNC_CALL_PENDING);
	assert_in_range(m.peak, 0, 1u << 17);
	stream_in_fini(&in);
	test_memory_end(&m);
}

static void
a_plain_piece_is_a_message_and_has_a_cost(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct stream_in in = stream_of(&m, true);

	(void)state;
	stream_in_init(&in);
	assert_true(in.has_head);
	assert_int_equal(expect_none(&in, BECKET_S_ASYNC_CALL_PENDING), 0);
	assert_int_equal(feed_hex(&in, "6162"), BECKET_S_OK);
	assert_int_equal(feed_hex(&in, ""), BECKET_S_OK);
	assert_int_equal(feed_hex(&in, "63"), BECKET_S_OK);
	assert_int_equal(expect_text(&in, "ab"), 2 + SESSION_MESSAGE_COST);
	assert_int_equal(expect_text(&in, ""), SESSION_MESSAGE_COST);
	assert_int_equal(stream_in_end(&in), BECKET_S_OK);
	assert_int_equal(expect_text(&in, "c"), 1 + SESSION_MESSAGE_COST);
	expect_none(&in, BECKET_X_PIPE_EMPTY);
	assert_int_equal(feed_hex(&in, "6162"), BECKET_S_OK);
	stream_in_fini(&in);
	test_memory_end(&m);
}

/* X_PIPE_EMPTY: all has come. */
static becket_status
feed_and_take(struct stream_in *in)
{
	becket_status status = BECKET_S_OK;
	struct buffer message;
	uint8_t bytes[64];
	size_t size = from_hex(whole, bytes), consumed;

	for (size_t at = 0; at < size && status == BECKET_S_OK; at += 7)
		status = feed(in, bytes + at, size - at < 7 ? size - at : 7);
	if (status == BECKET_S_OK)
		status = stream_in_end(in);
	while (status == BECKET_S_OK) {
		status = stream_in_next(in, &message, &consumed);
		if (status == BECKET_S_OK)
			buffer_fini(&message);
	}
	return status;
}

static void
every_allocation_may_fail(void **state)
{
	size_t n;

	(void)state;
	for (n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory m = test_memory(n);
		struct stream_in in = stream_of(&m, false);
		becket_status status;

		stream_in_init(&in);
		status = feed_and_take(&in);
		stream_in_fini(&in);
		test_memory_end(&m);
		assert_int_equal(status,
		    m.failed ? BECKET_S_OUT_OF_MEMORY : BECKET_X_PIPE_EMPTY);
		if (!m.failed)
			break;
	}
	assert_in_range(n, 3, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_goes_out_behind_its_size),
		cmocka_unit_test(a_message_beyond_the_limit_does_not_go_out),
		cmocka_unit_test(a_head_goes_out_with_what_there_is_to_say),
		cmocka_unit_test(a_trailer_goes_out_only_if_there_is_one),
		cmocka_unit_test(messages_come_however_they_are_cut),
		cmocka_unit_test(
		    a_stream_cut_short_is_an_error_behind_what_was_whole),
		cmocka_unit_test(an_end_says_at_once_what_is_wrong_with_it),
		cmocka_unit_test(readiness_is_a_message_or_an_end),
		cmocka_unit_test(what_is_no_stream_cannot_go_on),
		cmocka_unit_test(a_trailer_is_bounded_and_checked),
		cmocka_unit_test(a_message_may_be_as_large_as_the_limit),
		cmocka_unit_test(
		    bytes_of_an_unfinished_message_count_as_dealt_with),
		cmocka_unit_test(
		    what_is_announced_takes_no_memory_before_it_comes),
		cmocka_unit_test(a_plain_piece_is_a_message_and_has_a_cost),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
