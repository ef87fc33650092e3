/* SPDX-License-Identifier: MIT */
#include "stub/server_stream.h"

#include "base/allocate.h"

/* From the manager to the session. */

/* What is to be put at once: of a plain session a message, else as many bytes
 * as there were.
 */
struct parcel {
	struct list node;
	struct buffer bytes;
	enum call_packing packing;
};

static void
free_parcel(struct server_stream *stream, struct parcel *parcel)
{
	list_remove(&parcel->node);
	memory_free(stream->call->host->memory, parcel, sizeof *parcel);
}

static void
drop_parcels(struct server_stream *stream, struct list *list)
{
	while (!list_is_empty(list)) {
		struct parcel *parcel =
		    container_of(list->next, struct parcel, node);

		buffer_fini(&parcel->bytes);
		free_parcel(stream, parcel);
	}
}

void
server_stream_drop_out(struct server_stream *stream)
{
	drop_parcels(stream, &stream->out);
}

/* -------------------------------------------------------- to the session -- */

void
server_stream_tell_consumed(struct server_stream *stream, size_t size)
{
	struct session *session = stream->session;

	if (size > 0 && session->ops->consumed != NULL)
		session->ops->consumed(session, stream->call->id, size);
}

size_t
server_stream_take_credit(struct server_stream *stream)
{
	size_t credit = stream->credit;

	stream->credit = 0;
	return credit;
}

static struct parcel *
first_parcel(struct list *list)
{
	return container_of(list->next, struct parcel, node);
}

/* Of a plain session also what is empty takes room. */
static size_t
cost_of(const struct server_stream *stream, size_t size)
{
	return stream->in.is_plain ? size + SESSION_MESSAGE_COST : size;
}

/* With the lock held: half a window goes on while the other half is filled. */
static void
take_batch(struct server_stream *stream, size_t most, struct list *ret_batch)
{
	size_t size = 0;

	list_init(ret_batch);
	while (!list_is_empty(&stream->out) && size < most) {
		struct parcel *parcel = first_parcel(&stream->out);

		list_remove(&parcel->node);
		list_append(ret_batch, &parcel->node);
		size += cost_of(stream, parcel->bytes.size);
	}
	stream->queued -= size;
	stream->unsent += size;
}

static becket_status
put_head(struct server_stream *stream)
{
	const struct session_ops *ops = stream->session->ops;
	struct becket_bytes initial =
	    buffer_bytes(&stream->call->answer.initial);

	if (stream->is_headed || ops->head == NULL)
		return BECKET_S_OK;
	stream->is_headed = true;
	return initial.size == 0
	           ? BECKET_S_OK
	           : ops->head(stream->session, stream->call->id, initial);
}

/* The head says whether anything may be compressed. */
static becket_status
put_parcel(struct server_stream *stream, struct parcel *parcel)
{
	const struct session_ops *ops = stream->session->ops;
	struct idmap_id id = stream->call->id;
	struct buffer bytes;
	becket_status status;

	if (parcel->packing != CALL_PACKS_AS_CAME && ops->pack != NULL)
		ops->pack(stream->session, id, parcel->packing == CALL_PACKS);
	status = put_head(stream);
	if (status != BECKET_S_OK)
		return status;
	bytes = buffer_take(&parcel->bytes);
	return ops->put(stream->session, id, &bytes);
}

static becket_status
put_batch(struct server_stream *stream, struct list *batch)
{
	becket_status status = BECKET_S_OK;

	while (!list_is_empty(batch) && status == BECKET_S_OK) {
		struct parcel *parcel = first_parcel(batch);

		status = put_parcel(stream, parcel);
		buffer_fini(&parcel->bytes);
		free_parcel(stream, parcel);
	}
	drop_parcels(stream, batch);
	return status;
}

static void
fail(struct server_stream *stream, becket_status status)
{
	pthread_mutex_lock(&stream->lock);
	stream->failure = status;
	pthread_mutex_unlock(&stream->lock);
	if (server_stream_cancel(stream))
		stream->call->host->attend(stream->call->host, stream);
}

