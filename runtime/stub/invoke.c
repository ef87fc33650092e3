/* SPDX-License-Identifier: MIT */
#include "stub/invoke.h"

#include "stub/frame.h"
#include "stub/metadata.h"
#include "stub/reply.h"
#include "stub/stream_frame.h"
#include "wire/call_header.h"
#include "wire/status_message.h"

static const struct becket_operation *
operation_of(const struct invoke *invoke)
{
	return &invoke->interface->operations[invoke->opnum];
}

static bool
is_ndr(const struct invoke *invoke)
{
	return invoke->interface->flags & BECKET_INTERFACE_NDR;
}

static enum transfer_syntax
choose_syntax(const struct invoke *invoke, bool is_plain)
{
	if (is_plain)
		return SYNTAX_PROTOBUF;
	return is_ndr(invoke) ? SYNTAX_NDR : SYNTAX_BECKET;
}

static enum frame_form
form_of(const struct invoke *invoke)
{
	return frame_form(invoke->syntax, invoke->interface);
}

static bool
has_streams(const struct invoke *invoke)
{
	return operation_of(invoke)->flags &
	       (BECKET_OPERATION_REQUEST_STREAM |
	           BECKET_OPERATION_RESPONSE_STREAM);
}

static becket_status
check_table(const struct invoke *invoke)
{
	const struct becket_interface *interface = invoke->interface;

	if (interface == NULL)
		return BECKET_S_INVALID_ARG;
	if (interface->abi != BECKET_ABI)
		return BECKET_S_INVALID_ABI;
	if (invoke->opnum >= interface->operation_count ||
	    operation_of(invoke)->name == NULL)
		return BECKET_S_PROCNUM_OUT_OF_RANGE;
	return BECKET_S_OK;
}

becket_status
invoke_check(const struct invoke *invoke)
{
	becket_status status = check_table(invoke);

	if (status == BECKET_S_OK && has_streams(invoke))
		return BECKET_S_STREAMS_NOT_SUPPORTED;
	return status;
}

becket_status
invoke_check_stream(const struct invoke *invoke)
{
	becket_status status = check_table(invoke);

	if (status == BECKET_S_OK && (!has_streams(invoke) || is_ndr(invoke)))
		return BECKET_S_INVALID_ARG;
	return status;
}

static bool
is_maybe(const struct invoke *invoke)
{
	return operation_of(invoke)->flags & BECKET_OPERATION_MAYBE;
}

bool
invoke_is_idempotent(const struct invoke *invoke)
{
	return operation_of(invoke)->flags &
	       (BECKET_OPERATION_IDEMPOTENT | BECKET_OPERATION_NO_SIDE_EFFECTS);
}

const char *
invoke_operation_name(const struct invoke *invoke)
{
	return operation_of(invoke)->name;
}

bool
invoke_is_late(const struct invoke *invoke, uint64_t now)
{
	return invoke->deadline != 0 && invoke->deadline <= now;
}

/* The time that is left goes along always where there is a deadline; at least a
 * microsecond, since 0 would say that there is none.
 */
static uint64_t
remaining_us(const struct invoke *invoke, uint64_t now)
{
	uint64_t left = invoke->deadline > now ? invoke->deadline - now : 0;

	return invoke->deadline == 0 ? 0 : left / 1000 + 1;
}

static becket_status
encode_request(const struct invoke *invoke, const void *request, uint64_t now,
    struct buffer *ret_stub)
{
	struct frame frame = { .remaining_us = remaining_us(invoke, now),
		.metadata = invoke->request_metadata };

	return frame_encode(form_of(invoke), &frame,
	    &operation_of(invoke)->request, request, invoke->memory,
	    invoke->limits->request_size, ret_stub);
}

static struct call_start
call_start_of(const struct invoke *invoke, uint64_t now)
{
	const struct becket_interface *interface = invoke->interface;

	return (struct call_start){
		.interface = { interface->uuid, interface->major,
		    interface->minor },
		.syntax = invoke->syntax,
		.opnum = invoke->opnum,
		.object = &invoke->object,
		.maybe = is_maybe(invoke),
		.deadline = invoke->deadline,
		.interface_name = interface->name,
		.operation_name = invoke_operation_name(invoke),
		.remaining_us = remaining_us(invoke, now),
		.packs = invoke->packs,
		.is_unattended = invoke->is_unattended,
		.has_one_response = !(operation_of(invoke)->flags &
		                      BECKET_OPERATION_RESPONSE_STREAM),
		.authority = invoke->authority,
		.user_agent = invoke->user_agent,
		.metadata = invoke->request_metadata,
	};
}

