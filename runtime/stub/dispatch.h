/* SPDX-License-Identifier: MIT */
#ifndef STUB_DISPATCH_H
#define STUB_DISPATCH_H

#include "stub/call.h"

/*
 * From a complete request to an encoded reply: decode, run, encode. Whatever
 * goes wrong before the manager routine is entered is a fault that says "did
 * not execute", so that the client knows that it may try again.
 */

/* Outside managers_enter(), first of all: ask which type the call's object has.
 * An application's function may be called, once for each call with an object.
 */
void dispatch_find_type(struct becket_call *call);

/* Within managers_enter(), as soon as a call begins: hold its manager if it is
 * to be refused at once, and say why: S_UNKNOWN_IF, S_UNSUPPORTED_TYPE,
 * S_ACCESS_DENIED, S_PROCNUM_OUT_OF_RANGE, S_STREAMS_NOT_SUPPORTED.
 */
BECKET_MUST_USE becket_status dispatch_admit(struct becket_call *call);

/* Within managers_enter(), when the request is complete: hold its manager.
 * S_UNKNOWN_IF, S_UNSUPPORTED_TYPE: it has been unregistered since.
 */
BECKET_MUST_USE becket_status dispatch_prepare(struct becket_call *call);

/* Outside: ask the application whether a prepared call may be made. false: no,
 * and call->reply says so.
 */
bool dispatch_authorize(struct becket_call *call);

/* Outside: may it run at once? If it waits, it comes back through resume(), and
 * has entered. If it is turned away, call->reply says so.
 */
enum gate_verdict dispatch_enter(struct becket_call *call);
/* It need not wait any more. false: it does not. */
bool dispatch_withdraw(struct becket_call *call);

/* Outside: run a call that has entered. true: call->reply is there.
 * false: the call is deferred and belongs to its token; it comes back through
 * post(). Or it is parked; then it comes back through resume(), to be run by
 * another call of this.
 */
bool dispatch_run(struct becket_call *call);

/* Outside: make call->reply a refusal that did not execute. */
void dispatch_refuse(struct becket_call *call, becket_status status);

/* What a manager's status says of an operation: with streams, X_PIPE_EMPTY is
 * the end of the client's, and as good as S_OK.
 */
becket_status dispatch_outcome(const struct becket_operation *operation,
    becket_status status);

/* Make call->reply from a manager's status and response; response may be NULL
 * when status is not S_OK. contexts: what has become of context handles, NULL:
 * what becket_call_set_context() has said. Any thread.
 */
void dispatch_answer(struct becket_call *call, becket_status status,
    void *const *contexts, const void *response);

#endif
