/* SPDX-License-Identifier: MIT */
#ifndef STUB_GATE_H
#define STUB_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/*
 * So many calls of an interface at once and no more: those that come while all
 * places are taken wait in the order they came, and where too many wait
 * already, they are turned away. Nobody blocks here: who waits is told when a
 * place has become free, by whoever gave it back.
 *
 *   enter ──► has a place ──► leave
 *     └─► waits ──► (another leaves) ──► has its place
 *           └─► withdraw
 *
 * Any thread.
 */
struct gate {
	pthread_mutex_t lock;
	uint32_t places; /* 0: as many as come */
	uint32_t taken;
	uint32_t waiting_count;
	struct list waiting; /* struct ticket */
};

/* Part of a call; a zeroed one is fine. */
struct ticket {
	struct list node;
	bool is_waiting;
	bool has_place;
};

enum gate_verdict {
	GATE_ENTERED,
	GATE_WAIT,
	GATE_FULL,
};

void gate_init(struct gate *gate, uint32_t places);
void gate_fini(struct gate *gate);

/* limit: how many may wait. */
enum gate_verdict gate_enter(struct gate *gate, struct ticket *ticket,
    uint32_t limit);
/* Wait no more. false: it did not, or its place is on its way. */
bool gate_withdraw(struct gate *gate, struct ticket *ticket);
/* Give the place back, if it has one. The ticket that has it now, or NULL. */
struct ticket *gate_leave(struct gate *gate, struct ticket *ticket);

#endif
