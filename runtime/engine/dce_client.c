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

/* Out of all lists, and out of its owner's reach. */
static void
detach(struct dce_client *client, struct dce_call *call)
{
	list_remove(&call->wait);
	list_remove(&call->due);
	if (call->in_flight)
		client->in_flight--;
	call->in_flight = false;
	dce_output_cut(&client->dce, call);
	dce_call_die(&client->dce, call);
}

void
dce_client_finish(struct dce_client *client, struct dce_call *call,
    becket_status status, enum becket_outcome outcome, const char *sentence)
{
	detach(client, call);
	call->end = (struct session_end){ .status = status,
		.outcome = outcome,
		.fault_data = buffer_empty(client->dce.memory),
		.sentence = sentence };
	dce_call_event(&client->dce, call, SESSION_END);
}

static bool
may_go(const struct dce_client *client, const struct dce_call *call)
{
	return client->contexts[call->pctx].state == PCTX_ACCEPTED &&
	       (call->out_ended || call->out.size > 0);
}

static void
go(struct dce_client *client, struct dce_call *call)
{
	list_remove(&call->wait);
	call->in_flight = true;
	client->in_flight++;
	dce_output_enqueue(&client->dce, call);
}

void
dce_client_advance(struct dce_client *client)
{
	struct dce *dce = &client->dce;
	bool bound = dce->state == DCE_BOUND || dce->state == DCE_ALTERING;

	list_for_each (at, &client->waiting) {
		struct dce_call *call = container_of(at, struct dce_call, wait);

		if (!bound || (client->in_flight > 0 && !client->multiplexing))
			break;
		if (may_go(client, call))
			go(client, call);
	}
	if (dce->state == DCE_UNBOUND ||
	    (dce->state == DCE_BOUND &&
	        (client->in_flight == 0 || client->multiplexing)))
		dce_client_ask(client);
}

void
dce_client_retire(struct dce_client *client, const char *sentence)
{
	client->dce.draining = true;
	list_for_each (at, &client->waiting)
		dce_client_finish(client,
		    container_of(at, struct dce_call, wait),
		    BECKET_S_CALL_FAILED_DNE, BECKET_NOT_SENT, sentence);
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
	if (call->cancel_wanted)
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
is_answer_partial(const struct dce *dce)
{
	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		if (call->alive && call->in_begun)
			return true;
	}
	return dce_input_is_partial(dce);
}

