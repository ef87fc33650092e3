/* SPDX-License-Identifier: MIT */
#ifndef STUB_METADATA_H
#define STUB_METADATA_H

#include "base/buffer.h"
#include "base/limits.h"
#include "becket.h"

/*
 * Metadata of calls. They move as encoded entries, one behind the other, as
 * wire/call_header.h has them: over DCE/RPC in call headers and faults, to and
 * from sessions that are plain beside the messages. Who reads them gets a view:
 * one block with a table in front and texts behind, each with a NUL.
 *
 *   | size, count | entries ... | name NUL value NUL name NUL ... |
 */
struct metadata_view {
	size_t size; /* of the block */
	size_t count;
	struct becket_metadata_entry entries[];
};

/* Bytes of a view; 0: there are no entries. */
size_t metadata_view_size(struct becket_bytes encoded);
/* Make one in a block of that size. */
struct metadata_view *metadata_view_make(struct becket_bytes encoded,
    void *block);

/* view may be NULL: no entries. As becket_metadata_at(), ..._find(). */
bool metadata_view_at(const struct metadata_view *view, size_t index,
    struct becket_metadata_entry *ret_entry);
bool metadata_view_find(const struct metadata_view *view, const char *name,
    struct becket_bytes *ret_value);

/* Append what an application says; it must fit into one call header, with room
 * for what else is there and for others, other entries of the same header.
 * S_INVALID_ARG, S_LIMIT_EXCEEDED, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status metadata_append(struct buffer *encoded,
    struct becket_bytes others, const struct becket_limits *limits,
    const struct becket_metadata_entry *entry);
/* The same for names of our own. */
BECKET_MUST_USE becket_status metadata_append_own(struct buffer *encoded,
    struct becket_bytes others, const struct becket_limits *limits,
    const struct becket_metadata_entry *entry);

/* The value of the first with this name. */
bool metadata_find(struct becket_bytes encoded, const char *name,
    struct becket_bytes *ret_value);

/* What becket.h shows of the metadata of a client's call. */
enum { METADATA_LISTS = 3 };

struct becket_metadata {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	struct buffer request; /* encoded */
	struct metadata_view *views[METADATA_LISTS];
};

/* What came back. Without memory for it there is none. */
void metadata_replace(struct becket_metadata *metadata,
    enum becket_metadata_list list, struct becket_bytes encoded);

#endif
