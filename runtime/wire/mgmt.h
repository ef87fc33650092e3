/* SPDX-License-Identifier: MIT */
#ifndef WIRE_MGMT_H
#define WIRE_MGMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "wire/cursor.h"
#include "wire/syntax.h"

/*
 * The interface mgmt, which every server has (C706 appendix Q, PROTOCOL.md
 * section 7): the stub data of its operations, in NDR. One layout for both
 * roles and both ways; where there is none there is nothing to say. Trailing
 * bytes are to be ignored: clients send them.
 */
extern const struct syntax_id mgmt_interface; /* afa8bd80-...-08002b102989 */

enum mgmt_operation {
	MGMT_INQ_IF_IDS = 0,
	MGMT_INQ_STATS = 1,
	MGMT_IS_SERVER_LISTENING = 2,
	MGMT_STOP_SERVER_LISTENING = 3,
	MGMT_INQ_PRINC_NAME = 4,
	MGMT_OPERATIONS = 5,
};

/* Put: count of ids. Get: up to capacity of them, count being how many came,
 * so that a first get with capacity 0 says how many there are.
 */
struct mgmt_if_ids {
	struct syntax_id *ids;
	uint32_t capacity; /* get */
	uint32_t count;
	becket_status status;
};
void mgmt_inq_if_ids_out(struct cursor *c, struct mgmt_if_ids *out);
/* Bytes that it puts. */
size_t mgmt_inq_if_ids_size(uint32_t count);

enum {
	MGMT_CALLS_IN,
	MGMT_CALLS_OUT,
	MGMT_PACKETS_IN,
	MGMT_PACKETS_OUT,
	MGMT_STATS,
};

struct mgmt_stats {
	uint32_t count; /* <= MGMT_STATS, on get too */
	uint32_t values[MGMT_STATS];
	becket_status status;
};
/* How many the client wants, at most; more than there are is no error. */
void mgmt_inq_stats_in(struct cursor *c, uint32_t *count);
void mgmt_inq_stats_out(struct cursor *c, struct mgmt_stats *out);

struct mgmt_listening {
	becket_status status;
	bool listening;
};
void mgmt_is_server_listening_out(struct cursor *c, struct mgmt_listening *out);

void mgmt_stop_server_listening_out(struct cursor *c, becket_status *status);

struct mgmt_princ_name_in {
	uint32_t authn_service;
	uint32_t size; /* room for the name with its NUL; 0 is refused */
};
struct mgmt_princ_name {
	uint32_t size;            /* as asked */
	struct becket_bytes name; /* no NUL; a view on get */
	becket_status status;
};
void mgmt_inq_princ_name_in(struct cursor *c, struct mgmt_princ_name_in *in);
void mgmt_inq_princ_name_out(struct cursor *c, struct mgmt_princ_name *out);

/* Bytes that the others put at most, the name aside. */
enum { MGMT_SMALL_SIZE = 32 };

#endif
