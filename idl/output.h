/* SPDX-License-Identifier: MIT */
#ifndef IDL_OUTPUT_H
#define IDL_OUTPUT_H

#include "idl/generate.h"

/*
 * Files written all together or not at all: first each under a name of its
 * own, then all renamed. Directories are made where they are missing.
 */

/* NULL: done. Else a sentence. */
const char *output_write(struct arena *arena, const char *directory,
    const struct generated_file *files, size_t count);

#endif
