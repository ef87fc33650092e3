/* SPDX-License-Identifier: MIT */
#include "stub/stream_frame.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "engine/session.h"
#include "payload/codec.h"
#include "wire/call_header.h"
#include "wire/cursor.h"
#include "wire/protobuf.h"

/* Of a plain session: a message that has come whole. */
struct piece {
	struct list node;
	struct buffer message;
	bool was_packed;
};

enum {
	AT_ONCE = 64 << 10, /* of a message, before its bytes have come */
};

/* ------------------------------------------------------------------ in -- */

void
stream_in_init(struct stream_in *in)
{
	in->metadata = buffer_empty(in->memory);
	in->trailer = buffer_empty(in->memory);
	in->bytes = buffer_empty(in->memory);
	in->message = buffer_empty(in->memory);
	in->has_head = in->is_plain;
	list_init(&in->pieces);
}

static struct buffer
take_piece(struct stream_in *in)
{
	struct piece *piece = container_of(in->pieces.next, struct piece, node);
	struct buffer message = piece->message;

	in->was_packed = piece->was_packed;
	list_remove(&piece->node);
	memory_free(in->memory, piece, sizeof *piece);
	return message;
}

void
stream_in_fini(struct stream_in *in)
{
	while (!list_is_empty(&in->pieces)) {
		struct buffer message = take_piece(in);

		buffer_fini(&message);
	}
	buffer_fini(&in->message);
	buffer_fini(&in->bytes);
	buffer_fini(&in->metadata);
	buffer_fini(&in->trailer);
}

static struct becket_bytes
rest_of(const struct stream_in *in)
{
	if (in->at == in->bytes.size)
		return (struct becket_bytes){ 0 };
	return (struct becket_bytes){ in->bytes.data + in->at,
		in->bytes.size - in->at };
}

static void
skip(struct stream_in *in, size_t size)
{
	in->at += size;
	in->credit += size;
	if (in->at < in->bytes.size)
		return;
	buffer_fini(&in->bytes);
	in->at = 0;
}

/* What frames messages is not kept. */
static void
skip_frame(struct stream_in *in, size_t size)
{
	skip(in, size);
	in->held -= size;
}

