/* SPDX-License-Identifier: MIT */
#ifndef WIRE_CONTEXT_HANDLE_H
#define WIRE_CONTEXT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * A context handle as C706 lays it out: attributes, which are 0, and a UUID,
 * which is 16 bytes that only its maker understands. All zero, or nothing at
 * all, is NULL: PROTOCOL.md section 3.2.
 */
enum {
	CONTEXT_HANDLE_SIZE = 20,
	CONTEXT_HANDLE_UUID = 4, /* where it begins */
	CONTEXT_HANDLE_UUID_SIZE = 16,
};

/* Of one of these sizes. */
bool context_handle_has_size(struct becket_bytes bytes);
bool context_handle_is_null(struct becket_bytes bytes);

/* In the same time wherever they differ. */
bool context_handle_equal(const uint8_t a[CONTEXT_HANDLE_SIZE],
    const uint8_t b[CONTEXT_HANDLE_SIZE]);

#endif
