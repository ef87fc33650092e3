/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_PROXY_H
#define TESTS_LIVE_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Stands between a client and a server of this machine, in a thread of its own,
 * and cuts a connection after so many bytes; connections that come after that
 * go through untouched.
 */
enum proxy_way { PROXY_REQUESTS, PROXY_RESPONSES };

struct proxy {
	unsigned server; /* port */
	int listener;
	char string[64]; /* "ncacn_ip_tcp:127.0.0.1[port]" */
	pthread_t thread;
	int stop[2];
	atomic_uint accepted;
	pthread_mutex_t lock; /* of the rest; held while bytes pass */
	bool is_armed;
	enum proxy_way way;
	bool with_reset;
	size_t left;
	size_t passed[2];
};

void proxy_start(struct proxy *proxy, unsigned server);
void proxy_stop(struct proxy *proxy);

/* Cut once bytes more have passed that way: with a reset, or a plain close. */
void proxy_arm(struct proxy *proxy, enum proxy_way way, size_t bytes,
    bool with_reset);
void proxy_disarm(struct proxy *proxy);

/* The bytes that have passed that way; complete for what has arrived. */
size_t proxy_passed(struct proxy *proxy, enum proxy_way way);

#endif
