/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_ENCODE_H
#define BECKET_CLIENT_JSON_ENCODE_H

#include "descriptor.h"
#include "json_text.h"

/*
 * JSON to the encoding of protobuf, by the mapping of proto3's JSON, strictly:
 * what a message has no place for is refused with a sentence that says where it
 * stands, and nothing is rounded.
 */
struct json_encode {
	const struct pool *pool;
	struct arena *arena;
	bool ignores_unknown; /* fields, and nothing else */
	/* ------------------------------------------ zero, but for those */
	const struct json_text *text;
	size_t place; /* of the value that comes next */
	unsigned depth;
	const char *sentence; /* what is wrong, and where */
};

/* Append the message that text is. false: encode->sentence says why not. */
bool json_encode(struct json_encode *encode,
    const struct proto_message *message, const struct json_text *text,
    struct buffer *out);

#endif
