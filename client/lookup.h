/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_LOOKUP_H
#define BECKET_CLIENT_LOOKUP_H

#include "command.h"
#include "descriptor.h"

/*
 * From what was typed to what it names, by the files or the server that the
 * command says. All of these complain themselves and return the exit status.
 */

/* The full names of all services, in order. */
int lookup_services(const struct command *command, struct pool *pool,
    struct texts *ret_services);

/* Fill the pool, with what it takes to know the services, or the name, or
 * (NULL) all of them; and link it. Then find the name: full, or the end of a
 * full name that is the only one of its kind; '/' may stand for its last dot.
 */
int lookup_all(const struct command *command, struct pool *pool);
int lookup_symbol(const struct command *command, struct pool *pool,
    const char *typed, const struct symbol **ret_symbol);

#endif
