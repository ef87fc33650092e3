/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/live/echo.h"

/* Every test here is run for each protocol sequence. */
static const char *
address_of(struct echo *echo, void **state)
{
	return echo->addresses[*(size_t *)*state];
}

static void
a_call_is_answered(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = echo_bind(&echo, address_of(&echo, state));
	echo_expect(binding, ECHO, "hello", "hello");
	echo_expect(binding, ECHO, "", "");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &which[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &which[1] }

int
main(void)
{
	static size_t which[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(a_call_is_answered),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
