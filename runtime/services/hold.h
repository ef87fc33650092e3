/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_HOLD_H
#define SERVICES_HOLD_H

#include "engine/door.h"

/*
 * becket.v1.Session: a client that calls Hold is there until that call ends,
 * and has context handles meanwhile; stub/hold.h. Here is only what keeps the
 * calls.
 *
 *   Hold     the id of the session, once; ends when the client ends it, or the
 *            server stops
 *
 * Any thread.
 */
struct hold_service;

/* Registers it. S_OUT_OF_MEMORY, S_TYPE_ALREADY_REGISTERED, ... */
BECKET_MUST_USE becket_status
hold_service_new(const struct door_equip_config *config,
    struct hold_service **ret_service);
/* NULL is fine. No call runs any more. */
void hold_service_free(struct hold_service *service);

/* What door_equipment is told. */
void hold_service_changed(struct hold_service *service,
    enum door_change change);

#endif
