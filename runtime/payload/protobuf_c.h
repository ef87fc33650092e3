/* SPDX-License-Identifier: MIT */
#ifndef PAYLOAD_PROTOBUF_C_H
#define PAYLOAD_PROTOBUF_C_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"
#include "payload/codec.h"

/*
 * The guard in front of protobuf-c, which knows no limits: walks wire by the
 * descriptor as protobuf-c's decoder will, without taking memory, and refuses
 * what it must not see.
 *
 * S_LIMIT_EXCEEDED: more nesting, elements or memory than the budget has.
 * S_INVALID_UTF8: a string that is not. X_BAD_STUB_DATA, S_TRUNCATED: anything
 * else that is no encoding of this type; among them what C++ would take and
 * protobuf-c gets wrong: a NUL in a string, a known field with another wire
 * type, a singular message that comes twice and would have to be merged.
 *
 * Stack (amd64): half a kilobyte for each level of nesting here, one in
 * protobuf-c: a depth of 100 wants 100 KB.
 *
 * *ret_size is what decoding takes from an arena at most, all in one block.
 */
BECKET_MUST_USE becket_status
protobuf_c_check(const ProtobufCMessageDescriptor *descriptor,
    struct becket_bytes wire, const struct budget *budget, size_t *ret_size);

/* A field of bytes, by its offset in the struct of a message. */
struct becket_bytes protobuf_c_get_bytes(const void *message, size_t offset);
/* The message points to the bytes and does not change them. */
void protobuf_c_set_bytes(void *message, size_t offset,
    struct becket_bytes bytes);

#endif
