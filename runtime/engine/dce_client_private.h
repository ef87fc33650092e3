/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_DCE_CLIENT_PRIVATE_H
#define ENGINE_DCE_CLIENT_PRIVATE_H

#include "engine/dce.h"
#include "engine/dce_private.h"

/*
 * The client role: dce_client.c owns the session, dce_client_call.c the calls
 * on their way out, dce_client_bind.c asks for presentation contexts,
 * dce_client_reply.c takes responses and faults.
 *
 * A call waits until its context is accepted, until there is something of it
 * to send, and, without multiplexing, until the one before it is over. Then it
 * is in flight.
 */
enum client_pctx_state {
	PCTX_IDLE,   /* rejected, and not wanted since */
	PCTX_WANTED, /* by a call that waits */
	PCTX_ASKED,
	PCTX_ACCEPTED,
};

struct client_pctx {
	struct syntax_id interface;
	enum transfer_syntax syntax;
	enum client_pctx_state state;
};

struct dce_client {
	struct dce dce;
	struct client_pctx *contexts;
	size_t count, capacity;
	size_t asked;       /* the context of the bind or alter_context out */
	uint32_t bind_wire; /* its call_id */
	uint64_t bind_by;
	struct list waiting; /* calls not in flight, oldest first */
	struct list due;     /* calls with a deadline, earliest first */
	uint32_t in_flight;
	uint32_t late; /* answers that may come to forgotten calls */
	uint32_t amid; /* answers that have begun; of streams, only faults */
	uint32_t association;
	uint16_t offered; /* the largest fragment */
	bool multiplexing;
	bool keep_on_orphan;
	becket_status refused; /* why the server would not be bound, or S_OK */
};

static inline struct dce_client *
client_of(struct dce *dce)
{
	return (struct dce_client *)(void *)dce;
}

/* Send what may be sent now: a bind, an alter_context, requests. */
void dce_client_advance(struct dce_client *client);
/* The call is over; its end is told. */
void dce_client_finish(struct dce_client *client, struct dce_call *call,
    becket_status status, enum becket_outcome outcome, const char *sentence);
/* Begin nothing new; calls that wait are over. Closes when the rest is. */
void dce_client_retire(struct dce_client *client, const char *sentence);
void dce_client_violation(struct dce *dce, const char *sentence);

/* The call whose deadline passes first, or NULL. */
struct dce_call *dce_client_first_due(const struct dce_client *client);
void dce_client_expire(struct dce_client *client, struct dce_call *call);

/* Operations of the session. */
becket_status dce_client_begin(struct session *session,
    const struct call_start *start, struct idmap_id *ret_call);
becket_status dce_client_put(struct session *session, struct idmap_id id,
    struct buffer *message);
becket_status dce_client_end(struct session *session, struct idmap_id id,
    struct call_end *end);
void dce_client_cancel(struct session *session, struct idmap_id id);
void dce_client_abandon(struct session *session, struct idmap_id id);

/* Ask for the next context that is wanted. */
void dce_client_ask(struct dce_client *client);
/* The wire's id of a context. */
uint16_t dce_client_context(size_t index);

dce_handler dce_client_bind_ack, dce_client_alter_resp, dce_client_bind_nak,
    dce_client_bind_fault, dce_client_response, dce_client_fault;
void dce_client_fragment(struct dce *dce);

#endif