static void
idle(struct dce *dce)
{
	if (dce->input.eof && is_answer_partial(dce))
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

static struct dce_call *
first_due(const struct dce_client *client)
{
	return list_is_empty(&client->due)
	           ? NULL
	           : container_of(client->due.next, struct dce_call, due);
}

static uint64_t
client_deadline(const struct session *session)
{
	const struct dce *dce = dce_of_const(session);
	const struct dce_client *client =
	    (const struct dce_client *)(const void *)dce;
	const struct dce_call *call = first_due(client);
	uint64_t by = dce_earlier(dce_stall_deadline(dce),
	    is_asking(dce) ? client->bind_by : 0);

	return dce_earlier(by, call ? call->deadline : 0);
}

/* Tell the server that no answer is wanted. A request that is still on its way
 * is cut short behind that, so that the server sees its end.
 */
static void
orphan(struct dce_client *client, struct dce_call *call, bool cancel)
{
	struct dce *dce = &client->dce;

	if (!call->out_begun)
		return;
	client->late++;
	if (cancel && call->out_planned && !call->cancel_wanted)
		dce_output_header(dce, &dce->output.urgent, PDU_CO_CANCEL,
		    call->wire);
	dce_output_header(dce, &dce->output.urgent, PDU_ORPHANED, call->wire);
	if (!client->keep_on_orphan)
		dce_client_retire(client,
		    "the server ends the connection with an orphaned call");
}

static void
expire(struct dce_client *client, struct dce_call *call)
{
	bool begun = call->out_begun;

	orphan(client, call, true);
	if (!call->alive)
		return;
	dce_client_finish(client, call, BECKET_S_CALL_CANCELLED,
	    begun ? BECKET_MAYBE_EXECUTED : BECKET_NOT_SENT,
	    "the deadline of the call has passed");
}

static void
client_tick(struct session *session, uint64_t now)
{
	struct dce *dce = dce_of(session);
	struct dce_client *client = client_of(dce);
	struct dce_call *call;

	dce->now = now;
	dce_check_stall(dce);
	while ((call = first_due(client)) != NULL && call->deadline <= now)
		expire(client, call);
	if (is_asking(dce) && now >= client->bind_by)
		dce_close(dce, BECKET_S_CALL_FAILED,
		    "the server did not answer the bind in time");
	dce_client_advance(client);
}

static bool
grow_contexts(struct dce_client *client)
{
	size_t size = sizeof *client->contexts;
	size_t capacity = client->capacity == 0 ? 1 : 2 * client->capacity;
	struct client_pctx *grown;

	if (client->count < client->capacity)
		return true;
	grown = memory_resize(client->dce.memory, client->contexts,
	    client->capacity * size, capacity * size);
	if (grown == NULL)
		return false;
	client->contexts = grown;
	client->capacity = capacity;
	return true;
}

/* The context for what a call wants, asked for unless it is accepted. */
static becket_status
want_context(struct dce_client *client, const struct call_start *start,
    size_t *ret_index)
{
	size_t limit = client->dce.limits->contexts_per_session;
	size_t i = 0;

	while (i < client->count &&
	       (client->contexts[i].syntax != start->syntax ||
	           !syntax_equal(&client->contexts[i].interface,
	               &start->interface)))
		i++;
	if (i == client->count) {
		if (i >= limit || dce_client_context(i) >= DCE_CONTEXT_MASK)
			return BECKET_S_OUT_OF_RESOURCES;
		if (!grow_contexts(client))
			return BECKET_S_OUT_OF_MEMORY;
		client->contexts[client->count++] =
		    (struct client_pctx){ .interface = start->interface,
			    .syntax = start->syntax };
	}
	if (client->contexts[i].state == PCTX_IDLE)
		client->contexts[i].state = PCTX_WANTED;
	*ret_index = i;
	return BECKET_S_OK;
}

/* Calls mostly have the same timeout, so their place is near the end. */
static void
insert_due(struct dce_client *client, struct dce_call *call)
{
	struct list *at = &client->due;

	while (at->previous != &client->due &&
	       container_of(at->previous, struct dce_call, due)->deadline >
	           call->deadline)
		at = at->previous;
	list_append(at, &call->due);
}

static void
fill(struct dce_client *client, struct dce_call *call,
    const struct call_start *start, size_t pctx)
{
	call->wire = call->id.index << 16 | (call->id.generation & 0xffff);
	call->pctx = pctx;
	call->context = dce_client_context(pctx);
	call->opnum = start->opnum;
	call->out_type = PDU_REQUEST;
	call->maybe = start->maybe;
	call->out_flags = start->maybe ? PDU_MAYBE : 0;
	if (start->object != NULL && !becket_uuid_is_nil(start->object)) {
		call->object = *start->object;
		call->out_flags |= PDU_OBJECT;
	}
	call->deadline = start->deadline;
	if (call->deadline != 0)
		insert_due(client, call);
	list_append(&client->waiting, &call->wait);
}

static becket_status
client_begin(struct session *session, const struct call_start *start,
    struct idmap_id *ret_call)
{
	struct dce *dce = dce_of(session);
	struct dce_client *client = client_of(dce);
	struct dce_call *call;
	becket_status status;
	size_t pctx;

	if (dce->state >= DCE_CLOSING || dce->draining || dce->input.eof)
		return BECKET_S_COMM_FAILURE;
	if (dce->ids.used == dce->ids.limit)
		return BECKET_S_OUT_OF_RESOURCES;
	status = want_context(client, start, &pctx);
	if (status != BECKET_S_OK)
		return status;
	call = dce_call_new(dce);
	if (call == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	fill(client, call, start, pctx);
	session->stats.calls_out++;
	*ret_call = call->id;
	dce_client_advance(client);
	return BECKET_S_OK;
}

static becket_status
client_put(struct session *session, struct idmap_id id, struct buffer *message)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);
	becket_status status = BECKET_S_NO_CALL_ACTIVE;

	if (call == NULL || call->out_ended) {
		buffer_fini(message);
		return status;
	}
	status = dce_output_put(dce, call, message);
	dce_client_advance(client_of(dce));
	return status;
}

static void
forget(struct dce_client *client, struct dce_call *call)
{
	orphan(client, call, false);
	dce_call_quiet(call, 0);
	detach(client, call);
	dce_call_settle(&client->dce, call);
	dce_client_advance(client);
}

/* A call may be over whose end has not been taken yet. */
static struct dce_call *
find_untold(struct dce *dce, struct idmap_id id)
{
	list_for_each (at, &dce->events) {
		struct dce_call *call =
		    container_of(at, struct dce_call, event);

		if (call->id.index == id.index &&
		    call->id.generation == id.generation)
			return call;
	}
	return NULL;
}

static void
client_abandon(struct session *session, struct idmap_id id)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);

	if (call != NULL) {
		forget(client_of(dce), call);
		return;
	}
	call = find_untold(dce, id);
	if (call == NULL)
		return;
	dce_call_quiet(call, 0);
	dce_call_settle(dce, call);
}

static becket_status
client_end(struct session *session, struct idmap_id id, struct call_end *end)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);

	if (end->fault_data.memory != NULL)
		buffer_fini(&end->fault_data);
	if (call == NULL)
		return BECKET_S_NO_CALL_ACTIVE;
	if (end->status != BECKET_S_OK) {
		forget(client_of(dce), call);
		return BECKET_S_OK;
	}
	call->out_ended = true;
	dce_client_advance(client_of(dce));
	return BECKET_S_OK;
}

static void
client_cancel(struct session *session, struct idmap_id id)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);

	if (call == NULL || call->cancel_wanted)
		return;
	call->cancel_wanted = true;
	if (call->out_planned)
		dce_output_header(dce, &dce->output.urgent, PDU_CO_CANCEL,
		    call->wire);
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
	.begin = client_begin,
	.put = client_put,
	.end = client_end,
	.cancel = client_cancel,
	.abandon = client_abandon,
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

uint32_t
dce_client_association(const struct session *session)
{
	const struct dce *dce = dce_of_const(session);

	return ((const struct dce_client *)(const void *)dce)->association;
}
