/* SPDX-License-Identifier: MIT */
#include "engine/dce_private.h"

#include "base/trap.h"

static bool
receives(const struct dce_call *call)
{
	return call != NULL && call->is_stream && !call->in_fault;
}

size_t
dce_stream_room(const struct dce *dce, const struct dce_call *call)
{
	size_t window = dce->limits->stream_window;
	size_t kept;

	if (!receives(call))
		return SIZE_MAX;
	kept = call->in_owed + call->in.size;
	return kept < window ? window - kept : 0;
}

bool
dce_stream_tell(struct dce *dce, struct dce_call *call)
{
	if (!receives(call) || call->in.size == 0)
		return false;
	dce_call_event(dce, call, SESSION_MESSAGE);
	return true;
}

static void
set_full(struct dce *dce, struct dce_call *call, bool full)
{
	if (full && !call->in_full)
		dce->input.full++;
	if (!full && call->in_full)
		dce->input.full--;
	call->in_full = full;
}

void
dce_stream_told(struct dce *dce, struct dce_call *call, size_t size)
{
	if (!call->is_stream)
		return;
	call->in_owed += size;
	if (!call->in_ended && call->in_owed >= dce->limits->stream_window)
		set_full(dce, call, true);
}

void
dce_stream_end_input(struct dce *dce, struct dce_call *call)
{
	call->in_ended = true;
	set_full(dce, call, false);
}

void
dce_consumed(struct session *session, struct idmap_id id, size_t size)
{
	struct dce *dce = dce_of(session);
	struct dce_call *call = dce_call_get(dce, id);

	if (call == NULL)
		return;
	TRAP_UNLESS(size <= call->in_owed);
	call->in_owed -= size;
	if (call->in_owed < dce->limits->stream_window)
		set_full(dce, call, false);
}
