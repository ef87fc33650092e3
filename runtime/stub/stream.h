/* SPDX-License-Identifier: MIT */
#ifndef STUB_STREAM_H
#define STUB_STREAM_H

#include "becket_stub.h"

/*
 * One end of a call with streams, as the user holds it: a client's
 * (io/client_stream.h) or a server's (stub/server_stream.h). The functions of
 * becket.h and becket_stub.h check what they were given and go through this
 * table.
 */
struct becket_stream_ops {
	becket_status (*send)(struct becket_stream *stream,
	    const struct becket_interface *interface, uint16_t opnum,
	    const void *message);
	becket_status (*receive)(struct becket_stream *stream,
	    const struct becket_interface *interface, uint16_t opnum,
	    void **ret_message);
	becket_status (
	    *set_nonblocking)(struct becket_stream *stream, bool nonblocking);
	becket_status (*set_callback)(struct becket_stream *stream,
	    void (*ready)(void *user, struct becket_stream *stream),
	    void *user);
	becket_status (*wait)(struct becket_stream *stream, unsigned events,
	    uint32_t milliseconds, unsigned *ret_events);
	void (*set_compression)(struct becket_stream *stream, bool compression);
	/* These four are a client's; NULL on a server. */
	becket_status (*half_close)(struct becket_stream *stream);
	becket_status (*cancel)(struct becket_stream *stream);
	becket_status (*finish)(struct becket_stream *stream,
	    const struct becket_interface *interface, uint16_t opnum,
	    void **ret_response);
	void (*abort)(struct becket_stream *stream);
};

struct becket_stream {
	const struct becket_stream_ops *ops;
};

#endif
