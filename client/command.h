/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_COMMAND_H
#define BECKET_CLIENT_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "becket.h"

/* The exit statuses that becket(1) documents. */
enum {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,     /* a server answered, but not with success */
	EXIT_USAGE = 2,       /* wrong flags, or no string binding */
	EXIT_UNREACHABLE = 3, /* the call did not reach a server */
	EXIT_LOST = 4,        /* sent, but the answer did not come */
};

/* A command and its flags, as typed. */
struct command {
	const char *name;
	const char *binding_text;
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	bool json;
	bool is_paced;  /* --count or --interval was given */
	uint64_t count; /* of ping; 0: until interrupted */
	uint64_t interval_ms;
};

/* Tell that a call failed, as text or JSON; the exit status for it. */
int command_failed(const struct command *command, becket_status status);

/* Each returns the exit status. */
int command_ping(const struct command *command);
int command_ifs(const struct command *command);
int command_stats(const struct command *command);
int command_stop(const struct command *command);
/* command->binding: of the mapper */
int command_ep(const struct command *command);

/* The string binding of the mapper that is meant by a host or a string
 * binding. Free with becket_string_free().
 */
BECKET_MUST_USE becket_status mapper_text(struct becket_runtime *runtime,
    const char *typed, char **ret_text);

#endif
