/* SPDX-License-Identifier: MIT */
#include "io/async_call.h"

#include "io/clock.h"
#include "io/hub.h"
#include "io/line.h"

/* contexts: NULL: the operation has none. */
static becket_status
start(struct becket_binding *binding, struct invoke *invoke,
    struct client_contexts *contexts, const void *request,
    struct becket_async *ret_async)
{
	struct binding_view view = binding_view(binding);
	struct client_association *association;
	struct becket_async_call *call;
	becket_status status;

	client_call_follow(invoke, binding, &view);
	invoke->deadline = client_call_deadline(invoke, &view);
	status = async_call_find_association(binding, invoke, contexts,
	    invoke->deadline, &association);
	if (status != BECKET_S_OK)
		return status;
	status = async_call_new(binding->runtime->hub, association, invoke,
	    request, &call);
	if (status != BECKET_S_OK)
		return async_call_fail_start(binding, invoke, status, NULL);
	async_call_keep_contexts(call, contexts);
	call->is_ordered = !view.is_noncausal;
	call->connect_by = client_call_connect_deadline(invoke, binding);
	status = async_call_place(call);
	if (status != BECKET_S_OK) {
		async_call_free(call);
		return async_call_fail_start(binding, invoke, status, NULL);
	}
	*ret_async = (struct becket_async){ call };
	return BECKET_S_OK;
}

becket_status
becket_stub_start(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, struct becket_async *ret_async)
{
	struct invoke invoke = { .interface = interface, .opnum = opnum };
	becket_status status = client_call_check(binding, &invoke,
	    request != NULL && ret_async != NULL);

	if (status != BECKET_S_OK)
		return status;
	if (interface->operations[opnum].context_count > 0)
		return async_call_fail_start(binding, &invoke,
		    BECKET_S_INVALID_ARG,
		    "the operation has context handles, and none are given");
	return start(binding, &invoke, NULL, request, ret_async);
}

becket_status
becket_stub_start_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    void *const *contexts, const void *request, struct becket_async *ret_async)
{
	struct invoke invoke = { .interface = interface, .opnum = opnum };
	struct client_contexts all = { 0 };
	becket_status status;

	if (request == NULL || ret_async == NULL || contexts == NULL ||
	    invoke_check(&invoke) != BECKET_S_OK)
		return client_call_check(binding, &invoke,
		    binding != NULL && request != NULL && ret_async != NULL &&
		        contexts != NULL);
	status = client_contexts_begin(&all, contexts, &binding, &invoke,
	    request, client_call_check);
	if (status != BECKET_S_OK)
		return status;
	status = start(binding, &invoke, &all, all.request, ret_async);
	client_contexts_fini(&all);
	return status;
}

/* --------------------------------------------------------------- waits -- */

static becket_status
check(const struct becket_async *async)
{
	if (async == NULL || async->call == NULL)
		return error_set(BECKET_S_INVALID_ASYNC_HANDLE, "%s",
		    becket_status_text(BECKET_S_INVALID_ASYNC_HANDLE));
	if (runtime_is_stale(async->call->hub->runtime))
		return error_set(BECKET_S_STALE_AFTER_FORK, "%s",
		    becket_status_text(BECKET_S_STALE_AFTER_FORK));
	return BECKET_S_OK;
}

/* Those that somebody waits for. */
struct group {
	const struct becket_async *asyncs;
	size_t count;
};

/* count: none is over. */
static size_t
first_over(const struct group *group)
{
	const struct becket_async *asyncs = group->asyncs;
	size_t i = 0;

	while (i < group->count &&
	       (asyncs[i].call == NULL || !asyncs[i].call->is_over))
		i++;
	return i;
}

static bool
is_any_over(const void *what)
{
	const struct group *group = what;

	return first_over(group) < group->count;
}

static size_t
await(struct hub *hub, const struct becket_async *asyncs, size_t count,
    uint64_t until)
{
	const struct group group = { asyncs, count };
	size_t index;

	pthread_mutex_lock(&hub->lock);
	if (hub->driver == NULL)
		hub_poll(hub);
	hub_await(hub, count == 1 ? asyncs->call : NULL, is_any_over, &group,
	    until);
	index = first_over(&group);
	pthread_mutex_unlock(&hub->lock);
	return index;
}

static uint64_t
until_of(uint32_t milliseconds)
{
	return milliseconds == BECKET_FOREVER
	           ? 0
	           : clock_now() + clock_from_ms(milliseconds);
}

