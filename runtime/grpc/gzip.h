/* SPDX-License-Identifier: MIT */
#ifndef GRPC_GZIP_H
#define GRPC_GZIP_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/*
 * One message in gzip (RFC 1952), all at once. The result is the caller's.
 */

/* S_LIMIT_EXCEEDED: it would be larger than limit, X_BAD_STUB_DATA: no gzip, or
 * something behind it, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status gzip_unpack(const struct becket_memory *memory,
    struct becket_bytes packed, size_t limit, struct buffer *ret_message);

/* S_NO_SPACE: it does not get smaller. S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status gzip_pack(const struct becket_memory *memory,
    struct becket_bytes message, struct buffer *ret_packed);

#endif
