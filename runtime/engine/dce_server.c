/* SPDX-License-Identifier: MIT */
#include "engine/dce_server_private.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "wire/fault.h"

void
dce_server_nak(struct dce *dce, uint32_t wire, uint16_t reason,
    const char *sentence)
{
	struct pdu pdu = { .header = { .type = PDU_BIND_NAK,
		               .flags = PDU_FIRST | PDU_LAST,
		               .call = wire } };

	pdu.bind_nak.reason = reason;
	if (dce_output_pdu(dce, &dce->output.queue, &pdu, PDU_RESPONSE_SIZE))
		dce_close(dce, BECKET_S_PROTOCOL_ERROR, sentence);
}

static bool
send_fault(struct dce *dce, uint32_t wire, uint16_t context, uint32_t fault,
    uint8_t flags)
{
	struct pdu pdu = { .header = { .type = PDU_FAULT,
		               .flags = PDU_FIRST | PDU_LAST | flags,
		               .call = wire } };

	pdu.fault = (struct pdu_fault){ .alloc_hint = 24,
		.context = context,
		.status = fault };
	return dce_output_pdu(dce, &dce->output.queue, &pdu, PDU_FAULT_SIZE);
}

void
dce_server_fault(struct dce *dce, uint32_t wire, uint16_t context,
    uint32_t fault)
{
	send_fault(dce, wire, context, fault, PDU_DID_NOT_EXECUTE);
}

void
dce_server_violation(struct dce *dce, uint32_t wire, uint16_t context,
    uint32_t fault, const char *sentence)
{
	if (send_fault(dce, wire, context, fault, PDU_DID_NOT_EXECUTE))
		dce_close(dce, BECKET_S_PROTOCOL_ERROR, sentence);
}

/* PROTOCOL.md 2.12 */
static void
refuse(struct dce *dce, const struct pdu_header *header,
    enum dce_offence offence)
{
	static const char *const sentences[] = {
		[DCE_TOO_SHORT] = "the client sent a PDU without its body",
		[DCE_BAD_HEADER] = "the client sent a malformed header",
		[DCE_UNEXPECTED] = "the client sent a PDU out of turn",
		[DCE_TOO_LONG] = "the client sent too large a fragment",
		[DCE_BAD_VERIFIER] = "the client sent a verifier unasked",
	};
	const char *sentence = sentences[offence];

	if (offence == DCE_TOO_SHORT) {
		dce_close(dce, BECKET_S_PROTOCOL_ERROR, sentence);
	} else if (dce->state == DCE_UNBOUND) {
		dce_server_nak(dce, header->call, PDU_NAK_PROTOCOL_VERSION,
		    sentence);
	} else if (offence == DCE_TOO_LONG) {
		if (send_fault(dce, header->call, 0, NCA_S_PROTO_ERROR, 0))
			dce_close(dce, BECKET_S_PROTOCOL_ERROR, sentence);
	} else if (offence == DCE_BAD_VERIFIER && header->type == PDU_REQUEST) {
		dce_server_violation(dce, header->call, 0,
		    fault_from_status(BECKET_S_ACCESS_DENIED), sentence);
	} else {
		dce_server_violation(dce, header->call, 0, NCA_S_PROTO_ERROR,
		    sentence);
	}
}

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

static void
handle_request(struct dce *dce, const struct pdu *pdu)
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

