/* SPDX-License-Identifier: MIT */
#ifndef IDL_PLACE_H
#define IDL_PLACE_H

#include "idl/text.h"

/* The path of this program's file. */
const char *place_program(struct arena *arena, const char *argv0);

/* The directory that has becket/options.proto: beside the program where it
 * was built, or where it is installed. NULL: in neither.
 */
const char *place_options(struct arena *arena, const char *program);

bool place_exists(const char *path);

#endif
