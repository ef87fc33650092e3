/* SPDX-License-Identifier: MIT */
#ifndef STUB_TOKEN_H
#define STUB_TOKEN_H

#include <pthread.h>
#include <stdarg.h>

#include "base/idmap.h"
#include "becket_stub.h"

/*
 * The tokens of a server: deferred calls that wait for their answer. Who takes
 * a call out of the table is the one who answers it; any thread may.
 */
struct call_host;

struct tokens {
	pthread_mutex_t lock;
	struct idmap calls; /* struct becket_call */
};

void tokens_init(struct tokens *tokens, const struct becket_memory *memory,
    uint32_t limit);
/* Frees the calls that nobody has answered. */
void tokens_fini(struct tokens *tokens);

/* The manager routine that deferred the call wants to answer it after all.
 * false: it has been answered already.
 */
bool token_withdraw(struct becket_call *call);

/* becket_stub_answer_contexts(), becket_token_fail(),
 * becket_token_is_cancelled(). */
BECKET_MUST_USE becket_status token_answer(struct call_host *host,
    struct becket_token token, const struct becket_interface *interface,
    uint16_t opnum, becket_status status, void *const *contexts,
    const void *response);
BECKET_MUST_USE becket_status token_fail(struct call_host *host,
    struct becket_token token, becket_status status, const char *format,
    va_list arguments) BECKET_PRINTF(4, 0);
bool token_is_cancelled(struct call_host *host, struct becket_token token);

#endif
