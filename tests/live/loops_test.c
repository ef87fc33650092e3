/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"

/*
 * A server with several loops. Every test is run for each protocol sequence;
 * which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static void
open_with(struct echo *echo, unsigned loops, const struct becket_limits *limits)
{
	echo_open_as(echo, limits,
	    &(struct becket_server_options){
	        .size = sizeof(struct becket_server_options),
	        .loops = loops,
	    });
}

static void
start_with(struct echo *echo, unsigned loops,
    const struct becket_limits *limits)
{
	open_with(echo, loops, limits);
	assert_int_equal(becket_server_listen(echo->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

/* A routine that blocks its loop shows which connections are on it. */
static void
a_connection_is_pinned_to_one_loop(void **state)
{
	struct echo echo;
	int fds[6];

	start_with(&echo, 3, NULL);
	for (size_t i = 0; i < 6; i++)
		fds[i] = raw_open(&echo, which(state));
	raw_ask(fds[1], 2, BLOCK, "second loop");
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	for (size_t i = 0; i < 6; i++)
		raw_ask(fds[i], 3, ECHO, "served");
	for (size_t i = 0; i < 6; i++)
		if (i % 3 != 1)
			raw_expect(fds[i], 3, "served");
	atomic_store(&echo.gate, true);
	raw_expect(fds[1], 2, "second loop");
	raw_expect(fds[1], 3, "served");
	raw_expect(fds[4], 3, "served");
	for (size_t i = 0; i < 6; i++)
		close(fds[i]);
	echo_stop(&echo);
}

static void
statistics_are_summed(void **state)
{
	struct becket_stats stats;
	struct echo echo;

	start_with(&echo, 4, NULL);
	for (int i = 0; i < 8; i++) {
		int fd = raw_open(&echo, which(state));

		raw_ask(fd, 2, ECHO, "one");
		raw_expect(fd, 2, "one");
		close(fd);
	}
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	becket_server_inq_stats(echo.server, &stats);
	assert_int_equal(stats.calls_in, 8);
	assert_int_equal(stats.packets_in, 16);
	assert_true(stats.packets_out >= 16); /* one may be told of the stop */
	echo_stop(&echo);
}

static void
the_limit_of_connections_is_for_all_loops(void **state)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct echo echo;
	int fds[4], late;

	limits.connections = 4;
	start_with(&echo, 3, &limits);
	for (size_t i = 0; i < 4; i++)
		fds[i] = raw_open(&echo, which(state));
	late = raw_connect(&echo, which(state)); /* in the backlog */
	raw_ask_bind(late, &echo_interface.uuid, 1, SYNTAX_BECKET);
	WAIT_UNTIL(atomic_load(&echo.warnings) > 0);
	for (size_t i = 0; i < 4; i++) {
		raw_ask(fds[i], 2, ECHO, "here");
		raw_expect(fds[i], 2, "here");
		close(fds[i]);
	}
	{
		static struct raw_reply reply;

		assert_true(raw_read(late, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_BIND_ACK);
	}
	close(late);
	echo_stop(&echo);
}

/* ------------------------------------------------------------ a crowd -- */

enum { CLIENTS = 8, ROUNDS = 80 };

struct client {
	struct echo *echo;
	const char *address;
	unsigned number;
};

static void *
call_all_kinds(void *argument)
{
	static const uint16_t kinds[] = { ECHO, WORK, DECIDE, CHANGE };
	struct client *client = argument;
	struct becket_binding *binding =
	    echo_bind(client->echo, client->address);

	for (unsigned i = 0; i < ROUNDS; i++) {
		char text[32];

		/* Two at once would be refused. */
		uint16_t kind =
		    kinds[(i + client->number) % (client->number == 0 ? 4 : 3)];

		snprintf(text, sizeof text, "%u of %u", i, client->number);
		echo_expect(binding, kind, text, text);
		if (i % 20 == 19) {
			becket_binding_free(&binding);
			binding = echo_bind(client->echo, client->address);
		}
	}
	becket_binding_free(&binding);
	return NULL;
}

static void
many_clients_are_served(void **state)
{
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct becket_stats stats;
	struct echo echo;

	start_with(&echo, 4, NULL);
	atomic_store(&echo.gate, true);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] =
		    (struct client){ &echo, echo.addresses[which(state)], i };
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_all_kinds, &clients[i]),
		    0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	becket_server_inq_stats(echo.server, &stats);
	assert_true(stats.calls_in >= CLIENTS * ROUNDS);
	echo_stop(&echo);
}

