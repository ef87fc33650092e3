/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_FAILURE_H
#define BECKET_CLIENT_FAILURE_H

#include "command.h"
#include "descriptor.h"

/*
 * Calls that fail: what is told of them, and the exit status.
 */

/* Tell that a call failed, as text or JSON; the exit status for it. */
int command_failed(const struct command *command, becket_status status);

/* The clock of deadlines; from when on a call of so many ms that is cancelled
 * is told as one whose deadline has passed.
 */
uint64_t call_now_ms(void);
uint64_t call_deadline_ms(uint32_t ms);

/* The same for a call of `call`, `list` or `describe` with call_deadline_ms(),
 * or 0: none. pool: the types of its details, or NULL.
 */
int call_failed(const struct command *command, const struct pool *pool,
    becket_status status, uint64_t deadline_ms);

#endif
