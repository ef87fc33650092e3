/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_FLAGS_H
#define BECKET_CLIENT_FLAGS_H

#include "command.h"

/* Read the command line into command: flags, what to do, with what. What makes
 * no sense ends the program with a sentence; --help and --version end it too.
 */
void flags_read(struct command *command, int argc, char **argv);

#endif
