/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/clock.h"
#include "io/hub.h"
#include "io/pool.h"
#include "tests/live/flow.h"
#include "tests/live/proxy.h"

/*
 * Streams as a client has them. Each test runs for each protocol sequence.
 */
struct place {
	size_t which;
	struct echo echo;
	struct flow flow;
	struct becket_binding *binding;
};

enum { WORKERS = 64, GRPC = 2 };

static int
setup(void **state)
{
	const struct becket_server_options options = { .size = sizeof options,
		.workers = WORKERS };
	struct place *place = *state;

	echo_open_as(&place->echo, NULL, &options);
	flow_register(&place->flow, &place->echo);
	assert_int_equal(becket_server_listen(place->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    0);
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_binding_free(&place->binding);
	WAIT_UNTIL(place->flow.running == 0);
	echo_stop(&place->echo);
	return 0;
}

/* ---------------------------------------------------------- the four kinds */

static void
a_response_may_be_a_stream(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(flow_send(stream, SUM, "abc", 3), 0);
	flow_expect_response(&stream, SUM, "1000 3000");
}

static void
large_messages_are_sent_whole(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
	struct becket_stream *stream =
	    flow_open(place->binding, COUNT, "300 10000");

	flow_expect_end(&stream, COUNT);
	echo_expect(place->binding, ECHO, "x", "x");
}

/* -------------------------------------------------------------- windows -- */

enum { PIECE = 16384 };

static char piece[PIECE];

/* The server's answers have room in our window. */
static void
who_sends_reads_within_his_window(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 14; i++)
			assert_int_equal(flow_send(stream, TALK, piece, PIECE),
			    0);
		for (int i = 0; i < 14; i++) {
			assert_int_equal(flow_receive(stream, TALK, &message),
			    0);
			assert_int_equal(message->size, PIECE);
			becket_stub_free(message);
		}
	}
	flow_expect_end(&stream, TALK);
}

/* Fill it until it takes no more; how many it took. */
static unsigned
fill(struct becket_stream *stream, uint16_t opnum)
{
	unsigned sent = 0, events;
	becket_status status;

	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	do {
		while ((status = flow_send(stream, opnum, piece, PIECE)) == 0)
			assert_in_range(sent++, 0, 5000);
		assert_int_equal(status, BECKET_S_ASYNC_CALL_PENDING);
	} while (becket_stream_wait(stream, BECKET_STREAM_WRITABLE, 200,
	             &events) == 0);
	return sent;
}

static void
a_full_window_says_so(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, DEAF, NULL);
	unsigned sent = fill(stream, DEAF), events = 0;
	char text[32];

	atomic_store(&place->flow.gate, true);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_WRITABLE,
	                     20000, &events),
	    0);
	assert_int_equal(events, BECKET_STREAM_WRITABLE);
	assert_int_equal(flow_send(stream, DEAF, piece, PIECE), 0);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	assert_int_equal(flow_send(stream, DEAF, piece, PIECE), 0);
	snprintf(text, sizeof text, "%u %u", sent + 2, (sent + 2) * PIECE);
	flow_expect_response(&stream, DEAF, text);
}

static void
a_stream_that_does_not_wait_says_that_there_is_nothing(void **state)
{
	struct place *place = *state;
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
	struct place *place = *state;
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
	struct place *place = *state;
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

/* ----------------------------------------------------------------- ends -- */

static void
a_failure_comes_behind_what_was_sent_before(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, BREAK, "3");
	struct becket_bytes *message;

	for (int i = 0; i < 3; i++)
		flow_expect(stream, BREAK, "x");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(flow_receive(stream, BREAK, &message),
		    0x20001234);
		assert_string_equal(becket_error_last()->detail,
		    "no luck after 3");
		assert_string_equal(becket_error_last()->operation, "Break");
		assert_string_equal(becket_error_last()->interface,
		    "test.Flow");
		assert_int_equal(becket_error_last()->outcome, BECKET_EXECUTED);
	}
	assert_int_equal(flow_finish(&stream, BREAK, NULL), 0x20001234);
	assert_null(stream);
	assert_string_equal(becket_error_last()->detail, "no luck after 3");
}

