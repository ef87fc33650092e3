/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MAP_H
#define BECKETD_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/memory.h"
#include "wire/epm.h"
#include "wire/tower.h"

/*
 * The endpoint map itself: who serves which interface where on this host, in
 * the order in which they came. It knows no caller and no clock; mapper.h gives
 * it a voice, and a lock.
 *
 * An entry belongs to a user and to a connection, its registrant's: it goes
 * when that does. Who is not the owner, nor root, can neither delete an entry
 * nor replace it, and comes behind it in every answer.
 *
 * Statuses are those of the wire, enum epm_status, or 5: access denied.
 */
enum {
	MAP_ROOT = 0,
	MAP_ACCESS_DENIED = 5,
	/* What a user who is not root may fill of a map: so many of it. */
	MAP_SHARES = 4,
};

struct map_entry {
	struct list node;
	uint64_t serial; /* grows from each to the next */
	uint32_t owner;
	uint64_t connection;
	struct becket_uuid object;
	struct tower tower; /* of what is in bytes */
	char annotation[EPM_ANNOTATION_SIZE];
	size_t size;
	uint8_t bytes[];
};

struct map {
	const struct becket_memory *memory;
	struct list entries; /* oldest first */
	uint32_t count, capacity;
	uint64_t last_serial;
};

/* Whoever adds and deletes. */
struct map_caller {
	uint32_t uid;
	uint64_t connection;
};

void map_init(struct map *map, const struct becket_memory *memory,
    uint32_t capacity);
void map_fini(struct map *map);

/* Add entries, all of them or none. What the caller's user has already of the
 * same object and tower is taken over. replace: the user's entries with an
 * interface, syntax, object and protocols that one of the new has go, whatever
 * their address. EPM_INVALID_ENTRY: something is no tower. EPM_CANT_CREATE:
 * the map is full. EPM_NO_MEMORY.
 */
uint32_t map_insert(struct map *map, const struct map_caller *caller,
    const struct epm_entries *new, bool replace);

/* Delete entries with these objects and towers. EPM_NOT_REGISTERED: one of
 * them is not there; MAP_ACCESS_DENIED: nor is it the caller's. The others are
 * deleted all the same.
 */
uint32_t map_delete(struct map *map, const struct map_caller *caller,
    const struct epm_entries *old);

/* By management: entries of a tower, which may say port 0 or the empty name
 * for any, and of an object; NULL: of any. The same statuses.
 */
uint32_t map_mgmt_delete(struct map *map, const struct map_caller *caller,
    const struct becket_uuid *object, struct becket_bytes tower);

/* A registrant is gone. Returns how many entries went with it. */
uint32_t map_disconnect(struct map *map, uint64_t connection);

/* What is looked for. */
struct map_query {
	/* ept_map: this tower, addresses apart, and the object; nil: none. */
	const struct tower *tower;
	/* else ept_lookup */
	enum epm_inquiry inquiry;
	enum epm_versions versions;
	struct syntax_id interface;
	struct becket_uuid object;
};

/* How far one has come; zeroed: nowhere. */
struct map_position {
	bool is_general; /* ept_map: entries without object are next */
	uint64_t serial;
};

/* The next entry that is asked for, which position moves on to; NULL: no more.
 * Entries may come and go in between.
 */
const struct map_entry *map_next(const struct map *map,
    const struct map_query *query, struct map_position *position);

#endif