/* Takes the stub. */
static becket_status
begin(struct invoke *invoke, struct session *session,
    const struct call_start *start, struct buffer *stub)
{
	const struct session_ops *ops = session->ops;
	struct call_end end = { .status = BECKET_S_OK };
	becket_status status = ops->begin(session, start, &invoke->call);

	if (status != BECKET_S_OK) {
		buffer_fini(stub);
		return status;
	}
	status = ops->put(session, invoke->call, stub);
	if (status == BECKET_S_OK)
		status = ops->end(session, invoke->call, &end);
	/* It may be over already, and then an event says why. */
	invoke->is_begun =
	    status == BECKET_S_OK || status == BECKET_S_NO_CALL_ACTIVE;
	if (invoke->is_begun)
		return BECKET_S_OK;
	ops->abandon(session, invoke->call);
	return status;
}

becket_status
invoke_begin(struct invoke *invoke, struct session *session,
    const void *request, uint64_t now)
{
	struct call_start start;
	struct buffer stub;
	becket_status status;

	status =
	    invoke_encode(invoke, session->ops->is_plain, request, now, &stub);
	if (status != BECKET_S_OK)
		return status;
	start = call_start_of(invoke, now);
	return begin(invoke, session, &start, &stub);
}

becket_status
invoke_encode(struct invoke *invoke, bool is_plain, const void *request,
    uint64_t now, struct buffer *ret_stub)
{
	if (is_plain && is_ndr(invoke))
		return BECKET_S_UNSUPPORTED_TRANS_SYN;
	invoke->syntax = choose_syntax(invoke, is_plain);
	return encode_request(invoke, request, now, ret_stub);
}

becket_status
invoke_begin_encoded(struct invoke *invoke, struct session *session,
    const struct buffer *stub, bool ordered, uint64_t now)
{
	struct call_start start = call_start_of(invoke, now);
	struct buffer copy = buffer_empty(invoke->memory);

	if (session->ops->is_plain != (invoke->syntax == SYNTAX_PROTOBUF))
		return BECKET_S_UNSUPPORTED_TRANS_SYN;
	if (!buffer_append(&copy, stub->data, stub->size))
		return BECKET_S_OUT_OF_MEMORY;
	start.ordered = ordered;
	return begin(invoke, session, &start, &copy);
}

static becket_status
add_only_message(const struct invoke *invoke, bool is_plain,
    const void *request, struct buffer *head)
{
	struct buffer message;
	becket_status status = stream_out_message(is_plain,
	    &operation_of(invoke)->request, request, invoke->memory,
	    invoke->limits->request_size, &message);

	if (status != BECKET_S_OK)
		return status;
	if (!buffer_append(head, message.data, message.size))
		status = BECKET_S_OUT_OF_MEMORY;
	buffer_fini(&message);
	return status;
}

becket_status
invoke_encode_head(struct invoke *invoke, bool is_plain, const void *request,
    uint64_t now, struct buffer *ret_head)
{
	struct frame frame = { .remaining_us = remaining_us(invoke, now),
		.metadata = invoke->request_metadata };
	struct buffer head;
	becket_status status;

	invoke->syntax = choose_syntax(invoke, is_plain);
	status = stream_out_head(is_plain, &frame, invoke->memory, &head);
	if (status == BECKET_S_OK && request != NULL) {
		status = add_only_message(invoke, is_plain, request, &head);
		if (status != BECKET_S_OK)
			buffer_fini(&head);
	}
	if (status == BECKET_S_OK)
		*ret_head = head;
	return status;
}

becket_status
invoke_begin_stream(struct invoke *invoke, struct session *session,
    bool ordered, uint64_t now)
{
	struct call_start start = call_start_of(invoke, now);
	becket_status status;

	if (session->ops->is_plain != (invoke->syntax == SYNTAX_PROTOBUF))
		return BECKET_S_UNSUPPORTED_TRANS_SYN;
	start.is_stream = true;
	start.ordered = ordered;
	status = session->ops->begin(session, &start, &invoke->call);
	invoke->is_begun = status == BECKET_S_OK;
	return status;
}

bool
invoke_owns(const struct invoke *invoke, const struct session_event *event)
{
	return invoke->is_begun && !invoke->is_over &&
	       event->call.index == invoke->call.index &&
	       event->call.generation == invoke->call.generation;
}

static void
free_buffer(struct buffer *buffer)
{
	if (buffer->data != NULL)
		buffer_fini(buffer);
}

static void
free_end(struct session_end *end)
{
	free_buffer(&end->fault_data);
	free_buffer(&end->metadata);
}

