/* SPDX-License-Identifier: MIT */
#include "stub/frame.h"

#include "base/arena.h"
#include "payload/codec.h"
#include "wire/call_header.h"
#include "wire/envelope.h"

enum frame_form
frame_form(enum transfer_syntax syntax,
    const struct becket_interface *interface)
{
	bool is_ndr = interface->flags & BECKET_INTERFACE_NDR;

	if (syntax == SYNTAX_BECKET)
		return FRAME_BECKET;
	return syntax == SYNTAX_NDR && !is_ndr ? FRAME_ENVELOPE : FRAME_BARE;
}

static struct call_header
header_of(const struct frame *frame)
{
	bool is_empty = frame->remaining_us == 0 && frame->metadata.size == 0 &&
	                frame->trailing.size == 0;

	return (struct call_header){
		.flags = is_empty ? 0 : CALL_HEADER_PRESENT,
		.remaining_us = frame->remaining_us,
		.metadata = frame->metadata,
		.trailing = frame->trailing,
	};
}

static size_t
measure_head(enum frame_form form, const struct call_header *header)
{
	switch (form) {
	case FRAME_BECKET:
		return call_header_measure(header);
	case FRAME_ENVELOPE:
		return ENVELOPE_RESPONSE_HEAD;
	default:
		return 0;
	}
}

static void
put_envelope(size_t size, uint8_t *head)
{
	struct cursor c = cursor_put(head, ENVELOPE_RESPONSE_HEAD);
	uint32_t count = (uint32_t)size;

	envelope_response(&c, &count);
}

becket_status
frame_encode(enum frame_form form, const struct frame *frame,
    const struct becket_type *type, const void *message,
    const struct becket_memory *memory, size_t limit, struct buffer *ret_stub)
{
	struct call_header header = header_of(frame);
	struct buffer stub = buffer_empty(memory);
	size_t head = measure_head(form, &header);
	size_t size = type->codec->measure(type, message);

	if (size > limit || head > limit - size || size > UINT32_MAX)
		return BECKET_S_LIMIT_EXCEEDED;
	if (!buffer_reserve(&stub, head + size))
		return BECKET_S_OUT_OF_MEMORY;
	if (form == FRAME_BECKET)
		call_header_encode(&header, stub.data);
	else if (form == FRAME_ENVELOPE)
		put_envelope(size, stub.data);
	if (size > 0)
		type->codec->encode(type, message, stub.data + head);
	stub.size = head + size;
	*ret_stub = stub;
	return BECKET_S_OK;
}

static becket_status
decode_becket(struct becket_bytes stub, const struct becket_limits *limits,
    struct frame *ret_frame)
{
	struct call_header header;
	becket_status status = call_header_decode(stub, limits, &header);

	if (status != BECKET_S_OK)
		return status;
	if (header.flags & CALL_HEADER_STREAM)
		return BECKET_S_STREAMS_NOT_SUPPORTED;
	*ret_frame = (struct frame){
		.remaining_us = header.remaining_us,
		.metadata = header.metadata,
		.trailing = header.trailing,
		.body = { stub.data + header.size, stub.size - header.size },
	};
	return BECKET_S_OK;
}

static becket_status
decode_envelope(struct becket_bytes stub, bool big_endian,
    struct frame *ret_frame)
{
	struct cursor c = cursor_get(stub.data, stub.size, big_endian);
	struct frame frame = { 0 };
	uint32_t size;

	envelope_request(&c, &size);
	cursor_bytes(&c, &frame.body, size);
	if (c.status == BECKET_S_OK)
		*ret_frame = frame;
	return c.status;
}

becket_status
frame_decode(enum frame_form form, bool big_endian, struct becket_bytes stub,
    const struct becket_limits *limits, struct frame *ret_frame)
{
	switch (form) {
	case FRAME_BECKET:
		return decode_becket(stub, limits, ret_frame);
	case FRAME_ENVELOPE:
		return decode_envelope(stub, big_endian, ret_frame);
	default:
		*ret_frame = (struct frame){ .body = stub };
		return BECKET_S_OK;
	}
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
