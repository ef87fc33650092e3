/* SPDX-License-Identifier: MIT */
#ifndef PAYLOAD_CODEC_H
#define PAYLOAD_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "becket_stub.h"

/*
 * Marshalling goes through a table, so that the stub knows no message format.
 * struct becket_type, in the operations that generated code describes, joins a
 * codec with a descriptor and the size of the C struct.
 *
 * check() comes before decode(), always: it is what stands between a peer's
 * bytes and a decoder that trusts them.
 */
struct budget {
	uint32_t depth;
	uint32_t elements;
	size_t size; /* bytes that decoding may take */
};

struct becket_codec {
	/* Nesting, elements, memory, UTF-8, NUL: S_LIMIT_EXCEEDED,
	 * S_INVALID_UTF8, X_BAD_STUB_DATA, S_TRUNCATED. *ret_size: at least
	 * what decode() will take from the arena, in one block.
	 */
	becket_status (*check)(const struct becket_type *, struct becket_bytes,
	    const struct budget *, size_t *ret_size);
	/* A message in the arena; it may point into wire. X_BAD_STUB_DATA,
	 * S_OUT_OF_MEMORY.
	 */
	becket_status (*decode)(const struct becket_type *,
	    struct becket_bytes wire, struct arena *, void **ret_message);
	/* The empty message, in type->size bytes. */
	void (*init)(const struct becket_type *, void *message);
	size_t (*measure)(const struct becket_type *, const void *message);
	/* Writes exactly measure() bytes. */
	void (*encode)(const struct becket_type *, const void *message,
	    uint8_t *ret_bytes);
};

#endif
