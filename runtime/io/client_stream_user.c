/* SPDX-License-Identifier: MIT */
#include "io/client_stream_private.h"

#include "io/clock.h"
#include "io/error.h"
#include "io/line.h"
#include "stub/reply.h"

becket_status
client_stream_check(const struct client_stream *stream)
{
	if (runtime_is_stale(stream->call.hub->runtime))
		return error_set(BECKET_S_STALE_AFTER_FORK, "%s",
		    becket_status_text(BECKET_S_STALE_AFTER_FORK));
	return BECKET_S_OK;
}

static becket_status
fail(const struct client_stream *stream, becket_status status, const char *what)
{
	struct call_failure failure = async_call_failure(&stream->call);

	return client_call_fail(&failure, status, BECKET_MAYBE_EXECUTED, what);
}

/* With the lock held, as what is_done() looks at. Who does not wait, and has no
 * loop that would call back, helps himself.
 */
static bool
await(struct client_stream *stream, bool (*is_done)(const void *stream))
{
	struct hub *hub = stream->call.hub;

	client_stream_flush(stream);
	hub_settle(hub);
	if (!stream->is_nonblocking)
		hub_await(hub, &stream->call, is_done, stream, 0);
	else if (!stream->call.has_callback && hub->driver == NULL &&
	         !is_done(stream))
		hub_poll(hub);
	return is_done(stream);
}

/* -------------------------------------------------------------- sending -- */

static bool
is_closed(const struct client_stream *stream)
{
	return stream->call.is_over || stream->call.is_mute ||
	       stream->is_half_closed;
}

static bool
may_send(const void *what)
{
	return is_closed(what) || client_stream_has_room(what);
}

/* With the lock held. */
static becket_status
await_room(struct client_stream *stream)
{
	stream->wants_room = !may_send(stream);
	if (stream->wants_room && !await(stream, may_send))
		return BECKET_S_ASYNC_CALL_PENDING;
	stream->wants_room = false;
	return is_closed(stream) ? BECKET_X_PIPE_CLOSED : BECKET_S_OK;
}

static becket_status
put(struct client_stream *stream, struct buffer *bytes)
{
	struct hub *hub = client_stream_lock(stream);
	becket_status status = BECKET_X_PIPE_CLOSED;

	if (!is_closed(stream))
		status = client_stream_put(stream, bytes);
	client_stream_unlock(hub);
	buffer_fini(bytes);
	return status;
}

static becket_status
encode_and_put(struct client_stream *stream, const void *message)
{
	const struct invoke *invoke = &stream->call.invoke;
	struct buffer bytes;
	becket_status status = stream_out_message(stream->is_plain,
	    &stream_operation(&stream->stream)->request, message,
	    invoke->memory, invoke->limits->request_size, &bytes);

	return status == BECKET_S_OK ? put(stream, &bytes) : status;
}

static becket_status
send_message(struct becket_stream *base, const void *message)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = client_stream_check(stream);

	if (status != BECKET_S_OK)
		return status;
	client_stream_lock(stream);
	status = await_room(stream);
	pthread_mutex_unlock(&stream->call.hub->lock);
	if (status == BECKET_S_OK)
		status = encode_and_put(stream, message);
	if (status == BECKET_S_OK || status == BECKET_S_ASYNC_CALL_PENDING)
		return status;
	return fail(stream, status, NULL);
}

static becket_status
half_close(struct becket_stream *base)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = client_stream_check(stream);
	struct hub *hub;

	if (status != BECKET_S_OK)
		return status;
	hub = client_stream_lock(stream);
	client_stream_half_close(stream);
	client_stream_unlock(hub);
	return BECKET_S_OK;
}

/* ------------------------------------------------------------ receiving -- */

/* The peer may have failed with X_PIPE_EMPTY. */
static bool
has_ended_well(const struct client_stream *stream, becket_status status)
{
	return status == BECKET_X_PIPE_EMPTY &&
	       async_call_status(&stream->call) == BECKET_S_OK;
}

static becket_status
say_end(const struct client_stream *stream, becket_status status)
{
	if (has_ended_well(stream, status))
		return BECKET_X_PIPE_EMPTY;
	if (status == BECKET_X_PIPE_EMPTY)
		return async_call_say_why(&stream->call);
	return fail(stream, status, client_stream_why_broken(status));
}

