/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/allocate.h"

struct arena_block {
	alignas(max_align_t) struct arena_block *next;
	size_t size; /* with this header */
	size_t at;   /* next free byte */
};

enum {
	ALIGN = alignof(max_align_t),
	SMALLEST = 512,
	LARGEST = 65536, /* where doubling ends */
};

static size_t
round_up(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct arena_block *
add_block(struct arena *arena, size_t need)
{
	size_t last = arena->blocks ? arena->blocks->size : 0;
	size_t size = last < SMALLEST / 2 ? SMALLEST : 2 * last;
	struct arena_block *block;

	if (size > LARGEST)
		size = LARGEST;
	if (size < need + sizeof *block)
		size = need + sizeof *block;
	if (size > arena->cap - arena->taken)
		size = need + sizeof *block;
	if (size > arena->cap - arena->taken)
		return NULL;
	block = memory_resize(arena->memory, NULL, 0, size);
	if (block == NULL)
		return NULL;
	*block = (struct arena_block){
		.next = arena->blocks,
		.size = size,
		.at = sizeof *block,
	};
	arena->blocks = block;
	arena->taken += size;
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *result;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = round_up(size);
	if (block == NULL || size > block->size - block->at) {
		block = add_block(arena, size);
		if (block == NULL)
			return NULL;
	}
	result = (uint8_t *)block + block->at;
	block->at += size;
	return result;
}

void
arena_expect(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;

	if (size > SIZE_MAX / 4)
		return;
	if (block == NULL || size > block->size - block->at)
		add_block(arena, round_up(size));
}

void
arena_fini(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		memory_free(arena->memory, block, block->size);
	}
	arena->taken = 0;
}
