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

static becket_status
open_stream(struct becket_binding *binding, const struct invoke *invoke,
    bool is_ordered, const void *request, struct becket_stream **ret_stream)
{
	struct client_association *association;
	struct client_stream *stream;
	uint64_t connect_by = connect_deadline_of(invoke, binding);
	becket_status status = async_call_find_association(binding, invoke,
	    NULL, connect_by, &association);

	if (status != BECKET_S_OK)
		return status;
	status = client_stream_new(binding->runtime->hub, association, invoke,
	    request, &stream);
	if (status != BECKET_S_OK)
		return async_call_fail_start(binding, invoke, status, NULL);
	stream->call.is_ordered = is_ordered;
	stream->call.connect_by = connect_by;
	status = async_call_place(&stream->call);
	if (status != BECKET_S_OK) {
		client_stream_free(stream);
		return async_call_fail_start(binding, invoke, status, NULL);
	}
	*ret_stream = &stream->stream;
	return BECKET_S_OK;
}

static bool
is_complete(const struct invoke *invoke, const void *request)
{
	const struct becket_operation *operation =
	    &invoke->interface->operations[invoke->opnum];
	bool is_stream = operation->flags & BECKET_OPERATION_REQUEST_STREAM;

	return is_stream == (request == NULL) && operation->context_count == 0;
}

becket_status
becket_stub_open(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, struct becket_stream **ret_stream)
{
	struct invoke invoke = { .interface = interface, .opnum = opnum };
	struct binding_view view;
	becket_status status =
	    client_call_check_stream(binding, &invoke, ret_stream != NULL);

	if (status != BECKET_S_OK)
		return status;
	if (!is_complete(&invoke, request))
		return async_call_fail_start(binding, &invoke,
		    BECKET_S_INVALID_ARG, NULL);
	view = binding_view(binding);
	client_call_follow(&invoke, binding, &view);
	invoke.deadline = deadline_of(&invoke, &view);
	return open_stream(binding, &invoke, !view.is_noncausal, request,
	    ret_stream);
}
