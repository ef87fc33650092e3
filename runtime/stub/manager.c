/* SPDX-License-Identifier: MIT */
#include "stub/manager.h"

#include "base/allocate.h"
#include "base/trap.h"

static struct manager *
manager_of(struct registered *registered)
{
	return container_of(registered, struct manager, registered);
}

static struct manager_type *
type_of(struct list *node)
{
	return container_of(node, struct manager_type, node);
}

void
managers_init(struct managers *managers, const struct becket_memory *memory,
    uint32_t limit)
{
	pthread_rwlockattr_t attributes;

	*managers = (struct managers){
		.memory = memory,
		.limit = limit,
		.registry = registry_empty(memory, limit),
	};
	list_init(&managers->leaving);
	pthread_rwlockattr_init(&attributes);
	/* Busy loops must not keep an unregistration waiting for ever. */
	pthread_rwlockattr_setkind_np(&attributes,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&managers->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	pthread_mutex_init(&managers->leaving_lock, NULL);
	pthread_cond_init(&managers->left, NULL);
}

static void
free_type(struct managers *managers, struct manager_type *type)
{
	gate_fini(&type->gate);
	memory_free(managers->memory, type, sizeof *type);
}

static bool
is_auto(const struct manager_type *type)
{
	return (type->flags & BECKET_IF_AUTOLISTEN) != 0;
}

/* The last type takes its manager with it. */
static void
unlink_type(struct managers *managers, struct manager *manager,
    struct manager_type *type)
{
	list_remove(&type->node);
	managers->auto_count -= is_auto(type);
	manager->type_count--;
	if (manager->type_count > 0)
		return;
	registry_remove(&managers->registry, &manager->registered);
	memory_free(managers->memory, manager, sizeof *manager);
}

static struct manager *
manager_at(struct managers *managers, uint32_t index)
{
	struct registered *registered =
	    idmap_at(&managers->registry.interfaces, index);

	return registered == NULL ? NULL : manager_of(registered);
}

void
managers_fini(struct managers *managers)
{
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		struct manager *manager = manager_at(managers, i);

		if (manager == NULL)
			continue;
		list_for_each (node, &manager->types)
			free_type(managers, type_of(node));
		registry_remove(&managers->registry, &manager->registered);
		memory_free(managers->memory, manager, sizeof *manager);
	}
	TRAP_UNLESS(list_is_empty(&managers->leaving));
	registry_fini(&managers->registry);
	pthread_cond_destroy(&managers->left);
	pthread_mutex_destroy(&managers->leaving_lock);
	pthread_rwlock_destroy(&managers->lock);
}

static struct syntax_id
id_of(const struct becket_interface *interface)
{
	return (struct syntax_id){
		interface->uuid,
		interface->major,
		interface->minor,
	};
}

static struct manager *
find_manager(struct managers *managers,
    const struct becket_interface *interface)
{
	struct syntax_id id = id_of(interface);
	struct registered *registered =
	    registry_find_major(&managers->registry, &id);

	return registered == NULL ? NULL : manager_of(registered);
}

static struct manager_type *
find_type(struct manager *manager, const struct becket_uuid *type)
{
	list_for_each (node, &manager->types)
		if (becket_uuid_equal(&type_of(node)->type, type))
			return type_of(node);
	return NULL;
}

static struct manager *
new_manager(struct managers *managers, const struct becket_interface *interface,
    bool is_hidden)
{
	struct manager *manager = memory_new(managers->memory, sizeof *manager);
	unsigned syntaxes = 1u << SYNTAX_NDR;

	if (manager == NULL)
		return NULL;
	/* Messages of ours go in an envelope where NDR is all they have. */
	if (!(interface->flags & BECKET_INTERFACE_NDR))
		syntaxes |= 1u << SYNTAX_BECKET;
	manager->registered = (struct registered){
		.interface = id_of(interface),
		.syntaxes = syntaxes,
	};
	manager->is_hidden = is_hidden;
	list_init(&manager->types);
	return manager;
}

static becket_status
check_offer(const struct manager_offer *offer)
{
	const unsigned known =
	    BECKET_IF_AUTOLISTEN | BECKET_IF_ALLOW_SECURE_ONLY |
	    BECKET_IF_ALLOW_LOCAL_ONLY | BECKET_IF_SERVICE | BECKET_IF_BLOCKING;

	if (offer->interface == NULL || offer->routines == NULL ||
	    offer->epv == NULL || (offer->flags & ~known) != 0)
		return BECKET_S_INVALID_ARG;
	if (offer->interface->abi != BECKET_ABI ||
	    offer->routines->abi != BECKET_ABI ||
	    offer->routines->count != offer->interface->operation_count ||
	    (offer->interface->context_type_count > 0 &&
	        offer->routines->rundowns == NULL))
		return BECKET_S_INVALID_ABI;
	return BECKET_S_OK;
}

