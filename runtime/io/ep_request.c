/* SPDX-License-Identifier: MIT */
#include "io/ep_request.h"

#include <string.h>

#include "base/allocate.h"
#include "io/binding.h"
#include "wire/epm.h"
#include "wire/ndr.h"
#include "wire/tower.h"

static const struct becket_uuid no_object;

size_t
ep_object_count(const struct becket_uuid_vector *objects)
{
	return objects == NULL || objects->count == 0 ? 1 : objects->count;
}

const struct becket_uuid *
ep_object_at(const struct becket_uuid_vector *objects, size_t index)
{
	return objects == NULL || objects->count == 0 ? &no_object
	                                              : &objects->uuids[index];
}

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
make_one(struct ep_request *request, const struct manager_view *view,
    size_t index, const struct becket_uuid *object)
{
	struct registrar *registrar = &request->server->registrar;
	struct becket_binding *binding = request->vector->bindings[index];
	struct towers towers = { 0 };
	struct registration *new;
	char *text = NULL;
	becket_status status;

	if (binding->protseq->is_grpc)
		return BECKET_S_OK; /* there are no towers for it */
	status = make_towers(view, binding,
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
make_for_view(struct ep_request *request, const struct manager_view *view)
{
	becket_status status = BECKET_S_OK;

	for (size_t o = 0; o < ep_object_count(request->objects); o++)
		for (size_t i = 0;
		     i < request->vector->count && status == BECKET_S_OK; i++)
			status = make_one(request, view, i,
			    ep_object_at(request->objects, o));
	return status;
}

static bool
is_asked_for(const struct ep_request *request, const struct manager_view *view)
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
make_for_views(struct ep_request *request, const struct manager_view *views,
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

becket_status
ep_request_make(struct ep_request *request)
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

void
ep_request_fini(struct ep_request *request)
{
	list_for_each (node, &request->made)
		registration_free(&request->server->registrar,
		    container_of(node, struct registration, node));
}
