/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <string.h>

#include "base/allocate.h"

static struct map_entry *
entry_of(struct list *node)
{
	return container_of(node, struct map_entry, node);
}

void
map_init(struct map *map, const struct becket_memory *memory, uint32_t capacity)
{
	*map = (struct map){ .memory = memory, .capacity = capacity };
	list_init(&map->entries);
}

static void
drop(struct map *map, struct map_entry *entry)
{
	list_remove(&entry->node);
	map->count--;
	memory_free(map->memory, entry, sizeof *entry + entry->size);
}

void
map_fini(struct map *map)
{
	list_for_each (node, &map->entries)
		drop(map, entry_of(node));
}

/* -------------------------------------------------------------- insert -- */

/* The same but for the addresses. */
static bool
is_alike(const struct tower *a, const struct tower *b)
{
	return syntax_equal(&a->interface, &b->interface) &&
	       syntax_equal(&a->transfer, &b->transfer) &&
	       tower_same_protocols(a, b);
}

static bool
is_same(const struct map_entry *entry, const struct becket_uuid *object,
    struct becket_bytes tower)
{
	return becket_uuid_equal(&entry->object, object) &&
	       entry->size == tower.size &&
	       memcmp(entry->bytes, tower.data, tower.size) == 0;
}

static struct map_entry *
new_entry(struct map *map, const struct map_caller *caller,
    const struct epm_entry *new)
{
	struct map_entry *entry =
	    memory_new(map->memory, sizeof *entry + new->tower.size);
	struct becket_bytes bytes;

	if (entry == NULL)
		return NULL;
	list_init(&entry->node);
	entry->owner = caller->uid;
	entry->connection = caller->connection;
	entry->object = new->object;
	entry->size = new->tower.size;
	memcpy(entry->bytes, new->tower.data, entry->size);
	bytes = (struct becket_bytes){ entry->bytes, entry->size };
	(void)!tower_decode(bytes, &entry->tower);
	if (new->annotation.size > 0)
		memcpy(entry->annotation, new->annotation.data,
		    new->annotation.size);
	return entry;
}

static uint32_t
count_of(const struct map *map, uint32_t owner)
{
	uint32_t count = 0;

	for (struct list *node = map->entries.next; node != &map->entries;
	     node = node->next)
		count += entry_of(node)->owner == owner;
	return count;
}

/* How many more entries there may be of a user. */
static uint32_t
room_for(const struct map *map, uint32_t owner)
{
	uint32_t room = map->capacity - map->count;
	uint32_t share = map->capacity / MAP_SHARES;
	uint32_t used;

	if (owner == MAP_ROOT)
		return room;
	used = count_of(map, owner);
	share = used < share ? share - used : 0;
	return share < room ? share : room;
}

/* All of them, in a list of their own, so that the map is not touched before
 * all is known to be well. Twins count once.
 */
static uint32_t
make_entries(struct map *map, const struct map_caller *caller,
    const struct epm_entries *new, struct list *made)
{
	uint32_t room = room_for(map, caller->uid);

	for (uint32_t i = 0; i < new->count; i++) {
		const struct epm_entry *one = &new->entries[i];
		struct map_entry *entry;
		struct tower tower;
		bool is_twin = false;

		if (!one->has_tower ||
		    one->annotation.size >= EPM_ANNOTATION_SIZE ||
		    tower_decode(one->tower, &tower) != BECKET_S_OK)
			return EPM_INVALID_ENTRY;
		list_for_each (node, made)
			is_twin = is_twin || is_same(entry_of(node),
			                         &one->object, one->tower);
		if (is_twin)
			continue;
		if (room-- == 0)
			return EPM_CANT_CREATE;
		entry = new_entry(map, caller, one);
		if (entry == NULL)
			return EPM_NO_MEMORY;
		list_append(made, &entry->node);
		map->count++;
	}
	return EPM_OK;
}

/* What gives way to a new entry: see map_insert(). */
static bool
gives_way(const struct map_entry *old, const struct map_entry *new,
    bool replace)
{
	if (old->owner != new->owner && (!replace || new->owner != MAP_ROOT))
		return false;
	if (is_same(old, &new->object,
	        (struct becket_bytes){ new->bytes, new->size }))
		return true;
	return replace && becket_uuid_equal(&old->object, &new->object) &&
	       is_alike(&old->tower, &new->tower);
}

static void
make_way(struct map *map, const struct list *made, bool replace)
{
	list_for_each (node, &map->entries) {
		bool gives = false;

		for (struct list *new = made->next; new != made && !gives;
		     new = new->next)
			gives =
			    gives_way(entry_of(node), entry_of(new), replace);
		if (gives)
			drop(map, entry_of(node));
	}
}

uint32_t
map_insert(struct map *map, const struct map_caller *caller,
    const struct epm_entries *new, bool replace)
{
	struct list made;
	uint32_t status;

	list_init(&made);
	status = make_entries(map, caller, new, &made);
	if (status == EPM_OK)
		make_way(map, &made, replace);
	list_for_each (node, &made) {
		if (status != EPM_OK) {
			drop(map, entry_of(node));
			continue;
		}
		list_remove(node);
		entry_of(node)->serial = ++map->last_serial;
		list_append(&map->entries, node);
	}
	return status;
}

/* -------------------------------------------------------------- delete -- */

static bool
may_delete(const struct map_caller *caller, const struct map_entry *entry)
{
	return caller->uid == MAP_ROOT || caller->uid == entry->owner;
}

