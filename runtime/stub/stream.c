/* SPDX-License-Identifier: MIT */
#include "stub/stream.h"

enum {
	EVENTS = BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE,
};

bool
stream_has_contexts(const struct becket_operation *operation)
{
	bool in = operation->flags & BECKET_OPERATION_REQUEST_STREAM;
	bool out = operation->flags & BECKET_OPERATION_RESPONSE_STREAM;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];

		if ((in && row->request != BECKET_CONTEXT_NOWHERE) ||
		    (out && row->response != BECKET_CONTEXT_NOWHERE))
			return true;
	}
	return false;
}

static bool
is_client(const struct becket_stream *stream)
{
	return stream->ops->finish != NULL;
}

static bool
is_of(const struct becket_stream *stream,
    const struct becket_interface *interface, uint16_t opnum)
{
	return stream != NULL && stream->interface == interface &&
	       stream->opnum == opnum;
}

static bool
sends_stream(const struct becket_stream *stream)
{
	return stream_operation(stream)->flags &
	       (is_client(stream) ? BECKET_OPERATION_REQUEST_STREAM
	                          : BECKET_OPERATION_RESPONSE_STREAM);
}

static bool
receives_stream(const struct becket_stream *stream)
{
	return stream_operation(stream)->flags &
	       (is_client(stream) ? BECKET_OPERATION_RESPONSE_STREAM
	                          : BECKET_OPERATION_REQUEST_STREAM);
}

becket_status
becket_stub_send(struct becket_stream *stream,
    const struct becket_interface *interface, uint16_t opnum,
    const void *message)
{
	if (!is_of(stream, interface, opnum) || message == NULL)
		return BECKET_S_INVALID_ARG;
	if (!sends_stream(stream))
		return BECKET_X_WRONG_PIPE_ORDER;
	return stream->ops->send(stream, message);
}

becket_status
becket_stub_receive(struct becket_stream *stream,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_message)
{
	if (!is_of(stream, interface, opnum) || ret_message == NULL)
		return BECKET_S_INVALID_ARG;
	if (!receives_stream(stream))
		return BECKET_X_WRONG_PIPE_ORDER;
	return stream->ops->receive(stream, ret_message);
}

/* Handles come out with a response that is no stream. */
static bool
gives_contexts(const struct becket_stream *stream)
{
	return !receives_stream(stream) &&
	       stream_operation(stream)->context_count > 0;
}

static becket_status
finish(struct becket_stream **stream, const struct becket_interface *interface,
    uint16_t opnum, void **contexts, void **ret_response)
{
	bool is_over = false;
	becket_status status;

	if (stream == NULL || !is_of(*stream, interface, opnum) ||
	    (ret_response == NULL && !receives_stream(*stream)) ||
	    (contexts == NULL && gives_contexts(*stream)))
		return BECKET_S_INVALID_ARG;
	if (!is_client(*stream))
		return BECKET_X_WRONG_PIPE_ORDER;
	status =
	    (*stream)->ops->finish(*stream, contexts, ret_response, &is_over);
	if (is_over)
		*stream = NULL;
	return status;
}

becket_status
becket_stub_finish_stream(struct becket_stream **stream,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_response)
{
	return finish(stream, interface, opnum, NULL, ret_response);
}

becket_status
becket_stub_finish_stream_contexts(struct becket_stream **stream,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    void **ret_response)
{
	return finish(stream, interface, opnum, contexts, ret_response);
}

becket_status
becket_stream_set_nonblocking(struct becket_stream *stream, bool nonblocking)
{
	if (stream == NULL)
		return BECKET_S_INVALID_ARG;
	return stream->ops->set_nonblocking(stream, nonblocking);
}

becket_status
becket_stream_set_callback(struct becket_stream *stream,
    void (*ready)(void *user, struct becket_stream *stream), void *user)
{
	if (stream == NULL)
		return BECKET_S_INVALID_ARG;
	return stream->ops->set_callback(stream, ready, user);
}

becket_status
becket_stream_wait(struct becket_stream *stream, unsigned events,
    uint32_t milliseconds, unsigned *ret_events)
{
	if (stream == NULL || ret_events == NULL || (events & EVENTS) == 0 ||
	    (events & ~(unsigned)EVENTS) != 0)
		return BECKET_S_INVALID_ARG;
	return stream->ops->wait(stream, events, milliseconds, ret_events);
}

void
becket_stream_set_compression(struct becket_stream *stream, bool compression)
{
	if (stream != NULL)
		stream->ops->set_compression(stream, compression);
}

void
becket_stream_set_gathering(struct becket_stream *stream, bool gathering)
{
	if (stream != NULL && is_client(stream))
		stream->ops->set_gathering(stream, gathering);
}

void
becket_stream_flush(struct becket_stream *stream)
{
	if (stream != NULL && is_client(stream))
		stream->ops->flush(stream);
}

becket_status
becket_stream_half_close(struct becket_stream *stream)
{
	if (stream == NULL)
		return BECKET_S_INVALID_ARG;
	if (!is_client(stream))
		return BECKET_X_WRONG_PIPE_ORDER;
	return stream->ops->half_close(stream);
}

becket_status
becket_stream_cancel(struct becket_stream *stream)
{
	if (stream == NULL)
		return BECKET_S_INVALID_ARG;
	if (!is_client(stream))
		return BECKET_X_WRONG_PIPE_ORDER;
	return stream->ops->cancel(stream);
}

void
becket_stream_abort(struct becket_stream **stream)
{
	if (stream == NULL || *stream == NULL || !is_client(*stream))
		return;
	(*stream)->ops->abort(*stream);
	*stream = NULL;
}
