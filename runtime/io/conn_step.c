/* SPDX-License-Identifier: MIT */
#include "io/conn.h"

#include "base/allocate.h"
#include "io/server.h"
#include "stub/dispatch.h"
#include "stub/server_stream.h"

enum {
	FIRST_CALLS = 4,
	/* A peer that never lets us send everything takes no more memory. */
	MOST_UNSENT = 16384 * sizeof(struct idmap_id),
};

/* --------------------------------------------------------------- calls -- */

static struct becket_call *
find_call(const struct conn *conn, struct idmap_id id)
{
	struct becket_call *call =
	    id.index < conn->call_capacity ? conn->calls[id.index] : NULL;

	return call != NULL && call->id.generation == id.generation ? call
	                                                            : NULL;
}

static bool
grow_calls(struct conn *conn, uint32_t index)
{
	uint32_t capacity =
	    conn->call_capacity == 0 ? FIRST_CALLS : 2 * conn->call_capacity;
	struct becket_call **calls;

	if (index < conn->call_capacity)
		return true;
	if (capacity <= index)
		capacity = index + 1;
	calls = memory_resize(&conn->server->runtime->memory, conn->calls,
	    conn->call_capacity * sizeof *calls, capacity * sizeof *calls);
	if (calls == NULL)
		return false;
	for (uint32_t i = conn->call_capacity; i < capacity; i++)
		calls[i] = NULL;
	conn->calls = calls;
	conn->call_capacity = capacity;
	return true;
}

/* false: nobody will read how it ended; a call that is over already is none of
 * our trouble.
 */
static bool
end_call(struct conn *conn, struct idmap_id id, struct call_end *end)
{
	return conn->session->ops->end(conn->session, id, end) == BECKET_S_OK &&
	       end->is_read;
}

/* NULL: there is no memory for it, and it has been refused. */
static struct becket_call *
begin_call(struct conn *conn, struct session_event *event)
{
	struct becket_server *server = conn->server;
	struct becket_call *call = NULL;

	if (grow_calls(conn, event->call.index))
		call = becket_call_new(&conn->home->host, conn->peer, event,
		    conn->home->loop.now);
	if (call == NULL) {
		if (event->begun.metadata.data != NULL)
			buffer_fini(&event->begun.metadata);
		end_call(conn, event->call,
		    &(struct call_end){
		        .status = BECKET_S_REMOTE_NO_MEMORY,
		        .did_not_execute = true,
		        .fault_data = buffer_empty(&server->runtime->memory),
		    });
		return NULL;
	}
	call->conn = conn->id;
	conn->calls[event->call.index] = call;
	return call;
}

/* To a plain session it goes beside the reply. */
static void
put_metadata(struct conn *conn, struct becket_call *call, struct call_end *end)
{
	const struct session_ops *ops = conn->session->ops;
	struct call_answer *answer = &call->answer;

	if (!ops->is_plain)
		return;
	end->metadata = buffer_bytes(&answer->trailing);
	if (call->packing != CALL_PACKS_AS_CAME && call->stream == NULL &&
	    ops->pack != NULL)
		ops->pack(conn->session, call->id, call->packing == CALL_PACKS);
	if (answer->initial.size > 0 && !answer->is_headed && ops->head != NULL)
		(void)!ops->head(conn->session, call->id,
		    buffer_bytes(&answer->initial));
}

/* What was sent before it failed is sent all the same. */
static void
finish_stream(struct conn *conn, struct becket_call *call, struct call_end *end)
{
	becket_status status = server_stream_finish(call->stream);

	if (end->status == BECKET_S_OK)
		end->status = status;
	conn_end_stream(conn, call);
}

/* Give the reply to the session and be done with the call. */
static void
finish_call(struct conn *conn, struct becket_call *call)
{
	struct call_reply *reply = &call->reply;
	struct call_end end = {
		.status = reply->status,
		.did_not_execute = reply->did_not_execute,
	};
	struct buffer stub;
	bool is_delivered;

	server_log_call(conn->server, call);
	conn->calls[call->id.index] = NULL;
	put_metadata(conn, call, &end);
	stub = buffer_take(&reply->stub);
	if (call->stream != NULL) {
		finish_stream(conn, call, &end);
	} else if (end.status == BECKET_S_OK) {
		end.status =
		    conn->session->ops->put(conn->session, call->id, &stub);
		stub = buffer_empty(&conn->server->runtime->memory);
	}
	end.fault_data = stub;
	is_delivered =
	    end_call(conn, call->id, &end) && end.status == BECKET_S_OK;
	if (is_delivered && conn->unsent.size < MOST_UNSENT)
		contexts_note_new(call, &conn->unsent);
	contexts_finish(call, is_delivered);
	becket_call_free(call);
}

