/* SPDX-License-Identifier: MIT */
#include "io/memory_cache.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/clock.h"

enum {
	SMALLEST = 32 << 10,
	BLOCKS = 32,
	KEEP_MS = 2000,
};

struct kept {
	void *data;
	size_t size;
	uint64_t since;
};

struct memory_cache {
	size_t most;
	/* The runtime, and all large blocks that are in use. */
	atomic_size_t holders;
	atomic_flag
	    busy; /* guards all that follows; size is also read without */
	atomic_size_t size;
	size_t count;
	struct kept kept[BLOCKS]; /* oldest first */
};

struct memory_cache *
memory_cache_new(size_t size)
{
	struct memory_cache *cache;

	if (size < SMALLEST)
		return NULL;
	cache = calloc(1, sizeof *cache);
	if (cache == NULL)
		return NULL;
	cache->most = size;
	atomic_init(&cache->holders, 1);
	atomic_flag_clear(&cache->busy);
	return cache;
}

/* ---------------------------------------------------------------- lock -- */

/* false: do without. */
static bool
enter(struct memory_cache *cache)
{
	return !atomic_flag_test_and_set_explicit(&cache->busy,
	    memory_order_acquire);
}

static void
leave(struct memory_cache *cache)
{
	atomic_flag_clear_explicit(&cache->busy, memory_order_release);
}

/* --------------------------------------------------------------- blocks -- */

static bool
is_large(size_t size)
{
	return size >= SMALLEST;
}

/* What a block of size really has. */
static size_t
room_of(const struct memory_cache *cache, size_t size)
{
	size_t step = SMALLEST / 4;

	if (!is_large(size) || size > cache->most)
		return size;
	while (size > 8 * step)
		step *= 2;
	return (size + step - 1) / step * step;
}

static void
set_size(struct memory_cache *cache, size_t size)
{
	atomic_store_explicit(&cache->size, size, memory_order_relaxed);
}

static void *
remove_kept(struct memory_cache *cache, size_t at)
{
	struct kept *kept = &cache->kept[at];
	void *data = kept->data;

	set_size(cache, memory_cache_size(cache) - kept->size);
	cache->count--;
	memmove(kept, kept + 1, (cache->count - at) * sizeof *kept);
	return data;
}

/* The newest that fits: it is warm. NULL: there is none. */
static void *
take(struct memory_cache *cache, size_t room)
{
	void *data = NULL;

	if (!is_large(room) || !enter(cache))
		return NULL;
	for (size_t i = cache->count; i > 0 && data == NULL; i--)
		if (cache->kept[i - 1].size == room)
			data = remove_kept(cache, i - 1);
	leave(cache);
	return data;
}

static void
keep(struct memory_cache *cache, void *data, size_t room)
{
	while (cache->count == BLOCKS ||
	       room > cache->most - memory_cache_size(cache))
		free(remove_kept(cache, 0));
	cache->kept[cache->count++] = (struct kept){
		.data = data,
		.size = room,
		.since = clock_now(),
	};
	set_size(cache, memory_cache_size(cache) + room);
}

static void
give(struct memory_cache *cache, void *data, size_t room)
{
	if (!is_large(room) || room > cache->most || !enter(cache)) {
		free(data);
		return;
	}
	keep(cache, data, room);
	leave(cache);
}

/* A copy into pages that are there costs less than new pages. */
static void *
move(struct memory_cache *cache, void *old, size_t old_size, size_t new_size)
{
	size_t old_room = room_of(cache, old_size);
	size_t room = room_of(cache, new_size);
	void *new;

	if (room == old_room)
		return old;
	new = take(cache, room);
	if (new == NULL)
		return realloc(old, room);
	if (old != NULL) {
		memcpy(new, old, old_size < new_size ? old_size : new_size);
		give(cache, old, old_room);
	}
	return new;
}

/* --------------------------------------------------------------- memory -- */

static void
let_go(struct memory_cache *cache)
{
	if (atomic_fetch_sub(&cache->holders, 1) != 1)
		return;
	memory_cache_sweep(cache, UINT64_MAX);
	free(cache);
}

/* Small blocks do not look at the cache, which may be gone. */
static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct memory_cache *cache = user;
	void *new = NULL;

	if (!is_large(old_size) && !is_large(new_size)) {
		if (new_size > 0)
			return realloc(old, new_size);
		free(old);
		return NULL;
	}
	if (new_size == 0)
		give(cache, old, room_of(cache, old_size));
	else if ((new = move(cache, old, old_size, new_size)) == NULL)
		return NULL;
	if (is_large(new_size) && !is_large(old_size))
		atomic_fetch_add(&cache->holders, 1);
	else if (is_large(old_size) && !is_large(new_size))
		let_go(cache);
	return new;
}

struct becket_memory
memory_cache_memory(struct memory_cache *cache)
{
	return (struct becket_memory){ resize, cache };
}

/* ----------------------------------------------------------------- end -- */

size_t
memory_cache_size(const struct memory_cache *cache)
{
	if (cache == NULL)
		return 0;
	return atomic_load_explicit(&cache->size, memory_order_relaxed);
}

void
memory_cache_sweep(struct memory_cache *cache, uint64_t now)
{
	if (memory_cache_size(cache) == 0 || !enter(cache))
		return;
	while (cache->count > 0 &&
	       cache->kept[0].since + clock_from_ms(KEEP_MS) <= now)
		free(remove_kept(cache, 0));
	leave(cache);
}

void
memory_cache_free(struct memory_cache *cache)
{
	if (cache == NULL)
		return;
	memory_cache_sweep(cache, UINT64_MAX);
	let_go(cache);
}
