/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/hub.h"
#include "io/line.h"
#include "tests/live/flow.h"

/*
 * Messages that wait for others, and who sees to it that they are sent. Each
 * test runs for each protocol sequence.
 */
struct place {
	size_t which;
	struct echo echo;
	struct flow flow;
	struct becket_binding *binding;
};

enum { LARGE = 16384, PATIENCE = 10000 };

static char large[LARGE];

static int
setup(void **state)
{
	const struct becket_server_options options = { .size = sizeof options,
		.workers = 4 };
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

static bool
is_gathered(struct place *place)
{
	struct hub *hub = place->echo.runtime->hub;
	size_t gathered = 0;

	pthread_mutex_lock(&hub->lock);
	list_for_each (node, &hub->lines)
		gathered += container_of(node, struct line, node)->gathered;
	pthread_mutex_unlock(&hub->lock);
	return gathered > 0;
}

/* How many it has taken: a thread may be kept from running for so long that one
 * more goes out at once.
 */
static unsigned
send_until_gathered(struct place *place, struct becket_stream *stream,
    uint16_t opnum)
{
	unsigned count = 0;

	becket_stream_set_gathering(stream, true);
	do {
		assert_int_equal(flow_send(stream, opnum, "x", 1), 0);
		count++;
	} while (!is_gathered(place) && count < PATIENCE);
	assert_in_range(count, 2, PATIENCE - 1);
	return count;
}

static void
expect_heard(struct place *place, unsigned count)
{
	WAIT_UNTIL(place->flow.heard >= count);
	assert_int_equal(place->flow.heard, count);
	assert_false(is_gathered(place));
}

static uint64_t
packets_in(struct place *place)
{
	struct becket_stats stats;

	becket_server_inq_stats(place->echo.server, &stats);
	return stats.packets_in;
}

/* ------------------------------------------------------------- how much -- */

static void
each_message_is_sent_at_once_if_nothing_is_said(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	for (unsigned i = 1; i <= 100; i++) {
		assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
		WAIT_UNTIL(place->flow.heard == i);
	}
	assert_true(packets_in(place) >= 100);
	flow_expect_response(&stream, SUM, "100 100");
}

static void
small_messages_go_together(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	becket_stream_set_gathering(stream, true);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	flow_expect_response(&stream, SUM, "10000 10000");
	assert_true(packets_in(place) < 5000);
}

static void
the_first_is_sent_at_once(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);

	becket_stream_set_gathering(stream, true);
	assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	expect_heard(place, 1);
	flow_expect_response(&stream, SUM, "1 1");
}

static void
much_is_sent_at_once(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = send_until_gathered(place, stream, SUM);

	assert_int_equal(flow_send(stream, SUM, large, LARGE), 0);
	expect_heard(place, count + 1);
	becket_stream_abort(&stream);
}

/* ------------------------------------------------------ what sends it -- */

static void
flush_sends_what_is_gathered(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = send_until_gathered(place, stream, SUM);

	becket_stream_flush(stream);
	expect_heard(place, count);
	becket_stream_abort(&stream);
}

static void
to_gather_no_longer_sends_it(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = send_until_gathered(place, stream, SUM);

	becket_stream_set_gathering(stream, false);
	expect_heard(place, count);
	assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	expect_heard(place, count + 1);
	becket_stream_abort(&stream);
}

static void
half_close_sends_it(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = send_until_gathered(place, stream, SUM);

	assert_int_equal(becket_stream_half_close(stream), 0);
	expect_heard(place, count);
	WAIT_UNTIL(place->flow.ended == 1);
	becket_stream_abort(&stream);
}

static void
who_has_nothing_to_receive_sends_it(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	unsigned count = send_until_gathered(place, stream, TALK);

	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	while (flow_receive(stream, TALK, &message) == 0)
		becket_stub_free(message);
	expect_heard(place, count);
	becket_stream_abort(&stream);
}

static void
who_waits_sends_it(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = send_until_gathered(place, stream, SUM);
	unsigned events;

	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE, 0,
	                     &events),
	    BECKET_S_ASYNC_CALL_PENDING);
	expect_heard(place, count);
	becket_stream_abort(&stream);
}

/* ----------------------------------------- who sends it in due course -- */

