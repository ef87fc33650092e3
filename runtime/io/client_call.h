/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_CALL_H
#define IO_CLIENT_CALL_H

#include "io/binding.h"
#include "io/connector.h"
#include "io/error.h"
#include "io/lease.h"
#include "stub/invoke.h"

/*
 * What calls of both kinds, those that wait and those that do not, have in
 * common: when they have to be over, when they may be tried again, and what is
 * said of their failure.
 */

/* The call's place and the worst that earlier tries may have done. */
struct call_failure {
	struct error_place place;
	enum becket_outcome outcome;
};

/* Check what a stub was given; the error record is written. */
BECKET_MUST_USE becket_status
client_call_check(const struct becket_binding *binding,
    const struct invoke *invoke, bool is_complete);

/* The same for a call with streams. */
BECKET_MUST_USE becket_status
client_call_check_stream(const struct becket_binding *binding,
    const struct invoke *invoke, bool is_complete);

/* Give the call what its handle says now, its next call's metadata too; all but
 * a deadline.
 */
void client_call_follow(struct invoke *invoke,
    const struct becket_binding *binding, const struct binding_view *view);

/* What the handle says or else the IDL, in ms; 0: neither. */
uint32_t client_call_timeout(const struct invoke *invoke,
    const struct binding_view *view);
uint64_t client_call_deadline(const struct invoke *invoke,
    const struct binding_view *view);
/* Not after the deadline of the call. */
uint64_t client_call_connect_deadline(const struct invoke *invoke,
    const struct becket_binding *binding);

/* Nothing of the request can have been read, so it may be begun again on
 * another connection.
 */
bool client_call_was_not_read(const struct invoke *invoke,
    const struct lease *lease);

/* How long to wait before the next repetition of an idempotent call. */
uint64_t client_call_pause(uint32_t repeats);

/* A later try cannot undo what an earlier one may have done. */
enum becket_outcome client_call_worse(enum becket_outcome a,
    enum becket_outcome b);

/* what NULL: the status's own text. */
becket_status client_call_fail(const struct call_failure *failure,
    becket_status status, enum becket_outcome outcome, const char *what);
/* Before anything was sent, or without connection: status and why. Each returns
 * the status, and writes the error record.
 */
becket_status client_call_fail_early(const struct call_failure *failure,
    becket_status status, const char *why);
/* What the server, or the session, said of the end of a call. error: errno of
 * a connection that was lost, or 0.
 */
becket_status client_call_fail_ended(const struct call_failure *failure,
    const struct invoke *invoke, int error);
becket_status client_call_fail_decode(const struct call_failure *failure,
    becket_status status);

#endif