/* Places of an interface go from a connection of one loop to another's. */
static void
a_maximum_of_calls_holds_across_loops(void **state)
{
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct echo echo;

	open_with(&echo, 4, NULL);
	atomic_store(&echo.gate, true);
	assert_int_equal(becket_server_unregister_if(echo.server,
	                     &echo_interface, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if_ex(echo.server,
	                     &echo_interface, &echo_routines, NULL, &echo,
	                     &(struct becket_register_options){
	                         .size = sizeof(struct becket_register_options),
	                         .max_calls = 2,
	                     }),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ &echo,
			echo.addresses[which(state)], i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_all_kinds, &clients[i]),
		    0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	echo_stop(&echo);
}

/* ----------------------------------------------------------------- stop -- */

static void
a_stop_drains_all_loops(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"done", 4 };
	struct becket_token tokens[6];
	struct echo echo;
	int fds[6];

	start_with(&echo, 3, NULL);
	for (unsigned i = 0; i < 6; i++) {
		fds[i] = raw_open(&echo, which(state));
		raw_ask(fds[i], 2, HOLD, "");
		WAIT_UNTIL(atomic_load(&echo.held) == i + 1);
		tokens[i] = echo.token;
	}
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(becket_stub_answer(tokens[i], &echo_interface,
		                     HOLD, BECKET_S_OK, &answer),
		    BECKET_S_OK);
		raw_expect(fds[i], 2, "done");
	}
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 0);
	for (unsigned i = 0; i < 6; i++)
		close(fds[i]);
	echo_stop(&echo);
}

static void
a_stop_at_once_cuts_on_all_loops(void **state)
{
	struct echo echo;
	int fds[6];

	start_with(&echo, 3, NULL);
	for (unsigned i = 0; i < 6; i++) {
		fds[i] = raw_open(&echo, which(state));
		raw_ask(fds[i], 2, HOLD, "");
		WAIT_UNTIL(atomic_load(&echo.held) == i + 1);
	}
	becket_server_stop_now(echo.server);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 6);
	for (unsigned i = 0; i < 6; i++) {
		raw_read_end(fds[i]);
		close(fds[i]);
	}
	echo_stop(&echo);
}

/* What is not answered then is not of interest, but nothing may be left. */
static void *
call_until_it_stops(void *argument)
{
	struct client *client = argument;
	struct becket_binding *binding =
	    echo_bind(client->echo, client->address);
	becket_status status = BECKET_S_OK;

	while (status == BECKET_S_OK) {
		struct becket_bytes *bytes = NULL;

		status = echo_call(binding, client->number % 2 ? ECHO : WORK,
		    "x", &bytes);
		if (status == BECKET_S_OK)
			becket_stub_free(bytes);
		if (atomic_load(&client->echo->accesses) > 100)
			(void)!becket_server_stop(client->echo->server);
	}
	becket_binding_free(&binding);
	return NULL;
}

static void
it_can_listen_again_and_be_stopped_in_traffic(void **state)
{
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct echo echo;

	start_with(&echo, 3, NULL);
	atomic_store(&echo.gate, true);
	for (int round = 0; round < 3; round++) {
		atomic_store(&echo.accesses, 0);
		for (unsigned i = 0; i < CLIENTS; i++) {
			clients[i] = (struct client){ &echo,
				echo.addresses[which(state)], i };
			assert_int_equal(pthread_create(&threads[i], NULL,
			                     call_until_it_stops, &clients[i]),
			    0);
		}
		for (unsigned i = 0; i < CLIENTS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(becket_server_use_string_binding(
			                     echo.server, echo.addresses[i]),
			    BECKET_S_OK);
		assert_int_equal(becket_server_listen(echo.server,
		                     BECKET_LISTEN_DONT_WAIT),
		    BECKET_S_OK);
	}
	echo_stop(&echo);
}

static void *
listen_here(void *argument)
{
	struct echo *echo = argument;

	assert_int_equal(becket_server_listen(echo->server, 0), BECKET_S_OK);
	return NULL;
}

static void
only_listen_serves_several(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	pthread_t thread;

	open_with(&echo, 2, NULL);
	assert_int_equal(becket_server_start(echo.server),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(pthread_create(&thread, NULL, listen_here, &echo), 0);
	binding = echo_bind(&echo, echo.addresses[which(state)]);
	echo_expect(binding, ECHO, "both", "both");
	becket_binding_free(&binding);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	pthread_join(thread, NULL);
	echo_stop(&echo);
}

/* ----------------------------------------------------------------------- */

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(a_connection_is_pinned_to_one_loop),
		BOTH(statistics_are_summed),
		BOTH(the_limit_of_connections_is_for_all_loops),
		BOTH(many_clients_are_served),
		BOTH(a_maximum_of_calls_holds_across_loops),
		BOTH(a_stop_drains_all_loops),
		BOTH(a_stop_at_once_cuts_on_all_loops),
		BOTH(it_can_listen_again_and_be_stopped_in_traffic),
		BOTH(only_listen_serves_several),
	};

	return cmocka_run_group_tests_name("loops", tests, NULL, NULL);
}
