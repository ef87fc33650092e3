/* SPDX-License-Identifier: MIT */
#include "io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/allocate.h"
#include "io/error.h"

struct listener *
listener_new(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *asked, const char *host,
    const char *endpoint, int fd)
{
	struct listener *listener =
	    memory_new(&runtime->memory, sizeof *listener);

	if (listener == NULL)
		return NULL;
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
	listener->watch.fd = -1; /* the caller's again */
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
listener_close(struct listener *listener)
{
	if (listener->lock >= 0 && !runtime_is_stale(listener->runtime)) {
		remove_socket(listener);
		unlink(listener->lock_file.sun_path);
	}
	if (listener->watch.fd >= 0)
		close(listener->watch.fd);
	if (listener->lock >= 0)
		close(listener->lock);
	listener->watch.fd = -1;
	listener->lock = -1;
}

void
listener_free(struct listener *listener)
{
	const struct becket_runtime *runtime;

	if (listener == NULL)
		return;
	runtime = listener->runtime;
	list_remove(&listener->node);
	listener_close(listener);
	runtime_free_text(runtime, listener->asked);
	runtime_free_text(runtime, listener->host);
	runtime_free_text(runtime, listener->endpoint);
	memory_free(&runtime->memory, listener, sizeof *listener);
}

static becket_status
status_of(int reason)
{
	switch (reason) {
	case EADDRINUSE:
		return BECKET_S_DUPLICATE_ENDPOINT;
	case EADDRNOTAVAIL:
		return BECKET_S_INVALID_NET_ADDR;
	case ENOMEM:
		return BECKET_S_OUT_OF_MEMORY;
	case ENAMETOOLONG:
		return BECKET_S_STRING_TOO_LONG;
	default:
		return BECKET_S_CANT_CREATE_ENDPOINT;
	}
}

static becket_status
say(const struct protseq *protseq, const char *host, const char *endpoint,
    becket_status status, const char *why)
{
	return error_set(status, "cannot listen at %s:%s[%s]: %s",
	    protseq->name, host, endpoint, why);
}

/* A socket without a path is where the user may not have looked. */
static becket_status
say_local(const struct becket_runtime *runtime, const struct protseq *protseq,
    const char *endpoint, becket_status status, const char *why)
{
	return error_set(status, "cannot listen at %s:[%s] in %s: %s",
	    protseq->name, endpoint, runtime->ncalrpc_dir, why);
}

static const char *
text_of(becket_status status)
{
	return status == BECKET_S_INVALID_ENDPOINT_FORMAT
	           ? "endpoint is malformed; without one the system chooses it"
	           : error_place_text(status);
}

becket_status
listener_complain(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *endpoint)
{
	const char *why = strerror(errno);
	becket_status status = status_of(errno);

	if (protseq->is_local && *endpoint != '/')
		say_local(runtime, protseq, endpoint, status, why);
	else
		say(protseq, host, endpoint, status, why);
	runtime_log(runtime, BECKET_LOG_ERROR, "%s",
	    becket_error_last()->sentence);
	return status;
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
		return say(protseq, address, endpoint == NULL ? "" : endpoint,
		    status, text_of(status));
	list_init(&opened);
	status = protseq->is_local
	             ? listener_open_local(runtime, protseq, endpoint, &opened)
	             : listener_open_tcp(runtime, protseq, address, endpoint,
	                   &opened);
	if (status == BECKET_S_OK)
		move_all(&opened, listeners);
	list_for_each (node, &opened)
		listener_free(container_of(node, struct listener, node));
	return status == BECKET_S_OUT_OF_MEMORY ? error_say(status) : status;
}

static bool
is_stream(int fd, int protocol)
{
	int type = 0, actual = 0, listens = 0;
	socklen_t size = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &actual, &size) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) ==
	           0 &&
	       type == SOCK_STREAM && actual == protocol && listens != 0;
}

/* The protocol sequence of a socket that listens; NULL: none of ours. */
static const struct protseq *
protseq_of(const struct becket_runtime *runtime, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	const struct protseq *found;
	const char *name = NULL;

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return NULL;
	if (address.ss_family == AF_UNIX && is_stream(fd, 0))
		name = "ncalrpc";
	if ((address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
	    is_stream(fd, IPPROTO_TCP))
		name = "ncacn_ip_tcp";
	return name != NULL &&
	               protseq_find(runtime, name, &found) == BECKET_S_OK
	           ? found
	           : NULL;
}

becket_status
listener_adopt(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners)
{
	const struct protseq *actual = protseq_of(runtime, fd);

	if (actual == NULL || (protseq != NULL && protseq != actual) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return BECKET_S_INVALID_ARG;
	return actual->is_local
	           ? listener_adopt_local(runtime, actual, fd, listeners)
	           : listener_adopt_tcp(runtime, actual, fd, listeners);
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
