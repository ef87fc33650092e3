/* SPDX-License-Identifier: MIT */
#ifndef STUB_SERVER_STREAM_H
#define STUB_SERVER_STREAM_H

#include <pthread.h>

#include "base/list.h"
#include "engine/session.h"
#include "stub/call.h"
#include "stub/stream.h"
#include "stub/stream_frame.h"

/*
 * A server's end of a call with streams. Two work on it: the loop that the
 * connection is pinned to, which alone knows the session, and the manager,
 * on a worker, in a routine or a callback on the loop, or after it has
 * deferred, on any thread.
 *
 *            the loop                    |             the manager
 *                                        |
 *   SESSION_MESSAGE ─ feed ──► in ───────┼──────► receive
 *   consumed ◄──────── move ◄─ credit ◄──┼──────────┘
 *   put ◄───────────── move ◄─ out ◄─────┼─────── send
 *   SESSION_WRITABLE ─ writable ─────────┼──────► there is room
 *   SESSION_END, SESSION_CANCEL, gone ───┼──────► receive and send say so
 *
 * What is between them is under one lock, which nobody holds while he calls
 * anything of others. What a manager does is told to the loop by mail, once:
 * while is_posted the loop is to look, and what is in the session is followed
 * by SESSION_WRITABLE, so then it is to look, too.
 *
 *   kept for the manager  limits.stream_window and one message: the session
 *                         takes no more before it has credit
 *   kept for the client   limits.stream_window and one message, in out and in
 *                         the session together: then send waits
 *
 * It lives as long as its call; with the session only as long as it is
 * attached to it. Functions that return bool: is the manager's callback due?
 * Then server_stream_notify() is to be called, where it may do what it likes.
 */
struct server_stream {
	struct becket_stream stream; /* its interface once there is a manager */
	struct becket_call *call;

	/* The loop's. */
	struct session *session; /* NULL: detached */
	struct list due;         /* of those that are to be notified */
	bool is_headed;          /* the session has the initial metadata */

	struct list mail; /* the host's, in its mailbox */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* for those who wait, also for ready's end */
	struct stream_in in;
	size_t credit;   /* dealt with, and the session does not know */
	struct list out; /* what is to be put */
	size_t queued;   /* in out */
	size_t unsent;   /* put, and SESSION_WRITABLE has not come */
	uint64_t bytes_in, bytes_out;
	becket_status failure; /* what was sent is not all on its way */
	bool is_posted;        /* the loop will look */
	bool is_cancelled;     /* receive and send fail */
	bool is_answered;      /* so they do, and nobody is told */
	bool is_nonblocking;
	unsigned awaited; /* events for which threads block; who wakes them
	                   * takes it back
	                   */
	unsigned wanted;  /* events that are to be told */
	void (*ready)(void *user, struct becket_stream *stream);
	void *user;
	bool is_telling; /* ready is running */
	pthread_t teller;
};

/* Of a call that has begun, attached. NULL: no memory. */
struct server_stream *server_stream_new(struct becket_call *call,
    struct session *session);
/* Detached, or the loop's thread; NULL is fine. */
void server_stream_free(struct server_stream *stream);

/* The loop's thread, all of these. */

/* A piece of the request; taken. */
bool server_stream_feed(struct server_stream *stream, struct buffer *piece,
    bool is_packed);
/* The request is complete. */
bool server_stream_end(struct server_stream *stream);
/* Can its manager routine be run? Its request has come as far as it must. */
bool server_stream_is_ready(struct server_stream *stream);
/* All that was put is sent. */
bool server_stream_writable(struct server_stream *stream);
/* The call is to end early. */
bool server_stream_cancel(struct server_stream *stream);
/* Before a manager routine on the loop: it must not wait, and what it does is
 * looked at when it returns, by move.
 */
void server_stream_enter_loop(struct server_stream *stream);
/* Tell the session what has been received and sent meanwhile. */
void server_stream_move(struct server_stream *stream);
void server_stream_notify(struct server_stream *stream);
/* The call is answered: give all that was sent to the session. If not all of
 * it reached it, why: then the call has failed.
 */
BECKET_MUST_USE becket_status server_stream_finish(
    struct server_stream *stream);
void server_stream_detach(struct server_stream *stream);

/* Bytes of what came and what went, so far; any thread. */
void server_stream_count(struct server_stream *stream, uint64_t *ret_in,
    uint64_t *ret_out);

/* By who decides on the call and runs it: is it sound so far? With ret_message
 * also the one message of a request that is no stream is taken.
 * S_PROTOCOL_ERROR: there is none, or more than one; and what stream_in_next()
 * says.
 */
BECKET_MUST_USE becket_status server_stream_open(struct server_stream *stream,
    struct buffer *ret_message);
/* By who answers, before anything else: the manager is not told of anything any
 * more, and what he still tries behind the answer comes to nothing.
 */
void server_stream_quit(struct server_stream *stream);
/* By who answers with success: send what is still to be sent, with the response
 * if that is no stream; else it is NULL. S_LIMIT_EXCEEDED, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status server_stream_close(struct server_stream *stream,
    const void *response);

/* With the lock held: send it, room or not. It need not be taken.
 * S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status server_stream_add(struct server_stream *stream,
    struct buffer *message);
/* server_stream_out.c: what is on its way to the session. */
void server_stream_drop_out(struct server_stream *stream);
/* What has been dealt with; the lock is held. Tell the session; it is not. */
size_t server_stream_take_credit(struct server_stream *stream);
void server_stream_tell_consumed(struct server_stream *stream, size_t size);

/* server_stream_user.c: what the manager has. */
extern const struct becket_stream_ops server_stream_ops;

/* With the lock held: what could be done now. */
unsigned server_stream_events(const struct server_stream *stream);

#endif
