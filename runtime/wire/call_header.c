/* SPDX-License-Identifier: MIT */
#include "wire/call_header.h"

#include "base/trap.h"
#include "wire/cursor.h"
#include "wire/protobuf.h"

/* becket.wire.CallHeader and becket.wire.Metadata: PROTOCOL.md section 3. */
enum {
	REMAINING_US = 1, /* uint64 */
	METADATA = 2,     /* repeated Metadata */
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
	if (c.status == BECKET_S_OK && !is_key(entry.key))
		return BECKET_X_BAD_STUB_DATA;
	if (c.status == BECKET_S_OK)
		*ret_entry = entry;
	return c.status;
}

/* One more field METADATA, which began at start and has been taken. */
static becket_status
add_entry(const struct cursor *c, size_t start,
    const struct protobuf_field *field, struct becket_bytes *metadata)
{
	struct call_header_entry entry;

	if (field->wire_type != PROTOBUF_SIZED)
		return BECKET_X_BAD_STUB_DATA;
	if (metadata->size == 0)
		metadata->data = c->get + start;
	else if (metadata->data + metadata->size != c->get + start)
		return BECKET_X_BAD_STUB_DATA; /* entries stand together */
	metadata->size += c->at - start;
	return decode_entry(field->bytes, &entry);
}

static becket_status
decode_fields(struct becket_bytes bytes, const struct becket_limits *limits,
    struct call_header *header)
{
	struct cursor c = cursor_get(bytes.data, bytes.size, false);
	struct protobuf_field field;
	uint32_t entries = 0;

	for (size_t start = 0; protobuf_next(&c, &field); start = c.at) {
		if (field.number == REMAINING_US) {
			if (field.wire_type != PROTOBUF_VARINT)
				return BECKET_X_BAD_STUB_DATA;
			header->remaining_us = field.value;
		} else if (field.number == METADATA) {
			becket_status status =
			    add_entry(&c, start, &field, &header->metadata);

			if (status != BECKET_S_OK)
				return status;
			if (++entries > limits->call_header_entries)
				return BECKET_S_LIMIT_EXCEEDED;
		}
	}
	return c.status;
}

becket_status
call_header_decode(struct becket_bytes stub, const struct becket_limits *limits,
    struct call_header *ret_header)
{
	struct cursor c = cursor_get(stub.data, stub.size, false);
	struct call_header header = { 0 };
	struct becket_bytes fields = { 0 };
	uint64_t size = 0;
	becket_status status;

	cursor_u8(&c, &header.flags);
	if (header.flags & ~KNOWN_FLAGS)
		return BECKET_S_PROTOCOL_ERROR;
	if (header.flags & CALL_HEADER_PRESENT)
		protobuf_varint(&c, &size);
	if (size > limits->call_header_size)
		return BECKET_S_LIMIT_EXCEEDED;
	cursor_bytes(&c, &fields, (size_t)size);
	if (c.status != BECKET_S_OK)
		return c.status;
	header.size = c.at;
	status = decode_fields(fields, limits, &header);
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

static size_t
fields_size(const struct call_header *header)
{
	size_t size = header->metadata.size;

	if (header->remaining_us > 0)
		size +=
		    protobuf_measure_varint(REMAINING_US, header->remaining_us);
	return size;
}

size_t
call_header_measure(const struct call_header *header)
{
	size_t size = fields_size(header);

	return size == 0 ? 1 : 1 + protobuf_measure(size) + size;
}

void
call_header_encode(const struct call_header *header, uint8_t *ret_bytes)
{
	struct cursor c = cursor_put(ret_bytes, call_header_measure(header));
	struct becket_bytes metadata = header->metadata;
	uint8_t flags = header->flags & (uint8_t)~CALL_HEADER_PRESENT;
	uint64_t size = fields_size(header);

	if (size > 0)
		flags |= CALL_HEADER_PRESENT;
	cursor_u8(&c, &flags);
	if (size == 0)
		return;
	protobuf_varint(&c, &size);
	if (header->remaining_us > 0)
		protobuf_put_varint(&c, REMAINING_US, header->remaining_us);
	cursor_rest(&c, &metadata);
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == c.size);
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
