/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MODULES_H
#define BECKETD_MODULES_H

#include "module.h"

/*
 * The modules that run, and those of a configuration that comes.
 *
 *   begin:   prepare, then add
 *   reload:  prepare ─► add ─► commit, then reap as they leave
 *               └────────┴───► revert: all is as before
 *
 * A module whose settings or file have changed is one that leaves and has a
 * successor. Where the successor does not start, the first one does again.
 */
struct modules {
	struct becket_server *server;
	struct module *list;   /* started in this order; some may leave */
	struct module *coming; /* loaded, and not started */
	struct module *added;  /* the first of list that was added last */
	int eventfd;           /* readable: reap */
};

/* false: no descriptor. */
BECKET_MUST_USE bool modules_init(struct modules *modules,
    struct becket_server *server);

/* Load all that config names and that does not run just so. false: config has
 * mistakes.
 */
BECKET_MUST_USE bool modules_prepare(struct modules *modules,
    struct config *config);
/* Start those that are new. false: it has mistakes now, or one did not start.
 */
BECKET_MUST_USE bool modules_add(struct modules *modules,
    struct config *config);
/* The others leave: the configuration has changed. */
void modules_commit(struct modules *modules);
/* Those that were added leave: it has not. */
void modules_revert(struct modules *modules);

/* Stop those that have left, start their successors. config is for what is
 * wrong with those.
 */
void modules_reap(struct modules *modules, struct config *config);
/* Make eventfd readable. Any thread. */
void modules_wake(struct modules *modules);
bool modules_leave(const struct modules *modules);

/* Stop those that run, the last one first. */
void modules_stop(struct modules *modules);
/* After the server has been freed. */
void modules_fini(struct modules *modules);

#endif
