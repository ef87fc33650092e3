/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "io/binding.h"
#include "io/client_conn.h"
#include "io/clock.h"
#include "tests/live/echo.h"

/*
 * The client against a server that behaves. Each test runs for each protocol
 * sequence.
 */
struct place {
	size_t which;
	struct echo echo;
	struct becket_binding *binding;
};

static int
setup(void **state)
{
	struct place *place = *state;

	echo_start(&place->echo, NULL);
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_binding_free(&place->binding);
	echo_stop(&place->echo);
	return 0;
}

static size_t
count_list(struct list *list)
{
	size_t count = 0;

	list_for_each (node, list)
		count++;
	return count;
}

static struct client_association *
association_of(struct becket_binding *binding)
{
	assert_int_equal(count_list(&binding->uses), 1);
	return container_of(binding->uses.next, struct binding_use, node)
	    ->association;
}

static void
calls_one_after_the_other_share_a_connection(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 100; i++)
		echo_expect(place->binding, ECHO, "hello", "hello");
	assert_int_equal(count_list(&association_of(place->binding)->idle), 1);
	assert_int_equal(association_of(place->binding)->members, 1);
}

static void
a_copy_calls_on_the_same_connection(void **state)
{
	struct place *place = *state;
	struct becket_binding *copy;

	echo_expect(place->binding, ECHO, "a", "a");
	assert_int_equal(becket_binding_copy(place->binding, &copy), 0);
	echo_expect(copy, ECHO, "b", "b");
	assert_int_equal(count_list(&association_of(place->binding)->idle), 1);
	becket_binding_free(&place->binding);
	echo_expect(copy, ECHO, "c", "c");
	place->binding = copy;
}

enum { THREADS = 8, CALLS = 50 };

struct caller {
	pthread_t thread;
	struct becket_binding *binding;
	int number;
	unsigned wrong;
};

static void *
call_many(void *argument)
{
	struct caller *caller = argument;

	for (int i = 0; i < CALLS; i++) {
		struct becket_bytes *response = NULL;
		char text[32];

		snprintf(text, sizeof text, "%d/%d", caller->number, i);
		if (echo_call(caller->binding, ECHO, text, &response) != 0) {
			caller->wrong++;
			continue;
		}
		if (response->size != strlen(text) ||
		    memcmp(response->data, text, response->size) != 0)
			caller->wrong++;
		becket_stub_free(response);
	}
	return NULL;
}

static void
many_threads_call_through_one_handle(void **state)
{
	struct place *place = *state;
	struct caller callers[THREADS];
	struct client_association *association;

	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){
			.binding = place->binding,
			.number = i,
		};
		assert_int_equal(pthread_create(&callers[i].thread, NULL,
		                     call_many, &callers[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].wrong, 0);
	}
	association = association_of(place->binding);
	assert_in_range(count_list(&association->idle), 1, THREADS);
	assert_int_equal(association->members, count_list(&association->idle));
}

static void *
reset_many(void *argument)
{
	struct becket_binding *binding = argument;
	struct becket_uuid object = { .time_low = 1 };

	for (int i = 0; i < CALLS; i++) {
		struct becket_binding *copy = NULL;

		if (becket_binding_copy(binding, &copy) == 0)
			becket_binding_free(&copy);
		(void)!becket_binding_reset(binding);
		(void)!becket_binding_set_object(binding,
		    i % 2 ? &object : NULL);
	}
	return NULL;
}

static void
a_handle_may_be_copied_and_reset_while_it_is_used(void **state)
{
	struct place *place = *state;
	struct caller caller = { .binding = place->binding };
	pthread_t other;

	assert_int_equal(pthread_create(&caller.thread, NULL, call_many,
	                     &caller),
	    0);
	assert_int_equal(pthread_create(&other, NULL, reset_many,
	                     place->binding),
	    0);
	pthread_join(caller.thread, NULL);
	pthread_join(other, NULL);
	assert_int_equal(caller.wrong, 0);
}

static void
large_messages_go_both_ways(void **state)
{
	struct place *place = *state;
	size_t size = (4u << 20) - 64;
	char *text = malloc(size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i % 26);
	text[size] = '\0';
	echo_expect(place->binding, ECHO, text, text);
	free(text);
}

