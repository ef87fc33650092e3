/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_HEADERS_H
#define BECKET_CLIENT_HEADERS_H

#include "command.h"

/* Metadata for one call out of "name: value", where the value of a name in -bin
 * is in base64. false: it has been told which is none. Free *ret_metadata.
 */
bool headers_make(const struct command *command, const struct texts *headers,
    struct becket_metadata **ret_metadata);

#endif
