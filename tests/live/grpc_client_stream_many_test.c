/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/pool.h"
#include "tests/live/stream_place.h"

/*
 * Many streams of a client at once, in a loop of one's own, and in many
 * threads. Each test runs for each protocol sequence.
 */

/* ----------------------------------------------------------- many at once */

static void
a_stream_has_a_connection_of_its_own_only_over_dce(void **state)
{
	struct stream_place *place = *state;
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
	    place->which == STREAM_GRPC ? 2 : 6);
}

static void
a_stream_that_nobody_reads_stops_no_other(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *deaf = flow_open(place->binding, DEAF, NULL);
	struct becket_stream *flood =
	    flow_open(place->binding, COUNT, "10000 10000");
	struct becket_stream *stream;
	struct becket_bytes *message;

	flow_fill(deaf, DEAF);
	for (int i = 0; i < 20; i++) {
		stream = flow_open(place->binding, TALK, NULL);
		assert_int_equal(flow_send(stream, TALK, flow_piece,
		                     FLOW_PIECE),
		    0);
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
	struct stream_place *place = *state;
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
		while (
		    talker->sent < talker->left &&
		    (status = flow_send(stream, TALK, flow_piece, 1000)) == 0)
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
	struct stream_place *place = *state;
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
	struct stream_place *place = argument;

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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	pthread_t thread;
	void *count;

	assert_int_equal(pthread_create(&thread, NULL, receive_all, stream), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(flow_send(stream, TALK, flow_piece, 100), 0);
	assert_int_equal(becket_stream_half_close(stream), 0);
	pthread_join(thread, &count);
	assert_int_equal((uintptr_t)count, 20000);
	flow_expect_end(&stream, TALK);
}

enum { THREADS = 12, ROUNDS = 15 };

static void *
open_and_talk(void *argument)
{
	struct stream_place *place = argument;
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct becket_stream *stream;
		struct becket_bytes *message;

		if (becket_stub_open(place->binding, &flow_interface, TALK,
		        NULL, &stream) != 0)
			return (void *)1;
		for (int j = 0; j < 10; j++) {
			wrong += flow_send(stream, TALK, flow_piece, 5000) != 0;
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
	struct stream_place *place = *state;
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
	struct stream_place *place = *state;
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

int
main(void)
{
	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	static STREAM_PLACES;
	const struct CMUnitTest tests[] = {
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
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("client stream many", tests, NULL,
	    NULL);
}
