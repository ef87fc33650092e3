/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_DECODE_H
#define BECKET_CLIENT_JSON_DECODE_H

#include "descriptor.h"

/*
 * The encoding of protobuf to JSON, by the mapping of proto3's JSON. Fields are
 * written in the order of the .proto, entries of maps by their keys. The bytes
 * come from a peer.
 */
struct json_decode {
	const struct pool *pool;
	struct arena *arena;
	bool emits_defaults; /* also of fields that are not there */
	bool is_template;    /* also of what would be absent: for people */
	bool is_pretty;      /* over several lines */
	/* ------------------------------------------ zero, but for those */
	struct buffer *out;
	unsigned depth;
	size_t unknown; /* fields that the message does not have */
	const char *sentence;
};

/* Append the JSON of a message. false: decode->sentence says why not, and what
 * has been appended is worth nothing.
 */
bool json_decode(struct json_decode *decode,
    const struct proto_message *message, struct becket_bytes bytes,
    struct buffer *out);

#endif
