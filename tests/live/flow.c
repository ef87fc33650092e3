/* SPDX-License-Identifier: MIT */
#include "tests/live/flow.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
#define STREAMS(text, which) \
	{ \
		.name = (text), .request = RAW, .response = RAW, \
		.flags = (which) \
	}

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
#define STREAMS(text, which) \
	{ \
		.name = (text), .request = RAW, .response = RAW, \
		.flags = (which) \
	}

enum {
	IN = BECKET_OPERATION_REQUEST_STREAM,
	OUT = BECKET_OPERATION_RESPONSE_STREAM,
};

static const struct becket_operation operations[FLOW_OPERATIONS] = {
	[COUNT] = STREAMS("Count", OUT),
	[SUM] = STREAMS("Sum", IN),
	[TALK] = STREAMS("Talk", IN | OUT),
	[BREAK] = STREAMS("Break", OUT),
	[SOON] = STREAMS("Soon", IN),
	[DEAF] = STREAMS("Deaf", IN),
	[STUBBORN] = STREAMS("Stubborn", IN),
	[GREET] = STREAMS("Greet", IN | OUT),
};

const struct becket_interface flow_interface = {
	.abi = BECKET_ABI,
	.name = "test.Flow",
	.uuid = { .time_low = 0x0f2c1a55, .time_mid = 0x7d1b },
	.major = 1,
	.operation_count = FLOW_OPERATIONS,
	.operations = operations,
};

static becket_status
push(struct becket_stream *stream, uint16_t opnum, const void *data,
    size_t size)
{
	const struct becket_bytes message = { data, size };

	return becket_stub_send(stream, &flow_interface, opnum, &message);
}

static becket_status
count(struct becket_call *call, const struct becket_bytes *request,
    struct becket_stream *stream)
{
	char text[64] = "";
	unsigned n = 0;
	size_t size = 0;
	char *data;
	becket_status status = BECKET_S_OK;

	if (request->size < sizeof text)
		memcpy(text, request->data, request->size);
	if (sscanf(text, "%u %zu", &n, &size) != 2)
		return becket_call_fail(call, BECKET_S_INVALID_ARG, "bad text");
	data = malloc(size + 1);
	for (unsigned i = 0; i < n && status == BECKET_S_OK; i++) {
		memset(data, 'a' + (int)(i % 26), size);
		status = push(stream, COUNT, data, size);
	}
	free(data);
	return status;
}

static becket_status
sum(struct flow *flow, struct becket_call *call, struct becket_stream *stream,
    uint16_t opnum, struct becket_bytes *response)
{
	char text[64];
	uint64_t n = 0, size = 0;
	becket_status status;
	void *message;

	while ((status = becket_stub_receive(stream, &flow_interface, opnum,
	            &message)) == BECKET_S_OK) {
		atomic_fetch_add(&flow->heard, 1);
		n++;
		size += ((struct becket_bytes *)message)->size;
		becket_stub_free(message);
	}
	if (status != BECKET_X_PIPE_EMPTY)
		return status;
	snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, n, size);
	response->data = (const uint8_t *)becket_call_strdup(call, text);
	response->size = strlen(text);
	return BECKET_S_OK;
}

