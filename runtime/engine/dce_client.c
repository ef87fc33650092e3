/* SPDX-License-Identifier: MIT */
#include "engine/dce_client_private.h"

#include "base/allocate.h"
#include "base/trap.h"

void
dce_client_violation(struct dce *dce, const char *sentence)
{
	dce_close(dce, BECKET_S_PROTOCOL_ERROR, sentence);
}

static void
refuse(struct dce *dce, const struct pdu_header *header,
    enum dce_offence offence)
{
	static const char *const sentences[] = {
		[DCE_TOO_SHORT] = "the server sent a PDU without its body",
		[DCE_BAD_HEADER] = "the server sent a malformed header",
		[DCE_UNEXPECTED] = "the server sent a PDU out of turn",
		[DCE_TOO_LONG] = "the server sent too large a fragment",
		[DCE_BAD_VERIFIER] = "the server sent a verifier unasked",
	};

	(void)header;
	dce_client_violation(dce, sentences[offence]);
}

static void
handle_shutdown(struct dce *dce, const struct pdu *pdu)
{
	(void)pdu;
	dce_client_retire(client_of(dce), "the server is shutting down");
}

static bool
may_parse(const struct dce *dce)
{
	(void)dce;
	return true;
}

static void
sent(struct dce *dce, struct dce_call *call)
{
	struct dce_client *client = client_of(dce);

	if (!call->alive)
		return;
	if (call->cancel_wanted && !call->is_stream)
		dce_output_header(dce, &dce->output.urgent, PDU_CO_CANCEL,
		    call->wire);
	if (call->maybe) {
		/* Some servers answer in spite of PFC_MAYBE. */
		client->late++;
		dce_client_finish(client, call, BECKET_S_OK,
		    BECKET_MAYBE_EXECUTED, NULL);
		dce_client_advance(client);
	}
}

static bool
is_amid(const struct dce *dce)
{
	return ((const struct dce_client *)(const void *)dce)->amid > 0;
}

static void
idle(struct dce *dce)
{
	if (dce->input.full > 0)
		return;
	if (dce->input.eof && (is_amid(dce) || dce_input_is_partial(dce)))
		dce_client_violation(dce,
		    "the server closed in the middle of an answer");
	else if (dce->input.eof && dce->ids.used > 0)
		dce_close(dce, BECKET_S_CALL_FAILED,
		    "the server closed the connection");
	else if (dce->input.eof)
		dce_close(dce, BECKET_S_OK, "the server has closed");
	else if (dce->draining && dce->ids.used == 0)
		dce_close(dce, BECKET_S_OK, "all calls are over");
}

/* What a call whose session is gone ends with. */
static becket_status
status_of_closed(const struct dce_client *client, const struct dce_call *call)
{
	becket_status status = client->dce.closed_status;

	if (client->refused != BECKET_S_OK)
		return client->refused;
	if (!call->out_any && status != BECKET_S_OUT_OF_MEMORY)
		return BECKET_S_CALL_FAILED_DNE;
	return status != BECKET_S_OK ? status : BECKET_S_CALL_FAILED;
}

static void
closing(struct dce *dce)
{
	struct dce_client *client = client_of(dce);

	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		if (!call->alive)
			continue;
		dce_client_finish(client, call, status_of_closed(client, call),
		    call->out_any ? BECKET_MAYBE_EXECUTED : BECKET_NOT_SENT,
		    dce->closed_sentence);
		dce_output_drop(dce, call);
	}
}

static void
client_free(struct session *session)
{
	struct dce *dce = dce_of(session);
	struct dce_client *client = client_of(dce);

	dce_fini(dce);
	memory_free(dce->memory, client->contexts,
	    client->capacity * sizeof *client->contexts);
	memory_free(dce->memory, client, sizeof *client);
}

