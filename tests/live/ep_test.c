/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/mapper.h"
#include "tests/live/echo.h"
#include "wire/epm.h"
#include "wire/tower.h"

/*
 * The endpoint map with its mapper, servers that register, and clients that
 * look for them, each with a runtime of its own, in one process but for those
 * that are to be killed.
 */
struct place {
	struct echo echo; /* the server that registers; its directory */
	struct becket_runtime *runtime;
	struct becket_server *server; /* the mapper */
	struct mapper *mapper;
	char tcp[64]; /* string binding of the mapper's TCP endpoint */
};

static struct becket_runtime *
new_runtime(const char *dir)
{
	const struct becket_runtime_options options = {
		.size = sizeof options,
		.ncalrpc_dir = dir,
	};
	struct becket_runtime *runtime;

	assert_int_equal(becket_runtime_new(&options, &runtime), BECKET_S_OK);
	return runtime;
}

static void
find_tcp(struct place *place)
{
	struct becket_binding_vector *vector;

	assert_int_equal(becket_server_inq_bindings(place->server, &vector),
	    BECKET_S_OK);
	for (size_t i = 0; i < vector->count; i++) {
		char *text = NULL;

		assert_int_equal(becket_binding_to_string_binding(vector
		                                                      ->bindings
		                                                          [i],
		                     &text),
		    BECKET_S_OK);
		if (strncmp(text, "ncacn", 5) == 0)
			snprintf(place->tcp, sizeof place->tcp, "%s", text);
		becket_string_free(place->runtime, &text);
	}
	becket_binding_vector_free(&vector);
}

