/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/allocate.h"
#include "grpc/code.h"
#include "grpc/door.h"
#include "grpc/request.h"
#include "grpc/session.h"
#include "wire/status_message.h"

/* ------------------------------------------------------------- endings -- */

static void
drop_end(struct session_end *end)
{
	buffer_fini(&end->fault_data);
	buffer_fini(&end->metadata);
}

/* The call is over for its owner, however the stream goes on. */
static void
tell_end(struct grpc_stream *stream, const struct session_end *end)
{
	struct session_event event = { .kind = SESSION_END, .end = *end };

	stream->is_over = true;
	stream->is_writable = false;
	stream_deafen(stream);
	if (stream->id.generation != 0)
		stream_tell(stream, &event);
	else
		drop_end(&event.end);
}

static void
tell_failure(struct grpc_stream *stream, becket_status status,
    enum becket_outcome outcome, const char *sentence)
{
	const struct session_end end = {
		.status = status,
		.outcome = outcome,
		.fault_data = buffer_empty(stream->grpc->memory),
		.metadata = buffer_empty(stream->grpc->memory),
		.sentence = sentence,
	};

	if (stream->is_over) {
		stream_deafen(stream);
		return;
	}
	tell_end(stream, &end);
}

static enum becket_outcome
outcome_of(const struct grpc_stream *stream)
{
	if (!stream->is_begun)
		return BECKET_NOT_SENT;
	return stream->has_response ? BECKET_EXECUTED : BECKET_MAYBE_EXECUTED;
}

static void
give_up(struct grpc_stream *stream, becket_status status, const char *sentence)
{
	tell_failure(stream, status, outcome_of(stream), sentence);
	stream_reset(stream, NGHTTP2_CANCEL);
}

static void
failed(struct grpc_stream *stream, becket_status status, const char *sentence)
{
	give_up(stream, status, sentence);
}

static void
expired(struct grpc_stream *stream)
{
	give_up(stream, BECKET_S_CALL_CANCELLED,
	    "the deadline of the call has passed");
}

static void
cut(struct grpc_stream *stream)
{
	enum becket_outcome outcome = outcome_of(stream);

	tell_failure(stream,
	    outcome == BECKET_NOT_SENT ? BECKET_S_CALL_FAILED_DNE
	                               : BECKET_S_CALL_FAILED,
	    outcome, stream->grpc->closing_sentence);
}

/* A refused stream was not looked at (RFC 9113 8.7); a farewell that does not
 * count the stream among those it took says the same.
 */
static void
closed(struct grpc_stream *stream, uint32_t error)
{
	if (stream->is_in_ended && !stream->is_over)
		return; /* it is complete, and not all has been looked at */
	if ((error == NGHTTP2_REFUSED_STREAM && !stream->has_response) ||
	    !stream->is_begun)
		tell_failure(stream, BECKET_S_CALL_FAILED_DNE, BECKET_NOT_SENT,
		    "the server did not take the call");
	else
		tell_failure(stream,
		    grpc_code_to_status(grpc_code_from_reset(error)),
		    outcome_of(stream), "the server broke the call off");
	stream_settle(stream);
}

/* ------------------------------------------------------------ responses -- */

static void
encode_data(const struct grpc *grpc, const struct status_message *message,
    struct buffer *ret_data)
{
	size_t size = status_message_measure(message);

	if (size > grpc->limits->fault_size || !buffer_reserve(ret_data, size))
		return;
	status_message_encode(message, ret_data->data);
	ret_data->size = size;
}

/* What a fault's data would have been: PROTOCOL.md section 4. */
static struct buffer
fault_data_of(const struct grpc_stream *stream, becket_status status)
{
	const struct fields *fields = &stream->fields;
	struct becket_bytes details = buffer_bytes(&fields->details);
	struct buffer data = buffer_empty(stream->grpc->memory);
	struct status_message message = { 0 };

	if (details.size == 0 ||
	    status_message_decode(details, &message) != BECKET_S_OK)
		message = (struct status_message){ 0 };
	if (fields->message.size > 0)
		message.sentence = buffer_bytes(&fields->message);
	message.code = status;
	if (message.sentence.size > 0 || message.details.size > 0)
		encode_data(stream->grpc, &message, &data);
	return data;
}

/* The call's own deadline has one status, whichever end is first to notice it.
 */
static becket_status
status_of_code(const struct grpc_stream *stream)
{
	bool is_due = stream->deadline != 0 &&
	              stream->grpc->now + stream->slack >= stream->deadline;

	return is_due && stream->fields.code == GRPC_DEADLINE_EXCEEDED
	           ? BECKET_S_CALL_CANCELLED
	           : grpc_code_to_status(stream->fields.code);
}

