/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"

/*
 * Servers and the calls on them. Every test is run for each protocol sequence;
 * which one is in its state.
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
a_call_is_answered(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "hello", "hello");
	echo_expect(binding, ECHO, "", "");
	becket_binding_free(&binding);
	echo_stop(&echo);
	assert_int_equal(atomic_load(&echo.accesses), 2);
}

static void
a_failure_arrives_with_its_sentence(void **state)
{
	struct becket_binding *binding;
	struct becket_bytes *none;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(echo_call(binding, FAIL, "caf\xc3\xa9", &none),
	    0x20001234);
	assert_string_equal(becket_error_last()->detail,
	    "no luck with \"caf\xc3\xa9\"");
	assert_int_equal(becket_error_last()->outcome, BECKET_EXECUTED);
	/* What is not UTF-8 would not be taken by any client. */
	assert_int_equal(echo_call(binding, FAIL, "\xff\xfe", &none),
	    0x20001234);
	assert_string_equal(becket_error_last()->detail, "no luck with \"?"
	                                                 "?\"");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
what_was_not_entered_did_not_execute(void **state)
{
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLE, "");
	raw_expect_fault(fd, 2, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	raw_ask(fd, 3, ECHO_OPERATIONS, "");
	raw_expect_fault(fd, 3, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	raw_ask(fd, 4, 0xffff, "");
	raw_expect_fault(fd, 4, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	raw_ask(fd, 5, STREAM, "");
	raw_expect_fault(fd, 5, NCA_S_PROTO_ERROR, PDU_DID_NOT_EXECUTE);
	raw_ask(fd, 6, ABSENT, "");
	raw_expect_fault(fd, 6, BECKET_S_NOT_IMPLEMENTED, PDU_DID_NOT_EXECUTE);
	raw_ask(fd, 7, PROMISE, "");
	raw_expect_fault(fd, 7, fault_from_status(BECKET_S_CALL_FAILED), 0);
	raw_ask(fd, 8, ECHO, "still here");
	raw_expect(fd, 8, "still here");
	close(fd);
	echo_stop(&echo);
}

static void
stub_data_with_unknown_flags_is_refused(void **state)
{
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	for (unsigned flags = 0; flags < 256; flags++) {
		uint8_t stub[] = { (uint8_t)flags, 0 };
		uint32_t fault = NCA_S_PROTO_ERROR;

		raw_send(fd, data,
		    raw_request(flags, ECHO, stub, sizeof stub, data));
		if (flags == 0 || flags == 1) {
			static struct raw_reply reply;

			assert_true(raw_read(fd, &reply));
			assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
			continue;
		}
		if (flags == 2 || flags == 3)
			fault = BECKET_S_STREAMS_NOT_SUPPORTED;
		raw_expect_fault(fd, flags, fault, PDU_DID_NOT_EXECUTE);
	}
	/* No stub data at all. */
	raw_send(fd, data, raw_request(256, ECHO, "", 0, data));
	raw_expect_fault(fd, 256, BECKET_X_BAD_STUB_DATA, PDU_DID_NOT_EXECUTE);
	close(fd);
	echo_stop(&echo);
}

static void
the_manager_knows_who_calls(void **state)
{
	struct becket_binding *binding;
	struct becket_bytes *bytes = NULL;
	char expected[128];
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(echo_call(binding, PEER, "", &bytes), BECKET_S_OK);
	if (which(state) == 0)
		snprintf(expected, sizeof expected, "ncacn_ip_tcp 127.0.0.1:");
	else
		snprintf(expected, sizeof expected,
		    "ncalrpc uid=%u gid=%u pid=%d 1 %u %u %d", geteuid(),
		    getegid(), getpid(), geteuid(), getegid(), getpid());
	assert_true(bytes->size >= strlen(expected));
	assert_memory_equal(bytes->data, expected, strlen(expected));
	becket_stub_free(bytes);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* ------------------------------------------------------------- deferral -- */

static void *
answer_held(void *argument)
{
	const struct becket_bytes answer = { (const uint8_t *)"later", 5 };
	struct echo *echo = argument;

	WAIT_UNTIL(atomic_load(&echo->held) > 0);
	assert_false(becket_token_is_cancelled(echo->token));
	assert_int_equal(becket_stub_answer(echo->token, &echo_interface, ECHO,
	                     BECKET_S_OK, &answer),
	    BECKET_S_INVALID_ASYNC_CALL); /* it is a HOLD */
	assert_int_equal(becket_stub_answer(echo->token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_answer(echo->token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_INVALID_ASYNC_CALL);
	assert_int_equal(becket_token_fail(echo->token, 5, "no"),
	    BECKET_S_INVALID_ASYNC_CALL);
	assert_true(becket_token_is_cancelled(echo->token));
	return NULL;
}

static void
a_deferred_call_is_answered_from_another_thread(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	pthread_t thread;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(pthread_create(&thread, NULL, answer_held, &echo), 0);
	echo_expect(binding, HOLD, "x", "later");
	pthread_join(thread, NULL);
	echo_expect(binding, ECHO, "and on", "and on");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void *
fail_held(void *argument)
{
	struct echo *echo = argument;

	WAIT_UNTIL(atomic_load(&echo->held) > 0);
	assert_int_equal(becket_token_fail(echo->token, 0x20000007,
	                     "gave up after %d tries", 3),
	    BECKET_S_OK);
	return NULL;
}

static void
a_deferred_call_can_fail_with_a_sentence(void **state)
{
	struct becket_binding *binding;
	struct becket_bytes *none;
	struct echo echo;
	pthread_t thread;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(pthread_create(&thread, NULL, fail_held, &echo), 0);
	assert_int_equal(echo_call(binding, HOLD, "", &none), 0x20000007);
	assert_string_equal(becket_error_last()->detail,
	    "gave up after 3 tries");
	pthread_join(thread, NULL);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
an_answer_may_come_before_the_routine_returns(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	for (int i = 0; i < 100; i++)
		echo_expect(binding, DECIDE, "at once", "at once");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* Many calls at once on one connection, answered by a thread as they come. */
static void *
answer_many(void *argument)
{
	const struct becket_bytes answer = { (const uint8_t *)"!", 1 };
	struct echo *echo = argument;

	for (unsigned i = 1; i <= 200; i++) {
		WAIT_UNTIL(atomic_load(&echo->held) == i);
		assert_int_equal(becket_stub_answer(echo->token,
		                     &echo_interface, HOLD, BECKET_S_OK,
		                     &answer),
		    BECKET_S_OK);
	}
	return NULL;
}

static void
the_loop_and_answering_threads_do_not_meet(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	pthread_t thread;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(pthread_create(&thread, NULL, answer_many, &echo), 0);
	for (int i = 0; i < 200; i++)
		echo_expect(binding, HOLD, "?", "!");
	pthread_join(thread, NULL);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* All on one connection, and answered in the opposite order. */
static void
hundreds_of_calls_wait_on_one_connection(void **state)
{
	enum { CALLS = 500 };
	const struct becket_bytes answer = { NULL, 0 };
	static struct becket_token tokens[CALLS];
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	for (uint32_t i = 0; i < CALLS; i++) {
		raw_ask(fd, i, HOLD, "");
		WAIT_UNTIL(atomic_load(&echo.held) == i + 1);
		tokens[i] = echo.token;
	}
	for (uint32_t i = CALLS; i-- > 0;)
		assert_int_equal(becket_stub_answer(tokens[i], &echo_interface,
		                     HOLD, BECKET_S_OK, &answer),
		    BECKET_S_OK);
	for (uint32_t i = CALLS; i-- > 0;)
		raw_expect(fd, i, "");
	close(fd);
	echo_stop(&echo);
}

static void
a_cancel_is_seen_by_the_token(void **state)
{
	const struct becket_bytes answer = { NULL, 0 };
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	assert_false(becket_token_is_cancelled(echo.token));
	raw_say(fd, PDU_CO_CANCEL, 2);
	WAIT_UNTIL(becket_token_is_cancelled(echo.token));
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	raw_expect(fd, 2, "");
	close(fd);
	echo_stop(&echo);
}

static void
an_answer_for_a_client_that_is_gone_is_dropped(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"late", 4 };
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	raw_reset(fd);
	WAIT_UNTIL(becket_token_is_cancelled(echo.token));
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	WAIT_UNTIL(atomic_load(&echo.accesses) == 1);
	echo_stop(&echo);
}

static void
an_answer_after_the_server_has_stopped_is_dropped(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"late", 4 };
	struct becket_limits limits = { .drain_ms = 1 };
	struct echo echo;
	int fd;

	echo_start(&echo, &limits);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 1);
	assert_true(becket_token_is_cancelled(echo.token));
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	close(fd);
	echo_stop(&echo);
}

/* Freed with the server, or the leak checkers will say so. */
static void
a_call_may_never_be_answered(void **state)
{
	struct becket_limits limits = { .drain_ms = 1 };
	struct echo echo;
	int fd;

	echo_start(&echo, &limits);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	echo_stop(&echo);
	close(fd);
}

/* ----------------------------------------------------------- unregister -- */

/* Another thread may take a moment to do what makes the server refuse. */
static void
ask_until_refused(int fd, uint32_t status)
{
	static struct raw_reply reply;

	for (uint32_t call = 3;; call++) {
		raw_ask(fd, call, ECHO, "");
		assert_true(raw_read(fd, &reply));
		if (reply.pdu.header.type != PDU_RESPONSE)
			break;
	}
	assert_int_equal(reply.pdu.header.type, PDU_FAULT);
	assert_int_equal(reply.pdu.fault.status, status);
	assert_int_equal(reply.pdu.header.flags,
	    PDU_FIRST | PDU_LAST | PDU_DID_NOT_EXECUTE);
}

struct waiter {
	struct echo *echo;
	atomic_bool is_done;
	becket_status status;
};

static void *
unregister(void *argument)
{
	struct waiter *waiter = argument;

	waiter->status = becket_server_unregister_if(waiter->echo->server,
	    &echo_interface, NULL, true);
	atomic_store(&waiter->is_done, true);
	return NULL;
}

static void
unregister_waits_for_running_calls(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"ok", 2 };
	struct waiter waiter = { 0 };
	struct echo echo;
	pthread_t thread;
	int fd;

	echo_start(&echo, NULL);
	waiter.echo = &echo;
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	assert_int_equal(pthread_create(&thread, NULL, unregister, &waiter), 0);
	ask_until_refused(fd, NCA_S_UNK_IF);
	assert_false(atomic_load(&waiter.is_done));
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	raw_expect(fd, 2, "ok");
	pthread_join(thread, NULL);
	assert_int_equal(waiter.status, BECKET_S_OK);
	assert_int_equal(becket_server_unregister_if(echo.server,
	                     &echo_interface, NULL, false),
	    BECKET_S_UNKNOWN_IF);
	close(fd);
	echo_stop(&echo);
}

static void
a_manager_may_register_and_unregister(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	for (int i = 0; i < 10; i++)
		echo_expect(binding, CHANGE, "new", "new");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
a_server_that_listens_takes_more_endpoints(void **state)
{
	static const char *const more[] = {
		"ncacn_ip_tcp:127.0.0.2",
		"ncalrpc:[more]",
	};
	struct becket_binding_vector *vector;
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "before", "before");
	becket_binding_free(&binding);
	assert_int_equal(becket_server_use_string_binding(echo.server,
	                     more[which(state)]),
	    BECKET_S_OK);
	assert_int_equal(becket_server_inq_bindings(echo.server, &vector),
	    BECKET_S_OK);
	assert_int_equal(vector->count, 3);
	echo_expect(vector->bindings[2], ECHO, "after", "after");
	becket_binding_vector_free(&vector);
	echo_stop(&echo);
}

/* ----------------------------------------------------------- stop, wait -- */

/* Clients keep their connections, and look at them at their next call. */
static void
idle_clients_do_not_hold_up_a_stop(void **state)
{
	struct becket_binding *binding;
	struct timespec from, to;
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "idle", "idle");
	fd = raw_open(&echo, which(state));
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 5);
	close(fd);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void *
call_until_it_fails(void *argument)
{
	struct waiter *waiter = argument;
	struct echo *echo = waiter->echo;
	struct becket_binding *binding =
	    echo_bind(echo, echo->addresses[waiter->status]);
	struct becket_bytes *bytes;

	while ((waiter->status = echo_call(binding, ECHO, "busy", &bytes)) ==
	       BECKET_S_OK)
		becket_stub_free(bytes);
	becket_binding_free(&binding);
	return NULL;
}

/* Every call is answered or fails as it should. */
static void
a_stop_may_come_in_the_middle_of_traffic(void **state)
{
	enum { THREADS = 4 };
	struct waiter waiters[THREADS];
	pthread_t threads[THREADS];
	struct echo echo;

	echo_start(&echo, NULL);
	for (size_t i = 0; i < THREADS; i++) {
		waiters[i] = (struct waiter){
			.echo = &echo,
			.status = (becket_status)which(state),
		};
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_until_it_fails, &waiters[i]),
		    0);
	}
	WAIT_UNTIL(atomic_load(&echo.accesses) > 1000);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	for (size_t i = 0; i < THREADS; i++) {
		becket_status status;

		pthread_join(threads[i], NULL);
		status = waiters[i].status;
		assert_true(status == BECKET_S_SERVER_UNAVAILABLE ||
		            status == BECKET_S_SERVER_TOO_BUSY ||
		            status == BECKET_S_CALL_FAILED_DNE ||
		            status == BECKET_S_CALL_FAILED);
	}
	echo_stop(&echo);
}

static struct becket_server *signalled;

static void
stop_in_a_signal_handler(int number)
{
	(void)number;
	(void)!becket_server_stop(signalled);
}

static void
a_signal_handler_may_stop_it(void **state)
{
	struct sigaction action = { .sa_handler = stop_in_a_signal_handler };
	struct sigaction old;
	struct echo echo;

	(void)state;
	echo_start(&echo, NULL);
	signalled = echo.server;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	echo_stop(&echo);
}

static void
stop_finishes_what_runs(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"done", 4 };
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	ask_until_refused(fd, NCA_S_SERVER_TOO_BUSY);
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	raw_expect(fd, 2, "done");
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 0);
	assert_int_equal(becket_server_wait(echo.server),
	    BECKET_S_NOT_LISTENING);
	assert_int_equal(becket_server_stop(echo.server),
	    BECKET_S_NOT_LISTENING);
	close(fd);
	echo_stop(&echo);
}

