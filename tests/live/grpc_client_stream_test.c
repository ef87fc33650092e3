/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/stream_place.h"

/*
 * Streams as a client has them: the four kinds, and what windows do. Each test
 * runs for each protocol sequence.
 */

/* ---------------------------------------------------------- the four kinds */

static void
a_response_may_be_a_stream(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream =
	    flow_open(place->binding, COUNT, "1000 3");
	struct becket_bytes *message;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(flow_receive(stream, COUNT, &message), 0);
		assert_int_equal(message->size, 3);
		assert_int_equal(message->data[2], 'a' + i % 26);
		becket_stub_free(message);
	}
	assert_int_equal(flow_receive(stream, COUNT, &message),
	    BECKET_X_PIPE_EMPTY);
	flow_expect_end(&stream, COUNT);
}

static void
messages_may_be_empty_and_larger_than_the_window(void **state)
{
	struct stream_place *place = *state;
	const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 3000000 };
	struct becket_bytes *message;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct becket_stream *stream;
		char text[32];

		snprintf(text, sizeof text, "3 %zu", sizes[i]);
		stream = flow_open(place->binding, COUNT, text);
		for (int j = 0; j < 3; j++) {
			assert_int_equal(flow_receive(stream, COUNT, &message),
			    0);
			assert_int_equal(message->size, sizes[i]);
			becket_stub_free(message);
		}
		flow_expect_end(&stream, COUNT);
	}
}

static void
a_request_may_be_a_stream(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(flow_send(stream, SUM, "abc", 3), 0);
	flow_expect_response(&stream, SUM, "1000 3000");
}

static void
large_messages_are_sent_whole(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	char *data = calloc(1, 3000000);

	for (int i = 0; i < 5; i++)
		assert_int_equal(flow_send(stream, SUM, data, 3000000), 0);
	flow_expect_response(&stream, SUM, "5 15000000");
	free(data);
}

static void
both_may_be_streams_and_take_turns(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	char text[16];

	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(flow_send(stream, TALK, text, strlen(text)),
		    0);
		flow_expect(stream, TALK, text);
	}
	assert_int_equal(becket_stream_half_close(stream), 0);
	assert_int_equal(becket_stream_half_close(stream), 0);
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_X_PIPE_EMPTY);
	flow_expect_end(&stream, TALK);
}

static void
a_stream_without_a_message_is_one(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	flow_expect_response(&stream, SUM, "0 0");
	stream = flow_open(place->binding, TALK, NULL);
	flow_expect_end(&stream, TALK);
	stream = flow_open(place->binding, COUNT, "0 0");
	flow_expect_end(&stream, COUNT);
}

static void
the_server_may_speak_first(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, GREET, NULL);

	flow_expect(stream, GREET, "hello");
	assert_int_equal(flow_send(stream, GREET, "x", 1), 0);
	flow_expect(stream, GREET, "x");
	flow_expect_end(&stream, GREET);
}

static void
expect_metadata(struct becket_metadata *metadata,
    enum becket_metadata_list list, const char *name, const char *expected)
{
	struct becket_bytes value = { 0 };
	bool is_there = becket_metadata_find(metadata, list, name, &value);

	assert_int_equal(is_there, expected != NULL);
	if (is_there)
		assert_string_equal((const char *)value.data, expected);
}

static void
metadata_go_along_with_streams(void **state)
{
	struct stream_place *place = *state;
	struct becket_metadata *metadata;
	struct becket_stream *stream;

	assert_int_equal(becket_metadata_new(place->echo.runtime, &metadata),
	    0);
	assert_int_equal(becket_metadata_add(metadata, "x-name", "Ann", 3), 0);
	for (int i = 0; i < 2; i++) {
		becket_binding_set_next_metadata(place->binding, metadata);
		stream = flow_open(place->binding, GREET, NULL);
		expect_metadata(metadata, BECKET_METADATA_INITIAL, "x-name",
		    NULL);
		if (i == 0) {
			flow_expect(stream, GREET, "hello");
			expect_metadata(metadata, BECKET_METADATA_INITIAL,
			    "x-name", "Ann");
		}
		expect_metadata(metadata, BECKET_METADATA_TRAILING, "x-cost",
		    NULL);
		flow_expect_end(&stream, GREET);
		expect_metadata(metadata, BECKET_METADATA_INITIAL, "x-name",
		    "Ann");
		expect_metadata(metadata, BECKET_METADATA_TRAILING, "x-cost",
		    "7");
	}
	becket_binding_set_next_metadata(place->binding, metadata);
	stream = flow_open(place->binding, BREAK, "2");
	assert_int_equal(flow_finish(&stream, BREAK, NULL), 0x20001234);
	expect_metadata(metadata, BECKET_METADATA_TRAILING, "x-why",
	    "no reason");
	becket_metadata_free(&metadata);
}

