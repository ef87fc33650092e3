/* SPDX-License-Identifier: MIT */
#include "engine/dce_client_private.h"

#include "base/trap.h"
#include "wire/fault.h"

enum {
	ELEMENT_SIZE = 4 + PDU_SYNTAX_SIZE + PDU_SYNTAX_SIZE,
	FEATURES_CONTEXT = 1, /* never a context of ours */
	BIND_SIZE = 28 + 2 * ELEMENT_SIZE,
};

/* Below 256: see DCE_CONTEXT_MASK. */
uint16_t
dce_client_context(size_t index)
{
	return (uint16_t)(index < FEATURES_CONTEXT ? index : index + 1);
}

static void
put_element(struct cursor *c, uint16_t context,
    const struct syntax_id *interface, struct syntax_id syntax)
{
	uint8_t bytes[PDU_SYNTAX_SIZE];
	struct cursor syntaxes = cursor_put(bytes, sizeof bytes);
	struct pdu_element element = { .context = context,
		.count = 1,
		.interface = *interface,
		.syntaxes = { bytes, sizeof bytes } };

	pdu_next_syntax(&syntaxes, &syntax);
	pdu_next_element(c, &element);
}

static uint16_t
offered_size(const struct dce_client *client, enum transfer_syntax syntax)
{
	uint16_t size = client->dce.limits->fragment_size;

	if (syntax == SYNTAX_NDR && size > DCE_NDR_FRAGMENT)
		size = DCE_NDR_FRAGMENT;
	if (size < DCE_LEAST_FRAGMENT)
		size = DCE_LEAST_FRAGMENT;
	return size & DCE_FRAGMENT_MASK;
}

static void
send_offer(struct dce_client *client, const struct client_pctx *pctx,
    enum pdu_type type)
{
	uint8_t elements[2 * ELEMENT_SIZE];
	struct cursor c = cursor_put(elements, sizeof elements);
	struct pdu pdu = { .header = { .type = (uint8_t)type,
		               .flags = PDU_FIRST | PDU_LAST,
		               .call = client->bind_wire } };

	put_element(&c, dce_client_context(client->asked), &pctx->interface,
	    transfer_syntaxes[pctx->syntax]);
	if (type == PDU_BIND) {
		put_element(&c, FEATURES_CONTEXT, &pctx->interface,
		    syntax_from_features(FEATURE_KEEP_ON_ORPHAN));
		pdu.header.flags |= PDU_CONC_MPX;
	}
	TRAP_UNLESS(c.status == BECKET_S_OK);
	pdu.bind = (struct pdu_bind){ .max_xmit = client->offered,
		.max_recv = client->offered,
		.association = client->association,
		.count = type == PDU_BIND ? 2 : 1,
		.elements = { elements, c.at } };
	dce_output_pdu(&client->dce, &client->dce.output.queue, &pdu,
	    BIND_SIZE);
}

static struct dce_call *
first_that_waits(const struct dce_client *client, size_t pctx)
{
	list_for_each (at, &client->waiting) {
		struct dce_call *call = container_of(at, struct dce_call, wait);

		if (call->pctx == pctx)
			return call;
	}
	return NULL;
}

static void
ask(struct dce_client *client, struct dce_call *call)
{
	struct dce *dce = &client->dce;
	struct client_pctx *pctx = &client->contexts[call->pctx];
	bool is_bind = dce->state == DCE_UNBOUND;

	pctx->state = PCTX_ASKED;
	client->asked = call->pctx;
	/* The call is not on the wire: its id is free. */
	client->bind_wire = call->wire;
	client->bind_by = dce->now + (uint64_t)dce->limits->stall_ms * 1000000;
	if (is_bind)
		client->offered = offered_size(client, pctx->syntax);
	dce_move(dce, is_bind ? DCE_BINDING : DCE_ALTERING);
	send_offer(client, pctx, is_bind ? PDU_BIND : PDU_ALTER_CONTEXT);
}

void
dce_client_ask(struct dce_client *client)
{
	for (size_t i = 0; i < client->count; i++) {
		struct client_pctx *pctx = &client->contexts[i];
		struct dce_call *call;

		if (pctx->state != PCTX_WANTED)
			continue;
		call = first_that_waits(client, i);
		if (call != NULL) {
			ask(client, call);
			return;
		}
		pctx->state = PCTX_IDLE;
	}
}

static becket_status
status_of_rejection(const struct pdu_result *result)
{
	if (result->result != PDU_PROVIDER_REJECTION)
		return BECKET_S_CALL_FAILED_DNE;
	switch (result->reason) {
	case PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED:
		return BECKET_S_UNKNOWN_IF;
	case PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED:
		return BECKET_S_UNSUPPORTED_TRANS_SYN;
	case PDU_LOCAL_LIMIT_EXCEEDED:
		return BECKET_S_SERVER_TOO_BUSY;
	default:
		return BECKET_S_CALL_FAILED_DNE;
	}
}

