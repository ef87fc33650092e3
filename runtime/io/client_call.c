/* SPDX-License-Identifier: MIT */
#include "io/client_call.h"

#include <stdio.h>

#include "io/binding.h"
#include "io/client_context.h"
#include "io/client_hold.h"
#include "io/clock.h"
#include "io/error.h"
#include "io/lease.h"
#include "io/resolve.h"
#include "stub/invoke.h"

/*
 * The life of a call, as its client's thread lives it:
 *
 *   check, look at the handle, resolve its endpoint
 *   lease a connection, begin, step until it is over, return the connection
 *   ... once more on a new connection, if the server cannot have read anything
 *   ... again, some times, if the operation is idempotent and the connection
 *   was lost
 *   decode, or write the error record
 */
struct client_call {
	struct becket_binding *binding;
	struct binding_view view;
	struct client_association *association;
	struct client_contexts *contexts; /* NULL: the operation has none */
	void **handles;                   /* the stub's */
	uint32_t group;                   /* of the last try */
	struct buffer metadata; /* with the session's, where one is held */
	struct invoke invoke;
	char *endpoint; /* resolved; NULL: the binding's own */
	int error;      /* errno of a lost connection */
	bool was_cut;   /* the connection of the last try ended */
	uint32_t repeats;
	enum becket_outcome outcome; /* of the tries before the last */
	char why[CONNECT_WHY_SIZE];
};

/* A new connection may find that its server knows the association no more, so
 * the second try may need a third.
 */
enum { TRIES = 3 };

static const char *
endpoint_of(const struct client_call *call)
{
	return call->endpoint != NULL ? call->endpoint
	                              : call->binding->endpoint;
}

static struct error_place
place_of(const struct client_call *call)
{
	return (struct error_place){
		.protseq = call->binding->protseq->name,
		.host = call->binding->host,
		.endpoint = endpoint_of(call),
		.interface = call->invoke.interface->name,
		.operation = invoke_operation_name(&call->invoke),
	};
}

static struct call_failure
failure_of(const struct client_call *call)
{
	return (struct call_failure){ place_of(call), call->outcome };
}

uint32_t
client_call_timeout(const struct invoke *invoke,
    const struct binding_view *view)
{
	return view->timeout != 0
	           ? view->timeout
	           : invoke->interface->operations[invoke->opnum].timeout_ms;
}

uint64_t
client_call_deadline(const struct invoke *invoke,
    const struct binding_view *view)
{
	uint32_t timeout = client_call_timeout(invoke, view);

	if (timeout == 0)
		timeout = invoke->limits->call_ms;
	return clock_now() + clock_from_ms(timeout);
}

uint64_t
client_call_connect_deadline(const struct invoke *invoke,
    const struct becket_binding *binding)
{
	uint32_t timeout = binding->options->connect_timeout;
	uint64_t until = clock_now() + clock_from_ms(timeout);

	return timeout != 0 && until < invoke->deadline ? until
	                                                : invoke->deadline;
}

static void
run(struct client_call *call, struct lease *lease)
{
	client_conn_start(lease->conn);
	while (!call->invoke.is_over) {
		client_conn_step(lease->conn, &call->invoke);
		lease_note_association(lease);
	}
	call->error = lease->conn->error;
	call->was_cut = lease->conn->is_eof || lease->conn->is_lost;
}

/* Servers of HTTP/2, and what stands before them, also refuse what comes first
 * on a new connection, and mean that another may do.
 */
static bool
is_worth_another(const struct lease *lease)
{
	const struct client_conn *conn = lease->conn;

	return conn->session->ops->is_plain ||
	       (conn->is_dead &&
	           (lease->origin == LEASE_REUSED || lease_is_refused(lease)));
}

bool
client_call_was_not_read(const struct invoke *invoke, const struct lease *lease)
{
	const struct session_end *end = &invoke->end;

	return end->status == BECKET_S_CALL_FAILED_DNE &&
	       end->outcome == BECKET_NOT_SENT && end->wire_status == 0 &&
	       is_worth_another(lease) && !invoke_is_late(invoke, clock_now());
}

/* A context handle that goes in: it says where to. NULL: there is none. */
static const struct client_context *
context_of(const struct client_call *call)
{
	return call->contexts == NULL ? NULL : call->contexts->used;
}

/* Its context handles are those of a session, not of a group of connections. */
static bool
is_held(const struct client_call *call)
{
	return call->contexts != NULL && call->association->protseq->is_grpc;
}

