/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "grpc/door.h"
#include "io/clock.h"
#include "tests/live/stream_bench.h"

/*
 * The server's end of streams, with a client by hand. Every test is run over
 * TCP, over a Unix socket and over gRPC; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct session *
make_session(void)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct door_client_config config = {
		.memory = &wire_memory,
		.limits = &limits,
		.authority = "localhost",
		.now = clock_now(),
	};
	struct session *session;

	assert_int_equal(grpc_client_session_new(&config, &session),
	    BECKET_S_OK);
	return session;
}

static void
expect_count(struct wire_client *client, unsigned count, size_t size)
{
	for (unsigned i = 0; i < count; i++) {
		struct buffer message;

		assert_int_equal(wire_receive(client, &message), BECKET_S_OK);
		assert_int_equal(message.size, size);
		if (size > 0)
			assert_int_equal(message.data[0], (uint8_t)i);
		buffer_fini(&message);
	}
	wire_expect_end(client, BECKET_S_OK);
}

static void
ask(struct wire_client *client, uint16_t opnum, const char *text)
{
	wire_begin(client, opnum, 0);
	wire_say(client, text);
	wire_half_close(client);
}

static void
a_server_streams(void **state)
{
	static const uint16_t both[] = { POUR, POUR_ON };
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	for (size_t i = 0; i < 2; i++) {
		ask(&client, both[i], "1000 100");
		expect_count(&client, 1000, 100);
		ask(&client, both[i], "0 0");
		expect_count(&client, 0, 0);
		ask(&client, both[i], "100 0");
		expect_count(&client, 100, 0);
		/* larger than the window */
		ask(&client, both[i], "10 1000000");
		expect_count(&client, 10, 1000000);
	}
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
add_up(struct wire_client *client, uint16_t opnum, unsigned count, size_t size)
{
	uint8_t *data = calloc(1, size + 1);
	char text[48];

	wire_begin(client, opnum, 0);
	for (unsigned i = 0; i < count; i++)
		wire_send(client, data, size);
	wire_half_close(client);
	snprintf(text, sizeof text, "%u %zu", count, count * size);
	wire_expect(client, text);
	wire_expect_end(client, BECKET_S_OK);
	free(data);
}

