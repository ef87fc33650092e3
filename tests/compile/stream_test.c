/* SPDX-License-Identifier: MIT */
/*
 * Streams through generated code, both ends in one program: over DCE/RPC, and
 * the same again over gRPC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "streams.becket.h"

struct world {
	struct becket_runtime *runtime;
	struct becket_server *server;
	struct becket_binding_vector *bindings;
	struct becket_binding *binding;
};

static struct becket_token late;

/* What a request asks for that is no count. */
enum { EMPTY = 1001, PROMISE };

/* -------------------------------------------------------------- server -- */

static becket_status
count(struct becket_call *call, const Streams__Sum *request,
    struct becket_stream *stream)
{
	becket_status status = BECKET_S_OK;

	if (request->count == EMPTY)
		return becket_call_fail(call, BECKET_X_PIPE_EMPTY, "dry");
	for (uint32_t i = 0; status == BECKET_S_OK && i < request->count; i++) {
		Streams__Number number = STREAMS__NUMBER__INIT;

		if (i == 100)
			return becket_call_fail(call, BECKET_S_LIMIT_EXCEEDED,
			    "%u are too many", (unsigned)request->count);
		number.value = i;
		number.text = becket_call_strdup(call, "counted");
		status = streams_streams_count_push(stream, &number);
	}
	return status;
}

static becket_status
total(struct becket_call *call, struct becket_stream *stream,
    Streams__Sum *response)
{
	Streams__Number *number;
	becket_status status;

	(void)call;
	while ((status = streams_streams_total_pull(stream, &number)) ==
	       BECKET_S_OK) {
		response->total += number->value;
		response->count++;
		streams_number_free(number);
	}
	return status; /* the end of the client's stream is no failure */
}

