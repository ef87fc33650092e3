/* SPDX-License-Identifier: MIT */
#ifndef STUB_NAMES_H
#define STUB_NAMES_H

#include "engine/door.h"
#include "stub/manager.h"

/*
 * The managers of a server by the names of their interfaces, for protocols that
 * call by name. Where several major versions have one name, the newest is
 * meant. Interfaces in NDR have none.
 *
 * To be asked within managers_enter() only, which is where session events are
 * taken.
 */
struct manager_names {
	struct door_names names;
	struct managers *managers;
};

struct manager_names manager_names_of(struct managers *managers);

#endif
