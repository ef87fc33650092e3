/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <poll.h>
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
 * Manager routines that may wait, on threads of the server's. Every test is
 * run for each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct becket_binding *
bind_to(struct echo *echo, void **state)
{
	return echo_bind(echo, echo->addresses[which(state)]);
}

static void
start_with(struct echo *echo, int workers, uint32_t queue)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct becket_server_options options = {
		.size = sizeof options,
		.workers = workers,
	};

	limits.worker_queue = queue;
	echo_open_as(echo, &limits, &options);
	assert_int_equal(becket_server_listen(echo->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static unsigned
count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void
a_routine_that_waits_keeps_nobody_waiting(void **state)
{
	struct echo echo;
	int fd, other;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	other = raw_open(&echo, which(state));
	for (uint32_t call = 2; call < 5; call++)
		raw_ask(fd, call, WORK, "worked");
	WAIT_UNTIL(atomic_load(&echo.running) == 3);
	raw_ask(fd, 5, ECHO, "same connection");
	raw_expect(fd, 5, "same connection");
	raw_ask(other, 6, ECHO, "another");
	raw_expect(other, 6, "another");
	atomic_store(&echo.gate, true);
	for (int i = 0; i < 3; i++) { /* as they come */
		static struct raw_reply reply;

		assert_true(raw_read(fd, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
	}
	close(fd);
	close(other);
	echo_stop(&echo);
}

static void
threads_are_started_when_needed_and_end_with_listening(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	unsigned idle;

	start_with(&echo, 2, 16);
	atomic_store(&echo.gate, true);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "", "");
	idle = count_threads();
	for (int i = 0; i < 20; i++)
		echo_expect(binding, WORK, "one", "one");
	assert_true(count_threads() > idle);
	assert_true(count_threads() <= idle + 2);
	becket_binding_free(&binding);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_true(count_threads() < idle);
	echo_stop(&echo);
}

static void
without_workers_the_loop_does_it(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	unsigned idle;

	start_with(&echo, -1, 16);
	atomic_store(&echo.gate, true);
	idle = count_threads();
	binding = bind_to(&echo, state);
	echo_expect(binding, WORK, "done", "done");
	assert_int_equal(count_threads(), idle);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
beyond_the_queue_the_server_is_too_busy(void **state)
{
	struct echo echo;
	int fd;

	start_with(&echo, 1, 2);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, WORK, "runs");
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	raw_ask(fd, 3, WORK, "waits");
	raw_ask(fd, 4, WORK, "waits too");
	raw_ask(fd, 5, WORK, "one too many");
	raw_expect_fault(fd, 5, NCA_S_SERVER_TOO_BUSY, PDU_DID_NOT_EXECUTE);
	atomic_store(&echo.gate, true);
	raw_expect(fd, 2, "runs");
	raw_expect(fd, 3, "waits");
	raw_expect(fd, 4, "waits too");
	assert_int_equal(atomic_load(&echo.running), 3);
	close(fd);
	echo_stop(&echo);
}

static void
what_is_cancelled_in_the_queue_is_not_run(void **state)
{
	struct echo echo;
	int fd;

	start_with(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, WORK, "runs");
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	raw_ask(fd, 3, WORK, "waits");
	raw_say(fd, PDU_CO_CANCEL, 3);
	raw_ask(fd, 4, HOLE, "");
	raw_expect_fault(fd, 4, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	atomic_store(&echo.gate, true);
	raw_expect(fd, 2, "runs");
	raw_expect_fault(fd, 3, fault_from_status(BECKET_S_CALL_CANCELLED),
	    PDU_DID_NOT_EXECUTE);
	assert_int_equal(atomic_load(&echo.running), 1);
	close(fd);
	echo_stop(&echo);
}

static void
a_worker_may_defer(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"late", 4 };
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	for (uint32_t call = 2; call < 50; call++) {
		raw_ask(fd, call, LATER, "");
		WAIT_UNTIL(atomic_load(&echo.held) == call - 1);
		assert_int_equal(becket_stub_answer(echo.token, &echo_interface,
		                     LATER, BECKET_S_OK, &answer),
		    BECKET_S_OK);
		raw_expect(fd, call, "late");
	}
	close(fd);
	echo_stop(&echo);
}

/* -------------------------------------------------------------- a crowd -- */

enum { CLIENTS = 8, ROUNDS = 60 };

struct client {
	struct echo *echo;
	const char *address;
	unsigned number;
};

static void *
call_both_kinds(void *argument)
{
	struct client *client = argument;
	struct becket_binding *binding =
	    echo_bind(client->echo, client->address);

	for (unsigned i = 0; i < ROUNDS; i++) {
		char text[32];

		snprintf(text, sizeof text, "%u of %u", i, client->number);
		echo_expect(binding, (i + client->number) % 3 ? ECHO : WORK,
		    text, text);
	}
	becket_binding_free(&binding);
	return NULL;
}

static void
many_clients_call_both_kinds(void **state)
{
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct echo echo;

	echo_start(&echo, NULL);
	atomic_store(&echo.gate, true);
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] =
		    (struct client){ &echo, echo.addresses[which(state)], i };
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_both_kinds, &clients[i]),
		    0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&echo.running), CLIENTS * ROUNDS / 3);
	echo_stop(&echo);
}

/* ---------------------------------------------------------------- ends -- */

