/* SPDX-License-Identifier: MIT */
#include "io/async_call.h"

#include "base/allocate.h"
#include "io/clock.h"
#include "io/hub.h"
#include "io/line.h"

static bool
has_contexts(const struct becket_async_call *call)
{
	return call->contexts.memory != NULL;
}

void
async_call_fini(struct becket_async_call *call)
{
	list_remove(&call->node);
	list_remove(&call->due);
	invoke_fini(&call->invoke);
	buffer_fini(&call->stub);
	buffer_fini(&call->metadata);
	runtime_free_text(call->hub->runtime, call->why);
	runtime_free_text(call->hub->runtime, call->authority);
	runtime_free_text(call->hub->runtime, call->user_agent);
	if (has_contexts(call))
		client_association_unpin(call->association);
	client_contexts_fini(&call->contexts);
	client_association_unref(call->association);
}

/* What a server opens for the call is its association's, which must not be
 * closed for being idle before the caller has it.
 */
void
async_call_keep_contexts(struct becket_async_call *call,
    struct client_contexts *contexts)
{
	if (contexts == NULL)
		return;
	call->contexts = *contexts;
	*contexts = (struct client_contexts){ 0 };
	client_association_pin(call->association);
	if (call->contexts.used != NULL && !call->association->protseq->is_grpc)
		call->group = call->contexts.used->group;
}

bool
async_call_must_enter(const struct becket_async_call *call)
{
	return has_contexts(call) && call->association->protseq->is_grpc &&
	       call->group == 0;
}

static bool
keep_name(const struct becket_runtime *runtime, const char **name,
    char **ret_copy)
{
	const char *its = *name;

	*name = NULL;
	if (its == NULL || *its == '\0')
		return true;
	*name = *ret_copy = runtime_copy_text(runtime, its);
	return *name != NULL;
}

becket_status
async_call_keep_names(struct becket_async_call *call)
{
	const struct becket_runtime *runtime = call->hub->runtime;
	struct invoke *invoke = &call->invoke;

	return keep_name(runtime, &invoke->authority, &call->authority) &&
	               keep_name(runtime, &invoke->user_agent,
	                   &call->user_agent)
	           ? BECKET_S_OK
	           : BECKET_S_OUT_OF_MEMORY;
}

becket_status
async_call_new(struct hub *hub, struct client_association *association,
    const struct invoke *invoke, const void *request,
    struct becket_async_call **ret_call)
{
	struct becket_async_call *call =
	    memory_new(invoke->memory, sizeof *call);
	becket_status status;

	if (call == NULL) {
		client_association_unref(association);
		return BECKET_S_OUT_OF_MEMORY;
	}
	async_call_init(call, hub, association, invoke);
	status = async_call_keep_names(call);
	if (status == BECKET_S_OK)
		status =
		    invoke_encode(&call->invoke, association->protseq->is_grpc,
		        request, clock_now(), &call->stub);
	if (status != BECKET_S_OK) {
		async_call_free(call);
		return status;
	}
	*ret_call = call;
	return BECKET_S_OK;
}

void
async_call_free(struct becket_async_call *call)
{
	const struct becket_memory *memory = &call->hub->runtime->memory;

	async_call_fini(call);
	memory_free(memory, call, sizeof *call);
}

static becket_status
begin(struct becket_async_call *call, struct session *session, uint64_t now)
{
	return invoke_begin_encoded(&call->invoke, session, &call->stub,
	    call->is_ordered, now);
}

static void
take_event(struct becket_async_call *call, struct session_event *event)
{
	invoke_event(&call->invoke, event);
}

static bool
may_retry(const struct becket_async_call *call)
{
	(void)call;
	return true;
}

static void
retry(struct becket_async_call *call)
{
	invoke_retry(&call->invoke);
}

