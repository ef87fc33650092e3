/* SPDX-License-Identifier: MIT */
#include "engine/dce_client_private.h"

#include "wire/fault.h"

/* The call that a reply is for: something of it must have been sent. */
static struct dce_call *
find_call(const struct dce *dce, uint32_t wire)
{
	struct dce_call *call = idmap_at(&dce->ids, wire >> 16);

	return call != NULL && call->wire == wire && call->out_any ? call
	                                                           : NULL;
}

/* A call that we gave up may have been answered all the same. */
static void
swallow(struct dce_client *client, const struct pdu *pdu)
{
	if (client->late == 0 ||
	    pdu->header.call >> 16 >= client->dce.ids.capacity) {
		dce_client_violation(&client->dce,
		    "the server answered a call that was not made");
		return;
	}
	if (pdu->header.flags & PDU_LAST)
		client->late--;
}

static size_t
stub_size(const struct pdu *pdu)
{
	return (size_t)pdu->header.size - pdu_body_offset(&pdu->header);
}

/* The next fragment of what is being received, or the first. */
static bool
fits_in(const struct dce_call *call, const struct pdu *pdu)
{
	bool first = pdu->header.flags & PDU_FIRST;

	return first != call->in_begun &&
	       (first || pdu->big_endian == call->in_big_endian);
}

static void
accept_fragment(struct dce *dce, struct dce_call *call, const struct pdu *pdu)
{
	call->in_begun = true;
	call->in_big_endian = pdu->big_endian;
	if (!call->is_amid && (!call->is_stream || call->in_fault)) {
		call->is_amid = true;
		client_of(dce)->amid++;
	}
	dce->input.target = call;
}

static bool
is_of_context(const struct dce_call *call, const struct pdu *pdu)
{
	return ((pdu->response.context ^ call->context) & DCE_CONTEXT_MASK) ==
	       0;
}

static void
too_large(struct dce_client *client, struct dce_call *call,
    const struct pdu *pdu)
{
	if (!(pdu->header.flags & PDU_LAST))
		client->late++;
	dce_client_finish(client, call, BECKET_S_LIMIT_EXCEEDED,
	    BECKET_EXECUTED, "the response is too large");
	dce_client_advance(client);
}

void
dce_client_response(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);
	struct dce_call *call = find_call(dce, pdu->header.call);

	if (call == NULL)
		swallow(client, pdu);
	else if (call->in_fault || !fits_in(call, pdu) ||
	         !is_of_context(call, pdu))
		dce_client_violation(dce,
		    "the server sent a fragment out of turn");
	else if (!call->is_stream &&
	         call->in.size + stub_size(pdu) > dce->limits->response_size)
		too_large(client, call, pdu);
	else
		accept_fragment(dce, call, pdu);
}

static void
begin_fault(struct dce_call *call, const struct pdu *pdu)
{
	buffer_fini(&call->in);
	call->in_fault = true;
	call->in_begun = false;
	call->fault = pdu->fault.status;
	call->end.outcome = pdu->header.flags & PDU_DID_NOT_EXECUTE
	                        ? BECKET_NOT_SENT
	                        : BECKET_EXECUTED;
}

void
dce_client_fault(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);
	struct dce_call *call = find_call(dce, pdu->header.call);

	if (call == NULL && dce->state == DCE_ALTERING &&
	    pdu->header.call == client->bind_wire) {
		dce_client_bind_fault(dce, pdu);
		return;
	}
	if (call == NULL) {
		swallow(client, pdu);
		return;
	}
	if (!call->in_fault)
		begin_fault(call, pdu);
	if (!fits_in(call, pdu))
		dce_client_violation(dce,
		    "the server sent a fragment out of turn");
	else if (call->in.size + stub_size(pdu) > dce->limits->fault_size)
		dce_client_violation(dce, "the server sent too large a fault");
	else
		accept_fragment(dce, call, pdu);
}

/* Codes that leave it open how far the call came. */
static bool
is_about_the_wire(uint32_t fault)
{
	return fault == NCA_S_PROTO_ERROR || fault == NCA_S_COMM_FAILURE ||
	       fault == NCA_S_UNK_IF || fault == NCA_S_OP_RNG_ERROR ||
	       fault == NCA_S_SERVER_TOO_BUSY ||
	       fault == NCA_S_UNSUPPORTED_TYPE ||
	       fault == NCA_S_FAULT_REMOTE_NO_MEMORY;
}

static void
end_with_fault(struct dce_client *client, struct dce_call *call)
{
	becket_status status = fault_to_status(call->fault);
	enum becket_outcome outcome = call->end.outcome;
	struct buffer data = buffer_take(&call->in);

	if (status == BECKET_S_OK)
		status = BECKET_S_CALL_FAILED;
	if (outcome == BECKET_EXECUTED && is_about_the_wire(call->fault))
		outcome = BECKET_MAYBE_EXECUTED;
	dce_client_finish(client, call, status, outcome, NULL);
	call->end.wire_status = call->fault;
	call->end.fault_data = data;
}

void
dce_client_fragment(struct dce *dce)
{
	struct dce_client *client = client_of(dce);
	struct dce_call *call = dce->input.target;

	if (call == NULL || !dce->input.body_last)
		return;
	if (call->in_fault) {
		end_with_fault(client, call);
	} else {
		if (!call->is_stream)
			dce_call_event(dce, call, SESSION_MESSAGE);
		dce_client_finish(client, call, BECKET_S_OK, BECKET_EXECUTED,
		    NULL);
	}
	dce_client_advance(client);
}
