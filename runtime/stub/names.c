/* SPDX-License-Identifier: MIT */
#include "stub/names.h"

#include <string.h>

static bool
is_name(const char *name, struct becket_bytes bytes)
{
	return name != NULL && strlen(name) == bytes.size &&
	       memcmp(name, bytes.data, bytes.size) == 0;
}

static bool
is_better(const struct registered *candidate, const struct registered *best)
{
	return best == NULL ||
	       candidate->interface.major > best->interface.major;
}

static struct registered *
find_interface(const struct managers *managers, struct becket_bytes name)
{
	const struct idmap *map = &managers->registry.interfaces;
	struct registered *best = NULL;

	for (uint32_t i = 0; i < map->capacity; i++) {
		struct registered *candidate = idmap_at(map, i);

		if (candidate != NULL &&
		    candidate->syntaxes & 1u << SYNTAX_BECKET &&
		    is_name(manager_any_type(candidate)->interface->name,
		        name) &&
		    is_better(candidate, best))
			best = candidate;
	}
	return best;
}

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	const struct managers *managers =
	    ((const struct manager_names *)(const void *)names)->managers;
	struct registered *registered = find_interface(managers, interface);
	const struct becket_interface *table;

	if (registered == NULL)
		return BECKET_S_UNKNOWN_IF;
	table = manager_any_type(registered)->interface;
	for (uint16_t i = 0; i < table->operation_count; i++) {
		if (!is_name(table->operations[i].name, operation))
			continue;
		*ret_registered = registered;
		*ret_opnum = i;
		return BECKET_S_OK;
	}
	return BECKET_S_PROCNUM_OUT_OF_RANGE;
}

struct manager_names
manager_names_of(struct managers *managers)
{
	return (struct manager_names){ { find }, managers };
}
