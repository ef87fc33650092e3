/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_FLAGS_H
#define BECKETD_FLAGS_H

#include <stdbool.h>

#include "config.h"

/* Read the command line, and the files that it names, into config. Wrong usage
 * ends the process, and so do --help and --version; what has been read once
 * can be read again.
 */
void flags_read(struct config *config, int argc, char **argv, bool *ret_check);

#endif
