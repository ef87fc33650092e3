/* SPDX-License-Identifier: MIT */
#include "stub/server_stream.h"

#include <time.h>

#include "base/allocate.h"

/* What is to be put at once: of a plain session a message, else as many bytes
 * as there were.
 */
struct parcel {
	struct list node;
	struct buffer bytes;
	enum call_packing packing;
};

/* --------------------------------------------------------- begin and end -- */

static void
init_lock(struct server_stream *stream)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&stream->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&stream->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct server_stream *
server_stream_new(struct becket_call *call, struct session *session)
{
	const struct call_host *host = call->host;
	struct server_stream *stream = memory_new(host->memory, sizeof *stream);

	if (stream == NULL)
		return NULL;
	stream->stream.ops = &server_stream_ops;
	stream->stream.opnum = call->begun.opnum;
	stream->call = call;
	stream->session = session;
	list_init(&stream->due);
	list_init(&stream->mail);
	list_init(&stream->out);
	init_lock(stream);
	stream->in = (struct stream_in){
		.memory = host->memory,
		.limits = host->limits,
		.limit = host->limits->request_size,
		.is_plain = session->ops->is_plain,
	};
	stream_in_init(&stream->in);
	return stream;
}

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
server_stream_free(struct server_stream *stream)
{
	const struct call_host *host;

	if (stream == NULL)
		return;
	host = stream->call->host;
	if (host->forget != NULL)
		host->forget(stream->call->host, stream);
	list_remove(&stream->due);
	drop_parcels(stream, &stream->out);
	stream_in_fini(&stream->in);
	pthread_cond_destroy(&stream->changed);
	pthread_mutex_destroy(&stream->lock);
	memory_free(host->memory, stream, sizeof *stream);
}

void
server_stream_detach(struct server_stream *stream)
{
	stream->session = NULL;
	list_remove(&stream->due);
}

/* --------------------------------------------------------------- events -- */

static bool
has_room(const struct server_stream *stream)
{
	return stream->queued + stream->unsent <
	       stream->call->host->limits->stream_window;
}

unsigned
server_stream_events(const struct server_stream *stream)
{
	if (stream->is_cancelled)
		return BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE;
	return (stream_in_is_ready(&stream->in) ? BECKET_STREAM_READABLE : 0) |
	       (has_room(stream) ? BECKET_STREAM_WRITABLE : 0);
}

/* With the lock held, when something may have become so. */
static bool
tell(struct server_stream *stream)
{
	unsigned events = server_stream_events(stream);

	if (((events & BECKET_STREAM_READABLE) && stream->waits[0] > 0) ||
	    ((events & BECKET_STREAM_WRITABLE) && stream->waits[1] > 0))
		pthread_cond_broadcast(&stream->changed);
	return stream->ready != NULL && (events & stream->wanted) != 0;
}

static bool
unlock_and_tell(struct server_stream *stream)
{
	bool is_due = tell(stream);

	pthread_mutex_unlock(&stream->lock);
	return is_due;
}

static void
tell_consumed(struct server_stream *stream, size_t size)
{
	struct session *session = stream->session;

	if (size > 0 && session->ops->consumed != NULL)
		session->ops->consumed(session, stream->call->id, size);
}

static size_t
take_credit(struct server_stream *stream)
{
	size_t credit = stream->credit;

	stream->credit = 0;
	return credit;
}

/* A message larger than the window must be let in to become whole. */
static void
let_more_in(struct server_stream *stream)
{
	struct buffer message;
	size_t consumed;

	if (stream_in_is_ready(&stream->in))
		return;
	(void)!stream_in_next(&stream->in, &message, &consumed);
	stream->credit += consumed;
}

/* What stands before the messages is for who decides whether to run it. */
static void
take_head(struct server_stream *stream)
{
	struct becket_call *call = stream->call;
	struct stream_in *in = &stream->in;
	struct becket_bytes metadata = in->is_plain
	                                   ? buffer_bytes(&call->begun.metadata)
	                                   : buffer_bytes(&in->metadata);

	if (call->is_opened || !in->has_head)
		return;
	call->is_opened = true;
	if (!in->is_plain)
		becket_call_set_remaining(call, in->remaining_us);
	if (becket_call_set_metadata(call, metadata) != BECKET_S_OK)
		in->status = BECKET_S_OUT_OF_MEMORY;
}

