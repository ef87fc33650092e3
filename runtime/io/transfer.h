/* SPDX-License-Identifier: MIT */
#ifndef IO_TRANSFER_H
#define IO_TRANSFER_H

#include "engine/session.h"

/*
 * Moving bytes between a session and its descriptor: one system call for each
 * function, straight from and into the session's own buffers. What the session
 * is to be told of an end (eof, lost) is left to who calls.
 */
enum transfer {
	TRANSFER_MOVED,   /* bytes have moved; there may be more */
	TRANSFER_NOTHING, /* the session wants none now: no system call */
	TRANSFER_AGAIN,   /* not now: would block, timed out, interrupted */
	TRANSFER_EOF,     /* receiving: the peer has half-closed */
	TRANSFER_LOST,    /* the connection broke; errno says how */
};

/* flags: MSG_DONTWAIT or 0. There is no SIGPIPE. */
enum transfer transfer_receive(struct session *session, int fd, int flags);
enum transfer transfer_send(struct session *session, int fd, int flags);

#endif
