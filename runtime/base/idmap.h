/* SPDX-License-Identifier: MIT */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/*
 * A table of slots named by (index, generation). A slot that is freed and used
 * again has another generation, so an old name finds nothing. The table grows
 * up to its limit; freed slots are used again, oldest name last.
 */
struct idmap_id {
	uint32_t index;
	uint32_t generation; /* never 0 for a slot in use */
};

struct idmap_slot {
	void *value; /* NULL: free */
	uint32_t generation;
	uint32_t next; /* the next free slot */
};

struct idmap {
	const struct becket_memory *memory;
	struct idmap_slot *slots;
	uint32_t capacity;
	uint32_t limit; /* capacity never goes beyond */
	uint32_t used;
	uint32_t free; /* index + 1 of the first free slot; 0: none */
};

static inline struct idmap
idmap_empty(const struct becket_memory *memory, uint32_t limit)
{
	return (struct idmap){ .memory = memory, .limit = limit };
}

/* Put value, which is not NULL. A generation of 0 in the result says that the
 * table is full or there is no memory.
 */
struct idmap_id idmap_add(struct idmap *map, void *value);

/* NULL: no such id (any more). */
void *idmap_get(const struct idmap *map, struct idmap_id id);

/* The value that was there, or NULL. */
void *idmap_remove(struct idmap *map, struct idmap_id id);

/* The value at an index from 0 to capacity - 1, NULL where free: to walk. */
void *idmap_at(const struct idmap *map, uint32_t index);

/* Frees the table, not the values. */
void idmap_fini(struct idmap *map);

#endif
