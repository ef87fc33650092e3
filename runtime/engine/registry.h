/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_REGISTRY_H
#define ENGINE_REGISTRY_H

#include "base/idmap.h"
#include "base/status.h"
#include "wire/syntax.h"

/*
 * The interfaces of a server, as its sessions see them: who is asked for, in
 * which transfer syntaxes, and is it still there. What a manager is, only the
 * stub knows; it embeds struct registered in what it keeps of an interface.
 *
 * Presentation contexts keep an interface's id, never its pointer, so that one
 * may be unregistered at any time.
 */
struct registered {
	struct syntax_id interface;
	unsigned syntaxes; /* bit n: enum transfer_syntax n */
	struct idmap_id id;
};

struct registry {
	struct idmap interfaces;
};

struct registry registry_empty(const struct becket_memory *memory,
    uint32_t limit);
void registry_fini(struct registry *registry);

/* S_TYPE_ALREADY_REGISTERED: UUID and major version are taken. registered is
 * the caller's, and stays where it is until it is removed.
 */
BECKET_MUST_USE becket_status registry_add(struct registry *registry,
    struct registered *registered);
void registry_remove(struct registry *registry, struct registered *registered);

/* The interface that serves what a client asks for, or NULL. */
struct registered *registry_find(const struct registry *registry,
    const struct syntax_id *asked);
/* By UUID and major version alone: to register, to unregister. */
struct registered *registry_find_major(const struct registry *registry,
    const struct syntax_id *id);
/* NULL: unregistered since. */
struct registered *registry_get(const struct registry *registry,
    struct idmap_id id);

#endif