bool
server_stream_feed(struct server_stream *stream, struct buffer *piece,
    bool is_packed)
{
	size_t credit;
	bool is_due;

	pthread_mutex_lock(&stream->lock);
	stream->bytes_in += piece->size;
	stream->in.comes_packed = is_packed;
	(void)!stream_in_feed(&stream->in, piece); /* its status keeps it */
	let_more_in(stream);
	take_head(stream);
	credit = take_credit(stream);
	is_due = unlock_and_tell(stream);
	tell_consumed(stream, credit);
	return is_due;
}

bool
server_stream_end(struct server_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	(void)!stream_in_end(&stream->in);
	take_head(stream);
	return unlock_and_tell(stream);
}

static bool
is_request_stream(const struct server_stream *stream)
{
	return stream->call->streams & BECKET_OPERATION_REQUEST_STREAM;
}

bool
server_stream_is_ready(struct server_stream *stream)
{
	bool is_ready;

	pthread_mutex_lock(&stream->lock);
	take_head(stream);
	is_ready = stream->in.is_ended || stream->in.status != BECKET_S_OK ||
	           (is_request_stream(stream) && stream->in.has_head);
	pthread_mutex_unlock(&stream->lock);
	return is_ready;
}

bool
server_stream_writable(struct server_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->unsent = 0;
	pthread_mutex_unlock(&stream->lock);
	server_stream_move(stream);
	pthread_mutex_lock(&stream->lock);
	return unlock_and_tell(stream);
}

bool
server_stream_cancel(struct server_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	if (!stream->is_cancelled)
		stream->wanted =
		    BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE;
	stream->is_cancelled = true;
	atomic_store(&stream->call->is_cancelled, true);
	return unlock_and_tell(stream);
}

void
server_stream_enter_loop(struct server_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->is_nonblocking = true;
	stream->is_posted = true;
	pthread_mutex_unlock(&stream->lock);
}

void
server_stream_notify(struct server_stream *stream)
{
	void (*ready)(void *user, struct becket_stream *stream);
	void *user;
	bool is_due;

	pthread_mutex_lock(&stream->lock);
	ready = stream->ready;
	user = stream->user;
	if (ready == NULL ||
	    (server_stream_events(stream) & stream->wanted) == 0) {
		pthread_mutex_unlock(&stream->lock);
		return;
	}
	stream->wanted = 0;
	stream->is_posted = true; /* we look behind it */
	stream->is_telling = true;
	stream->teller = pthread_self();
	pthread_mutex_unlock(&stream->lock);
	ready(user, &stream->stream);
	pthread_mutex_lock(&stream->lock);
	stream->is_telling = false;
	pthread_cond_broadcast(&stream->changed);
	is_due = unlock_and_tell(stream);
	if (is_due) /* it has set another */
		stream->call->host->attend(stream->call->host, stream);
}

void
server_stream_count(struct server_stream *stream, uint64_t *ret_in,
    uint64_t *ret_out)
{
	pthread_mutex_lock(&stream->lock);
	*ret_in = stream->bytes_in;
	*ret_out = stream->bytes_out;
	pthread_mutex_unlock(&stream->lock);
}

/* ----------------------------------------------------------------- bytes -- */

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
	credit = take_credit(stream);
	take_batch(stream, most, &batch);
	pthread_mutex_unlock(&stream->lock);
	tell_consumed(stream, credit);
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

/* --------------------------------------------- before and after the routine --
 */

static becket_status
take_only(struct stream_in *in, struct buffer *ret_message)
{
	struct buffer message, more;
	size_t consumed;
	becket_status status = stream_in_next(in, &message, &consumed);

	if (status == BECKET_X_PIPE_EMPTY)
		return BECKET_S_PROTOCOL_ERROR;
	if (status != BECKET_S_OK)
		return status;
	status = stream_in_next(in, &more, &consumed);
	if (status == BECKET_X_PIPE_EMPTY) {
		*ret_message = message;
		return BECKET_S_OK;
	}
	buffer_fini(&message);
	if (status != BECKET_S_OK)
		return status;
	buffer_fini(&more);
	return BECKET_S_PROTOCOL_ERROR;
}

becket_status
server_stream_open(struct server_stream *stream, struct buffer *ret_message)
{
	struct stream_in *in = &stream->in;
	becket_status status;

	pthread_mutex_lock(&stream->lock);
	if (!stream->call->is_opened)
		status = in->status != BECKET_S_OK ? in->status
		                                   : BECKET_S_PROTOCOL_ERROR;
	else if (is_request_stream(stream) || ret_message == NULL)
		status = BECKET_S_OK;
	else
		status = take_only(in, ret_message);
	pthread_mutex_unlock(&stream->lock);
	return status;
}

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