static void
reject(struct dce_client *client, const struct pdu_result *result)
{
	becket_status status = status_of_rejection(result);

	client->contexts[client->asked].state = PCTX_IDLE;
	list_for_each (at, &client->waiting) {
		struct dce_call *call = container_of(at, struct dce_call, wait);

		if (call->pctx == client->asked)
			dce_client_finish(client, call, status, BECKET_NOT_SENT,
			    "the server rejected the interface");
	}
}

static struct cursor
results(const struct pdu *pdu)
{
	return cursor_get(pdu->bind_ack.results.data,
	    pdu->bind_ack.results.size, pdu->big_endian);
}

/* The answer about the context that was asked for. */
static void
take_result(struct dce_client *client, const struct pdu *pdu)
{
	struct client_pctx *pctx = &client->contexts[client->asked];
	struct cursor c = results(pdu);
	struct pdu_result result;

	pdu_next_result(&c, &result);
	if (result.result == PDU_ACCEPTANCE &&
	    syntax_equal(&result.syntax, &transfer_syntaxes[pctx->syntax]))
		pctx->state = PCTX_ACCEPTED;
	else if (result.result == PDU_USER_REJECTION ||
	         result.result == PDU_PROVIDER_REJECTION)
		reject(client, &result);
	else
		dce_client_violation(&client->dce,
		    "the server accepted what was not offered");
	dce_client_advance(client);
}

static bool
answers(const struct dce_client *client, const struct pdu *pdu, unsigned most)
{
	return pdu->header.call == client->bind_wire &&
	       pdu->verifier.size == 0 && pdu->bind_ack.count >= 1 &&
	       pdu->bind_ack.count <= most;
}

static void
take_features(struct dce_client *client, const struct pdu *pdu)
{
	struct cursor c = results(pdu);
	struct pdu_result result = { 0 };

	pdu_next_result(&c, &result);
	if (pdu->bind_ack.count > 1)
		pdu_next_result(&c, &result);
	client->keep_on_orphan = result.result == PDU_NEGOTIATE_ACK &&
	                         result.reason & FEATURE_KEEP_ON_ORPHAN;
}

static uint16_t
agreed_size(const struct dce_client *client, uint16_t theirs)
{
	if (theirs < DCE_LEAST_FRAGMENT)
		return DCE_LEAST_FRAGMENT;
	return theirs < client->offered ? theirs : client->offered;
}

void
dce_client_bind_ack(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);

	if (!answers(client, pdu, 2)) {
		dce_client_violation(dce, "the server answered another bind");
		return;
	}
	dce->output.fragment_size = agreed_size(client, pdu->bind_ack.max_recv);
	dce->input.fragment_limit = agreed_size(client, pdu->bind_ack.max_xmit);
	client->association = pdu->bind_ack.association;
	client->multiplexing = pdu->header.flags & PDU_CONC_MPX;
	take_features(client, pdu);
	dce_move(dce, DCE_BOUND);
	take_result(client, pdu);
}

void
dce_client_alter_resp(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);

	if (!answers(client, pdu, 1)) {
		dce_client_violation(dce,
		    "the server answered another alter_context");
		return;
	}
	dce_move(dce, DCE_BOUND);
	take_result(client, pdu);
}

void
dce_client_bind_nak(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);

	switch (pdu->bind_nak.reason) {
	case PDU_NAK_TEMPORARY_CONGESTION:
	case PDU_NAK_LOCAL_LIMIT:
		client->refused = BECKET_S_SERVER_TOO_BUSY;
		break;
	case PDU_NAK_PROTOCOL_VERSION:
		client->refused = BECKET_S_PROTOCOL_ERROR;
		break;
	case PDU_NAK_AUTH_TYPE:
		client->refused = BECKET_S_UNKNOWN_AUTHN_SERVICE;
		break;
	default:
		client->refused = BECKET_S_CALL_FAILED_DNE;
	}
	dce_close(dce, client->refused, "the server refused the bind");
}

/* Some servers say no to a bind, all say no to an alter_context like this.
 * What was asked for is undecided then, so the session is of no more use.
 */
void
dce_client_bind_fault(struct dce *dce, const struct pdu *pdu)
{
	struct dce_client *client = client_of(dce);

	client->refused = fault_to_status(pdu->fault.status);
	if (client->refused == BECKET_S_OK)
		client->refused = BECKET_S_CALL_FAILED_DNE;
	dce_close(dce, client->refused, "the server refused the bind");
}
