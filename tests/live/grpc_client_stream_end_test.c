/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/hub.h"
#include "tests/live/stream_place.h"

/*
 * How streams of a client end. Each test runs for each protocol sequence.
 */

/* ----------------------------------------------------------------- ends -- */

static void
a_failure_comes_behind_what_was_sent_before(void **state)
{
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SOON, NULL);
	becket_status status;

	while ((status = flow_send(stream, SOON, flow_piece, FLOW_PIECE)) == 0)
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
is_driven(struct stream_place *place)
{
	struct hub *hub = place->echo.runtime->hub;
	bool is_driven;

	pthread_mutex_lock(&hub->lock);
	is_driven = hub->driver != NULL;
	pthread_mutex_unlock(&hub->lock);
	return is_driven;
}

struct sender {
	struct stream_place *place;
	atomic_uint sent;
};

/* Each time a connection is made that is not there yet. */
static void *
send_again_and_again(void *argument)
{
	struct sender *sender = argument;
	struct stream_place *place = sender->place;

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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, DEAF, NULL);
	struct becket_bytes *response;
	becket_status status;
	pthread_t thread;

	flow_fill(stream, DEAF);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, stream), 0);
	while ((status = flow_send(stream, DEAF, flow_piece, FLOW_PIECE)) == 0)
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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
	struct becket_stream *stream;

	becket_binding_free(&place->binding);
	place->binding = echo_bind(&place->echo,
	    place->which == STREAM_GRPC ? "grpc_ip_tcp:127.0.0.1[1]"
	                                : "ncacn_ip_tcp:127.0.0.1[1]");
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(becket_stream_cancel(stream), 0);
	assert_int_not_equal(flow_finish(&stream, TALK, NULL), 0);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
}

static void
an_aborted_stream_is_told_the_server(void **state)
{
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
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
	while (flow_send(stream, DEAF, flow_piece, FLOW_PIECE) == 0)
		;
	assert_int_equal(becket_error_last()->status, BECKET_X_PIPE_CLOSED);
	assert_int_equal(flow_finish(&stream, DEAF, &message),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(place->flow.ended == 2);
}

static void
a_handle_may_go_before_its_streams(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);

	becket_binding_free(&place->binding);
	assert_int_equal(flow_send(stream, TALK, "x", 1), 0);
	flow_expect(stream, TALK, "x");
	flow_expect_end(&stream, TALK);
}

static void
what_is_wrong_is_refused(void **state)
{
	struct stream_place *place = *state;
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
	assert_int_equal(flow_send(stream, SUM, flow_piece, 64 << 20),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	flow_expect_response(&stream, SUM, "1 1");
}

int
main(void)
{
	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	static STREAM_PLACES;
	const struct CMUnitTest tests[] = {
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
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("client stream end", tests, NULL,
	    NULL);
}
