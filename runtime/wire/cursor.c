/* SPDX-License-Identifier: MIT */
#include "wire/cursor.h"

#include <string.h>

#include "base/trap.h"

struct cursor
cursor_get(const void *data, size_t size, bool big_endian)
{
	TRAP_UNLESS(data != NULL || size == 0);
	/* get must not be NULL, also for no bytes at all */
	return (struct cursor){ .get = data ? data : "",
		.size = size,
		.big_endian = big_endian };
}

struct cursor
cursor_put(void *data, size_t capacity)
{
	TRAP_UNLESS(data != NULL);
	return (struct cursor){ .put = data, .size = capacity };
}

void
cursor_fail(struct cursor *c, becket_status status)
{
	if (c->status == BECKET_S_OK)
		c->status = status;
}

/*
 * Step over the next n bytes. This is the only bound check of the wire;
 * everything below goes through it.
 */
static bool
step(struct cursor *c, size_t n, size_t *ret_at)
{
	if (c->status != BECKET_S_OK)
		return false;
	if (n > c->size - c->at) {
		c->status = c->put ? BECKET_S_NO_SPACE : BECKET_S_TRUNCATED;
		return false;
	}
	*ret_at = c->at;
	c->at += n;
	return true;
}

/* Every header is full of these, so what is known is not asked for each byte,
 * and what depends on the width is left to the compiler, which knows it where
 * this is called.
 */
static inline uint64_t
load(const uint8_t *from, size_t width, bool big_endian)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | from[big_endian ? i : width - 1 - i];
	return value;
}

static inline void
store(uint8_t *to, uint64_t value, size_t width, bool big_endian)
{
	for (size_t i = 0; i < width; i++, value >>= 8)
		to[big_endian ? width - 1 - i : i] = (uint8_t)value;
}

static inline void
integer(struct cursor *c, uint64_t *value, size_t width)
{
	size_t at;

	if (!step(c, width, &at)) {
		if (!c->put)
			*value = 0;
	} else if (c->put) {
		store(c->put + at, *value, width, c->big_endian);
	} else {
		*value = load(c->get + at, width, c->big_endian);
	}
}

void
cursor_u8(struct cursor *c, uint8_t *value)
{
	uint64_t wide = *value;

	integer(c, &wide, 1);
	*value = (uint8_t)wide;
}

void
cursor_u16(struct cursor *c, uint16_t *value)
{
	uint64_t wide = *value;

	integer(c, &wide, 2);
	*value = (uint16_t)wide;
}

void
cursor_u32(struct cursor *c, uint32_t *value)
{
	uint64_t wide = *value;

	integer(c, &wide, 4);
	*value = (uint32_t)wide;
}

void
cursor_u64(struct cursor *c, uint64_t *value)
{
	integer(c, value, 8);
}

void
cursor_uuid(struct cursor *c, struct becket_uuid *uuid)
{
	cursor_u32(c, &uuid->time_low);
	cursor_u16(c, &uuid->time_mid);
	cursor_u16(c, &uuid->time_high);
	cursor_fixed(c, uuid->clock_node, sizeof uuid->clock_node);
}

void
cursor_reserved(struct cursor *c, size_t size)
{
	size_t at;

	if (step(c, size, &at) && c->put)
		memset(c->put + at, 0, size);
}

void
cursor_align(struct cursor *c, size_t alignment)
{
	cursor_reserved(c, (0 - c->at) & (alignment - 1));
}

void
cursor_fixed(struct cursor *c, uint8_t *bytes, size_t size)
{
	size_t at;

	if (!step(c, size, &at)) {
		if (!c->put)
			memset(bytes, 0, size);
		return;
	}
	if (c->put)
		memcpy(c->put + at, bytes, size);
	else
		memcpy(bytes, c->get + at, size);
}

void
cursor_bytes(struct cursor *c, struct becket_bytes *bytes, size_t size)
{
	size_t at;

	if (!step(c, size, &at)) {
		if (!c->put)
			*bytes = (struct becket_bytes){ 0 };
		return;
	}
	if (!c->put)
		*bytes = (struct becket_bytes){ c->get + at, size };
	else if (size > 0)
		memcpy(c->put + at, bytes->data, size);
}

void
cursor_rest(struct cursor *c, struct becket_bytes *rest)
{
	cursor_bytes(c, rest, c->put ? rest->size : c->size - c->at);
}

becket_status
cursor_end(const struct cursor *c)
{
	if (c->status != BECKET_S_OK)
		return c->status;
	if (!c->put && c->at != c->size)
		return BECKET_S_TRAILING;
	return BECKET_S_OK;
}
