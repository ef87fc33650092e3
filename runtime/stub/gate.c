/* SPDX-License-Identifier: MIT */
#include "stub/gate.h"

#include "base/trap.h"

void
gate_init(struct gate *gate, uint32_t places)
{
	*gate = (struct gate){ .places = places };
	pthread_mutex_init(&gate->lock, NULL);
	list_init(&gate->waiting);
}

void
gate_fini(struct gate *gate)
{
	TRAP_UNLESS(list_is_empty(&gate->waiting));
	pthread_mutex_destroy(&gate->lock);
}

/* With the lock held, as the next one. */
static void
take_place(struct gate *gate, struct ticket *ticket)
{
	gate->taken++;
	ticket->has_place = true;
}

static void
stop_waiting(struct gate *gate, struct ticket *ticket)
{
	list_remove(&ticket->node);
	ticket->is_waiting = false;
	gate->waiting_count--;
}

enum gate_verdict
gate_enter(struct gate *gate, struct ticket *ticket, uint32_t limit)
{
	enum gate_verdict verdict = GATE_FULL;

	if (gate->places == 0)
		return GATE_ENTERED;
	pthread_mutex_lock(&gate->lock);
	if (gate->taken < gate->places) {
		take_place(gate, ticket);
		verdict = GATE_ENTERED;
	} else if (gate->waiting_count < limit) {
		list_append(&gate->waiting, &ticket->node);
		ticket->is_waiting = true;
		gate->waiting_count++;
		verdict = GATE_WAIT;
	}
	pthread_mutex_unlock(&gate->lock);
	return verdict;
}

bool
gate_withdraw(struct gate *gate, struct ticket *ticket)
{
	bool was_waiting;

	if (gate->places == 0)
		return false;
	pthread_mutex_lock(&gate->lock);
	was_waiting = ticket->is_waiting;
	if (was_waiting)
		stop_waiting(gate, ticket);
	pthread_mutex_unlock(&gate->lock);
	return was_waiting;
}

struct ticket *
gate_leave(struct gate *gate, struct ticket *ticket)
{
	struct ticket *next = NULL;

	if (!ticket->has_place)
		return NULL;
	pthread_mutex_lock(&gate->lock);
	ticket->has_place = false;
	gate->taken--;
	if (!list_is_empty(&gate->waiting)) {
		next = container_of(gate->waiting.next, struct ticket, node);
		stop_waiting(gate, next);
		take_place(gate, next);
	}
	pthread_mutex_unlock(&gate->lock);
	return next;
}
