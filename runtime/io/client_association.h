/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_ASSOCIATION_H
#define IO_CLIENT_ASSOCIATION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "io/connect.h"
#include "io/pool.h"
#include "io/protseq.h"

/*
 * A client's side of an association: the connections to one endpoint of one
 * server, all in one group at the server, which the first of them founds and
 * the others wait for. "client_", for the server's side is struct association.
 *
 *   binding handles, leases, context handles --counted--> association
 *                                                            | idle
 *                                                         client_conn
 *
 * It lives while somebody refers to it or it has connections that linger. New
 * handles find it in the pool while it is listed there.
 *
 * Everything below the line is guarded by the pool's lock.
 */
struct client_association {
	struct pool *pool;
	const struct protseq *protseq;
	char *host;
	char *endpoint;
	/* ------------------------------------------------------------- */
	struct list node; /* in the pool's; empty: it is not listed */
	pthread_cond_t changed;
	uint32_t references;
	uint32_t pins;        /* what would die with the group */
	uint32_t connections; /* idle, leased, or being made */
	uint32_t alone;       /* of these, leased to who may cut them off */
	uint32_t driven;      /* of these, the hub's */
	uint32_t waiting;     /* for a change */
	uint32_t changes;     /* there have been so many */
	struct list idle;     /* of client_conn, the one used last at the end */
	uint32_t id;          /* as the server named it; 0: none */
	uint32_t members;     /* connections that have joined id */
	bool is_being_founded;
	bool does_not_linger;
	bool does_hub_wait; /* for a change too */
	bool is_hold_claimed, is_hold_claimed_by_hub;
	/* ------------------------------------------------------------- */
	struct line *line; /* of asynchronous calls, or NULL: the hub's */
	/* ------------------------------------------------------------- */
	struct client_hold *hold; /* its claimant's; NULL: none */
	uint32_t holds;           /* there have been so many */
};

/* What calls to endpoint on host share; a reference, the association's own
 * copies. is_private: nobody else's. S_OUT_OF_MEMORY. Any thread.
 */
BECKET_MUST_USE becket_status client_association_get(struct pool *pool,
    const struct protseq *protseq, const char *host, const char *endpoint,
    bool is_private, struct client_association **ret_association);

struct client_association *client_association_ref(
    struct client_association *association);
/* With the last reference, idle connections stay for who asks next, for a
 * while. Those of an association that nobody can find are closed. NULL is fine.
 */
void client_association_unref(struct client_association *association);

/* For new connections: views of the association's names. */
struct connect_target client_association_target(
    const struct client_association *association);

/* Who asks from now on gets another. */
void client_association_unlist(struct client_association *association);

/* Something at the server lives as long as the group does: its last connection
 * is not closed for being idle. Takes a reference; unpin gives it back.
 */
void client_association_pin(struct client_association *association);
void client_association_unpin(struct client_association *association);

/* Close the connections with the last reference, or let them linger. */
void client_association_set_linger(struct client_association *association,
    bool lingers);
bool client_association_lingers(struct client_association *association);

/* The one that there is now; 0: none. */
uint32_t client_association_group(struct client_association *association);

/* The rest is for io/lease.c and io/pool.c, with the lock held. */

/* A connection is gone, or was not made: id is the group it joined, or 0. */
void client_association_leave(struct client_association *association,
    uint32_t id);
/* Close and forget a connection that is in no list. */
void client_association_drop(struct client_association *association,
    struct client_conn *conn);
void client_association_drop_idle(struct client_association *association);
/* Wake who waits for a connection, the group, or the hold; the hub too. */
void client_association_changed(struct client_association *association);
/* Let go of the lock until something has changed; false: too late. What the hub
 * has of the association goes on only while somebody drives, so this does.
 */
bool client_association_await(struct client_association *association,
    uint64_t deadline);
/* Its last connection that nobody may cut off, and all that hangs on it, is to
 * stay.
 */
bool client_association_is_needed(const struct client_association *association);
/* Free it if nothing keeps it. */
void client_association_settle(struct client_association *association);
void client_association_free(struct client_association *association);

#endif
