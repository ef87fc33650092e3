/* SPDX-License-Identifier: MIT */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/uuid.h"

/*
 * A cursor walks a bounded stretch of bytes in one direction: it either gets
 * fields out of received bytes or puts fields into bytes being built. A layout
 * is written once, as a plain list of cursor calls, and serves both ways.
 *
 * Failure is sticky. The first field that does not fit sets status and every
 * later call does nothing (a get then yields zero), so a layout needs no
 * checks between its lines: look at status, or at cursor_end(), once.
 *
 * The cursor owns nothing. Bytes it hands out on get are views and live as
 * long as what it walks. Integers are in the byte order of the sender's data
 * representation (PROTOCOL.md section 2); puts are little-endian unless told.
 */
struct cursor {
	const uint8_t *get;   /* being read, or NULL */
	uint8_t *put;         /* being built, or NULL */
	size_t size;          /* bound of either */
	size_t at;            /* next byte; at <= size, always */
	bool big_endian;      /* byte order of integers */
	becket_status status; /* first failure, or BECKET_S_OK */
};

struct cursor cursor_get(const void *data, size_t size, bool big_endian);
struct cursor cursor_put(void *data, size_t capacity);

void cursor_u8(struct cursor *c, uint8_t *value);
void cursor_u16(struct cursor *c, uint16_t *value);
void cursor_u32(struct cursor *c, uint32_t *value);
void cursor_u64(struct cursor *c, uint64_t *value);
void cursor_uuid(struct cursor *c, struct becket_uuid *uuid);

/* Reserved bytes: put as zero, ignored on get. */
void cursor_reserved(struct cursor *c, size_t size);

/* Reserved bytes up to a multiple of alignment (a power of two) from the
 * start of what the cursor walks.
 */
void cursor_align(struct cursor *c, size_t alignment);

/* Fixed-size opaque bytes, copied. */
void cursor_fixed(struct cursor *c, uint8_t *bytes, size_t size);

/* size bytes: a view on get, a copy of bytes->data on put. */
void cursor_bytes(struct cursor *c, struct becket_bytes *bytes, size_t size);

/* All bytes to the end: a view on get, a copy on put. */
void cursor_rest(struct cursor *c, struct becket_bytes *rest);

/* Make status the verdict unless there is one already. */
void cursor_fail(struct cursor *c, becket_status status);

/* The verdict: the sticky status, or BECKET_S_TRAILING if a get left bytes. */
BECKET_MUST_USE becket_status cursor_end(const struct cursor *c);

#endif
