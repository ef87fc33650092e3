/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/binding.h"
#include "io/client_conn.h"
#include "io/clock.h"
#include "io/memory_cache.h"
#include "tests/live/echo.h"

/*
 * The connections that the handles of a runtime share. The client has a runtime
 * of its own, with narrow limits.
 */
struct place {
	struct echo echo, other;
	struct becket_runtime *runtime;
};

static int
setup(void **state)
{
	static struct place place;
	struct becket_limits limits = {
		.connections_per_association = 2,
		.idle_connections = 2,
	};
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &limits,
	};

	place = (struct place){ 0 };
	echo_start(&place.echo, NULL);
	echo_start(&place.other, NULL);
	*state = &place;
	return becket_runtime_new(&options, &place.runtime) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_runtime_free(place->runtime);
	echo_stop(&place->echo);
	echo_stop(&place->other);
	return 0;
}

static struct becket_binding *
handle(struct place *place, struct echo *echo)
{
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(place->runtime,
	                     echo->addresses[0], &binding),
	    0);
	return binding;
}

/* A handle that has called. */
static struct becket_binding *
used_handle(struct place *place, struct echo *echo)
{
	struct becket_binding *binding = handle(place, echo);

	echo_expect(binding, ECHO, "hello", "hello");
	return binding;
}

/* What the client runtime holds: idle connections, to whichever server. */
static unsigned
idle(struct place *place)
{
	return place->runtime->pool->idle_count;
}

static struct client_association *
association_of(struct becket_binding *binding)
{
	return container_of(binding->uses.next, struct binding_use, node)
	    ->association;
}

/* As after limits.linger_ms. */
static void
make_old(struct place *place)
{
	list_for_each (node, &place->runtime->pool->idle)
		container_of(node, struct client_conn, recency)->idle_since = 0;
}

static void
handles_for_one_server_share_a_connection(void **state)
{
	struct place *place = *state;
	struct becket_binding *a = used_handle(place, &place->echo);
	struct becket_binding *b = used_handle(place, &place->echo);

	assert_int_equal(idle(place), 1);
	assert_ptr_equal(association_of(a), association_of(b));
	becket_binding_free(&a);
	becket_binding_free(&b);
}

static void
a_connection_outlives_its_handles_and_serves_the_next(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = used_handle(place, &place->echo);
	struct client_association *association = association_of(binding);
	uint32_t id = association->id;

	becket_binding_free(&binding);
	assert_int_equal(idle(place), 1);
	binding = used_handle(place, &place->echo);
	assert_ptr_equal(association_of(binding), association);
	assert_int_equal(association->id, id);
	assert_int_equal(idle(place), 1);
	becket_binding_free(&binding);
}

static void
what_has_lingered_goes_when_somebody_calls_elsewhere(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = used_handle(place, &place->echo);
	unsigned open = echo_count_descriptors();

	becket_binding_free(&binding);
	make_old(place);
	binding = used_handle(place, &place->other);
	assert_int_equal(idle(place), 1);
	/* Both ends: the other server's came, the first one's go. */
	WAIT_UNTIL(echo_count_descriptors() == open);
	becket_binding_free(&binding);
}

/* Handles of their own share nothing, so that there may be many. */
static void
idle_connections_are_capped(void **state)
{
	struct place *place = *state;
	struct becket_binding *handles[4];

	for (int i = 0; i < 4; i++) {
		handles[i] = handle(place, &place->echo);
		assert_int_equal(becket_binding_set_option(handles[i],
		                     BECKET_OPTION_UNIQUE_BINDING, 1),
		    0);
		echo_expect(handles[i], ECHO, "x", "x");
	}
	assert_int_equal(idle(place), 2);
	for (int i = 0; i < 4; i++)
		becket_binding_free(&handles[i]);
	assert_int_equal(idle(place), 0);
}

static void
without_linger_connections_go_with_the_last_handle(void **state)
{
	struct place *place = *state;
	struct becket_binding *a = used_handle(place, &place->echo);
	struct becket_binding *b = used_handle(place, &place->echo);

	assert_int_equal(becket_binding_set_option(a, BECKET_OPTION_DONT_LINGER,
	                     1),
	    0);
	becket_binding_free(&a);
	assert_int_equal(idle(place), 1);
	becket_binding_free(&b);
	assert_int_equal(idle(place), 0);
	assert_true(list_is_empty(&place->runtime->pool->associations));
}

