/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_DAEMON_H
#define BECKETD_DAEMON_H

#include <stdbool.h>

#include "config.h"

/*
 * Serve what config says, in this thread, until a signal or a manager's stop.
 * The loop is our own, around becket_server_fd(): it waits for the server and
 * for signals at once.
 *
 *   starting ─► serving ─► draining ─► stopped
 *      │           SIGTERM      │ SIGTERM again: what runs is cut off
 *      └─ exit 78 or 1          └────────────────────► stopped
 */
enum {
	DAEMON_OK = 0,        /* drained */
	DAEMON_FAILED = 1,    /* could not start, or calls were cut off */
	DAEMON_USAGE = 2,     /* wrong flags */
	DAEMON_MISTAKES = 78, /* wrong configuration: EX_CONFIG */
};

/* check: do everything but listen. Returns the exit status. */
int daemon_run(struct config *config, bool check);

#endif
