/* SPDX-License-Identifier: MIT */
#include "message_bytes.h"

#include <string.h>

enum {
	NUMBER_SHIFT = 3,
	TYPE_MASK = 7,
	MOST_VARINT = 10,
	DEEPEST_GROUP = 100,
};

struct message_walk
message_walk(struct becket_bytes bytes)
{
	return (
	    struct message_walk){ cursor_get(bytes.data, bytes.size, false) };
}

/* Is the next tag one of this wire type? */
static bool
takes_tag(struct cursor *cursor, unsigned wire_type, uint32_t *ret_number)
{
	struct cursor ahead = *cursor;
	uint64_t tag = 0;

	if (cursor->status != BECKET_S_OK || cursor->at == cursor->size)
		return false;
	protobuf_varint(&ahead, &tag);
	if (ahead.status != BECKET_S_OK || (tag & TYPE_MASK) != wire_type ||
	    tag > UINT32_MAX || tag >> NUMBER_SHIFT == 0)
		return false;
	*cursor = ahead;
	*ret_number = (uint32_t)(tag >> NUMBER_SHIFT);
	return true;
}

static bool walk_next(struct cursor *cursor, unsigned depth,
    struct protobuf_field *ret_field);

/* Behind the tag that begins a group, up to the one that ends it. */
static bool
walk_group(struct cursor *cursor, uint32_t number, unsigned depth,
    struct protobuf_field *ret_field)
{
	struct protobuf_field inner;
	size_t start = cursor->at, end = start;
	uint32_t ended = 0;
	bool done = depth < DEEPEST_GROUP;

	while (done && !takes_tag(cursor, MESSAGE_GROUP_END, &ended)) {
		done = walk_next(cursor, depth + 1, &inner);
		end = cursor->at;
	}
	if (!done || ended != number) {
		cursor_fail(cursor, BECKET_X_BAD_STUB_DATA);
		return false;
	}
	*ret_field = (struct protobuf_field){
		.number = number,
		.wire_type = (enum protobuf_wire_type)MESSAGE_GROUP,
		.bytes = { cursor->get + start, end - start },
		.size = cursor->at - start,
	};
	return true;
}

static bool
walk_next(struct cursor *cursor, unsigned depth,
    struct protobuf_field *ret_field)
{
	uint32_t number;

	if (takes_tag(cursor, MESSAGE_GROUP, &number))
		return walk_group(cursor, number, depth, ret_field);
	return protobuf_next(cursor, ret_field);
}

bool
message_next(struct message_walk *walk, struct protobuf_field *ret_field)
{
	return walk_next(&walk->cursor, 0, ret_field);
}

bool
message_is_whole(struct becket_bytes bytes)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;

	while (message_next(&walk, &field))
		;
	return cursor_end(&walk.cursor) == BECKET_S_OK;
}

size_t
message_count(struct becket_bytes bytes, uint32_t number)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	size_t count = 0;

	while (message_next(&walk, &field))
		count +=
		    field.number == number && field.wire_type == PROTOBUF_SIZED;
	return count;
}

bool
message_find_bytes(struct becket_bytes bytes, uint32_t number,
    struct becket_bytes *ret_value)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	bool found = false;

	while (message_next(&walk, &field))
		if (field.number == number &&
		    field.wire_type == PROTOBUF_SIZED) {
			*ret_value = field.bytes;
			found = true;
		}
	return found;
}

uint64_t
message_number(struct becket_bytes bytes, uint32_t number, uint64_t otherwise)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;

	while (message_next(&walk, &field))
		if (field.number == number &&
		    field.wire_type == PROTOBUF_VARINT)
			otherwise = field.value;
	return otherwise;
}

/* All pieces, copied one behind the other. */
static struct becket_bytes
join(struct arena *arena, struct becket_bytes bytes, uint32_t number,
    enum protobuf_wire_type type, size_t size)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	uint8_t *whole = text_alloc(arena, size);
	size_t at = 0;

	while (message_next(&walk, &field))
		if (field.number == number && field.wire_type == type) {
			memcpy(whole + at, field.bytes.data, field.bytes.size);
			at += field.bytes.size;
		}
	return (struct becket_bytes){ whole, size };
}

struct becket_bytes
message_gather_as(struct arena *arena, struct becket_bytes bytes,
    uint32_t number, enum protobuf_wire_type type)
{
	struct message_walk walk = message_walk(bytes);
	struct becket_bytes whole = { NULL, 0 };
	struct protobuf_field field;
	size_t count = 0, size = 0;

	while (message_next(&walk, &field))
		if (field.number == number && field.wire_type == type) {
			whole = field.bytes;
			size += whole.size;
			count++;
		}
	return count < 2 ? whole : join(arena, bytes, number, type, size);
}

struct becket_bytes
message_gather(struct arena *arena, struct becket_bytes bytes, uint32_t number)
{
	return message_gather_as(arena, bytes, number, PROTOBUF_SIZED);
}

void
message_put_varint(struct buffer *buffer, uint64_t value)
{
	uint8_t bytes[MOST_VARINT];
	struct cursor cursor = cursor_put(bytes, sizeof bytes);

	protobuf_varint(&cursor, &value);
	text_put_bytes(buffer, bytes, cursor.at);
}

void
message_put_tag(struct buffer *buffer, uint32_t number,
    enum protobuf_wire_type type)
{
	message_put_varint(buffer, (uint64_t)number << NUMBER_SHIFT | type);
}

void
message_put_fixed32(struct buffer *buffer, uint32_t value)
{
	uint8_t bytes[sizeof value];
	struct cursor cursor = cursor_put(bytes, sizeof bytes);

	cursor_u32(&cursor, &value);
	text_put_bytes(buffer, bytes, sizeof bytes);
}

void
message_put_fixed64(struct buffer *buffer, uint64_t value)
{
	uint8_t bytes[sizeof value];
	struct cursor cursor = cursor_put(bytes, sizeof bytes);

	cursor_u64(&cursor, &value);
	text_put_bytes(buffer, bytes, sizeof bytes);
}

void
message_put_bytes(struct buffer *buffer, struct becket_bytes bytes)
{
	message_put_varint(buffer, bytes.size);
	if (bytes.size > 0)
		text_put_bytes(buffer, bytes.data, bytes.size);
}

void
message_put_sized(struct buffer *buffer, uint32_t number,
    struct becket_bytes bytes)
{
	message_put_tag(buffer, number, PROTOBUF_SIZED);
	message_put_bytes(buffer, bytes);
}
