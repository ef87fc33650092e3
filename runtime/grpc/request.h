/* SPDX-License-Identifier: MIT */
#ifndef GRPC_REQUEST_H
#define GRPC_REQUEST_H

#include "grpc/session.h"

/* Begin a client's call, as fields of HTTP/2: PROTOCOL.md section 10.1.
 * S_OUT_OF_MEMORY; S_CALL_FAILED_DNE: the connection has no more streams.
 */
BECKET_MUST_USE becket_status request_submit(struct grpc_stream *stream,
    const struct call_start *start);

#endif