static void
fragment(struct dce *dce)
{
	struct assembly *assembly = &server_of(dce)->assembly;
	struct dce_call *call = assembly->call;

	if (!dce->input.body_last)
		return;
	*assembly = (struct assembly){ 0 };
	if (call == NULL)
		return;
	dce_call_event(dce, call, SESSION_MESSAGE);
	dce_call_event(dce, call, SESSION_END);
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

static void
handle_co_cancel(struct dce *dce, const struct pdu *pdu)
{
	struct dce_call *call = find_running(dce, pdu->header.call);

	if (call == NULL || call == server_of(dce)->assembly.call)
		return;
	if (call->cancels < UINT8_MAX)
		call->cancels++;
	dce_call_event(dce, call, SESSION_CANCEL);
}

/* The owner is told, and ends the call into nothing. */
static void
orphan(struct dce *dce, struct dce_call *call)
{
	struct assembly *assembly = &server_of(dce)->assembly;

	call->orphaned = true;
	if (assembly->call == call)
		assembly->call = NULL;
	dce_call_event(dce, call, SESSION_CANCEL);
}

static void
handle_orphaned(struct dce *dce, const struct pdu *pdu)
{
	struct dce_call *call = find_running(dce, pdu->header.call);

	if (call != NULL)
		orphan(dce, call);
}

static bool
may_parse(const struct dce *dce)
{
	const struct dce_server *server =
	    (const struct dce_server *)(const void *)dce;

	if (dce->output.queued > dce->limits->send_queue_size)
		return false;
	return server->assembly.active || dce->ids.used < dce->ids.limit;
}

static void
sent(struct dce *dce, struct dce_call *call)
{
	(void)dce;
	(void)call;
}

static void
after_eof(struct dce *dce)
{
	struct dce_server *server = server_of(dce);
	bool partial = dce_input_is_partial(dce) || server->assembly.active;

	if (server->assembly.call != NULL)
		orphan(dce, server->assembly.call);
	else if (dce->ids.used == 0 && partial)
		dce_close(dce, BECKET_S_PROTOCOL_ERROR,
		    "the client closed in the middle of a PDU");
	else if (dce->ids.used == 0)
		dce_close(dce, BECKET_S_OK, "the client has closed");
}

static void
idle(struct dce *dce)
{
	struct dce_server *server = server_of(dce);

	if (dce->draining && dce->ids.used == 0) {
		if (server->is_ours && dce->state == DCE_BOUND)
			dce_output_header(dce, &dce->output.queue, PDU_SHUTDOWN,
			    0);
		dce_close(dce, BECKET_S_OK, "the server is shutting down");
	} else if (dce->input.eof && may_parse(dce)) {
		after_eof(dce);
	}
}

static void
closing(struct dce *dce)
{
	struct dce_server *server = server_of(dce);

	server->assembly = (struct assembly){ 0 };
	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		if (!call->alive)
			continue;
		dce_call_quiet(call, 1u << SESSION_CALL);
		dce_call_event(dce, call, SESSION_CANCEL);
		dce_output_drop(dce, call);
	}
}

static void
server_free(struct session *session)
{
	struct dce *dce = dce_of(session);
	struct dce_server *server = server_of(dce);

	dce_fini(dce);
	if (server->association != NULL)
		association_leave(server->associations, server->association);
	memory_free(dce->memory, server->contexts,
	    server->capacity * sizeof *server->contexts);
	memory_free(dce->memory, server->address, server->address_size);
	memory_free(dce->memory, server, sizeof *server);
}

static void
server_lost(struct session *session)
{
	struct dce *dce = dce_of(session);

	dce->input.eof = true;
	dce_close(dce, BECKET_S_CALL_FAILED, "the connection broke");
}

static void
server_drain(struct session *session)
{
	dce_of(session)->draining = true;
}

static uint64_t
server_deadline(const struct session *session)
{
	const struct dce *dce = dce_of_const(session);
	const struct dce_server *server =
	    (const struct dce_server *)(const void *)dce;

	return dce_earlier(dce_stall_deadline(dce),
	    dce->state == DCE_UNBOUND ? server->bind_by : 0);
}

static void
server_tick(struct session *session, uint64_t now)
{
	struct dce *dce = dce_of(session);

	dce->now = now;
	dce_check_stall(dce);
	if (dce->state == DCE_UNBOUND && now >= server_of(dce)->bind_by)
		dce_close(dce, BECKET_S_PROTOCOL_ERROR,
		    "the client did not bind in time");
}

static becket_status
server_begin(struct session *session, const struct call_start *start,
    struct idmap_id *ret_call)
{
	(void)session;
	(void)start;
	(void)ret_call;
	return BECKET_S_WRONG_KIND_OF_BINDING;
}

