/* SPDX-License-Identifier: MIT */
#include "wire/call_header.h"

#include <string.h>

#include "base/trap.h"
#include "wire/cursor.h"
#include "wire/protobuf.h"

/* becket.wire.CallHeader, its Entry and Trailer: PROTOCOL.md section 3. */
enum {
	REMAINING_US = 1, /* uint64 */
	METADATA = 2,     /* repeated Entry; of a Trailer, too */
	TRAILER = 3,      /* Trailer */
	KEY = 1,          /* string */
	VALUE = 2,        /* bytes */
	KNOWN_FLAGS = CALL_HEADER_PRESENT | CALL_HEADER_STREAM,
};

static bool
is_key(struct becket_bytes key)
{
	for (size_t i = 0; i < key.size; i++) {
		uint8_t c = key.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.' && c != '-')
			return false;
	}
	return key.size > 0;
}

bool
call_header_is_binary(struct becket_bytes key)
{
	static const char suffix[] = "-bin";
	const size_t size = sizeof suffix - 1;

	return key.size > size &&
	       memcmp(key.data + key.size - size, suffix, size) == 0;
}

static bool
is_printable(struct becket_bytes value)
{
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] < 0x20 || value.data[i] > 0x7e)
			return false;
	return true;
}

bool
call_header_entry_is_valid(const struct call_header_entry *entry)
{
	return is_key(entry->key) && (call_header_is_binary(entry->key) ||
	                                 is_printable(entry->value));
}

static becket_status
decode_entry(struct becket_bytes bytes, struct call_header_entry *ret_entry)
{
	struct cursor c = cursor_get(bytes.data, bytes.size, false);
	struct call_header_entry entry = { 0 };
	struct protobuf_field field;

	while (protobuf_next(&c, &field)) {
		if (field.number != KEY && field.number != VALUE)
			continue;
		if (field.wire_type != PROTOBUF_SIZED)
			return BECKET_X_BAD_STUB_DATA;
		if (field.number == KEY)
			entry.key = field.bytes;
		else
			entry.value = field.bytes;
	}
	if (c.status == BECKET_S_OK && !call_header_entry_is_valid(&entry))
		return BECKET_X_BAD_STUB_DATA;
	if (c.status == BECKET_S_OK)
		*ret_entry = entry;
	return c.status;
}

/* Fields of a header, or of its trailer, as they are walked. */
struct walk {
	struct cursor c;
	struct protobuf_field field;
	size_t start; /* of the field */
	uint32_t entries;
};

/* One more field METADATA. */
static becket_status
add_entry(struct walk *walk, const struct becket_limits *limits,
    struct becket_bytes *metadata)
{
	const uint8_t *start = walk->c.get + walk->start;
	struct call_header_entry entry;

	if (walk->field.wire_type != PROTOBUF_SIZED)
		return BECKET_X_BAD_STUB_DATA;
	if (metadata->size == 0)
		metadata->data = start;
	else if (metadata->data + metadata->size != start)
		return BECKET_X_BAD_STUB_DATA; /* entries stand together */
	metadata->size += walk->c.at - walk->start;
	if (++walk->entries > limits->call_header_entries)
		return BECKET_S_LIMIT_EXCEEDED;
	return decode_entry(walk->field.bytes, &entry);
}

static becket_status
decode_trailer(struct walk *outer, const struct becket_limits *limits,
    struct becket_bytes *trailing)
{
	struct becket_bytes bytes = outer->field.bytes;
	struct walk walk = {
		.c = cursor_get(bytes.data, bytes.size, false),
		.entries = outer->entries,
	};
	becket_status status = BECKET_S_OK;

	if (outer->field.wire_type != PROTOBUF_SIZED || trailing->size > 0)
		return BECKET_X_BAD_STUB_DATA;
	for (; status == BECKET_S_OK && protobuf_next(&walk.c, &walk.field);
	     walk.start = walk.c.at)
		if (walk.field.number == METADATA)
			status = add_entry(&walk, limits, trailing);
	outer->entries = walk.entries;
	return status == BECKET_S_OK ? walk.c.status : status;
}

static becket_status
decode_field(struct walk *walk, const struct becket_limits *limits,
    struct call_header *header)
{
	switch (walk->field.number) {
	case REMAINING_US:
		if (walk->field.wire_type != PROTOBUF_VARINT)
			return BECKET_X_BAD_STUB_DATA;
		header->remaining_us = walk->field.value;
		return BECKET_S_OK;
	case METADATA:
		return add_entry(walk, limits, &header->metadata);
	case TRAILER:
		return decode_trailer(walk, limits, &header->trailing);
	default:
		return BECKET_S_OK;
	}
}

