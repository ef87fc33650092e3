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
#include <time.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/binding.h"
#include "io/clock.h"
#include "io/hub.h"
#include "tests/live/dns.h"
#include "tests/live/echo.h"
#include "tests/live/proxy.h"

/*
 * Calls that nobody waits for. Each test runs for each protocol sequence.
 */
struct place {
	size_t which;
	struct echo echo;
	struct becket_binding *binding;
};

static int
setup(void **state)
{
	struct place *place = *state;

	echo_start(&place->echo, NULL);
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_binding_free(&place->binding);
	echo_stop(&place->echo);
	return 0;
}

static struct becket_async
start(struct becket_binding *binding, uint16_t opnum, const char *text)
{
	struct becket_bytes request = { (const uint8_t *)text, strlen(text) };
	struct becket_async async = { 0 };

	if (becket_stub_start(binding, &echo_interface, opnum, &request,
	        &async) != 0)
		fail_msg("%s", becket_error_last()->sentence);
	assert_non_null(async.call);
	return async;
}

static void
finish_with(struct becket_async *async, uint16_t opnum, const char *expected)
{
	struct becket_bytes *response;
	void *message;

	if (becket_stub_finish(async, &echo_interface, opnum, &message) != 0)
		fail_msg("%s", becket_error_last()->sentence);
	response = message;
	assert_int_equal(response->size, strlen(expected));
	assert_memory_equal(response->data, expected, response->size);
	assert_null(async->call);
	becket_stub_free(message);
}

static becket_status
finish(struct becket_async *async, uint16_t opnum)
{
	void *message = NULL;
	becket_status status =
	    becket_stub_finish(async, &echo_interface, opnum, &message);

	becket_stub_free(message);
	return status;
}

static becket_status
wait_for(struct becket_async *async)
{
	return becket_async_wait(async, 20000);
}

static becket_status
answer(struct becket_token token, const char *text)
{
	struct becket_bytes response = { (const uint8_t *)text, strlen(text) };

	return becket_stub_answer(token, &echo_interface, HOLD, 0, &response);
}

static void
a_call_is_started_waited_for_and_finished(void **state)
{
	struct place *place = *state;
	struct becket_async async = start(place->binding, ECHO, "hello");

	assert_int_equal(wait_for(&async), 0);
	assert_int_equal(becket_async_poll(&async), 0);
	finish_with(&async, ECHO, "hello");
	assert_int_equal(becket_async_poll(&async),
	    BECKET_S_INVALID_ASYNC_HANDLE);
}

static void
what_was_given_to_start_may_change_at_once(void **state)
{
	struct place *place = *state;
	char text[] = "hello";
	struct becket_async async = start(place->binding, ECHO, text);

	memset(text, 'x', sizeof text - 1);
	becket_binding_free(&place->binding);
	assert_int_equal(wait_for(&async), 0);
	finish_with(&async, ECHO, "hello");
}

static void
a_call_that_is_not_over_is_pending(void **state)
{
	struct place *place = *state;
	struct becket_async async = start(place->binding, HOLD, "");

	assert_int_equal(becket_async_poll(&async),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(finish(&async, HOLD), BECKET_S_ASYNC_CALL_PENDING);
	while (place->echo.held == 0)
		assert_int_equal(becket_async_wait(&async, 1),
		    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(finish(&async, ECHO), BECKET_S_INVALID_ASYNC_CALL);
	assert_int_equal(answer(place->echo.token, "now"), 0);
	assert_int_equal(wait_for(&async), 0);
	finish_with(&async, HOLD, "now");
}

/* 2000 at once, on one connection. */
enum { MANY = 2000 };

static void
thousands_are_under_way_on_one_handle(void **state)
{
	static struct becket_async asyncs[MANY];
	struct place *place = *state;
	char text[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "%d", i);
		asyncs[i] = start(place->binding, ECHO, text);
	}
	for (int i = MANY; i-- > 0;) {
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(wait_for(&asyncs[i]), 0);
		finish_with(&asyncs[i], ECHO, text);
	}
	assert_int_equal(place->echo.runtime->pool->idle_count, 1);
}

static void
large_calls_are_under_way_together(void **state)
{
	struct place *place = *state;
	struct becket_async asyncs[8];
	char *text = malloc(3000001);

	memset(text, 'a', 3000000);
	text[3000000] = '\0';
	for (int i = 0; i < 8; i++)
		asyncs[i] = start(place->binding, ECHO, text);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(wait_for(&asyncs[i]), 0);
		finish_with(&asyncs[i], ECHO, text);
	}
	free(text);
}

