/* SPDX-License-Identifier: MIT */
#include "engine/dce_private.h"

#include "base/allocate.h"
#include "base/trap.h"

enum { AT_ONCE = 1 }; /* as a deadline */

/* clang-format off */
static const bool legal[DCE_STATES][DCE_STATES] = {
	[DCE_UNBOUND]  = { [DCE_BINDING] = true, [DCE_BOUND] = true, [DCE_CLOSING] = true },
	[DCE_BINDING]  = { [DCE_BOUND] = true, [DCE_CLOSING] = true },
	[DCE_BOUND]    = { [DCE_ALTERING] = true, [DCE_CLOSING] = true },
	[DCE_ALTERING] = { [DCE_BOUND] = true, [DCE_CLOSING] = true },
	[DCE_CLOSING]  = { [DCE_CLOSED] = true },
};
/* clang-format on */

void
dce_move(struct dce *dce, enum dce_state to)
{
	TRAP_UNLESS(legal[dce->state][to]);
	dce->state = to;
}

void
dce_init(struct dce *dce, const struct dce_role *role,
    const struct becket_memory *memory, const struct becket_limits *limits,
    uint64_t now)
{
	uint32_t calls = limits->calls_per_session;

	dce->role = role;
	dce->memory = memory;
	dce->limits = limits;
	dce->now = now;
	dce->ids = idmap_empty(memory, calls < UINT16_MAX ? calls : UINT16_MAX);
	dce->input.last = now;
	dce->input.capacity_wanted = DCE_WINDOW_SMALL;
	dce->input.fragment_limit = DCE_NDR_FRAGMENT;
	dce->output.fragment_size = DCE_NDR_FRAGMENT;
	list_init(&dce->calls);
	list_init(&dce->events);
	list_init(&dce->output.queue);
	list_init(&dce->output.urgent);
}

static void
call_free(struct dce *dce, struct dce_call *call)
{
	list_remove(&call->all);
	dce->call_count--;
	list_remove(&call->event);
	list_remove(&call->item.link);
	list_remove(&call->wait);
	list_remove(&call->due);
	buffer_fini(&call->in);
	buffer_fini(&call->out);
	if (call->end.fault_data.memory != NULL)
		buffer_fini(&call->end.fault_data);
	memory_free(dce->memory, call, sizeof *call);
}

void
dce_fini(struct dce *dce)
{
	dce_output_fini(dce);
	dce_input_stop(dce);
	list_for_each (at, &dce->calls)
		call_free(dce, container_of(at, struct dce_call, all));
	idmap_fini(&dce->ids);
}

void
dce_close(struct dce *dce, becket_status status, const char *sentence)
{
	if (dce->state >= DCE_CLOSING)
		return;
	dce->closed_status = status;
	dce->closed_sentence = sentence;
	dce_move(dce, DCE_CLOSING);
	dce_input_stop(dce);
	dce->role->closing(dce);
}

void
dce_no_memory(struct dce *dce)
{
	dce_close(dce, BECKET_S_OUT_OF_MEMORY, "there was no memory");
}

struct dce_call *
dce_call_new(struct dce *dce)
{
	struct dce_call *call = memory_new(dce->memory, sizeof *call);

	if (call == NULL)
		return NULL;
	call->id = idmap_add(&dce->ids, call);
	if (call->id.generation == 0) {
		memory_free(dce->memory, call, sizeof *call);
		return NULL;
	}
	call->alive = true;
	call->in = buffer_empty(dce->memory);
	call->out = buffer_empty(dce->memory);
	list_init(&call->item.link);
	list_init(&call->event);
	list_init(&call->wait);
	list_init(&call->due);
	list_append(&dce->calls, &call->all);
	dce->call_count++;
	return call;
}

struct dce_call *
dce_call_get(const struct dce *dce, struct idmap_id id)
{
	return idmap_get(&dce->ids, id);
}

void
dce_call_event(struct dce *dce, struct dce_call *call,
    enum session_event_kind kind)
{
	if (call->events == 0)
		list_append(&dce->events, &call->event);
	call->events |= 1u << kind;
}

