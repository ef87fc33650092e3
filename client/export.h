/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_EXPORT_H
#define BECKET_CLIENT_EXPORT_H

#include "command.h"
#include "descriptor.h"

/* Is any file to be written? */
bool export_is_wanted(const struct command *command);

/* Write all files of the pool, but for those that are built in, where
 * --protoset-out and --proto-out-dir say; the exit status.
 */
int export_files(const struct command *command, const struct pool *pool);

#endif
