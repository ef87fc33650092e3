/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_REFLECTION_H
#define SERVICES_REFLECTION_H

#include "engine/door.h"

/*
 * grpc.reflection.v1 and v1alpha, which differ in their names alone: what does
 * the server offer, and what do the .proto files say? The descriptors are those
 * that generated code brings along; an interface without is listed all the
 * same.
 *
 * A request is answered by one response, in order: a file together with all
 * that it imports, itself first. Any thread.
 */
struct reflection;

/* Registers them. S_OUT_OF_MEMORY, S_TYPE_ALREADY_REGISTERED, ... */
BECKET_MUST_USE becket_status
reflection_new(const struct door_equip_config *config,
    struct reflection **ret_reflection);
/* NULL is fine. No call runs any more. */
void reflection_free(struct reflection *reflection);

/* What door_equipment is told. */
void reflection_changed(struct reflection *reflection, enum door_change change);

#endif