static void
wait_any_finds_the_one_that_is_over(void **state)
{
	struct place *place = *state;
	struct becket_async asyncs[3] = { { 0 } };
	size_t index = 77;

	asyncs[0] = start(place->binding, HOLD, "");
	asyncs[2] = start(place->binding, ECHO, "x");
	assert_int_equal(becket_async_wait_any(asyncs, 3, 20000, &index), 0);
	assert_int_equal(index, 2);
	finish_with(&asyncs[2], ECHO, "x");
	assert_int_equal(becket_async_wait_any(asyncs, 3, 5, &index),
	    BECKET_S_ASYNC_CALL_PENDING);
	WAIT_UNTIL(place->echo.held == 1);
	assert_int_equal(answer(place->echo.token, "y"), 0);
	assert_int_equal(becket_async_wait_any(asyncs, 3, BECKET_FOREVER,
	                     &index),
	    0);
	assert_int_equal(index, 0);
	finish_with(&asyncs[0], HOLD, "y");
	assert_int_equal(becket_async_wait_any(asyncs, 3, 5, &index),
	    BECKET_S_INVALID_ASYNC_HANDLE);
}

static void
hold(struct place *place, struct becket_async *ret_async)
{
	*ret_async = start(place->binding, HOLD, "");
	while (place->echo.held == 0)
		assert_int_equal(becket_async_wait(ret_async, 1),
		    BECKET_S_ASYNC_CALL_PENDING);
}

