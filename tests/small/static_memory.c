/* SPDX-License-Identifier: MIT */
#include "static_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/trap.h"

/* A free block; in use, a block is all its owner's, who knows its size. */
struct block {
	alignas(max_align_t) struct block *next; /* by address */
	size_t size;
};

enum { UNIT = sizeof(struct block) };

static alignas(max_align_t) uint8_t area[STATIC_MEMORY_SIZE];
static struct block *free_blocks;
static size_t used, peak;

static size_t
round_up(size_t size)
{
	return (size + UNIT - 1) / UNIT * UNIT;
}

static void
join(struct block *block)
{
	struct block *next = block->next;

	if (next != NULL && (uint8_t *)block + block->size == (uint8_t *)next) {
		block->size += next->size;
		block->next = next->next;
	}
}

static void
give_back(void *old, size_t size)
{
	struct block **at = &free_blocks;
	struct block *before = NULL;
	struct block *block = old;

	while (*at != NULL && *at < block) {
		before = *at;
		at = &before->next;
	}
	block->next = *at;
	block->size = size;
	*at = block;
	join(block);
	if (before != NULL)
		join(before);
	used -= size;
}

static void *
take(size_t size)
{
	for (struct block **at = &free_blocks; *at != NULL; at = &(*at)->next) {
		struct block *block = *at;

		if (block->size < size)
			continue;
		block->size -= size;
		if (block->size == 0)
			*at = block->next;
		used += size;
		if (used > peak)
			peak = used;
		return (uint8_t *)block + block->size;
	}
	return NULL;
}

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	size_t old_units = round_up(old_size);
	size_t new_units = round_up(new_size);
	void *new;

	(void)user;
	if (free_blocks == NULL && used == 0)
		used = sizeof area, give_back(area, sizeof area);
	if (new_units == 0) {
		give_back(old, old_units);
		return NULL;
	}
	if (new_units == old_units)
		return old;
	new = take(new_units);
	if (new == NULL || old == NULL)
		return new;
	memcpy(new, old, old_size < new_size ? old_size : new_size);
	give_back(old, old_units);
	return new;
}

const struct becket_memory static_memory = { resize, NULL };

size_t
static_memory_peak(void)
{
	return peak;
}

size_t
static_memory_used(void)
{
	return used;
}

/* There is no heap. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void free(void *old);

void *
malloc(size_t size)
{
	(void)size;
	__builtin_trap();
}

void *
calloc(size_t count, size_t size)
{
	(void)count;
	(void)size;
	__builtin_trap();
}

void *
realloc(void *old, size_t size)
{
	(void)old;
	(void)size;
	__builtin_trap();
}

void
free(void *old)
{
	(void)old;
	__builtin_trap();
}
