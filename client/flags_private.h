/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_FLAGS_PRIVATE_H
#define BECKET_CLIENT_FLAGS_PRIVATE_H

#include "flags.h"

/* What the files of flags.h share. */

/* Those without a letter. */
enum {
	FLAG_VERSION = 256,
	FLAG_VERY_VERBOSE,
	FLAG_CONNECT,
	FLAG_PROTO,
	FLAG_IMPORT_PATH,
	FLAG_PROTOSET,
	FLAG_RPC_HEADER,
	FLAG_ASKING_HEADER,
	FLAG_EXPAND,
	FLAG_DEFAULTS,
	FLAG_UNKNOWN,
	FLAG_TEMPLATE,
	FLAG_FORMAT,
	FLAG_FORMAT_ERROR,
	FLAG_REFLECTION,
	FLAG_MOST_BYTES,
	FLAG_SET_OUT,
	FLAG_PROTO_OUT,
	FLAG_UNIX,
	FLAG_AUTHORITY,
	FLAG_USER_AGENT,
	FLAG_KEEPALIVE,
	FLAG_PLAINTEXT,
	FLAG_TLS_SWITCH, /* of which false means nothing */
	FLAG_TLS,
};

extern const char flags_usage[];

/* With what behind it, end the program. */
_Noreturn void wrong_usage(const char *sentence, const char *what);

/* From a flag's value, or end the program. */
uint64_t parse_count(const char *text);
uint64_t parse_ms(const char *seconds);
uint32_t parse_timeout(const char *seconds);
bool parse_bool(const char *text); /* NULL is true */

/* One of call, list and describe, with its value or NULL; false: it is none of
 * them.
 */
bool read_types_flag(struct command *command, int flag, const char *name,
    const char *value);

#endif
