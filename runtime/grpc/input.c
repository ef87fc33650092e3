/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/trap.h"
#include "grpc/gzip.h"
#include "grpc/session.h"

static void look_at_pending(struct grpc_stream *stream);

/* -------------------------------------------------------------- windows -- */

static void
give_window(struct grpc_stream *stream)
{
	struct grpc *grpc = stream->grpc;
	size_t held = stream->is_deaf ? 0 : stream->kept;
	size_t size = stream->owed > held ? stream->owed - held : 0;

	if (size == 0 || !stream->is_open || grpc->is_closing)
		return;
	stream->owed -= size;
	if (nghttp2_session_consume_stream(grpc->http2, stream->number, size) !=
	    0)
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to open a window");
}

/* What was announced is taken in any case, so it may come at once: one message
 * of a call that is not a stream is all there is.
 */
static void
set_window(struct grpc_stream *stream, int32_t size)
{
	if (stream->is_open &&
	    nghttp2_session_set_local_window_size(stream->grpc->http2,
	        NGHTTP2_FLAG_NONE, stream->number, size) != 0)
		grpc_close(stream->grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to open a window");
}

static void
open_window(struct grpc_stream *stream, size_t size)
{
	if (!stream->is_stream && size > (size_t)http2_window(stream->grpc) &&
	    size <= INT32_MAX)
		set_window(stream, (int32_t)size);
}

void
stream_set_stream(struct grpc_stream *stream)
{
	stream->is_stream = true;
	if (!stream->is_deaf && !stream->grpc->is_closing)
		set_window(stream, http2_window(stream->grpc));
}

static void
forget_kept(struct grpc_stream *stream, size_t size)
{
	stream->kept -= size < stream->kept ? size : stream->kept;
	stream->is_excused = true;
	look_at_pending(stream);
	give_window(stream);
}

void
stream_consumed(struct session *session, struct idmap_id id, size_t size)
{
	struct grpc_stream *stream = stream_get(grpc_of(session), id);

	if (stream != NULL && stream->is_stream)
		forget_kept(stream, size);
}

/* ------------------------------------------------------------- messages -- */

static void
count(struct grpc_stream *stream, size_t size)
{
	stream->counted += size;
	stream->grpc->assembling += size;
}

static void
uncount(struct grpc_stream *stream, size_t size)
{
	stream->counted -= size;
	stream->grpc->assembling -= size;
}

void
stream_taken(struct grpc_stream *stream, size_t size)
{
	uncount(stream, size);
	if (!stream->is_stream)
		forget_kept(stream, size + SESSION_MESSAGE_COST);
}

void
stream_deafen(struct grpc_stream *stream)
{
	size_t waiting = 0;

	stream->is_deaf = true;
	stream->pending_at = 0;
	buffer_fini(&stream->pending);
	deframe_fini(&stream->in);
	list_for_each (node, &stream->events) {
		const struct session_event *told =
		    &container_of(node, struct grpc_event, node)->told;

		if (told->kind == SESSION_MESSAGE)
			waiting += told->message.size;
	}
	uncount(stream, stream->counted - waiting);
	give_window(stream);
}

static becket_status
unpack(struct grpc_stream *stream, struct buffer *message)
{
	struct buffer packed = buffer_take(message);
	becket_status status = gzip_unpack(stream->grpc->memory,
	    buffer_bytes(&packed), stream->in.limit, message);

	buffer_fini(&packed);
	return status;
}

static void
fail_unpacking(struct grpc_stream *stream, becket_status status)
{
	stream->grpc->role->failed(stream,
	    status == BECKET_X_BAD_STUB_DATA ? BECKET_S_PROTOCOL_ERROR : status,
	    status == BECKET_S_LIMIT_EXCEEDED
	        ? "a message is too large when it is unpacked"
	        : "a message could not be unpacked");
}

static void
take_message(struct grpc_stream *stream)
{
	struct session_event event = { .kind = SESSION_MESSAGE };
	size_t announced = deframe_size(&stream->in);
	bool is_packed;
	becket_status status = BECKET_S_OK;

	event.message = deframe_take(&stream->in, &is_packed);
	if (is_packed && stream->fields.encoding != ENCODING_GZIP) {
		buffer_fini(&event.message);
		stream->grpc->role->failed(stream, BECKET_S_PROTOCOL_ERROR,
		    "a message is compressed, and no encoding is named");
		return;
	}
	if (is_packed)
		status = unpack(stream, &event.message);
	if (status != BECKET_S_OK) {
		fail_unpacking(stream, status);
		return;
	}
	uncount(stream, announced);
	count(stream, event.message.size);
	event.is_packed = is_packed;
	stream->has_response = stream->has_one_response;
	stream->kept += event.message.size + SESSION_MESSAGE_COST;
	stream_tell(stream, &event);
}

/* The peer's word counts, for it may keep it. */
static void
take_announcement(struct grpc_stream *stream)
{
	struct grpc *grpc = stream->grpc;
	size_t size = deframe_size(&stream->in);

	if (stream->has_response) {
		grpc->role->failed(stream, BECKET_S_PROTOCOL_ERROR,
		    "the server sent more than one response");
		return;
	}
	if (size > grpc->limits->stream_memory - grpc->assembling ||
	    grpc->assembling > grpc->limits->stream_memory) {
		grpc->role->failed(stream, BECKET_S_OUT_OF_RESOURCES,
		    "too many messages are on their way at once");
		return;
	}
	count(stream, size);
	open_window(stream, size + FRAME_HEAD_SIZE);
}

static void
take_result(struct grpc_stream *stream, enum deframe_result result)
{
	const struct grpc_role *role = stream->grpc->role;

	switch (result) {
	case DEFRAME_MORE:
		break;
	case DEFRAME_ANNOUNCED:
		take_announcement(stream);
		break;
	case DEFRAME_MESSAGE:
		take_message(stream);
		break;
	case DEFRAME_TOO_LARGE:
		role->failed(stream, BECKET_S_LIMIT_EXCEEDED,
		    "a message is larger than the limit");
		break;
	case DEFRAME_MALFORMED:
		role->failed(stream, BECKET_S_PROTOCOL_ERROR,
		    "a message has a flag that does not exist");
		break;
	case DEFRAME_NO_MEMORY:
		role->failed(stream, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for a message");
		break;
	}
}

/* ---------------------------------------------------------------- bytes -- */

static bool
is_full(const struct grpc_stream *stream)
{
	return stream->kept >= (size_t)http2_window(stream->grpc) &&
	       !stream->grpc->is_ending;
}

/* What is left of bytes is for later. */
static void
look_at(struct grpc_stream *stream, struct becket_bytes *bytes)
{
	enum deframe_result result = DEFRAME_ANNOUNCED;

	while (result != DEFRAME_MORE && !stream->is_deaf &&
	       !stream->grpc->is_closing && !is_full(stream)) {
		result = deframe_next(&stream->in, bytes);
		take_result(stream, result);
	}
}

static size_t
count_pending(const struct grpc_stream *stream)
{
	return stream->pending.size - stream->pending_at;
}

/* They are taken out meanwhile, for what is told of them may end the session,
 * which looks at all that is left.
 */
static void
look_at_pending(struct grpc_stream *stream)
{
	struct buffer pending = buffer_take(&stream->pending);
	size_t at = stream->pending_at;
	struct becket_bytes bytes = { pending.data, pending.size };

	if (bytes.size == 0)
		return;
	bytes.data += at;
	bytes.size -= at;
	stream->pending_at = 0;
	look_at(stream, &bytes);
	if (bytes.size > 0 && !stream->is_deaf) {
		stream->pending_at = pending.size - bytes.size;
		stream->pending = pending;
		return;
	}
	buffer_fini(&pending);
	if (stream->is_in_ended)
		stream->grpc->role->ended(stream);
}

/* Never more than a window of them. */
static void
put_by(struct grpc_stream *stream, struct becket_bytes bytes)
{
	struct buffer *pending = &stream->pending;

	if (stream->pending_at > pending->size / 2) {
		pending->size -= stream->pending_at;
		memmove(pending->data, pending->data + stream->pending_at,
		    pending->size);
		stream->pending_at = 0;
	}
	if (!buffer_append(pending, bytes.data, bytes.size))
		stream->grpc->role->failed(stream, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for a message");
}

void
stream_data(struct grpc_stream *stream, struct becket_bytes bytes)
{
	stream->owed += bytes.size;
	stream->come += bytes.size;
	stream->moved = stream->grpc->now;
	stream->is_excused = false;
	if (count_pending(stream) == 0)
		look_at(stream, &bytes);
	if (!stream->is_deaf && bytes.size > 0)
		put_by(stream, bytes);
	give_window(stream);
}

void
stream_end_input(struct grpc_stream *stream)
{
	stream->is_in_ended = true;
	if (count_pending(stream) == 0)
		stream->grpc->role->ended(stream);
}

void
stream_take_rest(struct grpc_stream *stream)
{
	if (stream->is_in_ended && stream->grpc->role == &grpc_client_role)
		look_at_pending(stream);
}
