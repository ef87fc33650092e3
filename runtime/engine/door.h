/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_DOOR_H
#define ENGINE_DOOR_H

#include "base/bytes.h"
#include "engine/session.h"

/*
 * Another protocol at the same port: how its sessions are made, by a library of
 * its own. becket_runtime_use_door() gives it to a runtime. What the configs
 * point at must outlive the session.
 */
enum { DOOR_ABI = 2 };

/* Who knows interfaces by their names. S_UNKNOWN_IF, S_PROCNUM_OUT_OF_RANGE. */
struct door_names {
	becket_status (*find)(const struct door_names *names,
	    struct becket_bytes interface, struct becket_bytes operation,
	    struct registered **ret_registered, uint16_t *ret_opnum);
};

struct door_server_config {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	const struct door_names *names;
	uint64_t now;
};

struct door_client_config {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	const char *authority; /* whom the client means; copied */
	uint64_t now;
};

/*
 * What a door has put into a server. changed() may come from any thread that
 * holds nothing of the server's, free() when there are no calls any more.
 */
enum door_change {
	DOOR_INTERFACES, /* some have come or gone */
	DOOR_STARTS,     /* the server begins to listen */
	DOOR_STOPS,      /* and to stop: what never ends by itself is to end */
};

struct door_equipment {
	void (*changed)(struct door_equipment *equipment,
	    enum door_change change);
	void (*free)(struct door_equipment *equipment);
};

struct becket_server;
struct door_equip_config {
	struct becket_server *server;
	const struct becket_memory *memory; /* they outlive the equipment */
	const struct becket_limits *limits;
	unsigned without; /* BECKET_WITHOUT_... */
};

struct becket_door {
	uint32_t abi; /* DOOR_ABI */
	/* S_OUT_OF_MEMORY */
	becket_status (
	    *server_session_new)(const struct door_server_config *config,
	    struct session **ret_session);
	becket_status (
	    *client_session_new)(const struct door_client_config *config,
	    struct session **ret_session);
	/* A server has been made: register what every server of the runtime
	 * offers. On failure there is no server. NULL: nothing.
	 */
	becket_status (*equip_server)(const struct door_equip_config *config,
	    struct door_equipment **ret_equipment);
};

#endif