static void
client_lost(struct session *session)
{
	struct dce *dce = dce_of(session);

	dce->input.eof = true;
	dce_close(dce, BECKET_S_CALL_FAILED, "the connection broke");
}

static void
client_drain(struct session *session)
{
	dce_of(session)->draining = true;
}

static bool
is_asking(const struct dce *dce)
{
	return dce->state == DCE_BINDING || dce->state == DCE_ALTERING;
}

static uint64_t
client_deadline(const struct session *session)
{
	const struct dce *dce = dce_of_const(session);
	const struct dce_client *client =
	    (const struct dce_client *)(const void *)dce;
	const struct dce_call *call = dce_client_first_due(client);
	uint64_t by = dce_earlier(dce_stall_deadline(dce),
	    is_asking(dce) ? client->bind_by : 0);

	return dce_earlier(by, call ? call->deadline : 0);
}

static void
client_tick(struct session *session, uint64_t now)
{
	struct dce *dce = dce_of(session);
	struct dce_client *client = client_of(dce);
	struct dce_call *call;

	dce->now = now;
	dce_check_stall(dce);
	while ((call = dce_client_first_due(client)) != NULL &&
	       call->deadline <= now)
		dce_client_expire(client, call);
	if (is_asking(dce) && now >= client->bind_by)
		dce_close(dce, BECKET_S_CALL_FAILED,
		    "the server did not answer the bind in time");
	dce_client_advance(client);
}

static uint32_t
client_association(const struct session *session)
{
	const struct dce *dce = dce_of_const(session);

	return ((const struct dce_client *)(const void *)dce)->association;
}

static const struct session_ops ops = {
	.free = client_free,
	.recv_vec = dce_recv_vec,
	.received = dce_received,
	.send_vec = dce_send_vec,
	.sent = dce_sent,
	.eof = dce_eof,
	.lost = client_lost,
	.drain = client_drain,
	.deadline = client_deadline,
	.tick = client_tick,
	.next = dce_next,
	.begin = dce_client_begin,
	.consumed = dce_consumed,
	.put = dce_client_put,
	.end = dce_client_end,
	.cancel = dce_client_cancel,
	.abandon = dce_client_abandon,
	.association = client_association,
};

/* clang-format off */
static const struct dce_role role = {
	.handlers = {
		[DCE_UNBOUND] = {
			[PDU_SHUTDOWN]           = handle_shutdown,
		},
		[DCE_BINDING] = {
			[PDU_FAULT]              = dce_client_bind_fault,
			[PDU_BIND_ACK]           = dce_client_bind_ack,
			[PDU_BIND_NAK]           = dce_client_bind_nak,
			[PDU_SHUTDOWN]           = handle_shutdown,
		},
		[DCE_BOUND] = {
			[PDU_RESPONSE]           = dce_client_response,
			[PDU_FAULT]              = dce_client_fault,
			[PDU_SHUTDOWN]           = handle_shutdown,
		},
		[DCE_ALTERING] = {
			[PDU_RESPONSE]           = dce_client_response,
			[PDU_FAULT]              = dce_client_fault,
			[PDU_ALTER_CONTEXT_RESP] = dce_client_alter_resp,
			[PDU_SHUTDOWN]           = handle_shutdown,
		},
	},
	.refuse    = refuse,
	.may_parse = may_parse,
	.is_amid   = is_amid,
	.fragment  = dce_client_fragment,
	.sent      = sent,
	.idle      = idle,
	.closing   = closing,
};
/* clang-format on */

becket_status
dce_client_session_new(const struct dce_client_config *config,
    struct session **ret_session)
{
	struct dce_client *client = memory_new(config->memory, sizeof *client);

	if (client == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	dce_init(&client->dce, &role, config->memory, config->limits,
	    config->now);
	client->dce.session.ops = &ops;
	client->association = config->association;
	list_init(&client->waiting);
	list_init(&client->due);
	*ret_session = &client->dce.session;
	return BECKET_S_OK;
}
