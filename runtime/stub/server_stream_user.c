/* SPDX-License-Identifier: MIT */
#include "stub/server_stream.h"

#include <errno.h>
#include <time.h>

#include "stub/reply.h"

enum {
	ALL_EVENTS = BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE,
};

static struct server_stream *
stream_of(struct becket_stream *base)
{
	return container_of(base, struct server_stream, stream);
}

/* Nothing ever waits on a thread that serves connections. */
static bool
may_wait(const struct server_stream *stream)
{
	const struct call_host *host = stream->call->host;

	return host->may_wait == NULL || host->may_wait();
}

/* With the lock held: is it for us to send mail? */
static bool
begin_post(struct server_stream *stream, bool is_wanted)
{
	bool is_ours = is_wanted && !stream->is_posted;

	if (is_ours)
		stream->is_posted = true;
	return is_ours;
}

static void
end_post(struct server_stream *stream, bool is_ours)
{
	struct call_host *host = stream->call->host;

	if (is_ours)
		host->attend(host, stream);
}

/* With the lock held. */
static becket_status
wait_to(struct server_stream *stream, unsigned event)
{
	while ((server_stream_events(stream) & event) == 0) {
		if (stream->is_nonblocking || !may_wait(stream)) {
			stream->wanted |= event;
			return BECKET_S_ASYNC_CALL_PENDING;
		}
		stream->awaited |= event;
		pthread_cond_wait(&stream->changed, &stream->lock);
	}
	if (stream->is_cancelled)
		return BECKET_S_CALL_CANCELLED;
	return stream->is_answered ? BECKET_X_PIPE_CLOSED : BECKET_S_OK;
}

static becket_status
send_message(struct becket_stream *base, const void *message)
{
	struct server_stream *stream = stream_of(base);
	const struct call_host *host = stream->call->host;
	struct buffer bytes;
	bool must_post;
	becket_status status = stream_out_message(stream->in.is_plain,
	    &stream_operation(base)->response, message, host->memory,
	    host->limits->response_size, &bytes);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&stream->lock);
	status = wait_to(stream, BECKET_STREAM_WRITABLE);
	if (status == BECKET_S_OK)
		status = server_stream_add(stream, &bytes);
	/* What is in the session is followed by SESSION_WRITABLE. */
	must_post =
	    begin_post(stream, status == BECKET_S_OK && stream->unsent == 0);
	pthread_mutex_unlock(&stream->lock);
	buffer_fini(&bytes);
	end_post(stream, must_post);
	return status;
}

/* The session knows soon enough what is dealt with when it is much. */
static bool
owes_credit(const struct server_stream *stream)
{
	return stream->credit > stream->call->host->limits->stream_window / 4;
}

static becket_status
receive_bytes(struct server_stream *stream, struct buffer *ret_bytes)
{
	size_t consumed = 0;
	bool must_post;
	becket_status status;

	pthread_mutex_lock(&stream->lock);
	status = wait_to(stream, BECKET_STREAM_READABLE);
	if (status == BECKET_S_OK)
		status = stream_in_next(&stream->in, ret_bytes, &consumed);
	stream->credit += consumed;
	must_post = begin_post(stream, owes_credit(stream));
	pthread_mutex_unlock(&stream->lock);
	end_post(stream, must_post);
	return status;
}

static becket_status
receive_message(struct becket_stream *base, void **ret_message)
{
	struct server_stream *stream = stream_of(base);
	const struct call_host *host = stream->call->host;
	struct buffer bytes;
	becket_status status = receive_bytes(stream, &bytes);

	if (status != BECKET_S_OK)
		return status;
	status =
	    reply_decode(&stream_operation(base)->request, buffer_bytes(&bytes),
	        &bytes, false, host->memory, host->limits, ret_message);
	buffer_fini(&bytes);
	return status;
}

static becket_status
set_nonblocking(struct becket_stream *base, bool nonblocking)
{
	struct server_stream *stream = stream_of(base);

	if (!nonblocking && !may_wait(stream))
		return BECKET_S_INVALID_ARG;
	pthread_mutex_lock(&stream->lock);
	stream->is_nonblocking = nonblocking;
	pthread_mutex_unlock(&stream->lock);
	return BECKET_S_OK;
}

static bool
is_told_elsewhere(const struct server_stream *stream)
{
	return stream->is_telling &&
	       !pthread_equal(stream->teller, pthread_self());
}

/* What can be done already is told, too. */
static becket_status
set_callback(struct becket_stream *base,
    void (*ready)(void *user, struct becket_stream *stream), void *user)
{
	struct server_stream *stream = stream_of(base);
	bool must_post;

	pthread_mutex_lock(&stream->lock);
	while (is_told_elsewhere(stream))
		pthread_cond_wait(&stream->changed, &stream->lock);
	stream->ready = stream->is_answered ? NULL : ready;
	stream->user = user;
	stream->wanted = ALL_EVENTS;
	must_post = begin_post(stream,
	    stream->ready != NULL && server_stream_events(stream) != 0);
	pthread_mutex_unlock(&stream->lock);
	end_post(stream, must_post);
	return BECKET_S_OK;
}

static struct timespec
after(uint32_t milliseconds)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += milliseconds / 1000;
	at.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static becket_status
wait_for(struct becket_stream *base, unsigned events, uint32_t milliseconds,
    unsigned *ret_events)
{
	struct server_stream *stream = stream_of(base);
	bool may = milliseconds > 0 && may_wait(stream);
	struct timespec until = after(milliseconds);
	unsigned are;

	pthread_mutex_lock(&stream->lock);
	while ((server_stream_events(stream) & events) == 0 && may) {
		stream->awaited |= events;
		may = pthread_cond_timedwait(&stream->changed, &stream->lock,
		          &until) != ETIMEDOUT;
	}
	are = server_stream_events(stream) & events;
	stream->wanted |= events & ~are;
	pthread_mutex_unlock(&stream->lock);
	if (are == 0)
		return BECKET_S_ASYNC_CALL_PENDING;
	*ret_events = are;
	return BECKET_S_OK;
}

static void
set_compression(struct becket_stream *base, bool compression)
{
	struct server_stream *stream = stream_of(base);

	pthread_mutex_lock(&stream->lock);
	stream->call->packing = compression ? CALL_PACKS : CALL_PACKS_NOT;
	pthread_mutex_unlock(&stream->lock);
}

const struct becket_stream_ops server_stream_ops = {
	.send = send_message,
	.receive = receive_message,
	.set_nonblocking = set_nonblocking,
	.set_callback = set_callback,
	.set_compression = set_compression,
	.wait = wait_for,
};

struct becket_stream *
becket_call_stream(struct becket_call *call)
{
	return call->stream == NULL ? NULL : &call->stream->stream;
}

bool
becket_call_was_compressed(const struct becket_call *call)
{
	return call->stream == NULL ? call->was_packed
	                            : call->stream->in.was_packed;
}

void
becket_call_set_compression(struct becket_call *call, bool compression)
{
	if (call->stream != NULL)
		set_compression(&call->stream->stream, compression);
	else
		call->packing = compression ? CALL_PACKS : CALL_PACKS_NOT;
}
