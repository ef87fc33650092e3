/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "calc.becket.h"
#include "tests/live/raw.h"

/*
 * Generated code on a server: messages and parameters, deferred answers, many
 * threads, and requests that are no messages. Every test is run for each
 * protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

/* ------------------------------------------------------------ the server -- */

static becket_status
divide(struct becket_call *call, int64_t dividend, int64_t divisor,
    int64_t *ret_quotient, int64_t *ret_remainder)
{
	if (divisor == 0)
		return becket_call_fail(call, BECKET_S_ZERO_DIVIDE,
		    "%lld cannot be divided by zero", (long long)dividend);
	*ret_quotient = dividend / divisor;
	*ret_remainder = dividend % divisor;
	return BECKET_S_OK;
}

/* Answered by a thread of its own, which must be done with the server before
 * the server is freed.
 */
static atomic_uint additions;

struct addition {
	struct becket_token token;
	int64_t a, b;
};

static void *
add_slowly(void *argument)
{
	struct addition *addition = argument;

	assert_int_equal(calc_calculator_add_answer(addition->token,
	                     BECKET_S_OK, addition->a + addition->b),
	    BECKET_S_OK);
	free(addition);
	atomic_fetch_sub(&additions, 1);
	return NULL;
}

static becket_status
add(struct becket_call *call, int64_t a, int64_t b, int64_t *ret_sum)
{
	struct addition *addition = malloc(sizeof *addition);
	becket_status status;
	pthread_t thread;

	(void)ret_sum;
	if (addition == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*addition = (struct addition){ .a = a, .b = b };
	status = becket_call_defer(call, &addition->token);
	assert_int_equal(status, BECKET_S_ASYNC_CALL_PENDING);
	atomic_fetch_add(&additions, 1);
	assert_int_equal(pthread_create(&thread, NULL, add_slowly, addition),
	    0);
	pthread_detach(thread);
	return status;
}

static becket_status
sum(struct becket_call *call, const Calc__SumRequest *request,
    Calc__SumResponse *response)
{
	(void)call;
	for (size_t i = 0; i < request->n_terms; i++)
		response->sum += request->terms[i];
	return BECKET_S_OK;
}

static const struct calc_calculator_epv epv = {
	.divide = divide,
	.add = add,
	.sum = sum,
};

static struct becket_binding *
start(struct echo *echo, void **state)
{
	echo_start(echo, NULL);
	assert_int_equal(calc_calculator_register(echo->server, NULL, &epv, 0),
	    BECKET_S_OK);
	return echo_bind(echo, echo->addresses[which(state)]);
}

static void
stop(struct echo *echo, struct becket_binding *binding)
{
	WAIT_UNTIL(atomic_load(&additions) == 0);
	becket_binding_free(&binding);
	echo_stop(echo);
}

/* ------------------------------------------------------------- its tests -- */

static void
parameters_go_there_and_back(void **state)
{
	int64_t quotient = 0, remainder = 0;
	struct becket_binding *binding;
	struct echo echo;

	binding = start(&echo, state);
	assert_int_equal(calc_calculator_divide(binding, -7, 2, &quotient,
	                     &remainder),
	    BECKET_S_OK);
	assert_int_equal(quotient, -3);
	assert_int_equal(remainder, -1);
	assert_int_equal(calc_calculator_divide(binding, 1, 0, &quotient,
	                     &remainder),
	    BECKET_S_ZERO_DIVIDE);
	assert_string_equal(becket_error_last()->detail,
	    "1 cannot be divided by zero");
	assert_int_equal(quotient, -3);
	stop(&echo, binding);
}

static void
stubs_that_do_not_wait_do_the_same(void **state)
{
	Calc__SumRequest request = CALC__SUM_REQUEST__INIT;
	int64_t quotient = 0, remainder = 0, terms[] = { 1, 2, 3 };
	struct becket_async divide, refused, sum;
	struct becket_binding *binding;
	Calc__SumResponse *response;
	struct echo echo;

	binding = start(&echo, state);
	request.terms = terms;
	request.n_terms = 3;
	assert_int_equal(calc_calculator_divide_start(binding, -7, 2, &divide),
	    0);
	assert_int_equal(calc_calculator_divide_start(binding, 1, 0, &refused),
	    0);
	assert_int_equal(calc_calculator_sum_start(binding, &request, &sum), 0);
	terms[0] = 77;
	assert_int_equal(becket_async_wait(&sum, BECKET_FOREVER), 0);
	assert_int_equal(calc_calculator_sum_finish(&sum, &response), 0);
	assert_int_equal(response->sum, 6);
	calc_sum_response_free(response);
	assert_int_equal(becket_async_wait(&refused, BECKET_FOREVER),
	    BECKET_S_ZERO_DIVIDE);
	assert_int_equal(calc_calculator_divide_finish(&refused, &quotient,
	                     &remainder),
	    BECKET_S_ZERO_DIVIDE);
	assert_int_equal(quotient, 0);
	assert_int_equal(becket_async_wait(&divide, BECKET_FOREVER), 0);
	assert_int_equal(calc_calculator_divide_finish(&divide, &quotient,
	                     &remainder),
	    0);
	assert_int_equal(quotient, -3);
	assert_int_equal(remainder, -1);
	stop(&echo, binding);
}

static void
a_message_of_many_fragments_arrives(void **state)
{
	enum { TERMS = 200000 };
	int64_t *terms = malloc(TERMS * sizeof *terms), expected = 0;
	Calc__SumRequest request = CALC__SUM_REQUEST__INIT;
	struct becket_binding *binding;
	Calc__SumResponse *response;
	struct echo echo;

	binding = start(&echo, state);
	assert_non_null(terms);
	for (int64_t i = 0; i < TERMS; i++) {
		terms[i] = i % 2 == 0 ? i : -i;
		expected += terms[i];
	}
	request.terms = terms;
	request.n_terms = TERMS;
	assert_int_equal(calc_calculator_sum(binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->sum, expected);
	calc_sum_response_free(response);
	free(terms);
	stop(&echo, binding);
}

static void
answers_come_from_any_thread(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	binding = start(&echo, state);
	for (int64_t i = 0; i < 50; i++) {
		int64_t total = 0;

		assert_int_equal(calc_calculator_add(binding, i, i, &total),
		    BECKET_S_OK);
		assert_int_equal(total, 2 * i);
	}
	stop(&echo, binding);
}

struct share {
	struct becket_binding *binding;
	unsigned wrong;
};

static void *
call_often(void *argument)
{
	struct share *share = argument;

	for (int64_t i = 1; i <= 200; i++) {
		int64_t quotient = 0, remainder = 0, total = 0;

		if (calc_calculator_divide(share->binding, i * 7, i, &quotient,
		        &remainder) != BECKET_S_OK ||
		    quotient != 7)
			share->wrong++;
		if (i % 20 == 0 && (calc_calculator_add(share->binding, i, 1,
		                        &total) != BECKET_S_OK ||
		                       total != i + 1))
			share->wrong++;
	}
	return NULL;
}

static void
threads_share_a_handle(void **state)
{
	enum { THREADS = 8 };
	struct share shares[THREADS] = { 0 };
	struct becket_binding *binding;
	pthread_t threads[THREADS];
	struct echo echo;

	binding = start(&echo, state);
	for (size_t i = 0; i < THREADS; i++) {
		shares[i].binding = binding;
		assert_int_equal(pthread_create(&threads[i], NULL, call_often,
		                     &shares[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(shares[i].wrong, 0);
	}
	stop(&echo, binding);
}

static void
what_is_no_message_is_refused(void **state)
{
	static const struct {
		const char *stub;
		size_t size;
	} cases[] = {
		{ "\0\xff", 2 },                     /* no field */
		{ "\0\x0a\x7f", 3 },                 /* cut */
		{ "\0\x08", 2 },                     /* no value */
		{ "\0\x0a\x02\x80\x80", 5 },         /* a varint that goes on */
		{ "\0\x0b\x0b\x0b\x0b\x0b\x0b", 7 }, /* groups */
	};
	uint8_t data[RAW_FRAGMENT];
	struct becket_binding *binding;
	struct echo echo;
	int fd;

	binding = start(&echo, state);
	fd = raw_connect(&echo, which(state));
	raw_bind(fd, &calc_calculator_v1_interface.uuid, 1, SYNTAX_BECKET);
	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		raw_send(fd, data,
		    raw_request(i, 2, cases[i].stub, cases[i].size, data));
		raw_expect_fault(fd, i, BECKET_X_BAD_STUB_DATA,
		    PDU_DID_NOT_EXECUTE);
	}
	close(fd);
	stop(&echo, binding);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(parameters_go_there_and_back),
		BOTH(stubs_that_do_not_wait_do_the_same),
		BOTH(a_message_of_many_fragments_arrives),
		BOTH(answers_come_from_any_thread),
		BOTH(threads_share_a_handle),
		BOTH(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests_name("calc", tests, NULL, NULL);
}