/* What is said of several is the worst. */
static uint32_t
worse(uint32_t a, uint32_t b)
{
	if (a == MAP_ACCESS_DENIED || b == EPM_OK)
		return a;
	return b;
}

static uint32_t
delete_one(struct map *map, const struct map_caller *caller,
    const struct epm_entry *old)
{
	uint32_t status = EPM_NOT_REGISTERED;

	list_for_each (node, &map->entries) {
		struct map_entry *entry = entry_of(node);

		if (!is_same(entry, &old->object, old->tower))
			continue;
		if (may_delete(caller, entry)) {
			drop(map, entry);
			return EPM_OK;
		}
		status = MAP_ACCESS_DENIED;
	}
	return status;
}

uint32_t
map_delete(struct map *map, const struct map_caller *caller,
    const struct epm_entries *old)
{
	uint32_t status = EPM_OK;

	for (uint32_t i = 0; i < old->count; i++)
		status = worse(status,
		    old->entries[i].has_tower
		        ? delete_one(map, caller, &old->entries[i])
		        : (uint32_t)EPM_INVALID_ENTRY);
	return status;
}

/* Is what the tower says of its endpoint also this one's? */
static bool
has_endpoint(const struct tower *tower, const struct tower *asked)
{
	char want[TOWER_TEXT_SIZE], have[TOWER_TEXT_SIZE];

	tower_endpoint(asked, want);
	tower_endpoint(tower, have);
	return *want == '\0' || strcmp(want, have) == 0;
}

uint32_t
map_mgmt_delete(struct map *map, const struct map_caller *caller,
    const struct becket_uuid *object, struct becket_bytes bytes)
{
	uint32_t status = EPM_NOT_REGISTERED;
	struct tower tower;

	if (tower_decode(bytes, &tower) != BECKET_S_OK)
		return EPM_INVALID_ENTRY;
	list_for_each (node, &map->entries) {
		struct map_entry *entry = entry_of(node);

		if (!is_alike(&entry->tower, &tower) ||
		    !has_endpoint(&entry->tower, &tower) ||
		    (object != NULL &&
		        !becket_uuid_equal(object, &entry->object)))
			continue;
		if (!may_delete(caller, entry)) {
			status = MAP_ACCESS_DENIED;
			continue;
		}
		drop(map, entry);
		status = status == MAP_ACCESS_DENIED ? status : EPM_OK;
	}
	return status;
}

uint32_t
map_disconnect(struct map *map, uint64_t connection)
{
	uint32_t before = map->count;

	list_for_each (node, &map->entries)
		if (entry_of(node)->connection == connection)
			drop(map, entry_of(node));
	return before - map->count;
}

/* -------------------------------------------------------------- queries -- */

static bool
has_version(const struct syntax_id *have, const struct syntax_id *want,
    enum epm_versions option)
{
	switch (option) {
	case EPM_VERS_COMPATIBLE:
		return have->major == want->major && have->minor >= want->minor;
	case EPM_VERS_EXACT:
		return have->major == want->major && have->minor == want->minor;
	case EPM_VERS_MAJOR_ONLY:
		return have->major == want->major;
	case EPM_VERS_UPTO:
		return have->major < want->major ||
		       (have->major == want->major &&
		           have->minor <= want->minor);
	default:
		return true;
	}
}

static bool
is_looked_up(const struct map_entry *entry, const struct map_query *query)
{
	const struct syntax_id *interface = &entry->tower.interface;
	bool by_interface =
	    query->inquiry == EPM_BY_IF || query->inquiry == EPM_BY_BOTH;
	bool by_object =
	    query->inquiry == EPM_BY_OBJECT || query->inquiry == EPM_BY_BOTH;

	if (by_object && !becket_uuid_equal(&entry->object, &query->object))
		return false;
	return !by_interface ||
	       (becket_uuid_equal(&interface->uuid, &query->interface.uuid) &&
	           has_version(interface, &query->interface, query->versions));
}

/* is_general: then the entry's object is to be none. */
static bool
is_mapped(const struct map_entry *entry, const struct map_query *query,
    bool is_general)
{
	const struct tower *asked = query->tower;

	if (is_general ? !becket_uuid_is_nil(&entry->object)
	               : !becket_uuid_equal(&entry->object, &query->object))
		return false;
	return syntax_serves(&entry->tower.interface, &asked->interface) &&
	       syntax_serves(&entry->tower.transfer, &asked->transfer) &&
	       tower_same_protocols(&entry->tower, asked);
}

static const struct map_entry *
next_in_turn(const struct map *map, const struct map_query *query,
    struct map_position *position)
{
	for (struct list *node = map->entries.next; node != &map->entries;
	     node = node->next) {
		const struct map_entry *entry = entry_of(node);

		if (entry->serial <= position->serial)
			continue;
		if (query->tower != NULL
		        ? !is_mapped(entry, query, position->is_general)
		        : !is_looked_up(entry, query))
			continue;
		position->serial = entry->serial;
		return entry;
	}
	return NULL;
}

/* An object's own entries first, then those that are for any object. */
const struct map_entry *
map_next(const struct map *map, const struct map_query *query,
    struct map_position *position)
{
	const struct map_entry *entry = next_in_turn(map, query, position);

	if (entry != NULL || query->tower == NULL || position->is_general ||
	    becket_uuid_is_nil(&query->object))
		return entry;
	*position = (struct map_position){ .is_general = true };
	return next_in_turn(map, query, position);
}
