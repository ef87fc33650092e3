/* SPDX-License-Identifier: MIT */
#ifndef IO_LINE_H
#define IO_LINE_H

#include "base/idmap.h"
#include "io/async_call.h"
#include "io/client_hold.h"
#include "io/connector.h"
#include "io/lease.h"

/*
 * A connection as long as asynchronous calls are on it: leased from the
 * association, watched by the hub, and given back with its last call.
 *
 *   WAITING ------> CONNECTING ------> OPEN ------> given back
 *    |  ^ for a turn, or    |            ^
 *    |  | for the group     | failed     |
 *    |  +-------------------+            |
 *    +-----------------------------------+
 *          there was an idle connection
 *
 * All calls of an association go on one line, which the session multiplexes if
 * the server has granted that, and one after the other if not. A line is closed
 * to new calls when its session takes no more; then there is another. A stream
 * over DCE/RPC has a line for itself. So has a call that is to enter a session
 * over gRPC (io/client_hold.h): that line is ENTERING all its life, and when
 * the session is there, passes the call on to the one for all.
 *
 * Guarded by the lock of the hub. Nothing here waits.
 */
enum line_state { LINE_ENTERING, LINE_WAITING, LINE_CONNECTING, LINE_OPEN };

struct line {
	struct list node;  /* in the hub's */
	struct list dirty; /* in the hub's: it wants line_run() */
	struct hub *hub;
	struct idmap_id id;
	struct client_association *association; /* a reference */
	enum line_state state;
	bool must_be_new;
	bool is_alone; /* for one call */
	bool is_closed;
	bool is_readable;
	bool is_stalled; /* the session has no room for more */
	bool is_blocked; /* the socket takes no more */
	bool is_hung_up; /* and the socket has an end, which is to wait */
	bool is_busy;    /* much came at once, so that there may be more */
	size_t gathered; /* bytes of messages that are put and not sent */
	uint64_t gathers_until; /* then they are sent */
	struct lease lease;
	uint32_t group; /* to join */
	struct connector connector;
	struct client_hold *opening; /* while ENTERING: our own, or NULL */
	int watched; /* the descriptor that the hub watches, or -1 */
	uint32_t watched_events;
	struct list calls;
	struct list ended;                /* calls, to be looked at */
	struct becket_async_call **begun; /* by the index of their id */
	uint32_t begun_count;
};

/* is_alone: for one call. NULL: no memory. */
struct line *line_new(struct hub *hub, struct client_association *association,
    bool must_be_new, bool is_alone);
/* For one call that must enter a session before it is on another. */
struct line *line_new_to_enter(struct hub *hub,
    struct client_association *association);
void line_free(struct line *line);

/* The call is on it from here on, or on another; line_run() follows. */
void line_add(struct line *line, struct becket_async_call *call);

/* Do what can be done. It may be freed. */
void line_run(struct line *line);

/* Take a call off: it is to be over at once. */
void line_take_off(struct line *line, struct becket_async_call *call);
/* Ask the server to end it. Of a stream that is alone: and if that does not
 * help, or cannot be said, end it all the same.
 */
void line_cancel(struct line *line, struct becket_async_call *call);

/* The session of a call that is under way, or NULL; line_touch() follows what
 * is done with it.
 */
struct session *line_session(const struct becket_async_call *call);
void line_touch(struct line *line);
/* The same, but soon: a message of size bytes has been put that may go with
 * others, if anything was sent just now. line_due() tells when it is time.
 */
void line_gather(struct line *line, size_t size);
/* Of a call on it, some input has been consumed. */
void line_consumed(struct line *line, const struct becket_async_call *call,
    size_t size);
/* Read what there is, if that is likely: somebody waits for it. */
void line_read(struct line *line);

/* Does it wait for what others give back? Then hub_wake() is for it, too. */
static inline bool
line_is_patient(const struct line *line)
{
	return line->state == LINE_ENTERING || line->state == LINE_WAITING;
}

/* When line_run() is wanted. */
uint64_t line_due(const struct line *line);

#endif
