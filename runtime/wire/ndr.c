/* SPDX-License-Identifier: MIT */
#include "wire/ndr.h"

#include <string.h>

enum {
	FIRST_REFERENT = 0x00020000,
	REFERENT_STEP = 4,
};

void
ndr_u16(struct cursor *c, uint16_t *value)
{
	cursor_align(c, 2);
	cursor_u16(c, value);
}

void
ndr_u32(struct cursor *c, uint32_t *value)
{
	cursor_align(c, 4);
	cursor_u32(c, value);
}

void
ndr_u64(struct cursor *c, uint64_t *value)
{
	cursor_align(c, 8);
	cursor_u64(c, value);
}

void
ndr_uuid(struct cursor *c, struct becket_uuid *uuid)
{
	cursor_align(c, 4);
	cursor_uuid(c, uuid);
}

void
ndr_if_id(struct cursor *c, struct syntax_id *id)
{
	ndr_uuid(c, &id->uuid);
	ndr_u16(c, &id->major);
	ndr_u16(c, &id->minor);
}

void
ndr_pointer(struct cursor *c, uint32_t *referents, bool *present)
{
	uint32_t id = 0;

	if (c->put && *present)
		id = FIRST_REFERENT + REFERENT_STEP * (*referents)++;
	ndr_u32(c, &id);
	if (!c->put)
		*present = id != 0;
}

/* On get: as many as the bytes that are left can hold. */
static void
element_count(struct cursor *c, uint32_t *count, size_t element_size)
{
	ndr_u32(c, count);
	if (!c->put && *count > (c->size - c->at) / element_size) {
		cursor_fail(c, BECKET_S_TRUNCATED);
		*count = 0;
	}
}

void
ndr_conformance(struct cursor *c, uint32_t *count, size_t element_size)
{
	element_count(c, count, element_size);
}

void
ndr_variance(struct cursor *c, uint32_t *count, size_t element_size)
{
	uint32_t offset = 0;

	ndr_u32(c, &offset);
	if (offset != 0)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	element_count(c, count, element_size);
}

/* Characters and their NUL, which is the last and the first. */
static void
get_characters(struct cursor *c, uint32_t max, struct becket_bytes *text)
{
	struct becket_bytes view = { 0 };
	uint32_t count = 0;

	*text = view;
	ndr_variance(c, &count, 1);
	if (count > max)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	cursor_bytes(c, &view, count);
	if (c->status != BECKET_S_OK)
		return;
	if (count == 0 ||
	    memchr(view.data, 0, count) != view.data + (count - 1)) {
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
		return;
	}
	*text = (struct becket_bytes){ view.data, count - 1 };
}

static void
put_characters(struct cursor *c, uint32_t max, struct becket_bytes text)
{
	uint32_t count;

	if (text.size >= max) {
		cursor_fail(c, BECKET_S_BUFFER_TOO_SMALL);
		return;
	}
	count = (uint32_t)text.size + 1;
	ndr_variance(c, &count, 1);
	cursor_bytes(c, &text, text.size);
	cursor_reserved(c, 1);
}

void
ndr_varying_string(struct cursor *c, uint32_t max, struct becket_bytes *text)
{
	if (c->put)
		put_characters(c, max, *text);
	else
		get_characters(c, max, text);
}

void
ndr_string(struct cursor *c, uint32_t *max, struct becket_bytes *text)
{
	ndr_u32(c, max);
	ndr_varying_string(c, *max, text);
}
