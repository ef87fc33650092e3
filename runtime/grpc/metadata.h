/* SPDX-License-Identifier: MIT */
#ifndef GRPC_METADATA_H
#define GRPC_METADATA_H

#include <nghttp2/nghttp2.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/*
 * An application's metadata: header fields of HTTP/2 on the connection, in
 * memory entries one behind the other as wire/call_header.h encodes them. What
 * means something to HTTP, to gRPC or to us is no metadata, and what does not
 * fit into an entry, or into a field, is left out, both ways:
 *
 *   name      0-9 a-z _ - .
 *   value     printable ASCII, blanks around it do not count; or of a name
 *             that ends in "-bin" any bytes, as base64 in the field
 */

/* Append what a field says; several values of a binary one may stand in it,
 * with commas. X_BAD_STUB_DATA: no base64. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status metadata_take(struct buffer *metadata,
    struct becket_bytes name, struct becket_bytes value);

/* Fields to submit, some of one's own and then metadata. */
enum { FIELDS_OF_OURS = 12 };

struct field_list {
	const struct becket_memory *memory;
	nghttp2_nv *fields; /* ours, or a block of so many */
	size_t count, capacity;
	struct buffer text; /* base64 */
	nghttp2_nv ours[FIELDS_OF_OURS];
};

/* S_OUT_OF_MEMORY. The list must not move. */
BECKET_MUST_USE becket_status field_list_init(struct field_list *list,
    const struct becket_memory *memory, struct becket_bytes metadata);
void field_list_fini(struct field_list *list);

/* Names and values must outlast the list; at most FIELDS_OF_OURS. */
void field_list_add(struct field_list *list, const char *name,
    struct becket_bytes value);
void field_list_add_text(struct field_list *list, const char *name,
    const char *value);
/* Those that there is room for, once. */
void field_list_add_metadata(struct field_list *list,
    struct becket_bytes metadata);

#endif
