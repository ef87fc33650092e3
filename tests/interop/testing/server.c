/* SPDX-License-Identifier: MIT */
/*
 * grpc.testing.TestService by Becket, as gRPC's interop tests want it.
 *
 * server STRING-BINDING...: prints the bindings that it serves, a line each,
 * and an empty line; ends with its input.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "becket.h"
#include "becket_grpc.h"
#include "grpc/testing/test.becket.h"

#define ECHO_INITIAL  "x-grpc-test-echo-initial"
#define ECHO_TRAILING "x-grpc-test-echo-trailing-bin"

typedef Grpc__Testing__Payload payload;
typedef Grpc__Testing__SimpleRequest simple_request;
typedef Grpc__Testing__SimpleResponse simple_response;
typedef Grpc__Testing__StreamingInputCallRequest input_request;
typedef Grpc__Testing__StreamingInputCallResponse input_response;
typedef Grpc__Testing__StreamingOutputCallRequest output_request;
typedef Grpc__Testing__StreamingOutputCallResponse output_response;

/* ---------------------------------------------------------- its orders -- */

static becket_status
echo_one(struct becket_call *call, enum becket_metadata_list list,
    const char *name)
{
	struct becket_bytes value;

	if (!becket_call_find_metadata(call, name, &value))
		return BECKET_S_OK;
	return becket_call_add_metadata(call, list, name, value.data,
	    value.size);
}

static becket_status
echo_metadata(struct becket_call *call)
{
	becket_status status =
	    echo_one(call, BECKET_METADATA_INITIAL, ECHO_INITIAL);

	return status != BECKET_S_OK
	           ? status
	           : echo_one(call, BECKET_METADATA_TRAILING, ECHO_TRAILING);
}

static becket_status
echo_status(struct becket_call *call, const Grpc__Testing__EchoStatus *wanted)
{
	if (wanted == NULL || wanted->code == 0)
		return BECKET_S_OK;
	return becket_call_fail(call,
	    becket_grpc_code_to_status((unsigned)wanted->code), "%s",
	    wanted->message);
}

static becket_status
check_compressed(struct becket_call *call,
    const Grpc__Testing__BoolValue *expected)
{
	bool is = becket_call_was_compressed(call);

	if (expected == NULL || expected->value == is)
		return BECKET_S_OK;
	return becket_call_fail(call, BECKET_S_INVALID_ARG,
	    is ? "message is compressed" : "message is not compressed");
}

