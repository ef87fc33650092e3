/* SPDX-License-Identifier: MIT */
#ifndef STUB_PEER_H
#define STUB_PEER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "becket.h"

/*
 * Who calls, as managers see it. A connection and its calls share one, because
 * a call may outlive its connection. Counted; what is above the lock is never
 * changed once made.
 */
struct peer_watch {
	struct peer_watch *next;
	void (*gone)(void *user, uint64_t connection);
	void *user;
};

struct peer {
	atomic_uint references;
	const struct becket_memory *memory;
	struct becket_peer view;

	pthread_mutex_t lock;
	struct peer_watch *watches;
	bool is_gone; /* its connection */
	char text[];
};

/* view->text and view->address are copied, view->protseq is not. NULL: no
 * memory.
 */
struct peer *peer_new(const struct becket_memory *memory,
    const struct becket_peer *view);

/* Any thread. */
struct peer *peer_hold(struct peer *peer);
/* Any thread; NULL is fine. */
void peer_release(struct peer *peer);

/* becket_call_on_disconnect(). Any thread. */
BECKET_MUST_USE becket_status peer_watch(struct peer *peer,
    void (*gone)(void *user, uint64_t connection), void *user);
/* The connection is gone: tell those who watch. Once; NULL is fine. */
void peer_gone(struct peer *peer);

#endif
