/* SPDX-License-Identifier: MIT */
#include "io/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/keepalive.h"

enum {
	HOST_SIZE = 64,
	PORT_SIZE = 8,
};

/* Accepted connections inherit these: that spares two system calls for each.
 */
static void
set_options(int fd, bool is_v6, bool only_v6)
{
	const int on = 1, only = only_v6;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (is_v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
}

/* A descriptor that listens, or -1 and errno. */
static int
open_socket(const struct addrinfo *info, bool only_v6)
{
	int fd = socket(info->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int reason;

	if (fd < 0)
		return -1;
	set_options(fd, info->ai_family == AF_INET6, only_v6);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

static void
name_socket(int fd, char host[HOST_SIZE], char port[PORT_SIZE])
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
	    getnameinfo((struct sockaddr *)&address, size, host, HOST_SIZE,
	        port, PORT_SIZE, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(host, HOST_SIZE, "unknown");
		snprintf(port, PORT_SIZE, "0");
	}
}

static becket_status
add(const struct becket_runtime *runtime, const struct protseq *protseq,
    const char *asked, bool is_dynamic, int fd, struct list *listeners)
{
	char host[HOST_SIZE], port[PORT_SIZE];
	struct listener *listener;

	keepalive_set(fd, &runtime->limits);
	name_socket(fd, host, port);
	listener = listener_new(runtime, protseq, asked,
	    *asked == '\0' ? "" : host, port, fd);
	if (listener == NULL) {
		close(fd);
		return BECKET_S_OUT_OF_MEMORY;
	}
	listener->is_dynamic = is_dynamic;
	list_append(listeners, &listener->node);
	return BECKET_S_OK;
}

static int
resolve(const char *host, const char *port, int family,
    struct addrinfo **ret_infos)
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};

	return getaddrinfo(host, port, &hints, ret_infos);
}

/* One socket that takes both families, or where the kernel has no IPv6, one
 * for IPv4.
 */
static becket_status
open_everywhere(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *endpoint, struct list *listeners)
{
	static const int families[] = { AF_INET6, AF_INET };
	const char *port = endpoint == NULL ? "0" : endpoint;
	int fd = -1;

	for (size_t i = 0; i < 2 && fd < 0; i++) {
		struct addrinfo *infos;

		if (resolve(NULL, port, families[i], &infos) != 0)
			continue;
		fd = open_socket(infos, false);
		freeaddrinfo(infos);
		if (fd < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			break;
	}
	if (fd < 0)
		return listener_complain(runtime, protseq, "", port);
	return add(runtime, protseq, "", endpoint == NULL, fd, listeners);
}

static void
set_port(struct addrinfo *info, const char *port)
{
	in_port_t number = htons((uint16_t)strtoul(port, NULL, 10));

	if (info->ai_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)info->ai_addr)->sin6_port =
		    number;
	else
		((struct sockaddr_in *)(void *)info->ai_addr)->sin_port =
		    number;
}

/* One port for all addresses of a name, if the system chooses; but if another
 * has it there, then another one.
 */
static int
open_alike(struct addrinfo *info, bool is_dynamic, const struct list *listeners)
{
	int fd;

	if (is_dynamic && !list_is_empty(listeners))
		set_port(info,
		    container_of(listeners->previous, struct listener, node)
		        ->endpoint);
	fd = open_socket(info, true);
	if (fd >= 0 || !is_dynamic || errno != EADDRINUSE)
		return fd;
	set_port(info, "0");
	return open_socket(info, true);
}

/* Addresses that this host does not have are passed over as long as one
 * remains: "localhost" may have two where there is no IPv6.
 */
static becket_status
open_each(const struct becket_runtime *runtime, const struct protseq *protseq,
    const char *address, const char *endpoint, struct addrinfo *infos,
    struct list *listeners)
{
	const char *port = endpoint == NULL ? "0" : endpoint;
	becket_status status;

	for (struct addrinfo *i = infos; i != NULL; i = i->ai_next) {
		int fd = open_alike(i, endpoint == NULL, listeners);

		if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
			continue;
		if (fd < 0)
			return listener_complain(runtime, protseq, address,
			    port);
		status = add(runtime, protseq, address, endpoint == NULL, fd,
		    listeners);
		if (status != BECKET_S_OK)
			return status;
	}
	if (!list_is_empty(listeners))
		return BECKET_S_OK;
	errno = EADDRNOTAVAIL;
	return listener_complain(runtime, protseq, address, port);
}

becket_status
listener_open_tcp(const struct becket_runtime *runtime,
    const struct protseq *protseq, const char *address, const char *endpoint,
    struct list *listeners)
{
	struct addrinfo *infos;
	becket_status status;

	if (*address == '\0')
		return open_everywhere(runtime, protseq, endpoint, listeners);
	if (resolve(address, endpoint == NULL ? "0" : endpoint, AF_UNSPEC,
	        &infos) != 0) {
		errno = EADDRNOTAVAIL;
		return listener_complain(runtime, protseq, address,
		    endpoint == NULL ? "0" : endpoint);
	}
	status =
	    open_each(runtime, protseq, address, endpoint, infos, listeners);
	freeaddrinfo(infos);
	return status;
}

static bool
is_everywhere(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

becket_status
listener_adopt_tcp(const struct becket_runtime *runtime,
    const struct protseq *protseq, int fd, struct list *listeners)
{
	char host[HOST_SIZE], port[PORT_SIZE];
	const char *place;
	struct listener *listener;
	const int on = 1;

	name_socket(fd, host, port);
	place = is_everywhere(host) ? "" : host;
	listener = listener_new(runtime, protseq, place, place, port, fd);
	if (listener == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	keepalive_set(fd, &runtime->limits);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	list_append(listeners, &listener->node);
	return BECKET_S_OK;
}
