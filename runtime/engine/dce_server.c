/* SPDX-License-Identifier: MIT */
#include "engine/dce_server_private.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "wire/fault.h"

enum { LONGEST_ADDRESS = 255 };

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

static bool
may_parse(const struct dce *dce)
{
	const struct dce_server *server =
	    (const struct dce_server *)(const void *)dce;

	if (dce->output.queued > dce->limits->send_queue_size)
		return false;
	return server->assembly.active || dce->call_count < dce->ids.limit;
}

static bool
is_amid(const struct dce *dce)
{
	const struct dce_server *server =
	    (const struct dce_server *)(const void *)dce;

	return server->assembly.active && !server->assembly.is_stream;
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
		dce_server_orphan(dce, server->assembly.call);
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
	} else if (dce->input.eof && dce_may_parse(dce)) {
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

static uint32_t
server_association(const struct session *session)
{
	const struct dce_server *server =
	    (const struct dce_server *)(const void *)session;

	return server->association == NULL
	           ? 0
	           : association_wire_id(server->association);
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
	becket_status status;

	if (call == NULL || dce->state >= DCE_CLOSING) {
		buffer_fini(message);
		return BECKET_S_NO_CALL_ACTIVE;
	}
	if (call->maybe || call->orphaned) {
		buffer_fini(message);
		dce_call_event(dce, call, SESSION_WRITABLE);
		return BECKET_S_OK;
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
	bool is_read = active && !call->maybe && !call->orphaned;

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
	end->is_read = is_read && dce->state < DCE_CLOSING;
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
	.stream = dce_server_stream,
	.consumed = dce_consumed,
	.put = server_put,
	.end = server_end,
	.cancel = server_ignore,
	.abandon = server_ignore,
	.association = server_association,
};

/* clang-format off */
static const struct dce_role role = {
	.handlers = {
		[DCE_UNBOUND] = {
			[PDU_BIND]          = dce_server_bind,
		},
		[DCE_BOUND] = {
			[PDU_REQUEST]       = dce_server_request,
			[PDU_BIND]          = dce_server_bind_again,
			[PDU_ALTER_CONTEXT] = dce_server_alter,
			[PDU_CO_CANCEL]     = dce_server_co_cancel,
			[PDU_ORPHANED]      = dce_server_orphaned,
		},
	},
	.refuse    = refuse,
	.may_parse = may_parse,
	.is_amid   = is_amid,
	.fragment  = dce_server_fragment,
	.sent      = sent,
	.idle      = idle,
	.closing   = closing,
};
/* clang-format on */

becket_status
dce_server_session_new(const struct dce_server_config *config,
    struct session **ret_session)
{
	struct dce_server *server;

	if (strlen(config->address) > LONGEST_ADDRESS)
		return BECKET_S_STRING_TOO_LONG;
	server = memory_new(config->memory, sizeof *server);
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
