/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include "engine/door.h"

/*
 * The services that every server of a runtime with gRPC offers besides its own
 * interfaces, as the door's equipment of the server: grpc.health.v1
 * (services/health.h), grpc.reflection.v1 and v1alpha (services/reflection.h),
 * becket.v1.Session (services/hold.h). Over DCE/RPC they are the same
 * interfaces, known by the UUIDs of their names.
 *
 * Their routines run on the threads that serve connections and never wait. What
 * a client keeps open is a deferred call whose stream calls back; all of them
 * end when the server stops, for they would hold up its end.
 */

/* equip_server() of struct becket_door. */
BECKET_MUST_USE becket_status
services_new(const struct door_equip_config *config,
    struct door_equipment **ret_equipment);

#endif