becket_status
call_header_decode_fields(struct becket_bytes fields,
    const struct becket_limits *limits, struct call_header *ret_header)
{
	struct walk walk = {
		.c = cursor_get(fields.data, fields.size, false),
	};
	struct call_header header = { 0 };
	becket_status status = BECKET_S_OK;

	if (fields.size > limits->call_header_size)
		return BECKET_S_LIMIT_EXCEEDED;
	for (; status == BECKET_S_OK && protobuf_next(&walk.c, &walk.field);
	     walk.start = walk.c.at)
		status = decode_field(&walk, limits, &header);
	if (status == BECKET_S_OK)
		status = walk.c.status;
	if (status == BECKET_S_OK)
		*ret_header = header;
	return status;
}

becket_status
call_header_decode(struct becket_bytes stub, const struct becket_limits *limits,
    struct call_header *ret_header)
{
	struct cursor c = cursor_get(stub.data, stub.size, false);
	struct call_header header = { 0 };
	struct becket_bytes fields = { 0 };
	uint64_t size = 0;
	uint8_t flags = 0;
	becket_status status = BECKET_S_OK;

	cursor_u8(&c, &flags);
	if (flags & ~KNOWN_FLAGS)
		return BECKET_S_PROTOCOL_ERROR;
	if (flags & CALL_HEADER_PRESENT)
		protobuf_varint(&c, &size);
	if (size > limits->call_header_size)
		return BECKET_S_LIMIT_EXCEEDED;
	cursor_bytes(&c, &fields, (size_t)size);
	if (c.status != BECKET_S_OK)
		return c.status;
	if (fields.size > 0)
		status = call_header_decode_fields(fields, limits, &header);
	header.flags = flags;
	header.size = c.at;
	if (status == BECKET_S_OK)
		*ret_header = header;
	return status;
}

bool
call_header_next(struct becket_bytes *metadata,
    struct call_header_entry *ret_entry)
{
	struct cursor c = cursor_get(metadata->data, metadata->size, false);
	struct protobuf_field field;

	if (!protobuf_next(&c, &field) || field.number != METADATA ||
	    decode_entry(field.bytes, ret_entry) != BECKET_S_OK) {
		*metadata = (struct becket_bytes){ 0 };
		return false;
	}
	metadata->data += c.at;
	metadata->size -= c.at;
	return true;
}

size_t
call_header_measure_fields(const struct call_header *header)
{
	size_t size = header->metadata.size;

	if (header->remaining_us > 0)
		size +=
		    protobuf_measure_varint(REMAINING_US, header->remaining_us);
	if (header->trailing.size > 0)
		size += protobuf_measure_sized(TRAILER, header->trailing.size);
	return size;
}

static void
put_fields(struct cursor *c, const struct call_header *header)
{
	struct becket_bytes metadata = header->metadata;

	if (header->remaining_us > 0)
		protobuf_put_varint(c, REMAINING_US, header->remaining_us);
	cursor_bytes(c, &metadata, metadata.size);
	if (header->trailing.size > 0)
		protobuf_put_sized(c, TRAILER, header->trailing);
	TRAP_UNLESS(c->status == BECKET_S_OK && c->at == c->size);
}

void
call_header_encode_fields(const struct call_header *header, uint8_t *ret_bytes)
{
	struct cursor c =
	    cursor_put(ret_bytes, call_header_measure_fields(header));

	put_fields(&c, header);
}

size_t
call_header_measure(const struct call_header *header)
{
	size_t size = call_header_measure_fields(header);

	return size == 0 ? 1 : 1 + protobuf_measure(size) + size;
}

void
call_header_encode(const struct call_header *header, uint8_t *ret_bytes)
{
	struct cursor c = cursor_put(ret_bytes, call_header_measure(header));
	uint8_t flags = header->flags & (uint8_t)~CALL_HEADER_PRESENT;
	uint64_t size = call_header_measure_fields(header);

	if (size > 0)
		flags |= CALL_HEADER_PRESENT;
	cursor_u8(&c, &flags);
	if (size == 0)
		return;
	protobuf_varint(&c, &size);
	put_fields(&c, header);
}

static size_t
entry_size(const struct call_header_entry *entry)
{
	return protobuf_measure_sized(KEY, entry->key.size) +
	       protobuf_measure_sized(VALUE, entry->value.size);
}

size_t
call_header_measure_entry(const struct call_header_entry *entry)
{
	return protobuf_measure_sized(METADATA, entry_size(entry));
}

size_t
call_header_put_entry(const struct call_header_entry *entry, uint8_t *ret_bytes)
{
	struct cursor c =
	    cursor_put(ret_bytes, call_header_measure_entry(entry));
	uint64_t tag = METADATA << 3 | PROTOBUF_SIZED;
	uint64_t size = entry_size(entry);

	protobuf_varint(&c, &tag);
	protobuf_varint(&c, &size);
	protobuf_put_sized(&c, KEY, entry->key);
	protobuf_put_sized(&c, VALUE, entry->value);
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == c.size);
	return c.at;
}