/* With the lock held for writing. */
static becket_status
add_type(struct managers *managers, struct manager_type *type, bool is_hidden)
{
	struct manager *manager = find_manager(managers, type->interface);
	becket_status status = BECKET_S_OK;

	if (manager != NULL) {
		if (find_type(manager, &type->type) != NULL ||
		    manager->registered.interface.minor !=
		        type->interface->minor)
			return BECKET_S_TYPE_ALREADY_REGISTERED;
		if (manager->type_count >= managers->limit)
			return BECKET_S_OUT_OF_RESOURCES;
	} else {
		manager = new_manager(managers, type->interface, is_hidden);
		if (manager == NULL)
			return BECKET_S_OUT_OF_MEMORY;
		status =
		    registry_add(&managers->registry, &manager->registered);
		if (status != BECKET_S_OK) {
			memory_free(managers->memory, manager, sizeof *manager);
			return status;
		}
	}
	list_append(&manager->types, &type->node);
	manager->type_count++;
	managers->auto_count += is_auto(type);
	return BECKET_S_OK;
}

static struct manager_type *
new_type(struct managers *managers, const struct manager_offer *offer)
{
	struct manager_type *type = memory_new(managers->memory, sizeof *type);

	if (type == NULL)
		return NULL;
	if (offer->type != NULL)
		type->type = *offer->type;
	type->interface = offer->interface;
	type->routines = offer->routines;
	type->epv = offer->epv;
	type->flags = offer->flags;
	type->authorize = offer->authorize;
	type->authorize_user = offer->authorize_user;
	gate_init(&type->gate, offer->max_calls);
	atomic_init(&type->holders, 1);
	return type;
}

becket_status
managers_add(struct managers *managers, const struct manager_offer *offer)
{
	struct manager_type *new;
	becket_status status = check_offer(offer);

	if (status != BECKET_S_OK)
		return status;
	new = new_type(managers, offer);
	if (new == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	pthread_rwlock_wrlock(&managers->lock);
	status = add_type(managers, new,
	    offer->is_hidden || (offer->flags & BECKET_IF_SERVICE) != 0);
	pthread_rwlock_unlock(&managers->lock);
	if (status != BECKET_S_OK)
		free_type(managers, new);
	return status;
}

void
managers_enter(struct managers *managers)
{
	pthread_rwlock_rdlock(&managers->lock);
}

void
managers_leave(struct managers *managers)
{
	pthread_rwlock_unlock(&managers->lock);
}

struct manager_type *
manager_find_type(struct registered *registered, const struct becket_uuid *type)
{
	return find_type(manager_of(registered), type);
}

struct manager_type *
manager_any_type(struct registered *registered)
{
	return type_of(manager_of(registered)->types.next);
}

struct manager_type *
manager_hold(struct manager_type *type)
{
	atomic_fetch_add(&type->holders, 1);
	return type;
}

/* For those who do not wait. */
struct farewell {
	atomic_uint holders; /* the types that leave, and who sends them away */
	void (*done)(void *user);
	void *user;
};

static void
farewell_release(struct managers *managers, struct farewell *farewell)
{
	if (farewell == NULL || atomic_fetch_sub(&farewell->holders, 1) > 1)
		return;
	farewell->done(farewell->user);
	memory_free(managers->memory, farewell, sizeof *farewell);
}

void
managers_release(struct managers *managers, struct manager_type *type)
{
	struct farewell *farewell;

	if (type == NULL || atomic_fetch_sub(&type->holders, 1) > 1)
		return;
	farewell = type->farewell;
	/* Unregistering has put it on the list before it let go. */
	pthread_mutex_lock(&managers->leaving_lock);
	list_remove(&type->node);
	free_type(managers, type);
	pthread_cond_broadcast(&managers->left);
	pthread_mutex_unlock(&managers->leaving_lock);
	farewell_release(managers, farewell);
}

/* With the lock held for writing: take the type from its manager to the list
 * of those that leave, and give the registration's own hold back.
 */
static void
remove_type(struct managers *managers, struct manager *manager,
    struct manager_type *type, struct farewell *farewell)
{
	type->farewell = farewell;
	if (farewell != NULL)
		atomic_fetch_add(&farewell->holders, 1);
	unlink_type(managers, manager, type);
	atomic_store(&type->is_leaving, true);
	pthread_mutex_lock(&managers->leaving_lock);
	type->leaving = ++managers->clock;
	list_append(&managers->leaving, &type->node);
	pthread_mutex_unlock(&managers->leaving_lock);
	managers_release(managers, type);
}

/* The manager goes with its last type, and must not be looked at then. */
static void
remove_all_types(struct managers *managers, struct manager *manager,
    struct farewell *farewell, bool auto_too)
{
	uint32_t count = manager->type_count;
	struct list *node = manager->types.next;

	while (count-- > 0) {
		struct manager_type *type = type_of(node);

		node = node->next;
		if (auto_too || !is_auto(type))
			remove_type(managers, manager, type, farewell);
	}
}

/* type NULL: all of them. */
static becket_status
remove_types(struct managers *managers, struct manager *manager,
    const struct becket_uuid *type, struct farewell *farewell)
{
	struct manager_type *only;

	if (type != NULL) {
		only = find_type(manager, type);
		if (only == NULL)
			return BECKET_S_UNKNOWN_MGR_TYPE;
		remove_type(managers, manager, only, farewell);
		return BECKET_S_OK;
	}
	remove_all_types(managers, manager, farewell, true);
	return BECKET_S_OK;
}

/* A wildcard has nothing to complain of, and leaves alone what listens by
 * itself.
 */
static void
remove_everywhere(struct managers *managers, const struct becket_uuid *type,
    struct farewell *farewell)
{
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		struct manager *manager = manager_at(managers, i);
		struct manager_type *only;

		if (manager == NULL || manager->is_hidden)
			continue;
		if (type == NULL) {
			remove_all_types(managers, manager, farewell, false);
			continue;
		}
		only = find_type(manager, type);
		if (only != NULL && !is_auto(only))
			remove_type(managers, manager, only, farewell);
	}
}

