/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/allocate.h"
#include "grpc/answer.h"
#include "grpc/door.h"
#include "grpc/session.h"
#include "wire/status_message.h"

/* Who has pulled the call is told that it is over; who has not never hears of
 * it.
 */
static void
take_back(struct grpc_stream *stream)
{
	const struct session_event event = { .kind = SESSION_CANCEL };

	if (stream->id.generation == 0)
		return;
	if (stream->is_told)
		stream_tell(stream, &event);
	else
		stream_release(stream);
}

static void
refuse(struct grpc_stream *stream, becket_status status, const char *sentence)
{
	if (stream->is_over)
		return;
	/* The manager of a stream begins before the request has ended. */
	answer_sentence(stream, status, sentence, !stream->is_stream);
	take_back(stream);
}

static void
failed(struct grpc_stream *stream, becket_status status, const char *sentence)
{
	refuse(stream, status, sentence);
}

static void
expired(struct grpc_stream *stream)
{
	if (stream->is_over)
		return;
	answer_sentence(stream, BECKET_S_CALL_CANCELLED,
	    "the deadline of the call has passed", !stream->is_told);
	take_back(stream);
}

/* ------------------------------------------------------------ requests -- */

static bool
is_http_alone(struct grpc_stream *stream)
{
	const struct fields *fields = &stream->fields;

	if (!fields->is_post)
		answer_http(stream, "405");
	else if (fields->content == CONTENT_NONE ||
	         fields->content == CONTENT_FOREIGN)
		answer_http(stream, "415");
	else
		return false;
	return true;
}

/* "/calc.Calculator/Add" */
static bool
split_path(const struct grpc_stream *stream, struct becket_bytes *ret_interface,
    struct becket_bytes *ret_operation)
{
	struct becket_bytes path = buffer_bytes(&stream->fields.path);
	const uint8_t *slash;

	if (path.size < 2 || path.data[0] != '/')
		return false;
	slash = memchr(path.data + 1, '/', path.size - 1);
	if (slash == NULL)
		return false;
	*ret_interface = (struct becket_bytes){ path.data + 1,
		(size_t)(slash - path.data) - 1 };
	*ret_operation = (struct becket_bytes){ slash + 1,
		(size_t)(path.data + path.size - slash) - 1 };
	return true;
}

/* Whether the request is refused for its fields. */
static bool
is_refused(struct grpc_stream *stream)
{
	const struct fields *fields = &stream->fields;

	if (fields->has_no_memory)
		refuse(stream, BECKET_S_REMOTE_NO_MEMORY,
		    "there is no memory for the request");
	else if (fields->is_too_large)
		refuse(stream, BECKET_S_LIMIT_EXCEEDED,
		    "metadata are larger than the limit");
	else if (fields->content == CONTENT_OTHER)
		refuse(stream, BECKET_S_NOT_IMPLEMENTED,
		    "messages are protobuf and nothing else here");
	else if (fields->encoding == ENCODING_UNKNOWN)
		refuse(stream, BECKET_S_NOT_IMPLEMENTED,
		    "encoding of the messages is not supported");
	else if (fields->has_bad_metadata)
		refuse(stream, BECKET_S_PROTOCOL_ERROR,
		    "binary metadata are not base64");
	else if (fields->has_bad_timeout)
		refuse(stream, BECKET_S_PROTOCOL_ERROR,
		    "grpc-timeout is malformed");
	return stream->is_over;
}

static void
set_deadline(struct grpc_stream *stream)
{
	const struct fields *fields = &stream->fields;
	uint64_t now = stream->grpc->now;
	uint64_t longest = (INT64_MAX - now) / 1000;

	if (fields->has_timeout)
		stream->deadline = now + 1000 * (fields->timeout_us < longest
		                                        ? fields->timeout_us
		                                        : longest);
}

static void
begin(struct grpc_stream *stream)
{
	struct session_event event = { .kind = SESSION_CALL };
	const struct fields *fields = &stream->fields;

	stream->id = idmap_add(&stream->grpc->ids, stream);
	if (stream->id.generation == 0) {
		stream_deafen(stream);
		stream->is_over = true;
		stream_reset(stream, NGHTTP2_REFUSED_STREAM);
		return;
	}
	set_deadline(stream);
	stream->may_pack = stream->is_packing =
	    fields->encoding == ENCODING_GZIP && fields->takes_gzip;
	event.begun.syntax = SYNTAX_PROTOBUF;
	event.begun.object = fields->object;
	event.begun.metadata = buffer_take(&stream->fields.metadata);
	/* Time that has run out already is not the same as none. */
	if (fields->has_timeout)
		event.begun.remaining_us =
		    fields->timeout_us > 0 ? fields->timeout_us : 1;
	stream_tell(stream, &event);
}

/* Nobody is answered who cannot have meant it. */
static void
reset_malformed(struct grpc_stream *stream)
{
	stream_deafen(stream);
	stream->is_over = true;
	stream_reset(stream, NGHTTP2_PROTOCOL_ERROR);
	take_back(stream);
}

static void
headers(struct grpc_stream *stream, const nghttp2_frame *frame)
{
	bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;

	if (stream->is_over)
		return;
	if (is_request)
		fields_check_all(&stream->fields);
	if (stream->fields.is_malformed)
		reset_malformed(stream);
	else if (is_request && !is_http_alone(stream) && !is_refused(stream))
		begin(stream);
}

static void
ended(struct grpc_stream *stream)
{
	const struct session_event event = { .kind = SESSION_END };

	if (stream->is_over)
		return;
	fields_check_length(&stream->fields, stream->come);
	if (stream->fields.is_malformed)
		reset_malformed(stream);
	else if (deframe_is_partial(&stream->in))
		refuse(stream, BECKET_S_PROTOCOL_ERROR,
		    "the request ends inside a message");
	else
		stream_tell(stream, &event);
}

