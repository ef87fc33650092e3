/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <string.h>

#include "base/allocate.h"

enum { SMALLEST = 64 };

bool
buffer_reserve(struct buffer *buffer, size_t extra)
{
	size_t capacity = buffer->capacity;
	uint8_t *data;

	if (extra <= capacity - buffer->size)
		return true;
	if (extra > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4)
		return false;
	/* Exact the first time, then doubling. */
	capacity = buffer->size + extra < 2 * capacity ? 2 * capacity
	                                               : buffer->size + extra;
	if (capacity < SMALLEST)
		capacity = SMALLEST;
	data = memory_resize(buffer->memory, buffer->data, buffer->capacity,
	    capacity);
	if (data == NULL)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

bool
buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (size == 0)
		return true;
	if (!buffer_reserve(buffer, size))
		return false;
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return true;
}

struct buffer
buffer_take(struct buffer *buffer)
{
	struct buffer taken = *buffer;

	*buffer = buffer_empty(taken.memory);
	return taken;
}

void
buffer_fini(struct buffer *buffer)
{
	memory_free(buffer->memory, buffer->data, buffer->capacity);
	*buffer = buffer_empty(buffer->memory);
}