void
dce_call_quiet(struct dce_call *call, unsigned keep)
{
	call->events &= keep;
	if (call->events == 0)
		list_remove(&call->event);
}

void
dce_call_die(struct dce *dce, struct dce_call *call)
{
	if (dce->input.target == call)
		dce->input.target = NULL;
	if (call->alive)
		idmap_remove(&dce->ids, call->id);
	call->alive = false;
	dce_stream_end_input(dce, call);
}

void
dce_call_settle(struct dce *dce, struct dce_call *call)
{
	bool queued = !list_is_empty(&call->item.link);

	if (!call->alive && call->events == 0 && call->slices == 0 && !queued)
		call_free(dce, call);
}

static enum session_event_kind
first_event(unsigned events)
{
	unsigned kind = 0;

	while ((events & 1u << kind) == 0)
		kind++;
	return (enum session_event_kind)kind;
}

/* The next event of the call that has waited longest. */
static void
take_event(struct dce *dce, struct session_event *ret_event)
{
	struct dce_call *call =
	    container_of(dce->events.next, struct dce_call, event);
	enum session_event_kind kind = first_event(call->events);

	*ret_event = (struct session_event){ .kind = kind,
		.call = call->id,
		.big_endian = call->in_big_endian };
	if (kind == SESSION_CALL)
		ret_event->begun = call->begun;
	if (kind == SESSION_MESSAGE) {
		dce_stream_told(dce, call, call->in.size);
		ret_event->message = buffer_take(&call->in);
	}
	if (kind == SESSION_END) {
		ret_event->end = call->end;
		call->end.fault_data = buffer_empty(dce->memory);
	}
	call->events &= ~(1u << kind);
	if (call->events == 0)
		list_remove(&call->event);
	dce_call_settle(dce, call);
}

static void
take_closed(struct dce *dce, struct session_event *ret_event)
{
	*ret_event = (struct session_event){ .kind = SESSION_CLOSED };
	ret_event->closed.status = dce->closed_status;
	ret_event->closed.sentence = dce->closed_sentence;
	list_for_each (at, &dce->calls) {
		struct dce_call *call = container_of(at, struct dce_call, all);

		dce_call_die(dce, call);
		dce_call_settle(dce, call);
	}
	dce_move(dce, DCE_CLOSED);
}

bool
dce_next(struct session *session, struct session_event *ret_event)
{
	struct dce *dce = dce_of(session);

	for (;;) {
		if (!list_is_empty(&dce->events)) {
			take_event(dce, ret_event);
			return true;
		}
		if (dce->state == DCE_CLOSED)
			return false;
		if (dce->state == DCE_CLOSING) {
			take_closed(dce, ret_event);
			return true;
		}
		if (dce_input_step(dce))
			continue;
		dce->role->idle(dce);
		if (dce->state != DCE_CLOSING && list_is_empty(&dce->events)) {
			dce_input_rest(dce);
			return false;
		}
	}
}

uint64_t
dce_earlier(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static uint64_t
stall_time(const struct dce *dce)
{
	return (uint64_t)dce->limits->stall_ms * 1000000;
}

uint64_t
dce_stall_deadline(const struct dce *dce)
{
	bool reading =
	    dce->state < DCE_CLOSING && !dce->input.eof && dce_may_parse(dce);

	if (!reading ||
	    (!dce_input_is_partial(dce) && !dce->role->is_amid(dce)))
		return 0;
	return dce->input.paused ? AT_ONCE : dce->input.last + stall_time(dce);
}

void
dce_check_stall(struct dce *dce)
{
	uint64_t by = dce_stall_deadline(dce);

	if (by == AT_ONCE) {
		/* Only here it is known when it was that we went on. */
		dce->input.paused = false;
		dce->input.last = dce->now;
		return;
	}
	if (by != 0 && dce->now >= by)
		dce_close(dce, BECKET_S_PROTOCOL_ERROR,
		    dce_input_is_partial(dce)
		        ? "the peer stalled in the middle of a PDU"
		        : "the peer stalled between two fragments");
}