static void
call_back(struct becket_async_call *call)
{
	struct hub *hub = call->hub;
	struct becket_async async = { call };
	void (*done)(void *, struct becket_async *) = call->done;
	void *user = call->user;

	pthread_mutex_unlock(&hub->lock);
	done(user, &async);
	pthread_mutex_lock(&hub->lock);
}

static const struct async_call_kind unary = {
	.begin = begin,
	.event = take_event,
	.may_retry = may_retry,
	.retry = retry,
	.call_back = call_back,
};

void
async_call_init(struct becket_async_call *call, struct hub *hub,
    struct client_association *association, const struct invoke *invoke)
{
	*call = (struct becket_async_call){
		.kind = &unary,
		.hub = hub,
		.association = association,
		.invoke = *invoke,
		.stub = buffer_empty(invoke->memory),
		.metadata = buffer_empty(invoke->memory),
		.connect_by = invoke->deadline,
	};
	list_init(&call->node);
	list_init(&call->due);
}

becket_status
async_call_status(const struct becket_async_call *call)
{
	if (!call->is_over)
		return BECKET_S_ASYNC_CALL_PENDING;
	return call->early != BECKET_S_OK ? call->early
	                                  : call->invoke.end.status;
}

void
async_call_over(struct becket_async_call *call)
{
	list_remove(&call->node);
	call->line = NULL;
	call->is_over = true;
	buffer_fini(&call->stub);
	hub_tell(call->hub, call);
}

/* What is lost of why for want of memory is no loss. */
void
async_call_fail(struct becket_async_call *call, becket_status status,
    const char *why)
{
	call->early = status;
	if (call->why == NULL && why != NULL && *why != '\0')
		call->why = runtime_copy_text(call->hub->runtime, why);
	async_call_over(call);
}

void
async_call_end_at_once(struct becket_async_call *call)
{
	bool is_begun = call->invoke.is_begun;

	if (call->line != NULL)
		line_take_off(call->line, call);
	if (!is_begun) {
		async_call_fail(call, BECKET_S_CALL_CANCELLED, NULL);
		return;
	}
	invoke_lost(&call->invoke, "it was cancelled");
	call->invoke.end.status = BECKET_S_CALL_CANCELLED;
	async_call_over(call);
}

struct call_failure
async_call_failure(const struct becket_async_call *call)
{
	const struct client_association *association = call->association;

	return (struct call_failure){
		.place = {
			.protseq = association->protseq->name,
			.host = association->host,
			.endpoint = association->endpoint,
			.interface = call->invoke.interface->name,
			.operation = invoke_operation_name(&call->invoke),
		},
		.outcome = call->outcome,
	};
}

becket_status
async_call_say_why(const struct becket_async_call *call)
{
	struct call_failure failure = async_call_failure(call);

	if (call->early != BECKET_S_OK)
		return client_call_fail_early(&failure, call->early,
		    call->why != NULL ? call->why : "");
	return client_call_fail_ended(&failure, &call->invoke, call->error);
}

becket_status
async_call_take_contexts(struct becket_async_call *call, void **handles,
    void *response)
{
	becket_status status;

	if (!has_contexts(call))
		return BECKET_S_OK;
	status = client_contexts_take(&call->contexts, handles, response,
	    call->association, call->group);
	if (status != BECKET_S_OK)
		becket_stub_free(response);
	return status;
}

becket_status
async_call_result(struct becket_async_call *call, void **handles,
    void **ret_response)
{
	struct call_failure failure;
	becket_status status;
	void *response;

	if (call->early != BECKET_S_OK)
		return async_call_say_why(call);
	invoke_show_metadata(&call->invoke);
	if (call->invoke.end.status != BECKET_S_OK)
		return async_call_say_why(call);
	status = invoke_decode(&call->invoke, &response);
	if (status == BECKET_S_OK)
		status = async_call_take_contexts(call, handles, response);
	if (status == BECKET_S_OK) {
		*ret_response = response;
		return BECKET_S_OK;
	}
	failure = async_call_failure(call);
	return client_call_fail_decode(&failure, status);
}
