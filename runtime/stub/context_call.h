/* SPDX-License-Identifier: MIT */
#ifndef STUB_CONTEXT_CALL_H
#define STUB_CONTEXT_CALL_H

#include "stub/call.h"

/*
 * What a call does with context handles, in two halves: context_call.c, how it
 * gets in to them and leaves; context_answer.c, what comes out and what is left
 * in the end. Both look at its rows like this.
 */
static inline struct contexts *
contexts_of(const struct becket_call *call)
{
	return call->host->contexts;
}

static inline uint16_t
count_of(const struct becket_call *call)
{
	const struct becket_operation *operation = becket_call_operation(call);

	return operation == NULL ? 0 : operation->context_count;
}

static inline const struct becket_context_parameter *
parameter_of(const struct becket_call *call, size_t row)
{
	return &becket_call_operation(call)->contexts[row];
}

#endif
