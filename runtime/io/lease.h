/* SPDX-License-Identifier: MIT */
#ifndef IO_LEASE_H
#define IO_LEASE_H

#include "io/client_association.h"
#include "io/client_conn.h"
#include "io/connect.h"

/*
 * A connection of one's own, for one call: so that as many calls run at once
 * as there are threads, up to limits.connections_per_association; who comes
 * then waits for his turn.
 */
enum lease_origin {
	LEASE_REUSED,  /* was idle */
	LEASE_JOINED,  /* is new, in a group that existed */
	LEASE_FOUNDED, /* is new, in a group that did not exist */
};

struct lease {
	struct client_association *association;
	struct client_conn *conn;
	enum lease_origin origin;
	bool is_alone;
	bool is_driven; /* by lease_try(): it is the hub's */
};

struct lease_wish {
	struct client_association *association;
	uint32_t group; /* a connection of this group and no other; 0: any */
	bool must_be_new;
	/* It may be cut off, and is not to be what keeps the group, as long as
	 * there may be another connection.
	 */
	bool is_alone;
	uint64_t deadline;         /* for a turn */
	uint64_t connect_deadline; /* not later */
};

/* Until lease_return(). On failure ret_why may say more than the status; else
 * it is "". S_OUT_OF_MEMORY, S_CALL_CANCELLED (the deadline passed),
 * X_SS_CONTEXT_MISMATCH (the group is no more), and what connect_to() says. Any
 * thread.
 */
BECKET_MUST_USE becket_status lease_take(const struct lease_wish *wish,
    struct lease *ret_lease, char ret_why[CONNECT_WHY_SIZE]);

/* The same without waiting: a connection that was idle, or the right to make
 * one, with the group that it is to join. Then lease.conn is NULL, and either
 * lease_adopt() or lease_give_up() follows. S_ASYNC_CALL_PENDING: not now; the
 * runtime's hub is woken when that may have changed. X_SS_CONTEXT_MISMATCH.
 */
BECKET_MUST_USE becket_status lease_try(const struct lease_wish *wish,
    struct lease *ret_lease, uint32_t *ret_group);
/* Why not now. */
void lease_explain(const struct client_association *association,
    char ret_why[CONNECT_WHY_SIZE]);
/* fd is taken, also on failure. */
BECKET_MUST_USE becket_status lease_adopt(struct lease *lease, int fd,
    uint32_t group);
void lease_give_up(struct lease *lease, uint32_t group);

/* On a new connection, the server refused the association and nothing else. */
bool lease_is_refused(const struct lease *lease);

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
