/* SPDX-License-Identifier: MIT */
#include "engine/dce_client_private.h"

#include "base/allocate.h"

/* Out of all lists, and out of its owner's reach. */
static void
detach(struct dce_client *client, struct dce_call *call)
{
	list_remove(&call->wait);
	list_remove(&call->due);
	if (call->in_flight)
		client->in_flight--;
	call->in_flight = false;
	if (call->is_amid)
		client->amid--;
	call->is_amid = false;
	dce_call_die(&client->dce, call);
}

static void
tell_end(struct dce_client *client, struct dce_call *call, becket_status status,
    enum becket_outcome outcome, const char *sentence)
{
	call->end = (struct session_end){ .status = status,
		.outcome = outcome,
		.fault_data = buffer_empty(client->dce.memory),
		.sentence = sentence };
	dce_call_event(&client->dce, call, SESSION_END);
}

void
dce_client_finish(struct dce_client *client, struct dce_call *call,
    becket_status status, enum becket_outcome outcome, const char *sentence)
{
	detach(client, call);
	dce_output_cut(&client->dce, call);
	tell_end(client, call, status, outcome, sentence);
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
	bool held = false; /* the ordered ones, by one that may not go */

	list_for_each (at, &client->waiting) {
		struct dce_call *call = container_of(at, struct dce_call, wait);

		if (!bound || (client->in_flight > 0 && !client->multiplexing))
			break;
		if (may_go(client, call) && !(call->ordered && held))
			go(client, call);
		else
			held |= call->ordered;
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

struct dce_call *
dce_client_first_due(const struct dce_client *client)
{
	return list_is_empty(&client->due)
	           ? NULL
	           : container_of(client->due.next, struct dce_call, due);
}

/* Tell the server that no answer is wanted. */
static void
orphan(struct dce_client *client, struct dce_call *call, bool cancel)
{
	struct dce *dce = &client->dce;

	client->late++;
	if (cancel && !call->cancel_wanted &&
	    (call->out_planned || call->is_stream))
		dce_output_header(dce, &dce->output.urgent, PDU_CO_CANCEL,
		    call->wire);
	dce_output_header(dce, &dce->output.urgent, PDU_ORPHANED, call->wire);
	if (!client->keep_on_orphan)
		dce_client_retire(client,
		    "the server ends the connection with an orphaned call");
}

/*
 * Nothing more is wanted of a call. If its request is half sent the rest goes
 * out all the same: some servers run what they were told to forget, and must
 * not run a part of it. Of a stream nothing goes out any more, and the session
 * ends, because its answer may have no end.
 */
static void
give_up(struct dce_client *client, struct dce_call *call, bool cancel)
{
	struct dce *dce = &client->dce;

	if (call->out_begun)
		orphan(client, call, cancel);
	if (!call->alive)
		return;
	detach(client, call);
	if (!call->out_begun || call->is_stream)
		dce_output_drop(dce, call);
	if (call->out_begun && call->is_stream)
		dce_close(dce, BECKET_S_OK, "a stream was given up");
	else if (call->out_begun && !call->out_ended)
		dce_close(dce, BECKET_S_CALL_FAILED,
		    "a request was given up before its end");
}

void
dce_client_expire(struct dce_client *client, struct dce_call *call)
{
	bool begun = call->out_begun;

	give_up(client, call, true);
	if ((call->events & 1u << SESSION_END) == 0)
		tell_end(client, call, BECKET_S_CALL_CANCELLED,
		    begun ? BECKET_MAYBE_EXECUTED : BECKET_NOT_SENT,
		    "the deadline of the call has passed");
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
	call->ordered = start->ordered;
	call->is_stream = start->is_stream;
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

becket_status
dce_client_begin(struct session *session, const struct call_start *start,
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

becket_status
dce_client_put(struct session *session, struct idmap_id id,
    struct buffer *message)
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
	give_up(client, call, false);
	dce_call_quiet(call, 0);
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

void
dce_client_abandon(struct session *session, struct idmap_id id)
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

becket_status
dce_client_end(struct session *session, struct idmap_id id,
    struct call_end *end)
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

void
dce_client_cancel(struct session *session, struct idmap_id id)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);

	if (call == NULL || call->cancel_wanted)
		return;
	call->cancel_wanted = true;
	if (call->is_stream && !call->out_begun)
		dce_client_finish(client_of(dce), call, BECKET_S_CALL_CANCELLED,
		    BECKET_NOT_SENT, "it was cancelled before it was sent");
	else if (call->is_stream || call->out_planned)
		dce_output_header(dce, &dce->output.urgent, PDU_CO_CANCEL,
		    call->wire);
}