static void
who_sends_after_the_end_is_told(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SOON, NULL);
	becket_status status;

	while ((status = flow_send(stream, SOON, piece, PIECE)) == 0)
		;
	assert_int_equal(status, BECKET_X_PIPE_CLOSED);
	assert_int_equal(becket_error_last()->status, BECKET_X_PIPE_CLOSED);
	flow_expect_response(&stream, SOON, "enough");
	stream = flow_open(place->binding, SUM, NULL);
	assert_int_equal(becket_stream_half_close(stream), 0);
	assert_int_equal(flow_send(stream, SUM, "x", 1), BECKET_X_PIPE_CLOSED);
	flow_expect_response(&stream, SUM, "0 0");
}

/* Over another connection than the place's, so that it drives what others need.
 */
static void *
drive(void *argument)
{
	struct becket_stream *stream = argument;
	struct becket_bytes *message;

	return (void *)(uintptr_t)flow_receive(stream, TALK, &message);
}

static bool
is_driven(struct place *place)
{
	struct hub *hub = place->echo.runtime->hub;
	bool is_driven;

	pthread_mutex_lock(&hub->lock);
	is_driven = hub->driver != NULL;
	pthread_mutex_unlock(&hub->lock);
	return is_driven;
}

struct sender {
	struct place *place;
	atomic_uint sent;
};

/* Each time a connection is made that is not there yet. */
static void *
send_again_and_again(void *argument)
{
	struct sender *sender = argument;
	struct place *place = sender->place;

	for (int i = 0; i < 100; i++) {
		struct becket_binding *binding = echo_bind(&place->echo,
		    place->echo.addresses[place->which]);
		struct becket_stream *stream = flow_open(binding, TALK, NULL);

		assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
		sender->sent++;
		flow_expect_end(&stream, TALK);
		assert_int_equal(becket_binding_reset(binding), 0);
		becket_binding_free(&binding);
	}
	return NULL;
}

static void
who_waits_to_send_learns_of_a_connection_that_another_makes(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = echo_bind(&place->echo,
	    place->echo.addresses[place->which == 0 ? 1 : 0]);
	struct becket_stream *idle = flow_open(binding, TALK, NULL);
	struct sender sender = { .place = place };
	pthread_t threads[2];

	assert_int_equal(flow_send(idle, TALK, "x", 1), 0);
	flow_expect(idle, TALK, "x");
	assert_int_equal(pthread_create(&threads[0], NULL, drive, idle), 0);
	WAIT_UNTIL(is_driven(place));
	assert_int_equal(pthread_create(&threads[1], NULL, send_again_and_again,
	                     &sender),
	    0);
	for (unsigned i = 1; i <= 100; i++)
		WAIT_UNTIL(sender.sent >= i);
	pthread_join(threads[1], NULL);
	assert_int_equal(becket_stream_cancel(idle), 0);
	pthread_join(threads[0], NULL);
	becket_stream_abort(&idle);
	becket_binding_free(&binding);
}

static void *
cancel_soon(void *argument)
{
	struct timespec pause = { .tv_nsec = 30000000 };

	nanosleep(&pause, NULL);
	return (void *)(uintptr_t)becket_stream_cancel(argument);
}

static void
another_thread_cancels_who_waits_to_receive(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	pthread_t thread;

	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, stream), 0);
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_S_CALL_CANCELLED);
	pthread_join(thread, NULL);
	assert_int_equal(flow_finish(&stream, TALK, NULL),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
}

static void
another_thread_cancels_who_waits_to_send(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, DEAF, NULL);
	struct becket_bytes *response;
	becket_status status;
	pthread_t thread;

	fill(stream, DEAF);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, stream), 0);
	while ((status = flow_send(stream, DEAF, piece, PIECE)) == 0)
		;
	assert_int_equal(status, BECKET_X_PIPE_CLOSED);
	pthread_join(thread, NULL);
	assert_int_equal(flow_finish(&stream, DEAF, &response),
	    BECKET_S_CALL_CANCELLED);
	assert_int_not_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
}

