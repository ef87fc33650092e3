/* SPDX-License-Identifier: MIT */
#include "stub/manager.h"

#include <string.h>

/* What managers tell of themselves. */

/* NULL: there is none, or it is not shown. */
static const struct manager *
shown_at(const struct managers *managers, uint32_t index)
{
	struct registered *registered =
	    idmap_at(&managers->registry.interfaces, index);
	const struct manager *manager;

	if (registered == NULL)
		return NULL;
	manager = container_of(registered, struct manager, registered);
	return manager->is_hidden ? NULL : manager;
}

static const struct manager_type *
type_of(struct list *node)
{
	return container_of(node, struct manager_type, node);
}

uint32_t
managers_list(struct managers *managers, struct syntax_id *ret_ids,
    uint32_t count)
{
	uint32_t found = 0;

	managers_enter(managers);
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		const struct manager *manager = shown_at(managers, i);

		if (manager == NULL)
			continue;
		if (found < count)
			ret_ids[found] = manager->registered.interface;
		found++;
	}
	managers_leave(managers);
	return found;
}

uint32_t
managers_list_types(struct managers *managers,
    struct becket_registration *ret_registrations, uint32_t count)
{
	uint32_t found = 0;

	managers_enter(managers);
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		const struct manager *manager = shown_at(managers, i);

		if (manager == NULL)
			continue;
		list_for_each (node, &manager->types) {
			if (found < count)
				ret_registrations[found] =
				    (struct becket_registration){
					    type_of(node)->interface,
					    type_of(node)->type,
				    };
			found++;
		}
	}
	managers_leave(managers);
	return found;
}

void
managers_visit(struct managers *managers, becket_visit_interface *visit,
    void *user)
{
	managers_enter(managers);
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		struct registered *registered =
		    idmap_at(&managers->registry.interfaces, i);

		if (registered != NULL &&
		    registered->syntaxes & 1u << SYNTAX_BECKET)
			visit(user, manager_any_type(registered)->interface);
	}
	managers_leave(managers);
}

static struct manager_view
view_of(const struct manager *manager)
{
	const char *name = type_of(manager->types.next)->interface->name;
	struct manager_view view = {
		.interface = manager->registered.interface,
		.syntaxes = manager->registered.syntaxes,
	};
	size_t size = strlen(name);

	if (size >= sizeof view.name)
		size = sizeof view.name - 1;
	memcpy(view.name, name, size);
	return view;
}

uint32_t
managers_views(struct managers *managers, struct manager_view *ret_views,
    uint32_t count)
{
	uint32_t seen = 0;

	managers_enter(managers);
	for (uint32_t i = 0; i < managers->registry.interfaces.capacity; i++) {
		const struct manager *manager = shown_at(managers, i);

		if (manager == NULL)
			continue;
		if (seen < count)
			ret_views[seen] = view_of(manager);
		seen++;
	}
	managers_leave(managers);
	return seen;
}
