/* SPDX-License-Identifier: MIT */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/status.h"

/*
 * Waiting: for descriptors, for times, and to be woken. One epoll instance,
 * which a loop of somebody else's can poll in its turn, since it is readable
 * exactly when something is to be done.
 *
 * Descriptors are level-triggered: who reads less than there is, is told
 * again; the waker alone is not, and so never has to be read. One thread runs
 * the loop; loop_wake() and loop_watch() may come from others.
 */
struct watch {
	int fd;
	uint32_t events; /* EPOLLIN and the like that are asked for */
	atomic_bool is_watched;
	void (*ready)(struct watch *watch, uint32_t events);
};

struct timer {
	struct list node;
	uint64_t at; /* 0: never */
	void (*fire)(struct timer *timer, uint64_t now);
};

struct loop {
	int epoll;
	struct watch waker; /* an eventfd */
	void (*woken)(struct loop *loop);
	struct list timers; /* those that are set, in no order */
	uint64_t soonest;   /* none of them is earlier; 0: there is none */
	uint64_t now;       /* as this turn began */
};

/* S_SYSTEM. woken is called in the loop's thread after loop_wake(). */
BECKET_MUST_USE becket_status loop_init(struct loop *loop,
    void (*woken)(struct loop *loop));
/* A zeroed loop, or one whose init failed, is fine. */
void loop_fini(struct loop *loop);

/* In a forked child: the kernel's side of the loop is the parent's. */
void loop_disown(struct loop *loop);

/* Ask for other events; 0: only for what cannot be unasked, EPOLLERR and
 * EPOLLHUP. Closing the descriptor ends it all. S_SYSTEM: not watched at all
 * so far, and the kernel has no memory.
 */
BECKET_MUST_USE becket_status loop_watch(struct loop *loop, struct watch *watch,
    uint32_t events);
void loop_unwatch(struct loop *loop, struct watch *watch);

void timer_init(struct timer *timer,
    void (*fire)(struct timer *timer, uint64_t now));
/* at 0: stop it. It fires once, at that time or a little later. */
void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at);

/* Milliseconds until a timer fires, for poll(); -1: never. */
int loop_timeout(const struct loop *loop);

/* Make the loop turn. Any thread, also a signal handler. */
void loop_wake(struct loop *loop);

/* Wait for up to timeout milliseconds (-1: for ever), then do all that there
 * is to do. What a callback frees must stay readable until the turn is over.
 */
void loop_turn(struct loop *loop, int timeout);

/* Is this thread in no loop's turn? Else what waits for others keeps them
 * waiting.
 */
bool loop_may_wait(void);
/* As if in a turn: what is called between them may not wait either. */
void loop_enter(void);
void loop_leave(void);

#endif
