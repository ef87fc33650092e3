/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_LISTENS_H
#define BECKETD_LISTENS_H

#include "becket.h"
#include "config.h"

/*
 * Where becketd listens: at the sockets that it was given when it was started
 * (LISTEN_FDS, see sd_listen_fds(3)), which stay, and where the configuration
 * says, which may change. A place that the configuration names and that was
 * given is listened at once.
 */
struct listens {
	struct becket_runtime *runtime;
	struct becket_server *server;
	char **given; /* string bindings */
	size_t given_count;
};

/* Adopt what was given. false: something that cannot be listened at, which is
 * logged. The variables are taken out of the environment.
 */
BECKET_MUST_USE bool listens_adopt(struct listens *listens);

/* Mistakes of config: what is no place to listen at. */
void listens_check(const struct listens *listens, struct config *config);

/* Listen where config says; what cannot be is logged. */
BECKET_MUST_USE bool listens_open(struct listens *listens,
    struct config *config);

/* Go from old to new, which has become old's place; else all is as before. No
 * place that is in both is touched.
 */
BECKET_MUST_USE bool listens_change(struct listens *listens, struct config *old,
    struct config *new);

void listens_fini(struct listens *listens);

#endif
