/* SPDX-License-Identifier: MIT */
#include "base/allocate.h"
#include "base/trap.h"
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
	stream->pending = buffer_empty(grpc->memory);
	stream->sentence = buffer_empty(grpc->memory);
	stream->details = buffer_empty(grpc->memory);
	stream->trailing = buffer_empty(grpc->memory);
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
	buffer_fini(&stream->trailing);
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
drop(struct buffer *buffer)
{
	if (buffer->memory != NULL)
		buffer_fini(buffer);
}

static void
drop_event(struct session_event *told)
{
	switch (told->kind) {
	case SESSION_CALL:
		drop(&told->begun.metadata);
		break;
	case SESSION_HEAD:
		drop(&told->metadata);
		break;
	case SESSION_MESSAGE:
		drop(&told->message);
		break;
	case SESSION_END:
		drop(&told->end.fault_data);
		drop(&told->end.metadata);
		break;
	default:
		break;
	}
}

static void
make_ready(struct grpc_stream *stream)
{
	if (list_is_empty(&stream->ready))
		list_append(&stream->grpc->ready, &stream->ready);
}

bool
stream_tell(struct grpc_stream *stream, const struct session_event *told)
{
	struct grpc *grpc = stream->grpc;
	struct grpc_event *event = memory_new(grpc->memory, sizeof *event);

	if (event == NULL) {
		struct session_event lost = *told;

		drop_event(&lost);
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for an event");
		return false;
	}
	event->told = *told;
	event->told.call = stream->id;
	list_append(&stream->events, &event->node);
	make_ready(stream);
	return true;
}

void
stream_tell_writable(struct grpc_stream *stream)
{
	stream->is_writable = true;
	make_ready(stream);
}

static struct grpc_event *
first_of(const struct grpc_stream *stream)
{
	return list_is_empty(&stream->events)
	           ? NULL
	           : container_of(stream->events.next, struct grpc_event, node);
}

struct session_event *
stream_first_event(const struct grpc_stream *stream)
{
	struct grpc_event *event = first_of(stream);

	return event == NULL ? NULL : &event->told;
}

static struct session_event
take_off(struct grpc_stream *stream, struct grpc_event *event)
{
	struct session_event told = event->told;

	list_remove(&event->node);
	memory_free(stream->grpc->memory, event, sizeof *event);
	if (told.kind == SESSION_MESSAGE)
		stream_taken(stream, told.message.size);
	if (list_is_empty(&stream->events) && !stream->is_writable)
		list_remove(&stream->ready);
	return told;
}

bool
stream_next_event(struct grpc_stream *stream, struct session_event *ret_event)
{
	struct grpc_event *event = first_of(stream);

	if (event != NULL) {
		*ret_event = take_off(stream, event);
		return true;
	}
	if (!stream->is_writable)
		return false;
	stream->is_writable = false;
	list_remove(&stream->ready);
	*ret_event = (struct session_event){ .kind = SESSION_WRITABLE,
		.call = stream->id };
	return true;
}

void
stream_forget_events(struct grpc_stream *stream)
{
	struct grpc_event *event;

	stream->is_writable = false;
	while ((event = first_of(stream)) != NULL) {
		struct session_event told = take_off(stream, event);

		drop_event(&told);
	}
	list_remove(&stream->ready);
}
