/* SPDX-License-Identifier: MIT */
#ifndef STUB_STREAM_H
#define STUB_STREAM_H

#include "becket_stub.h"

/*
 * One end of a call with streams, as the user holds it: a client's
 * (io/client_stream.h) or a server's (stub/server_stream.h). The functions of
 * becket.h and becket_stub.h check what they were given and go through this
 * table: the stream is one of the operation that is meant, and what is sent and
 * received through it is a stream there.
 */
struct becket_stream_ops {
	becket_status (
	    *send)(struct becket_stream *stream, const void *message);
	becket_status (
	    *receive)(struct becket_stream *stream, void **ret_message);
	becket_status (
	    *set_nonblocking)(struct becket_stream *stream, bool nonblocking);
	becket_status (*set_callback)(struct becket_stream *stream,
	    void (*ready)(void *user, struct becket_stream *stream),
	    void *user);
	becket_status (*wait)(struct becket_stream *stream, unsigned events,
	    uint32_t milliseconds, unsigned *ret_events);
	/* Of messages that are sent from here on. */
	void (*set_compression)(struct becket_stream *stream, bool compression);
	/* These six are a client's; NULL on a server. */
	void (*set_gathering)(struct becket_stream *stream, bool gathering);
	void (*flush)(struct becket_stream *stream);
	becket_status (*half_close)(struct becket_stream *stream);
	becket_status (*cancel)(struct becket_stream *stream);
	/* *ret_is_over: the stream is freed, and what is returned is how the
	 * call ended. Else it is as before: S_ASYNC_CALL_PENDING. contexts:
	 * for those that come out with the response.
	 */
	becket_status (*finish)(struct becket_stream *stream, void **contexts,
	    void **ret_response, bool *ret_is_over);
	void (*abort)(struct becket_stream *stream);
};

struct becket_stream {
	const struct becket_stream_ops *ops;
	const struct becket_interface *interface;
	uint16_t opnum; /* there is such an operation */
};

/* Does a context handle stand in a message that is streamed? There is no such
 * operation.
 */
bool stream_has_contexts(const struct becket_operation *operation);

static inline const struct becket_operation *
stream_operation(const struct becket_stream *stream)
{
	return &stream->interface->operations[stream->opnum];
}

#endif
