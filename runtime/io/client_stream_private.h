/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_STREAM_PRIVATE_H
#define IO_CLIENT_STREAM_PRIVATE_H

#include "io/client_stream.h"
#include "io/hub.h"

/* What a user's side of a stream is made of: client_stream_user.c, which has
 * the table of it, and client_stream_set.c.
 */
static inline struct client_stream *
client_stream_of(struct becket_stream *stream)
{
	return container_of(stream, struct client_stream, stream);
}

static inline struct hub *
client_stream_lock(const struct client_stream *stream)
{
	struct hub *hub = stream->call.hub;

	pthread_mutex_lock(&hub->lock);
	return hub;
}

/* What has been done with lines is settled first. */
static inline void
client_stream_unlock(struct hub *hub)
{
	hub_settle(hub);
	pthread_mutex_unlock(&hub->lock);
}

/* S_STALE_AFTER_FORK, with its error record. */
becket_status client_stream_check(const struct client_stream *stream);

/* client_stream_set.c */
becket_status client_stream_set_nonblocking(struct becket_stream *base,
    bool nonblocking);
becket_status client_stream_set_callback(struct becket_stream *base,
    void (*ready)(void *user, struct becket_stream *stream), void *user);
void client_stream_set_compression(struct becket_stream *base,
    bool compression);
void client_stream_set_gathering(struct becket_stream *base, bool gathering);
void client_stream_flush_now(struct becket_stream *base);

#endif
