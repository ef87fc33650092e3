/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MAPPER_H
#define BECKETD_MAPPER_H

#include "becket.h"
#include "config.h"

/*
 * The endpoint mapper: the standard interface epmapper over the map of map.h.
 * PROTOCOL.md section 7.2 has its rules.
 *
 * Anybody may look; only who comes over ncalrpc, so that the kernel knows him,
 * may add and delete. Any thread may run its routines.
 */
struct mapper;

/* Offer it with server. Free it with mapper_free(), after the server. */
BECKET_MUST_USE becket_status mapper_new(struct becket_server *server,
    const struct becket_limits *limits, struct mapper **ret_mapper);
void mapper_free(struct mapper *mapper);

/* Add the mapper's places, if config has one, to those where the daemon
 * listens: ncalrpc in any case, and what config says, with the mapper's own
 * defaults: loopback and port 135 for TCP, the name epmapper for ncalrpc.
 */
void mapper_places(struct becket_runtime *runtime, struct config *config);

#endif
