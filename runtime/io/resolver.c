/* SPDX-License-Identifier: MIT */
#include "io/resolver.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READY = 16 };

static void
finish(struct resolver *resolver, becket_status status, const char *why)
{
	resolver->is_done = true;
	resolver->status = status;
	resolver->why = why;
}

static void
finish_errno(struct resolver *resolver)
{
	resolver->error = errno;
	finish(resolver, BECKET_S_OUT_OF_RESOURCES, NULL);
}

static void
add_address(struct resolver *resolver, const struct sockaddr *address,
    socklen_t size)
{
	struct resolver_address *next = &resolver->addresses[resolver->count];

	if (resolver->count == RESOLVER_ADDRESSES ||
	    size > sizeof next->address)
		return;
	memcpy(&next->address, address, size);
	next->size = size;
	resolver->count++;
}

/* Returns what getaddrinfo() does. It asks nobody. */
static int
take_numeric(struct resolver *resolver, const char *host, const char *port)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST,
	};
	struct addrinfo *list;
	int error =
	    getaddrinfo(*host == '\0' ? NULL : host, port, &hints, &list);

	if (error != 0)
		return error;
	for (struct addrinfo *at = list; at != NULL; at = at->ai_next)
		add_address(resolver, at->ai_addr, at->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

static void
note_socket(void *user, ares_socket_t fd, int wants_read, int wants_write)
{
	struct resolver *resolver = user;
	struct epoll_event event = {
		.events =
		    (wants_read ? EPOLLIN : 0u) | (wants_write ? EPOLLOUT : 0u),
		.data.fd = fd,
	};

	if (event.events == 0)
		(void)epoll_ctl(resolver->epoll, EPOLL_CTL_DEL, fd, &event);
	else if (epoll_ctl(resolver->epoll, EPOLL_CTL_MOD, fd, &event) != 0)
		(void)epoll_ctl(resolver->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void
note_addresses(void *user, int status, int timeouts, struct ares_addrinfo *info)
{
	struct resolver *resolver = user;

	(void)timeouts;
	if (status != ARES_SUCCESS) {
		finish(resolver,
		    status == ARES_ENOMEM ? BECKET_S_OUT_OF_MEMORY
		                          : BECKET_S_SERVER_UNAVAILABLE,
		    ares_strerror(status));
		return;
	}
	for (struct ares_addrinfo_node *at = info->nodes; at != NULL;
	     at = at->ai_next)
		add_address(resolver, at->ai_addr, at->ai_addrlen);
	ares_freeaddrinfo(info);
	finish(resolver, BECKET_S_OK, "");
}

/* On Linux it counts, and does nothing else; but it is asked for. */
static void
init_library(void)
{
	(void)ares_library_init(ARES_LIB_INIT_ALL);
}

static int
open_channel(struct resolver *resolver, const struct becket_runtime *runtime)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ares_options options = {
		.sock_state_cb = note_socket,
		.sock_state_cb_data = resolver,
	};
	int status;

	pthread_once(&once, init_library);
	status = ares_init_options(&resolver->channel, &options,
	    ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS)
		resolver->channel = NULL;
	else if (runtime->name_servers != NULL)
		status = ares_set_servers_ports_csv(resolver->channel,
		    runtime->name_servers);
	return status;
}

static void
ask(struct resolver *resolver, const struct becket_runtime *runtime,
    const char *host, const char *port)
{
	struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NUMERICSERV,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	int status;

	resolver->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (resolver->epoll < 0) {
		finish_errno(resolver);
		return;
	}
	status = open_channel(resolver, runtime);
	if (status == ARES_SUCCESS)
		ares_getaddrinfo(resolver->channel, host, port, &hints,
		    note_addresses, resolver);
	else
		note_addresses(resolver, status, 0, NULL);
}

void
resolver_start(struct resolver *resolver, const struct becket_runtime *runtime,
    const char *host, const char *port)
{
	int error;

	resolver->channel = NULL;
	resolver->epoll = -1;
	resolver->is_done = false;
	resolver->count = 0;
	error = take_numeric(resolver, host, port);
	if (error == 0)
		finish(resolver, BECKET_S_OK, "");
	else if (error == EAI_SYSTEM)
		finish_errno(resolver);
	else if (error != EAI_NONAME || strchr(host, ':') != NULL)
		finish(resolver,
		    error == EAI_MEMORY ? BECKET_S_OUT_OF_MEMORY
		                        : BECKET_S_SERVER_UNAVAILABLE,
		    gai_strerror(error));
	else
		ask(resolver, runtime, host, port);
}

int
resolver_fd(const struct resolver *resolver)
{
	return resolver->epoll;
}

uint64_t
resolver_deadline(const struct resolver *resolver, uint64_t now)
{
	struct timeval left;

	if (ares_timeout(resolver->channel, NULL, &left) == NULL)
		return 0;
	return now + (uint64_t)left.tv_sec * 1000000000 +
	       (uint64_t)left.tv_usec * 1000;
}

void
resolver_step(struct resolver *resolver)
{
	struct epoll_event ready[READY];
	int count = epoll_wait(resolver->epoll, ready, READY, 0);

	for (int i = 0; i < count; i++) {
		uint32_t events = ready[i].events;
		int fd = ready[i].data.fd;

		ares_process_fd(resolver->channel,
		    events & ~(uint32_t)EPOLLOUT ? fd : ARES_SOCKET_BAD,
		    events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
	}
	if (count <= 0) /* what has waited too long is asked again */
		ares_process_fd(resolver->channel, ARES_SOCKET_BAD,
		    ARES_SOCKET_BAD);
}

void
resolver_fini(struct resolver *resolver)
{
	if (resolver->channel != NULL)
		ares_destroy(resolver->channel);
	resolver->channel = NULL;
	if (resolver->epoll >= 0)
		close(resolver->epoll);
	resolver->epoll = -1;
}