static void
stop_now_cuts_what_runs(void **state)
{
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	raw_ask(fd, 3, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 2);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	becket_server_stop_now(echo.server);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 2);
	raw_read_end(fd);
	assert_true(becket_token_is_cancelled(echo.token));
	close(fd);
	echo_stop(&echo);
}

static void
a_manager_may_stop_its_server(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	echo_expect(binding, STOP, "bye", "bye");
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
a_server_can_listen_again(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_ALREADY_LISTENING);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_NO_PROTSEQS_REGISTERED);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(becket_server_use_string_binding(echo.server,
		                     echo.addresses[i]),
		    BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "again", "again");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* ------------------------------------------------------ somebody's loop -- */

static void *
call_then_stop(void *argument)
{
	struct waiter *waiter = argument;
	struct echo *echo = waiter->echo;
	struct becket_binding *binding =
	    echo_bind(echo, echo->addresses[waiter->status]);

	for (int i = 0; i < 10; i++)
		echo_expect(binding, ECHO, "poll", "poll");
	becket_binding_free(&binding);
	assert_int_equal(becket_server_stop(echo->server), BECKET_S_OK);
	return NULL;
}

static void
a_loop_of_the_users_own_serves(void **state)
{
	const struct becket_server_options one_loop = {
		.size = sizeof one_loop,
	};
	struct waiter waiter = { .status = (becket_status)which(state) };
	struct echo echo;
	pthread_t thread;

	echo_open_as(&echo, NULL, &one_loop);
	waiter.echo = &echo;
	assert_false(becket_server_process(echo.server));
	assert_int_equal(becket_server_start(echo.server), BECKET_S_OK);
	assert_int_equal(pthread_create(&thread, NULL, call_then_stop, &waiter),
	    0);
	do {
		struct pollfd p = { becket_server_fd(echo.server),
			becket_server_events(echo.server), 0 };

		poll(&p, 1, becket_server_timeout(echo.server));
	} while (becket_server_process(echo.server));
	pthread_join(thread, NULL);
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
listen_can_block(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	pthread_t thread;

	echo_open(&echo, NULL);
	assert_int_equal(pthread_create(&thread, NULL, listen_here, &echo), 0);
	binding = bind_to(&echo, state);
	echo_expect(binding, ECHO, "blocked", "blocked");
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
		BOTH(a_call_is_answered),
		BOTH(a_failure_arrives_with_its_sentence),
		BOTH(what_was_not_entered_did_not_execute),
		BOTH(stub_data_with_unknown_flags_is_refused),
		BOTH(the_manager_knows_who_calls),
		BOTH(a_deferred_call_is_answered_from_another_thread),
		BOTH(a_deferred_call_can_fail_with_a_sentence),
		BOTH(an_answer_may_come_before_the_routine_returns),
		BOTH(the_loop_and_answering_threads_do_not_meet),
		BOTH(hundreds_of_calls_wait_on_one_connection),
		BOTH(a_cancel_is_seen_by_the_token),
		BOTH(an_answer_for_a_client_that_is_gone_is_dropped),
		BOTH(an_answer_after_the_server_has_stopped_is_dropped),
		BOTH(a_call_may_never_be_answered),
		BOTH(unregister_waits_for_running_calls),
		BOTH(a_manager_may_register_and_unregister),
		BOTH(a_server_that_listens_takes_more_endpoints),
		BOTH(idle_clients_do_not_hold_up_a_stop),
		BOTH(a_stop_may_come_in_the_middle_of_traffic),
		BOTH(a_signal_handler_may_stop_it),
		BOTH(stop_finishes_what_runs),
		BOTH(stop_now_cuts_what_runs),
		BOTH(a_manager_may_stop_its_server),
		BOTH(a_server_can_listen_again),
		BOTH(a_loop_of_the_users_own_serves),
		BOTH(listen_can_block),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
