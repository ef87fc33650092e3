/* SPDX-License-Identifier: MIT */
#ifndef IO_HUB_H
#define IO_HUB_H

#include <pthread.h>

#include "base/idmap.h"
#include "base/list.h"
#include "io/runtime.h"

/*
 * Where a runtime's asynchronous calls are: their lines, and one epoll that
 * watches them. There is no thread of ours: whoever waits for a call drives all
 * of them meanwhile, one thread at a time, and the others wait for what it
 * finds; or the user's own loop does, which watches becket_runtime_fd() and
 * calls becket_runtime_process(). start() sends by itself what can be sent.
 *
 *   lines --- epoll <--- driver: becket_async_wait(), poll(), process()
 *               ^
 *   wake -------+--- loop_epoll <--- the user's loop
 *   loop_wake -------'
 *
 * wake ends a driver's wait, loop_wake the loop's too: for a call that is due
 * earlier than what is waited for, and for callbacks.
 *
 * Everything is guarded by the lock, which is never held while anything waits,
 * nor in a callback; the pool's lock may be taken inside, not the other way
 * round.
 */
struct becket_async_call;
struct line;
struct waiter;

struct hub {
	struct becket_runtime *runtime;
	pthread_mutex_t lock;
	pthread_condattr_t monotonic;
	struct list waiters; /* threads, while another drives */
	bool is_open;        /* the descriptors are there */
	int epoll, loop_epoll;
	int wake, loop_wake;         /* eventfds */
	const struct waiter *driver; /* who waits on epoll, or NULL */
	bool has_loop, is_processed; /* the latter: what is due is seen */
	uint64_t driver_until, loop_until;
	struct idmap ids; /* of lines */
	struct list lines;
	struct list dirty;   /* lines that want line_run() */
	struct list pausing; /* calls that are to be repeated */
	struct list due;     /* calls whose callback is due */
};

BECKET_MUST_USE becket_status hub_new(struct becket_runtime *runtime,
    struct hub **ret_hub);
/* No call is left. NULL is fine. */
void hub_free(struct hub *hub);

/* Somebody may have got what a line waits for. Any thread, without the lock. */
void hub_wake(struct hub *hub);

/* The rest with the lock held. */

/* S_OUT_OF_RESOURCES. */
BECKET_MUST_USE becket_status hub_open(struct hub *hub);

/* Put a call on the line of its association. */
void hub_place(struct hub *hub, struct becket_async_call *call,
    bool must_be_new);
/* Run the lines that want it, and see to it that who waits wakes in time. */
void hub_settle(struct hub *hub);
/* Drive, or wait for who drives, until is_done(what), or until until; 0: for
 * ever. call: the one that what is about, for whoever is not told of it sleeps
 * on; NULL: any. Lets go of the lock meanwhile.
 */
void hub_await(struct hub *hub, const struct becket_async_call *call,
    bool (*is_done)(const void *what), const void *what, uint64_t until);
/* Do what there is to do, without waiting. */
void hub_poll(struct hub *hub);
/* The loop has woken. */
void hub_hush_loop(struct hub *hub);
/* When hub_poll() is wanted; 0: never. */
uint64_t hub_due(const struct hub *hub);

/* For lines and calls. */
bool hub_add_line(struct hub *hub, struct line *line);
void hub_remove_line(struct hub *hub, struct line *line);
void hub_mark(struct hub *hub, struct line *line);
/* fd -1: nothing any more. */
void hub_watch(struct hub *hub, struct line *line, int fd, uint32_t events);
/* Repeat a call after a pause; false: that must not be. */
bool hub_repeat(struct hub *hub, struct becket_async_call *call);
/* It was not sent: repeat it if it was, earlier, else it is over. */
void hub_retry_or_fail(struct hub *hub, struct becket_async_call *call,
    becket_status status, const char *why);
/* It is over, or something has happened that its user waits for. */
void hub_tell(struct hub *hub, struct becket_async_call *call);

#endif