/* What a response has come for was executed, whatever is said behind it. */
static enum becket_outcome
outcome_of_code(const struct grpc_stream *stream, bool is_ours)
{
	if (stream->fields.is_not_executed && !stream->has_response)
		return BECKET_NOT_SENT;
	return is_ours ? BECKET_EXECUTED : outcome_of(stream);
}

static void
end_with_code(struct grpc_stream *stream)
{
	struct fields *fields = &stream->fields;
	bool is_ours = fields->has_status && fields->status != BECKET_S_OK;
	becket_status status =
	    is_ours ? fields->status : status_of_code(stream);
	const struct session_end end = {
		.status = status,
		.wire_status = is_ours ? fields->status : fields->code,
		.outcome = outcome_of_code(stream, is_ours),
		.fault_data = fault_data_of(stream, status),
		.metadata = buffer_take(&fields->metadata),
	};

	tell_end(stream, &end);
}

static void
end_well(struct grpc_stream *stream)
{
	struct session_end end = {
		.status = BECKET_S_OK,
		.outcome = BECKET_EXECUTED,
		.fault_data = buffer_empty(stream->grpc->memory),
	};

	if (deframe_is_partial(&stream->in)) {
		tell_failure(stream, BECKET_S_PROTOCOL_ERROR, BECKET_EXECUTED,
		    "the response ends inside a message");
		return;
	}
	end.metadata = buffer_take(&stream->fields.metadata);
	tell_end(stream, &end);
}

static bool
is_grpc(const struct fields *fields)
{
	return fields->content == CONTENT_GRPC && fields->http == 200;
}

static void
end_without_code(struct grpc_stream *stream)
{
	const struct fields *fields = &stream->fields;

	if (is_grpc(fields))
		tell_failure(stream, BECKET_S_CALL_FAILED, outcome_of(stream),
		    "the server ended the response without a status");
	else
		tell_failure(stream,
		    grpc_code_to_status(grpc_code_from_http(fields->http)),
		    outcome_of(stream), "the server answered, but not in gRPC");
}

static void
complete(struct grpc_stream *stream)
{
	const struct fields *fields = &stream->fields;

	if (fields->has_no_memory)
		tell_failure(stream, BECKET_S_OUT_OF_MEMORY, outcome_of(stream),
		    "there is no memory for the response");
	else if (fields->is_too_large)
		tell_failure(stream, BECKET_S_LIMIT_EXCEEDED,
		    outcome_of(stream),
		    "the server's metadata are larger than the limit");
	else if (!fields->has_code)
		end_without_code(stream);
	else if (fields->code == GRPC_OK)
		end_well(stream);
	else
		end_with_code(stream);
}

/* A server that has ended does not want the rest of our side. */
static void
ended(struct grpc_stream *stream)
{
	if (!stream->is_over)
		complete(stream);
	if (!stream->is_ended || !list_is_empty(&stream->out))
		stream_reset(stream, NGHTTP2_CANCEL);
}

static void
tell_head(struct grpc_stream *stream)
{
	struct session_event event = { .kind = SESSION_HEAD };

	if (stream->fields.metadata.size == 0)
		return;
	event.metadata = buffer_take(&stream->fields.metadata);
	stream_tell(stream, &event);
}

/* Those of an interim response (1xx) are nobody's; those that end the stream
 * are trailing, also when they are the only ones. What is no gRPC has no
 * messages.
 */
static void
headers(struct grpc_stream *stream, const nghttp2_frame *frame)
{
	struct fields *fields = &stream->fields;

	if (stream->is_over)
		return;
	if (fields->http < 200)
		fields->metadata.size = 0;
	else if (!is_grpc(fields))
		stream_deafen(stream);
	else if (fields->encoding == ENCODING_UNKNOWN)
		give_up(stream, BECKET_S_PROTOCOL_ERROR,
		    "the response is in an encoding that was not offered");
	else if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
		tell_head(stream);
}

/* The last byte is on its way. It goes as DATA: END_STREAM on the HEADERS of a
 * request hangs some servers.
 */
static int
finish(struct grpc_stream *stream, uint32_t *flags)
{
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (stream->is_maybe && !stream->is_over)
		end_well(stream);
	return 0;
}

static bool
may_tell(struct grpc_stream *stream)
{
	(void)stream;
	return true;
}

/* --------------------------------------------------------------- calls -- */

/* By how much a server may be early with the deadline, for it rounds, and has a
 * clock of its own: a thousandth, and a little.
 */
