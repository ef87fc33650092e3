/* SPDX-License-Identifier: MIT */
#include "io/client_stream_private.h"

/* What becket.h lets a user set, and have sent. */

becket_status
client_stream_set_nonblocking(struct becket_stream *base, bool nonblocking)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = client_stream_check(stream);

	if (status != BECKET_S_OK)
		return status;
	client_stream_lock(stream);
	stream->is_nonblocking = nonblocking;
	pthread_mutex_unlock(&stream->call.hub->lock);
	return BECKET_S_OK;
}

/* What may be done already is for the first callback. */
becket_status
client_stream_set_callback(struct becket_stream *base,
    void (*ready)(void *user, struct becket_stream *stream), void *user)
{
	struct client_stream *stream = client_stream_of(base);
	becket_status status = client_stream_check(stream);
	struct hub *hub;

	if (status != BECKET_S_OK)
		return status;
	hub = client_stream_lock(stream);
	stream->ready = ready;
	stream->user = user;
	stream->call.has_callback = ready != NULL;
	list_remove(&stream->call.due);
	if (ready != NULL)
		hub_tell(hub, &stream->call);
	pthread_mutex_unlock(&hub->lock);
	return BECKET_S_OK;
}

void
client_stream_set_compression(struct becket_stream *base, bool compression)
{
	struct client_stream *stream = client_stream_of(base);
	struct hub *hub;

	if (runtime_is_stale(stream->call.hub->runtime))
		return;
	hub = client_stream_lock(stream);
	stream->packs = compression;
	pthread_mutex_unlock(&hub->lock);
}

void
client_stream_set_gathering(struct becket_stream *base, bool gathering)
{
	struct client_stream *stream = client_stream_of(base);
	struct hub *hub;

	if (runtime_is_stale(stream->call.hub->runtime))
		return;
	hub = client_stream_lock(stream);
	stream->gathers = gathering;
	if (!gathering)
		client_stream_flush(stream);
	client_stream_unlock(hub);
}

void
client_stream_flush_now(struct becket_stream *base)
{
	struct client_stream *stream = client_stream_of(base);
	struct hub *hub;

	if (runtime_is_stale(stream->call.hub->runtime))
		return;
	hub = client_stream_lock(stream);
	client_stream_flush(stream);
	client_stream_unlock(hub);
}