static bool
has_input(const void *what)
{
	const struct client_stream *stream = what;

	return stream->inbox.count > 0 || stream->has_lost_input ||
	       stream->call.is_over;
}

/* As client_stream_advance(). */
static becket_status
await_next(struct client_stream *stream)
{
	becket_status status;
	bool is_more;

	do {
		status = client_stream_advance(stream);
		if (status != BECKET_S_ASYNC_CALL_PENDING)
			return status;
		client_stream_lock(stream);
		is_more = await(stream, has_input);
		pthread_mutex_unlock(&stream->call.hub->lock);
	} while (is_more);
	return status;
}

static becket_status
decode(struct client_stream *stream, struct buffer *bytes, void **ret_message)
{
	const struct invoke *invoke = &stream->call.invoke;
	becket_status status =
	    reply_decode(&stream_operation(&stream->stream)->response,
	        buffer_bytes(bytes), bytes, false, invoke->memory,
	        invoke->limits, ret_message);

	buffer_fini(bytes);
	return status;
}

static becket_status
receive(struct becket_stream *base, void **ret_message)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = client_stream_check(stream);

	if (status != BECKET_S_OK)
		return status;
	status = await_next(stream);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return status;
	if (status != BECKET_S_OK)
		return say_end(stream, status);
	client_stream_show_initial(stream);
	stream->has_next = false;
	status = decode(stream, &stream->next, ret_message);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	client_stream_break_off(stream, status);
	return say_end(stream, status);
}

/* -------------------------------------------------------------- waiting -- */

/* What a thread waits for. */
struct watch {
	struct client_stream *stream;
	unsigned events;
};

static unsigned
ready_events(const struct watch *watch, bool is_readable)
{
	const struct client_stream *stream = watch->stream;
	unsigned ready = is_readable ? BECKET_STREAM_READABLE : 0;

	if (stream->call.is_over)
		return watch->events;
	if (stream->call.is_mute ||
	    (!stream->is_half_closed && client_stream_has_room(stream)))
		ready |= BECKET_STREAM_WRITABLE;
	return ready & watch->events;
}

static bool
is_worth_a_look(const void *what)
{
	const struct watch *watch = what;

	return ready_events(watch, has_input(watch->stream)) != 0;
}

static unsigned
look(const struct watch *watch)
{
	struct client_stream *stream = watch->stream;
	unsigned ready;
	bool is_readable =
	    (watch->events & BECKET_STREAM_READABLE) &&
	    client_stream_advance(stream) != BECKET_S_ASYNC_CALL_PENDING;

	client_stream_lock(stream);
	ready = ready_events(watch, is_readable);
	pthread_mutex_unlock(&stream->call.hub->lock);
	return ready;
}

static void
pause_for(const struct watch *watch, uint64_t until)
{
	struct client_stream *stream = watch->stream;
	struct hub *hub = client_stream_lock(stream);

	client_stream_flush(stream);
	hub_settle(hub);
	stream->wants_room |= watch->events & BECKET_STREAM_WRITABLE;
	if (hub->driver == NULL)
		hub_poll(hub);
	hub_await(hub, &stream->call, is_worth_a_look, watch, until);
	pthread_mutex_unlock(&hub->lock);
}

static becket_status
wait_for(struct becket_stream *base, unsigned events, uint32_t milliseconds,
    unsigned *ret_events)
{
	const struct watch watch = { client_stream_of(base), events };
	uint64_t until = milliseconds == BECKET_FOREVER
	                     ? 0
	                     : clock_now() + clock_from_ms(milliseconds);
	becket_status status = client_stream_check(watch.stream);
	bool is_late = false;
	unsigned ready;

	if (status != BECKET_S_OK)
		return status;
	while ((ready = look(&watch)) == 0 && !is_late) {
		is_late = until != 0 && clock_now() >= until;
		pause_for(&watch, until);
	}
	if (ready == 0)
		return BECKET_S_ASYNC_CALL_PENDING;
	*ret_events = ready;
	return BECKET_S_OK;
}

/* --------------------------------------------------------------- ending -- */

