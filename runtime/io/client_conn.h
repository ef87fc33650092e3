/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_CONN_H
#define IO_CLIENT_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "engine/session.h"
#include "io/connect.h"
#include "io/runtime.h"
#include "stub/invoke.h"

/*
 * A client's end of a connection: a socket that blocks, and its session. Who
 * leases it (io/lease.h) has it alone.
 *
 * A call costs two system calls: sendmsg(), and a recvmsg() that waits with
 * the socket's own receive timeout. That timeout may end early, never late;
 * what is left then, and all that is short, is waited for with poll().
 */
struct client_association;

struct client_conn {
	struct list node;    /* of who keeps it */
	struct list recency; /* in the pool while it is idle */
	struct client_association *owner;
	struct becket_runtime *runtime;
	struct session *session;
	int fd;
	int error;            /* errno of the loss, or 0 */
	uint32_t association; /* as the server named it; 0: not yet */
	uint64_t timeout;     /* receive timeout of the socket; 0: none */
	uint64_t idle_since;
	bool has_waited; /* in vain, during this call */
	bool is_eof;
	bool is_lost;
	bool is_dead; /* no use for another call */
	/* Nothing can be sent any more, but there may be something to read as
	 * soon as the session wants it.
	 */
	bool is_mute;
	bool is_full; /* pump: the session wants no input now */
	bool resets;  /* if it is closed with something unsent: break it */
};

/* Takes fd, also on failure. association: to join, or 0. */
BECKET_MUST_USE becket_status client_conn_new(struct becket_runtime *runtime,
    const struct connect_target *target, int fd, uint32_t association,
    struct client_conn **ret_conn);
/* Sends nothing and does not wait. NULL is fine. */
void client_conn_free(struct client_conn *conn);

/* A call is to begin. */
void client_conn_start(struct client_conn *conn);

/* Do one thing for the call that invoke has begun: take events, or send, or
 * wait and receive. Again until invoke->is_over, which comes at its deadline
 * at the latest.
 */
void client_conn_step(struct client_conn *conn, struct invoke *invoke);

/* For many calls at once, without waiting: take events, send what can be sent,
 * receive once if is_readable. Events go to sink, with their buffers. true:
 * there is more to send when the socket is writable.
 */
typedef void client_conn_sink(void *user, struct session_event *event);
/* One of these: user is a struct invoke. */
client_conn_sink client_conn_give_to_invoke;
bool client_conn_pump(struct client_conn *conn, bool is_readable,
    client_conn_sink *sink, void *user);

/* After the call: send what is left to say if that needs no waiting, or be
 * dead.
 */
void client_conn_settle(struct client_conn *conn);

/* May it be used again? Asks the kernel only when it has not been used for a
 * while, for a server that went away says so at its next use otherwise.
 */
bool client_conn_is_alive(struct client_conn *conn);

#endif
