/* SPDX-License-Identifier: MIT */
#include "stub/dispatch.h"

#include <string.h>

#include "base/allocate.h"
#include "payload/codec.h"
#include "stub/frame.h"
#include "stub/server_stream.h"
#include "wire/status_message.h"

enum {
	STREAM =
	    BECKET_OPERATION_REQUEST_STREAM | BECKET_OPERATION_RESPONSE_STREAM,
};

static bool
is_hole(const struct manager_type *type, uint16_t opnum)
{
	return opnum >= type->interface->operation_count ||
	       type->interface->operations[opnum].name == NULL;
}

/* Who may not come in is not told what there is. */
static bool
is_let_in(const struct manager_type *type, const struct becket_peer *peer)
{
	return ((type->flags & BECKET_IF_ALLOW_LOCAL_ONLY) == 0 ||
	           peer->is_local) &&
	       ((type->flags & BECKET_IF_ALLOW_SECURE_ONLY) == 0 ||
	           peer->has_credentials);
}

/* There are none in NDR, and no context handles in them. */
static becket_status
judge_streams(const struct becket_call *call,
    const struct becket_operation *operation)
{
	if ((operation->flags & STREAM) != 0 &&
	    (call->begun.syntax == SYNTAX_NDR ||
	        stream_has_contexts(operation)))
		return BECKET_S_STREAMS_NOT_SUPPORTED;
	return BECKET_S_OK;
}

static becket_status
judge(const struct becket_call *call, const struct manager_type *type)
{
	uint16_t opnum = call->begun.opnum;

	if (!is_let_in(type, &call->peer->view))
		return BECKET_S_ACCESS_DENIED;
	if (is_hole(type, opnum))
		return BECKET_S_PROCNUM_OUT_OF_RANGE;
	return judge_streams(call, &type->interface->operations[opnum]);
}

static uint32_t
streams_of(const struct becket_call *call, const struct manager_type *type)
{
	return type->interface->operations[call->begun.opnum].flags & STREAM;
}

void
dispatch_find_type(struct becket_call *call)
{
	/* None, or none that is known: then its type stays nil. */
	(void)!objects_inq_type(call->host->objects, &call->begun.object,
	    &call->object_type);
}

static struct registered *
registered_of(const struct becket_call *call)
{
	return registry_get(&call->host->managers->registry,
	    call->interface_id);
}

becket_status
dispatch_admit(struct becket_call *call)
{
	struct registered *registered = registered_of(call);
	becket_status status = BECKET_S_UNSUPPORTED_TYPE;
	struct manager_type *type;

	if (registered == NULL)
		return BECKET_S_UNKNOWN_IF;
	type = manager_find_type(registered, &call->object_type);
	if (type != NULL)
		status = judge(call, type);
	if (status != BECKET_S_OK)
		call->type = manager_hold(
		    type != NULL ? type : manager_any_type(registered));
	else
		call->streams = streams_of(call, type);
	return status;
}

becket_status
dispatch_prepare(struct becket_call *call)
{
	struct registered *registered = registered_of(call);
	struct manager_type *type;
	becket_status status;

	if (registered == NULL)
		return BECKET_S_UNKNOWN_IF;
	type = manager_find_type(registered, &call->object_type);
	if (type == NULL)
		return BECKET_S_UNSUPPORTED_TYPE;
	call->type = manager_hold(type);
	status = judge(call, type);
	if (status != BECKET_S_OK)
		return status;
	if (call->streams != streams_of(call, type))
		return BECKET_S_UNKNOWN_IF; /* it is another by now */
	if (call->stream != NULL)
		call->stream->stream.interface = type->interface;
	return contexts_hold(call);
}

/* Without memory for it, or room, the status still counts. */
static struct buffer
encode_status(const struct becket_call *call,
    const struct status_message *message)
{
	struct buffer data = buffer_empty(call->host->memory);
	size_t size = status_message_measure(message);

	if (size > call->host->limits->fault_size ||
	    !buffer_reserve(&data, size))
		return data;
	status_message_encode(message, data.data);
	data.size = size;
	return data;
}

/* Peers on our syntax get the sentence, and what else there is to say:
 * PROTOCOL.md section 4.
 */
static struct buffer
make_fault_data(const struct becket_call *call, becket_status status,
    const char *sentence)
{
	struct buffer data = buffer_empty(call->host->memory);
	struct buffer header = data;
	struct status_message message = {
		.code = status,
		.details = buffer_bytes(&call->answer.details),
	};

	if (call->begun.syntax == SYNTAX_NDR)
		return data;
	if (sentence != NULL)
		message.sentence =
		    (struct becket_bytes){ (const uint8_t *)sentence,
			    strlen(sentence) };
	if (call->begun.syntax == SYNTAX_BECKET)
		header = becket_call_fault_header(call);
	message.header = buffer_bytes(&header);
	if (sentence != NULL || message.details.size > 0 || header.size > 0)
		data = encode_status(call, &message);
	buffer_fini(&header);
	return data;
}