static void
a_pinned_association_keeps_its_last_connection(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = used_handle(place, &place->echo);
	struct client_association *association = association_of(binding);
	uint32_t id = association->id;

	client_association_pin(association);
	becket_binding_free(&binding);
	make_old(place);
	binding = used_handle(place, &place->other);
	becket_binding_free(&binding);
	assert_int_equal(association->connections, 1);
	assert_int_equal(association->id, id);
	client_association_unpin(association);
	make_old(place);
	binding = used_handle(place, &place->other);
	assert_int_equal(idle(place), 1);
	becket_binding_free(&binding);
}

static void
a_reset_handle_leaves_the_others_their_connection(void **state)
{
	struct place *place = *state;
	struct becket_binding *a = used_handle(place, &place->echo);
	struct becket_binding *b = used_handle(place, &place->echo);
	uint32_t id = association_of(b)->id;

	assert_int_equal(becket_binding_reset(a), 0);
	echo_expect(a, ECHO, "x", "x");
	echo_expect(b, ECHO, "x", "x");
	assert_int_equal(association_of(b)->id, id);
	assert_int_not_equal(association_of(a)->id, id);
	becket_binding_free(&b);
	assert_int_equal(idle(place), 1);
	becket_binding_free(&a);
}

struct caller {
	pthread_t thread;
	struct becket_binding *binding;
	uint16_t opnum;
	becket_status status;
};

static void *
call_once(void *argument)
{
	struct caller *caller = argument;
	struct becket_bytes *response = NULL;

	caller->status =
	    echo_call(caller->binding, caller->opnum, "x", &response);
	becket_stub_free(response);
	return NULL;
}

static void
begin(struct caller *caller, struct becket_binding *binding, uint16_t opnum)
{
	*caller = (struct caller){ .binding = binding, .opnum = opnum };
	assert_int_equal(pthread_create(&caller->thread, NULL, call_once,
	                     caller),
	    0);
}

static becket_status
join(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->status;
}

static becket_status
answer(struct becket_token token)
{
	struct becket_bytes response = { (const uint8_t *)"x", 1 };

	return becket_stub_answer(token, &echo_interface, HOLD, 0, &response);
}

/* Hold both connections; their tokens. */
static void
hold_all(struct place *place, struct becket_binding *binding,
    struct caller callers[2], struct becket_token tokens[2])
{
	for (unsigned i = 0; i < 2; i++) {
		begin(&callers[i], binding, HOLD);
		WAIT_UNTIL(place->echo.held == i + 1);
		tokens[i] = place->echo.token;
	}
}

static unsigned
waiting(struct client_association *association)
{
	unsigned count;

	pool_lock(association->pool);
	count = association->waiting;
	pool_unlock(association->pool);
	return count;
}

static void
a_call_beyond_the_limit_waits_for_a_connection(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = used_handle(place, &place->echo);
	struct caller holders[2], third;
	struct becket_token tokens[2];

	hold_all(place, binding, holders, tokens);
	begin(&third, binding, ECHO);
	WAIT_UNTIL(waiting(association_of(binding)) == 1);
	assert_int_equal(answer(tokens[0]), 0);
	assert_int_equal(join(&third), 0);
	assert_int_equal(answer(tokens[1]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(join(&holders[i]), 0);
	assert_int_equal(association_of(binding)->connections, 2);
	becket_binding_free(&binding);
}

static void
a_call_that_gets_no_connection_in_time_was_not_sent(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = used_handle(place, &place->echo);
	struct becket_bytes *response;
	struct caller holders[2];
	struct becket_token tokens[2];

	hold_all(place, binding, holders, tokens);
	becket_binding_set_next_timeout(binding, 30);
	assert_int_equal(echo_call(binding, ECHO, "x", &response),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(strstr(becket_error_last()->sentence,
	    "all 2 connections to the server are busy"));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(answer(tokens[i]), 0);
		assert_int_equal(join(&holders[i]), 0);
	}
	becket_binding_free(&binding);
}

enum { THREADS = 6, ROUNDS = 60 };

static void *
come_and_go(void *argument)
{
	struct place *place = argument;
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct echo *echo = i % 3 == 0 ? &place->other : &place->echo;
		struct becket_bytes *response = NULL;
		struct becket_binding *binding;

		if (becket_binding_from_string_binding(place->runtime,
		        echo->addresses[0], &binding) != 0)
			return (void *)1;
		if (i % 5 == 0 && becket_binding_set_option(binding,
		                      BECKET_OPTION_UNIQUE_BINDING, 1) != 0)
			wrong++;
		if (echo_call(binding, ECHO, "x", &response) != 0)
			wrong++;
		becket_stub_free(response);
		if (i % 7 == 0 && becket_binding_reset(binding) != 0)
			wrong++;
		becket_binding_free(&binding);
	}
	return (void *)wrong;
}

static void
handles_come_and_go_in_many_threads(void **state)
{
	struct place *place = *state;
	pthread_t threads[THREADS];
	void *wrong;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go,
		                     place),
		    0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	assert_in_range(idle(place), 1, 2);
}