static void
start_mapper(struct place *place)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct becket_server_options options = {
		.size = sizeof options,
		.loops = 2,
	};

	place->runtime = new_runtime(place->echo.dir);
	assert_int_equal(becket_server_new(place->runtime, &options,
	                     &place->server),
	    BECKET_S_OK);
	assert_int_equal(mapper_new(place->server, &limits, &place->mapper),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq_ep(place->server, "ncalrpc",
	                     NULL, "epmapper"),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(place->server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    BECKET_S_OK);
	find_tcp(place);
	assert_int_equal(becket_server_listen(place->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static void
stop_mapper(struct place *place)
{
	becket_server_stop_now(place->server);
	assert_int_equal(becket_server_wait(place->server), BECKET_S_OK);
	becket_server_free(place->server);
	mapper_free(place->mapper);
	becket_runtime_free(place->runtime);
}

static void
open_place(struct place *place)
{
	echo_open(&place->echo, NULL);
	start_mapper(place);
}

static void
listen_now(struct place *place)
{
	assert_int_equal(becket_server_listen(place->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static void
start_place(struct place *place)
{
	open_place(place);
	listen_now(place);
}

static void
stop_place(struct place *place)
{
	stop_mapper(place);
	echo_stop(&place->echo);
}

static void
enter(struct place *place)
{
	becket_status status = becket_ep_register(place->echo.server,
	    &echo_interface, NULL, NULL, "echo");

	if (status != BECKET_S_OK)
		print_error("%s\n", becket_error_last()->sentence);
	assert_int_equal(status, BECKET_S_OK);
}

static struct becket_binding *
partial(struct place *place, const char *text)
{
	return echo_bind(&place->echo, text);
}

/* What a handle that knows no endpoint would be told. */
static becket_status
resolve(struct place *place, const char *text,
    const struct becket_interface *interface)
{
	struct becket_binding *binding = partial(place, text);
	becket_status status = becket_ep_resolve_binding(binding, interface);

	becket_binding_free(&binding);
	return status;
}

static size_t
count_entries(struct place *place)
{
	struct becket_ep_inquiry *inquiry;
	struct becket_ep_element element;
	size_t count = 0;

	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place->echo.runtime, NULL,
	                     BECKET_EP_ALL_ELTS, NULL, BECKET_VERS_ALL, NULL,
	                     &inquiry),
	    BECKET_S_OK);
	while (becket_mgmt_ep_elt_inq_next(inquiry, &element) == BECKET_S_OK)
		count++;
	becket_mgmt_ep_elt_inq_done(&inquiry);
	return count;
}

/* How many entries one endpoint of an echo has: one for each transfer syntax.
 */
static size_t
entries_each(struct place *place)
{
	return count_entries(place) / 2;
}

/* ------------------------------------------------------------- resolve -- */

static void
a_partially_bound_handle_finds_its_server(void **state)
{
	static const char *const texts[] = { "ncacn_ip_tcp:127.0.0.1",
		"ncacn_ip_tcp:", "ncalrpc:" };
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct becket_binding *binding = partial(&place, texts[i]);

		echo_expect(binding, ECHO, "found", "found");
		becket_binding_free(&binding);
	}
	stop_place(&place);
}

static void
the_option_says_where_the_mapper_is(void **state)
{
	struct becket_binding *binding;
	struct place place;
	char text[64];
	unsigned port;

	(void)state;
	start_place(&place);
	enter(&place);
	assert_int_equal(sscanf(place.tcp, "ncacn_ip_tcp:127.0.0.1[%u]", &port),
	    1);
	snprintf(text, sizeof text, "ncacn_ip_tcp:127.0.0.1[mapper=%u]", port);
	binding = partial(&place, text);
	echo_expect(binding, ECHO, "found", "found");
	becket_binding_free(&binding);
	assert_int_equal(resolve(&place, "ncalrpc:[mapper=nobody]",
	                     &echo_interface),
	    BECKET_S_SERVER_UNAVAILABLE);
	stop_place(&place);
}

static void
the_environment_says_where_the_mapper_is(void **state)
{
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	setenv("BECKET_MAPPER", place.tcp, 1);
	runtime = new_runtime("/nonexistent");
	assert_int_equal(becket_binding_from_string_binding(runtime,
	                     "ncacn_ip_tcp:127.0.0.1", &binding),
	    BECKET_S_OK);
	echo_expect(binding, ECHO, "found", "found");
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	setenv("BECKET_MAPPER", "no binding", 1);
	assert_int_equal(becket_runtime_new(NULL, &runtime),
	    BECKET_S_INVALID_STRING_BINDING);
	unsetenv("BECKET_MAPPER");
	stop_place(&place);
}

static void
what_is_not_registered_is_said_so(void **state)
{
	struct becket_binding *binding;
	struct becket_bytes *response;
	struct place place;

	(void)state;
	start_place(&place);
	binding = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	assert_int_equal(echo_call(binding, ECHO, "x", &response),
	    BECKET_S_NOT_REGISTERED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(strstr(becket_error_last()->sentence, "endpoint map"));
	becket_binding_free(&binding);
	stop_place(&place);
}

/* R14 */
static void
versions_have_to_fit(void **state)
{
	static const struct {
		uint16_t major, minor;
		becket_status status;
	} rows[] = {
		{ 1, 0, BECKET_S_OK },
		{ 1, 1, BECKET_S_NOT_REGISTERED },
		{ 2, 0, BECKET_S_NOT_REGISTERED },
		{ 0, 0, BECKET_S_NOT_REGISTERED },
	};
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct becket_interface interface = echo_interface;

		interface.major = rows[i].major;
		interface.minor = rows[i].minor;
		assert_int_equal(resolve(&place, "ncalrpc:", &interface),
		    rows[i].status);
	}
	stop_place(&place);
}

static uint64_t
calls_of(struct becket_server *server)
{
	struct becket_stats stats;

	becket_server_inq_stats(server, &stats);
	return stats.calls_in;
}

static void
a_handle_asks_once_until_it_is_reset(void **state)
{
	struct becket_binding *binding, *copy;
	struct place place;
	uint64_t before;

	(void)state;
	start_place(&place);
	enter(&place);
	before = calls_of(place.server);
	binding = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	echo_expect(binding, ECHO, "1", "1");
	echo_expect(binding, ECHO, "2", "2");
	assert_int_equal(becket_binding_copy(binding, &copy), BECKET_S_OK);
	echo_expect(copy, ECHO, "3", "3");
	assert_int_equal(calls_of(place.server), before + 1);
	assert_int_equal(becket_binding_reset(binding), BECKET_S_OK);
	echo_expect(binding, ECHO, "4", "4");
	assert_int_equal(calls_of(place.server), before + 2);
	becket_binding_free(&copy);
	becket_binding_free(&binding);
	stop_place(&place);
}

static void
a_resolved_handle_shows_its_endpoint(void **state)
{
	struct becket_binding *binding;
	struct place place;
	char *text;

	(void)state;
	start_place(&place);
	enter(&place);
	binding = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	assert_int_equal(becket_ep_resolve_binding(binding, &echo_interface),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_to_string_binding(binding, &text),
	    BECKET_S_OK);
	assert_string_equal(text, place.echo.addresses[0]);
	becket_string_free(place.echo.runtime, &text);
	/* management has no entry, and goes where the others go */
	assert_int_equal(becket_mgmt_is_server_listening(binding), BECKET_S_OK);
	assert_int_equal(becket_binding_reset(binding), BECKET_S_OK);
	assert_int_equal(becket_binding_to_string_binding(binding, &text),
	    BECKET_S_OK);
	assert_string_equal(text, "ncacn_ip_tcp:127.0.0.1");
	becket_string_free(place.echo.runtime, &text);
	assert_int_equal(becket_mgmt_is_server_listening(binding),
	    BECKET_S_NO_ENDPOINT_FOUND);
	becket_binding_free(&binding);
	stop_place(&place);
}

/* R25 */
static void
a_fully_bound_handle_is_left_alone(void **state)
{
	struct place place;

	(void)state;
	start_place(&place);
	assert_int_equal(resolve(&place, "ncacn_ip_tcp:127.0.0.1[1]",
	                     &echo_interface),
	    BECKET_S_OK);
	stop_place(&place);
}

static void
the_interfaces_own_endpoint_comes_before_the_map(void **state)
{
	struct becket_interface interface = echo_interface;
	const char *endpoints[2] = { NULL, NULL };
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_binding *binding;
	struct place place;
	uint64_t before;
	void *response;

	(void)state;
	start_place(&place);
	endpoints[0] = place.echo.addresses[0];
	interface.endpoints = endpoints;
	before = calls_of(place.server);
	binding = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	assert_int_equal(becket_stub_call(binding, &interface, ECHO, &request,
	                     &response),
	    BECKET_S_OK);
	becket_stub_free(response);
	assert_int_equal(calls_of(place.server), before);
	becket_binding_free(&binding);
	stop_place(&place);
}

static void
objects_are_looked_for(void **state)
{
	const struct becket_uuid objects[] = { { .time_low = 1 },
		{ .time_low = 2 } };
	const struct becket_uuid_vector vector = { 2, objects };
	struct becket_uuid other = { .time_low = 3 };
	struct becket_binding *binding;
	struct place place;

	(void)state;
	start_place(&place);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, &vector, NULL),
	    BECKET_S_OK);
	binding = partial(&place, "ncalrpc:");
	assert_int_equal(becket_ep_resolve_binding(binding, &echo_interface),
	    BECKET_S_NOT_REGISTERED);
	assert_int_equal(becket_binding_set_object(binding, &objects[1]),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_resolve_binding(binding, &echo_interface),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_set_object(binding, &other),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_resolve_binding(binding, &echo_interface),
	    BECKET_S_NOT_REGISTERED);
	becket_binding_free(&binding);
	stop_place(&place);
}

/* R24 */
static void
a_server_that_moves_is_found_after_a_reset(void **state)
{
	struct becket_binding *binding;
	struct becket_bytes *response;
	struct place place;
	struct echo second;

	(void)state;
	start_place(&place);
	enter(&place);
	binding = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	echo_expect(binding, ECHO, "1", "1");
	echo_start(&second, NULL);
	becket_server_stop_now(place.echo.server);
	assert_int_equal(becket_server_wait(place.echo.server), BECKET_S_OK);
	/* the same interface elsewhere, in the same map */
	assert_int_equal(becket_server_use_protseq(place.echo.server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    BECKET_S_OK);
	listen_now(&place);
	enter(&place);
	assert_int_not_equal(echo_call(binding, ECHO, "2", &response),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_reset(binding), BECKET_S_OK);
	echo_expect(binding, ECHO, "3", "3");
	becket_binding_free(&binding);
	echo_stop(&second);
	stop_place(&place);
}

/* ------------------------------------------------------------ register -- */

static void
entries_go_when_they_are_unregistered(void **state)
{
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	assert_int_equal(resolve(&place, "ncalrpc:", &echo_interface),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_unregister(place.echo.server,
	                     &echo_interface, NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), 0);
	assert_int_equal(becket_ep_unregister(place.echo.server,
	                     &echo_interface, NULL, NULL),
	    BECKET_S_NOT_REGISTERED);
	stop_place(&place);
}

static void
entries_go_when_the_server_stops(void **state)
{
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	assert_int_not_equal(count_entries(&place), 0);
	assert_int_equal(becket_server_stop(place.echo.server), BECKET_S_OK);
	WAIT_UNTIL(count_entries(&place) == 0);
	assert_int_equal(becket_server_wait(place.echo.server), BECKET_S_OK);
	stop_place(&place);
}

static void
to_register_again_replaces(void **state)
{
	struct place place;
	size_t each;

	(void)state;
	start_place(&place);
	enter(&place);
	each = entries_each(&place);
	assert_in_range(each, 1, 2);
	enter(&place);
	assert_int_equal(count_entries(&place), 2 * each);
	assert_int_equal(becket_server_use_protseq_ep(place.echo.server,
	                     "ncalrpc", NULL, "second"),
	    BECKET_S_OK);
	/* all endpoints of a call stay, also two of one protocol sequence */
	enter(&place);
	assert_int_equal(count_entries(&place), 3 * each);
	stop_place(&place);
}

/* R12 */
static void
without_replacing_servers_stand_side_by_side(void **state)
{
	struct becket_binding *one;
	struct becket_binding_vector vector = { 1, &one };
	struct place place;
	size_t each;

	(void)state;
	start_place(&place);
	enter(&place);
	each = entries_each(&place);
	one = partial(&place, "ncacn_ip_tcp:127.0.0.1[9]");
	assert_int_equal(becket_ep_register_no_replace(place.echo.server,
	                     &echo_interface, &vector, NULL, "other"),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), 3 * each);
	assert_int_equal(becket_ep_unregister(place.echo.server, NULL, &vector,
	                     NULL),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), 2 * each);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     &vector, NULL, "other"),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), 2 * each);
	becket_binding_free(&one);
	stop_place(&place);
}