static void
a_stop_lets_workers_finish(void **state)
{
	struct echo echo;
	int fd;

	start_with(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, WORK, "runs");
	raw_ask(fd, 3, WORK, "waits");
	raw_ask(fd, 4, HOLE, "");
	raw_expect_fault(fd, 4, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	atomic_store(&echo.gate, true);
	raw_expect(fd, 2, "runs");
	raw_expect(fd, 3, "waits");
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 0);
	close(fd);
	echo_stop(&echo);
}

static void
a_stop_at_once_waits_for_what_runs_and_drops_the_rest(void **state)
{
	struct echo echo;
	int fd;

	start_with(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	for (uint32_t call = 2; call < 6; call++)
		raw_ask(fd, call, WORK, "");
	raw_ask(fd, 6, HOLE, "");
	raw_expect_fault(fd, 6, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	becket_server_stop_now(echo.server);
	raw_read_end(fd);
	atomic_store(&echo.gate, true);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 4);
	assert_int_equal(atomic_load(&echo.running), 1);
	close(fd);
	echo_stop(&echo);
}

static void
the_answer_for_a_client_that_is_gone_is_dropped(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	int fd;

	start_with(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, WORK, "");
	raw_ask(fd, 3, WORK, "");
	raw_ask(fd, 4, HOLE, "");
	raw_expect_fault(fd, 4, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	raw_reset(fd);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "still here", "still here");
	atomic_store(&echo.gate, true);
	echo_expect(binding, WORK, "mine", "mine");
	becket_binding_free(&binding);
	echo_stop(&echo);
	assert_int_equal(atomic_load(&echo.accesses), 5);
}

struct opener {
	struct echo *echo;
	int fd;
};

/* When the interface is no longer offered. */
static void *
open_gate(void *argument)
{
	struct opener *opener = argument;
	static struct raw_reply reply;

	for (uint32_t call = 2;; call++) {
		raw_ask(opener->fd, call, ECHO, "");
		assert_true(raw_read(opener->fd, &reply));
		if (reply.pdu.header.type != PDU_RESPONSE)
			break;
	}
	assert_int_equal(reply.pdu.fault.status, NCA_S_UNK_IF);
	atomic_store(&opener->echo->gate, true);
	return NULL;
}

static void
unregister_waits_for_workers(void **state)
{
	struct opener opener;
	struct echo echo;
	pthread_t thread;
	int fd;

	start_with(&echo, 1, 8);
	opener = (struct opener){ &echo, raw_open(&echo, which(state)) };
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, WORK, "runs");
	raw_ask(fd, 3, WORK, "waits");
	raw_ask(fd, 4, HOLE, "");
	raw_expect_fault(fd, 4, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &opener), 0);
	assert_int_equal(becket_server_unregister_if(echo.server,
	                     &echo_interface, NULL, true),
	    BECKET_S_OK);
	assert_true(atomic_load(&echo.gate));
	assert_int_equal(atomic_load(&echo.running), 2);
	pthread_join(thread, NULL);
	raw_expect(fd, 2, "runs");
	raw_expect(fd, 3, "waits");
	close(fd);
	close(opener.fd);
	echo_stop(&echo);
}

/* Calls over it, on a worker, and stops it while another one runs. */
static void *
call_and_stop(void *argument)
{
	struct client *client = argument;
	struct echo *echo = client->echo;
	struct becket_binding *binding = echo_bind(echo, client->address);

	atomic_store(&echo->gate, true);
	echo_expect(binding, WORK, "in a loop", "in a loop");
	assert_int_equal(becket_server_stop(echo->server), BECKET_S_OK);
	becket_binding_free(&binding);
	return NULL;
}

static void
a_loop_of_the_users_own_has_workers_too(void **state)
{
	struct client client = { 0 };
	struct echo echo;
	pthread_t thread;

	echo_open(&echo, NULL);
	client.echo = &echo;
	client.address = echo.addresses[which(state)];
	assert_int_equal(becket_server_start(echo.server), BECKET_S_OK);
	assert_int_equal(pthread_create(&thread, NULL, call_and_stop, &client),
	    0);
	do {
		struct pollfd p = { becket_server_fd(echo.server),
			becket_server_events(echo.server), 0 };

		poll(&p, 1, becket_server_timeout(echo.server));
	} while (becket_server_process(echo.server));
	pthread_join(thread, NULL);
	echo_stop(&echo);
}

static void
too_many_workers_are_refused(void **state)
{
	struct becket_runtime *runtime;
	struct becket_server *server;

	(void)state;
	assert_int_equal(becket_runtime_new(NULL, &runtime), BECKET_S_OK);
	assert_int_equal(becket_server_new(runtime,
	                     &(struct becket_server_options){
	                         .size = sizeof(struct becket_server_options),
	                         .workers = 1025,
	                     },
	                     &server),
	    BECKET_S_INVALID_ARG);
	becket_runtime_free(runtime);
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
		BOTH(a_routine_that_waits_keeps_nobody_waiting),
		BOTH(threads_are_started_when_needed_and_end_with_listening),
		BOTH(without_workers_the_loop_does_it),
		BOTH(beyond_the_queue_the_server_is_too_busy),
		BOTH(what_is_cancelled_in_the_queue_is_not_run),
		BOTH(a_worker_may_defer),
		BOTH(many_clients_call_both_kinds),
		BOTH(a_stop_lets_workers_finish),
		BOTH(a_stop_at_once_waits_for_what_runs_and_drops_the_rest),
		BOTH(the_answer_for_a_client_that_is_gone_is_dropped),
		BOTH(unregister_waits_for_workers),
		BOTH(a_loop_of_the_users_own_has_workers_too),
		cmocka_unit_test(too_many_workers_are_refused),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
