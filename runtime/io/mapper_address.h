/* SPDX-License-Identifier: MIT */
#ifndef IO_MAPPER_ADDRESS_H
#define IO_MAPPER_ADDRESS_H

#include "io/binding.h"

/*
 * Where the endpoint mapper is, PROTOCOL.md section 7.2. In this order:
 *
 *   the option mapper=ENDPOINT of a string binding: there, on the same host
 *   what the runtime was told, by option or BECKET_MAPPER: a string binding,
 *       where TCP without a host means that of the binding that asks, and
 *       ncalrpc is of use to this host only
 *   ncalrpc:[epmapper] for this host, port 135 for others
 */
enum { MAPPER_ENDPOINT_SIZE = 256 };

/* Is text fit to be the runtime's mapper? With the error record written. */
BECKET_MUST_USE becket_status mapper_check(const struct becket_runtime *runtime,
    const char *text);

/* The name of the local socket, to register at. */
void mapper_local_endpoint(const struct becket_runtime *runtime,
    char ret_endpoint[MAPPER_ENDPOINT_SIZE]);

/* A handle for the mapper that knows a protocol sequence's endpoints on host.
 * option: the string binding's, "" for none. Free with becket_binding_free().
 */
BECKET_MUST_USE becket_status mapper_bind(struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *option,
    struct becket_binding **ret_binding);

/* The same for the mapper of this host. */
BECKET_MUST_USE becket_status mapper_bind_here(struct becket_runtime *runtime,
    struct becket_binding **ret_binding);

#endif
