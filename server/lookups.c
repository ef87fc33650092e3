/* SPDX-License-Identifier: MIT */
#include "lookups.h"

#include "base/allocate.h"

static struct lookup *
lookup_of(struct list *node)
{
	return container_of(node, struct lookup, node);
}

void
lookups_init(struct lookups *lookups, const struct becket_memory *memory,
    uint32_t capacity)
{
	*lookups = (struct lookups){ .memory = memory, .capacity = capacity };
	list_init(&lookups->lookups);
}

void
lookups_remove(struct lookups *lookups, struct lookup *lookup)
{
	list_remove(&lookup->node);
	lookups->count--;
	memory_free(lookups->memory, lookup, sizeof *lookup);
}

void
lookups_fini(struct lookups *lookups)
{
	list_for_each (node, &lookups->lookups)
		lookups_remove(lookups, lookup_of(node));
}

static void
make_room(struct lookups *lookups, uint64_t connection)
{
	struct lookup *oldest = NULL;
	uint32_t count = 0;

	list_for_each (node, &lookups->lookups) {
		if (lookup_of(node)->connection != connection)
			continue;
		if (count++ == 0)
			oldest = lookup_of(node);
	}
	if (count < LOOKUPS_OF_CONNECTION) {
		if (lookups->count < lookups->capacity)
			return;
		oldest = lookup_of(lookups->lookups.next);
	}
	lookups_remove(lookups, oldest);
}

struct lookup *
lookups_add(struct lookups *lookups, const struct lookups_client *client,
    const struct becket_uuid *uuid)
{
	struct lookup *lookup = memory_new(lookups->memory, sizeof *lookup);

	if (lookup == NULL)
		return NULL;
	make_room(lookups, client->connection);
	lookup->uuid = *uuid;
	lookup->association = client->association;
	lookup->connection = client->connection;
	list_append(&lookups->lookups, &lookup->node);
	lookups->count++;
	return lookup;
}

struct lookup *
lookups_find(struct lookups *lookups, const struct lookups_client *client,
    const struct becket_uuid *uuid)
{
	list_for_each (node, &lookups->lookups) {
		struct lookup *lookup = lookup_of(node);

		if (lookup->association == client->association &&
		    becket_uuid_equal(&lookup->uuid, uuid))
			return lookup;
	}
	return NULL;
}

void
lookups_disconnect(struct lookups *lookups, uint64_t connection)
{
	list_for_each (node, &lookups->lookups)
		if (lookup_of(node)->connection == connection)
			lookups_remove(lookups, lookup_of(node));
}
