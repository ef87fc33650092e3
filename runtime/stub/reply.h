/* SPDX-License-Identifier: MIT */
#ifndef STUB_REPLY_H
#define STUB_REPLY_H

#include "base/buffer.h"
#include "base/limits.h"
#include "becket_stub.h"

/*
 * A message that the user owns until becket_stub_free(): a response, or one of
 * a stream. It is an arena with its own header in it, in front of the message,
 * so that to free it needs nothing but the message:
 *
 *   | struct reply | message | what the message points to ... |
 *
 * It keeps the bytes it came in, for the codec may have pointed into them.
 */

/* Check and decode body, a view into bytes, which are taken on success. What
 * frame_check() says, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status reply_decode(const struct becket_type *type,
    struct becket_bytes body, struct buffer *bytes, bool big_endian,
    const struct becket_memory *memory, const struct becket_limits *limits,
    void **ret_message);

/* What a message lives in. */
const struct becket_memory *reply_memory(const void *message);
/* The byte order of one in NDR, which a codec of bytes needs to know. */
bool reply_is_big_endian(const void *message);

#endif
