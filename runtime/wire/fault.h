/* SPDX-License-Identifier: MIT */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

#include <stdint.h>

#include "base/status.h"

/*
 * The codes that faults carry (C706 appendix E, MS-RPCE), and the statuses
 * they stand for. What is in no table goes through unchanged, both ways: the
 * codes of applications.
 */
enum {
	NCA_S_COMM_FAILURE = 0x1c010001,
	NCA_S_OP_RNG_ERROR = 0x1c010002,
	NCA_S_UNK_IF = 0x1c010003,
	NCA_S_PROTO_ERROR = 0x1c01000b,
	NCA_S_SERVER_TOO_BUSY = 0x1c010014,
	NCA_S_UNSUPPORTED_TYPE = 0x1c010017,
	NCA_S_FAULT_CANCEL = 0x1c00000d,
	NCA_S_FAULT_CONTEXT_MISMATCH = 0x1c00001a,
	NCA_S_FAULT_REMOTE_NO_MEMORY = 0x1c00001b,
};

becket_status fault_to_status(uint32_t wire);
uint32_t fault_from_status(becket_status status);

/* "nca_s_op_rng_error"; NULL: no name. For logs and tests. */
const char *fault_name(uint32_t wire);

#endif
