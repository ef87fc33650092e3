/* SPDX-License-Identifier: MIT */
#include "engine/dce_server_private.h"

#include "wire/fault.h"

/* A client without multiplexing waits for one call at a time, but not for
 * those it wants no answer to.
 */
static bool
has_pending_call(const struct dce *dce)
{
	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		if (call->alive && !call->maybe && !call->orphaned)
			return true;
	}
	return false;
}

static void
out_of_turn(struct dce_server *server, const struct pdu *pdu)
{
	const struct assembly *assembly = &server->assembly;
	bool of_assembly = assembly->active && !server->multiplexing;

	dce_server_violation(&server->dce,
	    of_assembly ? assembly->wire : pdu->header.call,
	    of_assembly ? assembly->context : pdu->request.context,
	    NCA_S_PROTO_ERROR, "the client sent a fragment out of turn");
}

static size_t
stub_size(const struct pdu *pdu)
{
	return (size_t)pdu->header.size - pdu_body_offset(&pdu->header);
}

/* The request, all fragments of it, fits our limit, as far as it says. */
static bool
check_size(struct dce_server *server, const struct pdu *pdu)
{
	size_t limit = server->dce.limits->request_size;
	size_t size = server->assembly.size + stub_size(pdu);
	bool last = pdu->header.flags & PDU_LAST;

	if (server->assembly.is_stream)
		return true;
	if (size <= limit && (last || pdu->request.alloc_hint <= limit)) {
		server->assembly.size = size;
		return true;
	}
	dce_server_violation(&server->dce, pdu->header.call,
	    pdu->request.context, fault_from_status(BECKET_S_ACCESS_DENIED),
	    "the client sent too large a request");
	return false;
}

static bool
continues(const struct assembly *assembly, const struct pdu *pdu)
{
	return assembly->active && assembly->wire == pdu->header.call &&
	       assembly->context == pdu->request.context &&
	       assembly->opnum == pdu->request.opnum &&
	       assembly->big_endian == pdu->big_endian;
}

static void
begin_assembly(struct dce_server *server, const struct pdu *pdu)
{
	server->assembly = (struct assembly){ .active = true,
		.wire = pdu->header.call,
		.context = pdu->request.context,
		.opnum = pdu->request.opnum,
		.big_endian = pdu->big_endian };
}

/* What the client asks for is not to be run; the rest of it is swallowed. */
static void
decline(struct dce *dce, const struct pdu *pdu, uint16_t context,
    uint32_t fault)
{
	if (!(pdu->header.flags & PDU_MAYBE))
		dce_server_fault(dce, pdu->header.call, context, fault);
}

static struct dce_call *
begin_call(struct dce *dce, const struct pdu *pdu,
    const struct server_pctx *pctx, struct registered *interface)
{
	struct dce_call *call = dce_call_new(dce);

	if (call == NULL)
		return NULL;
	call->wire = pdu->header.call;
	call->context = pdu->request.context;
	call->out_type = PDU_RESPONSE;
	call->in_big_endian = pdu->big_endian;
	call->maybe = pdu->header.flags & PDU_MAYBE;
	call->begun = (struct session_call){ .interface = interface,
		.syntax = pctx->syntax,
		.opnum = pdu->request.opnum,
		.big_endian = pdu->big_endian,
		.association = association_wire_id(server_of(dce)->association),
		.maybe = call->maybe,
		.object = pdu->request.object };
	dce->session.stats.calls_in++;
	dce_call_event(dce, call, SESSION_CALL);
	return call;
}

