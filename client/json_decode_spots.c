/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "json_decode_private.h"

static int
by_number(const void *a_, const void *b_)
{
	const struct spot *a = a_, *b = b_;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* A field whose wire type is not that of its type is as good as unknown. */
static bool
is_wanted(struct json_decode *decode, const struct proto_message *message,
    const struct protobuf_field *field)
{
	const struct proto_field *declared =
	    message_field(message, field->number);

	if (declared == NULL ||
	    field->wire_type == type_wire_type(declared->type) ||
	    (field->wire_type == PROTOBUF_SIZED && declared->is_repeated &&
	        type_is_packable(declared->type)))
		return true;
	decode->unknown++;
	return false;
}

static size_t
count_fields(struct becket_bytes bytes)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	size_t count = 0;

	while (message_next(&walk, &field))
		count++;
	return count;
}

bool
spots_find(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes, struct spots *ret_spots)
{
	struct message_walk walk = message_walk(bytes);
	struct spots spots = { .bytes = bytes };
	struct protobuf_field field;
	size_t count = count_fields(bytes), at = 0;

	if (bytes.size > UINT32_MAX || !message_is_whole(bytes))
		return false;
	if (count > 0)
		spots.spots = idl_memory.resize(NULL, NULL, 0,
		    count * sizeof *spots.spots);
	for (; message_next(&walk, &field); at = walk.cursor.at)
		if (is_wanted(decode, message, &field))
			spots.spots[spots.count++] =
			    (struct spot){ field.number, (uint32_t)at };
	if (spots.count > 0)
		qsort(spots.spots, spots.count, sizeof *spots.spots, by_number);
	*ret_spots = spots;
	return true;
}

static size_t
lowest(const struct spots *spots, uint64_t number)
{
	size_t low = 0, high = spots->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spots->spots[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct spread
spots_of(const struct spots *spots, uint32_t number)
{
	return (struct spread){ spots, lowest(spots, number),
		lowest(spots, (uint64_t)number + 1) };
}

struct protobuf_field
spread_at(const struct spread *spread, size_t index)
{
	const struct spots *spots = spread->spots;
	size_t at = spots->spots[index].at;
	struct message_walk walk = message_walk((struct becket_bytes){
	    spots->bytes.data + at, spots->bytes.size - at });
	struct protobuf_field field = { 0 };

	(void)message_next(&walk, &field);
	return field;
}

/* The last of a wire type; false: there is none. */
bool
spread_last(const struct spread *spread, enum proto_type type,
    struct protobuf_field *ret_value)
{
	for (size_t i = spread->end; i > spread->begin; i--) {
		struct protobuf_field field = spread_at(spread, i - 1);

		if (field.wire_type == type_wire_type(type)) {
			*ret_value = field;
			return true;
		}
	}
	return false;
}

/* A message that comes in pieces is all of them. */
bool
spread_whole(struct json_decode *decode, const struct spread *spread,
    enum proto_type type, struct becket_bytes *ret_bytes)
{
	struct becket_bytes whole = { NULL, 0 };
	struct buffer joined = buffer_empty(&idl_memory);
	size_t count = 0;

	for (size_t i = spread->begin; i < spread->end; i++) {
		struct protobuf_field field = spread_at(spread, i);

		if (field.wire_type != type_wire_type(type))
			continue;
		if (count++ == 1)
			text_put_bytes(&joined, whole.data, whole.size);
		if (count > 1)
			text_put_bytes(&joined, field.bytes.data,
			    field.bytes.size);
		whole = field.bytes;
	}
	if (count > 1)
		whole = (struct becket_bytes){
			(const uint8_t *)text_copy(decode->arena,
			    (const char *)joined.data, joined.size),
			joined.size
		};
	buffer_fini(&joined);
	*ret_bytes = whole;
	return count > 0;
}

void
spots_fini(struct spots *spots)
{
	free(spots->spots);
}
