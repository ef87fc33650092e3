/* SPDX-License-Identifier: MIT */
/* A client of calc.Calculator. */
#include <becket.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calc.becket.h"

static const char usage[] =
    "usage: calculator [-n COUNT] BINDING divide DIVIDEND DIVISOR\n"
    "       calculator [-n COUNT] BINDING add A B\n"
    "       calculator [-n COUNT] BINDING sum TERM...\n"
    "\n"
    "With -n the call is made COUNT times, and the calls per second shown.\n";

static becket_status
divide(struct becket_binding *binding, size_t count, int64_t *values,
    char *ret_text, size_t size)
{
	int64_t quotient, remainder;
	becket_status status;
	(void)count;
	status = calc_calculator_divide(binding, values[0], values[1],
	    &quotient, &remainder);
	if (status == BECKET_S_OK)
		snprintf(ret_text, size, "%" PRId64 " remainder %" PRId64,
		    quotient, remainder);
	return status;
}

static becket_status
add(struct becket_binding *binding, size_t count, int64_t *values,
    char *ret_text, size_t size)
{
	int64_t sum;
	becket_status status;
	(void)count;
	status = calc_calculator_add(binding, values[0], values[1], &sum);
	if (status == BECKET_S_OK)
		snprintf(ret_text, size, "%" PRId64, sum);
	return status;
}

static becket_status
sum(struct becket_binding *binding, size_t count, int64_t *values,
    char *ret_text, size_t size)
{
	Calc__SumRequest request = CALC__SUM_REQUEST__INIT;
	Calc__SumResponse *response;
	becket_status status;
	request.n_terms = count;
	request.terms = values;
	status = calc_calculator_sum(binding, &request, &response);
	if (status != BECKET_S_OK)
		return status;
	snprintf(ret_text, size, "%" PRId64, response->sum);
	calc_sum_response_free(response);
	return status;
}

static const struct operation {
	const char *name;
	int least, most; /* arguments; most -1: any number */
	becket_status (*call)(struct becket_binding *binding, size_t count,
	    int64_t *values, char *ret_text, size_t size);
} operations[] = {
	{ "divide", 2, 2, divide },
	{ "add", 2, 2, add },
	{ "sum", 0, -1, sum },
};

static const struct operation *
find(const char *name, int arguments)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		const struct operation *operation = &operations[i];
		if (strcmp(operation->name, name) == 0 &&
		    arguments >= operation->least &&
		    (operation->most < 0 || arguments <= operation->most))
			return operation;
	}
	return NULL;
}

static int64_t
number(const char *text)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "calculator: '%s' is no 64-bit number\n", text);
		exit(2);
	}
	return value;
}

static double
now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
failed(becket_status status)
{
	const struct becket_error *error = becket_error_last();
	fprintf(stderr, "calculator: %s\n",
	    error->status == status ? error->sentence
	                            : becket_status_text(status));
	return 1;
}

static int
run(struct becket_binding *binding, const struct operation *operation,
    long times, size_t count, int64_t *values)
{
	char text[64] = "";
	double begin = now();
	for (long i = 0; i < times; i++) {
		becket_status status =
		    operation->call(binding, count, values, text, sizeof text);
		if (status != BECKET_S_OK)
			return failed(status);
	}
	double seconds = now() - begin;
	puts(text);
	if (times > 1)
		printf("%ld calls in %.3f s, %.0f calls/s\n", times, seconds,
		    (double)times / seconds);
	return 0;
}

int
main(int argc, char **argv)
{
	struct becket_runtime *runtime = NULL;
	struct becket_binding *binding = NULL;
	long times = 1;
	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		times = (long)number(argv[2]);
		argv += 2;
		argc -= 2;
	}
	const struct operation *operation =
	    argc < 3 ? NULL : find(argv[2], argc - 3);
	if (operation == NULL || times < 1) {
		fputs(usage, stderr);
		return 2;
	}
	size_t count = (size_t)argc - 3;
	int64_t *values = calloc(count + 1, sizeof *values);
	for (size_t i = 0; values != NULL && i < count; i++)
		values[i] = number(argv[i + 3]);
	becket_status status = becket_runtime_new(NULL, &runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, argv[1],
		    &binding);
	int result = status != BECKET_S_OK || values == NULL
	                 ? failed(status)
	                 : run(binding, operation, times, count, values);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	free(values);
	return result;
}
