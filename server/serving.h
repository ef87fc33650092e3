/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_SERVING_H
#define BECKETD_SERVING_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

#include "becket.h"

/*
 * How the server is served, for the daemon's own loop: with one loop of the
 * server's, that is turned by the daemon's; with several, threads of the
 * library's turn them, and the daemon's loop waits for their end. All in the
 * daemon's thread.
 */
struct serving {
	struct becket_server *server;
	bool has_threads;
	int ended;        /* eventfd */
	pthread_t waiter; /* who writes to it */
	bool is_waiting;
};

/* Begin to serve. What fails is logged. */
BECKET_MUST_USE bool serving_start(struct serving *serving,
    struct becket_server *server, unsigned loops);

/* What to poll for, and for how long. */
struct pollfd serving_poll(const struct serving *serving);
int serving_timeout(const struct serving *serving);

/* Do what is to be done; false: the server has stopped. */
bool serving_go_on(struct serving *serving, const struct pollfd *polled);

/* The server has stopped, or is not to go on; or it has never started. */
void serving_fini(struct serving *serving);

#endif