static void
what_cannot_be_registered_is_refused(void **state)
{
	const struct becket_binding_vector none = { 0, NULL };
	struct becket_interface other = echo_interface;
	struct becket_binding *bare;
	const struct becket_binding_vector vague = { 1, &bare };
	char long_text[65];
	struct place place;

	(void)state;
	start_place(&place);
	bare = partial(&place, "ncalrpc:");
	other.uuid.time_low++;
	memset(long_text, 'x', 64);
	long_text[64] = '\0';
	assert_int_equal(becket_ep_register(place.echo.server, &other, NULL,
	                     NULL, NULL),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     &none, NULL, NULL),
	    BECKET_S_NO_BINDINGS);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     &vague, NULL, NULL),
	    BECKET_S_INVALID_ENTRY);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, NULL, long_text),
	    BECKET_S_STRING_TOO_LONG);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, NULL, long_text + 1),
	    BECKET_S_OK);
	becket_binding_free(&bare);
	stop_place(&place);
}

static void
servers_register_again_when_the_mapper_is_back(void **state)
{
	struct place place;
	size_t count;

	(void)state;
	start_place(&place);
	enter(&place);
	count = count_entries(&place);
	for (int i = 0; i < 3; i++) {
		stop_mapper(&place);
		assert_int_equal(resolve(&place, "ncalrpc:", &echo_interface),
		    BECKET_S_SERVER_UNAVAILABLE);
		start_mapper(&place);
		WAIT_UNTIL(count_entries(&place) == count);
	}
	stop_place(&place);
}

