/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_STREAM_H
#define IO_CLIENT_STREAM_H

#include "io/async_call.h"
#include "stub/stream.h"
#include "stub/stream_frame.h"

/*
 * A client's end of a call with streams: an asynchronous call of another kind
 * (io/async_call.h), on a line, with a user who sends and receives meanwhile.
 *
 *   user                                            line
 *   send: encode ---> put --------------------------> session
 *                      '--> kept, while it may have to be begun again
 *   receive: decode <-- next <-- in <-- taken <-swap- inbox <-- session
 *
 * The two sides of the lock are kept apart, so that nothing is encoded, decoded
 * or put together while it is held: the line fills the inbox, and who receives
 * takes all of it at once. What is in there counts for the window until it is
 * consumed, which the session is told of in large steps.
 *
 * A stream is begun again on another connection only while the server cannot
 * have read anything and all that was sent is kept: until something comes, and
 * with DCE/RPC until something is sent; never more than a window.
 */

/* Bytes of messages as the session has told them. */
struct inbox {
	struct buffer *pieces;
	size_t count, capacity;
};

struct client_stream {
	struct becket_stream stream;
	bool is_plain;
	bool is_nonblocking;
	/* Whose turn it is to receive: one thread. */
	struct stream_in in;
	struct inbox taken;
	size_t taken_at;
	bool has_next;
	struct buffer next;   /* a message, out of in */
	bool has_shown;       /* the initial metadata */
	size_t owed;          /* consumed, and the session has not been told */
	becket_status broken; /* what came is no good: why, or S_OK */
	uint32_t responses;   /* while finishing, where that is no stream */
	struct buffer response; /* the first of them */
	/* ------------------------------- guarded by the lock of the hub */
	struct becket_async_call call;
	struct inbox inbox;
	bool has_input;      /* something has ever come */
	bool has_lost_input; /* for want of memory */
	bool is_half_closed; /* there are no more messages of ours */
	bool is_started;     /* something has gone out */
	bool packs;          /* what is sent from here on */
	bool gathers;        /* what is sent may wait for more */
	bool wants_room;     /* somebody is to be told of it */
	size_t unsent;       /* bytes put, or kept, since all was sent */
	bool is_keeping;
	struct list kept; /* of pieces: all that was ever sent */
	size_t kept_size;
	void (*ready)(void *user, struct becket_stream *stream);
	void *user;
};

/* Takes the reference to the association, also on failure. request: as
 * becket_stub_open(). S_OUT_OF_MEMORY, S_LIMIT_EXCEEDED.
 */
BECKET_MUST_USE becket_status client_stream_new(struct hub *hub,
    struct client_association *association, const struct invoke *invoke,
    const void *request, struct client_stream **ret_stream);
/* On no line. */
void client_stream_free(struct client_stream *stream);

/* Who receives: S_OK: the next message is in next. S_ASYNC_CALL_PENDING: not
 * yet. X_PIPE_EMPTY: there are no more, and async_call_status() says how the
 * call ended. Else what came is no good, and the call is over.
 */
BECKET_MUST_USE becket_status client_stream_advance(
    struct client_stream *stream);
/* Decoding has found that. */
void client_stream_break_off(struct client_stream *stream,
    becket_status status);
const char *client_stream_why_broken(becket_status status);
/* With the first message; and when it is over. */
void client_stream_show_initial(struct client_stream *stream);
void client_stream_show_all(struct client_stream *stream);

/* The rest with the lock held. */

/* Would a message of ours be taken now? */
bool client_stream_has_room(const struct client_stream *stream);
/* Takes the message, also on failure. S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status client_stream_put(struct client_stream *stream,
    struct buffer *message);
/* What has been gathered is sent when the hub is settled. */
void client_stream_flush(struct client_stream *stream);
/* There are no more. */
void client_stream_half_close(struct client_stream *stream);

extern const struct becket_stream_ops client_stream_ops;

#endif
