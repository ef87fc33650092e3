/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/echo.h"

/*
 * What DCE promises of handles and runtimes, whatever the calls do.
 */

/* Also a name that nobody could look up is none of its business. */
static void
a_handle_is_made_without_a_word_to_the_network(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct becket_runtime *runtime;
	struct becket_binding *binding, *copy, *nowhere;
	unsigned before;
	char text[64];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address,
	                     &size),
	    0);
	snprintf(text, sizeof text, "ncacn_ip_tcp:127.0.0.1[%u]",
	    ntohs(address.sin_port));
	assert_int_equal(becket_runtime_new(NULL, &runtime), 0);
	before = echo_count_descriptors();
	assert_int_equal(becket_binding_from_string_binding(runtime, text,
	                     &binding),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_from_string_binding(runtime,
	                     "ncacn_ip_tcp:nobody.invalid", &nowhere),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_copy(binding, &copy), BECKET_S_OK);
	assert_int_equal(becket_binding_reset(copy), BECKET_S_OK);
	assert_int_equal(echo_count_descriptors(), before);
	assert_int_equal(accept(listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	becket_binding_free(&nowhere);
	becket_binding_free(&copy);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	close(listener);
}

enum { SERVERS = 3, CALLS = 100 };

struct caller {
	struct becket_binding *binding;
	char name[8];
	unsigned wrong;
};

static void *
call_many(void *argument)
{
	struct caller *caller = argument;

	for (int i = 0; i < CALLS; i++) {
		struct becket_bytes *response = NULL;

		if (echo_call(caller->binding, ECHO, caller->name, &response) !=
		        BECKET_S_OK ||
		    response->size != strlen(caller->name) ||
		    memcmp(response->data, caller->name, response->size) != 0)
			caller->wrong++;
		becket_stub_free(response);
	}
	return NULL;
}

static struct becket_binding *
bind_from(struct becket_runtime *runtime, const char *address)
{
	struct becket_binding *binding = NULL;

	assert_int_equal(becket_binding_from_string_binding(runtime, address,
	                     &binding),
	    BECKET_S_OK);
	return binding;
}

/* One client, with a handle for each. */
static void
handles_for_several_servers_serve_several_threads(void **state)
{
	struct caller callers[SERVERS] = { 0 };
	struct echo servers[SERVERS];
	pthread_t threads[SERVERS];
	struct becket_runtime *runtime;

	(void)state;
	assert_int_equal(becket_runtime_new(NULL, &runtime), 0);
	for (int i = 0; i < SERVERS; i++) {
		echo_start(&servers[i], NULL);
		snprintf(callers[i].name, sizeof callers[i].name, "to %d", i);
		callers[i].binding =
		    bind_from(runtime, servers[i].addresses[0]);
	}
	for (int i = 0; i < SERVERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_many,
		                     &callers[i]),
		    0);
	for (int i = 0; i < SERVERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(callers[i].wrong, 0);
		becket_binding_free(&callers[i].binding);
	}
	for (int i = 0; i < SERVERS; i++) {
		assert_int_equal(atomic_load(&servers[i].accesses), CALLS);
		echo_stop(&servers[i]);
	}
	becket_runtime_free(runtime);
}

/* A manager routine's failure is a fault, and nothing comes out of the call. */
static void
a_failure_gives_nothing_back(void **state)
{
	const struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_binding *binding;
	void *response = state;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = echo_bind(&echo, echo.addresses[0]);
	assert_int_not_equal(becket_stub_call(binding, &echo_interface, FAIL,
	                         &request, &response),
	    BECKET_S_OK);
	assert_ptr_equal(response, state);
	assert_int_equal(becket_error_last()->outcome, BECKET_EXECUTED);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
runtimes_come_and_go_and_leave_nothing(void **state)
{
	struct becket_runtime *runtimes[2];
	struct sigaction action;
	unsigned before = echo_count_descriptors();

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct becket_binding *binding;
		struct echo echo;

		assert_int_equal(becket_runtime_new(NULL, &runtimes[0]), 0);
		assert_int_equal(becket_runtime_new(NULL, &runtimes[1]), 0);
		echo_start(&echo, NULL);
		binding = bind_from(runtimes[i % 2], echo.addresses[0]);
		echo_expect(binding, ECHO, "x", "x");
		becket_binding_free(&binding);
		becket_runtime_free(runtimes[0]);
		becket_runtime_free(runtimes[1]);
		echo_stop(&echo);
		assert_int_equal(echo_count_descriptors(), before);
	}
	/* Signals are the application's. */
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_handle_is_made_without_a_word_to_the_network),
		cmocka_unit_test(
		    handles_for_several_servers_serve_several_threads),
		cmocka_unit_test(a_failure_gives_nothing_back),
		cmocka_unit_test(runtimes_come_and_go_and_leave_nothing),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
