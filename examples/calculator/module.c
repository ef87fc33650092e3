/* SPDX-License-Identifier: MIT */
/* The manager of calc.Calculator, as a module for becketd. */
#include <becket.h>
#include <becket_module.h>
#include <inttypes.h>

#include "calc.becket.h"

static becket_status
overflow(struct becket_call *call)
{
	return becket_call_fail(call, CALC__FAILURE__OVERFLOW,
	    "the result does not fit in 64 bits");
}

static becket_status
divide(struct becket_call *call, int64_t dividend, int64_t divisor,
    int64_t *ret_quotient, int64_t *ret_remainder)
{
	if (divisor == 0)
		return becket_call_fail(call, BECKET_S_ZERO_DIVIDE,
		    "%" PRId64 " cannot be divided by zero", dividend);
	if (dividend == INT64_MIN && divisor == -1)
		return overflow(call);
	*ret_quotient = dividend / divisor;
	*ret_remainder = dividend % divisor;
	return BECKET_S_OK;
}

static becket_status
add(struct becket_call *call, int64_t a, int64_t b, int64_t *ret_sum)
{
	return __builtin_add_overflow(a, b, ret_sum) ? overflow(call)
	                                             : BECKET_S_OK;
}

static becket_status
sum(struct becket_call *call, const Calc__SumRequest *request,
    Calc__SumResponse *response)
{
	for (size_t i = 0; i < request->n_terms; i++)
		if (__builtin_add_overflow(response->sum, request->terms[i],
		        &response->sum))
			return overflow(call);
	return BECKET_S_OK;
}

static becket_status
start(struct becket_module_host *host, struct becket_server *server)
{
	static const struct calc_calculator_epv epv = {
		.divide = divide,
		.add = add,
		.sum = sum,
	};
	(void)host; /* there is nothing to set */
	return calc_calculator_register(server, NULL, &epv, 0);
}

const struct becket_module *
becket_module(void)
{
	static const struct becket_module module = {
		.abi = BECKET_MODULE_ABI,
		.name = "calculator",
		.start = start,
	};
	return &module;
}
