/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/memory.h"

/*
 * Memory that is given back all at once: what one call decodes and builds. A
 * chain of blocks with a cap on their sum, so that a hostile message cannot
 * take more than the cap. Blocks are small at first and double.
 *
 * One thread at a time.
 */
struct arena_block;

struct arena {
	const struct becket_memory *memory; /* must outlive the arena */
	struct arena_block *blocks;         /* newest first */
	size_t cap;                         /* for all blocks together */
	size_t taken;                       /* by all blocks together */
};

static inline struct arena
arena_empty(const struct becket_memory *memory, size_t cap)
{
	return (struct arena){ .memory = memory, .cap = cap };
}

/* Aligned as malloc's and not zeroed. NULL: no memory, or the cap is reached.
 * Size 0 gives a valid pointer.
 */
void *arena_alloc(struct arena *arena, size_t size);

/* Make the next block at least this big, so that one block serves a message
 * whose size is known. Failing to is not an error: arena_alloc() will say.
 */
void arena_expect(struct arena *arena, size_t size);

/* Give everything back; the arena is empty and usable. */
void arena_fini(struct arena *arena);

#endif
