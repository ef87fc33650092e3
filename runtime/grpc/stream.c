/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "grpc/gzip.h"
#include "grpc/session.h"

struct grpc_stream *
stream_new(struct grpc *grpc, int32_t number)
{
	struct grpc_stream *stream = memory_new(grpc->memory, sizeof *stream);
	size_t limit = grpc->role == &grpc_client_role
	                   ? grpc->limits->response_size
	                   : grpc->limits->request_size;

	if (stream == NULL)
		return NULL;
	stream->grpc = grpc;
	stream->number = number;
	stream->fields = fields_empty(grpc->memory);
	stream->in = deframe_empty(grpc->memory, limit);
	stream->sentence = buffer_empty(grpc->memory);
	stream->details = buffer_empty(grpc->memory);
	list_init(&stream->ready);
	list_init(&stream->events);
	list_init(&stream->out);
	list_append(&grpc->streams, &stream->node);
	return stream;
}

void
stream_free(struct grpc_stream *stream)
{
	struct grpc *grpc = stream->grpc;

	stream_deafen(stream);
	stream_forget_events(stream);
	stream_drop_output(stream);
	fields_fini(&stream->fields);
	buffer_fini(&stream->sentence);
	buffer_fini(&stream->details);
	if (stream->id.generation != 0)
		idmap_remove(&grpc->ids, stream->id);
	list_remove(&stream->node);
	memory_free(grpc->memory, stream, sizeof *stream);
}

struct grpc_stream *
stream_get(const struct grpc *grpc, struct idmap_id id)
{
	return idmap_get(&grpc->ids, id);
}

void
stream_settle(struct grpc_stream *stream)
{
	if (!stream->is_open && stream->id.generation == 0 &&
	    list_is_empty(&stream->events))
		stream_free(stream);
}

void
stream_release(struct grpc_stream *stream)
{
	stream_deafen(stream);
	stream_forget_events(stream);
	if (stream->id.generation != 0)
		idmap_remove(&stream->grpc->ids, stream->id);
	stream->id.generation = 0;
	stream_settle(stream);
}

/* -------------------------------------------------------------- events -- */

static void
drop_event(struct grpc_event *event)
{
	if (event->told.kind == SESSION_MESSAGE)
		buffer_fini(&event->told.message);
	if (event->told.kind == SESSION_END &&
	    event->told.end.fault_data.memory != NULL)
		buffer_fini(&event->told.end.fault_data);
}

static void
uncount(struct grpc_stream *stream, size_t size)
{
	stream->counted -= size;
	stream->grpc->assembling -= size;
}

bool
stream_tell(struct grpc_stream *stream, const struct session_event *told)
{
	struct grpc *grpc = stream->grpc;
	struct grpc_event *event = memory_new(grpc->memory, sizeof *event);

	if (event == NULL) {
		struct grpc_event lost = { .told = *told };

		drop_event(&lost);
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for an event");
		return false;
	}
	event->told = *told;
	event->told.call = stream->id;
	list_append(&stream->events, &event->node);
	if (list_is_empty(&stream->ready))
		list_append(&grpc->ready, &stream->ready);
	return true;
}

static void
take_off(struct grpc_stream *stream, struct grpc_event *event)
{
	if (event->told.kind == SESSION_MESSAGE)
		uncount(stream, event->told.message.size);
	list_remove(&event->node);
	if (list_is_empty(&stream->events))
		list_remove(&stream->ready);
}

bool
stream_next_event(struct grpc_stream *stream, struct session_event *ret_event)
{
	struct grpc_event *event;

	if (list_is_empty(&stream->events))
		return false;
	event = container_of(stream->events.next, struct grpc_event, node);
	*ret_event = event->told;
	take_off(stream, event);
	memory_free(stream->grpc->memory, event, sizeof *event);
	return true;
}

void
stream_forget_events(struct grpc_stream *stream)
{
	list_for_each (node, &stream->events) {
		struct grpc_event *event =
		    container_of(node, struct grpc_event, node);

		take_off(stream, event);
		drop_event(event);
		memory_free(stream->grpc->memory, event, sizeof *event);
	}
	list_remove(&stream->ready);
}

/* --------------------------------------------------------------- input -- */

void
stream_deafen(struct grpc_stream *stream)
{
	size_t waiting = 0;

	stream->is_deaf = true;
	deframe_fini(&stream->in);
	list_for_each (node, &stream->events) {
		const struct session_event *told =
		    &container_of(node, struct grpc_event, node)->told;

		if (told->kind == SESSION_MESSAGE)
			waiting += told->message.size;
	}
	uncount(stream, stream->counted - waiting);
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
	stream->counted += event.message.size - announced;
	stream->grpc->assembling += event.message.size - announced;
	stream_tell(stream, &event);
}