static becket_status
enter_session(struct client_call *call)
{
	const struct client_context *context = context_of(call);
	const struct client_hold_wish wish = {
		.association = call->association,
		.number = context == NULL ? 0 : context->group,
		.deadline =
		    client_call_connect_deadline(&call->invoke, call->binding),
		.metadata = call->invoke.request_metadata,
	};
	becket_status status =
	    client_hold_enter(&wish, &call->group, &call->metadata, call->why);

	if (status == BECKET_S_OK)
		call->invoke.request_metadata = buffer_bytes(&call->metadata);
	return status;
}

/* One connection, one try. S_OK: invoke.end says how it ended. */
static becket_status
try_once(struct client_call *call, const void *request, bool is_first,
    bool *ret_retry)
{
	struct lease_wish wish = {
		.association = call->association,
		.must_be_new = !is_first,
		.deadline = call->invoke.deadline,
		.connect_deadline =
		    client_call_connect_deadline(&call->invoke, call->binding),
	};
	struct lease lease;
	becket_status status;

	if (context_of(call) != NULL && !is_held(call))
		wish.group = context_of(call)->group;
	status = lease_take(&wish, &lease, call->why);
	*ret_retry = call->was_cut = false;
	if (status == BECKET_X_SS_CONTEXT_MISMATCH)
		snprintf(call->why, sizeof call->why,
		    "the association it belongs to has ended");
	if (status != BECKET_S_OK)
		return status;
	status = invoke_begin(&call->invoke, lease.conn->session, request,
	    clock_now());
	if (status == BECKET_S_OK) {
		run(call, &lease);
		if (!is_held(call))
			call->group = lease.conn->association;
		*ret_retry = client_call_was_not_read(&call->invoke, &lease);
		if (*ret_retry && lease.origin == LEASE_JOINED &&
		    lease.conn->is_dead)
			lease_forget_association(&lease);
	}
	lease_return(&lease);
	if (status == BECKET_S_LIMIT_EXCEEDED)
		snprintf(call->why, sizeof call->why,
		    "a request may have %zu bytes",
		    call->invoke.limits->request_size);
	return status;
}

/* Until it is known how the call ended, or that it did not begin. */
static becket_status
try_rebinding(struct client_call *call, const void *request)
{
	becket_status status = BECKET_S_OK;
	bool is_retry = true;

	for (int i = 0; i < TRIES && status == BECKET_S_OK && is_retry; i++) {
		invoke_retry(&call->invoke);
		status = try_once(call, request, i == 0, &is_retry);
	}
	if (status == BECKET_S_SERVER_UNAVAILABLE &&
	    clock_now() >= call->invoke.deadline)
		status = BECKET_S_CALL_CANCELLED;
	return status;
}

/* Was the last try cut short? A server that was lost may be coming back, so
 * then not to reach it counts too.
 */
static bool
is_cut(const struct client_call *call, becket_status status)
{
	if (status != BECKET_S_OK)
		return status == BECKET_S_SERVER_UNAVAILABLE &&
		       call->repeats > 0;
	return call->was_cut && call->invoke.end.status != BECKET_S_OK &&
	       call->invoke.end.wire_status == 0;
}

/* 0, then 50 ms, 200 ms, ...: a server needs some time to start again. */
uint64_t
client_call_pause(uint32_t repeats)
{
	uint32_t last = repeats < 8 ? repeats : 8;

	return last == 0 ? 0 : clock_from_ms(UINT64_C(50) << 2 * (last - 1));
}

/* false: the deadline is before that. */
static bool
pause_before_repeat(const struct client_call *call)
{
	uint64_t until = clock_now() + client_call_pause(call->repeats);

	if (until >= call->invoke.deadline)
		return false;
	clock_sleep_until(until);
	return true;
}

static bool
may_repeat(const struct client_call *call, becket_status status)
{
	return is_cut(call, status) && invoke_is_idempotent(&call->invoke) &&
	       call->repeats < call->invoke.limits->repeats &&
	       pause_before_repeat(call);
}

static becket_status
try_repeating(struct client_call *call, const void *request)
{
	becket_status status;

	while (status = try_rebinding(call, request),
	    may_repeat(call, status)) {
		if (status == BECKET_S_OK)
			call->outcome = client_call_worse(call->outcome,
			    call->invoke.end.outcome);
		call->repeats++;
	}
	return status;
}

/* A context handle knows its association; what the binding handle's is by now,
 * it may be another one.
 */
