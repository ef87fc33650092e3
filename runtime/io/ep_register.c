/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/allocate.h"
#include "io/binding.h"
#include "io/clock.h"
#include "io/epm_interface.h"
#include "io/error.h"
#include "io/server.h"
#include "wire/epm.h"
#include "wire/ndr.h"
#include "wire/tower.h"

/*
 * becket_ep_register() and its kin: from interfaces, bindings and objects to
 * registrations of the server's registrar.
 */
struct request {
	struct becket_server *server;
	const struct becket_interface *interface; /* NULL: all */
	const struct becket_binding_vector *vector;
	const struct becket_uuid_vector *objects;
	const char *annotation;
	bool replace;
	bool forgets;     /* what is not in it */
	struct list made; /* of registrations */
};

static const struct becket_uuid no_object;

static size_t
object_count(const struct becket_uuid_vector *objects)
{
	return objects == NULL || objects->count == 0 ? 1 : objects->count;
}

static const struct becket_uuid *
object_at(const struct becket_uuid_vector *objects, size_t index)
{
	return objects == NULL || objects->count == 0 ? &no_object
	                                              : &objects->uuids[index];
}

/* ---------------------------------------------------------------- make -- */

struct towers {
	uint32_t count;
	struct epm_entry entries[SYNTAX_COUNT];
	uint8_t bytes[SYNTAX_COUNT][TOWER_SIZE_MAX];
	size_t size;
};

static becket_status
add_tower(struct towers *towers, const struct manager_view *view,
    enum transfer_syntax syntax, const struct becket_binding *binding)
{
	struct epm_entry *entry = &towers->entries[towers->count];
	uint8_t *bytes = towers->bytes[towers->count];
	struct tower tower = {
		.interface = view->interface,
		.transfer = transfer_syntaxes[syntax],
	};
	struct tower_room room;
	size_t size;
	becket_status status = tower_build(&tower, binding->protseq->name,
	    binding->host, binding->endpoint, &room);

	if (status == BECKET_S_OK)
		status = tower_encode(&tower, bytes, &size);
	if (status != BECKET_S_OK)
		return BECKET_S_INVALID_ENTRY;
	entry->has_tower = true;
	entry->tower = (struct becket_bytes){ bytes, size };
	towers->count++;
	towers->size += size;
	return BECKET_S_OK;
}

/* One tower for each transfer syntax. */
static becket_status
make_towers(const struct manager_view *view,
    const struct becket_binding *binding, const char *annotation,
    struct towers *towers)
{
	const struct becket_bytes text = { (const uint8_t *)annotation,
		strlen(annotation) };
	becket_status status = BECKET_S_OK;

	if (*binding->endpoint == '\0')
		return BECKET_S_INVALID_ENTRY;
	for (int i = 0; i < SYNTAX_COUNT && status == BECKET_S_OK; i++) {
		if ((view->syntaxes & 1u << i) == 0)
			continue;
		towers->entries[towers->count].annotation = text;
		status =
		    add_tower(towers, view, (enum transfer_syntax)i, binding);
	}
	return status;
}

static becket_status
encode(struct registration *registration, struct towers *towers, bool replace)
{
	struct cursor c =
	    cursor_put(registration->stub.data, registration->stub.capacity);
	struct epm_entries entries = { towers->entries, 0, towers->count, 0 };
	uint32_t flag = replace;

	for (uint32_t i = 0; i < towers->count; i++)
		towers->entries[i].object = registration->object;
	epm_delete_in(&c, &entries);
	registration->delete_size = c.at;
	ndr_u32(&c, &flag); /* what an insert has besides */
	registration->stub.size = c.at;
	return c.status;
}

/* Of the endpoints of one protocol sequence, only the first replaces. */
static bool
is_first_of_protseq(const struct becket_binding_vector *vector, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (vector->bindings[i]->protseq ==
		    vector->bindings[index]->protseq)
			return false;
	return true;
}

