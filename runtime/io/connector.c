/* SPDX-License-Identifier: MIT */
#include "io/connector.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/address.h"
#include "io/clock.h"
#include "io/keepalive.h"

#define RETRY_AFTER UINT64_C(5000000)

/* One more reason behind those there are, as far as there is room. */
static void
add_why(struct connector *connector, const char *address, const char *reason)
{
	char *why = connector->why;
	size_t at = strlen(why);

	snprintf(why + at, CONNECT_WHY_SIZE - at, "%s%s: %s",
	    at > 0 ? "; " : "", address, reason);
}

static void
add_errno(struct connector *connector, const char *address, int error)
{
	char text[128];

	add_why(connector, address, strerror_r(error, text, sizeof text));
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

static void
close_socket(struct connector *connector)
{
	if (connector->fd >= 0)
		close(connector->fd);
	connector->fd = -1;
}

static void
give_up(struct connector *connector, becket_status status)
{
	close_socket(connector);
	connector->status = status;
	connector->state = CONNECTOR_OVER;
}

/* ---------------------------------------------------------------- TCP -- */

static const struct resolver_address *
address_of(const struct connector *connector)
{
	return &connector->resolver.addresses[connector->at];
}

/* Returns an errno, 0 when connected or on the way. */
static int
begin_tcp(struct connector *connector)
{
	const struct resolver_address *to = address_of(connector);
	const struct sockaddr *address =
	    (const struct sockaddr *)(const void *)&to->address;
	int fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd < 0)
		return errno;
	connector->fd = fd;
	/* A connection without it works too, so failure is of no interest. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	    sizeof(int));
	keepalive_set(fd, &connector->runtime->limits);
	if (connect(fd, address, to->size) == 0 || errno == EINPROGRESS ||
	    errno == EINTR)
		return 0;
	return errno;
}

static void
fail_address(struct connector *connector, int error)
{
	const struct resolver_address *to = address_of(connector);
	char text[ADDRESS_TEXT_SIZE];

	close_socket(connector);
	address_to_text((const struct sockaddr *)(const void *)&to->address,
	    to->size, text);
	add_errno(connector, text, error);
	connector->status = status_of_errno(error);
	connector->at++;
}

static void
next_address(struct connector *connector)
{
	while (connector->at < connector->resolver.count) {
		uint64_t now = clock_now();
		uint64_t left =
		    connector->deadline <= now ? 0 : connector->deadline - now;
		int error = begin_tcp(connector);

		connector->until =
		    now + left / (connector->resolver.count - connector->at);
		connector->state = CONNECTOR_CONNECTING;
		if (error == 0)
			return;
		fail_address(connector, error);
	}
	give_up(connector, connector->status);
}

/* Returns an errno; 0: connected; -1: not yet. */
static int
tcp_result(const struct connector *connector)
{
	struct pollfd poll_fd = { .fd = connector->fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;

	if (poll(&poll_fd, 1, 0) <= 0)
		return clock_now() < connector->until ? -1 : ETIMEDOUT;
	if (getsockopt(connector->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return errno;
	return error;
}

static void
step_connecting(struct connector *connector)
{
	int error = tcp_result(connector);

	if (error == 0) {
		connector->status = BECKET_S_OK;
		connector->state = CONNECTOR_OVER;
	} else if (error > 0) {
		fail_address(connector, error);
		next_address(connector);
	}
}

static void
take_addresses(struct connector *connector)
{
	const struct resolver *resolver = &connector->resolver;

	if (resolver->status == BECKET_S_OK) {
		connector->status = BECKET_S_SERVER_UNAVAILABLE;
		next_address(connector);
		return;
	}
	if (resolver->why != NULL)
		add_why(connector, connector->target.host, resolver->why);
	else
		add_errno(connector, connector->target.host, resolver->error);
	give_up(connector, resolver->status);
}

static void
step_resolving(struct connector *connector)
{
	if (!connector->resolver.is_done)
		resolver_step(&connector->resolver);
	if (connector->resolver.is_done) {
		take_addresses(connector);
	} else if (clock_now() >= connector->deadline) {
		add_why(connector, connector->target.host,
		    "no name server has answered yet");
		give_up(connector, BECKET_S_SERVER_UNAVAILABLE);
	}
}

/* ------------------------------------------------------- Unix sockets -- */

static void
step_local(struct connector *connector)
{
	struct sockaddr_un address;
	int error = 0;

	(void)!address_local(connector->runtime, connector->target.endpoint,
	    &address);
	if (connect(connector->fd, (const struct sockaddr *)&address,
	        sizeof address) != 0)
		error = errno;
	if (error == EINTR || error == EAGAIN) {
		connector->until = clock_now() + RETRY_AFTER;
		if (connector->until < connector->deadline)
			return;
		if (clock_now() < connector->deadline) {
			connector->until = connector->deadline;
			return;
		}
		error = ETIMEDOUT;
	}
	connector->status = BECKET_S_OK;
	connector->state = CONNECTOR_OVER;
	if (error != 0) {
		add_errno(connector, address.sun_path, error);
		give_up(connector, status_of_errno(error));
	}
}

static void
start_local(struct connector *connector)
{
	struct sockaddr_un address;
	becket_status status = address_local(connector->runtime,
	    connector->target.endpoint, &address);

	if (status != BECKET_S_OK) {
		add_why(connector, connector->runtime->ncalrpc_dir,
		    "path is too long");
		give_up(connector, status);
		return;
	}
	connector->state = CONNECTOR_RETRYING;
	connector->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connector->fd < 0) {
		int error = errno;

		add_errno(connector, address.sun_path, error);
		give_up(connector, status_of_errno(error));
	}
}

/* --------------------------------------------------------------- both -- */

void
connector_start(struct connector *connector,
    const struct becket_runtime *runtime, const struct connect_target *target,
    uint64_t deadline)
{
	connector->runtime = runtime;
	connector->target = *target;
	connector->deadline = deadline;
	connector->state = CONNECTOR_RESOLVING;
	connector->at = 0;
	connector->fd = -1;
	connector->until = 0;
	connector->status = BECKET_S_ASYNC_CALL_PENDING;
	connector->why[0] = '\0';
	connector->resolver.channel = NULL;
	connector->resolver.epoll = -1;
	if (target->protseq->is_local)
		start_local(connector);
	else
		resolver_start(&connector->resolver, runtime, target->host,
		    target->endpoint);
}

int
connector_fd(const struct connector *connector)
{
	switch (connector->state) {
	case CONNECTOR_RESOLVING:
		return resolver_fd(&connector->resolver);
	case CONNECTOR_CONNECTING:
		return connector->fd;
	default:
		return -1;
	}
}

short
connector_events(const struct connector *connector)
{
	return connector->state == CONNECTOR_RESOLVING ? POLLIN : POLLOUT;
}

uint64_t
connector_until(const struct connector *connector)
{
	uint64_t asked;

	if (connector->state != CONNECTOR_RESOLVING)
		return connector->until;
	if (connector->resolver.is_done)
		return 1;
	asked = resolver_deadline(&connector->resolver, clock_now());
	return asked != 0 && asked < connector->deadline ? asked
	                                                 : connector->deadline;
}

becket_status
connector_step(struct connector *connector, int *ret_fd)
{
	if (connector->state == CONNECTOR_RESOLVING)
		step_resolving(connector);
	else if (connector->state == CONNECTOR_CONNECTING)
		step_connecting(connector);
	else if (connector->state == CONNECTOR_RETRYING)
		step_local(connector);
	if (connector->state != CONNECTOR_OVER)
		return BECKET_S_ASYNC_CALL_PENDING;
	if (connector->status == BECKET_S_OK) {
		*ret_fd = connector->fd;
		connector->fd = -1;
	}
	return connector->status;
}

void
connector_fini(struct connector *connector)
{
	close_socket(connector);
	resolver_fini(&connector->resolver);
}
