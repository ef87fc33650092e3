/* SPDX-License-Identifier: MIT */
#ifndef STUB_STREAM_FRAME_H
#define STUB_STREAM_FRAME_H

#include "base/list.h"
#include "stub/frame.h"

/*
 * How a stream of messages becomes stub data, and back: PROTOCOL.md section
 * 3.3. Of an operation with a stream in either direction both are streams here;
 * the one that is none has just one message.
 *
 *   our syntax      flags | call header, if any | item ...
 *                   item: size + 1 as varint | message
 *                   or:   0 | trailer: metadata, up to the end
 *   plain           the session's own affair: a message is a message
 *   NDR             there are no streams
 */

enum stream_in_part {
	STREAM_IN_HEAD,
	STREAM_IN_SIZE,
	STREAM_IN_MESSAGE,
	STREAM_IN_TRAILER,
};

/* What comes in. Zeroed but for the fields up to the line. One thread at a
 * time.
 */
struct stream_in {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	size_t limit;  /* of a message */
	bool is_plain; /* each piece is a message */
	/* ------------------------------------------------------------- */
	bool has_head;          /* plain: always */
	uint64_t remaining_us;  /* with the head */
	struct buffer metadata; /* with the head */
	struct buffer trailer;  /* behind the last message */
	bool is_ended;
	bool comes_packed;        /* plain: the piece that is fed */
	bool was_packed;          /* plain: the message that was taken last */
	enum stream_in_part part; /* what comes next */
	becket_status status;     /* why it cannot go on */
	struct buffer message;    /* of wanted bytes, when all have come */
	size_t wanted;
	struct buffer bytes; /* behind that message, from at on */
	size_t at;
	struct list pieces; /* plain: whole messages */
	size_t held;        /* bytes of all these messages */
	size_t credit;      /* bytes dealt with and not told yet */
};

void stream_in_init(struct stream_in *in);
void stream_in_fini(struct stream_in *in);

/* Takes the piece, also on failure. S_OUT_OF_MEMORY: the stream cannot go on.
 */
BECKET_MUST_USE becket_status stream_in_feed(struct stream_in *in,
    struct buffer *piece);
/* Nothing more comes. S_PROTOCOL_ERROR: in the midst of a message, or without a
 * head. If there are messages before that, stream_in_next() says so behind
 * them.
 */
BECKET_MUST_USE becket_status stream_in_end(struct stream_in *in);

/* The next whole message, with its bytes in a buffer of its own. *ret_consumed,
 * whatever is returned: bytes that the session may be told are consumed, plain:
 * with SESSION_MESSAGE_COST. Also without a message: those of a message that is
 * larger than the window must come, too; so who feeds and then finds it not
 * ready asks for the next at once. What is kept is so at most a window and one
 * message.
 * S_ASYNC_CALL_PENDING: there is none yet. X_PIPE_EMPTY: there are no more.
 * S_LIMIT_EXCEEDED, S_PROTOCOL_ERROR, X_BAD_STUB_DATA, S_OUT_OF_MEMORY: the
 * stream cannot go on.
 */
BECKET_MUST_USE becket_status stream_in_next(struct stream_in *in,
    struct buffer *ret_message, size_t *ret_consumed);

/* What *ret_consumed would be, without taking a message: who takes one only
 * when its stream has ended asks so.
 */
size_t stream_in_settle(struct stream_in *in);

/* Is there a message, and behind it more than could end the stream? */
bool stream_in_has_another(const struct stream_in *in);

/* Would stream_in_next() say something else than S_ASYNC_CALL_PENDING? */
bool stream_in_is_ready(const struct stream_in *in);

/* What goes out. The head is before everything else; plain: nothing. */
BECKET_MUST_USE becket_status stream_out_head(bool is_plain,
    const struct frame *frame, const struct becket_memory *memory,
    struct buffer *ret_bytes);
/* S_LIMIT_EXCEEDED, S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status stream_out_message(bool is_plain,
    const struct becket_type *type, const void *message,
    const struct becket_memory *memory, size_t limit, struct buffer *ret_bytes);
/* The trailing metadata, encoded; nothing where there are none. */
BECKET_MUST_USE becket_status stream_out_trailer(struct becket_bytes metadata,
    const struct becket_memory *memory, struct buffer *ret_bytes);

#endif
