/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_ADDRESS_H
#define BECKET_CLIENT_ADDRESS_H

#include "command.h"

/* What was typed for a server, as a string binding with the options that other
 * flags ask for. It lives in the command's arena, or as typed.
 */
const char *address_text(const struct command *command);

/* Where that has failed: say what servers are called. */
void address_hint(const struct command *command, becket_status status);

#endif