static becket_status
status_of(struct becket_async *async)
{
	struct hub *hub = async->call->hub;
	becket_status status;

	pthread_mutex_lock(&hub->lock);
	status = async_call_status(async->call);
	pthread_mutex_unlock(&hub->lock);
	return status;
}

becket_status
becket_async_wait(struct becket_async *async, uint32_t milliseconds)
{
	becket_status status = check(async);

	if (status != BECKET_S_OK)
		return status;
	await(async->call->hub, async, 1, until_of(milliseconds));
	return status_of(async);
}

becket_status
becket_async_poll(struct becket_async *async)
{
	return becket_async_wait(async, 0);
}

becket_status
becket_async_wait_any(struct becket_async *asyncs, size_t count,
    uint32_t milliseconds, size_t *ret_index)
{
	size_t index = 0;
	becket_status status;

	while (index < count && asyncs[index].call == NULL)
		index++;
	status = check(index < count ? &asyncs[index] : NULL);
	if (status != BECKET_S_OK)
		return status;
	index = await(asyncs[index].call->hub, asyncs, count,
	    until_of(milliseconds));
	if (index == count)
		return BECKET_S_ASYNC_CALL_PENDING;
	*ret_index = index;
	return BECKET_S_OK;
}

/* ---------------------------------------------------------------- ends -- */

static bool
is_of(const struct becket_async_call *call,
    const struct becket_interface *interface, uint16_t opnum)
{
	return call->invoke.interface == interface &&
	       call->invoke.opnum == opnum;
}

/* handles NULL: none are to come out. */
static becket_status
finish(struct becket_async *async, const struct becket_interface *interface,
    uint16_t opnum, void **handles, void **ret_response)
{
	struct becket_async_call *call;
	becket_status status = check(async);

	if (status != BECKET_S_OK)
		return status;
	call = async->call;
	if (!is_of(call, interface, opnum))
		return error_set(BECKET_S_INVALID_ASYNC_CALL,
		    "this asynchronous call is of another operation");
	if (handles == NULL &&
	    client_contexts_come_out(&interface->operations[opnum]))
		return error_set(BECKET_S_INVALID_ARG,
		    "the operation has context handles that come out");
	if (status_of(async) == BECKET_S_ASYNC_CALL_PENDING)
		return BECKET_S_ASYNC_CALL_PENDING;
	status = async_call_result(call, handles, ret_response);
	pthread_mutex_lock(&call->hub->lock);
	list_remove(&call->due);
	pthread_mutex_unlock(&call->hub->lock);
	async_call_free(call);
	async->call = NULL;
	return status;
}

becket_status
becket_stub_finish(struct becket_async *async,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_response)
{
	return finish(async, interface, opnum, NULL, ret_response);
}

becket_status
becket_stub_finish_contexts(struct becket_async *async,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    void **ret_response)
{
	return finish(async, interface, opnum, contexts, ret_response);
}

becket_status
becket_async_cancel(struct becket_async *async, bool is_abortive)
{
	struct becket_async_call *call;
	becket_status status = check(async);

	if (status != BECKET_S_OK)
		return status;
	call = async->call;
	pthread_mutex_lock(&call->hub->lock);
	call->is_cancelled = true;
	if (!call->is_over && (is_abortive || !call->invoke.is_begun))
		async_call_end_at_once(call);
	else if (!call->is_over)
		line_cancel(call->line, call);
	hub_settle(call->hub);
	pthread_mutex_unlock(&call->hub->lock);
	return BECKET_S_OK;
}

void
becket_async_abort(struct becket_async *async)
{
	struct becket_async_call *call = async == NULL ? NULL : async->call;

	if (call == NULL || runtime_is_stale(call->hub->runtime))
		return;
	pthread_mutex_lock(&call->hub->lock);
	call->has_callback = false;
	if (!call->is_over)
		async_call_end_at_once(call);
	list_remove(&call->due);
	hub_settle(call->hub);
	pthread_mutex_unlock(&call->hub->lock);
	async_call_free(call);
	async->call = NULL;
}

becket_status
becket_async_set_callback(struct becket_async *async,
    void (*done)(void *user, struct becket_async *async), void *user)
{
	struct becket_async_call *call;
	becket_status status = check(async);

	if (status != BECKET_S_OK)
		return status;
	call = async->call;
	pthread_mutex_lock(&call->hub->lock);
	call->has_callback = done != NULL;
	call->done = done;
	call->user = user;
	list_remove(&call->due);
	if (call->is_over)
		hub_tell(call->hub, call);
	pthread_mutex_unlock(&call->hub->lock);
	return BECKET_S_OK;
}
