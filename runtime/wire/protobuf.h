/* SPDX-License-Identifier: MIT */
#ifndef WIRE_PROTOBUF_H
#define WIRE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/cursor.h"

/*
 * Protobuf's encoding, as far as the wire needs it: the fields of a message
 * one after the other, without a descriptor. The small messages of our own
 * protocol are read and written with it, and what guards a real decoder walks
 * a message with it.
 *
 * Strict: X_BAD_STUB_DATA for field number 0, groups, wire types that do not
 * exist, and varints of more bits than they may have.
 */
enum protobuf_wire_type {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_SIZED = 2, /* string, bytes, message, packed */
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_wire_type wire_type;
	uint64_t value;            /* of PROTOBUF_VARINT */
	struct becket_bytes bytes; /* the field's value as it stands: of
	                            * PROTOBUF_SIZED without its size */
	size_t size; /* of the value, with the size in front if it has one */
};

/* The next field; false at the end, or when the cursor has failed. */
bool protobuf_next(struct cursor *c, struct protobuf_field *ret_field);

/* Up to 64 bits; a get that fails yields 0. */
void protobuf_varint(struct cursor *c, uint64_t *value);

/* Put a whole field. */
void protobuf_put_varint(struct cursor *c, uint32_t number, uint64_t value);
void protobuf_put_sized(struct cursor *c, uint32_t number,
    struct becket_bytes bytes);

/* Bytes that they put. */
size_t protobuf_measure(uint64_t varint);
size_t protobuf_measure_varint(uint32_t number, uint64_t value);
size_t protobuf_measure_sized(uint32_t number, size_t size);

#endif