static becket_status
remove_locked(struct managers *managers,
    const struct becket_interface *interface, const struct becket_uuid *type,
    struct farewell *farewell)
{
	struct manager *manager;

	if (interface == NULL) {
		remove_everywhere(managers, type, farewell);
		return BECKET_S_OK;
	}
	manager = find_manager(managers, interface);
	if (manager == NULL || manager->is_hidden)
		return BECKET_S_UNKNOWN_IF;
	return remove_types(managers, manager, type, farewell);
}

/* With leaving_lock held: is one of those that began to leave in this span
 * still held?
 */
static bool
is_any_held(struct managers *managers, uint64_t first, uint64_t last)
{
	list_for_each (node, &managers->leaving)
		if (type_of(node)->leaving >= first &&
		    type_of(node)->leaving <= last)
			return true;
	return false;
}

static void
wait_until_left(struct managers *managers, uint64_t first, uint64_t last)
{
	pthread_mutex_lock(&managers->leaving_lock);
	while (is_any_held(managers, first, last))
		pthread_cond_wait(&managers->left, &managers->leaving_lock);
	pthread_mutex_unlock(&managers->leaving_lock);
}

becket_status
managers_remove(struct managers *managers,
    const struct becket_interface *interface, const struct becket_uuid *type,
    bool wait)
{
	becket_status status;
	uint64_t first, last;

	pthread_rwlock_wrlock(&managers->lock);
	first = managers->clock + 1;
	status = remove_locked(managers, interface, type, NULL);
	last = managers->clock;
	pthread_rwlock_unlock(&managers->lock);
	if (status == BECKET_S_OK && managers->removed != NULL)
		managers->removed(managers);
	if (status == BECKET_S_OK && wait)
		wait_until_left(managers, first, last);
	return status;
}

becket_status
managers_remove_then(struct managers *managers,
    const struct becket_interface *interface, const struct becket_uuid *type,
    void (*done)(void *user), void *user)
{
	struct farewell *farewell =
	    memory_new(managers->memory, sizeof *farewell);
	becket_status status;

	if (farewell == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	atomic_init(&farewell->holders, 1);
	farewell->done = done;
	farewell->user = user;
	pthread_rwlock_wrlock(&managers->lock);
	status = remove_locked(managers, interface, type, farewell);
	pthread_rwlock_unlock(&managers->lock);
	if (status != BECKET_S_OK) {
		memory_free(managers->memory, farewell, sizeof *farewell);
		return status;
	}
	if (managers->removed != NULL)
		managers->removed(managers);
	farewell_release(managers, farewell);
	return status;
}

bool
managers_want_to_listen(struct managers *managers)
{
	bool want;

	managers_enter(managers);
	want = managers->auto_count > 0;
	managers_leave(managers);
	return want;
}