/* Every reason not to run a request that leaves the session as it is. */
static struct dce_call *
dispatch(struct dce_server *server, const struct pdu *pdu)
{
	struct dce *dce = &server->dce;
	struct server_pctx *pctx =
	    dce_server_find_pctx(server, pdu->request.context);
	struct registered *interface =
	    pctx ? registry_get(server->registry, pctx->interface) : NULL;
	struct dce_call *call = NULL;

	if (dce->draining)
		decline(dce, pdu, pdu->request.context, NCA_S_SERVER_TOO_BUSY);
	else if (pctx == NULL)
		decline(dce, pdu, 0, NCA_S_UNK_IF);
	else if (interface == NULL)
		decline(dce, pdu, pdu->request.context, NCA_S_UNK_IF);
	else if ((call = begin_call(dce, pdu, pctx, interface)) == NULL)
		decline(dce, pdu, pdu->request.context,
		    NCA_S_FAULT_REMOTE_NO_MEMORY);
	return call;
}

static void
first_fragment(struct dce_server *server, const struct pdu *pdu)
{
	struct dce *dce = &server->dce;

	if (pdu->header.flags & PDU_PENDING_CANCEL) {
		dce_server_violation(dce, pdu->header.call,
		    pdu->request.context,
		    fault_from_status(BECKET_S_NO_CALL_ACTIVE),
		    "the client cancels a call as it begins it");
		return;
	}
	if (server->assembly.active ||
	    (!server->multiplexing && has_pending_call(dce))) {
		out_of_turn(server, pdu);
		return;
	}
	begin_assembly(server, pdu);
	if (check_size(server, pdu))
		server->assembly.call = dispatch(server, pdu);
}

void
dce_server_request(struct dce *dce, const struct pdu *pdu)
{
	struct dce_server *server = server_of(dce);

	if (pdu->header.flags & PDU_FIRST)
		first_fragment(server, pdu);
	else if (!continues(&server->assembly, pdu))
		out_of_turn(server, pdu);
	else
		check_size(server, pdu);
	if (dce->state < DCE_CLOSING)
		dce->input.target = server->assembly.call;
}

void
dce_server_fragment(struct dce *dce)
{
	struct assembly *assembly = &server_of(dce)->assembly;
	struct dce_call *call = assembly->call;

	if (!dce->input.body_last)
		return;
	*assembly = (struct assembly){ 0 };
	if (call == NULL)
		return;
	if (call->is_stream)
		dce_stream_end_input(dce, call);
	else
		dce_call_event(dce, call, SESSION_MESSAGE);
	dce_call_event(dce, call, SESSION_END);
}

void
dce_server_stream(struct session *session, struct idmap_id id)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);
	struct assembly *assembly = &server_of(dce)->assembly;

	if (call == NULL)
		return;
	call->is_stream = true;
	if (assembly->call == call)
		assembly->is_stream = true;
	dce_stream_tell(dce, call);
}

/* Cancels come for old calls, so the walk from the oldest on is short. */
static struct dce_call *
find_running(const struct dce *dce, uint32_t wire)
{
	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		if (call->alive && call->wire == wire && !call->orphaned)
			return call;
	}
	return NULL;
}

void
dce_server_co_cancel(struct dce *dce, const struct pdu *pdu)
{
	struct dce_call *call = find_running(dce, pdu->header.call);

	if (call == NULL ||
	    (call == server_of(dce)->assembly.call && !call->is_stream))
		return;
	if (call->cancels < UINT8_MAX)
		call->cancels++;
	dce_call_event(dce, call, SESSION_CANCEL);
}

/* The owner is told, and ends the call into nothing. */
void
dce_server_orphan(struct dce *dce, struct dce_call *call)
{
	struct assembly *assembly = &server_of(dce)->assembly;

	call->orphaned = true;
	if (assembly->call == call)
		assembly->call = NULL;
	dce_stream_end_input(dce, call);
	/* Answers of other calls are not to wait for the rest of this one. */
	dce_output_cut(dce, call);
	dce_call_event(dce, call, SESSION_CANCEL);
}

void
dce_server_orphaned(struct dce *dce, const struct pdu *pdu)
{
	struct dce_call *call = find_running(dce, pdu->header.call);

	if (call != NULL)
		dce_server_orphan(dce, call);
}