static becket_status
find_association(struct client_call *call)
{
	const struct client_context *context = context_of(call);

	if (context == NULL)
		return binding_association(call->binding, endpoint_of(call),
		    &call->association);
	call->association = client_association_ref(context->association);
	return BECKET_S_OK;
}

static becket_status
find_endpoint(struct client_call *call, char why[RESOLVE_WHY_SIZE])
{
	const struct client_context *context = context_of(call);

	if (context == NULL)
		return resolve(call->binding, call->invoke.interface,
		    &call->view.object, call->invoke.deadline, &call->endpoint,
		    why);
	*why = '\0';
	call->endpoint = runtime_copy_text(call->binding->runtime,
	    context->association->endpoint);
	return call->endpoint == NULL ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK;
}

static becket_status
decode(struct client_call *call, void **ret_response)
{
	void *response;
	becket_status status = invoke_decode(&call->invoke, &response);

	if (status == BECKET_S_OK && call->contexts != NULL) {
		status = client_contexts_take(call->contexts, call->handles,
		    response, call->association, call->group);
		if (status != BECKET_S_OK)
			becket_stub_free(response);
	}
	if (status == BECKET_S_OK)
		*ret_response = response;
	return status;
}

static becket_status
call_server(struct client_call *call, const void *request, void **ret_response)
{
	struct call_failure failure;
	char why[RESOLVE_WHY_SIZE];
	becket_status status = find_endpoint(call, why);

	failure = failure_of(call);
	if (status != BECKET_S_OK)
		return client_call_fail(&failure, status, BECKET_NOT_SENT,
		    *why == '\0' ? NULL : why);
	status = find_association(call);
	if (status == BECKET_S_OK && call->contexts != NULL)
		client_association_pin(call->association);
	if (status == BECKET_S_OK && is_held(call))
		status = enter_session(call);
	if (status == BECKET_S_OK)
		status = try_repeating(call, request);
	failure = failure_of(call);
	if (status != BECKET_S_OK)
		return client_call_fail_early(&failure, status, call->why);
	invoke_show_metadata(&call->invoke);
	if (call->invoke.end.status != BECKET_S_OK)
		return client_call_fail_ended(&failure, &call->invoke,
		    call->error);
	status = decode(call, ret_response);
	if (status != BECKET_S_OK)
		return client_call_fail_decode(&failure, status);
	return BECKET_S_OK;
}

/* What a server opens for the call is its association's, which must not be
 * closed for being idle before the caller has it.
 */
static becket_status
make_call(struct client_call *call, const void *request, void **ret_response)
{
	struct becket_binding *binding = call->binding;
	struct becket_runtime *runtime = binding->runtime;
	becket_status status;

	call->view = binding_view(binding);
	client_call_follow(&call->invoke, binding, &call->view);
	call->invoke.deadline =
	    client_call_deadline(&call->invoke, &call->view);
	status = call_server(call, request, ret_response);
	/* The binding handle may be that of a context handle that is closed. */
	invoke_fini(&call->invoke);
	if (call->metadata.data != NULL)
		buffer_fini(&call->metadata);
	runtime_free_text(runtime, call->endpoint);
	if (call->contexts != NULL && call->association != NULL)
		client_association_unpin(call->association);
	client_association_unref(call->association);
	return status;
}

becket_status
becket_stub_call(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, void **ret_response)
{
	struct client_call call = {
		.binding = binding,
		.invoke = { .interface = interface, .opnum = opnum },
	};
	becket_status status = client_call_check(binding, &call.invoke,
	    request != NULL && ret_response != NULL);

	return status == BECKET_S_OK ? make_call(&call, request, ret_response)
	                             : status;
}

becket_status
becket_stub_call_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    const void *request, void **ret_response)
{
	struct client_contexts all = { 0 };
	struct client_call call = {
		.binding = binding,
		.contexts = &all,
		.handles = contexts,
		.invoke = { .interface = interface, .opnum = opnum },
	};
	becket_status status;

	if (request == NULL || ret_response == NULL || contexts == NULL ||
	    invoke_check(&call.invoke) != BECKET_S_OK)
		return client_call_check(binding, &call.invoke,
		    binding != NULL && request != NULL &&
		        ret_response != NULL && contexts != NULL);
	status = client_contexts_begin(&all, contexts, &call.binding,
	    &call.invoke, request, client_call_check);
	if (status == BECKET_S_OK)
		status = make_call(&call, all.request, ret_response);
	client_contexts_fini(&all);
	return status;
}
