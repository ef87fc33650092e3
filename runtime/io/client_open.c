/* SPDX-License-Identifier: MIT */
#include "io/client_stream.h"

#include "io/clock.h"
#include "io/hub.h"

/* A stream may go on for ever, but not wait for ever until it begins. */
static uint64_t
deadline_of(const struct invoke *invoke, const struct binding_view *view)
{
	uint32_t timeout = client_call_timeout(invoke, view);

	return timeout == 0 ? 0 : clock_now() + clock_from_ms(timeout);
}

static uint64_t
connect_deadline_of(const struct invoke *invoke,
    const struct becket_binding *binding)
{
	struct invoke bounded = *invoke;

	if (bounded.deadline == 0)
		bounded.deadline =
		    clock_now() + clock_from_ms(invoke->limits->call_ms);
	return client_call_connect_deadline(&bounded, binding);
}

/* contexts: NULL: the operation has none. */
static becket_status
open_stream(struct becket_binding *binding, struct invoke *invoke,
    struct client_contexts *contexts, const void *request,
    struct becket_stream **ret_stream)
{
	struct binding_view view = binding_view(binding);
	struct client_association *association;
	struct client_stream *stream;
	uint64_t connect_by;
	becket_status status;

	client_call_follow(invoke, binding, &view);
	invoke->deadline = deadline_of(invoke, &view);
	connect_by = connect_deadline_of(invoke, binding);
	status = async_call_find_association(binding, invoke, contexts,
	    connect_by, &association);
	if (status != BECKET_S_OK)
		return status;
	status = client_stream_new(binding->runtime->hub, association, invoke,
	    request, &stream);
	if (status != BECKET_S_OK)
		return async_call_fail_start(binding, invoke, status, NULL);
	async_call_keep_contexts(&stream->call, contexts);
	stream->call.is_ordered = !view.is_noncausal;
	stream->call.connect_by = connect_by;
	status = async_call_place(&stream->call);
	if (status != BECKET_S_OK) {
		client_stream_free(stream);
		return async_call_fail_start(binding, invoke, status, NULL);
	}
	*ret_stream = &stream->stream;
	return BECKET_S_OK;
}

/* Is the request given where it is no stream, and can handles be? */
static bool
is_sound(const struct invoke *invoke, const void *request, bool has_contexts)
{
	const struct becket_operation *operation =
	    &invoke->interface->operations[invoke->opnum];
	bool is_stream = operation->flags & BECKET_OPERATION_REQUEST_STREAM;

	return is_stream == (request == NULL) &&
	       has_contexts == (operation->context_count > 0) &&
	       !stream_has_contexts(operation);
}

becket_status
becket_stub_open(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, struct becket_stream **ret_stream)
{
	struct invoke invoke = { .interface = interface, .opnum = opnum };
	becket_status status =
	    client_call_check_stream(binding, &invoke, ret_stream != NULL);

	if (status != BECKET_S_OK)
		return status;
	if (!is_sound(&invoke, request, false))
		return async_call_fail_start(binding, &invoke,
		    BECKET_S_INVALID_ARG, NULL);
	return open_stream(binding, &invoke, NULL, request, ret_stream);
}

becket_status
becket_stub_open_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    void *const *contexts, const void *request,
    struct becket_stream **ret_stream)
{
	struct invoke invoke = { .interface = interface, .opnum = opnum };
	struct client_contexts all = { 0 };
	becket_status status;

	if (contexts == NULL || ret_stream == NULL ||
	    invoke_check_stream(&invoke) != BECKET_S_OK ||
	    !is_sound(&invoke, request, true))
		return client_call_check_stream(binding, &invoke, false);
	status = client_contexts_begin(&all, contexts, &binding, &invoke,
	    request, client_call_check_stream);
	if (status != BECKET_S_OK)
		return status;
	status = open_stream(binding, &invoke, &all, all.request, ret_stream);
	client_contexts_fini(&all);
	return status;
}
