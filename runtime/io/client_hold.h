/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_HOLD_H
#define IO_CLIENT_HOLD_H

#include "base/buffer.h"
#include "io/client_association.h"
#include "io/connector.h"

/*
 * A server of DCE/RPC knows a client by its connections. Over gRPC a client has
 * to hold a session if it wants context handles: by a call that does not end
 * (becket.v1.Session/Hold; PROTOCOL.md 10.4). Ours has a connection of its own,
 * and both stay until the association is freed. Nobody waits for it; it is
 * looked at when a call with context handles is made. It says so
 * (becket-unattended), so that our servers do not ask with PINGs whether we are
 * there; others, and proxies that ask, get their answers then.
 *
 *   association --> hold: client_conn, invoke
 *        ^
 *   context handles, by the number of the hold: another has other contexts
 */
struct client_hold;

struct client_hold_wish {
	struct client_association *association;
	uint32_t number; /* of that session and no other; 0: of any */
	uint64_t deadline;
	struct becket_bytes metadata; /* which the call has, encoded */
};

/* Be of a session, which is held from now on if there is none: which one, never
 * 0, and the metadata of the call with what it is to say of that.
 * X_SS_CONTEXT_MISMATCH: that session has ended. S_CALL_CANCELLED: the deadline
 * has passed. S_INVALID_ARG: the metadata name a session already. Else why none
 * could be held. ret_why says more or is "". Any thread.
 */
BECKET_MUST_USE becket_status
client_hold_enter(const struct client_hold_wish *wish, uint32_t *ret_number,
    struct buffer *ret_metadata, char ret_why[CONNECT_WHY_SIZE]);

/* The same without waiting. S_ASYNC_CALL_PENDING: not yet, try again: when what
 * *opening waits for has come, or the time; if that is NULL, when the runtime's
 * hub is woken, for another is at it. *opening is NULL at first, and the one
 * who tries has it until it is NULL again, or he gives up. Its deadline is that
 * of the first try.
 */
BECKET_MUST_USE becket_status
client_hold_try(const struct client_hold_wish *wish,
    struct client_hold **opening, uint32_t *ret_number,
    struct buffer *ret_metadata, char ret_why[CONNECT_WHY_SIZE]);
/* opening NULL is fine. */
void client_hold_give_up(struct client_association *association,
    struct client_hold *opening);

/* What to wait for, as of a connector. */
int client_hold_fd(const struct client_hold *hold);
short client_hold_events(const struct client_hold *hold);
uint64_t client_hold_until(const struct client_hold *hold);

/* For who enters (io/client_hold_claim.c): who comes while another is at it,
 * and may be connecting, waits for him, until deadline; false: it has passed.
 */
bool client_hold_claim(struct client_association *association,
    uint64_t deadline);
/* The same for the hub, without waiting: false: it is woken when it may be
 * worth another try.
 */
bool client_hold_claim_now(struct client_association *association);
void client_hold_unclaim(struct client_association *association);

/* NULL is fine. Waits for nothing. */
void client_hold_free(struct client_hold *hold);

#endif