static becket_status
server_put(struct session *session, struct idmap_id id, struct buffer *message)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);
	becket_status status = BECKET_S_OK;

	if (call == NULL || dce->state >= DCE_CLOSING)
		status = BECKET_S_NO_CALL_ACTIVE;
	if (status != BECKET_S_OK || call->maybe || call->orphaned) {
		buffer_fini(message);
		return status;
	}
	status = dce_output_put(dce, call, message);
	if (status == BECKET_S_OK)
		dce_output_enqueue(dce, call);
	return status;
}

static void
answer(struct dce *dce, struct dce_call *call, struct call_end *end)
{
	uint8_t flags = end->did_not_execute ? PDU_DID_NOT_EXECUTE : 0;

	if (call->maybe || call->orphaned) {
		dce_output_cut(dce, call);
		return;
	}
	if (end->status != BECKET_S_OK) {
		dce_output_become_fault(dce, call,
		    fault_from_status(end->status), flags);
		/* Without memory for its data it is a fault all the same. */
		(void)(dce_output_put(dce, call, &end->fault_data) ==
		       BECKET_S_OK);
	}
	call->out_ended = true;
	dce_output_enqueue(dce, call);
}

static becket_status
server_end(struct session *session, struct idmap_id id, struct call_end *end)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);
	bool active = call != NULL && dce->state < DCE_CLOSING;

	if (end->fault_data.memory == NULL)
		end->fault_data = buffer_empty(dce->memory);
	if (active) {
		struct assembly *assembly = &server_of(dce)->assembly;

		if (assembly->call == call)
			assembly->call = NULL;
		dce_call_quiet(call, 0);
		dce_call_die(dce, call);
		answer(dce, call, end);
		dce_call_settle(dce, call);
	}
	buffer_fini(&end->fault_data);
	return active ? BECKET_S_OK : BECKET_S_NO_CALL_ACTIVE;
}

/* A client's operations: a server has been told already. */
static void
server_ignore(struct session *session, struct idmap_id id)
{
	(void)session;
	(void)id;
}

static const struct session_ops ops = {
	.free = server_free,
	.recv_vec = dce_recv_vec,
	.received = dce_received,
	.send_vec = dce_send_vec,
	.sent = dce_sent,
	.eof = dce_eof,
	.lost = server_lost,
	.drain = server_drain,
	.deadline = server_deadline,
	.tick = server_tick,
	.next = dce_next,
	.begin = server_begin,
	.put = server_put,
	.end = server_end,
	.cancel = server_ignore,
	.abandon = server_ignore,
};

/* clang-format off */
static const struct dce_role role = {
	.handlers = {
		[DCE_UNBOUND] = {
			[PDU_BIND]          = dce_server_bind,
		},
		[DCE_BOUND] = {
			[PDU_REQUEST]       = handle_request,
			[PDU_BIND]          = dce_server_bind_again,
			[PDU_ALTER_CONTEXT] = dce_server_alter,
			[PDU_CO_CANCEL]     = handle_co_cancel,
			[PDU_ORPHANED]      = handle_orphaned,
		},
	},
	.refuse    = refuse,
	.may_parse = may_parse,
	.fragment  = fragment,
	.sent      = sent,
	.idle      = idle,
	.closing   = closing,
};
/* clang-format on */

becket_status
dce_server_session_new(const struct dce_server_config *config,
    struct session **ret_session)
{
	struct dce_server *server = memory_new(config->memory, sizeof *server);

	if (server == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	dce_init(&server->dce, &role, config->memory, config->limits,
	    config->now);
	server->dce.session.ops = &ops;
	server->registry = config->registry;
	server->associations = config->associations;
	server->transport = config->transport;
	server->bind_by =
	    config->now + (uint64_t)config->limits->stall_ms * 1000000;
	server->address_size = strlen(config->address) + 1;
	server->address = memory_new(config->memory, server->address_size);
	if (server->address == NULL) {
		server_free(&server->dce.session);
		return BECKET_S_OUT_OF_MEMORY;
	}
	memcpy(server->address, config->address, server->address_size);
	*ret_session = &server->dce.session;
	return BECKET_S_OK;
}
