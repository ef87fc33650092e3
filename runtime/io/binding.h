/* SPDX-License-Identifier: MIT */
#ifndef IO_BINDING_H
#define IO_BINDING_H

#include "becket.h"
#include "io/protseq.h"

/*
 * Binding handles, inside: struct becket_binding stays private to the client
 * half of this room.
 */

/* A handle for what is known already: becket_server_inq_bindings() makes one
 * per listener. host and endpoint are copied; "" for none. No I/O. Free with
 * becket_binding_free(). S_OUT_OF_MEMORY, and what protseq's checks say.
 */
BECKET_MUST_USE becket_status binding_new(struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *endpoint,
    struct becket_binding **ret_binding);

#endif
