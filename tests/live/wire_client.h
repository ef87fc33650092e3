/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_WIRE_CLIENT_H
#define TESTS_LIVE_WIRE_CLIENT_H

#include <stdbool.h>

#include "becket_stub.h"
#include "engine/door.h"
#include "engine/session.h"
#include "stub/stream_frame.h"

/*
 * A client of streams that is a session and a socket and nothing more, so that
 * a test can have it do as no client of ours would: stop reading, half-close,
 * vanish. Messages are bytes. It waits for a while, then the test has failed.
 */
struct wire_client {
	int fd;
	struct session *session;
	const struct becket_interface *interface;
	bool is_over, is_closed;
	struct idmap_id call;
	struct stream_in in;
	struct session_end end; /* once it is over */
	bool is_lazy;           /* what comes is not said to be consumed */
	size_t lazy;            /* so much of it */
	size_t unsent;          /* put, and not sent */
};

/* What their sessions take memory from. */
extern const struct becket_memory wire_memory;

/* Over DCE/RPC; or with one of a door's, which is the client's then. Takes the
 * socket.
 */
void wire_open(struct wire_client *client, int fd,
    const struct becket_interface *interface, struct session *session);
void wire_close(struct wire_client *client);
/* So that the server is sent a reset. */
void wire_reset(struct wire_client *client);

/* Begin a call with streams; deadline_ms: the server is told, and nobody else.
 */
void wire_begin(struct wire_client *client, uint16_t opnum,
    uint32_t deadline_ms);
void wire_send(struct wire_client *client, const void *data, size_t size);
void wire_say(struct wire_client *client, const char *text);
/* It would not fit any more. */
bool wire_is_full(struct wire_client *client);
void wire_half_close(struct wire_client *client);
void wire_cancel(struct wire_client *client);

/* Wait for the next message: S_OK, it is *ret_message; X_PIPE_EMPTY: the call
 * has ended well; or how else it ended.
 */
becket_status wire_receive(struct wire_client *client,
    struct buffer *ret_message);
void wire_expect(struct wire_client *client, const char *text);
/* There is no other message. */
void wire_expect_end(struct wire_client *client, becket_status status);
/* Do what there is to do, without waiting. */
void wire_look(struct wire_client *client);

#endif
