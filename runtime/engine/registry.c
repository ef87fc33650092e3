/* SPDX-License-Identifier: MIT */
#include "engine/registry.h"

#include <stddef.h>

struct registry
registry_empty(const struct becket_memory *memory, uint32_t limit)
{
	return (struct registry){ idmap_empty(memory, limit) };
}

void
registry_fini(struct registry *registry)
{
	idmap_fini(&registry->interfaces);
}

becket_status
registry_add(struct registry *registry, struct registered *registered)
{
	if (registry_find_major(registry, &registered->interface) != NULL)
		return BECKET_S_TYPE_ALREADY_REGISTERED;
	registered->id = idmap_add(&registry->interfaces, registered);
	if (registered->id.generation != 0)
		return BECKET_S_OK;
	return registry->interfaces.used < registry->interfaces.limit
	           ? BECKET_S_OUT_OF_MEMORY
	           : BECKET_S_OUT_OF_RESOURCES;
}

void
registry_remove(struct registry *registry, struct registered *registered)
{
	idmap_remove(&registry->interfaces, registered->id);
}

struct registered *
registry_find_major(const struct registry *registry, const struct syntax_id *id)
{
	for (uint32_t i = 0; i < registry->interfaces.capacity; i++) {
		struct registered *at = idmap_at(&registry->interfaces, i);

		if (at != NULL && at->interface.major == id->major &&
		    becket_uuid_equal(&at->interface.uuid, &id->uuid))
			return at;
	}
	return NULL;
}

struct registered *
registry_find(const struct registry *registry, const struct syntax_id *asked)
{
	struct registered *found = registry_find_major(registry, asked);

	return found != NULL && syntax_serves(&found->interface, asked) ? found
	                                                                : NULL;
}

struct registered *
registry_get(const struct registry *registry, struct idmap_id id)
{
	return idmap_get(&registry->interfaces, id);
}
