/* SPDX-License-Identifier: MIT */
#ifndef IO_OPTIONS_H
#define IO_OPTIONS_H

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
 */
enum { OPTION_ENDPOINT_SIZE = 108 }; /* no endpoint is longer */

struct binding_options {
	uint32_t connect_timeout;          /* 0: not said */
	char mapper[OPTION_ENDPOINT_SIZE]; /* "": not said */
};

/* text: as struct string_parts has it. On failure the thread's error record
 * says which option it was. S_INVALID_NETWORK_OPTIONS.
 */
BECKET_MUST_USE becket_status options_parse(const char *text,
    struct binding_options *ret_options);

#endif
