/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "grpc/health/v1/health.becket.h"
#include "grpc/reflection/v1/reflection.becket.h"
#include "grpc/reflection/v1alpha/reflection.becket.h"
#include "tests/live/echo.h"

/*
 * What every server of a runtime with gRPC offers, by our client through each
 * protocol sequence; which one is in a test's state.
 */
typedef Grpc__Health__V1__HealthCheckRequest HealthRequest;
typedef Grpc__Health__V1__HealthCheckResponse HealthResponse;
typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;
typedef Grpc__Reflection__V1__ServerReflectionRequest__MessageRequestCase Kind;

enum { UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN };

#define ASKED(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define ANSWER(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what

static const char echo_name[] = "test.Echo";

struct world {
	struct echo echo;
	struct becket_binding *binding;
};

static void
begin(struct world *world, void **state)
{
	echo_start(&world->echo, NULL);
	world->binding =
	    echo_bind(&world->echo, world->echo.addresses[*(size_t *)*state]);
}

static void
end(struct world *world)
{
	becket_binding_free(&world->binding);
	echo_stop(&world->echo);
}

/* -------------------------------------------------------------- health -- */

static HealthRequest
health_of(const char *name)
{
	HealthRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

	request.service = (char *)(uintptr_t)name;
	return request;
}

static becket_status
check(struct world *world, const char *name, int *ret_health)
{
	HealthRequest request = health_of(name);
	HealthResponse *response = NULL;
	becket_status status =
	    grpc_health_v1_health_check(world->binding, &request, &response);

	if (status != BECKET_S_OK)
		return status;
	*ret_health = (int)response->status;
	grpc_health_v1_health_check_response_free(response);
	return BECKET_S_OK;
}

static void
expect(struct world *world, const char *name, int expected)
{
	int health = -1;

	assert_int_equal(check(world, name, &health), BECKET_S_OK);
	assert_int_equal(health, expected);
}

static struct becket_stream *
watch(struct world *world, const char *name)
{
	HealthRequest request = health_of(name);
	struct becket_stream *stream = NULL;

	assert_int_equal(grpc_health_v1_health_watch_open(world->binding,
	                     &request, &stream),
	    BECKET_S_OK);
	return stream;
}

static void
expect_told(struct becket_stream *stream, int expected)
{
	HealthResponse *response = NULL;

	assert_int_equal(grpc_health_v1_health_watch_receive(stream, &response),
	    BECKET_S_OK);
	assert_int_equal(response->status, expected);
	grpc_health_v1_health_check_response_free(response);
}

static void
set(struct world *world, const char *name, enum becket_health health)
{
	assert_int_equal(becket_grpc_set_health(world->echo.server, name,
	                     health),
	    BECKET_S_OK);
}

static void
what_is_registered_serves(void **state)
{
	struct world world;
	int health;

	begin(&world, state);
	expect(&world, "", SERVING);
	expect(&world, echo_name, SERVING);
	expect(&world, "grpc.health.v1.Health", SERVING);
	expect(&world, "grpc.reflection.v1.ServerReflection", SERVING);
	assert_int_equal(check(&world, "test", &health), BECKET_S_NOT_FOUND);
	/* NDR has no names. */
	assert_int_equal(check(&world, "mgmt", &health), BECKET_S_NOT_FOUND);
	end(&world);
}

static void
what_is_set_is_told(void **state)
{
	struct world world;

	begin(&world, state);
	set(&world, echo_name, BECKET_HEALTH_NOT_SERVING);
	expect(&world, echo_name, NOT_SERVING);
	expect(&world, "", SERVING);
	set(&world, echo_name, BECKET_HEALTH_SERVING);
	expect(&world, echo_name, SERVING);
	set(&world, "", BECKET_HEALTH_NOT_SERVING);
	expect(&world, "", NOT_SERVING);
	/* Of something that is not registered, too. */
	set(&world, "data.Base", BECKET_HEALTH_NOT_SERVING);
	expect(&world, "data.Base", NOT_SERVING);
	end(&world);
}

static void
who_watches_is_told_of_every_change(void **state)
{
	struct becket_stream *server, *echo, *other;
	struct world world;

	begin(&world, state);
	server = watch(&world, "");
	echo = watch(&world, echo_name);
	other = watch(&world, "other");
	expect_told(server, SERVING);
	expect_told(echo, SERVING);
	expect_told(other, SERVICE_UNKNOWN);
	set(&world, echo_name, BECKET_HEALTH_NOT_SERVING);
	expect_told(echo, NOT_SERVING);
	set(&world, echo_name, BECKET_HEALTH_NOT_SERVING); /* as before */
	set(&world, echo_name, BECKET_HEALTH_SERVING);
	expect_told(echo, SERVING);
	set(&world, "other", BECKET_HEALTH_SERVING);
	expect_told(other, SERVING);
	becket_stream_abort(&server);
	becket_stream_abort(&echo);
	becket_stream_abort(&other);
	expect(&world, "", SERVING);
	end(&world);
}

