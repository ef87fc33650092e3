/* SPDX-License-Identifier: MIT */
#include "engine/dce_private.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"

enum { FAULT_HINT = 24 }; /* some clients want any number but 0 */

static struct dce_packet *
packet_of(struct dce_item *item)
{
	return container_of(item, struct dce_packet, item);
}

static struct dce_call *
call_of(struct dce_item *item)
{
	return container_of(item, struct dce_call, item);
}

static void
packet_free(struct dce *dce, struct dce_packet *packet)
{
	list_remove(&packet->item.link);
	memory_free(dce->memory, packet, sizeof *packet + packet->capacity);
}

bool
dce_output_pdu(struct dce *dce, struct list *queue, struct pdu *pdu,
    size_t capacity)
{
	struct dce_packet *packet =
	    memory_new(dce->memory, sizeof *packet + capacity);
	becket_status status;

	if (packet == NULL) {
		dce_no_memory(dce);
		return false;
	}
	packet->capacity = capacity;
	packet->item.is_packet = true;
	status = pdu_encode(pdu, packet->bytes, capacity, &packet->size);
	TRAP_UNLESS(status == BECKET_S_OK);
	list_append(queue, &packet->item.link);
	dce->output.queued += packet->size;
	return true;
}

void
dce_output_header(struct dce *dce, struct list *queue, enum pdu_type type,
    uint32_t wire)
{
	struct pdu pdu = { .header = { .type = (uint8_t)type,
		               .flags = PDU_FIRST | PDU_LAST,
		               .call = wire } };

	dce_output_pdu(dce, queue, &pdu, PDU_HEADER_SIZE);
}

becket_status
dce_output_put(struct dce *dce, struct dce_call *call, struct buffer *message)
{
	bool fits = true;

	dce->output.queued += message->size;
	if (call->out.size == 0) {
		buffer_fini(&call->out);
		call->out = buffer_take(message);
	} else {
		fits = buffer_append(&call->out, message->data, message->size);
		if (!fits)
			dce->output.queued -= message->size;
		buffer_fini(message);
	}
	return fits ? BECKET_S_OK : BECKET_S_OUT_OF_MEMORY;
}

void
dce_output_enqueue(struct dce *dce, struct dce_call *call)
{
	if (list_is_empty(&call->item.link) && !call->out_planned)
		list_append(&dce->output.queue, &call->item.link);
}

void
dce_output_drop(struct dce *dce, struct dce_call *call)
{
	dce->output.queued -= call->out.size - call->out_at;
	call->out.size = call->out_at;
	list_remove(&call->item.link);
}

/* Only the head of the queue can be in the middle of its fragments. */
static bool
is_half_sent(const struct dce_call *call)
{
	return call->out_begun && !call->out_planned;
}

static void
put_first(struct dce *dce, struct dce_call *call)
{
	list_append(dce->output.queue.next, &call->item.link);
}

void
dce_output_cut(struct dce *dce, struct dce_call *call)
{
	dce_output_drop(dce, call);
	call->out_ended = true;
	if (is_half_sent(call))
		put_first(dce, call);
}

void
dce_output_become_fault(struct dce *dce, struct dce_call *call, uint32_t fault,
    uint8_t flags)
{
	if (!call->is_stream) {
		dce_output_drop(dce, call);
		if (is_half_sent(call))
			put_first(dce, call);
	}
	call->fails = true;
	call->fault_at = call->out.size;
	call->fault = fault;
	call->fault_flags = flags;
}

static void
begin_fault(struct dce_call *call)
{
	call->fails = false;
	call->out_type = PDU_FAULT;
	call->out_flags = call->fault_flags;
	call->out_begun = false;
}

