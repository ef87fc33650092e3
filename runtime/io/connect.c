/* SPDX-License-Identifier: MIT */
#include "io/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "io/address.h"
#include "io/clock.h"

/* One more reason behind those there are, as far as there is room. */
static void
add_why(char why[CONNECT_WHY_SIZE], const char *address, const char *reason)
{
	size_t at = strlen(why);

	snprintf(why + at, CONNECT_WHY_SIZE - at, "%s%s: %s",
	    at > 0 ? "; " : "", address, reason);
}

static void
add_errno(char why[CONNECT_WHY_SIZE], const char *address, int error)
{
	char text[128];

	add_why(why, address, strerror_r(error, text, sizeof text));
}

static becket_status
status_of_errno(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return BECKET_S_OUT_OF_RESOURCES;
	default:
		return BECKET_S_SERVER_UNAVAILABLE;
	}
}

/* Wait for a connect that is under way. Returns an errno, 0 when connected. */
static int
await_connect(int fd, uint64_t until)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;
	int ready;

	do
		ready =
		    poll(&poll_fd, 1, clock_poll_timeout(clock_now(), until));
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return errno;
	if (ready == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return errno;
	return error;
}

static int
make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return errno;
	return 0;
}

/* Returns an errno, 0 when *ret_fd is connected. */
static int
connect_tcp(const struct addrinfo *address, uint64_t until, int *ret_fd)
{
	int fd = socket(address->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
	int error = 0;

	if (fd < 0)
		return errno;
	/* A connection without it works too, so failure is of no interest. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	    sizeof(int));
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
		error = errno;
	if (error == EINPROGRESS || error == EINTR)
		error = await_connect(fd, until);
	if (error == 0)
		error = make_blocking(fd);
	if (error != 0) {
		close(fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

static uint64_t
share_of(uint64_t deadline, size_t addresses)
{
	uint64_t now = clock_now();

	return deadline <= now ? now : now + (deadline - now) / addresses;
}

static size_t
count_addresses(const struct addrinfo *list)
{
	size_t count = 0;

	for (; list != NULL; list = list->ai_next)
		count++;
	return count;
}

static becket_status
try_addresses(const struct addrinfo *list, uint64_t deadline, int *ret_fd,
    char why[CONNECT_WHY_SIZE])
{
	becket_status status = BECKET_S_SERVER_UNAVAILABLE;
	size_t left = count_addresses(list);

	for (; list != NULL; list = list->ai_next, left--) {
		char text[ADDRESS_TEXT_SIZE];
		int error = connect_tcp(list, share_of(deadline, left), ret_fd);

		if (error == 0)
			return BECKET_S_OK;
		address_to_text(list->ai_addr, list->ai_addrlen, text);
		add_errno(why, text, error);
		status = status_of_errno(error);
	}
	return status;
}

/* A numeric address is never looked up. Returns what getaddrinfo() does. */
static int
resolve(const char *host, const char *port, struct addrinfo **ret_list)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST,
	};
	int error =
	    getaddrinfo(*host == '\0' ? NULL : host, port, &hints, ret_list);

	if (error != EAI_NONAME || strchr(host, ':') != NULL)
		return error;
	hints.ai_flags = AI_NUMERICSERV;
	return getaddrinfo(host, port, &hints, ret_list);
}

static becket_status
connect_host(const struct connect_target *target, uint64_t deadline,
    int *ret_fd, char why[CONNECT_WHY_SIZE])
{
	struct addrinfo *list;
	becket_status status;
	int error = resolve(target->host, target->endpoint, &list);

	if (error != 0) {
		int system = errno;

		if (error == EAI_SYSTEM)
			add_errno(why, target->host, system);
		else
			add_why(why, target->host, gai_strerror(error));
		return error == EAI_MEMORY ? BECKET_S_OUT_OF_MEMORY
		                           : BECKET_S_SERVER_UNAVAILABLE;
	}
	status = try_addresses(list, deadline, ret_fd, why);
	freeaddrinfo(list);
	return status;
}

/* A Unix socket whose backlog is full has nothing to poll for, but its
 * blocking connect() heeds the send timeout.
 */
static int
connect_within(int fd, const struct sockaddr_un *address, uint64_t deadline)
{
	for (;;) {
		uint64_t now = clock_now();
		uint64_t left =
		    deadline <= now ? 1 : (deadline - now) / 1000 + 1;
		struct timeval timeout = {
			.tv_sec = (time_t)(left / 1000000),
			.tv_usec = (suseconds_t)(left % 1000000),
		};

		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		        sizeof timeout) != 0)
			return errno;
		if (connect(fd, (const struct sockaddr *)address,
		        sizeof *address) == 0)
			break;
		if (errno != EINTR)
			return errno == EAGAIN ? ETIMEDOUT : errno;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ 0 },
	        sizeof(struct timeval)) != 0)
		return errno;
	return 0;
}

static becket_status
connect_local(const struct becket_runtime *runtime,
    const struct connect_target *target, uint64_t deadline, int *ret_fd,
    char why[CONNECT_WHY_SIZE])
{
	struct sockaddr_un address;
	becket_status status =
	    address_local(runtime, target->endpoint, &address);
	int error, fd;

	if (status != BECKET_S_OK) {
		add_why(why, runtime->ncalrpc_dir, "path is too long");
		return status;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	error = fd < 0 ? errno : connect_within(fd, &address, deadline);
	if (error == 0) {
		*ret_fd = fd;
		return BECKET_S_OK;
	}
	if (fd >= 0)
		close(fd);
	add_errno(why, address.sun_path, error);
	return status_of_errno(error);
}

becket_status
connect_to(const struct becket_runtime *runtime,
    const struct connect_target *target, uint64_t deadline, int *ret_fd,
    char ret_why[CONNECT_WHY_SIZE])
{
	ret_why[0] = '\0';
	if (target->protseq->is_local)
		return connect_local(runtime, target, deadline, ret_fd,
		    ret_why);
	return connect_host(target, deadline, ret_fd, ret_why);
}
