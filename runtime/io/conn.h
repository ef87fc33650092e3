/* SPDX-License-Identifier: MIT */
#ifndef IO_CONN_H
#define IO_CONN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/idmap.h"
#include "engine/session.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/server_loop.h"
#include "stub/call.h"

/*
 * A connection of a server: a socket and its session, and the calls that came
 * through it. Everything here happens in the thread of the loop that it is
 * pinned to.
 *
 *   OPEN ──session closed──► FLUSHING ──all sent──► LINGERING ──► CLOSED
 *    │                          │                       │            ▲
 *    └── connection lost ───────┴─ stall_ms ── EOF ─────┴────────────┘
 *
 * FLUSHING: what is left to say is sent. LINGERING: we have half-closed, and
 * throw away what still comes until the peer closes too; for to close with
 * bytes unread would be a reset, which can overtake our last words and destroy
 * them. Where the peer has half-closed before us, there is nothing to linger
 * for.
 */
enum conn_phase {
	CONN_OPEN,
	CONN_FLUSHING,
	CONN_LINGERING,
	CONN_CLOSED, /* waits in the loop's graveyard for the turn's end */
};

struct conn {
	struct watch watch;
	struct timer timer;
	struct list node;  /* of its loop's conns, or graveyard */
	struct list dirty; /* has answers that are not flushed yet */
	struct becket_server *server;
	struct server_loop *home;
	struct session *session;
	struct peer *peer;
	struct peer_key counted_as;
	struct idmap_id id;
	enum conn_phase phase;
	bool is_full;     /* the session wants no more to read for now */
	bool has_eof;     /* the peer has half-closed */
	bool is_lost;     /* the connection broke */
	bool wants_write; /* the socket was full */
	uint64_t give_up; /* when, if flushing or lingering */
	struct becket_call **calls; /* by index of their session's id */
	uint32_t call_capacity;
	uint32_t streams;          /* calls with streams among them */
	uint64_t streams_deadline; /* none of theirs is earlier; 0: none */
	struct list due;           /* of these: their callbacks are */
	struct buffer unsent;      /* context handles in replies not sent yet */
	struct session_stats counted; /* what its loop's have of ours */
};

/* Take over a socket that has been accepted, and watch it. On failure it is
 * closed. S_OUT_OF_MEMORY, S_SYSTEM.
 */
BECKET_MUST_USE becket_status conn_open(struct server_loop *home,
    const struct arrival *arrival);

/* Finish what was begun, then close. */
void conn_drain(struct conn *conn);

/* Calls that run: begun, and not answered. */
unsigned conn_count_calls(const struct conn *conn);

/* Close at once; deferred calls learn that they are cancelled. */
void conn_close(struct conn *conn);

/* Give the session a deferred call's answer, and forget the call; it is sent
 * with conn_flush().
 */
void conn_answer(struct conn *conn, struct becket_call *call);
/* Run a call that has waited; to be flushed, too. */
void conn_resume(struct conn *conn, struct becket_call *call);
void conn_flush(struct conn *conn);

/* conn_step.c: what the session tells. */

/* Do all that it has to tell, manager routines included. false: nothing. */
bool conn_step(struct conn *conn);
/* Those that run elsewhere come back by post; the rest ends here. */
void conn_abandon_calls(struct conn *conn);
/* It is to end early: the client is gone, or its time is over. */
void conn_cancel_call(struct conn *conn, struct becket_call *call);
/* Add what the session has counted to its loop's statistics. */
void conn_count(struct conn *conn);

/* conn_stream.c: calls with streams. */

/* Right after it has begun and has been admitted. S_STREAMS_NOT_SUPPORTED,
 * S_REMOTE_NO_MEMORY.
 */
BECKET_MUST_USE becket_status conn_begin_stream(struct conn *conn,
    struct becket_call *call);
/* It leaves conn->calls; other calls are fine. */
void conn_end_stream(struct conn *conn, struct becket_call *call);
/* What the session tells of it. true: it can be run now. */
bool conn_take_stream(struct conn *conn, struct becket_call *call,
    struct session_event *event);
/* Its callback is due: called by conn_tell_streams(), outside
 * managers_enter().
 */
void conn_note_due(struct conn *conn, struct becket_call *call);
void conn_tell_streams(struct conn *conn);
/* Cancel those whose interface has been unregistered; those whose time is over;
 * all of them, for the client has half-closed.
 */
void conn_sweep_streams(struct conn *conn);
void conn_check_streams(struct conn *conn, uint64_t now);
void conn_lose_streams(struct conn *conn);

/* When a peer has had limits.stall_ms to move. */
uint64_t conn_stall_end(const struct conn *conn);

/* What a conn in the graveyard still is: its memory. */
void conn_free(struct conn *conn);

#endif