static becket_status
make_one(struct request *request, const struct manager_view *view, size_t index,
    const struct becket_uuid *object)
{
	struct registrar *registrar = &request->server->registrar;
	struct becket_binding *binding = request->vector->bindings[index];
	struct towers towers = { 0 };
	struct registration *new;
	char *text = NULL;
	becket_status status = make_towers(view, binding,
	    request->annotation != NULL ? request->annotation : view->name,
	    &towers);

	if (status == BECKET_S_OK)
		status = becket_binding_to_string_binding(binding, &text);
	if (status != BECKET_S_OK)
		return status;
	new = registration_new(registrar, text,
	    epm_entries_size(towers.count, towers.size));
	becket_string_free(request->server->runtime, &text);
	if (new == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	new->interface = view->interface;
	new->object = *object;
	list_append(&request->made, &new->node);
	return encode(new, &towers,
	    request->replace && is_first_of_protseq(request->vector, index));
}

static becket_status
make_for_view(struct request *request, const struct manager_view *view)
{
	becket_status status = BECKET_S_OK;

	for (size_t o = 0; o < object_count(request->objects); o++)
		for (size_t i = 0;
		     i < request->vector->count && status == BECKET_S_OK; i++)
			status = make_one(request, view, i,
			    object_at(request->objects, o));
	return status;
}

static bool
is_asked_for(const struct request *request, const struct manager_view *view)
{
	const struct becket_interface *interface = request->interface;

	/* Who asks the mapper knows already where it is. */
	if (interface == NULL)
		return !becket_uuid_equal(&view->interface.uuid,
		    &epm_interface.uuid);
	return becket_uuid_equal(&view->interface.uuid, &interface->uuid) &&
	       view->interface.major == interface->major;
}

static becket_status
make_for_views(struct request *request, const struct manager_view *views,
    uint32_t count)
{
	becket_status status = BECKET_S_UNKNOWN_IF;

	for (uint32_t i = 0; i < count; i++) {
		if (!is_asked_for(request, &views[i]))
			continue;
		status = make_for_view(request, &views[i]);
		if (status != BECKET_S_OK)
			return status;
	}
	return status;
}

static becket_status
make_all(struct request *request)
{
	const struct becket_memory *memory = &request->server->runtime->memory;
	struct managers *managers = &request->server->managers;
	uint32_t room = managers_views(managers, NULL, 0);
	size_t size = room * sizeof(struct manager_view);
	struct manager_view *views;
	becket_status status;
	uint32_t count;

	if (room == 0)
		return BECKET_S_UNKNOWN_IF;
	views = memory_new(memory, size);
	if (views == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	count = managers_views(managers, views, room);
	status = make_for_views(request, views, count < room ? count : room);
	memory_free(memory, views, size);
	return status;
}

/* ------------------------------------------------------------ register -- */

static void
drop(struct request *request)
{
	list_for_each (node, &request->made)
		registration_free(&request->server->registrar,
		    container_of(node, struct registration, node));
}

static struct registration *
find(struct registrar *registrar, const struct registration *like)
{
	list_for_each (node, &registrar->registrations) {
		struct registration *old =
		    container_of(node, struct registration, node);

		if (syntax_equal(&old->interface, &like->interface) &&
		    becket_uuid_equal(&old->object, &like->object) &&
		    strcmp(old->binding, like->binding) == 0)
			return old;
	}
	return NULL;
}

/* With the registrar's lock: from now on they are the registrar's. What is
 * registered again gets its new annotation.
 */
static void
adopt(struct request *request)
{
	struct registrar *registrar = &request->server->registrar;

	list_for_each (node, &request->made) {
		struct registration *new =
		    container_of(node, struct registration, node);
		struct registration *old = find(registrar, new);

		if (old != NULL && old != registrar->current)
			registration_free(registrar, old);
		list_remove(node);
		list_append(&registrar->registrations, node);
	}
}

/* Those that were refused are forgotten; why the first one was. */
static becket_status
collect_refusals(struct registrar *registrar)
{
	becket_status status = BECKET_S_OK;

	list_for_each (node, &registrar->registrations) {
		struct registration *registration =
		    container_of(node, struct registration, node);

		if (registration->state != REGISTRATION_REFUSED)
			continue;
		if (status == BECKET_S_OK)
			status = registration->status;
		registration_free(registrar, registration);
	}
	return status;
}

static becket_status
tell(becket_status status)
{
	switch (status) {
	case BECKET_S_OK:
		return BECKET_S_OK;
	case BECKET_S_SERVER_UNAVAILABLE:
		return error_set(status,
		    "the endpoint mapper of this host cannot be reached; the "
		    "entries go into its map when it can be");
	case BECKET_S_CALL_CANCELLED:
		return error_set(status,
		    "the endpoint mapper of this host does not answer");
	default:
		return error_set(status, "endpoint map: %s",
		    becket_status_text(status));
	}
}

/* One that is on its way into the map has to be taken out again. */
static void
give_up(struct registrar *registrar, struct registration *registration)
{
	if (registration->state == REGISTRATION_ENTERED ||
	    registration == registrar->current)
		registration->state = REGISTRATION_UNWANTED;
	else
		registration_free(registrar, registration);
}

/* What was registered before this request, and is not in it, goes. first: of
 * the request's own.
 */
static void
give_up_others(struct registrar *registrar, const struct list *first)
{
	list_for_each (node, &registrar->registrations) {
		if (node == first)
			return;
		give_up(registrar,
		    container_of(node, struct registration, node));
	}
}

static becket_status
enter(struct request *request, bool waits)
{
	struct becket_server *server = request->server;
	struct registrar *registrar = &server->registrar;
	uint64_t deadline = clock_now() + clock_from_ms(server->limits.call_ms);
	bool is_none = list_is_empty(&request->made);
	const struct list *first = is_none ? NULL : request->made.next;
	becket_status status = BECKET_S_OK;

	registrar_lock(registrar);
	adopt(request);
	if (request->forgets)
		give_up_others(registrar, first);
	if (waits) {
		status = registrar_settle(registrar, deadline);
		if (status == BECKET_S_OK)
			status = collect_refusals(registrar);
	}
	registrar_unlock(registrar);
	return status;
}

static becket_status
check(const struct becket_server *server, const char *annotation)
{
	if (server == NULL)
		return BECKET_S_INVALID_ARG;
	if (runtime_is_stale(server->runtime))
		return BECKET_S_STALE_AFTER_FORK;
	if (annotation != NULL && strlen(annotation) >= EPM_ANNOTATION_SIZE)
		return BECKET_S_STRING_TOO_LONG;
	return BECKET_S_OK;
}

static becket_status
do_register(struct request *request, bool waits)
{
	struct becket_binding_vector *own = NULL;
	becket_status status = check(request->server, request->annotation);

	if (status != BECKET_S_OK)
		return tell(status);
	list_init(&request->made);
	request->forgets =
	    !waits && request->interface == NULL && request->vector == NULL;
	if (request->vector == NULL) {
		status = becket_server_inq_bindings(request->server, &own);
		request->vector = own;
	}
	if (status == BECKET_S_OK && request->vector->count == 0)
		status = BECKET_S_NO_BINDINGS;
	if (status == BECKET_S_OK)
		status = make_all(request);
	if (status == BECKET_S_UNKNOWN_IF && request->forgets)
		status = BECKET_S_OK;
	if (status == BECKET_S_OK)
		status = enter(request, waits);
	else
		drop(request);
	becket_binding_vector_free(&own);
	return tell(status);
}

becket_status
becket_ep_register(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation)
{
	return do_register(&(struct request){ .server = server,
	                       .interface = interface,
	                       .vector = vector,
	                       .objects = objects,
	                       .annotation = annotation,
	                       .replace = true },
	    true);
}

becket_status
becket_ep_register_no_replace(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation)
{
	return do_register(&(struct request){ .server = server,
	                       .interface = interface,
	                       .vector = vector,
	                       .objects = objects,
	                       .annotation = annotation },
	    true);
}

becket_status
becket_ep_register_later(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation)
{
	return do_register(&(struct request){ .server = server,
	                       .interface = interface,
	                       .vector = vector,
	                       .objects = objects,
	                       .annotation = annotation,
	                       .replace = true },
	    false);
}

/* ---------------------------------------------------------- unregister -- */

static bool
has_object(const struct becket_uuid_vector *objects,
    const struct becket_uuid *object)
{
	if (objects == NULL)
		return true;
	for (size_t i = 0; i < object_count(objects); i++)
		if (becket_uuid_equal(object_at(objects, i), object))
			return true;
	return false;
}

static bool
has_binding(const struct becket_binding_vector *vector, const char *binding)
{
	bool has = vector == NULL;

	for (size_t i = 0; vector != NULL && i < vector->count && !has; i++) {
		struct becket_binding *one = vector->bindings[i];
		char *text = NULL;

		if (becket_binding_to_string_binding(one, &text) != BECKET_S_OK)
			continue;
		has = strcmp(text, binding) == 0;
		becket_string_free(one->runtime, &text);
	}
	return has;
}

static bool
is_meant(const struct registration *registration,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects)
{
	const struct syntax_id *id = &registration->interface;

	if (registration->state == REGISTRATION_UNWANTED)
		return false;
	if (interface != NULL &&
	    (!becket_uuid_equal(&interface->uuid, &id->uuid) ||
	        interface->major != id->major))
		return false;
	return has_object(objects, &registration->object) &&
	       has_binding(vector, registration->binding);
}

becket_status
becket_ep_unregister(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects)
{
	struct registrar *registrar = &server->registrar;
	becket_status status = check(server, NULL);
	bool found = false;

	if (status != BECKET_S_OK)
		return tell(status);
	registrar_lock(registrar);
	list_for_each (node, &registrar->registrations) {
		struct registration *registration =
		    container_of(node, struct registration, node);

		if (!is_meant(registration, interface, vector, objects))
			continue;
		found = true;
		give_up(registrar, registration);
	}
	if (found && registrar->session != NULL)
		status = registrar_settle(registrar,
		    clock_now() + clock_from_ms(server->limits.call_ms));
	registrar_unlock(registrar);
	/* With the connection, or the mapper, the entries are gone, too. */
	if (status == BECKET_S_SERVER_UNAVAILABLE)
		status = BECKET_S_OK;
	return tell(found ? status : (becket_status)BECKET_S_NOT_REGISTERED);
}