void
conn_answer(struct conn *conn, struct becket_call *call)
{
	if (find_call(conn, call->id) == call) {
		finish_call(conn, call);
		return;
	}
	server_log_call(conn->server, call);
	becket_call_free(call);
}

void
conn_abandon_calls(struct conn *conn)
{
	for (uint32_t i = 0; i < conn->call_capacity; i++) {
		struct becket_call *call = conn->calls[i];

		if (call == NULL)
			continue;
		conn->calls[i] = NULL;
		conn_end_stream(conn, call);
		atomic_store(&call->is_cancelled, true);
		if (!call->is_away || dispatch_withdraw(call))
			becket_call_free(call);
		else if (call->stream != NULL &&
		         server_stream_cancel(call->stream))
			call->host->attend(call->host, call->stream);
	}
}

/* -------------------------------------------------------------- events -- */

/* false: it is one too many. */
static bool
take_message(struct becket_call *call, struct session_event *event)
{
	if (call == NULL || call->has_request) {
		buffer_fini(&event->message);
		return call == NULL;
	}
	call->request = event->message;
	call->was_packed = event->is_packed;
	call->has_request = true;
	return true;
}

static void
take_closed(struct conn *conn, const struct session_event *event)
{
	bool is_clean = event->closed.status == BECKET_S_OK;

	runtime_log(conn->server->runtime,
	    is_clean ? BECKET_LOG_DEBUG : BECKET_LOG_INFO, "%s closed: %s",
	    conn->peer->view.text, event->closed.sentence);
	conn_abandon_calls(conn);
	conn->phase = CONN_FLUSHING;
	conn->give_up = conn_stall_end(conn);
}

/* What the application is asked, it is asked outside managers_enter(). */
static void
find_type(struct conn *conn, struct becket_call *call)
{
	struct managers *managers = &conn->server->managers;

	if (becket_uuid_is_nil(&call->begun.object))
		return;
	managers_leave(managers);
	dispatch_find_type(call);
	managers_enter(managers);
}

/* Within managers_enter(), for the sake of the log. Before it was complete, it
 * never will be; while it waits, it need not run any more.
 */
static struct becket_call *
take_cancel(struct conn *conn, struct becket_call *call,
    becket_status *ret_refusal)
{
	atomic_store(&call->is_cancelled, true);
	if (call->stream != NULL && server_stream_cancel(call->stream))
		conn_note_due(conn, call);
	*ret_refusal = BECKET_S_CALL_CANCELLED;
	if (call->type == NULL) {
		(void)!dispatch_prepare(call);
		return call;
	}
	if (!dispatch_withdraw(call))
		return NULL;
	call->is_away = false;
	return call;
}

/* In DCE/RPC to say nothing is to send an empty message. */
static bool
is_empty(const struct becket_call *call)
{
	return call->begun.syntax == SYNTAX_PROTOBUF && !call->has_request;
}

static struct becket_call *
take_stream(struct conn *conn, struct becket_call *call,
    struct session_event *event, becket_status *ret_refusal)
{
	if (!conn_take_stream(conn, call, event))
		return NULL;
	*ret_refusal = dispatch_prepare(call);
	return call;
}

static struct becket_call *
take_begun(struct conn *conn, struct session_event *event,
    becket_status *ret_refusal)
{
	struct becket_call *call = begin_call(conn, event);

	if (call == NULL)
		return NULL;
	find_type(conn, call);
	*ret_refusal = dispatch_admit(call);
	if (*ret_refusal == BECKET_S_OK && call->streams != 0)
		*ret_refusal = conn_begin_stream(conn, call);
	if (*ret_refusal != BECKET_S_OK)
		return call;
	return call->stream == NULL
	           ? NULL
	           : take_stream(conn, call, event, ret_refusal);
}

/* Within managers_enter(). A call that has something to be done, and whether
 * that is to refuse it; else NULL.
 */
