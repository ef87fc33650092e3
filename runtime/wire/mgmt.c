/* SPDX-License-Identifier: MIT */
#include "wire/mgmt.h"

#include "base/trap.h"
#include "wire/ndr.h"

const struct syntax_id mgmt_interface = {
	.uuid = { 0xafa8bd80, 0x7d8a, 0x11c9,
	    { 0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89 } },
	.major = 1,
};

enum {
	POINTER_SIZE = 4,
	IF_ID_SIZE = 20,
};

/* The pointers, then what they point at: two cursors over one vector. */
static void
if_ids_layout(struct cursor *c, uint32_t *referents, struct mgmt_if_ids *v)
{
	uint32_t max = v->count;
	uint32_t count = v->count;
	uint32_t seen = 0;
	struct cursor pointers;

	ndr_conformance(c, &max, POINTER_SIZE);
	ndr_u32(c, &count);
	if (count != max)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	pointers = *c;
	cursor_reserved(c, (size_t)max * POINTER_SIZE);
	for (uint32_t i = 0; i < max; i++) {
		struct syntax_id id = { 0 };
		bool present = true;

		ndr_pointer(&pointers, referents, &present);
		if (!present)
			continue;
		if (c->put)
			id = v->ids[i];
		ndr_if_id(c, &id);
		if (c->status != BECKET_S_OK)
			break;
		if (!c->put && seen < v->capacity)
			v->ids[seen] = id;
		seen++;
	}
	v->count = seen;
}

void
mgmt_inq_if_ids_out(struct cursor *c, struct mgmt_if_ids *out)
{
	/* clients look into the vector of an answer that is fine */
	bool present = out->count > 0 || out->status == BECKET_S_OK;
	uint32_t referents = 0;

	ndr_pointer(c, &referents, &present);
	if (!c->put)
		out->count = 0;
	if (present)
		if_ids_layout(c, &referents, out);
	ndr_u32(c, &out->status);
}

size_t
mgmt_inq_if_ids_size(uint32_t count)
{
	return 16 + (size_t)count * (POINTER_SIZE + IF_ID_SIZE);
}

void
mgmt_inq_stats_in(struct cursor *c, uint32_t *count)
{
	ndr_u32(c, count);
}

void
mgmt_inq_stats_out(struct cursor *c, struct mgmt_stats *out)
{
	uint32_t count = out->count;
	uint32_t max = out->count;

	TRAP_UNLESS(!c->put || out->count <= MGMT_STATS);
	ndr_u32(c, &count);
	ndr_conformance(c, &max, sizeof *out->values);
	if (count > max)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	for (uint32_t i = 0; i < max; i++) {
		uint32_t value = c->put ? out->values[i] : 0;

		ndr_u32(c, &value);
		if (!c->put && i < MGMT_STATS)
			out->values[i] = value;
	}
	ndr_u32(c, &out->status);
	out->count = count < MGMT_STATS ? count : MGMT_STATS;
}

void
mgmt_is_server_listening_out(struct cursor *c, struct mgmt_listening *out)
{
	uint32_t listening = out->listening;

	ndr_u32(c, &out->status);
	ndr_u32(c, &listening);
	out->listening = listening != 0;
}

void
mgmt_stop_server_listening_out(struct cursor *c, becket_status *status)
{
	ndr_u32(c, status);
}

void
mgmt_inq_princ_name_in(struct cursor *c, struct mgmt_princ_name_in *in)
{
	ndr_u32(c, &in->authn_service);
	ndr_u32(c, &in->size);
	if (in->size == 0)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
}

void
mgmt_inq_princ_name_out(struct cursor *c, struct mgmt_princ_name *out)
{
	ndr_string(c, &out->size, &out->name);
	ndr_u32(c, &out->status);
}