static becket_status
negate(struct becket_call *call, struct becket_stream *stream)
{
	Streams__Number *number;
	becket_status status;

	(void)call;
	while ((status = streams_streams_negate_pull(stream, &number)) ==
	       BECKET_S_OK) {
		number->value = -number->value;
		status = streams_streams_negate_push(stream, number);
		streams_number_free(number);
		if (status != BECKET_S_OK)
			return status;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

/* Non-blocking, but for two messages there is always room. */
static becket_status
late_count(struct becket_call *call, const Streams__Sum *request,
    struct becket_stream *stream)
{
	Streams__Number number = STREAMS__NUMBER__INIT;
	becket_status status;

	if (request->count == PROMISE)
		return BECKET_S_ASYNC_CALL_PENDING;
	status = becket_call_defer(call, &late);
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	number.value = request->total;
	assert_int_equal(streams_streams_late_count_push(stream, &number),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_count_push(stream, &number),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_count_answer(late, BECKET_S_OK),
	    BECKET_S_OK);
	return BECKET_S_ASYNC_CALL_PENDING;
}

static Streams__Sum late_sum = STREAMS__SUM__INIT;

/* When there is something, or nothing more. */
static void
ready(void *user, struct becket_stream *stream)
{
	Streams__Number *number;
	becket_status status;

	(void)user;
	while ((status = streams_streams_late_total_pull(stream, &number)) ==
	       BECKET_S_OK) {
		late_sum.total += number->value;
		late_sum.count++;
		streams_number_free(number);
	}
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	assert_int_equal(becket_stream_set_callback(stream, NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_total_answer(late, status,
	                     &late_sum),
	    BECKET_S_OK);
}

static becket_status
late_total(struct becket_call *call, struct becket_stream *stream,
    Streams__Sum *response)
{
	becket_status status = becket_call_defer(call, &late);

	(void)response;
	late_sum.total = 0;
	late_sum.count = 0;
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	assert_int_equal(becket_stream_set_callback(stream, ready, NULL),
	    BECKET_S_OK);
	ready(NULL, stream);
	return BECKET_S_ASYNC_CALL_PENDING;
}

static void
serve(struct world *world)
{
	static const struct streams_streams_epv epv = {
		.count = count,
		.total = total,
		.negate = negate,
		.late_count = late_count,
		.late_total = late_total,
	};

	assert_int_equal(becket_server_new(world->runtime, NULL,
	                     &world->server),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_register(world->server, NULL, &epv, 0),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(world->server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(world->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(becket_server_inq_bindings(world->server,
	                     &world->bindings),
	    BECKET_S_OK);
}

/* protseq: what the binding handle has instead of ncacn_ip_tcp. */
static void
bind_to(struct world *world, const char *protseq)
{
	char *string = NULL, *address = NULL, *endpoint = NULL;

	assert_int_equal(becket_binding_to_string_binding(world->bindings
	                                                      ->bindings[0],
	                     &string),
	    BECKET_S_OK);
	assert_int_equal(becket_string_binding_parse(world->runtime, string,
	                     NULL, NULL, &address, &endpoint, NULL),
	    BECKET_S_OK);
	becket_string_free(world->runtime, &string);
	assert_int_equal(becket_string_binding_compose(world->runtime, NULL,
	                     protseq, address, endpoint, NULL, &string),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_from_string_binding(world->runtime,
	                     string, &world->binding),
	    BECKET_S_OK);
	becket_string_free(world->runtime, &string);
	becket_string_free(world->runtime, &address);
	becket_string_free(world->runtime, &endpoint);
}

static int
begin(void **state, const char *protseq)
{
	static struct world world;

	assert_int_equal(becket_runtime_new(NULL, &world.runtime), BECKET_S_OK);
	assert_int_equal(becket_grpc_enable(world.runtime), BECKET_S_OK);
	serve(&world);
	bind_to(&world, protseq);
	*state = &world;
	return 0;
}

static int
begin_dce(void **state)
{
	return begin(state, "ncacn_ip_tcp");
}

static int
begin_grpc(void **state)
{
	return begin(state, "grpc_ip_tcp");
}

static int
end(void **state)
{
	struct world *world = *state;

	becket_binding_free(&world->binding);
	becket_binding_vector_free(&world->bindings);
	assert_int_equal(becket_server_stop(world->server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(world->server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(world->server), 0);
	becket_server_free(world->server);
	becket_runtime_free(world->runtime);
	return 0;
}

/* -------------------------------------------------------------- client -- */

static void
a_response_is_a_stream(void **state)
{
	const struct world *world = *state;
	Streams__Sum request = STREAMS__SUM__INIT;
	struct becket_stream *stream = NULL;
	Streams__Number *number;
	int64_t seen = 0;

	request.count = 100;
	assert_int_equal(streams_streams_count_open(world->binding, &request,
	                     &stream),
	    BECKET_S_OK);
	while (streams_streams_count_receive(stream, &number) == BECKET_S_OK) {
		assert_int_equal(number->value, seen++);
		assert_string_equal(number->text, "counted");
		streams_number_free(number);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(streams_streams_count_receive(stream, &number),
	    BECKET_X_PIPE_EMPTY);
	assert_int_equal(streams_streams_count_finish(&stream), BECKET_S_OK);
	assert_null(stream);
}

static void
what_fails_in_the_midst_says_why(void **state)
{
	const struct world *world = *state;
	Streams__Sum request = STREAMS__SUM__INIT;
	struct becket_stream *stream = NULL;
	Streams__Number *number;
	becket_status status;
	int seen = 0;

	request.count = 1000;
	assert_int_equal(streams_streams_count_open(world->binding, &request,
	                     &stream),
	    BECKET_S_OK);
	while ((status = streams_streams_count_receive(stream, &number)) ==
	       BECKET_S_OK) {
		seen++;
		streams_number_free(number);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(status, BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(streams_streams_count_finish(&stream),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_string_equal(becket_error_last()->detail, "1000 are too many");
}

/* With the status that also tells the end of a stream. */
static void
a_failure_is_never_the_end_of_a_stream(void **state)
{
	const struct world *world = *state;
	Streams__Sum request = STREAMS__SUM__INIT;
	struct becket_stream *stream = NULL;

	request.count = EMPTY;
	assert_int_equal(streams_streams_count_open(world->binding, &request,
	                     &stream),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_count_finish(&stream),
	    BECKET_X_PIPE_EMPTY);
	assert_string_equal(becket_error_last()->detail, "dry");
}

static void
who_neither_waits_nor_defers_is_told(void **state)
{
	const struct world *world = *state;
	Streams__Sum request = STREAMS__SUM__INIT;
	struct becket_stream *stream = NULL;

	request.count = PROMISE;
	assert_int_equal(streams_streams_late_count_open(world->binding,
	                     &request, &stream),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_count_finish(&stream),
	    BECKET_S_CALL_FAILED);
	assert_non_null(strstr(becket_error_last()->detail, "blocking"));
}

static void
a_request_is_a_stream(void **state)
{
	const struct world *world = *state;
	Streams__Number number = STREAMS__NUMBER__INIT;
	struct becket_stream *stream = NULL;
	Streams__Sum *sum = NULL;

	assert_int_equal(streams_streams_total_open(world->binding, &stream),
	    BECKET_S_OK);
	for (int i = 1; i <= 100; i++) {
		number.value = -i;
		assert_int_equal(streams_streams_total_send(stream, &number),
		    BECKET_S_OK);
	}
	assert_int_equal(streams_streams_total_finish(&stream, &sum),
	    BECKET_S_OK);
	assert_int_equal(sum->total, -5050);
	assert_int_equal(sum->count, 100);
	streams_sum_free(sum);
}

static void
both_are_streams(void **state)
{
	const struct world *world = *state;
	Streams__Number number = STREAMS__NUMBER__INIT, *answer;
	struct becket_stream *stream = NULL;

	assert_int_equal(streams_streams_negate_open(world->binding, &stream),
	    BECKET_S_OK);
	for (int i = 0; i < 50; i++) {
		number.value = i;
		assert_int_equal(streams_streams_negate_send(stream, &number),
		    BECKET_S_OK);
		assert_int_equal(streams_streams_negate_receive(stream,
		                     &answer),
		    BECKET_S_OK);
		assert_int_equal(answer->value, -i);
		streams_number_free(answer);
	}
	assert_int_equal(becket_stream_half_close(stream), BECKET_S_OK);
	assert_int_equal(streams_streams_negate_receive(stream, &answer),
	    BECKET_X_PIPE_EMPTY);
	assert_int_equal(streams_streams_negate_finish(&stream), BECKET_S_OK);
}

static void
deferred_calls_have_streams(void **state)
{
	const struct world *world = *state;
	Streams__Sum request = STREAMS__SUM__INIT, *sum = NULL;
	Streams__Number number = STREAMS__NUMBER__INIT, *answer;
	struct becket_stream *stream = NULL;

	request.total = 11;
	assert_int_equal(streams_streams_late_count_open(world->binding,
	                     &request, &stream),
	    BECKET_S_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(streams_streams_late_count_receive(stream,
		                     &answer),
		    BECKET_S_OK);
		assert_int_equal(answer->value, 11);
		streams_number_free(answer);
	}
	assert_int_equal(streams_streams_late_count_finish(&stream),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_total_open(world->binding,
	                     &stream),
	    BECKET_S_OK);
	number.value = 21;
	assert_int_equal(streams_streams_late_total_send(stream, &number),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_total_send(stream, &number),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_late_total_finish(&stream, &sum),
	    BECKET_S_OK);
	assert_int_equal(sum->total, 42);
	streams_sum_free(sum);
}

static void
a_routine_left_null_is_not_implemented(void **state)
{
	const struct world *world = *state;
	struct becket_stream *stream = NULL;
	Streams__Sum *sum = NULL;

	assert_int_equal(streams_streams_missing_open(world->binding, &stream),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_missing_finish(&stream, &sum),
	    BECKET_S_NOT_IMPLEMENTED);
	assert_null(stream);
	assert_null(sum);
}

static void
a_stream_is_of_its_own_operation(void **state)
{
	const struct world *world = *state;
	Streams__Number number = STREAMS__NUMBER__INIT, *answer;
	struct becket_stream *stream = NULL;

	assert_int_equal(streams_streams_negate_open(world->binding, &stream),
	    BECKET_S_OK);
	assert_int_equal(streams_streams_total_send(stream, &number),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(streams_streams_count_receive(stream, &answer),
	    BECKET_S_INVALID_ARG);
	becket_stream_abort(&stream);
	assert_null(stream);
}

static void
the_tables_say_what_streams(void **state)
{
	const struct becket_interface *interface =
	    &streams_streams_v1_interface;

	(void)state;
	assert_int_equal(interface->operations[0].flags,
	    BECKET_OPERATION_RESPONSE_STREAM | BECKET_OPERATION_BLOCKING);
	assert_int_equal(interface->operations[1].flags,
	    BECKET_OPERATION_REQUEST_STREAM | BECKET_OPERATION_BLOCKING);
	assert_int_equal(interface->operations[4].flags,
	    BECKET_OPERATION_REQUEST_STREAM);
	assert_int_not_equal(interface->file_set.size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_is_a_stream),
		cmocka_unit_test(what_fails_in_the_midst_says_why),
		cmocka_unit_test(a_failure_is_never_the_end_of_a_stream),
		cmocka_unit_test(who_neither_waits_nor_defers_is_told),
		cmocka_unit_test(a_request_is_a_stream),
		cmocka_unit_test(both_are_streams),
		cmocka_unit_test(deferred_calls_have_streams),
		cmocka_unit_test(a_routine_left_null_is_not_implemented),
		cmocka_unit_test(a_stream_is_of_its_own_operation),
		cmocka_unit_test(the_tables_say_what_streams),
	};
	int dce = cmocka_run_group_tests_name("dce", tests, begin_dce, end);

	return dce +
	       cmocka_run_group_tests_name("grpc", tests, begin_grpc, end);
}
