/* SPDX-License-Identifier: MIT */
#ifndef WIRE_STATUS_MESSAGE_H
#define WIRE_STATUS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/*
 * The fault data that peers on our transfer syntax exchange (PROTOCOL.md
 * section 4): becket.wire.Status in idl/becket/wire.proto, which has the shape
 * of google.rpc.Status with something of ours behind it.
 */
struct status_message {
	uint32_t code;                /* a becket_status */
	struct becket_bytes sentence; /* UTF-8, no NUL */
	struct becket_bytes details;  /* encoded field(s) 3, kept as they are */
	struct becket_bytes header;   /* becket.wire.CallHeader, encoded */
};

/* X_BAD_STUB_DATA, S_TRUNCATED, S_INVALID_UTF8. Views into data. */
BECKET_MUST_USE becket_status status_message_decode(struct becket_bytes data,
    struct status_message *ret_message);

size_t status_message_measure(const struct status_message *message);
void status_message_encode(const struct status_message *message,
    uint8_t *ret_bytes);

/* A google.protobuf.Any of the details. */
struct status_detail {
	struct becket_bytes type;    /* type_url: UTF-8, no NUL */
	struct becket_bytes message; /* encoded */
};

/* Take the next off details; false at their end, or where there is none. */
bool status_detail_next(struct becket_bytes *details,
    struct status_detail *ret_detail);
size_t status_detail_measure(const struct status_detail *detail);
void status_detail_encode(const struct status_detail *detail,
    uint8_t *ret_bytes);

#endif
