/* SPDX-License-Identifier: MIT */
#include "wire/epm.h"

#include "base/trap.h"
#include "wire/ndr.h"

const struct syntax_id epm_interface = {
	.uuid = { 0xe1af8308, 0x5d1f, 0x11c9,
	    { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	.major = 3,
};

enum {
	/* UUID, tower's pointer, offset and count of an annotation, and its
	 * NUL; the next one is aligned.
	 */
	ENTRY_SIZE_MIN = 16 + 4 + 8 + 1,
	ENTRY_SIZE_MAX = 16 + 4 + 8 + EPM_ANNOTATION_SIZE + 3,
	POINTER_SIZE = 4,
	TOWER_HEADER = 8 + 3, /* two counts and padding */
};

becket_status
epm_status_local(uint32_t status)
{
	switch (status) {
	case EPM_CANT_PERFORM_OP:
		return BECKET_S_CANT_PERFORM_OP;
	case EPM_NO_MEMORY:
		return BECKET_S_REMOTE_NO_MEMORY;
	case EPM_CANT_CREATE:
		return BECKET_S_CANT_CREATE;
	case EPM_CANT_ACCESS:
		return BECKET_S_ACCESS_DENIED;
	case EPM_INVALID_ENTRY:
		return BECKET_S_INVALID_ENTRY;
	case EPM_INVALID_CONTEXT:
		return BECKET_X_SS_CONTEXT_MISMATCH;
	case EPM_NOT_REGISTERED:
		return BECKET_S_NOT_REGISTERED;
	default:
		return status;
	}
}

/* --------------------------------------------------------------- parts -- */

void
epm_handle_layout(struct cursor *c, struct epm_handle *handle)
{
	ndr_u32(c, &handle->attributes);
	ndr_uuid(c, &handle->uuid);
}

/* twr_t: a conformant struct, so that its size stands there twice. */
static void
twr_layout(struct cursor *c, struct becket_bytes *tower)
{
	uint32_t max = (uint32_t)tower->size;
	uint32_t size = max;

	TRAP_UNLESS(!c->put || tower->size <= UINT32_MAX);
	ndr_conformance(c, &max, 1);
	ndr_u32(c, &size);
	if (size > max) {
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
		size = 0;
	}
	cursor_bytes(c, tower, size);
	if (!c->put && max > size)
		cursor_reserved(c, max - size);
}

/* A pointer at the top, to a UUID right behind it. */
static void
uuid_pointer(struct cursor *c, uint32_t *referents, bool *present,
    struct becket_uuid *uuid)
{
	ndr_pointer(c, referents, present);
	if (*present)
		ndr_uuid(c, uuid);
}

static void
tower_pointer(struct cursor *c, uint32_t *referents, bool *present,
    struct becket_bytes *tower)
{
	ndr_pointer(c, referents, present);
	if (*present)
		twr_layout(c, tower);
}

/* ------------------------------------------------------------- entries -- */

static void
entry_layout(struct cursor *c, uint32_t *referents, struct epm_entry *entry)
{
	ndr_uuid(c, &entry->object);
	ndr_pointer(c, referents, &entry->has_tower);
	ndr_varying_string(c, EPM_ANNOTATION_SIZE, &entry->annotation);
}

/* The entries, and behind all of them their towers. What is beyond the
 * capacity is walked over.
 */
static void
array_layout(struct cursor *c, uint32_t count, struct epm_entries *v)
{
	uint32_t kept = c->put || count < v->capacity ? count : v->capacity;
	uint32_t referents = 0, beyond = 0;

	for (uint32_t i = 0; i < count && c->status == BECKET_S_OK; i++) {
		struct epm_entry entry = { 0 };

		if (c->put)
			entry = v->entries[i];
		entry_layout(c, &referents, &entry);
		if (!c->put && i < kept)
			v->entries[i] = entry;
		else if (!c->put && entry.has_tower)
			beyond++;
	}
	for (uint32_t i = 0; i < kept && c->status == BECKET_S_OK; i++)
		if (v->entries[i].has_tower)
			twr_layout(c, &v->entries[i].tower);
	for (uint32_t i = 0; i < beyond && c->status == BECKET_S_OK; i++)
		twr_layout(c, &(struct becket_bytes){ 0 });
	v->count = c->status == BECKET_S_OK ? count : 0;
}

/* As insert and delete have them. */
static void
entries_in(struct cursor *c, struct epm_entries *v)
{
	uint32_t count = v->count, max = v->count;

	ndr_u32(c, &count);
	ndr_conformance(c, &max, ENTRY_SIZE_MIN);
	if (count != max)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	array_layout(c, max, v);
}

/* The room that a client says it has is not what follows. */
static void
varying(struct cursor *c, uint32_t *count, uint32_t *max, size_t element_size)
{
	uint32_t said = *count;

	ndr_u32(c, &said);
	ndr_u32(c, max);
	ndr_variance(c, count, element_size);
	if (said != *count || *count > *max)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
}

/* ---------------------------------------------------------- operations -- */

void
epm_insert_in(struct cursor *c, struct epm_insert *in)
{
	uint32_t replace = in->replace;

	entries_in(c, &in->entries);
	ndr_u32(c, &replace);
	in->replace = replace != 0;
}

void
epm_delete_in(struct cursor *c, struct epm_entries *in)
{
	entries_in(c, in);
}

void
epm_lookup_in(struct cursor *c, struct epm_lookup_in *in)
{
	uint32_t referents = 0;

	ndr_u32(c, &in->inquiry);
	uuid_pointer(c, &referents, &in->has_object, &in->object);
	ndr_pointer(c, &referents, &in->has_interface);
	if (in->has_interface)
		ndr_if_id(c, &in->interface);
	ndr_u32(c, &in->versions);
	epm_handle_layout(c, &in->handle);
	ndr_u32(c, &in->max);
}

void
epm_lookup_out(struct cursor *c, struct epm_lookup_out *out)
{
	epm_handle_layout(c, &out->handle);
	varying(c, &out->entries.count, &out->entries.max, ENTRY_SIZE_MIN);
	array_layout(c, out->entries.count, &out->entries);
	ndr_u32(c, &out->status);
}

void
epm_map_in(struct cursor *c, struct epm_map_in *in)
{
	uint32_t referents = 0;

	uuid_pointer(c, &referents, &in->has_object, &in->object);
	tower_pointer(c, &referents, &in->has_tower, &in->tower);
	epm_handle_layout(c, &in->handle);
	ndr_u32(c, &in->max);
}

/* The pointers, then the towers: those that are null have none. */
static void
towers_layout(struct cursor *c, struct epm_map_out *out)
{
	uint32_t referents = 0, present_count = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		bool present = true;

		ndr_pointer(c, &referents, &present);
		present_count += present;
	}
	for (uint32_t i = 0; i < present_count && c->status == BECKET_S_OK;
	     i++) {
		struct becket_bytes tower = { 0 };

		if (c->put)
			tower = out->towers[i];
		twr_layout(c, &tower);
		if (!c->put && i < out->capacity)
			out->towers[i] = tower;
	}
	out->count = c->status == BECKET_S_OK ? present_count : 0;
}

void
epm_map_out(struct cursor *c, struct epm_map_out *out)
{
	epm_handle_layout(c, &out->handle);
	varying(c, &out->count, &out->max, POINTER_SIZE);
	if (c->status != BECKET_S_OK)
		out->count = 0;
	towers_layout(c, out);
	ndr_u32(c, &out->status);
}

void
epm_handle_out(struct cursor *c, struct epm_handle *handle, uint32_t *status)
{
	epm_handle_layout(c, handle);
	ndr_u32(c, status);
}

void
epm_inq_object_out(struct cursor *c, struct becket_uuid *object,
    uint32_t *status)
{
	ndr_uuid(c, object);
	ndr_u32(c, status);
}

void
epm_mgmt_delete_in(struct cursor *c, struct epm_mgmt_delete *in)
{
	uint32_t by_object = in->by_object;
	uint32_t referents = 0;

	ndr_u32(c, &by_object);
	in->by_object = by_object != 0;
	uuid_pointer(c, &referents, &in->has_object, &in->object);
	tower_pointer(c, &referents, &in->has_tower, &in->tower);
}

void
epm_status_out(struct cursor *c, uint32_t *status)
{
	ndr_u32(c, status);
}

size_t
epm_entries_size(size_t count, size_t tower_bytes)
{
	return EPM_SMALL_SIZE + count * (ENTRY_SIZE_MAX + TOWER_HEADER) +
	       tower_bytes;
}