static void
an_interface_that_goes_and_comes_is_told(void **state)
{
	struct becket_stream *stream;
	struct world world;
	int health;

	begin(&world, state);
	stream = watch(&world, echo_name);
	expect_told(stream, SERVING);
	assert_int_equal(becket_server_unregister_if(world.echo.server,
	                     &echo_interface, NULL, true),
	    BECKET_S_OK);
	expect_told(stream, SERVICE_UNKNOWN);
	assert_int_equal(check(&world, echo_name, &health), BECKET_S_NOT_FOUND);
	assert_int_equal(becket_server_register_if(world.echo.server,
	                     &echo_interface, &echo_routines, NULL, &world.echo,
	                     0),
	    BECKET_S_OK);
	expect_told(stream, SERVING);
	becket_stream_abort(&stream);
	end(&world);
}

static void
a_stop_tells_and_ends_all_who_watch(void **state)
{
	enum { WATCHERS = 20 };
	struct becket_stream *streams[WATCHERS];
	struct world world;

	begin(&world, state);
	for (size_t i = 0; i < WATCHERS; i++) {
		streams[i] = watch(&world, echo_name);
		expect_told(streams[i], SERVING);
	}
	assert_int_equal(becket_server_stop(world.echo.server), BECKET_S_OK);
	for (size_t i = 0; i < WATCHERS; i++) {
		expect_told(streams[i], NOT_SERVING);
		assert_int_not_equal(grpc_health_v1_health_watch_finish(
		                         &streams[i]),
		    BECKET_S_OK);
		assert_null(streams[i]);
	}
	assert_int_equal(becket_server_wait(world.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(world.echo.server), 0);
	end(&world);
}

static void
an_abandoned_watch_leaves_nothing(void **state)
{
	struct world world;

	begin(&world, state);
	for (int i = 0; i < 50; i++) {
		struct becket_stream *stream = watch(&world, "");

		if (i % 2 == 0)
			expect_told(stream, SERVING);
		becket_stream_abort(&stream);
	}
	expect(&world, "", SERVING);
	end(&world);
}

static void
health_that_makes_no_sense_is_refused(void **state)
{
	struct world world;

	begin(&world, state);
	assert_int_equal(becket_grpc_set_health(world.echo.server, NULL,
	                     BECKET_HEALTH_SERVING),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_grpc_set_health(NULL, "",
	                     BECKET_HEALTH_SERVING),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_grpc_set_health(world.echo.server, "", 0),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_grpc_set_health(world.echo.server, "", 3),
	    BECKET_S_INVALID_ARG);
	end(&world);
}

/* ---------------------------------------------------------- reflection -- */

static struct becket_stream *
talk(struct world *world)
{
	struct becket_stream *stream = NULL;

	assert_int_equal(
	    grpc_reflection_v1_server_reflection_server_reflection_info_open(
	        world->binding, &stream),
	    BECKET_S_OK);
	return stream;
}

static Response *
ask(struct becket_stream *stream, Kind what, const char *text)
{
	Request request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
	Response *response = NULL;

	request.message_request_case = what;
	request.file_by_filename = (char *)(uintptr_t)text;
	assert_int_equal(
	    grpc_reflection_v1_server_reflection_server_reflection_info_send(
	        stream, &request),
	    BECKET_S_OK);
	assert_int_equal(
	    grpc_reflection_v1_server_reflection_server_reflection_info_receive(
	        stream, &response),
	    BECKET_S_OK);
	return response;
}

static void
hang_up(struct becket_stream *stream)
{
	assert_int_equal(
	    grpc_reflection_v1_server_reflection_server_reflection_info_finish(
	        &stream),
	    BECKET_S_OK);
	assert_null(stream);
}

static void
expect_names(struct becket_stream *stream, bool has_echo)
{
	Response *response = ask(stream, ASKED(LIST_SERVICES), "");

	assert_int_equal(response->message_response_case,
	    ANSWER(LIST_SERVICES_RESPONSE));
	assert_int_equal(response->list_services_response->n_service,
	    4 + has_echo);
	assert_string_equal(response->list_services_response->service[0]->name,
	    "becket.v1.Session");
	assert_string_equal(response->list_services_response->service[1]->name,
	    "grpc.health.v1.Health");
	if (has_echo)
		assert_string_equal(response->list_services_response->service[4]
		                        ->name,
		    echo_name);
	grpc_reflection_v1_server_reflection_response_free(response);
}

static void
interfaces_are_listed_as_they_come_and_go(void **state)
{
	struct becket_stream *stream;
	struct world world;

	begin(&world, state);
	stream = talk(&world);
	expect_names(stream, true);
	assert_int_equal(becket_server_unregister_if(world.echo.server, NULL,
	                     NULL, true),
	    BECKET_S_OK);
	expect_names(stream, false);
	assert_int_equal(becket_server_register_if(world.echo.server,
	                     &echo_interface, &echo_routines, NULL, &world.echo,
	                     0),
	    BECKET_S_OK);
	expect_names(stream, true);
	hang_up(stream);
	end(&world);
}

static void
a_file_is_found_by_what_is_in_it(void **state)
{
	struct becket_stream *stream;
	struct world world;
	Response *response;

	begin(&world, state);
	stream = talk(&world);
	response = ask(stream, ASKED(FILE_CONTAINING_SYMBOL),
	    "grpc.health.v1.Health.Watch");
	assert_int_equal(response->message_response_case,
	    ANSWER(FILE_DESCRIPTOR_RESPONSE));
	assert_int_equal(response->file_descriptor_response
	                     ->n_file_descriptor_proto,
	    1);
	grpc_reflection_v1_server_reflection_response_free(response);
	/* It is described by hand, without descriptors. */
	response = ask(stream, ASKED(FILE_CONTAINING_SYMBOL), echo_name);
	assert_int_equal(response->message_response_case,
	    ANSWER(ERROR_RESPONSE));
	assert_int_equal(response->error_response->error_code, 5);
	grpc_reflection_v1_server_reflection_response_free(response);
	hang_up(stream);
	end(&world);
}

/* They are put one after the other without reading what comes of them. */
static void
questions_may_come_before_answers_are_read(void **state)
{
	enum { QUESTIONS = 200 };
	Request request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
	struct becket_stream *stream;
	struct world world;
	unsigned answers = 0;
	Response *response;

	begin(&world, state);
	stream = talk(&world);
	request.message_request_case = ASKED(LIST_SERVICES);
	request.list_services = (char *)(uintptr_t) "*";
	for (int i = 0; i < QUESTIONS; i++)
		assert_int_equal(
		    grpc_reflection_v1_server_reflection_server_reflection_info_send(
		        stream, &request),
		    BECKET_S_OK);
	assert_int_equal(becket_stream_half_close(stream), BECKET_S_OK);
	while (
	    grpc_reflection_v1_server_reflection_server_reflection_info_receive(
	        stream, &response) == BECKET_S_OK) {
		assert_int_equal(response->message_response_case,
		    ANSWER(LIST_SERVICES_RESPONSE));
		grpc_reflection_v1_server_reflection_response_free(response);
		answers++;
	}
	assert_int_equal(answers, QUESTIONS);
	hang_up(stream);
	end(&world);
}

static void
the_older_version_answers_too(void **state)
{
	Grpc__Reflection__V1alpha__ServerReflectionRequest request =
	    GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__INIT;
	Grpc__Reflection__V1alpha__ServerReflectionResponse *response = NULL;
	struct becket_stream *stream = NULL;
	struct world world;

	begin(&world, state);
	assert_int_equal(
	    grpc_reflection_v1alpha_server_reflection_server_reflection_info_open(
	        world.binding, &stream),
	    BECKET_S_OK);
	request.message_request_case =
	    GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
	request.list_services = (char *)(uintptr_t) "*";
	assert_int_equal(
	    grpc_reflection_v1alpha_server_reflection_server_reflection_info_send(
	        stream, &request),
	    BECKET_S_OK);
	assert_int_equal(
	    grpc_reflection_v1alpha_server_reflection_server_reflection_info_receive(
	        stream, &response),
	    BECKET_S_OK);
	assert_int_equal(response->list_services_response->n_service, 5);
	grpc_reflection_v1alpha_server_reflection_response_free(response);
	becket_stream_abort(&stream);
	end(&world);
}

/* ---------------------------------------------------------- both of them -- */

static void
they_are_no_interfaces_of_the_user(void **state)
{
	struct becket_registration_vector *registrations = NULL;
	struct becket_if_id_vector *ids = NULL;
	struct world world;

	begin(&world, state);
	assert_int_equal(becket_server_inq_registrations(world.echo.server,
	                     &registrations),
	    BECKET_S_OK);
	assert_int_equal(registrations->count, 1);
	becket_registration_vector_free(&registrations);
	if (*(size_t *)*state < 2) { /* mgmt is NDR's */
		assert_int_equal(becket_mgmt_inq_if_ids(world.binding, &ids),
		    BECKET_S_OK);
		assert_int_equal(ids->count, 1);
		becket_if_id_vector_free(&ids);
	}
	end(&world);
}

static void
a_server_can_be_without_them(void **state)
{
	const struct becket_server_options options = {
		.size = sizeof options,
		.without = BECKET_WITHOUT_HEALTH | BECKET_WITHOUT_REFLECTION,
	};
	struct becket_server_options wrong = {
		.size = sizeof wrong,
		.without = 0x80,
	};
	struct becket_server *server;
	struct becket_stream *stream;
	struct world world;
	int health;

	echo_open_as(&world.echo, NULL, &options);
	assert_int_equal(becket_server_listen(world.echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	world.binding =
	    echo_bind(&world.echo, world.echo.addresses[*(size_t *)*state]);
	assert_int_not_equal(check(&world, "", &health), BECKET_S_OK);
	stream = talk(&world);
	assert_int_not_equal(
	    grpc_reflection_v1_server_reflection_server_reflection_info_finish(
	        &stream),
	    BECKET_S_OK);
	assert_int_equal(becket_grpc_set_health(world.echo.server, "",
	                     BECKET_HEALTH_SERVING),
	    BECKET_S_UNKNOWN_IF);
	assert_int_equal(becket_server_new(world.echo.runtime, &wrong, &server),
	    BECKET_S_INVALID_ARG);
	end(&world);
}

/* A server is freed with calls on it that nobody ends. */
static void
a_server_that_is_freed_takes_them_with_it(void **state)
{
	struct becket_stream *watcher, *talker;
	struct world world;

	begin(&world, state);
	watcher = watch(&world, "");
	expect_told(watcher, SERVING);
	talker = talk(&world);
	expect_names(talker, true);
	becket_server_stop_now(world.echo.server);
	assert_int_equal(becket_server_wait(world.echo.server), BECKET_S_OK);
	becket_stream_abort(&watcher);
	becket_stream_abort(&talker);
	end(&world);
}

/* ------------------------------------------------------- without memory -- */

struct memory {
	size_t fail_at, count, blocks;
	bool failed;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct memory *memory = user;

	if (new_size == 0) {
		memory->blocks--;
		free(old);
		return NULL;
	}
	if (new_size > old_size && memory->count++ == memory->fail_at) {
		memory->failed = true;
		return NULL;
	}
	if (old == NULL)
		memory->blocks++;
	return realloc(old, new_size);
}

static void
memory_that_fails_anywhere_makes_no_server(void **state)
{
	(void)state;
	for (size_t n = 0;; n++) {
		struct memory memory = { .fail_at = SIZE_MAX };
		const struct becket_runtime_options options = {
			.size = sizeof options,
			.memory = { resize, &memory },
		};
		struct becket_runtime *runtime;
		struct becket_server *server;
		becket_status status;

		assert_int_equal(becket_runtime_new(&options, &runtime),
		    BECKET_S_OK);
		assert_int_equal(becket_grpc_enable(runtime), BECKET_S_OK);
		memory.count = 0;
		memory.fail_at = n;
		status = becket_server_new(runtime, NULL, &server);
		assert_int_equal(status,
		    memory.failed ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK);
		if (status == BECKET_S_OK)
			becket_server_free(server);
		becket_runtime_free(runtime);
		assert_int_equal(memory.blocks, 0);
		if (!memory.failed)
			return;
	}
}

/* ---------------------------------------------------------------- main -- */

static size_t protseqs[] = { 0, 1, 2 };

#define EACH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &protseqs[0] }, \
	    { #test " (ncalrpc)", test, NULL, NULL, &protseqs[1] }, \
	{ \
#test " (grpc_ip_tcp)", test, NULL, NULL, &protseqs[2] \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_registered_serves),
		EACH(what_is_set_is_told),
		EACH(who_watches_is_told_of_every_change),
		EACH(an_interface_that_goes_and_comes_is_told),
		EACH(a_stop_tells_and_ends_all_who_watch),
		EACH(an_abandoned_watch_leaves_nothing),
		EACH(health_that_makes_no_sense_is_refused),
		EACH(interfaces_are_listed_as_they_come_and_go),
		EACH(a_file_is_found_by_what_is_in_it),
		EACH(questions_may_come_before_answers_are_read),
		EACH(the_older_version_answers_too),
		EACH(they_are_no_interfaces_of_the_user),
		EACH(a_server_can_be_without_them),
		EACH(a_server_that_is_freed_takes_them_with_it),
		cmocka_unit_test(memory_that_fails_anywhere_makes_no_server),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
