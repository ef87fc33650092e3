/* SPDX-License-Identifier: MIT */
#ifndef IDL_STRIP_H
#define IDL_STRIP_H

#include "idl/model.h"

/*
 * A request made fit for protoc-gen-c, which would make a rival RPC interface
 * of services, and needs generated code for every import, even for one that
 * only defines options. Out go services, extensions, imports that no field
 * needs, and files that nothing imports any more; fields whose names it would
 * leave as words of C or C++ get others.
 *
 * Changes request, which comes of generate_parse() and which nobody else
 * uses; its bytes are appended to ret_bytes.
 */
void strip_request(struct arena *arena, Request *request,
    struct buffer *ret_bytes);

#endif
