/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_caller.h"
#include "fake_server.h"
#include "io/clock.h"

/*
 * Servers that cannot be reached, and calls that are not begun.
 */

/* ------------------------------------------------------ no connection --- */

static void
script_nothing(struct fake *fake)
{
	(void)fake;
}

static void
a_refused_port_is_unavailable_and_nothing_was_sent(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	const struct becket_error *error = becket_error_last();

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "Connection refused");
	caller_was_told(fake.string);
	assert_string_equal(error->host, "127.0.0.1");
	assert_string_equal(error->endpoint, fake.endpoint);
	assert_string_equal(error->interface, "test.Echo");
	assert_string_equal(error->operation, "Echo");
	assert_string_equal(error->detail, "");
	becket_binding_free(&binding);
}

static void
an_unknown_host_is_unavailable(void **state)
{
	struct becket_binding *binding =
	    caller_handle("ncacn_ip_tcp:no-such-host.invalid[1]");

	(void)state;
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "no-such-host.invalid: ");
	becket_binding_free(&binding);
}

/* What looks like an address is never asked of the resolver. */
static void
an_address_of_no_interface_is_unavailable(void **state)
{
	struct becket_binding *binding =
	    caller_handle("ncacn_ip_tcp:fe80::1%no-such-if[1]");

	(void)state;
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "fe80::1%no-such-if: ");
	becket_binding_free(&binding);
}

static void
a_missing_socket_is_unavailable(void **state)
{
	struct becket_binding *binding =
	    caller_handle("ncalrpc:[no-such-endpoint]");

	(void)state;
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "/tmp/no-such-endpoint: No such file or directory");
	becket_binding_free(&binding);
}

static size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void
failed_connects_leave_no_descriptor(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *tcp, *local;
	size_t before;

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	tcp = caller_handle(fake.string);
	local = caller_handle("ncalrpc:[no-such-endpoint]");
	before = open_descriptors();
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(caller_call(tcp, ECHO, "x", 1),
		    BECKET_S_SERVER_UNAVAILABLE);
		assert_int_equal(caller_call(local, ECHO, "x", 1),
		    BECKET_S_SERVER_UNAVAILABLE);
	}
	assert_int_equal(open_descriptors(), before);
	becket_binding_free(&tcp);
	becket_binding_free(&local);
}

/* A Unix socket whose backlog is full lets nobody in. */
static void
a_full_backlog_ends_with_the_deadline(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int filler = socket(AF_UNIX, SOCK_STREAM, 0);
	struct becket_binding *binding;
	char string[96];
	uint64_t start;

	(void)state;
	snprintf(address.sun_path, sizeof address.sun_path,
	    "/tmp/becket-full-%d", (int)getpid());
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(connect(filler, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	snprintf(string, sizeof string, "ncalrpc:[%s]",
	    strrchr(address.sun_path, '/') + 1);
	binding = caller_handle(string);
	becket_binding_set_next_timeout(binding, 120);
	start = clock_now();
	caller_fails(binding, BECKET_S_CALL_CANCELLED, BECKET_NOT_SENT, string);
	assert_in_range(caller_ms_since(start), 120, 10000);
	becket_binding_free(&binding);

	snprintf(string, sizeof string, "ncalrpc:[%s,connect_timeout=110]",
	    strrchr(address.sun_path, '/') + 1);
	binding = caller_handle(string);
	start = clock_now();
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "timed out");
	assert_in_range(caller_ms_since(start), 110, 10000);
	becket_binding_free(&binding);
	unlink(address.sun_path);
	close(filler);
	close(listener);
}

/* The empty host is ::1 and 127.0.0.1; the fake has the second alone. */
static void
every_address_is_tried(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	char string[64];

	(void)state;
	fake_start(&fake, fake_script_answer_one);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	binding = caller_handle(string);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
all_addresses_tried_are_in_the_sentence(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	char string[64], v4[64], v6[64];

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	snprintf(v4, sizeof v4, "127.0.0.1:%s: Conn", fake.endpoint);
	snprintf(v6, sizeof v6, "[::1]:%s: ", fake.endpoint);
	binding = caller_handle(string);
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT, v4);
	caller_was_told(v6);
	becket_binding_free(&binding);
}

/* -------------------------------------------------- partially bound ----- */

static void
without_an_endpoint_anywhere_there_is_no_call(void **state)
{
	struct becket_binding *binding =
	    caller_handle("ncacn_ip_tcp:127.0.0.1");

	(void)state;
	caller_fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "no map tells it");
	becket_binding_free(&binding);
}

static void
the_interface_may_know_its_endpoint(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding =
	    caller_handle("ncacn_ip_tcp:127.0.0.1");
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_interface interface = caller_echo;
	char string[64];
	const char *endpoints[] = { "ncalrpc:[other]", string, NULL };
	void *response;

	(void)state;
	fake_start(&fake, fake_script_answer_one);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	interface.endpoints = endpoints;
	assert_int_equal(becket_stub_call(binding, &interface, ECHO, &request,
	                     &response),
	    0);
	becket_stub_free(response);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

/* ------------------------------------------------- tables and arguments - */

static void
what_is_not_in_the_tables_is_refused_at_once(void **state)
{
	struct becket_binding *binding =
	    caller_handle("ncacn_ip_tcp:127.0.0.1[1]");
	struct becket_bytes request = { 0 };
	struct becket_interface other = { .abi = 99 };
	void *response = NULL;

	(void)state;
	assert_int_equal(caller_call(binding, STREAM, "x", 1),
	    BECKET_S_STREAMS_NOT_SUPPORTED);
	caller_was_told("test.Echo Stream");
	assert_int_equal(caller_call(binding, HOLE, "x", 1),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(caller_call(binding, 4, "x", 1),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(caller_call(NULL, ECHO, "x", 1), BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_call(binding, &other, ECHO, &request,
	                     &response),
	    BECKET_S_INVALID_ABI);
	assert_int_equal(becket_stub_call(binding, NULL, ECHO, &request,
	                     &response),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_call(binding, &caller_echo, ECHO, NULL,
	                     &response),
	    BECKET_S_INVALID_ARG);
	assert_null(response);
	becket_binding_free(&binding);
}

/* A request too large, and the connection is of use all the same. */
static void
a_request_beyond_the_limit_is_not_sent(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = (4u << 20) + 1;
	char *data = calloc(1, size);

	(void)state;
	assert_non_null(data);
	fake_start(&fake, fake_script_answer_two);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	assert_int_equal(caller_call(binding, ECHO, data, size),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	caller_was_told("4194304");
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_refused_port_is_unavailable_and_nothing_was_sent),
		cmocka_unit_test(an_unknown_host_is_unavailable),
		cmocka_unit_test(an_address_of_no_interface_is_unavailable),
		cmocka_unit_test(a_missing_socket_is_unavailable),
		cmocka_unit_test(failed_connects_leave_no_descriptor),
		cmocka_unit_test(a_full_backlog_ends_with_the_deadline),
		cmocka_unit_test(every_address_is_tried),
		cmocka_unit_test(all_addresses_tried_are_in_the_sentence),
		cmocka_unit_test(without_an_endpoint_anywhere_there_is_no_call),
		cmocka_unit_test(the_interface_may_know_its_endpoint),
		cmocka_unit_test(what_is_not_in_the_tables_is_refused_at_once),
		cmocka_unit_test(a_request_beyond_the_limit_is_not_sent),
	};

	return cmocka_run_group_tests_name("fake connect", tests, caller_setup,
	    caller_teardown);
}
