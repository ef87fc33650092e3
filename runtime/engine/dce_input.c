/* SPDX-License-Identifier: MIT */
#include "engine/dce_private.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"

static size_t
held(const struct dce_input *in)
{
	return in->end - in->start;
}

bool
dce_input_is_partial(const struct dce *dce)
{
	return held(&dce->input) > 0 || dce->input.in_body;
}

bool
dce_may_parse(const struct dce *dce)
{
	return dce->input.full == 0 && dce->role->may_parse(dce);
}

static void
window_free(struct dce *dce)
{
	struct dce_input *in = &dce->input;

	memory_free(dce->memory, in->window, in->capacity);
	in->window = NULL;
	in->capacity = in->start = in->end = 0;
}

void
dce_input_rest(struct dce *dce)
{
	if (held(&dce->input) == 0)
		window_free(dce);
}

void
dce_input_stop(struct dce *dce)
{
	window_free(dce);
	dce->input.in_body = false;
	dce->input.target = NULL;
	dce->input.direct = 0;
}

/* Make room in the window: a PDU that is not whole fills it. */
static bool
window_grow(struct dce *dce)
{
	struct dce_input *in = &dce->input;
	size_t capacity =
	    in->window != NULL ? 2 * in->capacity : in->capacity_wanted;
	uint8_t *window;

	if (capacity > DCE_WINDOW_LARGE)
		return false;
	window = memory_resize(dce->memory, in->window, in->capacity, capacity);
	if (window == NULL) {
		dce_no_memory(dce);
		return false;
	}
	in->window = window;
	in->capacity = capacity;
	return true;
}

static bool
window_vec(struct dce *dce, struct session_vec *ret_vec)
{
	struct dce_input *in = &dce->input;

	if (in->start > 0 && held(in) > 0)
		memmove(in->window, in->window + in->start, held(in));
	in->end = held(in);
	in->start = 0;
	if (in->end == in->capacity && !window_grow(dce))
		return false;
	ret_vec->data = in->window + in->end;
	ret_vec->size = in->capacity - in->end;
	return true;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How much of a body is read at once: more and more as it keeps coming. */
static size_t
body_piece(const struct dce_call *call)
{
	size_t size = call->is_stream ? call->in_piece : call->in.size;

	return size > DCE_BODY_FIRST ? size : DCE_BODY_FIRST;
}

/* The end of the message itself. It grows as bytes arrive, and not because this
 * fragment's header says that they will.
 */
static bool
body_vec(struct dce *dce, struct session_vec *ret_vec)
{
	struct dce_input *in = &dce->input;
	struct buffer *message = &in->target->in;
	size_t size = smaller(body_piece(in->target), in->body_left);

	size = smaller(size, dce_stream_room(dce, in->target));
	if (size == 0)
		return false;
	if (!buffer_reserve(message, size)) {
		dce_no_memory(dce);
		return false;
	}
	ret_vec->data = message->data + message->size;
	ret_vec->size = in->direct = size;
	return true;
}

size_t
dce_recv_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	struct dce *dce = dce_of(session);
	struct dce_input *in = &dce->input;
	size_t n = 0;

	in->direct = 0;
	if (dce->state >= DCE_CLOSING || in->eof || count == 0 ||
	    !dce_may_parse(dce))
		return 0;
	if (in->target != NULL && in->body_left > 0 && held(in) == 0 &&
	    !body_vec(dce, &vecs[n++]))
		return 0;
	if (n < count && (n == 0 || in->direct == in->body_left) &&
	    window_vec(dce, &vecs[n]))
		n++;
	return dce->state < DCE_CLOSING ? n : 0;
}

/* Small calls come in large batches: then read more of them at once. */
static void
adapt(struct dce_input *in)
{
	if (in->end == in->capacity && in->capacity_wanted < DCE_WINDOW_LARGE)
		in->capacity_wanted *= 2;
	else if (in->end < in->capacity / 8 &&
	         in->capacity_wanted > DCE_WINDOW_SMALL)
		in->capacity_wanted /= 2;
}

void
dce_received(struct session *session, size_t size, uint64_t now)
{
	struct dce *dce = dce_of(session);
	struct dce_input *in = &dce->input;
	size_t direct = smaller(size, in->direct);

	dce->now = in->last = now;
	in->paused = false;
	session->stats.bytes_in += size;
	if (direct > 0) {
		if (direct == in->direct)
			in->target->in_piece =
			    smaller(2 * direct, DCE_WINDOW_LARGE);
		in->target->in.size += direct;
		in->body_left -= direct;
	}
	size -= direct;
	TRAP_UNLESS(size <= in->capacity - in->end);
	in->end += size;
	if (in->direct == 0)
		adapt(in);
	in->direct = 0;
}

void
dce_eof(struct session *session)
{
	dce_of(session)->input.eof = true;
}

/* A header's version and data representation, whatever its sizes say. */
static bool
is_of_ours(const struct pdu_header *header)
{
	struct pdu_header sized = *header;

	sized.size = UINT16_MAX;
	sized.auth_size = 0;
	return pdu_header_is_sane(&sized);
}