static becket_status
fill(struct becket_call *call, int32_t size, payload **ret_payload)
{
	payload *made = becket_call_alloc(call, sizeof *made);

	if (size < 0)
		return becket_call_fail(call, BECKET_S_INVALID_ARG,
		    "a message of %d bytes", size);
	if (made == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	grpc__testing__payload__init(made);
	made->body.len = (size_t)size;
	made->body.data = becket_call_alloc(call, (size_t)size);
	if (made->body.data == NULL && size > 0)
		return BECKET_S_OUT_OF_MEMORY;
	*ret_payload = made;
	return BECKET_S_OK;
}

/* ------------------------------------------------------ one and one -- */

static becket_status
empty_call(struct becket_call *call, const Grpc__Testing__Empty *request,
    Grpc__Testing__Empty *response)
{
	(void)request;
	(void)response;
	return echo_metadata(call);
}

static becket_status
unary_call(struct becket_call *call, const simple_request *request,
    simple_response *response)
{
	becket_status status = echo_metadata(call);

	if (status == BECKET_S_OK)
		status = check_compressed(call, request->expect_compressed);
	if (status == BECKET_S_OK)
		status = echo_status(call, request->response_status);
	if (status != BECKET_S_OK)
		return status;
	becket_call_set_compression(call,
	    request->response_compressed != NULL &&
	        request->response_compressed->value);
	return fill(call, request->response_size, &response->payload);
}

/* ------------------------------------------------------------- streams -- */

/* As long as wanted, or the client waits. */
static void
pause_for(const struct becket_call *call, int32_t microseconds)
{
	const struct timespec piece = { 0, 1000000 };

	for (; microseconds > 0 && !becket_call_is_cancelled(call);
	     microseconds -= 1000)
		nanosleep(&piece, NULL);
}

typedef becket_status push_fn(struct becket_stream *stream,
    const output_response *message);

static becket_status
push_one(struct becket_call *call, struct becket_stream *stream, push_fn *push,
    const Grpc__Testing__ResponseParameters *wanted)
{
	output_response response =
	    GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
	payload body = GRPC__TESTING__PAYLOAD__INIT;
	static uint8_t zeros[1 << 20];

	if (wanted->size < 0 || (size_t)wanted->size > sizeof zeros)
		return becket_call_fail(call, BECKET_S_INVALID_ARG,
		    "a message of %d bytes", wanted->size);
	pause_for(call, wanted->interval_us);
	body.body = (ProtobufCBinaryData){ (size_t)wanted->size, zeros };
	response.payload = &body;
	becket_call_set_compression(call,
	    wanted->compressed != NULL && wanted->compressed->value);
	return push(stream, &response);
}

static becket_status
push_all(struct becket_call *call, struct becket_stream *stream, push_fn *push,
    const output_request *request)
{
	becket_status status = echo_status(call, request->response_status);

	for (size_t i = 0;
	     i < request->n_response_parameters && status == BECKET_S_OK; i++)
		status = push_one(call, stream, push,
		    request->response_parameters[i]);
	return status;
}

static becket_status
streaming_output(struct becket_call *call, const output_request *request,
    struct becket_stream *stream)
{
	becket_status status = echo_metadata(call);

	return status != BECKET_S_OK
	           ? status
	           : push_all(call, stream,
	                 grpc_testing_test_service_streaming_output_call_push,
	                 request);
}

static becket_status
add_input(struct becket_call *call, const input_request *request,
    input_response *response)
{
	becket_status status =
	    check_compressed(call, request->expect_compressed);

	if (status == BECKET_S_OK && request->payload != NULL)
		response->aggregated_payload_size +=
		    (int32_t)request->payload->body.len;
	return status;
}

static becket_status
streaming_input(struct becket_call *call, struct becket_stream *stream,
    input_response *response)
{
	input_request *request;
	becket_status status;

	while (
	    (status =
	            grpc_testing_test_service_streaming_input_call_pull(stream,
	                &request)) == BECKET_S_OK) {
		status = add_input(call, request, response);
		grpc_testing_streaming_input_call_request_free(request);
		if (status != BECKET_S_OK)
			return status;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static becket_status
full_duplex(struct becket_call *call, struct becket_stream *stream)
{
	output_request *request;
	becket_status status = echo_metadata(call);

	if (status != BECKET_S_OK)
		return status;
	while ((status = grpc_testing_test_service_full_duplex_call_pull(stream,
	            &request)) == BECKET_S_OK) {
		status = push_all(call, stream,
		    grpc_testing_test_service_full_duplex_call_push, request);
		grpc_testing_streaming_output_call_request_free(request);
		if (status != BECKET_S_OK)
			return status;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

/* All that was asked, when all has been asked. */
static becket_status
half_duplex(struct becket_call *call, struct becket_stream *stream)
{
	enum { MOST = 64 };
	output_request *requests[MOST];
	size_t count = 0;
	becket_status status = BECKET_S_OK;

	while (count < MOST && status == BECKET_S_OK) {
		status = grpc_testing_test_service_half_duplex_call_pull(stream,
		    &requests[count]);
		count += status == BECKET_S_OK;
	}
	if (status == BECKET_X_PIPE_EMPTY)
		status = BECKET_S_OK;
	for (size_t i = 0; i < count; i++) {
		if (status == BECKET_S_OK)
			status = push_all(call, stream,
			    grpc_testing_test_service_half_duplex_call_push,
			    requests[i]);
		grpc_testing_streaming_output_call_request_free(requests[i]);
	}
	return status;
}

static const struct grpc_testing_test_service_epv epv = {
	.empty_call = empty_call,
	.unary_call = unary_call,
	.streaming_output_call = streaming_output,
	.streaming_input_call = streaming_input,
	.full_duplex_call = full_duplex,
	.half_duplex_call = half_duplex,
};

/* -------------------------------------------------------------- serving -- */

static becket_status
print_bindings(struct becket_runtime *runtime, struct becket_server *server)
{
	struct becket_binding_vector *vector;
	becket_status status = becket_server_inq_bindings(server, &vector);
	char *text;

	if (status != BECKET_S_OK)
		return status;
	for (size_t i = 0; i < vector->count && status == BECKET_S_OK; i++) {
		status = becket_binding_to_string_binding(vector->bindings[i],
		    &text);
		if (status == BECKET_S_OK)
			puts(text);
		if (status == BECKET_S_OK)
			becket_string_free(runtime, &text);
	}
	putchar('\n');
	fflush(stdout);
	becket_binding_vector_free(&vector);
	return status;
}

static becket_status
serve(struct becket_runtime *runtime, struct becket_server *server,
    char **bindings)
{
	becket_status status = grpc_testing_test_service_register(server, NULL,
	    &epv, BECKET_IF_BLOCKING);
	char byte;

	for (; *bindings != NULL && status == BECKET_S_OK; bindings++)
		status = becket_server_use_string_binding(server, *bindings);
	if (status == BECKET_S_OK)
		status = print_bindings(runtime, server);
	if (status == BECKET_S_OK)
		status = becket_server_listen(server, BECKET_LISTEN_DONT_WAIT);
	if (status != BECKET_S_OK)
		return status;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	status = becket_server_stop(server);
	return status != BECKET_S_OK ? status : becket_server_wait(server);
}

int
main(int argc, char **argv)
{
	const struct becket_server_options options = { .size = sizeof options,
		.workers = 16 };
	struct becket_runtime *runtime = NULL;
	struct becket_server *server = NULL;
	becket_status status = becket_runtime_new(NULL, &runtime);

	(void)argc;
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_server_new(runtime, &options, &server);
	if (status == BECKET_S_OK)
		status = serve(runtime, server, argv + 1);
	if (status != BECKET_S_OK)
		fprintf(stderr, "server: %s\n", becket_status_text(status));
	becket_server_free(server);
	becket_runtime_free(runtime);
	return status != BECKET_S_OK;
}
