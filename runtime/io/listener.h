/* SPDX-License-Identifier: MIT */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "io/loop.h"
#include "io/protseq.h"
#include "io/runtime.h"

/*
 * A socket that listens: one address of one protocol sequence, PROTOCOL.md
 * section 8. It is bound and listens as soon as it is made, so that the
 * endpoint is known and clients wait in the backlog until the server begins
 * to accept.
 *
 * An ncalrpc endpoint NAME is the socket DIR/NAME. Who listens there holds a
 * lock on DIR/.NAME.lock; that tells a socket in use from one that a crashed
 * server has left behind, which is replaced. Who may connect is decided by the
 * directory and the process's umask.
 */
struct listener {
	struct watch watch;
	struct list node;            /* of whoever owns it */
	struct becket_server *owner; /* which sets this */
	const struct becket_runtime *runtime;
	const struct protseq *protseq;
	char *asked;    /* the address as it was asked for; "": everywhere */
	char *host;     /* numeric; "": everywhere, or local */
	char *endpoint; /* a port, or a name */
	bool is_dynamic;
	/* ncalrpc */
	int lock; /* descriptor, or -1 */
	struct sockaddr_un socket;
	struct sockaddr_un lock_file;
	struct stat made; /* to remove what we made and nothing else */
};

/* Listen; append all that are made to listeners (an address that is a name may
 * stand for several). endpoint NULL: the system chooses. address NULL or "":
 * everywhere. What fails is logged with its reason. S_INVALID_NET_ADDR,
 * S_INVALID_ENDPOINT_FORMAT, S_DUPLICATE_ENDPOINT, S_CANT_CREATE_ENDPOINT,
 * S_STRING_TOO_LONG, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
listener_open(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *address, const char *endpoint,
    struct list *listeners);

/* Adopt a socket that somebody has bound, and that listens; it is made
 * non-blocking and closed on exec. protseq NULL: as its family says. A socket
 * file is not ours to remove. S_INVALID_ARG: it is no such socket, and the
 * descriptor stays the caller's, as with every failure.
 */
BECKET_MUST_USE becket_status
listener_adopt(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners);

/* Close it; a socket file is removed, but not by a forked child. Again:
 * nothing happens.
 */
void listener_close(struct listener *listener);
/* Close it, and free the rest. */
void listener_free(struct listener *listener);

enum accepted {
	ACCEPTED,
	ACCEPT_NOTHING, /* nobody waits any more */
	ACCEPT_SHORT,   /* out of descriptors or memory: not now */
};

/* Take one connection; it is non-blocking and closed on exec. */
enum accepted listener_accept(struct listener *listener, int *ret_fd,
    struct sockaddr_storage *ret_address, socklen_t *ret_size);

/* For listener_tcp.c and listener_local.c: takes fd over. NULL: no memory. */
struct listener *listener_new(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *asked, const char *host,
    const char *endpoint, int fd);
becket_status listener_open_tcp(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *address, const char *endpoint,
    struct list *listeners);
becket_status listener_open_local(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *endpoint,
    struct list *listeners);
becket_status listener_adopt_tcp(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners);
becket_status listener_adopt_local(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners);
/* Says why, from errno, in the log and the error record; the status for it. */
becket_status listener_complain(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *endpoint);

#endif
