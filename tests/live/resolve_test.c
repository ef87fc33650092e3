/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/clock.h"
#include "tests/live/dns.h"
#include "tests/live/echo.h"

/*
 * Names of hosts, and a name server of ours.
 */
struct place {
	struct dns dns;
	struct echo echo;
	struct becket_runtime *runtime;
};

static int
setup(void **state)
{
	static struct place place;
	struct becket_runtime_options options = { .size = sizeof options };

	dns_start(&place.dns);
	echo_start(&place.echo, NULL);
	options.name_servers = place.dns.name;
	*state = &place;
	return becket_runtime_new(&options, &place.runtime) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_runtime_free(place->runtime);
	echo_stop(&place->echo);
	dns_stop(&place->dns);
	return 0;
}

static struct becket_binding *
handle(struct place *place, const char *host, const char *options)
{
	struct becket_binding *binding;
	char string[96];

	snprintf(string, sizeof string, "ncacn_ip_tcp:%s[%u%s]", host,
	    place->echo.port, options);
	assert_int_equal(becket_binding_from_string_binding(place->runtime,
	                     string, &binding),
	    0);
	return binding;
}

static uint64_t
milliseconds_since(uint64_t start)
{
	return (clock_now() - start) / 1000000;
}

/* Nobody listens at the first address, or what does answers as well. */
static void
a_name_is_looked_up_and_each_address_tried(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = handle(place, "two.test", "");

	echo_expect(binding, ECHO, "hello", "hello");
	assert_int_not_equal(place->dns.asked, 0);
	becket_binding_free(&binding);
}

static void
a_name_that_does_not_exist_is_unavailable(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = handle(place, "none.test", "");
	struct becket_bytes *response;

	assert_int_equal(echo_call(binding, ECHO, "x", &response),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(strstr(becket_error_last()->sentence, "none.test: "));
	becket_binding_free(&binding);
}

static void
a_silent_name_server_ends_with_the_deadline(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding = handle(place, "silent.test", "");
	unsigned open = echo_count_descriptors();
	struct becket_bytes *response;
	uint64_t start = clock_now();

	becket_binding_set_next_timeout(binding, 100);
	assert_int_equal(echo_call(binding, ECHO, "x", &response),
	    BECKET_S_CALL_CANCELLED);
	assert_in_range(milliseconds_since(start), 100, 10000);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(strstr(becket_error_last()->sentence,
	    "silent.test: no name server has answered yet"));
	assert_int_equal(echo_count_descriptors(), open);
	becket_binding_free(&binding);
}

static void
connect_timeout_counts_looking_up(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding =
	    handle(place, "silent.test", ",connect_timeout=60");
	struct becket_bytes *response;
	uint64_t start = clock_now();

	assert_int_equal(echo_call(binding, ECHO, "x", &response),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_in_range(milliseconds_since(start), 60, 10000);
	becket_binding_free(&binding);
}

static void
numeric_hosts_are_not_looked_up(void **state)
{
	struct place *place = *state;
	const char *hosts[] = { "127.0.0.1", "" };
	unsigned asked = place->dns.asked;

	for (size_t i = 0; i < 2; i++) {
		struct becket_binding *binding = handle(place, hosts[i], "");

		echo_expect(binding, ECHO, "hello", "hello");
		becket_binding_free(&binding);
	}
	assert_int_equal(place->dns.asked, asked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_looked_up_and_each_address_tried),
		cmocka_unit_test(a_name_that_does_not_exist_is_unavailable),
		cmocka_unit_test(a_silent_name_server_ends_with_the_deadline),
		cmocka_unit_test(connect_timeout_counts_looking_up),
		cmocka_unit_test(numeric_hosts_are_not_looked_up),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