static void
move(struct server_stream *stream, size_t most)
{
	struct list batch;
	becket_status status;
	size_t credit;

	pthread_mutex_lock(&stream->lock);
	stream->is_posted = false;
	credit = server_stream_take_credit(stream);
	take_batch(stream, most, &batch);
	pthread_mutex_unlock(&stream->lock);
	server_stream_tell_consumed(stream, credit);
	status = put_batch(stream, &batch);
	if (status != BECKET_S_OK)
		fail(stream, status);
}

void
server_stream_move(struct server_stream *stream)
{
	size_t half = stream->call->host->limits->stream_window / 2 + 1;

	if (stream->session != NULL)
		move(stream, stream->unsent > 0 ? 0 : half);
}

becket_status
server_stream_finish(struct server_stream *stream)
{
	move(stream, SIZE_MAX);
	return stream->failure;
}

/* ------------------------------------------------------ from the manager -- */

/* So much goes into one, if it may: there are several in a window. */
static size_t
parcel_size(const struct server_stream *stream)
{
	const size_t most = 64 << 10;
	size_t quarter = stream->call->host->limits->stream_window / 4;

	return quarter < most ? quarter : most;
}

/* With the lock held. */
static becket_status
add_out(struct server_stream *stream, struct buffer *bytes)
{
	const struct becket_memory *memory = stream->call->host->memory;
	size_t size = bytes->size;
	struct parcel *last =
	    container_of(stream->out.previous, struct parcel, node);

	if (!stream->in.is_plain && !list_is_empty(&stream->out) &&
	    last->bytes.size + size <= parcel_size(stream)) {
		if (!buffer_append(&last->bytes, bytes->data, size))
			return BECKET_S_OUT_OF_MEMORY;
	} else {
		last = memory_new(memory, sizeof *last);
		if (last == NULL)
			return BECKET_S_OUT_OF_MEMORY;
		last->bytes = buffer_take(bytes);
		last->packing = stream->call->packing;
		list_append(&stream->out, &last->node);
	}
	stream->queued += cost_of(stream, size);
	stream->bytes_out += size;
	return BECKET_S_OK;
}

/* In front of all that is sent. */
static becket_status
add_head(struct server_stream *stream)
{
	struct call_answer *answer = &stream->call->answer;
	const struct frame frame = {
		.metadata = buffer_bytes(&answer->initial),
	};
	struct buffer bytes;
	becket_status status = BECKET_S_OK;

	if (answer->is_headed)
		return BECKET_S_OK;
	if (!stream->in.is_plain) {
		status = stream_out_head(false, &frame,
		    stream->call->host->memory, &bytes);
		if (status != BECKET_S_OK)
			return status;
		status = add_out(stream, &bytes);
		buffer_fini(&bytes);
	}
	answer->is_headed = status == BECKET_S_OK;
	return status;
}

becket_status
server_stream_add(struct server_stream *stream, struct buffer *message)
{
	becket_status status = add_head(stream);

	return status == BECKET_S_OK ? add_out(stream, message) : status;
}

static becket_status
add_response(struct server_stream *stream, const void *response)
{
	const struct call_host *host = stream->call->host;
	struct buffer bytes;
	becket_status status = stream_out_message(stream->in.is_plain,
	    &stream_operation(&stream->stream)->response, response,
	    host->memory, host->limits->response_size, &bytes);

	if (status != BECKET_S_OK)
		return status;
	status = server_stream_add(stream, &bytes);
	buffer_fini(&bytes);
	return status;
}

static becket_status
add_trailer(struct server_stream *stream)
{
	const struct becket_call *call = stream->call;
	struct buffer bytes;
	becket_status status =
	    stream_out_trailer(buffer_bytes(&call->answer.trailing),
	        call->host->memory, &bytes);

	if (status != BECKET_S_OK || bytes.size == 0)
		return status;
	status = add_out(stream, &bytes);
	buffer_fini(&bytes);
	return status;
}

becket_status
server_stream_close(struct server_stream *stream, const void *response)
{
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&stream->lock);
	if (response != NULL)
		status = add_response(stream, response);
	if (!stream->in.is_plain && status == BECKET_S_OK)
		status = add_head(stream);
	if (!stream->in.is_plain && status == BECKET_S_OK)
		status = add_trailer(stream);
	pthread_mutex_unlock(&stream->lock);
	return status;
}
