/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/clock.h"
#include "tests/live/echo.h"

/*
 * Blocking calls beside asynchronous ones, to a server that this runtime does
 * not know yet: the first connection, which the others have to join, is made by
 * the asynchronous call.
 */
struct place {
	struct echo echo;
	struct becket_runtime *runtime; /* the client's */
	struct becket_binding *binding;
	struct becket_async held;
	atomic_bool is_over;
};

static int
start(void **state, uint32_t connections)
{
	static struct place place;
	struct becket_limits limits = {
		.call_ms = 15000,
		.connections_per_association = connections,
	};
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &limits,
	};
	struct becket_bytes request = { (const uint8_t *)"x", 1 };

	place = (struct place){ 0 };
	echo_start(&place.echo, NULL);
	assert_int_equal(becket_runtime_new(&options, &place.runtime),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_from_string_binding(place.runtime,
	                     place.echo.addresses[0], &place.binding),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_start(place.binding, &echo_interface, HOLD,
	                     &request, &place.held),
	    BECKET_S_OK);
	*state = &place;
	return 0;
}

static int
setup(void **state)
{
	return start(state, 0);
}

static int
setup_one(void **state)
{
	return start(state, 1);
}

static void
answer_held(struct place *place)
{
	const struct becket_bytes answer = { (const uint8_t *)"held", 4 };

	WAIT_UNTIL(atomic_load(&place->echo.held) == 1);
	assert_int_equal(becket_stub_answer(place->echo.token, &echo_interface,
	                     HOLD, BECKET_S_OK, &answer),
	    BECKET_S_OK);
}

static void
finish_held(struct place *place)
{
	void *message = NULL;

	assert_int_equal(becket_async_wait(&place->held, 20000), BECKET_S_OK);
	assert_int_equal(becket_stub_finish(&place->held, &echo_interface, HOLD,
	                     &message),
	    BECKET_S_OK);
	becket_stub_free(message);
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_binding_free(&place->binding);
	becket_runtime_free(place->runtime);
	echo_stop(&place->echo);
	return 0;
}

static void
a_blocking_call_drives_what_it_waits_for(void **state)
{
	struct place *place = *state;

	echo_expect(place->binding, ECHO, "hello", "hello");
	answer_held(place);
	finish_held(place);
}

/* Its answer has come, and nobody else looks. */
static void
so_does_one_that_waits_for_its_turn(void **state)
{
	struct place *place = *state;

	while (atomic_load(&place->echo.held) == 0)
		assert_int_equal(becket_async_wait(&place->held, 1),
		    BECKET_S_ASYNC_CALL_PENDING);
	answer_held(place);
	echo_expect(place->binding, ECHO, "hello", "hello");
	finish_held(place);
}

static void *
call_in_thread(void *argument)
{
	struct place *place = argument;

	echo_expect(place->binding, ECHO, "hello", "hello");
	return NULL;
}

static void
so_do_many(void **state)
{
	enum { THREADS = 8 };
	struct place *place = *state;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, place),
		    0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	answer_held(place);
	finish_held(place);
}

static void
it_does_not_disturb_who_drives(void **state)
{
	struct place *place = *state;
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, place),
		    0);
	assert_int_equal(becket_async_wait(&place->held, 50),
	    BECKET_S_ASYNC_CALL_PENDING);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	answer_held(place);
	finish_held(place);
}

static void *
turn_a_loop(void *argument)
{
	struct place *place = argument;
	struct pollfd p = { .fd = becket_runtime_fd(place->runtime) };

	while (!atomic_load(&place->is_over)) {
		p.events = becket_runtime_events(place->runtime);
		poll(&p, 1, 10);
		(void)becket_runtime_process(place->runtime);
	}
	return NULL;
}

static void
start_and_wait(struct place *place)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	uint64_t late = clock_now() + clock_from_ms(10000);
	struct becket_async async;
	void *message;

	assert_int_equal(becket_stub_start(place->binding, &echo_interface,
	                     ECHO, &request, &async),
	    BECKET_S_OK);
	assert_int_equal(becket_async_wait(&async, 20000), BECKET_S_OK);
	assert_true(clock_now() < late);
	assert_int_equal(becket_stub_finish(&async, &echo_interface, ECHO,
	                     &message),
	    BECKET_S_OK);
	becket_stub_free(message);
}

/* The loop finds what the other waits for, and must not take away what wakes
 * him.
 */
static void
who_waits_beside_a_loop_is_told(void **state)
{
	enum { CALLS = 2000 };
	struct place *place = *state;
	pthread_t loop;

	assert_int_equal(pthread_create(&loop, NULL, turn_a_loop, place), 0);
	for (size_t i = 0; i < CALLS; i++)
		start_and_wait(place);
	atomic_store(&place->is_over, true);
	pthread_join(loop, NULL);
	answer_held(place);
	finish_held(place);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_blocking_call_drives_what_it_waits_for),
		cmocka_unit_test_setup_teardown(
		    so_does_one_that_waits_for_its_turn, setup_one, teardown),
		TEST(so_do_many),
		TEST(it_does_not_disturb_who_drives),
		TEST(who_waits_beside_a_loop_is_told),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
