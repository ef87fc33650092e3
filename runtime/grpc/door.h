/* SPDX-License-Identifier: MIT */
#ifndef GRPC_DOOR_H
#define GRPC_DOOR_H

#include "engine/door.h"

/*
 * Sessions of gRPC, of both roles: see grpc/session.h. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
grpc_server_session_new(const struct door_server_config *config,
    struct session **ret_session);
BECKET_MUST_USE becket_status
grpc_client_session_new(const struct door_client_config *config,
    struct session **ret_session);

#endif