static void
a_server_may_come_before_its_mapper(void **state)
{
	struct place place;

	(void)state;
	echo_open(&place.echo, NULL);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, NULL, NULL),
	    BECKET_S_SERVER_UNAVAILABLE);
	listen_now(&place);
	start_mapper(&place);
	WAIT_UNTIL(resolve(&place, "ncalrpc:", &echo_interface) == BECKET_S_OK);
	stop_place(&place);
}

static void
a_server_registers_later_without_waiting(void **state)
{
	struct place place;

	(void)state;
	open_place(&place);
	assert_int_equal(becket_ep_register_later(place.echo.server, NULL, NULL,
	                     NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), 0);
	listen_now(&place);
	WAIT_UNTIL(count_entries(&place) > 0);
	/* what is offered no more goes */
	assert_int_equal(becket_server_unregister_if(place.echo.server,
	                     &echo_interface, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_register_later(place.echo.server, NULL, NULL,
	                     NULL, NULL),
	    BECKET_S_OK);
	WAIT_UNTIL(count_entries(&place) == 0);
	stop_place(&place);
}

static void
a_mapper_may_register_its_own_interfaces(void **state)
{
	struct place place;

	(void)state;
	start_place(&place);
	assert_int_equal(becket_server_register_if(place.server,
	                     &echo_interface, &echo_routines, NULL, &place.echo,
	                     0),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_register_later(place.server, NULL, NULL,
	                     NULL, NULL),
	    BECKET_S_OK);
	WAIT_UNTIL(resolve(&place, "ncalrpc:", &echo_interface) == BECKET_S_OK);
	stop_place(&place);
}

/* It listens, and that is all it does. */
static int
open_mute_mapper(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/epmapper", dir);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void
a_mapper_that_does_not_answer_is_given_up(void **state)
{
	const struct becket_limits limits = { .call_ms = 50 };
	char path[64];
	struct place place;
	int fd;

	(void)state;
	echo_open(&place.echo, &limits);
	fd = open_mute_mapper(place.echo.dir);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, NULL, NULL),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(resolve(&place, "ncalrpc:", &echo_interface),
	    BECKET_S_CALL_CANCELLED);
	listen_now(&place);
	/* it is kept, and goes to a better one */
	snprintf(path, sizeof path, "%s/epmapper", place.echo.dir);
	assert_int_equal(unlink(path), 0);
	start_mapper(&place);
	close(fd);
	WAIT_UNTIL(count_entries(&place) > 0);
	stop_place(&place);
}

static void *
enter_often(void *argument)
{
	struct place *place = argument;

	for (int i = 0; i < 20; i++) {
		if (becket_ep_register(place->echo.server, &echo_interface,
		        NULL, NULL, NULL) != BECKET_S_OK)
			return place;
		if (i % 3 == 0)
			(void)!becket_ep_unregister(place->echo.server, NULL,
			    NULL, NULL);
	}
	return NULL;
}

static void
many_threads_register_at_once(void **state)
{
	pthread_t threads[4];
	struct place place;
	void *wrong;

	(void)state;
	start_place(&place);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter_often,
		                     &place),
		    0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	stop_place(&place);
}