static void
a_client_streams(void **state)
{
	static const uint16_t both[] = { ADD, ADD_ON };
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	for (size_t i = 0; i < 2; i++) {
		add_up(&client, both[i], 0, 0);
		add_up(&client, both[i], 1000, 100);
		add_up(&client, both[i], 5000, 0);
		add_up(&client, both[i], 10, 1000000);
	}
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
both_stream_in_turns(void **state)
{
	static const uint16_t both[] = { CHAT, CHAT_ON };
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	for (size_t i = 0; i < 2; i++) {
		wire_begin(&client, both[i], 0);
		for (unsigned j = 0; j < 100; j++) {
			wire_say(&client, "ping");
			wire_expect(&client, "ping");
		}
		for (unsigned j = 0; j < 100; j++)
			wire_say(&client, "pong");
		wire_half_close(&client);
		for (unsigned j = 0; j < 100; j++)
			wire_expect(&client, "pong");
		wire_expect_end(&client, BECKET_S_OK);
	}
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
a_failure_comes_behind_what_was_sent(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	ask(&client, FAIL_LATE, "");
	wire_expect(&client, "one");
	wire_expect(&client, "two");
	wire_expect_end(&client, 0x20001234);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
one_message_is_one_message(void **state)
{
	static const uint8_t large[300 << 10]; /* more than a window */
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, POUR, 0);
	wire_half_close(&client);
	wire_expect_end(&client, BECKET_S_PROTOCOL_ERROR);
	wire_begin(&client, POUR, 0);
	wire_say(&client, "1 1");
	wire_say(&client, "2 1");
	wire_half_close(&client);
	wire_expect_end(&client, BECKET_S_PROTOCOL_ERROR);
	/* Who says too much need not come to an end. */
	wire_begin(&client, POUR, 0);
	wire_say(&client, "1 1");
	wire_say(&client, "2 1");
	wire_expect_end(&client, BECKET_S_PROTOCOL_ERROR);
	wire_close(&client);
	/* Nor where the first is all that there is room for. */
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, POUR, 0);
	wire_send(&client, large, sizeof large);
	wire_say(&client, "2 1");
	wire_expect_end(&client, BECKET_S_PROTOCOL_ERROR);
	wire_close(&client);
	stream_bench_connect(&bench, which(state), &client);
	ask(&client, POUR, "1 1");
	expect_count(&client, 1, 1);
	wire_close(&client);
	stream_bench_stop(&bench);
}

/* Where the window ends, nothing else that comes is read. */
static void
a_request_fills_the_window(void **state)
{
	enum { WINDOW = 1024, AROUND = 8 };
	const struct becket_limits limits = { .stream_window = WINDOW };
	struct stream_bench bench;
	struct wire_client client;
	char *text = malloc(WINDOW + 1);

	memset(text, ' ', WINDOW);
	stream_bench_start(&bench, &limits, 1, 0);
	for (size_t less = 0; less < AROUND; less++) {
		stream_bench_connect(&bench, which(state), &client);
		text[WINDOW - less] = '\0';
		wire_begin(&client, POUR, 0);
		wire_say(&client, text);
		while (client.unsent > 0)
			wire_look(&client);
		wire_half_close(&client);
		expect_count(&client, 0, 0);
		wire_close(&client);
	}
	stream_bench_stop(&bench);
	free(text);
}

/* ---------------------------------------------------- those who are slow -- */

/* The client has more to say than fits into one packet. */
static void
wait_until_kept(struct stream_bench *bench, struct wire_client *client)
{
	while (sem_trywait(&bench->kept) != 0) {
		wire_look(client);
		echo_yield();
	}
}

/* A number that does not change any more. */
static unsigned
settled(atomic_uint *number)
{
	unsigned before, now = atomic_load(number);

	do {
		before = now;
		for (unsigned i = 0; i < 200; i++)
			echo_yield();
		now = atomic_load(number);
	} while (now != before);
	return now;
}

static void
who_does_not_read_makes_the_server_wait(void **state)
{
	struct stream_bench bench;
	struct wire_client client;
	struct buffer message;
	unsigned count;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	ask(&client, WAIT, "");
	wait_until_kept(&bench, &client);
	count = settled(&bench.passed);
	/* Two windows and what sockets keep: not without end. */
	assert_in_range(count, 200, 20000);
	for (unsigned i = 0; i < count + 100; i++) {
		assert_int_equal(wire_receive(&client, &message), BECKET_S_OK);
		buffer_fini(&message);
	}
	WAIT_UNTIL(atomic_load(&bench.passed) > count);
	wire_cancel(&client);
	WAIT_UNTIL(atomic_load(&bench.seen) == BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static unsigned
send_until_full(struct wire_client *client)
{
	static const uint8_t data[1000];
	unsigned count = 0;

	for (unsigned idle = 0; idle < 200;) {
		if (wire_is_full(client)) {
			idle++;
			echo_yield();
			continue;
		}
		idle = 0;
		wire_send(client, data, sizeof data);
		count++;
		assert_true(count < 100000);
	}
	return count;
}

static bool
receive_if_any(struct stream_bench *bench)
{
	void *message;
	becket_status status = becket_stub_receive(bench->stream,
	    &stream_interface, KEEP, &message);

	if (status == BECKET_S_OK)
		becket_stub_free(message);
	else
		assert_int_equal(status, BECKET_S_ASYNC_CALL_PENDING);
	return status == BECKET_S_OK;
}

static void
who_does_not_receive_makes_the_client_wait(void **state)
{
	struct stream_bench bench;
	struct wire_client client;
	unsigned count, taken = 0;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, KEEP, 0);
	wait_until_kept(&bench, &client);
	count = send_until_full(&client);
	while (taken < count) {
		taken += receive_if_any(&bench);
		wire_look(&client);
	}
	assert_false(wire_is_full(&client));
	assert_int_equal(becket_stub_answer(bench.token, &stream_interface,
	                     KEEP, BECKET_S_OK, NULL),
	    BECKET_S_OK);
	wire_expect_end(&client, BECKET_S_OK);
	wire_close(&client);
	stream_bench_stop(&bench);
}

/* --------------------------------------------------------------- the end -- */

static void
begin_and_wait(struct stream_bench *bench, struct wire_client *client,
    uint16_t opnum, uint32_t deadline_ms)
{
	wire_begin(client, opnum, deadline_ms);
	if (opnum == WAIT) {
		wire_say(client, "");
		wire_half_close(client);
	}
	wait_until_kept(bench, client);
	if (opnum == WAIT)
		settled(&bench->passed);
}

static void
a_cancel_wakes_who_waits(void **state)
{
	static const uint16_t both[] = { STARE, WAIT };

	for (size_t i = 0; i < 2; i++) {
		struct stream_bench bench;
		struct wire_client client;

		stream_bench_start(&bench, NULL, 1, 0);
		stream_bench_connect(&bench, which(state), &client);
		begin_and_wait(&bench, &client, both[i], 0);
		wire_cancel(&client);
		WAIT_UNTIL(atomic_load(&bench.seen) == BECKET_S_CALL_CANCELLED);
		wire_close(&client);
		stream_bench_stop(&bench);
	}
}

static void
a_client_that_is_gone_is_missed_at_once(void **state)
{
	static const uint16_t both[] = { STARE, WAIT };

	for (size_t i = 0; i < 4; i++) {
		struct stream_bench bench;
		struct wire_client client;

		stream_bench_start(&bench, NULL, 1, 0);
		stream_bench_connect(&bench, which(state), &client);
		begin_and_wait(&bench, &client, both[i % 2], 0);
		if (i < 2)
			wire_reset(&client);
		wire_close(&client);
		WAIT_UNTIL(atomic_load(&bench.seen) == BECKET_S_CALL_CANCELLED);
		stream_bench_stop(&bench);
	}
}

struct told {
	struct stream_bench *bench;
	sem_t sem;
	_Atomic unsigned status;
	_Atomic unsigned waiting; /* what is said to who would wait */
};

/* Receives nothing before that. */
static void
note_cancel(void *user, struct becket_stream *stream)
{
	struct told *told = user;
	void *message;

	if (!becket_token_is_cancelled(told->bench->token))
		return;
	atomic_store(&told->waiting,
	    becket_stream_set_nonblocking(stream, false));
	atomic_store(&told->status,
	    becket_stub_receive(stream, &stream_interface, KEEP, &message));
	sem_post(&told->sem);
}

static void
also_while_nobody_receives(void **state)
{
	static const uint8_t data[1000];
	struct stream_bench bench;
	struct wire_client client;
	struct told told = { .bench = &bench };

	sem_init(&told.sem, 0, 0);
	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, KEEP, 0);
	/* Beyond the window, but not so much that the end is stuck behind it.
	 */
	for (unsigned i = 0; i < 300; i++)
		wire_send(&client, data, sizeof data);
	for (unsigned i = 0; i < 100; i++) {
		wire_look(&client);
		echo_yield();
	}
	assert_int_equal(becket_stream_set_callback(bench.stream, note_cancel,
	                     &told),
	    BECKET_S_OK);
	wire_close(&client);
	sem_wait(&told.sem);
	assert_int_equal(atomic_load(&told.status), BECKET_S_CALL_CANCELLED);
	assert_true(becket_token_is_cancelled(bench.token));
	assert_int_equal(becket_stub_answer(bench.token, &stream_interface,
	                     KEEP, BECKET_S_OK, NULL),
	    BECKET_S_OK);
	stream_bench_stop(&bench);
	sem_destroy(&told.sem);
}

static void
a_half_closed_connection_is_a_client_gone(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, STARE, 0);
	assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
	WAIT_UNTIL(atomic_load(&bench.seen) == BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
time_ends_a_stream(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, STARE, 50);
	WAIT_UNTIL(atomic_load(&bench.seen) == BECKET_S_CALL_CANCELLED);
	wire_expect_end(&client, BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

/* Its routine has not been run, for its message may be another still. */
static void
time_ends_a_request_that_does_not(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, POUR, 50);
	wire_say(&client, "1 1");
	wire_expect_end(&client, BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
a_stop_cuts_what_does_not_end(void **state)
{
	const struct becket_limits limits = { .drain_ms = 50 };
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, &limits, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, STARE, 0);
	assert_int_equal(becket_server_stop(bench.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(bench.echo.server), BECKET_S_OK);
	assert_int_equal(atomic_load(&bench.seen), BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
what_nobody_answers_goes_with_the_server(void **state)
{
	const struct becket_limits limits = { .drain_ms = 50 };
	struct stream_bench bench;
	struct wire_client client;
	struct told told = { .bench = &bench };

	sem_init(&told.sem, 0, 0);
	stream_bench_start(&bench, &limits, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, KEEP, 0);
	assert_int_equal(becket_stream_set_callback(bench.stream, note_cancel,
	                     &told),
	    BECKET_S_OK);
	stream_bench_stop(&bench);
	assert_int_equal(atomic_load(&told.status), BECKET_S_CALL_CANCELLED);
	assert_int_equal(atomic_load(&told.waiting), BECKET_S_INVALID_ARG);
	wire_close(&client);
	sem_destroy(&told.sem);
}

static void
unregistering_waits_for_no_stream(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, STARE, 0);
	assert_int_equal(becket_server_unregister_if(bench.echo.server,
	                     &stream_interface, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(atomic_load(&bench.seen), BECKET_S_CALL_CANCELLED);
	wire_expect_end(&client, BECKET_S_CALL_CANCELLED);
	wire_close(&client);
	stream_bench_stop(&bench);
}

/* --------------------------------------------------------------- by whom -- */

static void
on_a_loop_nothing_waits(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, LOOK, 0);
	wire_expect(&client, "looked");
	wire_expect_end(&client, BECKET_S_OK);
	assert_int_equal(bench.looked[0], BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(bench.looked[1], BECKET_S_INVALID_ARG);
	assert_int_equal(bench.looked[2], BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(bench.looked[3], BECKET_S_OK);
	assert_int_equal(bench.looked[4], BECKET_STREAM_WRITABLE);
	assert_int_equal(bench.looked[5], BECKET_S_OK);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
routines_of_a_blocking_interface_may_wait(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, BECKET_IF_BLOCKING);
	stream_bench_connect(&bench, which(state), &client);
	wire_begin(&client, LOOK, 0);
	wire_half_close(&client);
	wire_expect(&client, "looked");
	wire_expect_end(&client, BECKET_S_OK);
	assert_int_equal(bench.looked[0], BECKET_X_PIPE_EMPTY);
	assert_int_equal(bench.looked[1], BECKET_S_OK);
	assert_int_equal(bench.looked[2], BECKET_S_OK);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
any_thread_goes_on_with_a_deferred_one(void **state)
{
	const struct becket_bytes text = { (const uint8_t *)"from afar", 9 };
	struct stream_bench bench;
	struct wire_client client;
	void *message;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	begin_and_wait(&bench, &client, KEEP, 0);
	assert_int_equal(becket_stream_set_nonblocking(bench.stream, false),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_send(bench.stream, &stream_interface, KEEP,
	                     &text),
	    BECKET_S_OK);
	wire_expect(&client, "from afar");
	wire_say(&client, "back");
	assert_int_equal(becket_stub_receive(bench.stream, &stream_interface,
	                     KEEP, &message),
	    BECKET_S_OK);
	becket_stub_free(message);
	assert_int_equal(becket_stub_send(bench.stream, &stream_interface, KEEP,
	                     &text),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_answer(bench.token, &stream_interface,
	                     KEEP, BECKET_S_OK, NULL),
	    BECKET_S_OK);
	wire_expect(&client, "from afar");
	wire_expect_end(&client, BECKET_S_OK);
	wire_close(&client);
	stream_bench_stop(&bench);
}

static void
the_log_counts_all_bytes(void **state)
{
	struct stream_bench bench;
	struct wire_client client;

	stream_bench_start(&bench, NULL, 1, 0);
	stream_bench_connect(&bench, which(state), &client);
	ask(&client, POUR, "100 1000");
	expect_count(&client, 100, 1000);
	WAIT_UNTIL(atomic_load(&bench.echo.accesses) == 1);
	assert_in_range(atomic_load(&bench.echo.request_bytes), 8, 20);
	assert_in_range(atomic_load(&bench.echo.response_bytes), 100000,
	    100400);
	wire_close(&client);
	stream_bench_stop(&bench);
}

/* ------------------------------------------------------------------ many -- */

struct many {
	struct stream_bench *bench;
	size_t which;
	uint16_t opnum;
	pthread_t thread;
};

static void *
chat_a_lot(void *argument)
{
	static const uint8_t data[3000];
	struct many *many = argument;
	struct wire_client client;
	struct buffer message;

	stream_bench_connect(many->bench, many->which, &client);
	for (unsigned round = 0; round < 5; round++) {
		wire_begin(&client, many->opnum, 0);
		for (unsigned i = 0; i < 200; i++)
			wire_send(&client, data, i * 7);
		wire_half_close(&client);
		for (unsigned i = 0; i < 200; i++) {
			if (wire_receive(&client, &message) != BECKET_S_OK ||
			    message.size != i * 7)
				abort();
			buffer_fini(&message);
		}
		if (wire_receive(&client, &message) != BECKET_X_PIPE_EMPTY)
			abort();
	}
	wire_close(&client);
	return NULL;
}

static void
many_stream_at_once_on_several_loops(void **state)
{
	enum { MANY = 8 };
	struct stream_bench bench;
	struct many many[MANY];

	stream_bench_start(&bench, NULL, 3, 0);
	for (size_t i = 0; i < MANY; i++) {
		many[i] = (struct many){ .bench = &bench,
			.which = which(state),
			.opnum = i % 2 ? CHAT : CHAT_ON };
		assert_int_equal(pthread_create(&many[i].thread, NULL,
		                     chat_a_lot, &many[i]),
		    0);
	}
	for (size_t i = 0; i < MANY; i++)
		pthread_join(many[i].thread, NULL);
	stream_bench_stop(&bench);
}

/* Each goes in another way, in another state of the stream. */
static void *
come_and_go(void *argument)
{
	static const uint16_t opnums[] = { POUR, POUR_ON, CHAT, CHAT_ON,
		STARE };
	static const uint8_t data[5000];
	struct many *many = argument;

	for (unsigned round = 0; round < 40; round++) {
		uint16_t opnum = opnums[(round + many->opnum) % 5];
		struct wire_client client;

		stream_bench_connect(many->bench, many->which, &client);
		wire_begin(&client, opnum, round % 7 == 0 ? 1 : 0);
		if (opnum == POUR || opnum == POUR_ON) {
			wire_say(&client, "100000 1000");
			wire_half_close(&client);
		} else {
			for (unsigned i = 0; i < round * 3; i++)
				wire_send(&client, data, sizeof data);
		}
		for (unsigned i = 0; i < round % 8; i++) {
			echo_yield();
			wire_look(&client);
		}
		if (round % 3 == 0)
			wire_cancel(&client);
		else if (round % 3 == 1)
			wire_reset(&client);
		wire_close(&client);
	}
	return NULL;
}

static void
who_comes_and_goes_leaves_nothing(void **state)
{
	enum { MANY = 4 };
	const struct becket_limits limits = { .drain_ms = 200 };
	unsigned before = echo_count_descriptors();
	struct stream_bench bench;
	struct wire_client client;
	struct many many[MANY];

	stream_bench_start(&bench, &limits, 3, 0);
	for (size_t i = 0; i < MANY; i++) {
		many[i] = (struct many){ .bench = &bench,
			.which = which(state),
			.opnum = (uint16_t)i };
		assert_int_equal(pthread_create(&many[i].thread, NULL,
		                     come_and_go, &many[i]),
		    0);
	}
	for (size_t i = 0; i < MANY; i++)
		pthread_join(many[i].thread, NULL);
	/* Workers are free again. */
	stream_bench_connect(&bench, which(state), &client);
	ask(&client, POUR, "10 10");
	expect_count(&client, 10, 10);
	wire_close(&client);
	stream_bench_stop(&bench);
	assert_int_equal(echo_count_descriptors(), before);
}

static size_t ways[] = { 0, 1, 2 };

/* clang-format off */
#define EACH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &ways[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &ways[1] }, \
	{ #test " (grpc_ip_tcp)", test, NULL, NULL, &ways[2] }
/* clang-format on */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_server_streams),
		EACH(a_client_streams),
		EACH(both_stream_in_turns),
		EACH(a_failure_comes_behind_what_was_sent),
		EACH(one_message_is_one_message),
		EACH(a_request_fills_the_window),
		EACH(who_does_not_read_makes_the_server_wait),
		EACH(who_does_not_receive_makes_the_client_wait),
		EACH(a_cancel_wakes_who_waits),
		EACH(a_client_that_is_gone_is_missed_at_once),
		EACH(also_while_nobody_receives),
		EACH(a_half_closed_connection_is_a_client_gone),
		EACH(time_ends_a_stream),
		EACH(time_ends_a_request_that_does_not),
		EACH(a_stop_cuts_what_does_not_end),
		EACH(what_nobody_answers_goes_with_the_server),
		EACH(unregistering_waits_for_no_stream),
		EACH(on_a_loop_nothing_waits),
		EACH(routines_of_a_blocking_interface_may_wait),
		EACH(any_thread_goes_on_with_a_deferred_one),
		EACH(the_log_counts_all_bytes),
		EACH(many_stream_at_once_on_several_loops),
		EACH(who_comes_and_goes_leaves_nothing),
	};

	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	echo_equip = becket_grpc_enable;
	stream_bench_door = make_session;
	return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