static becket_status
talk(struct flow *flow, struct becket_stream *stream, uint16_t opnum)
{
	becket_status status;
	void *message;

	while ((status = becket_stub_receive(stream, &flow_interface, opnum,
	            &message)) == BECKET_S_OK) {
		atomic_fetch_add(&flow->heard, 1);
		status =
		    becket_stub_send(stream, &flow_interface, opnum, message);
		becket_stub_free(message);
		if (status != BECKET_S_OK)
			return status;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static becket_status
break_off(struct becket_call *call, const struct becket_bytes *request,
    struct becket_stream *stream)
{
	becket_status status = BECKET_S_OK;

	for (int i = 0; i < request->data[0] - '0' && status == BECKET_S_OK;
	     i++)
		status = push(stream, BREAK, "x", 1);
	(void)!becket_call_add_metadata(call, BECKET_METADATA_TRAILING, "x-why",
	    "no reason", 9);
	return becket_call_fail(call, 0x20001234, "no luck after %.*s",
	    (int)request->size, (const char *)request->data);
}

static becket_status
answer_soon(struct becket_stream *stream, struct becket_bytes *response)
{
	void *message;
	becket_status status =
	    becket_stub_receive(stream, &flow_interface, SOON, &message);

	if (status != BECKET_S_OK)
		return status;
	becket_stub_free(message);
	*response = (struct becket_bytes){ (const uint8_t *)"enough", 6 };
	return BECKET_S_OK;
}

static becket_status
wait_for_gate(struct flow *flow, struct becket_call *call)
{
	while (!atomic_load(&flow->gate)) {
		if (becket_call_is_cancelled(call))
			return BECKET_S_CALL_CANCELLED;
		echo_yield();
	}
	return BECKET_S_OK;
}

/* What it is asked by goes back with the greeting, and the bill at the end. */
static becket_status
greet(struct flow *flow, struct becket_call *call, struct becket_stream *stream)
{
	struct becket_bytes name = { 0 };
	becket_status status;

	if (becket_call_find_metadata(call, "x-name", &name))
		status = becket_call_add_metadata(call, BECKET_METADATA_INITIAL,
		    "x-name", name.data, name.size);
	else
		status = BECKET_S_OK;
	if (status == BECKET_S_OK)
		status = becket_call_add_metadata(call,
		    BECKET_METADATA_TRAILING, "x-cost", "7", 1);
	if (status == BECKET_S_OK)
		status = push(stream, GREET, "hello", 5);
	return status == BECKET_S_OK ? talk(flow, stream, GREET) : status;
}

static becket_status
run(struct flow *flow, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_stream *stream = becket_call_stream(call);
	becket_status status;

	switch (becket_call_opnum(call)) {
	case COUNT:
		return count(call, request, stream);
	case SUM:
		return sum(flow, call, stream, SUM, response);
	case TALK:
		return talk(flow, stream, TALK);
	case BREAK:
		return break_off(call, request, stream);
	case SOON:
		return answer_soon(stream, response);
	case STUBBORN:
		while (!atomic_load(&flow->gate))
			echo_yield();
		return sum(flow, call, stream, STUBBORN, response);
	case DEAF:
		status = wait_for_gate(flow, call);
		return status != BECKET_S_OK
		           ? status
		           : sum(flow, call, stream, DEAF, response);
	default:
		return greet(flow, call, stream);
	}
}

static becket_status
routine(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct flow *flow = (struct flow *)(uintptr_t)epv;
	becket_status status;

	atomic_fetch_add(&flow->running, 1);
	atomic_fetch_add(&flow->entered[becket_call_object(call)->time_low %
	                                FLOW_NUMBERS],
	    1);
	status = run(flow, call, request, response);
	atomic_store(&flow->last, status);
	atomic_fetch_sub(&flow->running, 1);
	atomic_fetch_add(&flow->ended, 1);
	return status;
}

static becket_routine *const entries[FLOW_OPERATIONS] = { routine, routine,
	routine, routine, routine, routine, routine, routine };

static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = FLOW_OPERATIONS,
	.routines = entries,
};

void
flow_register(struct flow *flow, struct echo *echo)
{
	atomic_store(&flow->gate, false);
	atomic_store(&flow->running, 0);
	atomic_store(&flow->ended, 0);
	atomic_store(&flow->heard, 0);
	assert_int_equal(becket_server_register_if(echo->server,
	                     &flow_interface, &routines, NULL, flow,
	                     BECKET_IF_BLOCKING),
	    BECKET_S_OK);
}

/* ---------------------------------------------------------------- client -- */

struct becket_stream *
flow_open(struct becket_binding *binding, uint16_t opnum, const char *request)
{
	struct becket_bytes bytes = { (const uint8_t *)request,
		request == NULL ? 0 : strlen(request) };
	struct becket_stream *stream = NULL;

	if (becket_stub_open(binding, &flow_interface, opnum,
	        request == NULL ? NULL : &bytes, &stream) != BECKET_S_OK)
		fail_msg("%s", becket_error_last()->sentence);
	assert_non_null(stream);
	return stream;
}

becket_status
flow_send(struct becket_stream *stream, uint16_t opnum, const void *data,
    size_t size)
{
	return push(stream, opnum, data, size);
}

becket_status
flow_receive(struct becket_stream *stream, uint16_t opnum,
    struct becket_bytes **ret_message)
{
	void *message;
	becket_status status =
	    becket_stub_receive(stream, &flow_interface, opnum, &message);

	if (status == BECKET_S_OK)
		*ret_message = message;
	return status;
}

becket_status
flow_finish(struct becket_stream **stream, uint16_t opnum,
    struct becket_bytes **ret_response)
{
	void *response = NULL;
	becket_status status = becket_stub_finish_stream(stream,
	    &flow_interface, opnum, ret_response == NULL ? NULL : &response);

	if (ret_response != NULL)
		*ret_response = response;
	return status;
}

static void
expect_bytes(const struct becket_bytes *bytes, const char *expected)
{
	assert_int_equal(bytes->size, strlen(expected));
	assert_memory_equal(bytes->data, expected, bytes->size);
}

void
flow_expect(struct becket_stream *stream, uint16_t opnum, const char *expected)
{
	struct becket_bytes *message = NULL;

	if (flow_receive(stream, opnum, &message) != BECKET_S_OK)
		fail_msg("%s", becket_error_last()->sentence);
	expect_bytes(message, expected);
	becket_stub_free(message);
}

void
flow_expect_end(struct becket_stream **stream, uint16_t opnum)
{
	if (flow_finish(stream, opnum, NULL) != BECKET_S_OK)
		fail_msg("%s", becket_error_last()->sentence);
	assert_null(*stream);
}

void
flow_expect_response(struct becket_stream **stream, uint16_t opnum,
    const char *expected)
{
	struct becket_bytes *response;

	if (flow_finish(stream, opnum, &response) != BECKET_S_OK)
		fail_msg("%s", becket_error_last()->sentence);
	assert_null(*stream);
	expect_bytes(response, expected);
	becket_stub_free(response);
}

const char flow_piece[FLOW_PIECE];

unsigned
flow_fill(struct becket_stream *stream, uint16_t opnum)
{
	unsigned sent = 0, events;
	becket_status status;

	assert_int_equal(becket_stream_set_nonblocking(stream, true), 0);
	do {
		while ((status = flow_send(stream, opnum, flow_piece,
		            FLOW_PIECE)) == 0)
			assert_in_range(sent++, 0, 5000);
		assert_int_equal(status, BECKET_S_ASYNC_CALL_PENDING);
	} while (becket_stream_wait(stream, BECKET_STREAM_WRITABLE, 200,
	             &events) == 0);
	return sent;
}
