/* SPDX-License-Identifier: MIT */
#include "grpc/heap.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"

struct block {
	size_t size; /* of all of it */
	alignas(max_align_t) unsigned char data[];
};

void *
heap_malloc(const struct becket_memory *memory, size_t size)
{
	return heap_realloc(memory, NULL, size);
}

void *
heap_calloc(const struct becket_memory *memory, size_t count, size_t size)
{
	void *data;

	if (size > 0 && count > SIZE_MAX / 2 / size)
		return NULL;
	data = heap_realloc(memory, NULL, count * size);
	if (data != NULL)
		memset(data, 0, count * size);
	return data;
}

static struct block *
block_of(void *data)
{
	return data == NULL ? NULL : container_of(data, struct block, data);
}

void *
heap_realloc(const struct becket_memory *memory, void *old, size_t size)
{
	struct block *block = block_of(old);

	if (size > SIZE_MAX / 2)
		return NULL;
	block = memory_resize(memory, block, block == NULL ? 0 : block->size,
	    sizeof *block + size);
	if (block == NULL)
		return NULL;
	block->size = sizeof *block + size;
	return block->data;
}

void
heap_free(const struct becket_memory *memory, void *old)
{
	struct block *block = block_of(old);

	if (block != NULL)
		memory_free(memory, block, block->size);
}