static void
a_cancel_asks_the_server_which_may_answer_all_the_same(void **state)
{
	struct place *place = *state;
	struct becket_async async;

	hold(place, &async);
	assert_int_equal(becket_async_cancel(&async, false), 0);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	assert_int_equal(becket_async_poll(&async),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(answer(place->echo.token, "late"), 0);
	assert_int_equal(wait_for(&async), 0);
	finish_with(&async, HOLD, "late");
}

/* HTTP/2 has no other way. */
static void
over_grpc_a_cancel_ends_the_call_at_once(void **state)
{
	struct place *place = *state;
	struct becket_async async;

	hold(place, &async);
	assert_int_equal(becket_async_cancel(&async, false), 0);
	assert_int_equal(becket_async_poll(&async), BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	assert_int_equal(finish(&async, HOLD), BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
an_abortive_cancel_ends_the_call_at_once(void **state)
{
	struct place *place = *state;
	struct becket_async async;

	hold(place, &async);
	assert_int_equal(becket_async_cancel(&async, true), 0);
	assert_int_equal(becket_async_poll(&async), BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	assert_int_equal(finish(&async, HOLD), BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
an_aborted_call_needs_no_finish(void **state)
{
	struct place *place = *state;
	struct becket_async async, none = { 0 };

	hold(place, &async);
	becket_async_abort(&async);
	assert_null(async.call);
	becket_async_abort(&none);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
a_fault_is_told_by_finish(void **state)
{
	struct place *place = *state;
	struct becket_async async = start(place->binding, FAIL, "x");

	assert_int_equal(wait_for(&async), 0x20001234);
	assert_int_equal(finish(&async, FAIL), 0x20001234);
	assert_int_equal(becket_error_last()->outcome, BECKET_EXECUTED);
	assert_string_equal(becket_error_last()->detail, "no luck with \"x\"");
}

static void
a_deadline_ends_a_call(void **state)
{
	struct place *place = *state;
	struct becket_async async;

	becket_binding_set_next_timeout(place->binding, 300);
	async = start(place->binding, HOLD, "");
	assert_int_equal(wait_for(&async), BECKET_S_CALL_CANCELLED);
	assert_int_equal(finish(&async, HOLD), BECKET_S_CALL_CANCELLED);
	/* Over gRPC the server may be the one to say it, and it knows. */
	assert_int_not_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
}

static void
what_cannot_be_started_says_so(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { 0 };
	struct becket_async async = { 0 };

	assert_int_equal(becket_stub_start(place->binding, &echo_interface,
	                     STREAM, &request, &async),
	    BECKET_S_STREAMS_NOT_SUPPORTED);
	assert_int_equal(becket_stub_start(place->binding, &echo_interface,
	                     HOLE, &request, &async),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(becket_stub_start(place->binding, &echo_interface,
	                     ECHO, NULL, &async),
	    BECKET_S_INVALID_ARG);
	request.size = SIZE_MAX / 2;
	assert_int_equal(becket_stub_start(place->binding, &echo_interface,
	                     ECHO, &request, &async),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_null(async.call);
}

static void
calls_that_wait_and_calls_that_do_not_share_a_connection(void **state)
{
	struct place *place = *state;
	struct becket_async async;

	echo_expect(place->binding, ECHO, "a", "a");
	async = start(place->binding, ECHO, "b");
	assert_int_equal(wait_for(&async), 0);
	finish_with(&async, ECHO, "b");
	echo_expect(place->binding, ECHO, "c", "c");
	assert_int_equal(place->echo.runtime->pool->idle_count, 1);
}

static uint64_t
own_processor_time(void)
{
	struct timespec time;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void
who_waits_on_the_connection_of_another_sleeps(void **state)
{
	struct place *place = *state;
	struct becket_async async = start(place->binding, ECHO, "a");
	struct becket_bytes *response;
	uint64_t before;

	assert_int_equal(wait_for(&async), 0);
	finish_with(&async, ECHO, "a");
	becket_binding_set_next_timeout(place->binding, 1000);
	before = own_processor_time();
	assert_int_equal(echo_call(place->binding, HOLD, "", &response),
	    BECKET_S_CALL_CANCELLED);
	assert_true(own_processor_time() - before < 50000000);
	WAIT_UNTIL(place->echo.held == 1);
	/* nobody waits for it, but the server does */
	assert_int_equal(answer(place->echo.token, "late"), 0);
}

/* ---------------------------------------------------------------- order -- */

static struct becket_interface second;
static char order[8];

static becket_status
log_order(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;

	(void)epv;
	(void)call;
	strncat(order, (const char *)bytes->data, bytes->size);
	memcpy(response, request, sizeof *bytes);
	return BECKET_S_OK;
}

static becket_routine *const loggers[ECHO_OPERATIONS] = { log_order };

static const struct becket_routines logging = {
	.abi = BECKET_ABI,
	.count = ECHO_OPERATIONS,
	.routines = loggers,
};

static struct becket_async
start_on(struct becket_binding *binding,
    const struct becket_interface *interface, const char *text)
{
	struct becket_bytes request = { (const uint8_t *)text, strlen(text) };
	struct becket_async async;

	assert_int_equal(becket_stub_start(binding, interface, ECHO, &request,
	                     &async),
	    0);
	return async;
}

/* One call whose interface has to be bound first, then one that could go at
 * once.
 */
static void
log_three(struct becket_binding *binding)
{
	const struct becket_interface *interfaces[] = { &echo_interface,
		&second, &echo_interface };
	const char *texts[] = { "1", "2", "3" };
	struct becket_async asyncs[3];
	void *message;

	order[0] = '\0';
	for (int i = 0; i < 3; i++) {
		asyncs[i] = start_on(binding, interfaces[i], texts[i]);
		if (i == 0)
			assert_int_equal(wait_for(&asyncs[0]), 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wait_for(&asyncs[i]), 0);
		assert_int_equal(becket_stub_finish(&asyncs[i], interfaces[i],
		                     ECHO, &message),
		    0);
		becket_stub_free(message);
	}
}

static void
calls_of_a_handle_keep_their_order_unless_told_not_to(void **state)
{
	struct place *place = *state;

	second = echo_interface;
	second.name = "test.Second";
	second.uuid.time_low++;
	assert_int_equal(becket_server_unregister_if(place->echo.server, NULL,
	                     NULL, false),
	    0);
	assert_int_equal(becket_server_register_if(place->echo.server,
	                     &echo_interface, &logging, NULL, place, 0),
	    0);
	assert_int_equal(becket_server_register_if(place->echo.server, &second,
	                     &logging, NULL, place, 0),
	    0);
	log_three(place->binding);
	assert_string_equal(order, "123");
	assert_int_equal(becket_binding_reset(place->binding), 0);
	assert_int_equal(becket_binding_set_option(place->binding,
	                     BECKET_OPTION_NONCAUSAL, 1),
	    0);
	log_three(place->binding);
	assert_string_equal(order, "132");
}

/* --------------------------------------------------- a loop of one's own */

struct chain {
	struct becket_binding *binding;
	unsigned over, left;
	pthread_t thread;
};

static void
next_of_chain(void *user, struct becket_async *async)
{
	struct chain *chain = user;

	assert_true(pthread_equal(chain->thread, pthread_self()));
	finish_with(async, ECHO, "x");
	chain->over++;
	if (chain->left == 0)
		return;
	chain->left--;
	*async = start(chain->binding, ECHO, "x");
	assert_int_equal(becket_async_set_callback(async, next_of_chain, user),
	    0);
}

static void
run_loop(struct becket_runtime *runtime)
{
	do {
		struct pollfd p = { becket_runtime_fd(runtime),
			becket_runtime_events(runtime), 0 };

		assert_in_range(p.fd, 0, 10000);
		assert_in_range(poll(&p, 1, becket_runtime_timeout(runtime)), 0,
		    1);
	} while (becket_runtime_process(runtime));
}

static void
callbacks_come_from_the_users_loop(void **state)
{
	struct place *place = *state;
	struct chain chain = { .binding = place->binding,
		.left = 100,
		.thread = pthread_self() };

	for (int i = 0; i < 10; i++) {
		struct becket_async async = start(place->binding, ECHO, "x");

		assert_int_equal(becket_async_set_callback(&async,
		                     next_of_chain, &chain),
		    0);
	}
	/* Ten chains; each one takes from what is left. */
	run_loop(place->echo.runtime);
	assert_int_equal(chain.over, 110);
}

static void
count_over(void *user, struct becket_async *async)
{
	++*(unsigned *)user;
	assert_int_equal(becket_async_poll(async), BECKET_S_CALL_CANCELLED);
	assert_int_equal(finish(async, HOLD), BECKET_S_CALL_CANCELLED);
}

static void
a_loop_wakes_for_deadlines_and_other_threads(void **state)
{
	struct place *place = *state;
	struct becket_async async;
	unsigned over = 0;

	becket_binding_set_next_timeout(place->binding, 300);
	async = start(place->binding, HOLD, "");
	assert_int_equal(becket_async_set_callback(&async, count_over, &over),
	    0);
	run_loop(place->echo.runtime);
	assert_int_equal(over, 1);
	WAIT_UNTIL(place->echo.held == 1);
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
}

static void
a_callback_may_be_set_when_the_call_is_over(void **state)
{
	struct place *place = *state;
	struct chain chain = { .binding = place->binding,
		.thread = pthread_self() };
	struct becket_async async = start(place->binding, ECHO, "x");

	assert_int_equal(wait_for(&async), 0);
	assert_int_equal(becket_async_set_callback(&async, next_of_chain,
	                     &chain),
	    0);
	assert_int_equal(chain.over, 0);
	assert_int_equal(becket_runtime_timeout(place->echo.runtime), 0);
	assert_false(becket_runtime_process(place->echo.runtime));
	assert_int_equal(chain.over, 1);
}

/* -------------------------------------------------------------- threads */

enum { THREADS = 6, ROUNDS = 40, BATCH = 10 };

static void *
call_in_batches(void *argument)
{
	struct place *place = argument;
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct becket_async asyncs[BATCH] = { { 0 } };
		struct becket_bytes request = { (const uint8_t *)"x", 1 };

		for (int j = 0; j < BATCH; j++)
			wrong +=
			    becket_stub_start(place->binding, &echo_interface,
			        ECHO, &request, &asyncs[j]) != 0;
		if (i % 4 == 1) {
			becket_async_abort(&asyncs[3]);
			wrong += becket_async_cancel(&asyncs[4], i % 8 == 1);
		}
		for (int left = BATCH - (i % 4 == 1); left > 0; left--) {
			size_t index;
			void *message = NULL;

			if (becket_async_wait_any(asyncs, BATCH, 20000,
			        &index) != 0)
				return (void *)1;
			if (becket_stub_finish(&asyncs[index], &echo_interface,
			        ECHO, &message) != 0)
				wrong += index != 4;
			becket_stub_free(message);
		}
	}
	return (void *)wrong;
}

static void *
call_and_wait(void *argument)
{
	struct place *place = argument;
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct becket_bytes *response = NULL;

		wrong += echo_call(place->binding, ECHO, "x", &response) != 0;
		becket_stub_free(response);
	}
	return (void *)wrong;
}

static void
many_threads_start_and_wait(void **state)
{
	struct place *place = *state;
	pthread_t threads[THREADS];
	void *wrong;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     i % 3 == 2 ? call_and_wait
		                                : call_in_batches,
		                     place),
		    0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void
no_descriptor_is_left(void **state)
{
	struct place *place = *state;
	struct becket_runtime *runtime;
	struct becket_runtime_options options = { .size = sizeof options,
		.ncalrpc_dir = place->echo.dir };
	unsigned before = echo_count_descriptors();

	for (int i = 0; i < 20; i++) {
		struct becket_binding *binding;
		struct becket_async async;

		assert_int_equal(becket_runtime_new(&options, &runtime), 0);
		assert_int_equal(becket_grpc_enable(runtime), 0);
		assert_int_equal(becket_binding_from_string_binding(runtime,
		                     place->echo.addresses[place->which],
		                     &binding),
		    0);
		async = start(binding, ECHO, "x");
		if (i % 2)
			becket_async_abort(&async);
		else
			assert_int_equal(wait_for(&async), 0);
		if (async.call != NULL)
			finish_with(&async, ECHO, "x");
		becket_binding_free(&binding);
		becket_runtime_free(runtime);
	}
	WAIT_UNTIL(echo_count_descriptors() == before);
}

/* --------------------------------------------------------------- memory -- */

/* Memory that fails once. */
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

/* Three calls at once, of which those that can be are started and finished. */
static unsigned
call_three(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_async asyncs[3] = { { 0 } };
	unsigned well = 0;

	for (int i = 0; i < 3; i++)
		(void)!becket_stub_start(binding, &echo_interface, ECHO,
		    &request, &asyncs[i]);
	for (int i = 0; i < 3; i++) {
		if (asyncs[i].call == NULL)
			continue;
		assert_int_not_equal(wait_for(&asyncs[i]),
		    BECKET_S_ASYNC_CALL_PENDING);
		well += finish(&asyncs[i], ECHO) == 0;
		assert_null(asyncs[i].call);
	}
	return well;
}

static unsigned
call_with(struct place *place, struct scarce *scarce)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, scarce },
		.ncalrpc_dir = place->echo.dir,
	};
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	unsigned well = 0;

	if (becket_runtime_new(&options, &runtime) != 0)
		return 0;
	assert_int_equal(becket_grpc_enable(runtime), 0);
	if (becket_binding_from_string_binding(runtime,
	        place->echo.addresses[place->which], &binding) == 0) {
		well = call_three(binding);
		becket_binding_free(&binding);
	}
	becket_runtime_free(runtime);
	return well;
}

static void
calls_without_memory_fail_cleanly(void **state)
{
	struct place *place = *state;
	unsigned failures = 0;

	for (size_t i = 0;; i++) {
		struct scarce scarce = { .fail_at = i };
		unsigned well = call_with(place, &scarce);

		assert_int_equal(scarce.live, 0);
		if (scarce.count <= i) {
			assert_int_equal(well, 3);
			break;
		}
		failures += well < 3;
	}
	assert_in_range(failures, 20, 1000);
}

/* ------------------------------------------------ servers that are lost */

static void
nobody_there_is_told_by_finish(void **state)
{
	struct place *place = *state;
	struct becket_async asyncs[3];
	struct becket_binding *binding;
	char string[64];

	if (place->which != 0)
		return;
	snprintf(string, sizeof string, "ncacn_ip_tcp:127.0.0.1[%u]",
	    place->echo.port);
	becket_binding_free(&place->binding);
	assert_int_equal(becket_server_stop(place->echo.server), 0);
	assert_int_equal(becket_server_wait(place->echo.server), 0);
	binding = echo_bind(&place->echo, string);
	for (int i = 0; i < 3; i++)
		asyncs[i] = start(binding, ECHO, "x");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wait_for(&asyncs[i]),
		    BECKET_S_SERVER_UNAVAILABLE);
		assert_int_equal(finish(&asyncs[i], ECHO),
		    BECKET_S_SERVER_UNAVAILABLE);
		assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
		assert_non_null(strstr(becket_error_last()->sentence,
		    "Connection refused"));
	}
	becket_binding_free(&binding);
	assert_int_equal(becket_server_use_protseq(place->echo.server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    0);
	assert_int_equal(becket_server_listen(place->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    0);
}

static void
a_cut_connection_ends_what_is_under_way(void **state)
{
	struct place *place = *state;
	struct proxy proxy;
	struct becket_binding *binding;
	struct becket_async held, next;

	if (place->which != 0)
		return;
	proxy_start(&proxy, place->echo.port);
	binding = echo_bind(&place->echo, proxy.string);
	held = start(binding, HOLD, "");
	while (place->echo.held == 0)
		assert_int_equal(becket_async_wait(&held, 1),
		    BECKET_S_ASYNC_CALL_PENDING);
	proxy_arm(&proxy, PROXY_REQUESTS, 5, true);
	next = start(binding, ECHO, "x");
	assert_int_equal(wait_for(&held), BECKET_S_CALL_FAILED);
	assert_int_equal(wait_for(&next), BECKET_S_CALL_FAILED);
	assert_int_equal(finish(&held, HOLD), BECKET_S_CALL_FAILED);
	assert_int_equal(finish(&next, ECHO), BECKET_S_CALL_FAILED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	next = start(binding, ECHO, "again");
	assert_int_equal(wait_for(&next), 0);
	finish_with(&next, ECHO, "again");
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
	becket_binding_free(&binding);
	proxy_stop(&proxy);
}

static void
a_silent_name_server_stops_nobody(void **state)
{
	struct place *place = *state;
	struct becket_runtime_options options = { .size = sizeof options };
	struct becket_runtime *runtime;
	struct becket_binding *silent, *two;
	struct becket_async slow, fast;
	struct dns dns;
	char string[64];

	if (place->which != 0)
		return;
	dns_start(&dns);
	options.name_servers = dns.name;
	assert_int_equal(becket_runtime_new(&options, &runtime), 0);
	snprintf(string, sizeof string, "ncacn_ip_tcp:silent.test[%u]",
	    place->echo.port);
	assert_int_equal(becket_binding_from_string_binding(runtime, string,
	                     &silent),
	    0);
	snprintf(string, sizeof string, "ncacn_ip_tcp:two.test[%u]",
	    place->echo.port);
	assert_int_equal(becket_binding_from_string_binding(runtime, string,
	                     &two),
	    0);
	becket_binding_set_next_timeout(silent, 300);
	slow = start(silent, ECHO, "x");
	fast = start(two, ECHO, "y");
	assert_int_equal(wait_for(&fast), 0);
	assert_int_equal(becket_async_poll(&slow), BECKET_S_ASYNC_CALL_PENDING);
	finish_with(&fast, ECHO, "y");
	assert_int_equal(wait_for(&slow), BECKET_S_CALL_CANCELLED);
	assert_int_equal(finish(&slow, ECHO), BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	becket_binding_free(&silent);
	becket_binding_free(&two);
	becket_runtime_free(runtime);
	dns_stop(&dns);
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
#define BOTH(name) ONE(name, tcp), ONE(name, local)
#define ALL(name)  BOTH(name), ONE(name, grpc)
	const struct CMUnitTest tests[] = {
		ALL(a_call_is_started_waited_for_and_finished),
		ALL(what_was_given_to_start_may_change_at_once),
		ALL(a_call_that_is_not_over_is_pending),
		ALL(thousands_are_under_way_on_one_handle),
		ALL(large_calls_are_under_way_together),
		ALL(wait_any_finds_the_one_that_is_over),
		BOTH(a_cancel_asks_the_server_which_may_answer_all_the_same),
		ONE(over_grpc_a_cancel_ends_the_call_at_once, grpc),
		ALL(an_abortive_cancel_ends_the_call_at_once),
		ALL(an_aborted_call_needs_no_finish),
		ALL(a_fault_is_told_by_finish),
		ALL(a_deadline_ends_a_call),
		ALL(what_cannot_be_started_says_so),
		ALL(calls_that_wait_and_calls_that_do_not_share_a_connection),
		ALL(who_waits_on_the_connection_of_another_sleeps),
		BOTH(calls_of_a_handle_keep_their_order_unless_told_not_to),
		ALL(callbacks_come_from_the_users_loop),
		ALL(a_loop_wakes_for_deadlines_and_other_threads),
		ALL(a_callback_may_be_set_when_the_call_is_over),
		ALL(many_threads_start_and_wait),
		ALL(no_descriptor_is_left),
		ALL(calls_without_memory_fail_cleanly),
		ONE(nobody_there_is_told_by_finish, tcp),
		ONE(a_cut_connection_ends_what_is_under_way, tcp),
		ONE(a_silent_name_server_stops_nobody, tcp),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
