/* SPDX-License-Identifier: MIT */
#include "io/client_stream.h"

#include "io/hub.h"
#include "io/line.h"
#include "stub/metadata.h"

/* With the lock held. The session is told late, but early enough for the server
 * not to wait.
 */
static void
pay(struct client_stream *stream)
{
	if (stream->owed > 0 && stream->call.line != NULL)
		line_consumed(stream->call.line, &stream->call, stream->owed);
	stream->owed = 0;
	hub_settle(stream->call.hub);
}

static void
pay_in_time(struct client_stream *stream)
{
	struct hub *hub = stream->call.hub;

	if (stream->owed < stream->call.invoke.limits->stream_window / 4)
		return;
	pthread_mutex_lock(&hub->lock);
	pay(stream);
	pthread_mutex_unlock(&hub->lock);
}

/* The line's side is given the array that is empty by now. With the lock held.
 */
static void
swap(struct client_stream *stream)
{
	struct inbox empty = stream->taken;

	empty.count = 0;
	stream->taken = stream->inbox;
	stream->taken_at = 0;
	stream->inbox = empty;
}

static becket_status
refill(struct client_stream *stream)
{
	struct hub *hub = stream->call.hub;
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&hub->lock);
	pay(stream);
	if (stream->inbox.count == 0 && stream->call.line != NULL) {
		line_read(stream->call.line);
		hub_settle(hub);
	}
	if (stream->inbox.count > 0)
		swap(stream);
	else if (stream->has_lost_input)
		status = BECKET_S_OUT_OF_MEMORY;
	else
		status = stream->call.is_over ? BECKET_X_PIPE_EMPTY
		                              : BECKET_S_ASYNC_CALL_PENDING;
	pthread_mutex_unlock(&hub->lock);
	return status;
}

/* The call is over, and all that has come is in. If it ended well, so has what
 * came, or it did not.
 */
static becket_status
end_input(struct client_stream *stream)
{
	if (async_call_status(&stream->call) != BECKET_S_OK)
		return BECKET_X_PIPE_EMPTY;
	/* It is said again by what is taken out. */
	(void)!stream_in_end(&stream->in);
	return BECKET_S_OK;
}

/* One step towards the next message. */
static becket_status
feed(struct client_stream *stream)
{
	becket_status status = BECKET_S_OK;

	if (stream->taken_at == stream->taken.count)
		status = refill(stream);
	if (status == BECKET_X_PIPE_EMPTY)
		return end_input(stream);
	if (status == BECKET_S_OK)
		(void)!stream_in_feed(&stream->in,
		    &stream->taken.pieces[stream->taken_at++]);
	return status;
}

static becket_status
take_next(struct client_stream *stream)
{
	size_t consumed;
	becket_status status =
	    stream_in_next(&stream->in, &stream->next, &consumed);

	stream->owed += consumed;
	stream->has_next = status == BECKET_S_OK;
	return status;
}

becket_status
client_stream_advance(struct client_stream *stream)
{
	becket_status status = stream->broken;

	if (stream->has_next || status != BECKET_S_OK)
		return status;
	do {
		status = take_next(stream);
		if (status == BECKET_S_ASYNC_CALL_PENDING)
			status = feed(stream);
		else
			break;
	} while (status == BECKET_S_OK);
	if (status == BECKET_S_OK)
		pay_in_time(stream);
	else if (status != BECKET_S_ASYNC_CALL_PENDING &&
	         status != BECKET_X_PIPE_EMPTY)
		client_stream_break_off(stream, status);
	return status;
}

void
client_stream_break_off(struct client_stream *stream, becket_status status)
{
	struct hub *hub = stream->call.hub;

	stream->broken = status;
	pthread_mutex_lock(&hub->lock);
	if (!stream->call.is_over)
		async_call_end_at_once(&stream->call);
	hub_settle(hub);
	pthread_mutex_unlock(&hub->lock);
}

const char *
client_stream_why_broken(becket_status status)
{
	switch (status) {
	case BECKET_S_OUT_OF_MEMORY:
		return "there is no memory for a message of the server's";
	case BECKET_S_LIMIT_EXCEEDED:
		return "a message of the server's is larger than the limit";
	case BECKET_S_PROTOCOL_ERROR:
		return "the server broke the form of a stream";
	default:
		return "a message of the server's could not be decoded";
	}
}

/* ------------------------------------------------------------- metadata -- */

void
client_stream_show_initial(struct client_stream *stream)
{
	const struct invoke *invoke = &stream->call.invoke;

	if (stream->has_shown || invoke->metadata == NULL)
		return;
	stream->has_shown = true;
	metadata_replace(invoke->metadata, BECKET_METADATA_INITIAL,
	    buffer_bytes(
	        stream->is_plain ? &invoke->head : &stream->in.metadata));
}

void
client_stream_show_all(struct client_stream *stream)
{
	const struct invoke *invoke = &stream->call.invoke;

	if (invoke->metadata == NULL || stream->call.early != BECKET_S_OK)
		return;
	invoke_show_stream_metadata(invoke, buffer_bytes(&stream->in.metadata),
	    buffer_bytes(&stream->in.trailer));
}
