/* SPDX-License-Identifier: MIT */
#include "stub/gate.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/unit.h"

static void
without_a_maximum_everybody_enters(void **state)
{
	struct ticket tickets[100] = { 0 };
	struct gate gate;

	(void)state;
	gate_init(&gate, 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(gate_enter(&gate, &tickets[i], 0),
		    GATE_ENTERED);
	for (size_t i = 0; i < 100; i++) {
		assert_false(gate_withdraw(&gate, &tickets[i]));
		assert_null(gate_leave(&gate, &tickets[i]));
	}
	gate_fini(&gate);
}

static void
places_are_given_in_the_order_of_arrival(void **state)
{
	struct ticket tickets[6] = { 0 };
	struct gate gate;

	(void)state;
	gate_init(&gate, 2);
	assert_int_equal(gate_enter(&gate, &tickets[0], 3), GATE_ENTERED);
	assert_int_equal(gate_enter(&gate, &tickets[1], 3), GATE_ENTERED);
	assert_int_equal(gate_enter(&gate, &tickets[2], 3), GATE_WAIT);
	assert_int_equal(gate_enter(&gate, &tickets[3], 3), GATE_WAIT);
	assert_int_equal(gate_enter(&gate, &tickets[4], 3), GATE_WAIT);
	assert_int_equal(gate_enter(&gate, &tickets[5], 3), GATE_FULL);
	/* Who was turned away, or waits, has nothing to give back. */
	assert_null(gate_leave(&gate, &tickets[5]));
	assert_null(gate_leave(&gate, &tickets[2]));
	assert_ptr_equal(gate_leave(&gate, &tickets[1]), &tickets[2]);
	assert_null(gate_leave(&gate, &tickets[1]));
	assert_true(gate_withdraw(&gate, &tickets[3]));
	assert_false(gate_withdraw(&gate, &tickets[3]));
	assert_ptr_equal(gate_leave(&gate, &tickets[0]), &tickets[4]);
	assert_false(gate_withdraw(&gate, &tickets[4]));
	assert_null(gate_leave(&gate, &tickets[4]));
	assert_null(gate_leave(&gate, &tickets[2]));
	assert_int_equal(gate_enter(&gate, &tickets[5], 3), GATE_ENTERED);
	assert_null(gate_leave(&gate, &tickets[5]));
	gate_fini(&gate);
}

enum { THREADS = 4, TURNS = 2000 };

struct crowd {
	struct gate gate;
	atomic_int inside, most;
	atomic_uint served;
};

/* Whoever gives a place back does the next one's work, too. */
static void
work(struct crowd *crowd, struct ticket *ticket)
{
	while (ticket != NULL) {
		int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
		struct ticket *next;

		if (inside > atomic_load(&crowd->most))
			atomic_store(&crowd->most, inside);
		atomic_fetch_add(&crowd->served, 1);
		atomic_fetch_sub(&crowd->inside, 1);
		next = gate_leave(&crowd->gate, ticket);
		free(ticket);
		ticket = next;
	}
}

static void *
come_and_go(void *argument)
{
	struct crowd *crowd = argument;

	for (int i = 0; i < TURNS; i++) {
		struct ticket *ticket = calloc(1, sizeof *ticket);

		if (gate_enter(&crowd->gate, ticket, UINT32_MAX) ==
		    GATE_ENTERED)
			work(crowd, ticket);
	}
	return NULL;
}

static void
threads_never_exceed_it_and_nobody_is_forgotten(void **state)
{
	struct crowd crowd = { 0 };
	pthread_t threads[THREADS];

	(void)state;
	gate_init(&crowd.gate, 2);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go,
		                     &crowd),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&crowd.served), THREADS * TURNS);
	assert_true(atomic_load(&crowd.most) <= 2);
	gate_fini(&crowd.gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_maximum_everybody_enters),
		cmocka_unit_test(places_are_given_in_the_order_of_arrival),
		cmocka_unit_test(
		    threads_never_exceed_it_and_nobody_is_forgotten),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
