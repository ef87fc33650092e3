/* SPDX-License-Identifier: MIT */
/*
 * The interop cases of gRPC by Becket, against a grpc.testing.TestService.
 *
 * client STRING-BINDING PEER [CASE...]: "ok becket -> PEER CASE", a line each.
 * In whole or not: what a case wants of compression that the peer cannot show
 * is left to a server that can.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "becket.h"
#include "becket_grpc.h"
#include "grpc/testing/test.becket.h"

#define ECHO_INITIAL  "x-grpc-test-echo-initial"
#define ECHO_TRAILING "x-grpc-test-echo-trailing-bin"
#define SPECIAL \
	"\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba " \
	"and non-BMP \xf0\x9f\x98\x88\t\n"

enum { TIMEOUT_MS = 20000 };

typedef Grpc__Testing__Empty empty;
typedef Grpc__Testing__Payload payload;
typedef Grpc__Testing__SimpleRequest simple_request;
typedef Grpc__Testing__SimpleResponse simple_response;
typedef Grpc__Testing__StreamingInputCallRequest input_request;
typedef Grpc__Testing__StreamingInputCallResponse input_response;
typedef Grpc__Testing__StreamingOutputCallRequest output_request;
typedef Grpc__Testing__StreamingOutputCallResponse output_response;

static struct becket_runtime *runtime;
static struct becket_binding *binding;
static uint8_t zeros[1 << 20];

/* A case ends here, with a sentence, and the next one is run. */
static const char *problem;
static char problem_text[512];

