/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_DCE_SERVER_PRIVATE_H
#define ENGINE_DCE_SERVER_PRIVATE_H

#include "engine/dce.h"
#include "engine/dce_private.h"

/*
 * The server role: dce_server.c owns the session and answers,
 * dce_server_request.c takes requests, dce_server_bind.c has the presentation
 * contexts.
 */

/* A presentation context that was accepted. */
struct server_pctx {
	uint16_t context;
	enum transfer_syntax syntax;
	struct idmap_id interface;
	struct syntax_id asked;
};

/* The request whose last fragment has not come yet. There is one at most. */
struct assembly {
	bool active;
	struct dce_call *call; /* NULL: it is swallowed */
	uint32_t wire;
	uint16_t context;
	uint16_t opnum;
	bool big_endian;
	bool is_stream; /* as long as it likes */
	size_t size;    /* of its fragments so far */
};

struct dce_server {
	struct dce dce;
	const struct registry *registry;
	struct associations *associations;
	struct association *association;
	uint64_t transport;
	char *address; /* sec_addr, with its NUL */
	size_t address_size;
	struct server_pctx *contexts;
	size_t count, capacity;
	struct assembly assembly;
	uint64_t bind_by;
	uint16_t fragment_size; /* as the answer to the bind said */
	bool multiplexing;
	bool keep_on_orphan;
	bool is_ours; /* the peer has offered our transfer syntax */
};

static inline struct dce_server *
server_of(struct dce *dce)
{
	return (struct dce_server *)(void *)dce;
}

/* NULL: none of this id. */
struct server_pctx *dce_server_find_pctx(struct dce_server *server,
    uint16_t context);

dce_handler dce_server_bind, dce_server_bind_again, dce_server_alter,
    dce_server_request, dce_server_co_cancel, dce_server_orphaned;
void dce_server_fragment(struct dce *dce);
void dce_server_stream(struct session *session, struct idmap_id id);
/* No answer is wanted: the owner is told, and ends the call into nothing. */
void dce_server_orphan(struct dce *dce, struct dce_call *call);

void dce_server_nak(struct dce *dce, uint32_t wire, uint16_t reason,
    const char *sentence);
/* A fault for a call that is not dispatched. */
void dce_server_fault(struct dce *dce, uint32_t wire, uint16_t context,
    uint32_t fault);
/* Likewise, and the end of the session. */
void dce_server_violation(struct dce *dce, uint32_t wire, uint16_t context,
    uint32_t fault, const char *sentence);

#endif