/* ---------------------------------------------------------------- kill -- */

/* What another process of this program does: register, and wait to be killed.
 */
static int
registrant(const char *dir)
{
	struct becket_runtime *runtime = new_runtime(dir);
	struct becket_server *server;

	assert_int_equal(becket_server_new(runtime, NULL, &server),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if(server, &echo_interface,
	                     &echo_routines, NULL, &server, 0),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(server, "ncacn_ip_tcp",
	                     "127.0.0.1"),
	    BECKET_S_OK);
	assert_int_equal(becket_ep_register(server, &echo_interface, NULL, NULL,
	                     "killed"),
	    BECKET_S_OK);
	return (int)becket_server_listen(server, 0);
}

/* R13 */
static void
entries_go_when_their_server_is_killed(void **state)
{
	char self[] = "/proc/self/exe", word[] = "registrant";
	extern char **environ;
	struct place place;
	pid_t pid;

	(void)state;
	start_place(&place);
	assert_int_equal(posix_spawn(&pid, self, NULL, NULL,
	                     (char *[]){ self, word, place.echo.dir, NULL },
	                     environ),
	    0);
	WAIT_UNTIL(
	    resolve(&place, "ncacn_ip_tcp:", &echo_interface) == BECKET_S_OK);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	WAIT_UNTIL(count_entries(&place) == 0);
	stop_place(&place);
}

/* ---------------------------------------------------------- management -- */

static void
a_map_can_be_looked_through_in_many_batches(void **state)
{
	struct becket_uuid objects[100];
	const struct becket_uuid_vector vector = { 100, objects };
	const struct becket_if_id interface = { echo_interface.uuid, 1, 0 };
	struct becket_ep_inquiry *inquiry;
	struct becket_ep_element element;
	struct place place;
	size_t count = 0;

	(void)state;
	start_place(&place);
	for (uint32_t i = 0; i < 100; i++)
		objects[i] = (struct becket_uuid){ .time_low = i + 1 };
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, &vector, "many"),
	    BECKET_S_OK);
	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place.echo.runtime, NULL,
	                     BECKET_EP_MATCH_BY_IF, &interface,
	                     BECKET_VERS_EXACT, NULL, &inquiry),
	    BECKET_S_OK);
	while (becket_mgmt_ep_elt_inq_next(inquiry, &element) == BECKET_S_OK) {
		assert_string_equal(element.annotation, "many");
		assert_true(becket_uuid_equal(&element.interface.uuid,
		    &echo_interface.uuid));
		assert_non_null(strchr(element.binding, '@'));
		count++;
	}
	assert_int_equal(becket_error_last()->status,
	    BECKET_S_NO_MORE_ELEMENTS);
	assert_int_equal(count, count_entries(&place));
	assert_in_range(count, 200, 400);
	becket_mgmt_ep_elt_inq_done(&inquiry);
	/* one that is not walked to its end */
	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place.echo.runtime, NULL,
	                     BECKET_EP_MATCH_BY_OBJ, NULL, BECKET_VERS_ALL,
	                     &objects[7], &inquiry),
	    BECKET_S_OK);
	assert_int_equal(becket_mgmt_ep_elt_inq_next(inquiry, &element),
	    BECKET_S_OK);
	assert_true(becket_uuid_equal(&element.object, &objects[7]));
	becket_mgmt_ep_elt_inq_done(&inquiry);
	stop_place(&place);
}