static bool
is_true(bool value, const char *text, int line)
{
	if (!value && problem == NULL) {
		snprintf(problem_text, sizeof problem_text,
		    "line %d: %s (last error: %s)", line, text,
		    becket_error_last()->sentence);
		problem = problem_text;
	}
	return value;
}
#define WANT(value) \
	do { \
		if (!is_true((value), #value, __LINE__)) \
			return; \
	} while (0)

static payload
payload_of(size_t size)
{
	payload made = GRPC__TESTING__PAYLOAD__INIT;

	made.body = (ProtobufCBinaryData){ size, zeros };
	return made;
}

static bool
has_size(const payload *got, size_t size)
{
	return size == 0 ? got == NULL || got->body.len == 0
	                 : got != NULL && got->body.len == size &&
	                       memcmp(got->body.data, zeros, size) == 0;
}

static void
in_time(void)
{
	becket_binding_set_next_timeout(binding, TIMEOUT_MS);
}

/* --------------------------------------------------------------- unary -- */

static void
empty_unary(void)
{
	empty request = GRPC__TESTING__EMPTY__INIT, *response;

	WANT(grpc_testing_test_service_empty_call(binding, &request,
	         &response) == BECKET_S_OK);
	grpc_testing_empty_free(response);
}

/* request is filled up with sizes. */
static void
unary(simple_request *request)
{
	simple_response *response;
	payload body = payload_of(271828);

	request->response_size = 314159;
	request->payload = &body;
	WANT(grpc_testing_test_service_unary_call(binding, request,
	         &response) == BECKET_S_OK);
	is_true(has_size(response->payload, 314159), "314159 zeros", __LINE__);
	grpc_testing_simple_response_free(response);
}

static void
large_unary(void)
{
	simple_request request = GRPC__TESTING__SIMPLE_REQUEST__INIT;

	unary(&request);
}

static void
compress(bool on)
{
	WANT(becket_binding_set_option(binding, BECKET_OPTION_COMPRESS, on) ==
	     BECKET_S_OK);
}

static void
client_compressed_unary(void)
{
	for (int on = 0; on < 2; on++) {
		simple_request request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
		Grpc__Testing__BoolValue expected =
		    GRPC__TESTING__BOOL_VALUE__INIT;

		expected.value = on;
		request.expect_compressed = &expected;
		compress(on);
		unary(&request);
	}
	compress(false);
}

static void
server_compressed_unary(void)
{
	for (int on = 0; on < 2; on++) {
		simple_request request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
		Grpc__Testing__BoolValue wanted =
		    GRPC__TESTING__BOOL_VALUE__INIT;

		wanted.value = on;
		request.response_compressed = &wanted;
		unary(&request);
	}
}

/* ------------------------------------------------------------- streams -- */

static becket_status
send_input(struct becket_stream *stream, size_t size)
{
	input_request request =
	    GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
	payload body = payload_of(size);

	request.payload = &body;
	return grpc_testing_test_service_streaming_input_call_send(stream,
	    &request);
}

static void
upload(const size_t *sizes, size_t count, int32_t sum)
{
	struct becket_stream *stream;
	input_response *response;

	in_time();
	WANT(grpc_testing_test_service_streaming_input_call_open(binding,
	         &stream) == BECKET_S_OK);
	for (size_t i = 0; i < count; i++)
		is_true(send_input(stream, sizes[i]) == BECKET_S_OK, "send",
		    __LINE__);
	WANT(grpc_testing_test_service_streaming_input_call_finish(&stream,
	         &response) == BECKET_S_OK);
	is_true(response->aggregated_payload_size == sum, "the sum", __LINE__);
	grpc_testing_streaming_input_call_response_free(response);
}

static void
client_streaming(void)
{
	upload((const size_t[]){ 27182, 8, 1828, 45904 }, 4, 74922);
}

static void
client_compressed_streaming(void)
{
	compress(true);
	upload((const size_t[]){ 27182, 45904 }, 2, 73086);
	compress(false);
}

/* What a StreamingOutputCallRequest asks for; its parts live here. */
struct order {
	output_request request;
	Grpc__Testing__ResponseParameters parameters[8];
	Grpc__Testing__ResponseParameters *pointers[8];
	Grpc__Testing__BoolValue compressed;
	Grpc__Testing__EchoStatus status;
	payload body;
};

static output_request *
order(struct order *order, const size_t *sizes, size_t count, size_t size)
{
	*order = (struct order){
		.request = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT,
		.compressed = GRPC__TESTING__BOOL_VALUE__INIT,
		.status = GRPC__TESTING__ECHO_STATUS__INIT,
		.body = payload_of(size),
	};
	for (size_t i = 0; i < count; i++) {
		grpc__testing__response_parameters__init(&order->parameters[i]);
		order->parameters[i].size = (int32_t)sizes[i];
		order->pointers[i] = &order->parameters[i];
	}
	order->request.response_parameters = order->pointers;
	order->request.n_response_parameters = count;
	order->request.payload = &order->body;
	return &order->request;
}

static void
download(const output_request *request, const size_t *sizes, size_t count)
{
	struct becket_stream *stream;
	output_response *response;
	size_t got = 0;
	becket_status status;

	in_time();
	WANT(grpc_testing_test_service_streaming_output_call_open(binding,
	         request, &stream) == BECKET_S_OK);
	while (
	    (status = grpc_testing_test_service_streaming_output_call_receive(
	         stream, &response)) == BECKET_S_OK) {
		is_true(got < count && has_size(response->payload, sizes[got]),
		    "the size asked for", __LINE__);
		got++;
		grpc_testing_streaming_output_call_response_free(response);
	}
	is_true(status == BECKET_X_PIPE_EMPTY, "the end", __LINE__);
	is_true(got == count, "as many as asked for", __LINE__);
	WANT(grpc_testing_test_service_streaming_output_call_finish(&stream) ==
	     BECKET_S_OK);
}

static void
server_streaming(void)
{
	static const size_t sizes[] = { 31415, 9, 2653, 58979 };
	struct order four;

	download(order(&four, sizes, 4, 0), sizes, 4);
}

static void
server_compressed_streaming(void)
{
	static const size_t sizes[] = { 31415, 92653 };
	struct order two;

	order(&two, sizes, 2, 0);
	two.compressed.value = true;
	two.parameters[0].compressed = &two.compressed;
	download(&two.request, sizes, 2);
}

static becket_status
turn(struct becket_stream *stream, size_t answer, size_t size)
{
	output_response *response;
	struct order one;
	becket_status status =
	    grpc_testing_test_service_full_duplex_call_send(stream,
	        order(&one, &answer, 1, size));

	if (status == BECKET_S_OK)
		status =
		    grpc_testing_test_service_full_duplex_call_receive(stream,
		        &response);
	if (status != BECKET_S_OK)
		return status;
	is_true(has_size(response->payload, answer), "the size asked for",
	    __LINE__);
	grpc_testing_streaming_output_call_response_free(response);
	return status;
}

static void
ping_pong(void)
{
	static const size_t turns[][2] = { { 31415, 27182 }, { 9, 8 },
		{ 2653, 1828 }, { 58979, 45904 } };
	struct becket_stream *stream;

	in_time();
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	for (size_t i = 0; i < 4; i++)
		is_true(turn(stream, turns[i][0], turns[i][1]) == BECKET_S_OK,
		    "a turn", __LINE__);
	WANT(grpc_testing_test_service_full_duplex_call_finish(&stream) ==
	     BECKET_S_OK);
}

static void
half_duplex(void)
{
	static const size_t sizes[] = { 20, 300 };
	struct becket_stream *stream;
	output_response *response;
	size_t got = 0;
	struct order two;

	in_time();
	WANT(grpc_testing_test_service_half_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	for (int i = 0; i < 2; i++)
		is_true(grpc_testing_test_service_half_duplex_call_send(stream,
		            order(&two, sizes, 2, 0)) == BECKET_S_OK,
		    "send", __LINE__);
	is_true(becket_stream_half_close(stream) == BECKET_S_OK, "half-close",
	    __LINE__);
	while (grpc_testing_test_service_half_duplex_call_receive(stream,
	           &response) == BECKET_S_OK) {
		is_true(has_size(response->payload, sizes[got++ % 2]), "size",
		    __LINE__);
		grpc_testing_streaming_output_call_response_free(response);
	}
	is_true(got == 4, "four messages", __LINE__);
	WANT(grpc_testing_test_service_half_duplex_call_finish(&stream) ==
	     BECKET_S_OK);
}

static void
empty_stream(void)
{
	struct becket_stream *stream;
	output_response *response;

	in_time();
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	is_true(becket_stream_half_close(stream) == BECKET_S_OK, "half-close",
	    __LINE__);
	is_true(grpc_testing_test_service_full_duplex_call_receive(stream,
	            &response) == BECKET_X_PIPE_EMPTY,
	    "nothing", __LINE__);
	WANT(grpc_testing_test_service_full_duplex_call_finish(&stream) ==
	     BECKET_S_OK);
}

/* ------------------------------------------------------------ metadata -- */

static bool
came_back(const struct becket_metadata *metadata)
{
	struct becket_bytes initial, trailing;

	return becket_metadata_find(metadata, BECKET_METADATA_INITIAL,
	           ECHO_INITIAL, &initial) &&
	       initial.size == strlen("test_initial_metadata_value") &&
	       memcmp(initial.data, "test_initial_metadata_value",
	           initial.size) == 0 &&
	       becket_metadata_find(metadata, BECKET_METADATA_TRAILING,
	           ECHO_TRAILING, &trailing) &&
	       trailing.size == 3 &&
	       memcmp(trailing.data, "\xab\xab\xab", 3) == 0;
}

static void
echo_twice(struct becket_metadata *metadata)
{
	struct becket_stream *stream;

	WANT(becket_metadata_add(metadata, ECHO_INITIAL,
	         "test_initial_metadata_value",
	         strlen("test_initial_metadata_value")) == BECKET_S_OK);
	WANT(becket_metadata_add(metadata, ECHO_TRAILING, "\xab\xab\xab", 3) ==
	     BECKET_S_OK);
	becket_binding_set_next_metadata(binding, metadata);
	large_unary();
	WANT(came_back(metadata));
	in_time();
	becket_binding_set_next_metadata(binding, metadata);
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	is_true(turn(stream, 314159, 271828) == BECKET_S_OK, "a turn",
	    __LINE__);
	WANT(grpc_testing_test_service_full_duplex_call_finish(&stream) ==
	     BECKET_S_OK);
	WANT(came_back(metadata));
}

static void
custom_metadata(void)
{
	struct becket_metadata *metadata;

	WANT(becket_metadata_new(runtime, &metadata) == BECKET_S_OK);
	echo_twice(metadata);
	becket_metadata_free(&metadata);
}

/* ------------------------------------------------------------ statuses -- */

static void
fails_with(const char *message)
{
	simple_request request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
	Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
	simple_response *response;

	status.code = 2;
	status.message = (char *)(uintptr_t)message;
	request.response_status = &status;
	WANT(becket_grpc_code_from_status(
	         grpc_testing_test_service_unary_call(binding, &request,
	             &response)) == 2);
	WANT(strcmp(becket_error_last()->detail, message) == 0);
}

static void
status_code_and_message(void)
{
	struct becket_stream *stream;
	struct order failing;

	fails_with("test status message");
	in_time();
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	order(&failing, NULL, 0, 0);
	failing.status.code = 2;
	failing.status.message = (char *)(uintptr_t) "test status message";
	failing.request.response_status = &failing.status;
	is_true(grpc_testing_test_service_full_duplex_call_send(stream,
	            &failing.request) == BECKET_S_OK,
	    "send", __LINE__);
	WANT(becket_grpc_code_from_status(
	         grpc_testing_test_service_full_duplex_call_finish(&stream)) ==
	     2);
	WANT(strcmp(becket_error_last()->detail, "test status message") == 0);
}

static void
special_status_message(void)
{
	fails_with(SPECIAL);
}

static void
unimplemented_method(void)
{
	empty request = GRPC__TESTING__EMPTY__INIT, *response;

	WANT(grpc_testing_test_service_unimplemented_call(binding, &request,
	         &response) == BECKET_S_NOT_IMPLEMENTED);
}

static void
unimplemented_service(void)
{
	empty request = GRPC__TESTING__EMPTY__INIT, *response;
	becket_status status =
	    grpc_testing_unimplemented_service_unimplemented_call(binding,
	        &request, &response);

	WANT(status == BECKET_S_NOT_IMPLEMENTED ||
	     status == BECKET_S_UNKNOWN_IF);
}

/* ------------------------------------------------------- ending early -- */

static void
cancel_after_begin(void)
{
	struct becket_stream *stream;
	input_response *response;

	in_time();
	WANT(grpc_testing_test_service_streaming_input_call_open(binding,
	         &stream) == BECKET_S_OK);
	is_true(becket_stream_cancel(stream) == BECKET_S_OK, "cancel",
	    __LINE__);
	WANT(grpc_testing_test_service_streaming_input_call_finish(&stream,
	         &response) == BECKET_S_CALL_CANCELLED);
}

static void
cancel_after_first_response(void)
{
	struct becket_stream *stream;

	in_time();
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	is_true(turn(stream, 31415, 27182) == BECKET_S_OK, "a turn", __LINE__);
	is_true(becket_stream_cancel(stream) == BECKET_S_OK, "cancel",
	    __LINE__);
	WANT(grpc_testing_test_service_full_duplex_call_finish(&stream) ==
	     BECKET_S_CALL_CANCELLED);
}

static void
timeout_on_sleeping_server(void)
{
	static const size_t size = 31415;
	struct becket_stream *stream;
	struct order slow;
	becket_status sent;

	becket_binding_set_next_timeout(binding, 1);
	WANT(grpc_testing_test_service_full_duplex_call_open(binding,
	         &stream) == BECKET_S_OK);
	order(&slow, &size, 1, 27182);
	slow.parameters[0].interval_us = 100000;
	sent = grpc_testing_test_service_full_duplex_call_send(stream,
	    &slow.request);
	is_true(sent == BECKET_S_OK || sent == BECKET_X_PIPE_CLOSED, "send",
	    __LINE__);
	WANT(grpc_testing_test_service_full_duplex_call_finish(&stream) ==
	     BECKET_S_CALL_CANCELLED);
}

/* --------------------------------------------------------------- cases -- */

#define CASE(name) \
	{ \
#name, name \
	}

/* clang-format off */
static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	CASE(empty_unary),
	CASE(large_unary),
	CASE(client_compressed_unary),
	CASE(server_compressed_unary),
	CASE(client_streaming),
	CASE(client_compressed_streaming),
	CASE(server_streaming),
	CASE(server_compressed_streaming),
	CASE(ping_pong),
	CASE(half_duplex),
	CASE(empty_stream),
	CASE(custom_metadata),
	CASE(status_code_and_message),
	CASE(special_status_message),
	CASE(unimplemented_method),
	CASE(unimplemented_service),
	CASE(cancel_after_begin),
	CASE(cancel_after_first_response),
	CASE(timeout_on_sleeping_server),
};
/* clang-format on */

static bool
is_wanted(const char *name, char **wanted)
{
	bool any = *wanted != NULL;

	for (; *wanted != NULL; wanted++)
		if (strcmp(*wanted, name) == 0)
			return true;
	return !any;
}

static int
run(const char *peer, char **wanted)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!is_wanted(cases[i].name, wanted))
			continue;
		problem = NULL;
		cases[i].run();
		failed |= problem != NULL;
		if (problem != NULL)
			fprintf(stderr, "%s: %s\n", cases[i].name, problem);
		printf("%s becket -> %s %s\n",
		    problem == NULL ? "ok" : "not ok", peer, cases[i].name);
		fflush(stdout);
	}
	return failed;
}

int
main(int argc, char **argv)
{
	becket_status status = becket_runtime_new(NULL, &runtime);
	int failed = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: client STRING-BINDING PEER [CASE]\n");
		return 64;
	}
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, argv[1],
		    &binding);
	if (status == BECKET_S_OK)
		failed = run(argv[2], argv + 3);
	else
		fprintf(stderr, "client: %s\n", becket_status_text(status));
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	return failed;
}
