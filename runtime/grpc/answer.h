/* SPDX-License-Identifier: MIT */
#ifndef GRPC_ANSWER_H
#define GRPC_ANSWER_H

#include "grpc/session.h"
#include "wire/status_message.h"

/*
 * A server's responses, as fields of HTTP/2: PROTOCOL.md sections 10.2, 10.3.
 */

/* Begin the response, with initial metadata, if it has not begun.
 * S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status answer_begin(struct grpc_stream *stream,
    struct becket_bytes metadata);

/* End the call: in a single HEADERS frame ("trailers only") if nothing has been
 * sent, else behind the messages. For the stream nothing more is to come.
 */
void answer_status(struct grpc_stream *stream, becket_status status,
    const struct status_message *message, bool is_not_executed);
void answer_sentence(struct grpc_stream *stream, becket_status status,
    const char *sentence, bool is_not_executed);

/* For who does not speak gRPC: a status of HTTP. */
void answer_http(struct grpc_stream *stream, const char *status);

/* The messages are sent: see struct grpc_role. */
int answer_finish(struct grpc_stream *stream, uint32_t *flags);

#endif
