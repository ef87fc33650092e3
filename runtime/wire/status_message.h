/* SPDX-License-Identifier: MIT */
#ifndef WIRE_STATUS_MESSAGE_H
#define WIRE_STATUS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/*
 * The fault data that peers on our transfer syntax exchange (PROTOCOL.md
 * section 4): becket.wire.Status in idl/becket/wire.proto, which has the shape
 * of google.rpc.Status, so that a gRPC status fits it later.
 */
struct status_message {
	uint32_t code;                /* a becket_status */
	struct becket_bytes sentence; /* UTF-8, no NUL */
	struct becket_bytes details;  /* encoded field(s) 3, kept as they are */
};

/* X_BAD_STUB_DATA, S_TRUNCATED, S_INVALID_UTF8. Views into data. */
BECKET_MUST_USE becket_status status_message_decode(struct becket_bytes data,
    struct status_message *ret_message);

size_t status_message_measure(const struct status_message *message);
void status_message_encode(const struct status_message *message,
    uint8_t *ret_bytes);

#endif
