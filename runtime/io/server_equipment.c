/* SPDX-License-Identifier: MIT */
#include "io/server.h"

/* What the runtime's door has put into a server. */

becket_status
server_equip(struct becket_server *server, unsigned without)
{
	const unsigned known = BECKET_WITHOUT_HEALTH |
	                       BECKET_WITHOUT_REFLECTION | BECKET_WITHOUT_HOLD;
	const struct becket_door *door = server->runtime->door;

	if ((without & ~known) != 0)
		return BECKET_S_INVALID_ARG;
	if (door == NULL || door->equip_server == NULL)
		return BECKET_S_OK;
	return door->equip_server(
	    &(struct door_equip_config){
	        .server = server,
	        .memory = &server->runtime->memory,
	        .limits = &server->limits,
	        .without = without,
	    },
	    &server->equipment);
}

void
server_unequip(struct becket_server *server)
{
	if (server->equipment != NULL)
		server->equipment->free(server->equipment);
}

void
server_tell_equipment(struct becket_server *server, enum door_change change)
{
	if (server->equipment != NULL)
		server->equipment->changed(server->equipment, change);
}

struct door_equipment *
becket_server_equipment(const struct becket_server *server)
{
	return server == NULL ? NULL : server->equipment;
}

void
becket_server_visit_interfaces(struct becket_server *server,
    becket_visit_interface *visit, void *user)
{
	if (server != NULL)
		managers_visit(&server->managers, visit, user);
}
