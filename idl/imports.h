/* SPDX-License-Identifier: MIT */
#ifndef IDL_IMPORTS_H
#define IDL_IMPORTS_H

#include "idl/model.h"

/* The index of a file of a request; n_proto_file: it has none of that name. */
size_t imports_find(const Request *request, const char *name);

/* Take those imports out of file that nothing in it names the types of, which
 * are there for their options alone; public ones stay. file is changed, but
 * nothing that it points to.
 */
void imports_prune(struct arena *arena, const Request *request,
    FileProto *file);

#endif
