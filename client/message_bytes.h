/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_MESSAGE_BYTES_H
#define BECKET_CLIENT_MESSAGE_BYTES_H

#include "idl/text.h"
#include "wire/protobuf.h"

/*
 * Encoded messages, looked into without a descriptor, and put together; with
 * the groups of proto2, which the wire's own messages do not have.
 */
enum {
	MESSAGE_GROUP = 3, /* more wire types: its fields stand between these */
	MESSAGE_GROUP_END = 4,
};

struct message_walk {
	struct cursor cursor;
};

struct message_walk message_walk(struct becket_bytes bytes);
/* false: the end, or what follows is malformed. The bytes of a group are those
 * of its fields.
 */
bool message_next(struct message_walk *walk, struct protobuf_field *ret_field);

/* Is it a sequence of fields, up to its end? */
bool message_is_whole(struct becket_bytes bytes);

/* How many fields of sized values have this number. */
size_t message_count(struct becket_bytes bytes, uint32_t number);
/* The last one; false: there is none. */
bool message_find_bytes(struct becket_bytes bytes, uint32_t number,
    struct becket_bytes *ret_value);
/* The last varint of this number, or what it is otherwise. */
uint64_t message_number(struct becket_bytes bytes, uint32_t number,
    uint64_t otherwise);
/* All sized values of this number one behind the other: a message in pieces.
 * Empty: there are none.
 */
struct becket_bytes message_gather(struct arena *arena,
    struct becket_bytes bytes, uint32_t number);
/* The same of any wire type that has fields in it. */
struct becket_bytes message_gather_as(struct arena *arena,
    struct becket_bytes bytes, uint32_t number, enum protobuf_wire_type type);

void message_put_varint(struct buffer *buffer, uint64_t value);
void message_put_tag(struct buffer *buffer, uint32_t number,
    enum protobuf_wire_type type);
void message_put_fixed32(struct buffer *buffer, uint32_t value);
void message_put_fixed64(struct buffer *buffer, uint64_t value);
/* With its size in front; and with its tag before that. */
void message_put_bytes(struct buffer *buffer, struct becket_bytes bytes);
void message_put_sized(struct buffer *buffer, uint32_t number,
    struct becket_bytes bytes);

#endif