static void
a_response_may_be_larger_than_any_request(void **state)
{
	struct place *place = *state;
	struct becket_bytes *response = NULL;

	assert_int_equal(echo_call(place->binding, FILL, "20000000", &response),
	    0);
	assert_int_equal(response->size, 20000000);
	for (size_t i = 0; i < response->size; i += 4093)
		assert_int_equal(response->data[i], (uint8_t)i);
	becket_stub_free(response);
}

static void
a_failure_brings_the_sentence_of_the_manager_routine(void **state)
{
	struct place *place = *state;
	struct becket_bytes *response = NULL;
	const struct becket_error *error = becket_error_last();

	assert_int_equal(echo_call(place->binding, FAIL, "it", &response),
	    0x20001234);
	assert_null(response);
	assert_int_equal(error->status, 0x20001234);
	assert_int_equal(error->outcome, BECKET_EXECUTED);
	assert_string_equal(error->detail, "no luck with \"it\"");
	assert_string_equal(error->interface, "test.Echo");
	assert_string_equal(error->operation, "Fail");
	assert_non_null(strstr(error->sentence,
	    ": server answered with status 0x20001234: no luck with \"it\" "
	    "(executed)"));
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
a_routine_that_is_absent_is_not_implemented(void **state)
{
	struct place *place = *state;
	struct becket_bytes *response = NULL;

	assert_int_equal(echo_call(place->binding, ABSENT, "", &response),
	    BECKET_S_NOT_IMPLEMENTED);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
a_handle_that_is_missing_is_missed(void **state)
{
	struct becket_bytes request = { 0 };
	void *response = NULL;

	(void)state;
	assert_int_equal(becket_stub_call(NULL, &echo_interface, ECHO, &request,
	                     &response),
	    BECKET_S_INVALID_ARG);
	assert_string_equal(becket_error_last()->sentence,
	    "there is no binding handle (not executed)");
}

static void
an_interface_that_is_not_there_is_unknown(void **state)
{
	struct place *place = *state;
	struct becket_interface other = echo_interface;
	struct becket_bytes request = { 0 };
	void *response = NULL;

	other.uuid.time_low++;
	assert_int_equal(becket_stub_call(place->binding, &other, ECHO,
	                     &request, &response),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	echo_expect(place->binding, ECHO, "still", "still");
	other = echo_interface;
	other.minor++;
	assert_int_equal(becket_stub_call(place->binding, &other, ECHO,
	                     &request, &response),
	    BECKET_S_UNKNOWN_IF);
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
a_slow_routine_ends_with_the_deadline(void **state)
{
	struct place *place = *state;
	struct becket_bytes *response = NULL;
	uint64_t start = clock_now();

	becket_binding_set_next_timeout(place->binding, 300);
	assert_int_equal(echo_call(place->binding, HOLD, "", &response),
	    BECKET_S_CALL_CANCELLED);
	assert_in_range((clock_now() - start) / 1000000, 300, 10000);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	WAIT_UNTIL(becket_token_is_cancelled(place->echo.token));
	echo_expect(place->binding, ECHO, "still", "still");
	assert_int_equal(becket_token_fail(place->echo.token, 1, "late"), 0);
}

static int
tcp_option(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof value;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, option, &value, &size), 0);
	return value;
}

/* As the limits' default says. */
static void
a_silent_host_would_be_noticed(void **state)
{
	struct place *place = *state;
	struct client_association *association;
	int fd;

	if (place->which != 0)
		return;
	echo_expect(place->binding, ECHO, "a", "a");
	association = association_of(place->binding);
	fd = container_of(association->idle.next, struct client_conn, node)->fd;
	assert_int_equal(tcp_option(fd, TCP_USER_TIMEOUT), 30000);
	assert_int_equal(tcp_option(fd, TCP_KEEPIDLE), 15);
	assert_int_equal(tcp_option(fd, TCP_KEEPINTVL), 3);
}

static void
management_is_answered(void **state)
{
	struct place *place = *state;
	struct becket_if_id_vector *ids = NULL;
	struct becket_stats stats;
	char *name = NULL;

	echo_expect(place->binding, ECHO, "a", "a");
	assert_int_equal(becket_mgmt_is_server_listening(place->binding), 0);
	assert_int_equal(becket_mgmt_inq_stats(place->binding, &stats), 0);
	assert_in_range(stats.calls_in, 2, 10);
	assert_in_range(stats.packets_in, stats.calls_in, 100);
	assert_int_equal(becket_mgmt_inq_if_ids(place->binding, &ids), 0);
	assert_int_equal(ids->count, 1);
	assert_true(becket_uuid_equal(&ids->ids[0].uuid, &echo_interface.uuid));
	assert_int_equal(ids->ids[0].major, 1);
	becket_if_id_vector_free(&ids);
	assert_null(ids);
	assert_int_equal(becket_mgmt_inq_server_princ_name(place->binding, 10,
	                     &name),
	    BECKET_S_UNKNOWN_AUTHN_SERVICE);
	assert_null(name);
	assert_int_equal(becket_mgmt_stop_server_listening(place->binding),
	    BECKET_S_ACCESS_DENIED);
	assert_string_equal(becket_error_last()->interface, "mgmt");
	echo_expect(place->binding, ECHO, "still", "still");
}

static void
management_of_nobody_says_so(void **state)
{
	struct place *place = *state;
	struct becket_binding *binding =
	    echo_bind(&place->echo, "ncalrpc:[nobody]");
	struct becket_if_id_vector *ids = NULL;

	assert_int_equal(becket_mgmt_inq_if_ids(binding, &ids),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_string_equal(becket_error_last()->operation, "inq_if_ids");
	assert_null(ids);
	becket_binding_free(&binding);
}

/* Whatever the protocol sequence of this run. */
static void
a_server_is_reached_by_ipv6(void **state)
{
	struct place *place = *state;
	struct becket_server *server;
	struct becket_binding_vector *vector;
	becket_status status;

	assert_int_equal(becket_server_new(place->echo.runtime, NULL, &server),
	    0);
	status = becket_server_use_protseq(server, "ncacn_ip_tcp", "::1");
	if (status != BECKET_S_OK) {
		becket_server_free(server);
		print_message("# no IPv6 here\n");
		return;
	}
	assert_int_equal(becket_server_listen(server, BECKET_LISTEN_DONT_WAIT),
	    0);
	assert_int_equal(becket_server_inq_bindings(server, &vector), 0);
	assert_int_equal(becket_mgmt_is_server_listening(vector->bindings[0]),
	    0);
	becket_binding_vector_free(&vector);
	assert_int_equal(becket_server_stop(server), 0);
	assert_int_equal(becket_server_wait(server), 0);
	becket_server_free(server);
}

static void
no_descriptor_is_left_behind(void **state)
{
	struct place *place = *state;
	unsigned before;

	echo_expect(place->binding, ECHO, "a", "a");
	/* The server's end of each goes when it sees ours go. */
	before = echo_count_descriptors();
	for (int i = 0; i < 50; i++) {
		struct becket_binding *binding = echo_bind(&place->echo,
		    place->echo.addresses[place->which]);

		echo_expect(binding, ECHO, "a", "a");
		becket_binding_free(&binding);
	}
	WAIT_UNTIL(echo_count_descriptors() == before);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, setup, teardown, &places[0] }, \
	{ #test " (ncalrpc)", test, setup, teardown, &places[1] }
/* clang-format on */

int
main(void)
{
	static struct place places[] = { { .which = 0 }, { .which = 1 } };
	const struct CMUnitTest tests[] = {
		BOTH(calls_one_after_the_other_share_a_connection),
		BOTH(a_copy_calls_on_the_same_connection),
		BOTH(many_threads_call_through_one_handle),
		BOTH(a_handle_may_be_copied_and_reset_while_it_is_used),
		BOTH(large_messages_go_both_ways),
		BOTH(a_response_may_be_larger_than_any_request),
		BOTH(a_failure_brings_the_sentence_of_the_manager_routine),
		BOTH(a_routine_that_is_absent_is_not_implemented),
		BOTH(a_handle_that_is_missing_is_missed),
		BOTH(an_interface_that_is_not_there_is_unknown),
		BOTH(a_slow_routine_ends_with_the_deadline),
		BOTH(a_silent_host_would_be_noticed),
		BOTH(management_is_answered),
		BOTH(management_of_nobody_says_so),
		{ "a_server_is_reached_by_ipv6", a_server_is_reached_by_ipv6,
		    setup, teardown, &places[0] },
		BOTH(no_descriptor_is_left_behind),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
