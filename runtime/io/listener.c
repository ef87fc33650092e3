/* SPDX-License-Identifier: MIT */
#include "io/listener.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/allocate.h"

struct listener *
listener_new(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *asked, const char *host,
    const char *endpoint, int fd)
{
	struct listener *listener =
	    memory_new(&runtime->memory, sizeof *listener);

	if (listener == NULL) {
		close(fd);
		return NULL;
	}
	*listener = (struct listener){
		.watch = { .fd = fd },
		.runtime = runtime,
		.protseq = protseq,
		.asked = runtime_copy_text(runtime, asked),
		.host = runtime_copy_text(runtime, host),
		.endpoint = runtime_copy_text(runtime, endpoint),
		.lock = -1,
	};
	list_init(&listener->node);
	if (listener->asked != NULL && listener->host != NULL &&
	    listener->endpoint != NULL)
		return listener;
	listener_free(listener);
	return NULL;
}

/* Somebody may have put something else there. */
static void
remove_socket(const struct listener *listener)
{
	struct stat now;

	if (stat(listener->socket.sun_path, &now) == 0 &&
	    now.st_dev == listener->made.st_dev &&
	    now.st_ino == listener->made.st_ino)
		unlink(listener->socket.sun_path);
}

void
listener_free(struct listener *listener)
{
	const struct becket_runtime *runtime;

	if (listener == NULL)
		return;
	runtime = listener->runtime;
	list_remove(&listener->node);
	if (listener->lock >= 0 && !runtime_is_stale(runtime)) {
		remove_socket(listener);
		unlink(listener->lock_file.sun_path);
	}
	close(listener->watch.fd);
	if (listener->lock >= 0)
		close(listener->lock);
	runtime_free_text(runtime, listener->asked);
	runtime_free_text(runtime, listener->host);
	runtime_free_text(runtime, listener->endpoint);
	memory_free(&runtime->memory, listener, sizeof *listener);
}

becket_status
listener_complain(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *endpoint)
{
	int reason = errno;

	runtime_log(runtime, BECKET_LOG_ERROR, "cannot listen at %s:%s[%s]: %s",
	    protseq->name, host, endpoint, strerror(reason));
	switch (reason) {
	case EADDRINUSE:
		return BECKET_S_DUPLICATE_ENDPOINT;
	case EADDRNOTAVAIL:
		return BECKET_S_INVALID_NET_ADDR;
	case ENOMEM:
		return BECKET_S_OUT_OF_MEMORY;
	default:
		return BECKET_S_CANT_CREATE_ENDPOINT;
	}
}

static void
move_all(struct list *from, struct list *to)
{
	list_for_each (node, from) {
		list_remove(node);
		list_append(to, node);
	}
}

becket_status
listener_open(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *address, const char *endpoint,
    struct list *listeners)
{
	becket_status status;
	struct list opened;

	if (address == NULL)
		address = "";
	status = protseq->check_address(address);
	if (status == BECKET_S_OK && endpoint != NULL)
		status = protseq->check_endpoint(endpoint);
	if (status != BECKET_S_OK)
		return status;
	list_init(&opened);
	status = protseq->is_local
	             ? listener_open_local(runtime, protseq, endpoint, &opened)
	             : listener_open_tcp(runtime, protseq, address, endpoint,
	                   &opened);
	if (status == BECKET_S_OK)
		move_all(&opened, listeners);
	list_for_each (node, &opened)
		listener_free(container_of(node, struct listener, node));
	return status;
}

/* What Linux reports of the connection that was waiting is not the listener's
 * trouble: accept(2) says to try again.
 */
enum accepted
listener_accept(struct listener *listener, int *ret_fd,
    struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
	for (;;) {
		socklen_t size = sizeof *ret_address;
		int fd =
		    accept4(listener->watch.fd, (struct sockaddr *)ret_address,
		        &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			*ret_fd = fd;
			*ret_size = size;
			return ACCEPTED;
		}
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			return ACCEPT_SHORT;
		case EINTR:
		case ECONNABORTED:
		case EPROTO:
		case EPERM:
		case ENETDOWN:
		case ENETUNREACH:
		case EHOSTDOWN:
		case EHOSTUNREACH:
		case ENOPROTOOPT:
		case ENONET:
		case EOPNOTSUPP:
			continue;
		default:
			return ACCEPT_NOTHING;
		}
	}
}