/* The peer's word counts, for it may keep it. */
static void
take_announcement(struct grpc_stream *stream)
{
	struct grpc *grpc = stream->grpc;
	size_t size = deframe_size(&stream->in);

	if (size > grpc->limits->stream_memory - grpc->assembling ||
	    grpc->assembling > grpc->limits->stream_memory) {
		grpc->role->failed(stream, BECKET_S_OUT_OF_RESOURCES,
		    "too many messages are on their way at once");
		return;
	}
	stream->counted += size;
	grpc->assembling += size;
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

void
stream_data(struct grpc_stream *stream, struct becket_bytes bytes)
{
	enum deframe_result result;

	do {
		if (stream->is_deaf || stream->grpc->is_closing)
			return;
		result = deframe_next(&stream->in, &bytes);
		take_result(stream, result);
	} while (result != DEFRAME_MORE);
}

/* -------------------------------------------------------------- output -- */

static void
drop_chunk(struct grpc_stream *stream, struct grpc_chunk *chunk)
{
	struct grpc *grpc = stream->grpc;

	grpc->queued -= FRAME_HEAD_SIZE + chunk->message.size;
	list_remove(&chunk->node);
	buffer_fini(&chunk->message);
	memory_free(grpc->memory, chunk, sizeof *chunk);
}

void
stream_drop_output(struct grpc_stream *stream)
{
	list_for_each (node, &stream->out)
		drop_chunk(stream, container_of(node, struct grpc_chunk, node));
}

/* true: message is packed now. */
static bool
pack(struct grpc_stream *stream, struct buffer *message)
{
	struct buffer packed;

	if (!stream->is_packing ||
	    gzip_pack(stream->grpc->memory, buffer_bytes(message), &packed) !=
	        BECKET_S_OK)
		return false;
	buffer_fini(message);
	*message = packed;
	return true;
}

becket_status
stream_put(struct grpc_stream *stream, struct buffer *message)
{
	struct grpc *grpc = stream->grpc;
	struct grpc_chunk *chunk;
	bool is_packed;

	if (message->size > UINT32_MAX) {
		buffer_fini(message);
		return BECKET_S_LIMIT_EXCEEDED;
	}
	chunk = memory_new(grpc->memory, sizeof *chunk);
	if (chunk == NULL) {
		buffer_fini(message);
		return BECKET_S_OUT_OF_MEMORY;
	}
	is_packed = pack(stream, message);
	frame_head_put(chunk->head, is_packed, message->size);
	chunk->message = buffer_take(message);
	list_append(&stream->out, &chunk->node);
	grpc->queued += FRAME_HEAD_SIZE + chunk->message.size;
	return BECKET_S_OK;
}

void
stream_resume(struct grpc_stream *stream)
{
	if (!stream->is_waiting || !stream->is_open)
		return;
	stream->is_waiting = false;
	/* It can only fail for a stream that does not wait. */
	(void)nghttp2_session_resume_data(stream->grpc->http2, stream->number);
}

void
stream_reset(struct grpc_stream *stream, uint32_t error)
{
	struct grpc *grpc = stream->grpc;

	stream_drop_output(stream);
	if (stream->is_open && !grpc->is_closing &&
	    nghttp2_submit_rst_stream(grpc->http2, NGHTTP2_FLAG_NONE,
	        stream->number, error) != 0)
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to reset a stream");
}

/* Returns how much of chunk it was. */
static size_t
copy_chunk(struct grpc_chunk *chunk, uint8_t *bytes, size_t size)
{
	size_t all = FRAME_HEAD_SIZE + chunk->message.size;
	size_t done = 0;

	while (done < size && chunk->at < all) {
		bool is_head = chunk->at < FRAME_HEAD_SIZE;
		const uint8_t *from =
		    is_head ? chunk->head + chunk->at
		            : chunk->message.data + chunk->at - FRAME_HEAD_SIZE;
		size_t left = (is_head ? FRAME_HEAD_SIZE : all) - chunk->at;
		size_t step = left < size - done ? left : size - done;

		memcpy(bytes + done, from, step);
		chunk->at += step;
		done += step;
	}
	return done;
}

static size_t
copy_out(struct grpc_stream *stream, uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (!list_is_empty(&stream->out)) {
		struct grpc_chunk *chunk =
		    container_of(stream->out.next, struct grpc_chunk, node);

		done += copy_chunk(chunk, bytes + done, size - done);
		if (chunk->at < FRAME_HEAD_SIZE + chunk->message.size)
			break;
		drop_chunk(stream, chunk);
	}
	return done;
}

ssize_t
stream_read(nghttp2_session *http2, int32_t number, uint8_t *bytes, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct grpc_stream *stream = source->ptr;
	size_t done = copy_out(stream, bytes, size);

	(void)http2;
	(void)number;
	(void)user;
	if (list_is_empty(&stream->out) && stream->is_ended &&
	    stream->grpc->role->finish(stream, flags) != 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (done == 0 && (*flags & NGHTTP2_DATA_FLAG_EOF) == 0) {
		stream->is_waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)done;
}
