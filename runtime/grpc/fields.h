/* SPDX-License-Identifier: MIT */
#ifndef GRPC_FIELDS_H
#define GRPC_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/uuid.h"

/*
 * What the header and trailer fields of one stream said, as far as it means
 * something to us. The rest is metadata, which whoever has had enough of them
 * takes out of here.
 */
enum fields_content {
	CONTENT_NONE,
	CONTENT_GRPC,  /* application/grpc, +proto */
	CONTENT_OTHER, /* application/grpc with a codec that is not ours */
	CONTENT_FOREIGN,
};

enum fields_encoding {
	ENCODING_IDENTITY,
	ENCODING_GZIP,
	ENCODING_UNKNOWN,
};

struct fields {
	size_t size; /* as HTTP/2 counts: names, values, 32 for each */
	bool is_too_large;
	bool has_no_memory;
	bool has_bad_metadata;  /* no base64 */
	struct buffer metadata; /* encoded: grpc/metadata.h */

	/* of requests */
	bool is_malformed; /* as RFC 9113 8.1.1 has it */
	bool is_regular;   /* no pseudo field may come any more */
	unsigned pseudo;   /* which have come: a bit each */
	bool is_post;
	struct buffer path;
	struct becket_uuid object; /* becket-object */
	bool is_unattended;        /* becket-unattended */
	bool has_timeout, has_bad_timeout;
	uint64_t timeout_us;
	bool has_length;
	uint64_t length; /* content-length */

	/* of both */
	enum fields_content content;
	enum fields_encoding encoding;
	bool takes_gzip;

	/* of responses and their trailers */
	uint32_t http;
	bool has_code;
	uint32_t code;         /* grpc-status */
	struct buffer message; /* grpc-message, decoded */
	struct buffer details; /* grpc-status-details-bin, decoded */
	bool has_status;
	uint32_t status;      /* becket-status */
	bool is_not_executed; /* becket-not-executed */
};

struct fields fields_empty(const struct becket_memory *memory);
void fields_fini(struct fields *fields);

/* Take note of one; limit is of all together. */
void fields_take(struct fields *fields, struct becket_bytes name,
    struct becket_bytes value, size_t limit);

/* Of a request: may it come in HTTP/2? Before fields_take(); at the end, are
 * all there that must be? And does its body have the size that it should? What
 * is found is in is_malformed.
 */
void fields_check(struct fields *fields, struct becket_bytes name,
    struct becket_bytes value);
void fields_check_all(struct fields *fields);
void fields_check_length(struct fields *fields, uint64_t size);

#endif
