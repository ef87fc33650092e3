/* SPDX-License-Identifier: MIT */
#ifndef IO_POOL_H
#define IO_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "io/client_conn.h"
#include "io/connect.h"
#include "io/protseq.h"
#include "io/runtime.h"

/*
 * The connections that a binding handle and its copies share: one association
 * for each endpoint on their host. A call leases a connection for itself, so
 * that as many calls run at once as there are threads; all connections of an
 * association join one group at the server, which the first of them founds
 * and the others wait for.
 *
 * Counted and locked; the lock is never held while anything waits.
 */
struct pool {
	struct becket_runtime *runtime;
	const struct protseq *protseq;
	char *host;
	pthread_mutex_t lock;
	pthread_cond_t founded; /* or found that it cannot be */
	uint32_t references;
	struct list associations;
};

/* "client_", for the server's side of it is struct association. */
struct client_association {
	struct list node;
	char *endpoint;
	struct list idle; /* of client_conn */
	uint32_t id;      /* as the server named it; 0: none */
	uint32_t members; /* connections that have joined id */
	bool is_being_founded;
};

enum lease_origin {
	LEASE_REUSED,  /* was idle */
	LEASE_JOINED,  /* is new, in a group that existed */
	LEASE_FOUNDED, /* is new, in a group that did not exist */
};

struct lease {
	struct pool *pool;
	struct client_association *association;
	struct client_conn *conn;
	enum lease_origin origin;
};

/* One reference. */
BECKET_MUST_USE becket_status pool_new(struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, struct pool **ret_pool);
struct pool *pool_ref(struct pool *pool);
/* Closes everything with the last reference. NULL is fine. */
void pool_unref(struct pool *pool);

/* A connection of one's own until lease_return(): an idle one unless
 * must_be_new, else a new one within connect_deadline. On failure ret_why may
 * say more than the status; else it is "". S_OUT_OF_MEMORY, and what
 * connect_to() says.
 */
BECKET_MUST_USE becket_status lease_take(struct pool *pool,
    const char *endpoint, bool must_be_new, uint64_t connect_deadline,
    struct lease *ret_lease, char ret_why[CONNECT_WHY_SIZE]);

/* Look whether the server has named the group by now, and tell those who wait
 * for it. Between steps.
 */
void lease_note_association(struct lease *lease);

/* Keep the connection for others if it is of any use. */
void lease_return(struct lease *lease);

/* The server does not know the group (any more): found another. Before
 * lease_return().
 */
void lease_forget_association(struct lease *lease);

#endif