static becket_status
cancel(struct becket_stream *base)
{
	struct client_stream *stream = client_stream_of(base);
	struct becket_async_call *call = &stream->call;
	becket_status status = client_stream_check(stream);
	struct hub *hub;

	if (status != BECKET_S_OK)
		return status;
	hub = client_stream_lock(stream);
	call->is_cancelled = true;
	if (!call->is_over && !call->invoke.is_begun)
		async_call_end_at_once(call);
	else if (!call->is_over)
		line_cancel(call->line, call);
	client_stream_unlock(hub);
	return BECKET_S_OK;
}

/* Of a response that is no stream the first message is kept; more of them are
 * an error. Of others all are thrown away.
 */
static void
dispose_of_next(struct client_stream *stream)
{
	bool is_response = (stream_operation(&stream->stream)->flags &
	                       BECKET_OPERATION_RESPONSE_STREAM) == 0;

	stream->has_next = false;
	if (is_response && stream->responses++ == 0)
		stream->response = buffer_take(&stream->next);
	else
		buffer_fini(&stream->next);
}

static becket_status
await_end(struct client_stream *stream)
{
	becket_status status;

	while ((status = await_next(stream)) == BECKET_S_OK)
		dispose_of_next(stream);
	return status;
}

static becket_status
decode_response(struct client_stream *stream, void **handles,
    void **ret_response)
{
	void *response;
	becket_status status = decode(stream, &stream->response, &response);

	if (status == BECKET_S_OK)
		status =
		    async_call_take_contexts(&stream->call, handles, response);
	if (status == BECKET_S_OK)
		*ret_response = response;
	return status;
}

static becket_status
take_response(struct client_stream *stream, void **handles, void **ret_response)
{
	const struct call_failure failure = async_call_failure(&stream->call);
	becket_status status;

	if (stream->responses != 1)
		return client_call_fail(&failure, BECKET_S_PROTOCOL_ERROR,
		    BECKET_EXECUTED,
		    stream->responses == 0
		        ? "the server ended the call without a response"
		        : "the server sent more than one response");
	status = decode_response(stream, handles, ret_response);
	return status == BECKET_S_OK
	           ? BECKET_S_OK
	           : client_call_fail_decode(&failure, status);
}

static becket_status
result(struct client_stream *stream, void **handles, void **ret_response)
{
	unsigned flags = stream_operation(&stream->stream)->flags;

	if (flags & BECKET_OPERATION_RESPONSE_STREAM)
		return BECKET_S_OK;
	return take_response(stream, handles, ret_response);
}

/* The list it may be in is that of all calls. */
static void
forget_callback(struct client_stream *stream)
{
	struct hub *hub = client_stream_lock(stream);

	list_remove(&stream->call.due);
	pthread_mutex_unlock(&hub->lock);
}

static becket_status
finish(struct becket_stream *base, void **handles, void **ret_response,
    bool *ret_is_over)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = half_close(base);

	if (status != BECKET_S_OK)
		return status;
	status = await_end(stream);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return status;
	client_stream_show_all(stream);
	status = has_ended_well(stream, status)
	             ? result(stream, handles, ret_response)
	             : say_end(stream, status);
	forget_callback(stream);
	client_stream_free(stream);
	*ret_is_over = true;
	return status;
}

static void
abort_stream(struct becket_stream *base)
{
	struct client_stream *stream = client_stream_of(base);
	struct becket_async_call *call = &stream->call;
	struct hub *hub;

	if (runtime_is_stale(call->hub->runtime))
		return;
	hub = client_stream_lock(stream);
	call->has_callback = false;
	if (!call->is_over)
		async_call_end_at_once(call);
	list_remove(&call->due);
	client_stream_unlock(hub);
	client_stream_free(stream);
}

const struct becket_stream_ops client_stream_ops = {
	.send = send_message,
	.receive = receive,
	.set_nonblocking = client_stream_set_nonblocking,
	.set_callback = client_stream_set_callback,
	.wait = wait_for,
	.set_compression = client_stream_set_compression,
	.set_gathering = client_stream_set_gathering,
	.flush = client_stream_flush_now,
	.half_close = half_close,
	.cancel = cancel,
	.finish = finish,
	.abort = abort_stream,
};