static void
a_server_that_goes_on_is_cut_off(void **state)
{
	struct place *place = *state;
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct becket_runtime_options options = { .size = sizeof options,
		.limits = &limits,
		.ncalrpc_dir = place->echo.dir };
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	struct becket_bytes *response;
	struct becket_stream *stream;

	limits.cancel_ms = 40;
	assert_int_equal(becket_runtime_new(&options, &runtime), 0);
	assert_int_equal(becket_binding_from_string_binding(runtime,
	                     place->echo.addresses[place->which], &binding),
	    0);
	stream = flow_open(binding, STUBBORN, NULL);
	assert_int_equal(flow_send(stream, STUBBORN, "x", 1), 0);
	WAIT_UNTIL(place->flow.running == 1);
	assert_int_equal(becket_stream_cancel(stream), 0);
	assert_int_equal(flow_finish(&stream, STUBBORN, &response),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	atomic_store(&place->flow.gate, true);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
}

static void
what_is_cancelled_before_it_is_sent_was_not_sent(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream;

	becket_binding_free(&place->binding);
	place->binding = echo_bind(&place->echo,
	    place->which == GRPC ? "grpc_ip_tcp:127.0.0.1[1]"
	                         : "ncacn_ip_tcp:127.0.0.1[1]");
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(becket_stream_cancel(stream), 0);
	assert_int_not_equal(flow_finish(&stream, TALK, NULL), 0);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
}

static void
an_aborted_stream_is_told_the_server(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);

	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	becket_stream_abort(&stream);
	assert_null(stream);
	becket_stream_abort(&stream);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
	stream = flow_open(place->binding, COUNT, "100000 1000");
	becket_stream_abort(&stream);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
an_aborted_flood_ends_at_the_server(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream =
	    flow_open(place->binding, COUNT, "1000000 10000");
	struct becket_bytes *message;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(flow_receive(stream, COUNT, &message), 0);
		becket_stub_free(message);
	}
	becket_stream_abort(&stream);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
a_deadline_ends_a_stream(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream;
	struct becket_bytes *message;

	becket_binding_set_next_timeout(place->binding, 500);
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(flow_finish(&stream, TALK, NULL),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(place->flow.ended == 1);
	assert_int_equal(place->flow.last, BECKET_S_CALL_CANCELLED);
	becket_binding_set_next_timeout(place->binding, 500);
	stream = flow_open(place->binding, DEAF, NULL);
	while (flow_send(stream, DEAF, piece, PIECE) == 0)
		;
	assert_int_equal(becket_error_last()->status, BECKET_X_PIPE_CLOSED);
	assert_int_equal(flow_finish(&stream, DEAF, &message),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(place->flow.ended == 2);
}

static void
a_handle_may_go_before_its_streams(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);

	becket_binding_free(&place->binding);
	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	flow_expect_end(&stream, TALK);
}

static void
what_is_wrong_is_refused(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { 0 }, *message;
	struct becket_stream *stream = NULL;

	assert_int_equal(becket_stub_open(NULL, &flow_interface, TALK, NULL,
	                     &stream),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_open(place->binding, &flow_interface, TALK,
	                     &request, &stream),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_open(place->binding, &flow_interface,
	                     COUNT, NULL, &stream),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_open(place->binding, &echo_interface, ECHO,
	                     &request, &stream),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_open(place->binding, &flow_interface,
	                     FLOW_OPERATIONS, NULL, &stream),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	request.size = SIZE_MAX / 2;
	assert_int_equal(becket_stub_open(place->binding, &flow_interface,
	                     COUNT, &request, &stream),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_null(stream);
	stream = flow_open(place->binding, SUM, NULL);
	assert_int_equal(flow_receive(stream, SUM, &message),
	    BECKET_X_WRONG_PIPE_ORDER);
	assert_int_equal(flow_send(stream, TALK, "x", 1), BECKET_S_INVALID_ARG);
	assert_int_equal(flow_send(stream, SUM, piece, 64 << 20),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	flow_expect_response(&stream, SUM, "1 1");
}

/* ----------------------------------------------------------- many at once */

static void
a_stream_has_a_connection_of_its_own_only_over_dce(void **state)
{
	struct place *place = *state;
	struct becket_stream *streams[5];

	for (int i = 0; i < 5; i++) {
		streams[i] = flow_open(place->binding, TALK, NULL);
		assert_int_equal(flow_send(streams[i], TALK, "x", 1), 0);
	}
	for (int i = 0; i < 5; i++)
		flow_expect(streams[i], TALK, "x");
	echo_expect(place->binding, ECHO, "beside", "beside");
	for (int i = 0; i < 5; i++)
		flow_expect_end(&streams[i], TALK);
	assert_int_equal(place->echo.runtime->pool->idle_count,
	    place->which == GRPC ? 2 : 6);
}

static void
a_stream_that_nobody_reads_stops_no_other(void **state)
{
	struct place *place = *state;
	struct becket_stream *deaf = flow_open(place->binding, DEAF, NULL);
	struct becket_stream *flood =
	    flow_open(place->binding, COUNT, "10000 10000");
	struct becket_stream *stream;
	struct becket_bytes *message;

	fill(deaf, DEAF);
	for (int i = 0; i < 20; i++) {
		stream = flow_open(place->binding, TALK, NULL);
		assert_int_equal(flow_send(stream, TALK, piece, PIECE), 0);
		assert_int_equal(flow_receive(stream, TALK, &message), 0);
		becket_stub_free(message);
		flow_expect_end(&stream, TALK);
	}
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(flow_receive(flood, COUNT, &message), 0);
		becket_stub_free(message);
	}
	flow_expect_end(&flood, COUNT);
	becket_stream_abort(&deaf);
}

static void
streams_wait_for_one_of_so_many_connections(void **state)
{
	struct place *place = *state;
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct becket_runtime_options options = { .size = sizeof options,
		.limits = &limits,
		.ncalrpc_dir = place->echo.dir };
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	struct becket_stream *streams[4];

	limits.connections_per_association = 3;
	assert_int_equal(becket_runtime_new(&options, &runtime), 0);
	assert_int_equal(becket_binding_from_string_binding(runtime,
	                     place->echo.addresses[place->which], &binding),
	    0);
	for (int i = 0; i < 3; i++) {
		streams[i] = flow_open(binding, TALK, NULL);
		assert_int_equal(flow_send(streams[i], TALK, "x", 1), 0);
		flow_expect(streams[i], TALK, "x");
	}
	becket_binding_set_next_timeout(binding, 50);
	streams[3] = flow_open(binding, TALK, NULL);
	assert_int_equal(flow_send(streams[3], TALK, "x", 1),
	    BECKET_X_PIPE_CLOSED);
	assert_int_equal(flow_finish(&streams[3], TALK, NULL),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(strstr(becket_error_last()->sentence,
	    "all 3 connections to the server are busy"));
	streams[3] = flow_open(binding, TALK, NULL);
	flow_expect_end(&streams[0], TALK);
	assert_int_equal(flow_send(streams[3], TALK, "y", 1), 0);
	flow_expect(streams[3], TALK, "y");
	for (int i = 1; i < 4; i++)
		flow_expect_end(&streams[i], TALK);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
}

/* ---------------------------------------------------- a loop of one's own */

struct talker {
	struct becket_stream *stream;
	unsigned sent, received, left;
	unsigned *ended;
};

static void
talk_on(void *user, struct becket_stream *stream)
{
	struct talker *talker = user;
	struct becket_bytes *message;
	becket_status status;

	assert_ptr_equal(stream, talker->stream);
	while (talker->received < talker->left) {
		while (talker->sent < talker->left &&
		       (status = flow_send(stream, TALK, piece, 1000)) == 0)
			talker->sent++;
		status = flow_receive(stream, TALK, &message);
		if (status == BECKET_S_ASYNC_CALL_PENDING)
			break;
		assert_int_equal(status, 0);
		becket_stub_free(message);
		talker->received++;
	}
	if (talker->received < talker->left)
		return;
	status = flow_finish(&talker->stream, TALK, NULL);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	assert_int_equal(status, 0);
	++*talker->ended;
}

static void
run_loop(struct becket_runtime *runtime)
{
	do {
		struct pollfd p = { becket_runtime_fd(runtime),
			becket_runtime_events(runtime), 0 };

		assert_in_range(poll(&p, 1, becket_runtime_timeout(runtime)), 0,
		    1);
	} while (becket_runtime_process(runtime));
}

static void
a_loop_serves_many_streams(void **state)
{
	struct place *place = *state;
	struct talker talkers[50] = { { 0 } };
	unsigned ended = 0;

	for (int i = 0; i < 50; i++) {
		talkers[i] = (struct talker){ .left = 500, .ended = &ended };
		talkers[i].stream = flow_open(place->binding, TALK, NULL);
		assert_int_equal(becket_stream_set_nonblocking(talkers[i]
		                                                   .stream,
		                     true),
		    0);
		assert_int_equal(becket_stream_set_callback(talkers[i].stream,
		                     talk_on, &talkers[i]),
		    0);
	}
	run_loop(place->echo.runtime);
	assert_int_equal(ended, 50);
}

static void
note_end(void *user, struct becket_stream *stream)
{
	struct becket_bytes *message;
	becket_status status = flow_receive(stream, TALK, &message);

	if (status != BECKET_S_ASYNC_CALL_PENDING)
		*(becket_status *)user = status;
}

static void
look_away(void *user, struct becket_stream *stream)
{
	(void)user;
	(void)stream;
}

static void *
talk_with_a_callback(void *argument)
{
	struct place *place = argument;

	for (int i = 0; i < 100; i++) {
		struct becket_stream *stream =
		    flow_open(place->binding, TALK, NULL);

		assert_int_equal(becket_stream_set_callback(stream, look_away,
		                     NULL),
		    0);
		assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
		flow_expect(stream, TALK, "x");
		flow_expect_end(&stream, TALK);
	}
	return NULL;
}

/* Whose callbacks are due is one list for all. */
static void
streams_with_callbacks_end_in_any_thread(void **state)
{
	enum { MANY = 4 };
	struct place *place = *state;
	pthread_t threads[MANY];

	for (int i = 0; i < MANY; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     talk_with_a_callback, place),
		    0);
	for (int i = 0; i < MANY; i++)
		pthread_join(threads[i], NULL);
	assert_false(becket_runtime_process(place->echo.runtime));
}

static void
a_loop_learns_of_deadlines(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream;
	becket_status last = 0;

	becket_binding_set_next_timeout(place->binding, 60);
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	assert_int_equal(becket_stream_set_callback(stream, note_end, &last),
	    0);
	run_loop(place->echo.runtime);
	assert_int_equal(last, BECKET_S_CALL_CANCELLED);
	assert_int_equal(flow_finish(&stream, TALK, NULL),
	    BECKET_S_CALL_CANCELLED);
}

/* -------------------------------------------------------------- threads -- */

static void *
receive_all(void *argument)
{
	struct becket_bytes *message;
	uintptr_t count = 0;

	while (flow_receive(argument, TALK, &message) == 0) {
		count += message->size == 100;
		becket_stub_free(message);
	}
	return (void *)count;
}

static void
one_thread_sends_while_another_receives(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	pthread_t thread;
	void *count;

	assert_int_equal(pthread_create(&thread, NULL, receive_all, stream), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(flow_send(stream, TALK, piece, 100), 0);
	assert_int_equal(becket_stream_half_close(stream), 0);
	pthread_join(thread, &count);
	assert_int_equal((uintptr_t)count, 20000);
	flow_expect_end(&stream, TALK);
}

enum { THREADS = 12, ROUNDS = 15 };

static void *
open_and_talk(void *argument)
{
	struct place *place = argument;
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct becket_stream *stream;
		struct becket_bytes *message;

		if (becket_stub_open(place->binding, &flow_interface, TALK,
		        NULL, &stream) != 0)
			return (void *)1;
		for (int j = 0; j < 10; j++) {
			wrong += flow_send(stream, TALK, piece, 5000) != 0;
			if (flow_receive(stream, TALK, &message) == 0)
				becket_stub_free(message);
			else
				wrong++;
		}
		if (i % 5 == 1)
			becket_stream_abort(&stream);
		else
			wrong += flow_finish(&stream, TALK, NULL) != 0;
	}
	return (void *)wrong;
}

static void
many_threads_have_streams(void **state)
{
	struct place *place = *state;
	pthread_t threads[THREADS];
	void *wrong;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     open_and_talk, place),
		    0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void
a_child_is_told_that_streams_are_stale(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	int status = -1;
	pid_t child;

	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	child = fork();
	if (child == 0) {
		bool well = flow_send(stream, TALK, "y", 1) ==
		                BECKET_S_STALE_AFTER_FORK &&
		            flow_receive(stream, TALK, &message) ==
		                BECKET_S_STALE_AFTER_FORK &&
		            flow_finish(&stream, TALK, NULL) ==
		                BECKET_S_STALE_AFTER_FORK;

		becket_stream_abort(&stream);
		_exit(well ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(flow_send(stream, TALK, "z", 1), 0);
	flow_expect(stream, TALK, "z");
	flow_expect_end(&stream, TALK);
}

/* ------------------------------------------------ servers that are lost */

static struct becket_binding *
bind_through(struct place *place, struct proxy *proxy)
{
	char string[64];

	proxy_start(proxy, place->echo.port);
	snprintf(string, sizeof string, "%s%s",
	    place->which == GRPC ? "grpc_ip_tcp" : "ncacn_ip_tcp",
	    strchr(proxy->string, ':'));
	return echo_bind(&place->echo, string);
}

static void
a_server_that_dies_amid_a_stream_is_noticed(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream;
	struct becket_binding *binding;
	struct becket_bytes *message;
	becket_status status;
	struct proxy proxy;

	for (int i = 0; i < 4; i++) {
		binding = bind_through(place, &proxy);
		stream = flow_open(binding, i < 2 ? COUNT : DEAF,
		    i < 2 ? "100000 1000" : NULL);
		proxy_arm(&proxy, i < 2 ? PROXY_RESPONSES : PROXY_REQUESTS,
		    50000, i % 2);
		do {
			if (i < 2)
				status = flow_receive(stream, COUNT, &message);
			else
				status = flow_send(stream, DEAF, piece, PIECE);
			if (status == 0 && i < 2)
				becket_stub_free(message);
		} while (status == 0);
		if (i >= 2)
			assert_int_equal(status, BECKET_X_PIPE_CLOSED);
		status = flow_finish(&stream, i < 2 ? COUNT : DEAF,
		    i < 2 ? NULL : &message);
		/* The end amid a PDU is no way to behave. */
		if (status != BECKET_S_PROTOCOL_ERROR || i != 0)
			assert_int_equal(status, BECKET_S_CALL_FAILED);
		assert_int_equal(becket_error_last()->outcome,
		    BECKET_MAYBE_EXECUTED);
		becket_binding_free(&binding);
		proxy_stop(&proxy);
	}
}

/* Both windows are full when it dies. */
static void
what_came_before_a_hang_up_is_received(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	unsigned received = 0;
	becket_status status;

	fill(stream, TALK);
	becket_server_stop_now(place->echo.server);
	assert_int_equal(becket_server_wait(place->echo.server), 0);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	while ((status = flow_send(stream, TALK, piece, PIECE)) == 0)
		;
	assert_int_equal(status, BECKET_X_PIPE_CLOSED);
	while ((status = flow_receive(stream, TALK, &message)) == 0) {
		assert_int_equal(message->size, PIECE);
		becket_stub_free(message);
		received++;
	}
	assert_int_not_equal(status, BECKET_X_PIPE_EMPTY);
	assert_in_range(received, 1, 10000);
	assert_int_equal(flow_finish(&stream, TALK, NULL), status);
	assert_int_not_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
}

static void
nobody_there_is_told(void **state)
{
	struct place *place = *state;
	struct becket_bytes *message;
	struct becket_stream *stream;

	becket_binding_free(&place->binding);
	place->binding = echo_bind(&place->echo,
	    place->which == GRPC ? "grpc_ip_tcp:127.0.0.1[1]"
	                         : "ncacn_ip_tcp:127.0.0.1[1]");
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(flow_send(stream, TALK, "x", 1), BECKET_X_PIPE_CLOSED);
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_int_equal(flow_finish(&stream, TALK, NULL),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "Connection refused"));
	assert_string_equal(becket_error_last()->endpoint, "1");
}

/* --------------------------------------------------------------- memory -- */

struct scarce {
	size_t fail_at, count;
	ptrdiff_t live;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct scarce *scarce = user;
	void *new = NULL;

	if (new_size > 0 && scarce->count++ == scarce->fail_at)
		return NULL;
	if (new_size > 0)
		new = realloc(old, new_size);
	else
		free(old);
	scarce->live += (ptrdiff_t)new_size - (ptrdiff_t)old_size;
	return new;
}

static bool
talk_once(struct becket_binding *binding)
{
	struct becket_stream *stream;
	struct becket_bytes *message;
	bool well;

	if (becket_stub_open(binding, &flow_interface, TALK, NULL, &stream) !=
	    0)
		return false;
	well = flow_send(stream, TALK, piece, 100) == 0 &&
	       flow_send(stream, TALK, piece, 2000) == 0;
	for (int i = 0; i < 2 && well; i++) {
		well = flow_receive(stream, TALK, &message) == 0;
		if (well)
			becket_stub_free(message);
	}
	well &= flow_finish(&stream, TALK, NULL) == 0;
	assert_null(stream);
	return well;
}

static bool
talk_with(struct place *place, struct scarce *scarce)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, scarce },
		.ncalrpc_dir = place->echo.dir,
	};
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	bool well = false;

	if (becket_runtime_new(&options, &runtime) != 0)
		return false;
	assert_int_equal(becket_grpc_enable(runtime), 0);
	if (becket_binding_from_string_binding(runtime,
	        place->echo.addresses[place->which], &binding) == 0) {
		well = talk_once(binding);
		becket_binding_free(&binding);
	}
	becket_runtime_free(runtime);
	return well;
}

static void
streams_without_memory_fail_cleanly(void **state)
{
	struct place *place = *state;
	unsigned failures = 0;

	for (size_t i = 0;; i++) {
		struct scarce scarce = { .fail_at = i };
		bool well = talk_with(place, &scarce);

		assert_int_equal(scarce.live, 0);
		if (scarce.count <= i) {
			assert_true(well);
			break;
		}
		failures += !well;
	}
	assert_in_range(failures, 15, 1000);
}

int
main(void)
{
	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	static struct place tcp = { .which = 0 }, local = { .which = 1 },
	                    grpc = { .which = GRPC };
#define ONE(name, place) \
	{ \
#name " (" #place ")", name, setup, teardown, &(place) \
	}
#define ALL(name)    ONE(name, tcp), ONE(name, local), ONE(name, grpc)
#define REMOTE(name) ONE(name, tcp), ONE(name, grpc)
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
		ALL(a_failure_comes_behind_what_was_sent_before),
		ALL(who_sends_after_the_end_is_told),
		ALL(another_thread_cancels_who_waits_to_receive),
		ALL(who_waits_to_send_learns_of_a_connection_that_another_makes),
		ALL(another_thread_cancels_who_waits_to_send),
		ONE(a_server_that_goes_on_is_cut_off, tcp),
		ONE(a_server_that_goes_on_is_cut_off, local),
		REMOTE(what_is_cancelled_before_it_is_sent_was_not_sent),
		ALL(an_aborted_stream_is_told_the_server),
		ALL(an_aborted_flood_ends_at_the_server),
		ALL(a_deadline_ends_a_stream),
		ALL(a_handle_may_go_before_its_streams),
		ALL(what_is_wrong_is_refused),
		ALL(a_stream_has_a_connection_of_its_own_only_over_dce),
		ALL(a_stream_that_nobody_reads_stops_no_other),
		ONE(streams_wait_for_one_of_so_many_connections, tcp),
		ONE(streams_wait_for_one_of_so_many_connections, local),
		ALL(a_loop_serves_many_streams),
		ALL(streams_with_callbacks_end_in_any_thread),
		ALL(a_loop_learns_of_deadlines),
		ALL(one_thread_sends_while_another_receives),
		ALL(many_threads_have_streams),
		ALL(a_child_is_told_that_streams_are_stale),
		REMOTE(a_server_that_dies_amid_a_stream_is_noticed),
		ALL(what_came_before_a_hang_up_is_received),
		REMOTE(nobody_there_is_told),
		ALL(streams_without_memory_fail_cleanly),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
