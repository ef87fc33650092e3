/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_LOOKUPS_H
#define BECKETD_LOOKUPS_H

#include "map.h"

/*
 * Lookups of the endpoint map that go on: how far each has come, by the context
 * handle that its client holds. The client may be anybody, so there are few of
 * them: of one connection, and in all; with one too many the oldest is
 * forgotten. They are of use to their association group alone, and go with the
 * connection that they were begun on.
 */
enum {
	LOOKUPS_OF_CONNECTION = 16,
};

struct lookup {
	struct list node;
	struct becket_uuid uuid;
	uint32_t association;
	uint64_t connection;
	struct map_position position;
};

struct lookups {
	const struct becket_memory *memory;
	struct list lookups; /* oldest first */
	uint32_t count, capacity;
};

struct lookups_client {
	uint32_t association;
	uint64_t connection;
};

void lookups_init(struct lookups *lookups, const struct becket_memory *memory,
    uint32_t capacity);
void lookups_fini(struct lookups *lookups);

/* uuid: to be unguessable. NULL: no memory. */
struct lookup *lookups_add(struct lookups *lookups,
    const struct lookups_client *client, const struct becket_uuid *uuid);

/* NULL: there is none that is the client's. */
struct lookup *lookups_find(struct lookups *lookups,
    const struct lookups_client *client, const struct becket_uuid *uuid);

void lookups_remove(struct lookups *lookups, struct lookup *lookup);
void lookups_disconnect(struct lookups *lookups, uint64_t connection);

#endif
