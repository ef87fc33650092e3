/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_DCE_H
#define ENGINE_DCE_H

#include "base/limits.h"
#include "base/memory.h"
#include "engine/association.h"
#include "engine/registry.h"
#include "engine/session.h"

/*
 * The sessions of connection-oriented DCE/RPC: PROTOCOL.md section 2. Each
 * role is a file of its own that a program may leave out.
 */
struct dce_server_config {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	const struct registry *registry;
	struct associations *associations;
	const char *address; /* sec_addr: port or endpoint name; copied */
	uint64_t transport;  /* see struct association */
	uint64_t now;
};

struct dce_client_config {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	uint32_t association; /* to join, or 0: a new one */
	uint64_t now;
};

/* What the config points at must outlive the session. S_OUT_OF_MEMORY;
 * S_STRING_TOO_LONG: an address beyond 255 characters.
 */
BECKET_MUST_USE becket_status
dce_server_session_new(const struct dce_server_config *config,
    struct session **ret_session);
BECKET_MUST_USE becket_status
dce_client_session_new(const struct dce_client_config *config,
    struct session **ret_session);

#endif