/* May a head that does not decode for want of bytes still become whole? */
static bool
is_cut(struct becket_bytes rest)
{
	struct cursor c = cursor_get(rest.data, rest.size, false);
	struct becket_bytes fields;
	uint8_t flags;
	uint64_t size;

	cursor_u8(&c, &flags);
	protobuf_varint(&c, &size);
	cursor_bytes(&c, &fields, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
	return c.status == BECKET_S_TRUNCATED;
}

static becket_status
read_head(struct stream_in *in)
{
	struct becket_bytes rest = rest_of(in);
	struct call_header header;
	becket_status status = call_header_decode(rest, in->limits, &header);

	if (status == BECKET_S_TRUNCATED)
		return is_cut(rest) ? BECKET_S_ASYNC_CALL_PENDING
		                    : BECKET_X_BAD_STUB_DATA;
	if (status != BECKET_S_OK)
		return status;
	if ((header.flags & CALL_HEADER_STREAM) == 0)
		return BECKET_S_PROTOCOL_ERROR;
	if (!buffer_append(&in->metadata, header.metadata.data,
	        header.metadata.size))
		return BECKET_S_OUT_OF_MEMORY;
	in->remaining_us = header.remaining_us;
	in->has_head = true;
	in->part = STREAM_IN_SIZE;
	skip_frame(in, header.size);
	return BECKET_S_OK;
}

static becket_status
read_size(struct stream_in *in)
{
	struct becket_bytes rest = rest_of(in);
	struct cursor c = cursor_get(rest.data, rest.size, false);
	uint64_t size;

	protobuf_varint(&c, &size);
	if (c.status == BECKET_S_TRUNCATED)
		return BECKET_S_ASYNC_CALL_PENDING;
	if (c.status != BECKET_S_OK)
		return c.status;
	if (size > in->limit && size - 1 > in->limit)
		return BECKET_S_LIMIT_EXCEEDED;
	in->part = size == 0 ? STREAM_IN_TRAILER : STREAM_IN_MESSAGE;
	in->wanted = size == 0 ? 0 : (size_t)size - 1;
	skip_frame(in, c.at);
	return BECKET_S_OK;
}

static bool
move(struct stream_in *in, struct buffer *to, size_t size)
{
	if (!buffer_append(to, rest_of(in).data, size))
		return false;
	skip(in, size);
	return true;
}

/* Who announces much must send it before it takes much memory. */
static becket_status
read_message(struct stream_in *in)
{
	size_t there = rest_of(in).size;
	size_t missing = in->wanted - in->message.size;
	size_t room = there > AT_ONCE ? there : AT_ONCE;

	if (there > missing)
		there = missing;
	if (!buffer_reserve(&in->message, missing < room ? missing : room) ||
	    !move(in, &in->message, there))
		return BECKET_S_OUT_OF_MEMORY;
	return there < missing ? BECKET_S_ASYNC_CALL_PENDING : BECKET_S_OK;
}

static becket_status
read_trailer(struct stream_in *in)
{
	size_t size = rest_of(in).size;

	if (size > in->limits->call_header_size - in->trailer.size)
		return BECKET_S_LIMIT_EXCEEDED;
	if (!move(in, &in->trailer, size))
		return BECKET_S_OUT_OF_MEMORY;
	return BECKET_S_ASYNC_CALL_PENDING;
}

static becket_status
check_trailer(const struct stream_in *in)
{
	struct becket_bytes rest = buffer_bytes(&in->trailer);
	struct call_header_entry entry;
	uint32_t entries = 0;

	while (rest.size > 0) {
		if (!call_header_next(&rest, &entry))
			return BECKET_X_BAD_STUB_DATA;
		if (++entries > in->limits->call_header_entries)
			return BECKET_S_LIMIT_EXCEEDED;
	}
	return BECKET_S_OK;
}

static bool
has_message(const struct stream_in *in)
{
	if (in->is_plain)
		return !list_is_empty(&in->pieces);
	return in->part == STREAM_IN_MESSAGE && in->message.size == in->wanted;
}

static becket_status
read_part(struct stream_in *in)
{
	switch (in->part) {
	case STREAM_IN_HEAD:
		return read_head(in);
	case STREAM_IN_SIZE:
		return read_size(in);
	case STREAM_IN_MESSAGE:
		return read_message(in);
	default:
		return read_trailer(in);
	}
}

/* How the stream ends that has no more bytes. */
static becket_status
judge_end(const struct stream_in *in)
{
	if (in->part == STREAM_IN_TRAILER)
		return check_trailer(in);
	if (in->part == STREAM_IN_SIZE && rest_of(in).size == 0)
		return BECKET_S_OK;
	return BECKET_S_PROTOCOL_ERROR;
}

/* Up to the next whole message, and no further: what is behind it counts as
 * bytes that are not dealt with.
 */
static becket_status
advance(struct stream_in *in)
{
	becket_status status = in->status;

	while (status == BECKET_S_OK && !in->is_plain && !has_message(in))
		status = read_part(in);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		status = in->is_ended ? judge_end(in) : BECKET_S_OK;
	in->status = status;
	return status;
}

static becket_status
add_piece(struct stream_in *in, struct buffer *message)
{
	struct piece *piece = memory_new(in->memory, sizeof *piece);

	if (piece == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	piece->message = buffer_take(message);
	piece->was_packed = in->comes_packed;
	list_append(&in->pieces, &piece->node);
	return BECKET_S_OK;
}

static becket_status
add_bytes(struct stream_in *in, struct buffer *bytes)
{
	struct becket_bytes rest = rest_of(in);

	if (rest.size == 0) {
		buffer_fini(&in->bytes);
		in->bytes = buffer_take(bytes);
		in->at = 0;
		return BECKET_S_OK;
	}
	if (in->at >= rest.size) {
		memcpy(in->bytes.data, rest.data, rest.size);
		in->bytes.size = rest.size;
		in->at = 0;
	}
	return buffer_append(&in->bytes, bytes->data, bytes->size)
	           ? BECKET_S_OK
	           : BECKET_S_OUT_OF_MEMORY;
}

becket_status
stream_in_feed(struct stream_in *in, struct buffer *piece)
{
	size_t size = piece->size;
	becket_status status =
	    in->is_plain ? add_piece(in, piece) : add_bytes(in, piece);

	buffer_fini(piece);
	if (status != BECKET_S_OK) {
		in->status = status;
		return status;
	}
	in->held += size;
	return advance(in) == BECKET_S_OUT_OF_MEMORY ? BECKET_S_OUT_OF_MEMORY
	                                             : BECKET_S_OK;
}

becket_status
stream_in_end(struct stream_in *in)
{
	in->is_ended = true;
	return advance(in);
}

static struct buffer
take_message(struct stream_in *in)
{
	struct buffer message;

	if (in->is_plain) {
		message = take_piece(in);
		in->credit += message.size + SESSION_MESSAGE_COST;
	} else {
		message = buffer_take(&in->message);
		in->part = STREAM_IN_SIZE;
	}
	in->held -= message.size;
	return message;
}

static becket_status
next(struct stream_in *in, struct buffer *ret_message)
{
	if (has_message(in)) {
		*ret_message = take_message(in);
		/* What comes behind it may be bad: that is for next time. */
		(void)!advance(in);
		return BECKET_S_OK;
	}
	if (in->status != BECKET_S_OK)
		return in->status;
	return in->is_ended ? BECKET_X_PIPE_EMPTY : BECKET_S_ASYNC_CALL_PENDING;
}

size_t
stream_in_settle(struct stream_in *in)
{
	size_t credit = in->credit;

	in->credit = 0;
	return credit;
}

becket_status
stream_in_next(struct stream_in *in, struct buffer *ret_message,
    size_t *ret_consumed)
{
	becket_status status = next(in, ret_message);

	*ret_consumed = stream_in_settle(in);
	return status;
}

bool
stream_in_is_ready(const struct stream_in *in)
{
	return has_message(in) || in->status != BECKET_S_OK || in->is_ended;
}

bool
stream_in_has_another(const struct stream_in *in)
{
	struct becket_bytes rest = rest_of(in);

	if (in->is_plain)
		return in->pieces.next != in->pieces.previous;
	return has_message(in) && rest.size > 0 && rest.data[0] != 0;
}

/* ----------------------------------------------------------------- out -- */

becket_status
stream_out_head(bool is_plain, const struct frame *frame,
    const struct becket_memory *memory, struct buffer *ret_bytes)
{
	const struct call_header header = {
		.flags = CALL_HEADER_STREAM,
		.remaining_us = frame->remaining_us,
		.metadata = frame->metadata,
	};
	struct buffer bytes = buffer_empty(memory);
	size_t size = is_plain ? 0 : call_header_measure(&header);

	if (!buffer_reserve(&bytes, size))
		return BECKET_S_OUT_OF_MEMORY;
	if (size > 0)
		call_header_encode(&header, bytes.data);
	bytes.size = size;
	*ret_bytes = bytes;
	return BECKET_S_OK;
}

static size_t
put_size(uint64_t size, struct buffer *bytes)
{
	struct cursor c = cursor_put(bytes->data, bytes->capacity);
	uint64_t item = size + 1;

	protobuf_varint(&c, &item);
	TRAP_UNLESS(c.status == BECKET_S_OK);
	return c.at;
}

becket_status
stream_out_message(bool is_plain, const struct becket_type *type,
    const void *message, const struct becket_memory *memory, size_t limit,
    struct buffer *ret_bytes)
{
	struct buffer bytes = buffer_empty(memory);
	size_t size = type->codec->measure(type, message);
	size_t head = is_plain ? 0 : protobuf_measure((uint64_t)size + 1);

	if (size > limit || size > UINT32_MAX)
		return BECKET_S_LIMIT_EXCEEDED;
	if (!buffer_reserve(&bytes, head + size))
		return BECKET_S_OUT_OF_MEMORY;
	if (!is_plain)
		bytes.size = put_size(size, &bytes);
	if (size > 0)
		type->codec->encode(type, message, bytes.data + bytes.size);
	bytes.size += size;
	*ret_bytes = bytes;
	return BECKET_S_OK;
}

becket_status
stream_out_trailer(struct becket_bytes metadata,
    const struct becket_memory *memory, struct buffer *ret_bytes)
{
	const uint8_t mark = 0;
	struct buffer bytes = buffer_empty(memory);

	if (metadata.size > 0 &&
	    !(buffer_reserve(&bytes, metadata.size + 1) &&
	        buffer_append(&bytes, &mark, 1) &&
	        buffer_append(&bytes, metadata.data, metadata.size)))
		return BECKET_S_OUT_OF_MEMORY;
	*ret_bytes = bytes;
	return BECKET_S_OK;
}
