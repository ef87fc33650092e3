/* SPDX-License-Identifier: MIT */
#ifndef IDL_RESPONSE_H
#define IDL_RESPONSE_H

#include "idl/generate.h"

/* What was generated as a CodeGeneratorResponse, appended to ret_bytes. */
void response_pack(struct arena *arena, const struct generated *generated,
    struct buffer *ret_bytes);

#endif