static void
an_inquiry_knows_what_it_may_be_asked(void **state)
{
	const struct becket_if_id interface = { echo_interface.uuid, 1, 0 };
	struct becket_ep_inquiry *inquiry;
	struct place place;

	(void)state;
	start_place(&place);
	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place.echo.runtime, NULL,
	                     BECKET_EP_MATCH_BY_IF, NULL, BECKET_VERS_ALL, NULL,
	                     &inquiry),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place.echo.runtime, NULL,
	                     BECKET_EP_MATCH_BY_OBJ, NULL, BECKET_VERS_ALL,
	                     NULL, &inquiry),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place.echo.runtime, NULL,
	                     BECKET_EP_MATCH_BY_IF, &interface,
	                     (enum becket_vers_option)6, NULL, &inquiry),
	    BECKET_S_INVALID_VERS_OPTION);
	stop_place(&place);
}

static void
management_deletes_what_is_ours(void **state)
{
	const struct becket_if_id interface = { echo_interface.uuid, 1, 0 };
	struct becket_binding *mapper, *where;
	struct place place;
	size_t each;

	(void)state;
	start_place(&place);
	enter(&place);
	each = entries_each(&place);
	where = partial(&place, "ncacn_ip_tcp:127.0.0.1");
	/* nobody is known over TCP */
	mapper = partial(&place, place.tcp);
	assert_int_equal(becket_mgmt_ep_unregister(mapper, &interface, where,
	                     NULL),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_ep_unregister(NULL, &interface, where,
	                     NULL),
	    BECKET_S_OK);
	assert_int_equal(count_entries(&place), each);
	assert_int_equal(becket_mgmt_ep_unregister(NULL, &interface, where,
	                     NULL),
	    BECKET_S_NOT_REGISTERED);
	becket_binding_free(&mapper);
	becket_binding_free(&where);
	stop_place(&place);
}

/* ------------------------------------------------------------ the wire -- */

#define BYTES \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
#define PLAIN(text) \
	{ \
		.name = text, .request = BYTES, .response = BYTES \
	}
