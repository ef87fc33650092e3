/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_COMMAND_H
#define BECKET_CLIENT_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "becket.h"
#include "sources.h"

/* The exit statuses that becket(1) documents. */
enum {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,     /* a server answered, but not with success */
	EXIT_USAGE = 2,       /* wrong flags, or no string binding */
	EXIT_UNREACHABLE = 3, /* the call did not reach a server */
	EXIT_LOST = 4,        /* sent, but the answer did not come */
	EXIT_CALL = 64,       /* `call`: and the code of gRPC */
};

/* A command and its flags, as typed. */
struct command {
	const char *name;
	int (*run)(const struct command *command);
	const char *binding_text;
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	bool json;
	bool is_paced;  /* --count or --interval was given */
	uint64_t count; /* of ping; 0: until interrupted */
	uint64_t interval_ms;
	uint32_t timeout_ms, connect_ms, ping_ms; /* 0: none was given */
	/* Of call, list and describe. */
	struct arena *arena;
	const char *symbol;   /* the argument behind the binding, or NULL */
	const char *data;     /* JSON, "-" for stdin, or NULL */
	struct texts headers; /* "name: value"; and for asking the server: */
	struct texts asking_headers;
	uint64_t most_bytes;   /* of a response; 0: what is usual */
	const char *set_out;   /* a file for a set of descriptors, or NULL */
	const char *proto_out; /* a directory for .proto files, or NULL */
	const char *authority, *user_agent; /* or NULL: what is usual */
	struct sources sources;
	bool is_about_types; /* any of their flags was given */
	bool is_verbose, is_very_verbose, formats_errors;
	bool emits_defaults, ignores_unknown, wants_template;
	bool expands_headers;
	bool is_unix; /* the binding is a path */
};

/* Each returns the exit status. */
int command_ping(const struct command *command);
int command_ifs(const struct command *command);
int command_stats(const struct command *command);
int command_stop(const struct command *command);
int command_call(const struct command *command);
int command_list(const struct command *command);
int command_describe(const struct command *command);
/* command->binding: of the mapper */
int command_ep(const struct command *command);

/* The string binding of the mapper that is meant by a host or a string
 * binding. Free with becket_string_free().
 */
BECKET_MUST_USE becket_status mapper_text(struct becket_runtime *runtime,
    const char *typed, char **ret_text);

#endif
