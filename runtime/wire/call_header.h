/* SPDX-License-Identifier: MIT */
#ifndef WIRE_CALL_HEADER_H
#define WIRE_CALL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

/*
 * What stands before the message in stub data of our transfer syntax, in
 * requests and responses (PROTOCOL.md section 3): one byte of flags; with
 * CALL_HEADER_PRESENT a varint size and a header of that size in protobuf
 * encoding (becket.wire.CallHeader in idl/becket/wire.proto): the remaining
 * time, which is relative, and metadata.
 *
 * The metadata of a decoded header stays a view, walked one entry at a time.
 */
enum {
	CALL_HEADER_PRESENT = 0x01,
	CALL_HEADER_STREAM = 0x02, /* messages follow, each with its length */
};

struct call_header {
	uint8_t flags;
	uint64_t remaining_us;        /* 0: no deadline */
	struct becket_bytes metadata; /* call_header_next() */
	struct becket_bytes trailing; /* the same, of a response */
	size_t size; /* of all of this: where the message begins */
};

struct call_header_entry {
	struct becket_bytes key;   /* [0-9a-z_.-]+ */
	struct becket_bytes value; /* ASCII; any bytes if key ends in -bin */
};

/* Does the key end in -bin, with something in front? */
bool call_header_is_binary(struct becket_bytes key);
/* Are key and value such as that? */
bool call_header_entry_is_valid(const struct call_header_entry *entry);

/* S_PROTOCOL_ERROR: unknown flags. S_TRUNCATED, X_BAD_STUB_DATA: malformed.
 * S_LIMIT_EXCEEDED: beyond call_header_size or call_header_entries.
 */
BECKET_MUST_USE becket_status call_header_decode(struct becket_bytes stub,
    const struct becket_limits *limits, struct call_header *ret_header);
/* The fields alone, without flags and size. */
BECKET_MUST_USE becket_status
call_header_decode_fields(struct becket_bytes fields,
    const struct becket_limits *limits, struct call_header *ret_header);

/* Take the next entry off metadata; false at its end. */
bool call_header_next(struct becket_bytes *metadata,
    struct call_header_entry *ret_entry);

/* Bytes that call_header_encode() writes: 1 when there is nothing to say.
 * metadata are encoded already (call_header_put_entry()).
 */
size_t call_header_measure(const struct call_header *header);
void call_header_encode(const struct call_header *header, uint8_t *ret_bytes);
size_t call_header_measure_fields(const struct call_header *header);
void call_header_encode_fields(const struct call_header *header,
    uint8_t *ret_bytes);

size_t call_header_measure_entry(const struct call_header_entry *entry);
/* Returns the bytes written. */
size_t call_header_put_entry(const struct call_header_entry *entry,
    uint8_t *ret_bytes);

#endif