static void
finish_throws_away_what_was_not_received(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream =
	    flow_open(place->binding, COUNT, "300 10000");

	flow_expect_end(&stream, COUNT);
	echo_expect(place->binding, ECHO, "x", "x");
}

/* -------------------------------------------------------------- windows -- */

/* The server's answers have room in our window. */
static void
who_sends_reads_within_his_window(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 14; i++)
			assert_int_equal(flow_send(stream, TALK, flow_piece,
			                     FLOW_PIECE),
			    0);
		for (int i = 0; i < 14; i++) {
			assert_int_equal(flow_receive(stream, TALK, &message),
			    0);
			assert_int_equal(message->size, FLOW_PIECE);
			becket_stub_free(message);
		}
	}
	flow_expect_end(&stream, TALK);
}

static void
a_full_window_says_so(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, DEAF, NULL);
	unsigned sent = flow_fill(stream, DEAF), events = 0;
	char text[32];

	atomic_store(&place->flow.gate, true);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_WRITABLE,
	                     20000, &events),
	    0);
	assert_int_equal(events, BECKET_STREAM_WRITABLE);
	assert_int_equal(flow_send(stream, DEAF, flow_piece, FLOW_PIECE), 0);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	assert_int_equal(flow_send(stream, DEAF, flow_piece, FLOW_PIECE), 0);
	snprintf(text, sizeof text, "%u %u", sent + 2, (sent + 2) * FLOW_PIECE);
	flow_expect_response(&stream, DEAF, text);
}

static void
a_stream_that_does_not_wait_says_that_there_is_nothing(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	unsigned events = 77;

	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE, 0,
	                     &events),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE, 20,
	                     &events),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(events, 77);
	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	assert_int_equal(becket_stream_wait(stream,
	                     BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE,
	                     20000, &events),
	    0);
	assert_int_not_equal(events & BECKET_STREAM_WRITABLE, 0);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE,
	                     20000, &events),
	    0);
	assert_int_equal(events, BECKET_STREAM_READABLE);
	flow_expect(stream, TALK, "x");
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	flow_expect_end(&stream, TALK);
}

static void
finish_need_not_wait(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, DEAF, NULL);
	struct becket_bytes *response;
	unsigned events;

	assert_int_equal(flow_send(stream, DEAF, "x", 1), 0);
	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(flow_finish(&stream, DEAF, &response),
		    BECKET_S_ASYNC_CALL_PENDING);
	assert_non_null(stream);
	atomic_store(&place->flow.gate, true);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE,
	                     20000, &events),
	    0);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	flow_expect_response(&stream, DEAF, "1 1");
}

/* Somebody must do it who only looks again and again. */
static void
looking_again_and_again_is_enough(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	becket_status status;

	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	while ((status = flow_receive(stream, TALK, &message)) ==
	       BECKET_S_ASYNC_CALL_PENDING)
		echo_yield();
	assert_int_equal(status, 0);
	becket_stub_free(message);
	while ((status = flow_finish(&stream, TALK, NULL)) ==
	       BECKET_S_ASYNC_CALL_PENDING)
		echo_yield();
	assert_int_equal(status, 0);
}

int
main(void)
{
	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	static STREAM_PLACES;
	const struct CMUnitTest tests[] = {
		ALL(a_response_may_be_a_stream),
		ALL(messages_may_be_empty_and_larger_than_the_window),
		ALL(a_request_may_be_a_stream),
		ALL(large_messages_are_sent_whole),
		ALL(both_may_be_streams_and_take_turns),
		ALL(a_stream_without_a_message_is_one),
		ALL(the_server_may_speak_first),
		ALL(metadata_go_along_with_streams),
		ALL(finish_throws_away_what_was_not_received),
		ALL(who_sends_reads_within_his_window),
		ALL(a_full_window_says_so),
		ALL(a_stream_that_does_not_wait_says_that_there_is_nothing),
		ALL(finish_need_not_wait),
		ALL(looking_again_and_again_is_enough),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("client stream", tests, NULL, NULL);
}