static const struct becket_operation epm_operations[EPM_OPERATIONS + 1] = {
	PLAIN("insert"), PLAIN("delete"), PLAIN("lookup"), PLAIN("map"),
	PLAIN("free"), PLAIN("inq_object"), PLAIN("mgmt_delete"),
	PLAIN("map_auth")
};
static const struct becket_interface epm = {
	.abi = BECKET_ABI,
	.flags = BECKET_INTERFACE_NDR,
	.name = "epmapper",
	.uuid = { 0xe1af8308, 0x5d1f, 0x11c9,
	    { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	.major = 3,
	.operation_count = EPM_OPERATIONS + 1,
	.operations = epm_operations,
};

static becket_status
ask(struct becket_binding *mapper, uint16_t opnum, const struct cursor *stub,
    struct becket_bytes **ret_response)
{
	const struct becket_bytes request = { stub->put, stub->at };
	void *response = NULL;
	becket_status status =
	    becket_stub_call(mapper, &epm, opnum, &request, &response);

	assert_int_equal(stub->status, BECKET_S_OK);
	*ret_response = response;
	return status;
}

static becket_status
look(struct becket_binding *mapper, struct epm_handle *handle, uint32_t max,
    uint32_t *ret_count, uint32_t *ret_status)
{
	uint8_t stub[EPM_SMALL_SIZE];
	struct cursor c = cursor_put(stub, sizeof stub);
	struct epm_lookup_in in = { .versions = EPM_VERS_ALL,
		.handle = *handle,
		.max = max };
	struct epm_lookup_out out = { 0 };
	struct becket_bytes *response;
	becket_status status;

	epm_lookup_in(&c, &in);
	status = ask(mapper, EPM_LOOKUP, &c, &response);
	if (status != BECKET_S_OK)
		return status;
	c = cursor_get(response->data, response->size, false);
	epm_lookup_out(&c, &out);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	becket_stub_free(response);
	*handle = out.handle;
	*ret_count = out.entries.count;
	*ret_status = out.status;
	return BECKET_S_OK;
}

static void
assert_look(struct becket_binding *mapper, struct epm_handle *handle,
    uint32_t max, uint32_t count, uint32_t status, bool goes_on)
{
	uint32_t got_count, got_status;

	assert_int_equal(look(mapper, handle, max, &got_count, &got_status),
	    BECKET_S_OK);
	assert_int_equal(got_count, count);
	assert_int_equal(got_status, status);
	assert_int_equal(!becket_uuid_is_nil(&handle->uuid), goes_on);
}

/* The rule at the end of the list, case by case: 4 entries. */
static void
a_lookup_ends_as_all_clients_understand(void **state)
{
	const struct becket_uuid objects[] = { { .time_low = 1 },
		{ .time_low = 2 } };
	const struct becket_uuid_vector vector = { 2, objects };
	struct epm_handle handle = { 0 };
	struct becket_binding *mapper;
	struct place place;
	uint32_t all;

	(void)state;
	start_place(&place);
	mapper = partial(&place, place.tcp);
	assert_look(mapper, &handle, 10, 0, EPM_NOT_REGISTERED, false);
	assert_int_equal(becket_ep_register(place.echo.server, &echo_interface,
	                     NULL, &vector, NULL),
	    BECKET_S_OK);
	all = (uint32_t)count_entries(&place);
	/* the first answer, with room to spare, and without */
	assert_look(mapper, &handle, all + 1, all, EPM_OK, false);
	assert_look(mapper, &handle, all, all, EPM_OK, true);
	/* ... after which nothing is left */
	assert_look(mapper, &handle, all, 0, EPM_NOT_REGISTERED, false);
	/* one at a time */
	for (uint32_t i = 0; i < all; i++)
		assert_look(mapper, &handle, 1, 1, EPM_OK, true);
	assert_look(mapper, &handle, 1, 0, EPM_NOT_REGISTERED, false);
	/* the last ones do not fill the room */
	assert_look(mapper, &handle, all - 1, all - 1, EPM_OK, true);
	assert_look(mapper, &handle, all - 1, 1, EPM_NOT_REGISTERED, false);
	becket_binding_free(&mapper);
	stop_place(&place);
}

static void
a_lookup_handle_is_its_associations_alone(void **state)
{
	struct epm_handle handle = { 0 }, copy;
	struct becket_binding *mapper, *other;
	uint32_t count, status;
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	mapper = partial(&place, place.tcp);
	other = partial(&place, place.tcp);
	assert_int_equal(becket_binding_set_option(other,
	                     BECKET_OPTION_UNIQUE_BINDING, 1),
	    BECKET_S_OK);
	assert_look(mapper, &handle, 1, 1, EPM_OK, true);
	copy = handle;
	assert_int_equal(look(other, &copy, 1, &count, &status),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	copy.uuid.time_low++;
	assert_int_equal(look(mapper, &copy, 1, &count, &status),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	becket_binding_free(&other);
	becket_binding_free(&mapper);
	stop_place(&place);
}

static void
a_lookup_handle_can_be_freed(void **state)
{
	struct epm_handle handle = { 0 }, copy;
	struct becket_bytes *response;
	struct becket_binding *mapper;
	uint32_t count, status;
	uint8_t stub[EPM_SMALL_SIZE];
	struct cursor c = cursor_put(stub, sizeof stub);
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	mapper = partial(&place, place.tcp);
	assert_look(mapper, &handle, 1, 1, EPM_OK, true);
	copy = handle;
	epm_handle_layout(&c, &handle);
	assert_int_equal(ask(mapper, EPM_LOOKUP_HANDLE_FREE, &c, &response),
	    BECKET_S_OK);
	c = cursor_get(response->data, response->size, false);
	epm_handle_out(&c, &handle, &status);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(status, EPM_OK);
	assert_true(becket_uuid_is_nil(&handle.uuid));
	becket_stub_free(response);
	assert_int_equal(look(mapper, &copy, 1, &count, &status),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	becket_binding_free(&mapper);
	stop_place(&place);
}

static void
put_insert(struct cursor *c)
{
	static uint8_t bytes[TOWER_SIZE_MAX];
	struct epm_entry entry = { .has_tower = true };
	struct epm_insert in = { { &entry, 0, 1, 0 }, true };
	struct tower tower = { .interface = { echo_interface.uuid, 1, 0 },
		.transfer = transfer_syntaxes[SYNTAX_BECKET] };
	struct tower_room room;
	size_t size;

	assert_int_equal(tower_build(&tower, "ncacn_ip_tcp", "", "1", &room),
	    0);
	assert_int_equal(tower_encode(&tower, bytes, &size), 0);
	entry.tower = (struct becket_bytes){ bytes, size };
	epm_insert_in(c, &in);
}

static void
nobody_registers_or_deletes_over_tcp(void **state)
{
	uint8_t stub[512];
	struct place place;

	(void)state;
	start_place(&place);
	enter(&place);
	for (uint16_t opnum = EPM_INSERT; opnum <= EPM_DELETE; opnum++) {
		struct becket_binding *mapper = partial(&place, place.tcp);
		struct cursor c = cursor_put(stub, sizeof stub);
		struct becket_bytes *response;
		uint32_t status = 0;

		put_insert(&c);
		assert_int_equal(ask(mapper, opnum, &c, &response),
		    BECKET_S_OK);
		c = cursor_get(response->data, response->size, false);
		epm_status_out(&c, &status);
		assert_int_equal(status, BECKET_S_ACCESS_DENIED);
		becket_stub_free(response);
		becket_binding_free(&mapper);
	}
	stop_place(&place);
}

static void
what_makes_no_sense_to_the_mapper_is_a_fault(void **state)
{
	uint8_t stub[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct becket_binding *mapper;
	struct becket_bytes *response;
	struct place place;

	(void)state;
	start_place(&place);
	mapper = partial(&place, place.tcp);
	for (uint16_t opnum = 0; opnum < EPM_OPERATIONS; opnum++) {
		struct cursor c = { .put = stub, .at = sizeof stub };

		if (opnum == EPM_INQ_OBJECT)
			continue;
		assert_int_equal(ask(mapper, opnum, &c, &response),
		    BECKET_X_BAD_STUB_DATA);
	}
	assert_int_equal(ask(mapper, EPM_OPERATIONS,
	                     &(struct cursor){ .put = stub }, &response),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	becket_binding_free(&mapper);
	stop_place(&place);
}

static void
the_mapper_has_an_object_of_its_own(void **state)
{
	struct becket_uuid object = { 0 };
	struct becket_binding *mapper;
	struct becket_bytes *response;
	uint8_t nothing;
	struct place place;
	struct cursor c;
	uint32_t status;

	(void)state;
	start_place(&place);
	mapper = partial(&place, place.tcp);
	assert_int_equal(ask(mapper, EPM_INQ_OBJECT,
	                     &(struct cursor){ .put = &nothing }, &response),
	    BECKET_S_OK);
	c = cursor_get(response->data, response->size, false);
	epm_inq_object_out(&c, &object, &status);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(status, EPM_OK);
	assert_false(becket_uuid_is_nil(&object));
	becket_stub_free(response);
	becket_binding_free(&mapper);
	stop_place(&place);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partially_bound_handle_finds_its_server),
		cmocka_unit_test(the_option_says_where_the_mapper_is),
		cmocka_unit_test(the_environment_says_where_the_mapper_is),
		cmocka_unit_test(what_is_not_registered_is_said_so),
		cmocka_unit_test(versions_have_to_fit),
		cmocka_unit_test(a_handle_asks_once_until_it_is_reset),
		cmocka_unit_test(a_resolved_handle_shows_its_endpoint),
		cmocka_unit_test(a_fully_bound_handle_is_left_alone),
		cmocka_unit_test(
		    the_interfaces_own_endpoint_comes_before_the_map),
		cmocka_unit_test(objects_are_looked_for),
		cmocka_unit_test(a_server_that_moves_is_found_after_a_reset),
		cmocka_unit_test(entries_go_when_they_are_unregistered),
		cmocka_unit_test(entries_go_when_the_server_stops),
		cmocka_unit_test(to_register_again_replaces),
		cmocka_unit_test(without_replacing_servers_stand_side_by_side),
		cmocka_unit_test(what_cannot_be_registered_is_refused),
		cmocka_unit_test(
		    servers_register_again_when_the_mapper_is_back),
		cmocka_unit_test(a_server_may_come_before_its_mapper),
		cmocka_unit_test(a_server_registers_later_without_waiting),
		cmocka_unit_test(a_mapper_may_register_its_own_interfaces),
		cmocka_unit_test(a_mapper_that_does_not_answer_is_given_up),
		cmocka_unit_test(many_threads_register_at_once),
		cmocka_unit_test(entries_go_when_their_server_is_killed),
		cmocka_unit_test(a_map_can_be_looked_through_in_many_batches),
		cmocka_unit_test(an_inquiry_knows_what_it_may_be_asked),
		cmocka_unit_test(management_deletes_what_is_ours),
		cmocka_unit_test(a_lookup_ends_as_all_clients_understand),
		cmocka_unit_test(a_lookup_handle_is_its_associations_alone),
		cmocka_unit_test(a_lookup_handle_can_be_freed),
		cmocka_unit_test(nobody_registers_or_deletes_over_tcp),
		cmocka_unit_test(what_makes_no_sense_to_the_mapper_is_a_fault),
		cmocka_unit_test(the_mapper_has_an_object_of_its_own),
	};

	if (argc == 3 && strcmp(argv[1], "registrant") == 0)
		return registrant(argv[2]);
	if (argc == 2)
		cmocka_set_skip_filter(argv[1]);
	return cmocka_run_group_tests_name("ep", tests, NULL, NULL);
}
