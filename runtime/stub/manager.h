/* SPDX-License-Identifier: MIT */
#ifndef STUB_MANAGER_H
#define STUB_MANAGER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/memory.h"
#include "becket_stub.h"
#include "engine/registry.h"
#include "stub/gate.h"

/*
 * The managers of a server: which interfaces it offers, and for each the EPVs,
 * one per type of object.
 *
 *   managers -- registry (the engine's view: is it there, which syntaxes)
 *     manager: one interface, UUID and major version
 *       manager_type: the EPV for one type; the nil type serves calls
 *                     without object and objects without type
 *
 * The loop takes its sessions' events, who look into the registry for them,
 * between managers_enter() and managers_leave(); whoever registers and
 * unregisters does it in any thread and waits for the loop to leave. Manager
 * routines run outside, so that they may register and unregister too.
 *
 * A call holds the manager_type it runs on. What is unregistered meanwhile
 * stays until the last call on it lets go.
 */
struct farewell;

/* What is offered, in becket_server_register_if_ex()'s words. */
struct manager_offer {
	const struct becket_interface *interface;
	const struct becket_routines *routines;
	const struct becket_uuid *type; /* NULL: nil */
	const void *epv;
	unsigned flags;
	becket_authorize_fn *authorize; /* or NULL */
	void *authorize_user;
	uint32_t max_calls; /* 0: any number */
	bool is_hidden;     /* mgmt, services: not listed, not unregistered */
};

struct manager_type {
	struct list node;        /* of its manager, or of managers.leaving */
	struct becket_uuid type; /* nil: the default */
	const struct becket_interface *interface;
	const struct becket_routines *routines;
	const void *epv;
	unsigned flags;
	becket_authorize_fn *authorize;
	void *authorize_user;
	struct gate gate;
	atomic_uint holders; /* one for being registered, one for each call */
	atomic_bool is_leaving; /* unregistered */
	uint64_t leaving; /* when it was unregistered; see managers.clock */
	struct farewell *farewell; /* who is told when it has left, or NULL */
};

struct manager {
	struct registered registered;
	struct list types; /* never empty */
	uint32_t type_count;
	bool is_hidden;
};

struct managers {
	const struct becket_memory *memory;
	uint32_t limit;        /* of interfaces, and of types of each */
	pthread_rwlock_t lock; /* of the registry and all lists of types */
	struct registry registry;
	uint32_t auto_count; /* types that are registered with AUTOLISTEN */

	pthread_mutex_t leaving_lock;
	pthread_cond_t left;
	struct list leaving; /* unregistered, and still held */
	uint64_t clock;      /* counts unregistrations */
	/* EPVs have been unregistered: for who else holds them. Or NULL. */
	void (*removed)(struct managers *managers);
};

void managers_init(struct managers *managers,
    const struct becket_memory *memory, uint32_t limit);
/* Nobody holds anything any more. */
void managers_fini(struct managers *managers);

/* becket_server_register_if_ex(). Any thread. */
BECKET_MUST_USE becket_status managers_add(struct managers *managers,
    const struct manager_offer *offer);

/* becket_server_unregister_if(). Any thread that holds nothing. */
BECKET_MUST_USE becket_status managers_remove(struct managers *managers,
    const struct becket_interface *interface, const struct becket_uuid *type,
    bool wait);

/* becket_server_unregister_if_then(). Any thread. */
BECKET_MUST_USE becket_status managers_remove_then(struct managers *managers,
    const struct becket_interface *interface, const struct becket_uuid *type,
    void (*done)(void *user), void *user);

/* Around everything that may look into the registry. */
void managers_enter(struct managers *managers);
void managers_leave(struct managers *managers);

/* Within enter and leave: the EPV for objects of a type; nil: for calls without
 * object and objects without type. NULL: none.
 */
struct manager_type *manager_find_type(struct registered *registered,
    const struct becket_uuid *type);
/* Within: any of its types, to speak of its interface. */
struct manager_type *manager_any_type(struct registered *registered);

/* Within: keep it. */
struct manager_type *manager_hold(struct manager_type *type);
/* Anywhere, any thread; NULL is fine. */
void managers_release(struct managers *managers, struct manager_type *type);

/* What there is to tell of an interface that is offered. */
struct manager_view {
	struct syntax_id interface;
	unsigned syntaxes; /* as struct registered has them */
	char name[64];     /* cut where it is longer */
};

/* Of the interfaces that are not hidden: up to count of them are written, all
 * of them counted. Any thread.
 */
uint32_t managers_views(struct managers *managers,
    struct manager_view *ret_views, uint32_t count);

/* becket_server_visit_interfaces(). */
void managers_visit(struct managers *managers, becket_visit_interface *visit,
    void *user);

/* Is something registered that makes the server listen? Any thread. */
bool managers_want_to_listen(struct managers *managers);

/* The interfaces that are not hidden: up to count of them are written, all of
 * them counted. Any thread.
 */
uint32_t managers_list(struct managers *managers, struct syntax_id *ret_ids,
    uint32_t count);
/* The same for interfaces with each of their types. */
uint32_t managers_list_types(struct managers *managers,
    struct becket_registration *ret_registrations, uint32_t count);

#endif
