/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/memory.h"

/*
 * Bytes that grow, owned by whoever holds the struct. A buffer moves by
 * assignment and buffer_take(): the source is empty afterwards. The zeroed
 * struct with its memory set is an empty buffer.
 */
struct buffer {
	const struct becket_memory *memory; /* must outlive the buffer */
	uint8_t *data;
	size_t size;
	size_t capacity;
};

static inline struct buffer
buffer_empty(const struct becket_memory *memory)
{
	return (struct buffer){ .memory = memory };
}

/* Room for extra more bytes behind size. false: no memory, nothing changed. */
bool buffer_reserve(struct buffer *buffer, size_t extra);

/* Append; false: no memory, nothing changed. */
bool buffer_append(struct buffer *buffer, const void *data, size_t size);

/* What buffer holds, which is then empty. */
struct buffer buffer_take(struct buffer *buffer);

static inline struct becket_bytes
buffer_bytes(const struct buffer *buffer)
{
	return (struct becket_bytes){ buffer->data, buffer->size };
}

/* Give the memory back; the buffer is empty and usable. */
void buffer_fini(struct buffer *buffer);

#endif
