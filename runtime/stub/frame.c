/* SPDX-License-Identifier: MIT */
#include "stub/frame.h"

#include "base/arena.h"
#include "payload/codec.h"
#include "wire/call_header.h"

static struct call_header
header_of(const struct frame *frame)
{
	bool is_empty = frame->remaining_us == 0 && frame->metadata.size == 0;

	return (struct call_header){
		.flags = is_empty ? 0 : CALL_HEADER_PRESENT,
		.remaining_us = frame->remaining_us,
		.metadata = frame->metadata,
	};
}

becket_status
frame_encode(enum transfer_syntax syntax, const struct frame *frame,
    const struct becket_type *type, const void *message,
    const struct becket_memory *memory, size_t limit, struct buffer *ret_stub)
{
	struct call_header header = header_of(frame);
	struct buffer stub = buffer_empty(memory);
	size_t head =
	    syntax == SYNTAX_BECKET ? call_header_measure(&header) : 0;
	size_t size = type->codec->measure(type, message);

	if (size > limit || head > limit - size)
		return BECKET_S_LIMIT_EXCEEDED;
	if (!buffer_reserve(&stub, head + size))
		return BECKET_S_OUT_OF_MEMORY;
	if (head > 0)
		call_header_encode(&header, stub.data);
	if (size > 0)
		type->codec->encode(type, message, stub.data + head);
	stub.size = head + size;
	*ret_stub = stub;
	return BECKET_S_OK;
}

becket_status
frame_decode(enum transfer_syntax syntax, struct becket_bytes stub,
    const struct becket_limits *limits, struct frame *ret_frame)
{
	struct call_header header;
	becket_status status;

	if (syntax != SYNTAX_BECKET) {
		*ret_frame = (struct frame){ .body = stub };
		return BECKET_S_OK;
	}
	status = call_header_decode(stub, limits, &header);
	if (status != BECKET_S_OK)
		return status;
	if (header.flags & CALL_HEADER_STREAM)
		return BECKET_S_STREAMS_NOT_SUPPORTED;
	*ret_frame = (struct frame){
		.remaining_us = header.remaining_us,
		.metadata = header.metadata,
		.body = { stub.data + header.size, stub.size - header.size },
	};
	return BECKET_S_OK;
}

becket_status
frame_check(const struct becket_type *type, struct becket_bytes body,
    const struct becket_limits *limits, size_t *ret_size)
{
	struct budget budget = {
		.depth = limits->decode_depth,
		.elements = limits->decode_elements,
		.size = limits->decode_size,
	};

	return type->codec->check(type, body, &budget, ret_size);
}

becket_status
frame_decode_message(const struct becket_type *type, struct becket_bytes body,
    const struct becket_limits *limits, struct arena *arena, void **ret_message)
{
	size_t size;
	becket_status status = frame_check(type, body, limits, &size);

	if (status != BECKET_S_OK)
		return status;
	arena_expect(arena, size);
	return type->codec->decode(type, body, arena, ret_message);
}