void
dce_output_fini(struct dce *dce)
{
	struct dce_output *out = &dce->output;

	for (; out->count > 0; out->count--, out->first++) {
		struct dce_item *item =
		    out->slices[out->first % DCE_SLICES].item;

		if (item->is_packet)
			packet_free(dce, packet_of(item));
	}
	list_for_each (at, &out->urgent)
		packet_free(dce,
		    container_of(at, struct dce_packet, item.link));
	list_for_each (at, &out->queue) {
		struct dce_item *item = container_of(at, struct dce_item, link);

		if (item->is_packet)
			packet_free(dce, packet_of(item));
	}
}

/* Of a stream nobody knows how much is left. */
static uint32_t
hint_of(const struct dce_call *call, size_t size, size_t left)
{
	size_t hint =
	    call->is_stream && call->out_type != PDU_FAULT ? size : left;

	return hint < UINT32_MAX ? (uint32_t)hint : UINT32_MAX;
}

/* The head of a fragment of size bytes, of left that remain. */
static size_t
encode_head(const struct dce_call *call, uint8_t flags, size_t size,
    size_t left, uint8_t head[DCE_HEAD_SIZE])
{
	struct pdu pdu = { .header = { .type = call->out_type,
		               .flags = flags | call->out_flags,
		               .call = call->wire } };
	struct becket_bytes stub = { NULL, size };
	uint32_t hint = hint_of(call, size, left);
	uint32_t fault_hint = hint > 0 ? hint : FAULT_HINT;
	size_t head_size = 0;
	becket_status status;

	if (call->out_type == PDU_REQUEST)
		pdu.request = (struct pdu_request){ .alloc_hint = hint,
			.context = call->context,
			.opnum = call->opnum,
			.object = call->object,
			.stub = stub };
	else if (call->out_type == PDU_RESPONSE)
		pdu.response = (struct pdu_response){ .alloc_hint = hint,
			.context = call->context,
			.cancel_count = call->cancels,
			.stub = stub };
	else
		pdu.fault = (struct pdu_fault){ .alloc_hint = fault_hint,
			.context = call->context,
			.cancel_count = call->cancels,
			.status = call->fault,
			.stub = stub };
	status = pdu_encode_head(&pdu, head, DCE_HEAD_SIZE, &head_size);
	TRAP_UNLESS(status == BECKET_S_OK);
	return head_size;
}

/* Bytes that a fragment of this call has room for: a multiple of 8, as NDR
 * wants all but the last to be.
 */
static size_t
room(const struct dce *dce, const struct dce_call *call)
{
	size_t head = PDU_RESPONSE_SIZE;

	if (call->out_type == PDU_FAULT)
		head = PDU_FAULT_SIZE;
	if (call->out_flags & PDU_OBJECT)
		head += PDU_OBJECT_SIZE;
	return (dce->output.fragment_size - head) & ~(size_t)7;
}

static bool
plan_fragment(struct dce *dce, struct dce_call *call, struct dce_slice *slice)
{
	bool turns = call->fails && call->out_at == call->fault_at;
	size_t left, size;
	uint8_t flags;
	bool last;

	if (turns)
		begin_fault(call);
	left = (call->fails ? call->fault_at : call->out.size) - call->out_at;
	size = left < room(dce, call) ? left : room(dce, call);
	last = call->out_ended && !call->fails && size == left;
	flags = last ? PDU_LAST : 0;
	if (size == 0 && !last)
		return false;
	if (!call->out_begun)
		flags |= PDU_FIRST;
	*slice = (struct dce_slice){ .item = &call->item,
		.last = last,
		.body_at = call->out_at,
		.body_size = size };
	slice->head_size =
	    (uint8_t)encode_head(call, flags, size, left, slice->head);
	call->out_begun = true;
	call->out_at += size;
	call->slices++;
	call->out_planned = last;
	if (last)
		list_remove(&call->item.link);
	return true;
}

static void
plan_packet(struct dce_item *item, struct dce_slice *slice)
{
	list_remove(&item->link);
	*slice = (struct dce_slice){ .item = item,
		.last = true,
		.body_size = packet_of(item)->size };
}

