/* SPDX-License-Identifier: MIT */
#include "io/ep_request.h"

#include <string.h>

#include "io/binding.h"
#include "io/clock.h"
#include "io/error.h"
#include "wire/epm.h"

/*
 * becket_ep_register() and its kin.
 */

/* ------------------------------------------------------------ register -- */

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
adopt(struct ep_request *request)
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
enter(struct ep_request *request, bool waits)
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
do_register(struct ep_request *request, bool waits)
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
		status = ep_request_make(request);
	if (status == BECKET_S_UNKNOWN_IF && request->forgets)
		status = BECKET_S_OK;
	if (status == BECKET_S_OK)
		status = enter(request, waits);
	else
		ep_request_fini(request);
	becket_binding_vector_free(&own);
	return tell(status);
}

becket_status
becket_ep_register(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation)
{
	return do_register(&(struct ep_request){ .server = server,
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
	return do_register(&(struct ep_request){ .server = server,
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
	return do_register(&(struct ep_request){ .server = server,
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
	for (size_t i = 0; i < ep_object_count(objects); i++)
		if (becket_uuid_equal(ep_object_at(objects, i), object))
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
