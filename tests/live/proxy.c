/* SPDX-License-Identifier: MIT */
#include "tests/live/proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAIRS = 64 };

struct pair {
	int ends[2]; /* the client's, the server's */
};

static struct sockaddr_in
loopback(unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
}

/* Or what passes in two pieces waits for each other's acknowledgement. */
static void
delay_nothing(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int
dial(unsigned port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	delay_nothing(fd);
	return fd;
}

static void
hang_up(struct pair *pair, bool with_reset)
{
	struct linger linger = { .l_onoff = 1 };

	for (int i = 0; i < 2; i++) {
		if (with_reset)
			setsockopt(pair->ends[i], SOL_SOCKET, SO_LINGER,
			    &linger, sizeof linger);
		close(pair->ends[i]);
	}
	pair->ends[0] = pair->ends[1] = -1;
}

static void
pass(struct proxy *proxy, struct pair *pair, int from)
{
	char bytes[65536];
	bool is_cut = proxy->is_armed && (int)proxy->way == from;
	size_t most =
	    is_cut && proxy->left < sizeof bytes ? proxy->left : sizeof bytes;
	ssize_t size = most == 0 ? 0 : recv(pair->ends[from], bytes, most, 0);

	if (size > 0 && send(pair->ends[1 - from], bytes, (size_t)size,
	                    MSG_NOSIGNAL) != size)
		size = -1;
	if (size > 0)
		proxy->passed[from] += (size_t)size;
	if (size > 0 && is_cut)
		proxy->left -= (size_t)size;
	if (is_cut && proxy->left == 0) {
		hang_up(pair, proxy->with_reset);
		proxy->is_armed = false;
	} else if (size <= 0) {
		hang_up(pair, false);
	}
}

static void
pass_locked(struct proxy *proxy, struct pair *pair, int from)
{
	pthread_mutex_lock(&proxy->lock);
	pass(proxy, pair, from);
	pthread_mutex_unlock(&proxy->lock);
}

static void
welcome(struct proxy *proxy, struct pair *pairs)
{
	int client = accept(proxy->listener, NULL, NULL);

	delay_nothing(client);
	for (int i = 0; i < PAIRS; i++)
		if (pairs[i].ends[0] < 0) {
			int server = dial(proxy->server);

			if (server < 0)
				break;
			pairs[i] = (struct pair){ { client, server } };
			proxy->accepted++;
			return;
		}
	close(client);
}

static void *
run(void *argument)
{
	struct proxy *proxy = argument;
	struct pair pairs[PAIRS];

	for (int i = 0; i < PAIRS; i++)
		pairs[i] = (struct pair){ { -1, -1 } };
	for (;;) {
		struct pollfd fds[2 + 2 * PAIRS] = {
			{ .fd = proxy->stop[0], .events = POLLIN },
			{ .fd = proxy->listener, .events = POLLIN },
		};

		for (int i = 0; i < 2 * PAIRS; i++)
			fds[2 + i] = (struct pollfd){
				.fd = pairs[i / 2].ends[i % 2],
				.events = POLLIN,
			};
		poll(fds, 2 + 2 * PAIRS, -1);
		if (fds[0].revents)
			break;
		for (int i = 0; i < 2 * PAIRS; i++)
			if (fds[2 + i].revents &&
			    fds[2 + i].fd == pairs[i / 2].ends[i % 2] &&
			    fds[2 + i].fd >= 0)
				pass_locked(proxy, &pairs[i / 2], i % 2);
		if (fds[1].revents)
			welcome(proxy, pairs);
	}
	for (int i = 0; i < PAIRS; i++)
		if (pairs[i].ends[0] >= 0)
			hang_up(&pairs[i], false);
	return NULL;
}

void
proxy_start(struct proxy *proxy, unsigned server)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;

	*proxy = (struct proxy){ .server = server };
	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	assert_int_equal(listen(proxy->listener, SOMAXCONN), 0);
	assert_int_equal(getsockname(proxy->listener,
	                     (struct sockaddr *)&address, &size),
	    0);
	snprintf(proxy->string, sizeof proxy->string,
	    "ncacn_ip_tcp:127.0.0.1[%u]", ntohs(address.sin_port));
	assert_int_equal(pipe(proxy->stop), 0);
	assert_int_equal(pthread_mutex_init(&proxy->lock, NULL), 0);
	assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

void
proxy_stop(struct proxy *proxy)
{
	close(proxy->stop[1]);
	pthread_join(proxy->thread, NULL);
	close(proxy->stop[0]);
	close(proxy->listener);
	pthread_mutex_destroy(&proxy->lock);
}

void
proxy_arm(struct proxy *proxy, enum proxy_way way, size_t bytes,
    bool with_reset)
{
	pthread_mutex_lock(&proxy->lock);
	proxy->way = way;
	proxy->left = bytes;
	proxy->with_reset = with_reset;
	proxy->is_armed = true;
	pthread_mutex_unlock(&proxy->lock);
}

void
proxy_disarm(struct proxy *proxy)
{
	pthread_mutex_lock(&proxy->lock);
	proxy->is_armed = false;
	pthread_mutex_unlock(&proxy->lock);
}

size_t
proxy_passed(struct proxy *proxy, enum proxy_way way)
{
	size_t passed;

	pthread_mutex_lock(&proxy->lock);
	passed = proxy->passed[way];
	pthread_mutex_unlock(&proxy->lock);
	return passed;
}