static struct becket_call *
take_event(struct conn *conn, struct session_event *event,
    becket_status *ret_refusal)
{
	struct becket_call *call;
	bool is_overfull = false;

	if (event->kind == SESSION_CALL)
		return take_begun(conn, event, ret_refusal);
	if (event->kind == SESSION_CLOSED) {
		take_closed(conn, event);
		return NULL;
	}
	call = find_call(conn, event->call);
	if (call != NULL && event->kind == SESSION_CANCEL)
		return take_cancel(conn, call, ret_refusal);
	if (call != NULL && call->stream != NULL)
		return take_stream(conn, call, event, ret_refusal);
	if (event->kind == SESSION_MESSAGE)
		is_overfull = !take_message(call, event);
	if (call == NULL || (event->kind != SESSION_END && !is_overfull))
		return NULL;
	*ret_refusal = dispatch_prepare(call);
	if (is_overfull || is_empty(call))
		*ret_refusal = BECKET_S_PROTOCOL_ERROR;
	return call;
}

/* The loop is the only one who writes. */
static void
add_to(atomic_ullong *counter, uint64_t now, uint64_t then)
{
	uint64_t sum = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, sum + (now - then),
	    memory_order_relaxed);
}

void
conn_count(struct conn *conn)
{
	struct server_loop *home = conn->home;
	const struct session_stats *now = &conn->session->stats;
	const struct session_stats *then = &conn->counted;

	add_to(&home->calls_in, now->calls_in, then->calls_in);
	add_to(&home->calls_out, now->calls_out, then->calls_out);
	add_to(&home->packets_in, now->pdus_in, then->pdus_in);
	add_to(&home->packets_out, now->pdus_out, then->pdus_out);
	conn->counted = *now;
}

/* Decode, run and encode elsewhere; it comes back as any answer does. */
static void
give_to_worker(struct conn *conn, struct becket_call *call)
{
	call->is_away = true;
	if (workers_give(&conn->server->workers, call))
		return;
	call->is_away = false;
	dispatch_refuse(call, BECKET_S_SERVER_TOO_BUSY);
	finish_call(conn, call);
}

static bool
is_for_worker(const struct conn *conn, const struct becket_call *call)
{
	bool may_wait = (becket_call_operation(call)->flags &
	                    BECKET_OPERATION_BLOCKING) != 0 ||
	                (call->type->flags & BECKET_IF_BLOCKING) != 0;

	return may_wait && conn->server->workers.most > 0;
}

static void
run_here(struct conn *conn, struct becket_call *call)
{
	if (call->stream != NULL)
		server_stream_enter_loop(call->stream);
	if (dispatch_run(call)) {
		finish_call(conn, call);
		return;
	}
	call->is_away = true;
	if (call->stream == NULL)
		return;
	server_stream_notify(call->stream);
	server_stream_move(call->stream);
}

static void
run_call(struct conn *conn, struct becket_call *call)
{
	conn_count(conn); /* it may ask for the statistics */
	if (is_for_worker(conn, call))
		give_to_worker(conn, call);
	else
		run_here(conn, call);
}

void
conn_resume(struct conn *conn, struct becket_call *call)
{
	if (find_call(conn, call->id) == call) {
		call->is_away = false;
		run_call(conn, call);
	} else {
		becket_call_free(call);
	}
}

static void
do_call(struct conn *conn, struct becket_call *call, becket_status refusal)
{
	if (refusal != BECKET_S_OK) {
		dispatch_refuse(call, refusal);
	} else if (dispatch_authorize(call)) {
		switch (dispatch_enter(call)) {
		case GATE_ENTERED:
			run_call(conn, call);
			return;
		case GATE_WAIT:
			call->is_away = true;
			return;
		default:
			break;
		}
	}
	finish_call(conn, call);
}

void
conn_cancel_call(struct conn *conn, struct becket_call *call)
{
	struct managers *managers = &conn->server->managers;
	becket_status refusal;

	managers_enter(managers);
	call = take_cancel(conn, call, &refusal);
	managers_leave(managers);
	if (call != NULL)
		do_call(conn, call, refusal);
}

static bool
take_events(struct conn *conn)
{
	struct managers *managers = &conn->server->managers;
	struct session_event event;
	bool any = false;

	managers_enter(managers);
	while (conn->phase == CONN_OPEN &&
	       conn->session->ops->next(conn->session, &event)) {
		becket_status refusal;
		struct becket_call *call = take_event(conn, &event, &refusal);

		any = true;
		if (call == NULL)
			continue;
		managers_leave(managers);
		do_call(conn, call, refusal);
		managers_enter(managers);
	}
	managers_leave(managers);
	return any;
}

bool
conn_step(struct conn *conn)
{
	bool any = take_events(conn);

	conn_tell_streams(conn);
	return any;
}