static bool
has_stub(const struct pdu_header *header)
{
	return header->type == PDU_REQUEST || header->type == PDU_RESPONSE ||
	       header->type == PDU_FAULT;
}

static dce_handler *
handler_of(const struct dce *dce, const struct pdu_header *header)
{
	return header->type < PDU_TYPES
	           ? dce->role->handlers[dce->state][header->type]
	           : NULL;
}

/* What is wrong with a header, in the order in which peers are told. */
static bool
find_offence(const struct dce *dce, const struct pdu_header *header,
    enum dce_offence *ret_offence)
{
	bool stub = has_stub(header);

	if (!is_of_ours(header))
		*ret_offence = DCE_BAD_HEADER;
	else if (header->size < PDU_HEADER_SIZE)
		*ret_offence = DCE_TOO_SHORT;
	else if (!pdu_header_is_sane(header))
		*ret_offence = DCE_BAD_HEADER;
	else if (handler_of(dce, header) == NULL)
		*ret_offence = DCE_UNEXPECTED;
	else if (stub && header->size > dce->input.fragment_limit)
		*ret_offence = DCE_TOO_LONG;
	else if (stub && header->size < pdu_body_offset(header))
		*ret_offence = DCE_TOO_SHORT;
	else if (stub && header->auth_size > 0)
		*ret_offence = DCE_BAD_VERIFIER;
	else
		return false;
	return true;
}

static void
begin_body(struct dce *dce, const struct pdu_header *header)
{
	struct dce_input *in = &dce->input;

	in->start += pdu_body_offset(header);
	in->body_left = (size_t)header->size - pdu_body_offset(header);
	in->body_last = header->flags & PDU_LAST;
	in->in_body = true;
}

static uint32_t
hint_of(const struct pdu *pdu)
{
	return pdu->header.type == PDU_REQUEST    ? pdu->request.alloc_hint
	       : pdu->header.type == PDU_RESPONSE ? pdu->response.alloc_hint
	                                          : pdu->fault.alloc_hint;
}

/* Where the message must grow anyway: a large one that only doubles is copied
 * twice. A header is believed as far as what came before it bears it out; that
 * there is no memory for more than that is nothing to end a session for.
 */
static void
expect(struct dce *dce, const struct pdu *pdu)
{
	struct dce_call *call = dce->input.target;
	size_t more = smaller(hint_of(pdu), DCE_AHEAD);

	if (call == NULL || call->is_stream ||
	    dce->input.body_left <= call->in.capacity - call->in.size)
		return;
	more = smaller(more, DCE_AHEAD_TIMES * call->in.size);
	(void)!buffer_reserve(&call->in, more);
}

static void
take_pdu(struct dce *dce, const struct pdu_header *header, size_t size)
{
	struct dce_input *in = &dce->input;
	struct pdu pdu;

	if (pdu_decode(in->window + in->start, size, &pdu) != BECKET_S_OK) {
		dce->role->refuse(dce, header,
		    header->auth_size > 0 ? DCE_BAD_VERIFIER : DCE_TOO_SHORT);
		return;
	}
	dce->session.stats.pdus_in++;
	in->target = NULL;
	handler_of(dce, header)(dce, &pdu);
	if (dce->state >= DCE_CLOSING)
		return;
	if (has_stub(header)) {
		begin_body(dce, header);
		expect(dce, &pdu);
	} else
		in->start += header->size;
}

static bool
step_pdu(struct dce *dce)
{
	struct dce_input *in = &dce->input;
	struct pdu_header header;
	enum dce_offence offence;
	size_t size;

	if (held(in) < PDU_HEADER_SIZE)
		return false;
	header = pdu_decode_header(in->window + in->start);
	if (find_offence(dce, &header, &offence)) {
		dce->role->refuse(dce, &header, offence);
		return true;
	}
	size = has_stub(&header) ? pdu_body_offset(&header) : header.size;
	if (held(in) < size)
		return false;
	take_pdu(dce, &header, size);
	return true;
}

/* The part of a body that came through the window. */
static bool
step_body(struct dce *dce)
{
	struct dce_input *in = &dce->input;
	size_t size = smaller(held(in), in->body_left);
	bool told;

	size = smaller(size, dce_stream_room(dce, in->target));
	if (in->target != NULL && size > 0 &&
	    !buffer_append(&in->target->in, in->window + in->start, size)) {
		dce_no_memory(dce);
		return true;
	}
	in->start += size;
	in->body_left -= size;
	told = dce_stream_tell(dce, in->target);
	if (in->body_left > 0)
		return told;
	in->in_body = false;
	dce->role->fragment(dce);
	in->target = NULL;
	return true;
}

bool
dce_input_step(struct dce *dce)
{
	if (!dce_may_parse(dce)) {
		dce->input.paused = true;
		return false;
	}
	return dce->input.in_body ? step_body(dce) : step_pdu(dce);
}
