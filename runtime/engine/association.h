/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_ASSOCIATION_H
#define ENGINE_ASSOCIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/status.h"

/*
 * The association groups of a server (C706 9.3.1): the sessions that one
 * client holds, named by the id that the first of them was given. A group dies
 * with its last session, and its id with it. A group belongs to one transport,
 * and where that tells who a client is, to one user.
 */
struct association {
	struct idmap_id id;
	uint32_t sessions;
	uint64_t transport; /* opaque: sessions of another are not let in */
	uint16_t salt;      /* of its table */
};

struct associations {
	struct idmap groups;
	/* In all ids, best at random: a client that does not know yet that its
	 * server has been restarted is not to join what is now another's.
	 */
	uint16_t salt;
	/* Around every look into the table, where several threads do; NULL:
	 * one does.
	 */
	void (*enter)(struct associations *associations);
	void (*leave)(struct associations *associations);
};

struct associations associations_empty(const struct becket_memory *memory,
    uint32_t limit);
void associations_fini(struct associations *associations);

/* Join the group with this id, or with 0 found one. NULL: no such group, too
 * many groups, or no memory.
 */
struct association *association_join(struct associations *associations,
    uint32_t wire_id, uint64_t transport);
void association_leave(struct associations *associations,
    struct association *association);

/* Is there a group of this id? */
bool associations_has(struct associations *associations, uint32_t wire_id);

/* Never 0. */
uint32_t association_wire_id(const struct association *association);

#endif
