/* SPDX-License-Identifier: MIT */
#include "io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/address.h"

enum {
	NAME_SIZE = 48,
	NAME_ATTEMPTS = 1000,
};

/* What is locked may have been removed between open and lock, by a server that
 * closed: then the lock is on nothing, and another may be had by somebody else.
 */
static int
take_lock(const char *path)
{
	struct stat locked, named;
	int fd;

	for (;;) {
		fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			close(fd);
			errno = EADDRINUSE;
			return -1;
		}
		if (fstat(fd, &locked) == 0 && stat(path, &named) == 0 &&
		    locked.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
}

/* A full backlog is a listener too. */
static bool
is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *)address,
	            sizeof *address) == 0 ||
	        errno == EAGAIN || errno == EACCES;
	close(fd);
	return alive;
}

/* Make room at the path: only a socket that nobody listens at is removed. */
static bool
clear_path(const struct sockaddr_un *address)
{
	struct stat there;

	if (lstat(address->sun_path, &there) != 0)
		return errno == ENOENT;
	if (!S_ISSOCK(there.st_mode)) {
		errno = EEXIST;
		return false;
	}
	if (is_alive(address)) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(address->sun_path) == 0;
}

static int
open_socket(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int reason;

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

/* Lock, clear, listen; -1 and errno. */
static int
open_locked(const struct sockaddr_un *socket,
    const struct sockaddr_un *lock_file, int *ret_lock)
{
	int lock = take_lock(lock_file->sun_path), fd = -1, reason;

	if (lock < 0)
		return -1;
	if (clear_path(socket))
		fd = open_socket(socket);
	reason = errno;
	if (fd < 0) {
		unlink(lock_file->sun_path);
		close(lock);
	}
	*ret_lock = lock;
	errno = reason;
	return fd;
}

/* The lock of an endpoint is a hidden file beside it. */
static becket_status
find_lock(const struct becket_runtime *runtime, const char *endpoint,
    struct sockaddr_un *ret_address)
{
	char name[sizeof ret_address->sun_path + 8];
	const char *slash = strrchr(endpoint, '/');
	size_t prefix = slash == NULL ? 0 : (size_t)(slash - endpoint) + 1;

	snprintf(name, sizeof name, "%.*s.%s.lock", (int)prefix, endpoint,
	    endpoint + prefix);
	return address_local(runtime, name, ret_address);
}

static becket_status
open_named(const struct becket_runtime *runtime, const struct protseq *protseq,
    const char *endpoint, struct list *listeners)
{
	struct sockaddr_un socket, lock_file;
	struct listener *listener;
	int fd, lock;

	if (address_local(runtime, endpoint, &socket) != BECKET_S_OK ||
	    find_lock(runtime, endpoint, &lock_file) != BECKET_S_OK) {
		errno = ENAMETOOLONG;
		return BECKET_S_STRING_TOO_LONG;
	}
	fd = open_locked(&socket, &lock_file, &lock);
	if (fd < 0)
		return errno == EADDRINUSE ? BECKET_S_DUPLICATE_ENDPOINT
		                           : BECKET_S_CANT_CREATE_ENDPOINT;
	listener = listener_new(runtime, protseq, "", "", endpoint, fd);
	if (listener == NULL) {
		unlink(socket.sun_path);
		unlink(lock_file.sun_path);
		close(fd);
		close(lock);
		errno = ENOMEM;
		return BECKET_S_OUT_OF_MEMORY;
	}
	listener->lock = lock;
	listener->socket = socket;
	listener->lock_file = lock_file;
	(void)!stat(socket.sun_path, &listener->made);
	list_append(listeners, &listener->node);
	return BECKET_S_OK;
}

/* Names are tried until one is free: processes in different PID name spaces
 * may share a directory.
 */
static becket_status
open_dynamic(const struct becket_runtime *runtime,
    const struct protseq *protseq, struct list *listeners)
{
	becket_status status = BECKET_S_DUPLICATE_ENDPOINT;
	char name[NAME_SIZE];

	for (int i = 1;
	     i <= NAME_ATTEMPTS && status == BECKET_S_DUPLICATE_ENDPOINT; i++) {
		snprintf(name, sizeof name, "becket-%ld-%d", (long)getpid(), i);
		status = open_named(runtime, protseq, name, listeners);
	}
	if (status == BECKET_S_OK)
		container_of(listeners->previous, struct listener, node)
		    ->is_dynamic = true;
	return status;
}

becket_status
listener_open_local(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *endpoint, struct list *listeners)
{
	becket_status status;
	bool is_path = endpoint != NULL && *endpoint == '/';

	if (!is_path && mkdir(runtime->ncalrpc_dir, 0755) != 0 &&
	    errno != EEXIST)
		return listener_complain(runtime, protseq, "",
		    endpoint == NULL ? "" : endpoint);
	if (endpoint == NULL)
		status = open_dynamic(runtime, protseq, listeners);
	else
		status = open_named(runtime, protseq, endpoint, listeners);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	return listener_complain(runtime, protseq, "",
	    endpoint == NULL ? "" : endpoint);
}

/* The endpoint of a socket: its name in the runtime's directory. Clients look
 * for it there and nowhere else. NULL: it is not there.
 */
static const char *
name_in_directory(const struct becket_runtime *runtime,
    struct sockaddr_un *address)
{
	char *slash = strrchr(address->sun_path, '/');
	struct stat there, ours;

	if (address->sun_path[0] != '/' || slash == address->sun_path)
		return NULL;
	*slash = '\0';
	if (stat(address->sun_path, &there) != 0 ||
	    stat(runtime->ncalrpc_dir, &ours) != 0 ||
	    there.st_dev != ours.st_dev || there.st_ino != ours.st_ino)
		return NULL;
	return slash + 1;
}

becket_status
listener_adopt_local(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners)
{
	union {
		struct sockaddr_un address;
		char bytes[sizeof(struct sockaddr_un) + 1];
	} socket = { .bytes = "" };
	socklen_t size = sizeof socket.address;
	struct listener *listener;
	const char *name;

	if (getsockname(fd, (struct sockaddr *)&socket.address, &size) != 0)
		return BECKET_S_INVALID_ARG;
	name = name_in_directory(runtime, &socket.address);
	if (name == NULL || protseq->check_endpoint(name) != BECKET_S_OK)
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	listener = listener_new(runtime, protseq, "", "", name, fd);
	if (listener == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	list_append(listeners, &listener->node);
	return BECKET_S_OK;
}
