/* SPDX-License-Identifier: MIT */
#ifndef IO_WORKERS_H
#define IO_WORKERS_H

#include "io/loop.h"
#include "io/thread.h"
#include "stub/call.h"

/*
 * The threads of a server that run manager routines which may wait. A loop
 * gives them calls, which wait in one queue of bounded length; what has been
 * answered goes back by the call's host, as answers from any thread do. They
 * are started as they are needed, and end with the server's listening.
 */
struct workers {
	const struct becket_memory *memory;
	struct loop *loop; /* told when they have become idle */
	uint32_t limit;    /* of calls that wait */
	uint32_t most;     /* threads */
	pthread_t *threads;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list calls;
	uint32_t waiting; /* calls */
	uint32_t running; /* calls */
	uint32_t count;   /* threads */
	uint32_t idle;    /* threads */
	bool is_awaited;  /* the loop wants to know */
	bool is_ending;
};

/* most 0: nothing is ever given to them. S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status workers_init(struct workers *workers,
    const struct becket_memory *memory, struct loop *loop, uint32_t most,
    uint32_t limit);
/* They have ended, or are the parent's of a forked child. */
void workers_fini(struct workers *workers);

/* Have a call run that has entered. false: too many wait already, or there is
 * no thread; it has not been taken.
 */
bool workers_give(struct workers *workers, struct becket_call *call);

/* Nothing waits, nothing runs. false: the loop will be woken when it is so. */
bool workers_are_idle(struct workers *workers);

/* Free what waits, wait for what runs, end the threads. They start again when
 * there is something to do.
 */
void workers_end(struct workers *workers);

#endif
