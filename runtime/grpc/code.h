/* SPDX-License-Identifier: MIT */
#ifndef GRPC_CODE_H
#define GRPC_CODE_H

#include <stdint.h>

#include "base/status.h"

/*
 * The statuses of gRPC, and how they stand to ours: PROTOCOL.md section 10.3.
 * There are seventeen of them, so that many of ours share one; between our own
 * peers the exact status goes along in a field of its own.
 */
enum grpc_code {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED,
	GRPC_CODES,
};

/* An application's own status, and what has no place of its own, is UNKNOWN. */
enum grpc_code grpc_code_from_status(becket_status status);
/* Never S_OK but for GRPC_OK. Codes that do not exist are UNKNOWN. */
becket_status grpc_code_to_status(uint32_t code);

/* What a peer or proxy that does not speak gRPC meant. */
enum grpc_code grpc_code_from_http(unsigned status);
/* What a stream was reset with (RFC 9113 section 7). */
enum grpc_code grpc_code_from_reset(uint32_t error);

#endif