void
invoke_event(struct invoke *invoke, struct session_event *event)
{
	if (event->kind == SESSION_MESSAGE) {
		if (invoke_owns(invoke, event) && invoke->messages++ == 0) {
			invoke->response = buffer_take(&event->message);
			invoke->big_endian = event->big_endian;
		} else {
			buffer_fini(&event->message);
		}
	} else if (event->kind == SESSION_HEAD) {
		if (invoke_owns(invoke, event) && invoke->head.data == NULL)
			invoke->head = buffer_take(&event->metadata);
		else
			free_buffer(&event->metadata);
	} else if (event->kind == SESSION_END) {
		if (invoke_owns(invoke, event)) {
			invoke->end = event->end;
			invoke->is_over = true;
		} else {
			free_end(&event->end);
		}
	} else if (event->kind == SESSION_CLOSED && !invoke->is_over) {
		invoke_lost(invoke, event->closed.sentence);
	}
}

void
invoke_lost(struct invoke *invoke, const char *sentence)
{
	invoke->is_over = true;
	invoke->end = (struct session_end){
		.status = BECKET_S_CALL_FAILED,
		.outcome = BECKET_MAYBE_EXECUTED,
		.sentence = sentence,
	};
}

void
invoke_fini(struct invoke *invoke)
{
	free_buffer(&invoke->response);
	free_buffer(&invoke->head);
	free_end(&invoke->end);
}

void
invoke_retry(struct invoke *invoke)
{
	invoke_fini(invoke);
	invoke->is_begun = invoke->is_over = false;
	invoke->messages = 0;
}

static struct status_message
status_message_of(const struct invoke *invoke)
{
	struct becket_bytes data = buffer_bytes(&invoke->end.fault_data);
	struct status_message message;

	if (invoke->syntax == SYNTAX_NDR || data.size == 0 ||
	    status_message_decode(data, &message) != BECKET_S_OK)
		return (struct status_message){ 0 };
	return message;
}

struct becket_bytes
invoke_detail(const struct invoke *invoke)
{
	return status_message_of(invoke).sentence;
}

struct becket_bytes
invoke_details(const struct invoke *invoke)
{
	return status_message_of(invoke).details;
}

/* ------------------------------------------------------------ metadata -- */

/* What is malformed fails the call later, or is a fault's. */
static struct call_header
header_of_response(const struct invoke *invoke)
{
	struct becket_bytes stub = buffer_bytes(&invoke->response);
	struct call_header header = { 0 };

	if (invoke->end.status == BECKET_S_OK)
		(void)!call_header_decode(stub, invoke->limits, &header);
	else
		(void)!call_header_decode_fields(status_message_of(invoke)
		                                     .header,
		    invoke->limits, &header);
	return header;
}

static struct call_header
header_of_end(const struct invoke *invoke)
{
	if (invoke->syntax == SYNTAX_BECKET)
		return header_of_response(invoke);
	return (struct call_header){
		.metadata = buffer_bytes(&invoke->head),
		.trailing = buffer_bytes(&invoke->end.metadata),
	};
}

static void
show(const struct invoke *invoke, const struct call_header *header)
{
	struct becket_metadata *metadata = invoke->metadata;

	metadata_replace(metadata, BECKET_METADATA_INITIAL, header->metadata);
	metadata_replace(metadata, BECKET_METADATA_TRAILING, header->trailing);
}

void
invoke_show_metadata(const struct invoke *invoke)
{
	struct call_header header;

	if (invoke->metadata == NULL)
		return;
	header = header_of_end(invoke);
	show(invoke, &header);
}

void
invoke_show_stream_metadata(const struct invoke *invoke,
    struct becket_bytes initial, struct becket_bytes trailer)
{
	struct call_header header;

	if (invoke->metadata == NULL)
		return;
	header = header_of_end(invoke);
	if (initial.size > 0)
		header.metadata = initial;
	if (trailer.size > 0)
		header.trailing = trailer;
	show(invoke, &header);
}

void
invoke_set_metadata(struct invoke *invoke, struct becket_metadata *metadata)
{
	const struct call_header nothing = { 0 };

	if (metadata == NULL)
		return;
	invoke->metadata = metadata;
	invoke->request_metadata = buffer_bytes(&metadata->request);
	show(invoke, &nothing);
}

/* DCE/RPC cannot say nothing, nor say it twice; others can. */
static bool
is_one_message(const struct invoke *invoke)
{
	return invoke->syntax != SYNTAX_PROTOBUF || invoke->messages == 1;
}

becket_status
invoke_decode(struct invoke *invoke, void **ret_message)
{
	const struct becket_type *type = &operation_of(invoke)->response;
	struct frame frame = { 0 };
	becket_status status = BECKET_S_OK;

	if (!is_maybe(invoke) && !is_one_message(invoke))
		return BECKET_S_PROTOCOL_ERROR;
	if (!is_maybe(invoke))
		status = frame_decode(form_of(invoke), invoke->big_endian,
		    buffer_bytes(&invoke->response), invoke->limits, &frame);
	if (status != BECKET_S_OK)
		return status;
	return reply_decode(type, frame.body, &invoke->response,
	    invoke->big_endian, invoke->memory, invoke->limits, ret_message);
}