static void
a_loop_sends_it_in_due_course(void **state)
{
	struct place *place = *state;
	struct becket_runtime *runtime = place->echo.runtime;
	struct pollfd loop = { .events = POLLIN };
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count;

	loop.fd = becket_runtime_fd(runtime);
	assert_true(loop.fd >= 0);
	count = send_until_gathered(place, stream, SUM);
	while (is_gathered(place)) {
		int timeout = becket_runtime_timeout(runtime);

		assert_in_range(timeout, 0, PATIENCE);
		(void)!poll(&loop, 1, timeout);
		assert_true(becket_runtime_process(runtime));
	}
	expect_heard(place, count);
	becket_stream_abort(&stream);
}

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

/* Over another connection, and for as long as it likes. */
static void
another_thread_that_waits_sends_it_in_due_course(void **state)
{
	struct place *place = *state;
	struct becket_binding *other = echo_bind(&place->echo,
	    place->echo.addresses[place->which == 0 ? 1 : 0]);
	struct becket_stream *idle = flow_open(other, TALK, NULL);
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	unsigned count = 0;
	pthread_t thread;

	assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, drive, idle), 0);
	WAIT_UNTIL(is_driven(place));
	becket_stream_set_gathering(stream, true);
	for (unsigned i = 0; i < 20; i++) {
		for (int j = 0; j < 10; j++, count++)
			assert_int_equal(flow_send(stream, SUM, "x", 1), 0);
		expect_heard(place, count + 1);
	}
	assert_int_equal(becket_stream_cancel(idle), 0);
	pthread_join(thread, NULL);
	becket_stream_abort(&idle);
	becket_stream_abort(&stream);
	becket_binding_free(&other);
}

/* --------------------------------------------------------- and at last -- */

static void
turns_are_taken_with_gathering_too(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);

	becket_stream_set_gathering(stream, true);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(flow_send(stream, TALK, "a", 1), 0);
		assert_int_equal(flow_send(stream, TALK, "b", 1), 0);
		flow_expect(stream, TALK, "a");
		flow_expect(stream, TALK, "b");
	}
	flow_expect_end(&stream, TALK);
}

/* A window is less than what would be gathered. */
static void
a_window_is_no_obstacle(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream;

	becket_binding_free(&place->binding);
	place->echo.runtime->limits.stream_window = 512;
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	stream = flow_open(place->binding, SUM, NULL);
	becket_stream_set_gathering(stream, true);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(flow_send(stream, SUM, "abc", 3), 0);
	flow_expect_response(&stream, SUM, "5000 15000");
}

static void
what_is_gathered_may_be_given_up(void **state)
{
	struct place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, SUM, NULL);
	struct becket_bytes *response;

	(void)send_until_gathered(place, stream, SUM);
	becket_stream_abort(&stream);
	stream = flow_open(place->binding, SUM, NULL);
	(void)send_until_gathered(place, stream, SUM);
	assert_int_equal(becket_stream_cancel(stream), 0);
	assert_int_equal(flow_finish(&stream, SUM, &response),
	    BECKET_S_CALL_CANCELLED);
}

int
main(void)
{
	static struct place tcp = { .which = 0 }, local = { .which = 1 },
	                    grpc = { .which = 2 };
#define ONE(name, place) \
	{ \
#name " (" #place ")", name, setup, teardown, &(place) \
	}
#define ALL(name) ONE(name, tcp), ONE(name, local), ONE(name, grpc)
	const struct CMUnitTest tests[] = {
		ALL(each_message_is_sent_at_once_if_nothing_is_said),
		ALL(small_messages_go_together),
		ALL(the_first_is_sent_at_once),
		ALL(much_is_sent_at_once),
		ALL(flush_sends_what_is_gathered),
		ALL(to_gather_no_longer_sends_it),
		ALL(half_close_sends_it),
		ALL(who_has_nothing_to_receive_sends_it),
		ALL(who_waits_sends_it),
		ALL(a_loop_sends_it_in_due_course),
		ALL(another_thread_that_waits_sends_it_in_due_course),
		ALL(turns_are_taken_with_gathering_too),
		ALL(a_window_is_no_obstacle),
		ALL(what_is_gathered_may_be_given_up),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
