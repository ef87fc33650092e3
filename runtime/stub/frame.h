/* SPDX-License-Identifier: MIT */
#ifndef STUB_FRAME_H
#define STUB_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "becket_stub.h"
#include "wire/syntax.h"

/*
 * The stub data of a request or response: PROTOCOL.md section 3.
 *
 *   our syntax                       flags | call header, if any | message
 *   NDR of interfaces that are NDR   message
 *   NDR of all others                envelope | message
 *   plain protobuf                   message
 *
 * All but envelopes are the same in both directions. Those are for peers that
 * are not ours, so they are a server's affair alone: it decodes those of
 * requests and encodes those of responses.
 */
enum frame_form {
	FRAME_BECKET,
	FRAME_BARE, /* the message and nothing else */
	FRAME_ENVELOPE,
};

enum frame_form frame_form(enum transfer_syntax syntax,
    const struct becket_interface *interface);

struct frame {
	uint64_t remaining_us;        /* 0: not said */
	struct becket_bytes metadata; /* encoded: call_header_next() */
	struct becket_bytes trailing; /* the same; of a response */
	struct becket_bytes body;     /* the message's bytes */
};

/* Encode message behind what frame says; its body is not looked at. Only our
 * syntax has a place for the rest. Takes exactly the memory it needs from
 * memory, in one piece. S_OUT_OF_MEMORY, S_LIMIT_EXCEEDED: larger than limit.
 */
BECKET_MUST_USE becket_status frame_encode(enum frame_form form,
    const struct frame *frame, const struct becket_type *type,
    const void *message, const struct becket_memory *memory, size_t limit,
    struct buffer *ret_stub);

/* Views into stub, which is in the byte order of big_endian where it is an
 * envelope. Unknown flags, streams and bad headers are refused:
 * S_PROTOCOL_ERROR, S_STREAMS_NOT_SUPPORTED, and what call_header_decode() and
 * envelope_request() say.
 */
BECKET_MUST_USE becket_status frame_decode(enum frame_form form,
    bool big_endian, struct becket_bytes stub,
    const struct becket_limits *limits, struct frame *ret_frame);

/* The codec's check with the limits' budget; *ret_size: what decoding takes
 * at least. X_BAD_STUB_DATA and the like.
 */
BECKET_MUST_USE becket_status frame_check(const struct becket_type *type,
    struct becket_bytes body, const struct becket_limits *limits,
    size_t *ret_size);

/* A message in arena, after the check. It may point into body. Also
 * S_OUT_OF_MEMORY.
 */
struct arena;
BECKET_MUST_USE becket_status
frame_decode_message(const struct becket_type *type, struct becket_bytes body,
    const struct becket_limits *limits, struct arena *arena,
    void **ret_message);

#endif
