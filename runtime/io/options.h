/* SPDX-License-Identifier: MIT */
#ifndef IO_OPTIONS_H
#define IO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * The options of a string binding, and what they say. An option that would do
 * nothing is refused, and most of all one that asks for security: who asks for
 * it must not get clear text instead.
 *
 *   connect_timeout=MS   how long connecting may take, of the time that the
 *                        call has
 *   mapper=ENDPOINT      where the endpoint mapper of the server's host is
 *   authority=NAME       of gRPC: the :authority of calls, instead of the
 *                        server's address
 *   user_agent=NAME      of gRPC: stands in front of our own name
 */
enum {
	OPTION_ENDPOINT_SIZE = 108, /* no endpoint is longer */
	OPTION_NAME_SIZE = 256,     /* nor is a name of a host */
};

struct binding_options {
	uint32_t connect_timeout;          /* 0: not said */
	char mapper[OPTION_ENDPOINT_SIZE]; /* "": not said; likewise: */
	char authority[OPTION_NAME_SIZE];
	char user_agent[OPTION_NAME_SIZE];
};

/* text: as struct string_parts has it, of a handle for gRPC or not. On failure
 * the thread's error record says which option it was.
 * S_INVALID_NETWORK_OPTIONS.
 */
BECKET_MUST_USE becket_status options_parse(const char *text, bool is_grpc,
    struct binding_options *ret_options);

#endif
