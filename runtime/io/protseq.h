/* SPDX-License-Identifier: MIT */
#ifndef IO_PROTSEQ_H
#define IO_PROTSEQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * The protocol sequences: one row each, also for those that this build only
 * knows by name, so that "not supported" can be told from "unknown". Names are
 * case-sensitive.
 */
struct protseq {
	const char *name;
	uint32_t transport; /* of struct association; 0: not supported */
	bool is_local;      /* a Unix socket: no host, credentials known */
	bool is_supported;
	bool is_grpc; /* if the runtime has that door */
	/* S_INVALID_ENDPOINT_FORMAT, S_STRING_TOO_LONG. */
	becket_status (*check_endpoint)(const char *endpoint);
	/* S_INVALID_NET_ADDR, S_STRING_TOO_LONG. "" is fine. */
	becket_status (*check_address)(const char *address);
};

/* S_INVALID_RPC_PROTSEQ: unknown. S_PROTSEQ_NOT_SUPPORTED: known. Any thread.
 */
struct becket_runtime;
BECKET_MUST_USE becket_status protseq_find(const struct becket_runtime *runtime,
    const char *name, const struct protseq **ret_protseq);

#endif
