/* SPDX-License-Identifier: MIT */
#include "engine/association.h"

#include <stddef.h>

#include "base/allocate.h"
#include "base/trap.h"

/* Index and generation share the 32 bits that the wire has for an id; the
 * index counts from 1, so that no id is 0.
 */
enum { INDEX_BITS = 16, MOST_GROUPS = (1 << INDEX_BITS) - 1 };

struct associations
associations_empty(const struct becket_memory *memory, uint32_t limit)
{
	if (limit > MOST_GROUPS)
		limit = MOST_GROUPS;
	return (struct associations){ .groups = idmap_empty(memory, limit) };
}

static void
release(struct associations *associations, struct association *association)
{
	idmap_remove(&associations->groups, association->id);
	memory_free(associations->groups.memory, association,
	    sizeof *association);
}

void
associations_fini(struct associations *associations)
{
	for (uint32_t i = 0; i < associations->groups.capacity; i++) {
		struct association *left = idmap_at(&associations->groups, i);

		if (left != NULL)
			release(associations, left);
	}
	idmap_fini(&associations->groups);
}

static void
enter(struct associations *associations)
{
	if (associations->enter != NULL)
		associations->enter(associations);
}

static void
leave(struct associations *associations)
{
	if (associations->leave != NULL)
		associations->leave(associations);
}

static struct association *
found(struct associations *associations, uint64_t transport)
{
	const struct becket_memory *memory = associations->groups.memory;
	struct association *new = memory_new(memory, sizeof *new);

	if (new == NULL)
		return NULL;
	new->id = idmap_add(&associations->groups, new);
	if (new->id.generation == 0) {
		memory_free(memory, new, sizeof *new);
		return NULL;
	}
	new->transport = transport;
	new->salt = associations->salt;
	new->sessions = 1;
	return new;
}

static struct association *
find(const struct associations *associations, uint32_t wire_id)
{
	struct association *group =
	    idmap_at(&associations->groups, (wire_id & MOST_GROUPS) - 1);

	return group != NULL && association_wire_id(group) == wire_id ? group
	                                                              : NULL;
}

bool
associations_has(struct associations *associations, uint32_t wire_id)
{
	bool has;

	enter(associations);
	has = find(associations, wire_id) != NULL;
	leave(associations);
	return has;
}

static struct association *
join(struct associations *associations, uint32_t wire_id, uint64_t transport)
{
	struct association *group;

	if (wire_id == 0)
		return found(associations, transport);
	group = find(associations, wire_id);
	if (group == NULL || group->transport != transport)
		return NULL;
	group->sessions++;
	return group;
}

struct association *
association_join(struct associations *associations, uint32_t wire_id,
    uint64_t transport)
{
	struct association *group;

	enter(associations);
	group = join(associations, wire_id, transport);
	leave(associations);
	return group;
}

void
association_leave(struct associations *associations,
    struct association *association)
{
	enter(associations);
	TRAP_UNLESS(association->sessions > 0);
	if (--association->sessions == 0)
		release(associations, association);
	leave(associations);
}

uint32_t
association_wire_id(const struct association *association)
{
	return (association->id.generation ^ association->salt) << INDEX_BITS |
	       (association->id.index + 1);
}