static void
set_fault(struct becket_call *call, becket_status status, const char *sentence,
    bool did_not_execute)
{
	call->reply = (struct call_reply){
		.status = status,
		.did_not_execute = did_not_execute,
		.stub = make_fault_data(call, status, sentence),
	};
}

static const char *
sentence_for(const struct becket_call *call, becket_status status)
{
	return status == call->failed ? call->sentence
	                              : becket_status_text(status);
}

void
dispatch_refuse(struct becket_call *call, becket_status status)
{
	set_fault(call, status, sentence_for(call, status), true);
}

static enum frame_form
form_of(const struct becket_call *call)
{
	return frame_form(call->begun.syntax, call->type->interface);
}

static void
encode(struct becket_call *call, const void *response)
{
	const struct becket_operation *operation = becket_call_operation(call);
	const struct frame frame = {
		.metadata = buffer_bytes(&call->answer.initial),
		.trailing = buffer_bytes(&call->answer.trailing),
	};
	becket_status status;

	status = frame_encode(form_of(call), &frame, &operation->response,
	    response, call->host->memory, call->host->limits->response_size,
	    &call->reply.stub);
	if (status != BECKET_S_OK)
		set_fault(call, status, "response could not be encoded", false);
}

static void
close_stream(struct becket_call *call, const void *response)
{
	bool is_stream = call->streams & BECKET_OPERATION_RESPONSE_STREAM;
	becket_status status =
	    server_stream_close(call->stream, is_stream ? NULL : response);

	if (status != BECKET_S_OK)
		set_fault(call, status, "response could not be encoded", false);
}

static void
reply(struct becket_call *call, const void *response)
{
	if (call->stream != NULL)
		close_stream(call, response);
	else
		encode(call, response);
}

/* The routine has succeeded, and its context handles go along. */
static void
reply_with_contexts(struct becket_call *call, void *const *contexts,
    const void *response)
{
	const struct becket_operation *operation = becket_call_operation(call);
	void *named;
	becket_status status =
	    contexts_answer(call, contexts, response, &named);

	if (status != BECKET_S_OK) {
		set_fault(call, status,
		    "a context handle could not be opened, and has been run "
		    "down",
		    false);
		return;
	}
	reply(call, named);
	memory_free(call->host->memory, named, operation->response.size);
}

/* Those that come out stand in a response that is no stream. */
static bool
may_give_contexts(const struct becket_call *call)
{
	return becket_call_operation(call)->context_count > 0 &&
	       (call->streams & BECKET_OPERATION_RESPONSE_STREAM) == 0;
}

void
dispatch_answer(struct becket_call *call, becket_status status,
    void *const *contexts, const void *response)
{
	if (call->stream != NULL)
		server_stream_quit(call->stream);
	if (status != BECKET_S_OK)
		set_fault(call, status,
		    status == call->failed ? call->sentence : NULL, false);
	else if (may_give_contexts(call))
		reply_with_contexts(call, contexts, response);
	else
		reply(call, response);
}

becket_status
dispatch_outcome(const struct becket_operation *operation, becket_status status)
{
	return status == BECKET_X_PIPE_EMPTY && (operation->flags & STREAM) != 0
	           ? BECKET_S_OK
	           : status;
}

/* What stands before the message, once. */
static becket_status
open_request(struct becket_call *call)
{
	struct becket_bytes metadata = buffer_bytes(&call->begun.metadata);
	struct frame frame;
	becket_status status;

	if (call->stream != NULL)
		return server_stream_open(call->stream, NULL);
	if (call->is_opened)
		return BECKET_S_OK;
	status = frame_decode(form_of(call), call->begun.big_endian,
	    buffer_bytes(&call->request), call->host->limits, &frame);
	if (status != BECKET_S_OK)
		return status;
	if (call->begun.syntax == SYNTAX_BECKET) {
		becket_call_set_remaining(call, frame.remaining_us);
		metadata = frame.metadata;
	}
	call->body = frame.body;
	status = becket_call_set_metadata(call, metadata);
	call->is_opened = status == BECKET_S_OK;
	return status;
}

/* What a request that cannot be decoded is answered with. Samba and Windows
 * leave "did not execute" out of bad stub data; the routine has not been
 * entered all the same, and a client is better off knowing it.
 */
static becket_status
undecodable(becket_status status)
{
	switch (status) {
	case BECKET_S_OUT_OF_MEMORY:
		return BECKET_S_REMOTE_NO_MEMORY;
	case BECKET_S_PROTOCOL_ERROR:
	case BECKET_S_STREAMS_NOT_SUPPORTED:
		return status;
	default:
		return BECKET_X_BAD_STUB_DATA;
	}
}

static void
refuse_undecodable(struct becket_call *call, becket_status status)
{
	set_fault(call, undecodable(status), becket_status_text(status), true);
}

bool
dispatch_authorize(struct becket_call *call)
{
	const struct manager_type *type = call->type;
	becket_status status;

	if (type->authorize == NULL)
		return true;
	/* Without metadata where they cannot be read: who may not come in is
	 * not told what is wrong with his request. Decoding says it to others.
	 */
	(void)!open_request(call);
	status = type->authorize(type->authorize_user, call);
	if (status != BECKET_S_OK)
		set_fault(call, status, sentence_for(call, status), true);
	call->failed = BECKET_S_OK;
	return status == BECKET_S_OK;
}

