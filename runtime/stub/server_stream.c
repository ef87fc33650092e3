/* SPDX-License-Identifier: MIT */
#include "stub/server_stream.h"

#include <time.h>

#include "base/allocate.h"

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
	server_stream_drop_out(stream);
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

/* ---------------------------------------------------------------- events -- */

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

/* When something may have become so. Who is woken with the lock held by another
 * would only wait for that; and this thread alone frees the stream.
 */
static bool
unlock_and_tell(struct server_stream *stream)
{
	unsigned events = server_stream_events(stream);
	bool is_due = stream->ready != NULL && (events & stream->wanted) != 0;
	bool is_awaited = (events & stream->awaited) != 0;

	if (is_awaited)
		stream->awaited = 0;
	pthread_mutex_unlock(&stream->lock);
	if (is_awaited)
		pthread_cond_broadcast(&stream->changed);
	return is_due;
}

static bool
is_request_stream(const struct server_stream *stream)
{
	return stream->call->streams & BECKET_OPERATION_REQUEST_STREAM;
}

/* A message larger than the window must be let in to become whole; and behind
 * an only message its end, which may be a piece of its own, or another that is
 * to be refused. To plain sessions the piece was a message of that size.
 */
static void
let_more_in(struct server_stream *stream, size_t size)
{
	if (!is_request_stream(stream) || !stream_in_is_ready(&stream->in))
		stream->credit += stream_in_settle(&stream->in);
	if (!is_request_stream(stream) && stream->in.is_plain)
		stream->credit += size + SESSION_MESSAGE_COST;
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
	size_t size = piece->size, credit;
	bool is_due;

	pthread_mutex_lock(&stream->lock);
	stream->bytes_in += size;
	stream->in.comes_packed = is_packed;
	(void)!stream_in_feed(&stream->in, piece); /* its status keeps it */
	let_more_in(stream, size);
	take_head(stream);
	credit = server_stream_take_credit(stream);
	is_due = unlock_and_tell(stream);
	server_stream_tell_consumed(stream, credit);
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

bool
server_stream_is_ready(struct server_stream *stream)
{
	bool is_ready;

	pthread_mutex_lock(&stream->lock);
	take_head(stream);
	is_ready =
	    stream->in.is_ended || stream->in.status != BECKET_S_OK ||
	    (is_request_stream(stream) ? stream->in.has_head
	                               : stream_in_has_another(&stream->in));
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

/* Who sets a callback from here on needs mail of his own, and move(), which
 * follows, finds what was sent before.
 */
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
		stream->is_posted = false;
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
	stream->is_telling = stream->is_posted = false;
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

/* ------------------------------------------ before and after the routine -- */

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
	if (status == BECKET_S_OK)
		buffer_fini(&more);
	return status == BECKET_S_OK || status == BECKET_S_ASYNC_CALL_PENDING
	           ? BECKET_S_PROTOCOL_ERROR
	           : status;
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

void
server_stream_quit(struct server_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->is_answered = true;
	stream->ready = NULL;
	pthread_mutex_unlock(&stream->lock);
}
