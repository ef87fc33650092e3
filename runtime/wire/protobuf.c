/* SPDX-License-Identifier: MIT */
#include "wire/protobuf.h"

enum {
	LAST_BYTE = 9, /* of a varint, counted from 0; holds one bit */
	NUMBER_SHIFT = 3,
	WIRE_TYPE_MASK = 7,
};

/* Straight from the bytes: of all that decoding does this is done most. */
static uint64_t
get_long_varint(struct cursor *c)
{
	size_t left = c->size - c->at;
	const uint8_t *at = c->get + c->at;
	uint64_t value = 0;

	for (size_t i = 0; i <= LAST_BYTE; i++) {
		if (i == left) {
			cursor_fail(c, BECKET_S_TRUNCATED);
			return 0;
		}
		if (i == LAST_BYTE && at[i] > 1)
			break;
		value |= (uint64_t)(at[i] & 0x7f) << (7 * i);
		if (at[i] < 0x80) {
			c->at += i + 1;
			return value;
		}
	}
	cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	return 0;
}

static inline uint64_t
get_varint(struct cursor *c)
{
	if (c->status != BECKET_S_OK)
		return 0;
	if (c->at < c->size && c->get[c->at] < 0x80)
		return c->get[c->at++];
	return get_long_varint(c);
}

static void
put_varint(struct cursor *c, uint64_t value)
{
	uint8_t byte;

	for (; value >= 0x80; value >>= 7) {
		byte = (uint8_t)(value | 0x80);
		cursor_u8(c, &byte);
	}
	byte = (uint8_t)value;
	cursor_u8(c, &byte);
}

void
protobuf_varint(struct cursor *c, uint64_t *value)
{
	if (c->put)
		put_varint(c, *value);
	else
		*value = get_varint(c);
}

/* The bytes of a value behind its tag. */
static size_t
value_size(struct cursor *c, struct protobuf_field *field)
{
	uint64_t size;

	switch (field->wire_type) {
	case PROTOBUF_FIXED32:
		return 4;
	case PROTOBUF_FIXED64:
		return 8;
	case PROTOBUF_SIZED:
		size = get_varint(c);
		if (size > c->size - c->at)
			cursor_fail(c, BECKET_S_TRUNCATED);
		return (size_t)size;
	default:
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
		return 0;
	}
}

bool
protobuf_next(struct cursor *c, struct protobuf_field *ret_field)
{
	struct protobuf_field field = { 0 };
	uint64_t tag;
	size_t start;

	if (c->status != BECKET_S_OK || c->at == c->size)
		return false;
	tag = get_varint(c);
	start = c->at;
	field.number = (uint32_t)(tag >> NUMBER_SHIFT);
	field.wire_type = (enum protobuf_wire_type)(tag & WIRE_TYPE_MASK);
	if (tag > UINT32_MAX || field.number == 0)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	if (field.wire_type == PROTOBUF_VARINT) {
		field.value = get_varint(c);
		field.bytes =
		    (struct becket_bytes){ c->get + start, c->at - start };
	} else {
		cursor_bytes(c, &field.bytes, value_size(c, &field));
	}
	if (c->status != BECKET_S_OK)
		return false;
	field.size = c->at - start;
	*ret_field = field;
	return true;
}

void
protobuf_put_varint(struct cursor *c, uint32_t number, uint64_t value)
{
	put_varint(c, (uint64_t)number << NUMBER_SHIFT | PROTOBUF_VARINT);
	put_varint(c, value);
}

void
protobuf_put_sized(struct cursor *c, uint32_t number, struct becket_bytes bytes)
{
	put_varint(c, (uint64_t)number << NUMBER_SHIFT | PROTOBUF_SIZED);
	put_varint(c, bytes.size);
	cursor_bytes(c, &bytes, bytes.size);
}

size_t
protobuf_measure(uint64_t varint)
{
	size_t size = 1;

	for (; varint >= 0x80; varint >>= 7)
		size++;
	return size;
}

size_t
protobuf_measure_varint(uint32_t number, uint64_t value)
{
	return protobuf_measure((uint64_t)number << NUMBER_SHIFT) +
	       protobuf_measure(value);
}

size_t
protobuf_measure_sized(uint32_t number, size_t size)
{
	return protobuf_measure((uint64_t)number << NUMBER_SHIFT) +
	       protobuf_measure(size) + size;
}
