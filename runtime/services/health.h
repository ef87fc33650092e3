/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_HEALTH_H
#define SERVICES_HEALTH_H

#include "becket_grpc.h"
#include "engine/door.h"

/*
 * grpc.health.v1: does an interface serve, or the server ("")? What was set
 * says so, else what is registered serves; while the server stops, nothing
 * does.
 *
 *   Check    the answer, or S_NOT_FOUND
 *   Watch    the answer now, SERVICE_UNKNOWN for what is not there, and again
 *            whenever it is another one; ends when the server stops
 *
 * Any thread.
 */
struct health;

/* Registers it. S_OUT_OF_MEMORY, S_TYPE_ALREADY_REGISTERED, ... */
BECKET_MUST_USE becket_status health_new(const struct door_equip_config *config,
    struct health **ret_health);
/* NULL is fine. No call runs any more. */
void health_free(struct health *health);

/* becket_grpc_set_health(). */
BECKET_MUST_USE becket_status health_set(struct health *health,
    const char *name, enum becket_health state);

/* What door_equipment is told. */
void health_changed(struct health *health, enum door_change change);

#endif