/* Only now is somebody there who may look into the registry. false: it was
 * refused.
 */
static bool
find(struct grpc_stream *stream, struct session_call *begun)
{
	const struct door_names *names = stream->grpc->names;
	struct becket_bytes interface, operation;
	becket_status status = BECKET_S_UNKNOWN_IF;

	if (split_path(stream, &interface, &operation))
		status = names->find(names, interface, operation,
		    &begun->interface, &begun->opnum);
	if (status == BECKET_S_OK)
		return true;
	refuse(stream, status, becket_status_text(status));
	return false;
}

static bool
may_tell(struct grpc_stream *stream)
{
	struct grpc *grpc = stream->grpc;
	struct session_event *first = stream_first_event(stream);

	if (first == NULL || first->kind != SESSION_CALL)
		return true;
	if (grpc->queued > grpc->limits->send_queue_size ||
	    !find(stream, &first->begun))
		return false;
	stream->is_told = true;
	grpc->session.stats.calls_in++;
	return true;
}

/* --------------------------------------------------------------- calls -- */

/* The session is closing, or the stream is, or it has been answered. */
static bool
is_dead(const struct grpc_stream *stream)
{
	return stream == NULL || stream->is_over || !stream->is_open ||
	       stream->grpc->is_closing;
}

static void
stream(struct session *session, struct idmap_id id)
{
	struct grpc_stream *it = stream_get(grpc_of(session), id);

	if (it != NULL)
		stream_set_stream(it);
}

static becket_status
head(struct session *session, struct idmap_id id, struct becket_bytes metadata)
{
	struct grpc_stream *it = stream_get(grpc_of(session), id);

	return is_dead(it) || it->is_headed ? BECKET_S_NO_CALL_ACTIVE
	                                    : answer_begin(it, metadata);
}

/* Behind the fields that would say so it is too late. */
static void
pack(struct session *session, struct idmap_id id, bool on)
{
	struct grpc_stream *it = stream_get(grpc_of(session), id);

	if (it == NULL)
		return;
	if (!it->is_headed && it->fields.takes_gzip)
		it->may_pack = true;
	it->is_packing = on && it->may_pack;
}

static becket_status
put(struct session *session, struct idmap_id id, struct buffer *message)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);
	becket_status status;

	if (is_dead(stream)) {
		buffer_fini(message);
		return BECKET_S_NO_CALL_ACTIVE;
	}
	status = stream_put(stream, message);
	if (status == BECKET_S_OK)
		status = answer_begin(stream, (struct becket_bytes){ 0 });
	if (status == BECKET_S_OK)
		stream_resume(stream);
	return status;
}

static void
answer_end(struct grpc_stream *stream, const struct call_end *end)
{
	struct becket_bytes data = buffer_bytes(&end->fault_data);
	struct status_message message;

	/* Without memory for them the status still counts. */
	(void)buffer_append(&stream->trailing, end->metadata.data,
	    end->metadata.size);
	if (end->status != BECKET_S_OK && data.size > 0 &&
	    status_message_decode(data, &message) == BECKET_S_OK)
		answer_status(stream, end->status, &message,
		    end->did_not_execute);
	else
		answer_sentence(stream, end->status,
		    becket_status_text(end->status), end->did_not_execute);
}

static becket_status
end(struct session *session, struct idmap_id id, struct call_end *end)
{
	struct grpc *grpc = grpc_of(session);
	struct grpc_stream *stream = stream_get(grpc, id);

	end->is_read = !is_dead(stream);
	if (end->is_read)
		answer_end(stream, end);
	if (end->fault_data.memory != NULL)
		buffer_fini(&end->fault_data);
	if (stream == NULL)
		return BECKET_S_NO_CALL_ACTIVE;
	stream_release(stream);
	grpc_settle(grpc);
	return BECKET_S_OK;
}

/* nghttp2 lets go: reset by the client if it is not answered. */
static void
closed(struct grpc_stream *stream, uint32_t error)
{
	(void)error;
	if (stream->is_over || stream->id.generation == 0) {
		stream_deafen(stream);
		stream_settle(stream);
		return;
	}
	stream->is_over = true;
	stream_deafen(stream);
	take_back(stream);
}

static void
cut(struct grpc_stream *stream)
{
	if (stream->is_over || stream->id.generation == 0)
		return;
	stream->is_over = true;
	stream_drop_output(stream);
	take_back(stream);
}

/* A connection of HTTP/2 is nobody's: proxies share it among clients. */
static uint32_t
association(const struct session *session)
{
	(void)session;
	return 0;
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
	.stream = stream,
	.consumed = stream_consumed,
	.head = head,
	.pack = pack,
	.put = put,
	.end = end,
	.association = association,
};

const struct grpc_role grpc_server_role = {
	.ops = &ops,
	.headers = headers,
	.ended = ended,
	.failed = failed,
	.closed = closed,
	.cut = cut,
	.expired = expired,
	.finish = answer_finish,
	.may_tell = may_tell,
};

becket_status
grpc_server_session_new(const struct door_server_config *config,
    struct session **ret_session)
{
	struct grpc *grpc = memory_new(config->memory, sizeof *grpc);
	becket_status status;

	if (grpc == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	grpc->names = config->names;
	grpc->frame = stall_frame_first(config->now);
	status = grpc_init(grpc, &grpc_server_role, config->memory,
	    config->limits, config->now);
	if (status != BECKET_S_OK) {
		grpc_free(&grpc->session);
		return status;
	}
	*ret_session = &grpc->session;
	return BECKET_S_OK;
}
