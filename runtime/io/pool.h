/* SPDX-License-Identifier: MIT */
#ifndef IO_POOL_H
#define IO_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "io/runtime.h"

/*
 * What all binding handles of a runtime share: an association for each server
 * that they speak to (io/client_association.h), known by protocol sequence,
 * host and endpoint, and the connections that are idle.
 *
 * Idle connections linger for limits.linger_ms, limits.idle_connections of
 * them at most, and are looked after whenever somebody takes one or gives one
 * back: there is no thread of ours. What is left goes with the runtime.
 *
 * Locked; the lock is never held while anything waits for a peer.
 */
struct client_conn;

struct pool {
	struct becket_runtime *runtime;
	pthread_mutex_t lock;
	struct list associations;
	struct list idle; /* of client_conn by recency; who is first was used
	                     least recently */
	uint32_t idle_count;
};

/* The runtime's. */
BECKET_MUST_USE becket_status pool_new(struct becket_runtime *runtime,
    struct pool **ret_pool);
/* Closes everything. Nobody refers to an association any more. NULL is fine. */
void pool_free(struct pool *pool);

/* In a forked child these do nothing: a thread that is not there may hold the
 * lock.
 */
void pool_lock(struct pool *pool);
void pool_unlock(struct pool *pool);

/* The rest with the lock held. */

/* Keep a connection for others, and close what has lingered long enough. */
void pool_put_idle(struct pool *pool, struct client_conn *conn);
/* Out of all lists. */
void pool_take_idle(struct pool *pool, struct client_conn *conn);
/* Close what has lingered long enough, or is one too many. */
void pool_clean(struct pool *pool, uint64_t now);

#endif