static uint64_t
slack_of(const struct call_start *start)
{
	uint64_t thousandth = start->remaining_us; /* ns in us */

	return 10000000 + thousandth;
}

static becket_status
begin(struct session *session, const struct call_start *start,
    struct idmap_id *ret_call)
{
	struct grpc *grpc = grpc_of(session);
	struct grpc_stream *stream = stream_new(grpc, 0);
	becket_status status = BECKET_S_CALL_FAILED_DNE;

	if (stream == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	stream->id = idmap_add(&grpc->ids, stream);
	stream->deadline = start->deadline;
	stream->slack = slack_of(start);
	stream->is_maybe = start->maybe;
	stream->is_stream = start->is_stream;
	stream->has_one_response = start->has_one_response;
	stream->may_pack = stream->is_packing = start->packs;
	if (stream->id.generation != 0 && !grpc->is_closing &&
	    !grpc->is_draining)
		status = request_submit(stream, start);
	if (stream->id.generation == 0)
		status = BECKET_S_OUT_OF_RESOURCES;
	if (stream->id.generation == 0 || status == BECKET_S_OUT_OF_MEMORY) {
		stream_release(stream);
		return status;
	}
	*ret_call = stream->id;
	session->stats.calls_out++;
	if (status != BECKET_S_OK)
		tell_failure(stream, status, BECKET_NOT_SENT,
		    "the session takes no more calls");
	return BECKET_S_OK;
}

static void
pack(struct session *session, struct idmap_id id, bool on)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);

	if (stream != NULL)
		stream->is_packing = on && stream->may_pack;
}

static becket_status
put(struct session *session, struct idmap_id id, struct buffer *message)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);
	becket_status status;

	if (stream == NULL || stream->is_over) {
		buffer_fini(message);
		return BECKET_S_NO_CALL_ACTIVE;
	}
	status = stream_put(stream, message);
	if (status == BECKET_S_OK)
		stream_resume(stream);
	return status;
}

static becket_status
end(struct session *session, struct idmap_id id, struct call_end *end)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);

	if (end->fault_data.memory != NULL)
		buffer_fini(&end->fault_data);
	if (stream == NULL || stream->is_over)
		return BECKET_S_NO_CALL_ACTIVE;
	stream->is_ended = true;
	stream->is_writable = false;
	stream_resume(stream);
	return BECKET_S_OK;
}

static void
cancel(struct session *session, struct idmap_id id)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);

	if (stream != NULL && !stream->is_over)
		give_up(stream, BECKET_S_CALL_CANCELLED,
		    "the call was cancelled");
}

static void
abandon(struct session *session, struct idmap_id id)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);

	if (stream == NULL)
		return;
	if (!stream->is_over)
		stream_reset(stream, NGHTTP2_CANCEL);
	stream->is_over = true;
	stream_release(stream);
	grpc_settle(grpc_of(session));
}

/* gRPC knows no association groups, so that all connections to a server are of
 * one.
 */
static uint32_t
association(const struct session *session)
{
	(void)session;
	return 1;
}

static const struct session_ops ops = {
	.is_plain = true,
	.free = grpc_free,
	.recv_vec = grpc_recv_vec,
	.received = grpc_received,
	.send_vec = grpc_send_vec,
	.sent = grpc_sent,
	.eof = grpc_eof,
	.lost = grpc_lost,
	.drain = grpc_drain,
	.deadline = grpc_deadline,
	.tick = grpc_tick,
	.next = grpc_next,
	.begin = begin,
	.consumed = stream_consumed,
	.pack = pack,
	.put = put,
	.end = end,
	.cancel = cancel,
	.abandon = abandon,
	.association = association,
};

const struct grpc_role grpc_client_role = {
	.ops = &ops,
	.headers = headers,
	.ended = ended,
	.failed = failed,
	.closed = closed,
	.cut = cut,
	.expired = expired,
	.finish = finish,
	.may_tell = may_tell,
};

becket_status
grpc_client_session_new(const struct door_client_config *config,
    struct session **ret_session)
{
	struct grpc *grpc = memory_new(config->memory, sizeof *grpc);
	becket_status status;

	if (grpc == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = grpc_init(grpc, &grpc_client_role, config->memory,
	    config->limits, config->now);
	if (status == BECKET_S_OK &&
	    !buffer_append(&grpc->authority, config->authority,
	        strlen(config->authority)))
		status = BECKET_S_OUT_OF_MEMORY;
	if (status != BECKET_S_OK) {
		grpc_free(&grpc->session);
		return status;
	}
	*ret_session = &grpc->session;
	return BECKET_S_OK;
}