enum gate_verdict
dispatch_enter(struct becket_call *call)
{
	enum gate_verdict verdict = gate_enter(&call->type->gate, &call->ticket,
	    call->host->limits->interface_queue);

	if (verdict == GATE_FULL)
		dispatch_refuse(call, BECKET_S_SERVER_TOO_BUSY);
	return verdict;
}

bool
dispatch_withdraw(struct becket_call *call)
{
	return call->type != NULL &&
	       (gate_withdraw(&call->type->gate, &call->ticket) ||
	           contexts_unpark(call));
}

static becket_status
take_request(struct becket_call *call)
{
	becket_status status;

	if (call->stream == NULL)
		return open_request(call);
	status = server_stream_open(call->stream, &call->request);
	if (status == BECKET_S_OK)
		call->body = buffer_bytes(&call->request);
	return status;
}

/* The message that arrived, and an empty one to answer with; where one of them
 * is a stream, not that one.
 */
static becket_status
decode(struct becket_call *call)
{
	const struct becket_operation *operation = becket_call_operation(call);
	const struct becket_type *response = &operation->response;
	becket_status status = take_request(call);

	if (status != BECKET_S_OK)
		return status;
	if ((call->streams & BECKET_OPERATION_RESPONSE_STREAM) == 0) {
		call->response = arena_alloc(&call->arena, response->size);
		if (call->response == NULL)
			return BECKET_S_OUT_OF_MEMORY;
		response->codec->init(response, call->response);
	}
	if (call->streams & BECKET_OPERATION_REQUEST_STREAM)
		return BECKET_S_OK;
	return frame_decode_message(&operation->request, call->body,
	    call->host->limits, &call->arena, &call->message);
}

static becket_status
run(struct becket_call *call)
{
	const struct manager_type *type = call->type;
	becket_routine *routine = type->routines->routines[call->begun.opnum];
	becket_status status = BECKET_S_NOT_IMPLEMENTED;

	call->is_entered = true;
	if (routine != NULL)
		status =
		    routine(type->epv, call, call->message, call->response);
	if (status == BECKET_S_ASYNC_CALL_PENDING && !call->is_deferred)
		return becket_call_fail(call, BECKET_S_CALL_FAILED,
		    "manager routine promised an answer without deferring%s",
		    call->streams == 0 ? ""
		                       : "; its stream waits only where the "
		                         "operation is blocking");
	/* A call that is deferred is another thread's already. */
	if (status == BECKET_X_PIPE_EMPTY && call->failed == BECKET_S_OK)
		return dispatch_outcome(becket_call_operation(call), status);
	return status;
}

/* The way into an EPV says so of a member that is NULL; and a manager routine
 * that says the same, with no word of its own, has done nothing.
 */
static bool
was_not_entered(const struct becket_call *call, becket_status status)
{
	return status == BECKET_S_NOT_IMPLEMENTED &&
	       call->failed == BECKET_S_OK;
}

/* What the status of a context handle that is refused does not tell. */
static const char *
context_sentence(becket_status status)
{
	switch (status) {
	case BECKET_X_SS_CONTEXT_MISMATCH:
		return "no context handle of this client, interface and type: "
		       "closed, run down, or never opened";
	case BECKET_X_SS_IN_NULL_CONTEXT:
		return "the context handle is NULL";
	case BECKET_X_BAD_STUB_DATA:
		return "a context handle has 20 bytes, or none";
	case BECKET_S_OUT_OF_RESOURCES:
		return "the client has as many context handles as a client may "
		       "have";
	default:
		return becket_status_text(status);
	}
}

/* S_ASYNC_CALL_PENDING: the call waits, and may be anybody's already. Else, if
 * it is not S_OK, the call is refused.
 */
static becket_status
make_ready(struct becket_call *call)
{
	becket_status status = call->contexts.verdict;

	if (call->message == NULL) {
		status = decode(call);
		if (status != BECKET_S_OK) {
			refuse_undecodable(call, status);
			return status;
		}
		status = contexts_enter(call, call->message);
	}
	if (status != BECKET_S_OK && status != BECKET_S_ASYNC_CALL_PENDING)
		set_fault(call, status, context_sentence(status), true);
	return status;
}

bool
dispatch_run(struct becket_call *call)
{
	becket_status status = make_ready(call);

	if (status != BECKET_S_OK)
		return status != BECKET_S_ASYNC_CALL_PENDING;
	status = run(call);
	if (call->is_deferred &&
	    (status == BECKET_S_ASYNC_CALL_PENDING || !token_withdraw(call))) {
		/* From here on the call is ours only if it has been answered.
		 */
		if ((atomic_fetch_or(&call->turns, CALL_TURN_RETURNED) &
		        CALL_TURN_ANSWERED) == 0)
			return false;
	} else if (was_not_entered(call, status)) {
		dispatch_refuse(call, status);
	} else {
		dispatch_answer(call, status, NULL, call->response);
	}
	contexts_leave(call);
	return true;
}
