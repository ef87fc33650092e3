/* SPDX-License-Identifier: MIT */
#ifndef IO_SNIFF_H
#define IO_SNIFF_H

#include <stdbool.h>

#include "engine/door.h"
#include "io/runtime.h"

/*
 * A session that is none yet: it reads what the client says first, to find out
 * which protocol it speaks. A server whose runtime has another door puts it
 * before every session:
 *
 *   1 to 15, a version of DCE/RPC     the session that was given, which
 *                                     refuses all but 5
 *   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"   a session of that door, made only now
 *   anything else, or nothing in      closed, with a sentence
 *   limits.stall_ms
 *
 * It never has calls.
 */

/* dce is the sniffer's from here on, also on failure. S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status sniff_new(const struct becket_runtime *runtime,
    const struct door_server_config *config, struct session *dce,
    struct session **ret_session);

/* If *session is a sniffer that has found out: put what it found in its place,
 * with the bytes that have come, and free it. true: it is the other door.
 */
bool sniff_resolve(struct session **session, uint64_t now);

#endif