/* ------------------------------------------------- large blocks that stay --
 */

enum { LARGE = 1 << 20 };

static void
wait_until_unwanted(void)
{
	uint64_t until = clock_now() + clock_from_ms(2100);

	WAIT_UNTIL(clock_now() >= until);
}

/* false: it keeps none, as where sanitizers watch. */
static bool
keeps_blocks(struct place *place, struct becket_binding *binding)
{
	struct becket_bytes *response;

	assert_int_equal(echo_call(binding, FILL, "1048576", &response), 0);
	assert_int_equal(response->size, LARGE);
	becket_stub_free(response);
	if (place->runtime->memory_cache == NULL)
		return false;
	assert_true(memory_cache_size(place->runtime->memory_cache) >= LARGE);
	return true;
}

static void
a_later_call_gives_large_blocks_back(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = handle(place, &place->echo);

	if (keeps_blocks(place, binding))
		wait_until_unwanted();
	echo_expect(binding, ECHO, "small", "small");
	assert_int_equal(memory_cache_size(place->runtime->memory_cache), 0);
	becket_binding_free(&binding);
}

static struct becket_async
start_one(struct becket_binding *binding, uint16_t opnum)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_async async;

	assert_int_equal(becket_stub_start(binding, &echo_interface, opnum,
	                     &request, &async),
	    BECKET_S_OK);
	return async;
}

static void
finish_one(struct becket_async *async, uint16_t opnum)
{
	void *message = NULL;

	assert_int_equal(becket_async_wait(async, 20000), BECKET_S_OK);
	assert_int_equal(becket_stub_finish(async, &echo_interface, opnum,
	                     &message),
	    BECKET_S_OK);
	becket_stub_free(message);
}

/* Its connection is not given back meanwhile. */
static void
so_does_one_beside_another_that_waits(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"held", 4 };
	struct place *place = *state;
	struct becket_binding *binding = handle(place, &place->echo);
	bool keeps = keeps_blocks(place, binding);
	struct becket_async held = start_one(binding, HOLD), other;

	if (keeps)
		wait_until_unwanted();
	other = start_one(binding, ECHO);
	finish_one(&other, ECHO);
	assert_int_equal(memory_cache_size(place->runtime->memory_cache), 0);
	WAIT_UNTIL(atomic_load(&place->echo.held) == 1);
	assert_int_equal(becket_stub_answer(place->echo.token, &echo_interface,
	                     HOLD, BECKET_S_OK, &answer),
	    BECKET_S_OK);
	finish_one(&held, HOLD);
	becket_binding_free(&binding);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(handles_for_one_server_share_a_connection),
		TEST(a_connection_outlives_its_handles_and_serves_the_next),
		TEST(what_has_lingered_goes_when_somebody_calls_elsewhere),
		TEST(idle_connections_are_capped),
		TEST(without_linger_connections_go_with_the_last_handle),
		TEST(a_pinned_association_keeps_its_last_connection),
		TEST(a_reset_handle_leaves_the_others_their_connection),
		TEST(a_call_beyond_the_limit_waits_for_a_connection),
		TEST(a_call_that_gets_no_connection_in_time_was_not_sent),
		TEST(handles_come_and_go_in_many_threads),
		TEST(a_later_call_gives_large_blocks_back),
		TEST(so_does_one_beside_another_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
