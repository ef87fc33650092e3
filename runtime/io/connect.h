/* SPDX-License-Identifier: MIT */
#ifndef IO_CONNECT_H
#define IO_CONNECT_H

#include <stdint.h>

#include "io/protseq.h"
#include "io/runtime.h"

/*
 * From a name to a connected socket: every address that the resolver gives is
 * tried within the deadline, each with its share of what is left.
 *
 * The resolver is getaddrinfo(), which knows no deadline: a host name may
 * outlast it. Numeric addresses and the empty host (this host) never go there.
 */
struct connect_target {
	const struct protseq *protseq;
	const char *host;     /* "": this host */
	const char *endpoint; /* as protseq has found fit */
};

/* Why it failed: "127.0.0.1:4747: Connection refused", one after the other for
 * each address that was tried.
 */
enum { CONNECT_WHY_SIZE = 320 };

/* A socket that blocks, is closed by exec, and does not delay small packets.
 * S_SERVER_UNAVAILABLE (also when the deadline has passed),
 * S_OUT_OF_RESOURCES, S_OUT_OF_MEMORY, S_STRING_TOO_LONG; on failure, no
 * descriptor is left and ret_why is written. Any thread.
 */
BECKET_MUST_USE becket_status connect_to(const struct becket_runtime *runtime,
    const struct connect_target *target, uint64_t deadline, int *ret_fd,
    char ret_why[CONNECT_WHY_SIZE]);

#endif
