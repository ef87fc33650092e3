/* SPDX-License-Identifier: MIT */
#ifndef IDL_DEPENDS_H
#define IDL_DEPENDS_H

#include "idl/generate.h"

/* The Makefile rule that the outputs of one IDL file depend on it and on what
 * it imports, as far as that is found in the include directories (NULL at the
 * end); each of those gets an empty rule, so that it may go away.
 */
const char *depends_rule(struct arena *arena, const Request *request,
    const char *file, const char *directory, const char *const *includes,
    const struct generated_file *outputs, size_t output_count);

#endif
