/* SPDX-License-Identifier: MIT */
#include "base/idmap.h"

#include <stdbool.h>

#include "base/allocate.h"
#include "base/trap.h"

enum { FIRST_CAPACITY = 4 };

static bool
grow(struct idmap *map)
{
	uint32_t capacity =
	    map->capacity == 0 ? FIRST_CAPACITY : 2 * map->capacity;
	struct idmap_slot *slots;

	if (capacity > map->limit)
		capacity = map->limit;
	if (capacity <= map->capacity)
		return false;
	slots = memory_resize(map->memory, map->slots,
	    map->capacity * sizeof *slots, capacity * sizeof *slots);
	if (slots == NULL)
		return false;
	for (uint32_t i = capacity; i-- > map->capacity;) {
		slots[i] = (struct idmap_slot){ .next = map->free };
		map->free = i + 1;
	}
	map->slots = slots;
	map->capacity = capacity;
	return true;
}

struct idmap_id
idmap_add(struct idmap *map, void *value)
{
	struct idmap_slot *slot;
	uint32_t index;

	TRAP_UNLESS(value != NULL);
	if (map->free == 0 && !grow(map))
		return (struct idmap_id){ 0 };
	index = map->free - 1;
	slot = &map->slots[index];
	map->free = slot->next;
	slot->value = value;
	slot->generation++;
	if (slot->generation == 0)
		slot->generation = 1;
	map->used++;
	return (struct idmap_id){ index, slot->generation };
}

void *
idmap_get(const struct idmap *map, struct idmap_id id)
{
	if (id.index >= map->capacity ||
	    map->slots[id.index].generation != id.generation)
		return NULL;
	return map->slots[id.index].value;
}

void *
idmap_remove(struct idmap *map, struct idmap_id id)
{
	void *value = idmap_get(map, id);

	if (value == NULL)
		return NULL;
	map->slots[id.index].value = NULL;
	map->slots[id.index].next = map->free;
	map->free = id.index + 1;
	map->used--;
	return value;
}

void *
idmap_at(const struct idmap *map, uint32_t index)
{
	return index < map->capacity ? map->slots[index].value : NULL;
}

void
idmap_fini(struct idmap *map)
{
	memory_free(map->memory, map->slots,
	    map->capacity * sizeof *map->slots);
	*map = idmap_empty(map->memory, map->limit);
}