/* Plan one more slice. A call that has begun and waits for more of its bytes
 * lets none pass.
 */
static bool
plan(struct dce *dce)
{
	struct dce_output *out = &dce->output;
	struct list *queue =
	    list_is_empty(&out->urgent) ? &out->queue : &out->urgent;
	struct dce_slice *slice =
	    &out->slices[(out->first + out->count) % DCE_SLICES];
	struct dce_item *item;

	if (out->count == DCE_SLICES || list_is_empty(queue))
		return false;
	item = container_of(queue->next, struct dce_item, link);
	if (item->is_packet)
		plan_packet(item, slice);
	else if (!plan_fragment(dce, call_of(item), slice))
		return false;
	out->count++;
	return true;
}

static uint8_t *
body_of(struct dce_slice *slice)
{
	return slice->item->is_packet
	           ? packet_of(slice->item)->bytes
	           : call_of(slice->item)->out.data + slice->body_at;
}

/* The vectors of a slice without its first bytes; 0: they are too many. */
static size_t
slice_vecs(struct dce_slice *slice, size_t skip, struct session_vec *vecs,
    size_t count)
{
	size_t head = slice->head_size;
	size_t n = 0;

	if (head > skip && n < count)
		vecs[n++] =
		    (struct session_vec){ slice->head + skip, head - skip };
	skip = skip > head ? skip - head : 0;
	if (slice->body_size == skip)
		return n;
	if (n == count)
		return n;
	vecs[n++] = (struct session_vec){ body_of(slice) + skip,
		slice->body_size - skip };
	return n;
}

size_t
dce_send_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	struct dce *dce = dce_of(session);
	struct dce_output *out = &dce->output;
	size_t skip = out->done;
	size_t n = 0;

	for (unsigned i = 0; n < count && (i < out->count || plan(dce)); i++) {
		n += slice_vecs(&out->slices[(out->first + i) % DCE_SLICES],
		    skip, vecs + n, count - n);
		skip = 0;
	}
	return n;
}

static void
all_sent(struct dce *dce, struct dce_call *call, bool last)
{
	if (last) {
		buffer_fini(&call->out);
		call->out_at = 0;
		dce->role->sent(dce, call);
	} else if (call->slices == 0 && call->out_at == call->out.size) {
		buffer_fini(&call->out);
		call->out_at = call->fault_at = 0;
		if (call->alive && !call->out_ended && dce->state < DCE_CLOSING)
			dce_call_event(dce, call, SESSION_WRITABLE);
	}
}

static void
finish_slice(struct dce *dce)
{
	struct dce_output *out = &dce->output;
	struct dce_slice slice = out->slices[out->first % DCE_SLICES];
	struct dce_call *call;

	out->first++;
	out->count--;
	out->queued -= slice.body_size;
	dce->session.stats.pdus_out++;
	if (slice.item->is_packet) {
		packet_free(dce, packet_of(slice.item));
		return;
	}
	call = call_of(slice.item);
	call->slices--;
	call->out_any = true;
	all_sent(dce, call, slice.last);
	dce_call_settle(dce, call);
}

void
dce_sent(struct session *session, size_t size)
{
	struct dce *dce = dce_of(session);
	struct dce_output *out = &dce->output;

	session->stats.bytes_out += size;
	out->done += size;
	while (out->count > 0) {
		struct dce_slice *slice = &out->slices[out->first % DCE_SLICES];
		size_t whole = slice->head_size + slice->body_size;

		if (out->done < whole)
			break;
		out->done -= whole;
		finish_slice(dce);
	}
	TRAP_UNLESS(out->count > 0 || out->done == 0);
	if (out->done > 0 &&
	    !out->slices[out->first % DCE_SLICES].item->is_packet)
		call_of(out->slices[out->first % DCE_SLICES].item)->out_any =
		    true;
}
