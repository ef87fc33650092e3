/* SPDX-License-Identifier: MIT */
#include "wire/fault.h"

#include <stddef.h>

enum direction {
	IN,   /* a code that a peer may send and we do not */
	BOTH, /* the code that we send for its status */
	NAME, /* a code that has a name and no status: it goes through */
};

/* clang-format off */
static const struct {
	uint32_t wire;
	const char *name;
	becket_status status;
	enum direction direction;
} faults[] = {
	{ 0x00000005, "access_denied",                     BECKET_S_ACCESS_DENIED,         BOTH },
	{ 0x000006b9, "out_of_resources",                  BECKET_S_OUT_OF_RESOURCES,      BOTH },
	{ 0x000006ba, "server_unavailable",                BECKET_S_SERVER_UNAVAILABLE,    BOTH },
	{ 0x000006bd, "no_call_active",                    BECKET_S_NO_CALL_ACTIVE,        BOTH },
	{ 0x000006d8, "cant_perform_op",                   BECKET_S_CANT_PERFORM_OP,       BOTH },
	{ 0x000006d9, "not_registered",                    BECKET_S_NOT_REGISTERED,        BOTH },
	{ 0x000006f7, "bad_stub_data",                     BECKET_X_BAD_STUB_DATA,         BOTH },
	{ 0x00000721, "sec_pkg_error",                     BECKET_S_SEC_PKG_ERROR,         BOTH },

	{ 0x1c000001, "nca_s_fault_int_div_by_zero",       BECKET_S_ZERO_DIVIDE,           BOTH },
	{ 0x1c000002, "nca_s_fault_addr_error",            BECKET_S_ADDRESS_ERROR,         BOTH },
	{ 0x1c000003, "nca_s_fault_fp_div_zero",           BECKET_S_FP_DIV_ZERO,           BOTH },
	{ 0x1c000004, "nca_s_fault_fp_underflow",          BECKET_S_FP_UNDERFLOW,          BOTH },
	{ 0x1c000005, "nca_s_fault_fp_overflow",           BECKET_S_FP_OVERFLOW,           BOTH },
	{ 0x1c000006, "nca_s_fault_invalid_tag",           BECKET_S_INVALID_TAG,           BOTH },
	{ 0x1c000007, "nca_s_fault_invalid_bound",         BECKET_S_INVALID_BOUND,         BOTH },
	{ 0x1c000008, "nca_s_rpc_version_mismatch",        BECKET_S_PROTOCOL_ERROR,        IN },
	{ 0x1c000009, "nca_s_unspec_reject",               BECKET_S_CALL_FAILED_DNE,       BOTH },
	{ 0x1c00000a, "nca_s_bad_actid",                   BECKET_S_CALL_FAILED_DNE,       IN },
	{ 0x1c00000b, "nca_s_who_are_you_failed",          BECKET_S_CALL_FAILED,           IN },
	{ 0x1c00000c, "nca_s_manager_not_entered",         BECKET_S_CALL_FAILED_DNE,       IN },
	{ 0x1c00000d, "nca_s_fault_cancel",                BECKET_S_CALL_CANCELLED,        BOTH },
	{ 0x1c00000e, "nca_s_fault_ill_inst",              BECKET_S_ADDRESS_ERROR,         IN },
	{ 0x1c00000f, "nca_s_fault_fp_error",              BECKET_S_FP_OVERFLOW,           IN },
	{ 0x1c000010, "nca_s_fault_int_overflow",          BECKET_S_ADDRESS_ERROR,         IN },
	{ 0x1c000012, "nca_s_fault_unspec",                BECKET_S_CALL_FAILED,           BOTH },
	{ 0x1c000013, "nca_s_fault_remote_comm_failure",   BECKET_S_COMM_FAILURE,          BOTH },
	{ 0x1c000014, "nca_s_fault_pipe_empty",            BECKET_X_PIPE_EMPTY,            BOTH },
	{ 0x1c000015, "nca_s_fault_pipe_closed",           BECKET_X_PIPE_CLOSED,           BOTH },
	{ 0x1c000016, "nca_s_fault_pipe_order",            BECKET_X_WRONG_PIPE_ORDER,      BOTH },
	{ 0x1c000017, "nca_s_fault_pipe_discipline",       BECKET_X_PIPE_DISCIPLINE,       BOTH },
	{ 0x1c000018, "nca_s_fault_pipe_comm_error",       BECKET_S_COMM_FAILURE,          IN },
	{ 0x1c000019, "nca_s_fault_pipe_memory",           BECKET_S_OUT_OF_MEMORY,         IN },
	{ 0x1c00001a, "nca_s_fault_context_mismatch",      BECKET_X_SS_CONTEXT_MISMATCH,   BOTH },
	{ 0x1c00001b, "nca_s_fault_remote_no_memory",      BECKET_S_REMOTE_NO_MEMORY,      BOTH },
	{ 0x1c00001c, "nca_s_invalid_pres_context_id",     BECKET_S_UNKNOWN_IF,            IN },
	{ 0x1c00001d, "nca_s_unsupported_authn_level",     BECKET_S_UNSUPPORTED_AUTHN_LEVEL, BOTH },
	{ 0x1c00001f, "nca_s_invalid_checksum",            BECKET_S_ACCESS_DENIED,         IN },
	{ 0x1c000020, "nca_s_invalid_crc",                 BECKET_S_ACCESS_DENIED,         IN },
	{ 0x1c000021, "nca_s_fault_user_defined",          0,                              NAME },
	{ 0x1c000022, "nca_s_fault_tx_open_failed",        0,                              NAME },
	{ 0x1c000023, "nca_s_fault_codeset_conv_error",    0,                              NAME },
	{ 0x1c000024, "nca_s_fault_object_not_found",      BECKET_S_OBJECT_NOT_FOUND,      BOTH },
	{ 0x1c000025, "nca_s_fault_no_client_stub",        0,                              NAME },

	{ 0x1c010001, "nca_s_comm_failure",                BECKET_S_COMM_FAILURE,          IN },
	{ 0x1c010002, "nca_s_op_rng_error",                BECKET_S_PROCNUM_OUT_OF_RANGE,  BOTH },
	{ 0x1c010003, "nca_s_unk_if",                      BECKET_S_UNKNOWN_IF,            BOTH },
	{ 0x1c010006, "nca_s_wrong_boot_time",             0,                              NAME },
	{ 0x1c010009, "nca_s_you_crashed",                 BECKET_S_CALL_FAILED,           IN },
	{ 0x1c01000b, "nca_s_proto_error",                 BECKET_S_PROTOCOL_ERROR,        BOTH },
	{ 0x1c010013, "nca_s_out_args_too_big",            BECKET_S_REMOTE_NO_MEMORY,      IN },
	{ 0x1c010014, "nca_s_server_too_busy",             BECKET_S_SERVER_TOO_BUSY,       BOTH },
	{ 0x1c010015, "nca_s_fault_string_too_long",       0,                              NAME },
	{ 0x1c010017, "nca_s_unsupported_type",            BECKET_S_UNSUPPORTED_TYPE,      BOTH },
};
/* clang-format on */

enum { FAULTS = sizeof faults / sizeof *faults };

becket_status
fault_to_status(uint32_t wire)
{
	/* C706 has the reason of such a fault in its data. */
	if (wire == 0)
		return BECKET_S_CALL_FAILED;
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i].wire == wire && faults[i].direction != NAME)
			return faults[i].status;
	return wire;
}

uint32_t
fault_from_status(becket_status status)
{
	if (status == BECKET_S_OK)
		status = BECKET_S_CALL_FAILED;
	/* What is short here is far away for the client. */
	if (status == BECKET_S_OUT_OF_MEMORY)
		status = BECKET_S_REMOTE_NO_MEMORY;
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i].status == status && faults[i].direction == BOTH)
			return faults[i].wire;
	return status;
}

const char *
fault_name(uint32_t wire)
{
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i].wire == wire)
			return faults[i].name;
	return NULL;
}
