/* SPDX-License-Identifier: MIT */
#ifndef IO_MEMORY_CACHE_H
#define IO_MEMORY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/*
 * The runtime's memory where the user gives none: malloc's, with a few large
 * blocks kept that were freed. glibc gives the kernel back what it frees of
 * such, and a large message would fault in its pages with every call: a third
 * of what the call costs.
 *
 *   < 32 KiB             malloc's
 *   up to all it keeps   rounded up by less than a quarter, so that the next
 *                        message's block fits; kept when freed
 *   more                 malloc's
 *
 * It keeps no more than the size it is made with, the oldest go first, and
 * memory_cache_sweep() frees what has not been wanted for two seconds.
 *
 * Any thread may use the memory. Nobody waits: while another thread is in the
 * cache it is malloc as ever, and so it is in a child that was forked then.
 * Blocks may outlive memory_cache_free().
 */
struct memory_cache;

/* NULL: no memory, or size is too small to keep anything. */
struct memory_cache *memory_cache_new(size_t size);
/* Free what is kept. NULL is fine. */
void memory_cache_free(struct memory_cache *cache);

struct becket_memory memory_cache_memory(struct memory_cache *cache);

/* How much is kept; no lock. For NULL: 0. */
size_t memory_cache_size(const struct memory_cache *cache);
/* Give back what nobody has wanted for a while: to be called now and then, as
 * often as one likes, for where nothing is kept it is a comparison. NULL is
 * fine.
 */
void memory_cache_sweep(struct memory_cache *cache, uint64_t now);

#endif
