/* SPDX-License-Identifier: MIT */
#include "tests/live/stream_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/live/raw.h"

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

enum {
	IN = BECKET_OPERATION_REQUEST_STREAM,
	OUT = BECKET_OPERATION_RESPONSE_STREAM,
	BLOCKS = BECKET_OPERATION_BLOCKING,
};

/* clang-format off */
static const struct becket_operation operations[STREAM_OPERATIONS] = {
	[POUR]      = { .name = "Pour", RAW, RAW, .flags = OUT | BLOCKS },
	[POUR_ON]   = { .name = "PourOn", RAW, RAW, .flags = OUT },
	[ADD]       = { .name = "Add", RAW, RAW, .flags = IN | BLOCKS },
	[ADD_ON]    = { .name = "AddOn", RAW, RAW, .flags = IN },
	[CHAT]      = { .name = "Chat", RAW, RAW, .flags = IN | OUT | BLOCKS },
	[CHAT_ON]   = { .name = "ChatOn", RAW, RAW, .flags = IN | OUT },
	[KEEP]      = { .name = "Keep", RAW, RAW, .flags = IN | OUT },
	[STARE]     = { .name = "Stare", RAW, RAW, .flags = IN | OUT | BLOCKS },
	[WAIT]      = { .name = "Wait", RAW, RAW, .flags = OUT | BLOCKS },
	[FAIL_LATE] = { .name = "FailLate", RAW, RAW, .flags = OUT },
	[LOOK]      = { .name = "Look", RAW, RAW, .flags = IN | OUT },
};
/* clang-format on */

const struct becket_interface stream_interface = {
	.abi = BECKET_ABI,
	.name = "test.Streams",
	.uuid = { 0x3c1f7a52, 0x1b0d, 0x4d6c,
	    { 0x93, 0x5d, 0x42, 0x11, 0x9e, 0x7b, 0x0c, 0x34 } },
	.major = 1,
	.operation_count = STREAM_OPERATIONS,
	.operations = operations,
};

struct session *(*stream_bench_door)(void);

static becket_status
push(struct becket_stream *stream, uint16_t opnum, const void *data,
    size_t size)
{
	const struct becket_bytes message = { data, size };

	return becket_stub_send(stream, &stream_interface, opnum, &message);
}

static becket_status
pull(struct becket_stream *stream, uint16_t opnum,
    struct becket_bytes **ret_message)
{
	void *message;
	becket_status status =
	    becket_stub_receive(stream, &stream_interface, opnum, &message);

	if (status == BECKET_S_OK)
		*ret_message = message;
	return status;
}

static struct stream_bench *
bench_of(const void *epv)
{
	return (struct stream_bench *)(uintptr_t)epv;
}

/* ------------------------------------------------------------ on workers -- */

struct order {
	unsigned long count;
	size_t size;
	uint8_t *data;
};

static struct order
order_of(const struct becket_bytes *text)
{
	char copy[32] = "", *end;
	struct order order;

	if (text->size < sizeof copy)
		memcpy(copy, text->data, text->size);
	order.count = strtoul(copy, &end, 10);
	order.size = strtoul(end, NULL, 10);
	order.data = calloc(1, order.size + 1);
	return order;
}

static becket_status
pour(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct order order = order_of(request);
	becket_status status = BECKET_S_OK;

	(void)epv;
	(void)response;
	for (unsigned long i = 0; i < order.count && status == BECKET_S_OK;
	     i++) {
		if (order.size > 0)
			order.data[0] = (uint8_t)i;
		status = push(becket_call_stream(call), POUR, order.data,
		    order.size);
	}
	free(order.data);
	return status;
}

struct sum {
	unsigned long count, bytes;
};

static void
say_sum(const struct sum *sum, char text[48])
{
	snprintf(text, 48, "%lu %lu", sum->count, sum->bytes);
}

static becket_status
add(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_bytes *piece;
	struct sum sum = { 0 };
	becket_status status;
	char *text = becket_call_alloc(call, 48);

	(void)epv;
	(void)request;
	while ((status = pull(becket_call_stream(call), ADD, &piece)) ==
	       BECKET_S_OK) {
		sum.count++;
		sum.bytes += piece->size;
		becket_stub_free(piece);
	}
	if (status != BECKET_X_PIPE_EMPTY)
		return status;
	say_sum(&sum, text);
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ (uint8_t *)text, strlen(text) };
	return BECKET_S_OK;
}

static becket_status
chat(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_stream *stream = becket_call_stream(call);
	struct becket_bytes *piece;
	becket_status status;

	(void)epv;
	(void)request;
	(void)response;
	while ((status = pull(stream, CHAT, &piece)) == BECKET_S_OK) {
		status = push(stream, CHAT, piece->data, piece->size);
		becket_stub_free(piece);
		if (status != BECKET_S_OK)
			break;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static becket_status
stare(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct stream_bench *bench = bench_of(epv);
	struct becket_bytes *piece;
	becket_status status;

	(void)request;
	(void)response;
	sem_post(&bench->kept);
	while ((status = pull(becket_call_stream(call), STARE, &piece)) ==
	       BECKET_S_OK) {
		atomic_fetch_add(&bench->passed, 1);
		becket_stub_free(piece);
	}
	atomic_store(&bench->seen, status);
	return status;
}

static becket_status
wait_to_write(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	static const uint8_t data[1000];
	struct stream_bench *bench = bench_of(epv);
	becket_status status;

	(void)request;
	(void)response;
	sem_post(&bench->kept);
	while ((status = push(becket_call_stream(call), WAIT, data,
	            sizeof data)) == BECKET_S_OK)
		atomic_fetch_add(&bench->passed, 1);
	atomic_store(&bench->seen, status);
	return status;
}

static becket_status
fail_late(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_stream *stream = becket_call_stream(call);
	becket_status status = push(stream, FAIL_LATE, "one", 3);

	(void)epv;
	(void)request;
	(void)response;
	if (status == BECKET_S_OK)
		status = push(stream, FAIL_LATE, "two", 3);
	return status != BECKET_S_OK
	           ? status
	           : becket_call_fail(call, 0x20001234, "no third");
}

/* ----------------------------------------------------------- on the loop -- */

static becket_status
keep(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct stream_bench *bench = bench_of(epv);
	becket_status status = becket_call_defer(call, &bench->token);

	(void)request;
	(void)response;
	bench->stream = becket_call_stream(call);
	sem_post(&bench->kept);
	return status;
}

static becket_status
look(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_stream *stream = becket_call_stream(call);
	struct stream_bench *bench = bench_of(epv);
	struct becket_bytes *piece;
	unsigned events = 0;

	(void)request;
	(void)response;
	bench->looked[0] = pull(stream, LOOK, &piece);
	bench->looked[1] = becket_stream_set_nonblocking(stream, false);
	bench->looked[2] =
	    becket_stream_wait(stream, BECKET_STREAM_READABLE, 20000, &events);
	bench->looked[3] = becket_stream_wait(stream,
	    BECKET_STREAM_READABLE | BECKET_STREAM_WRITABLE, 0, &events);
	bench->looked[4] = events;
	bench->looked[5] = push(stream, LOOK, "looked", 6);
	return BECKET_S_OK;
}

/* What a deferred call goes on with. */
struct worker {
	struct becket_token token;
	uint16_t opnum;
	struct order order;
	struct sum sum;
	struct becket_bytes *piece; /* to come back */
};

static void
answer(struct worker *worker, struct becket_stream *stream,
    becket_status status, const char *text)
{
	const struct becket_bytes message = { (const uint8_t *)text,
		text == NULL ? 0 : strlen(text) };

	assert_int_equal(becket_stream_set_callback(stream, NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_answer(worker->token, &stream_interface,
	                     worker->opnum, status,
	                     text == NULL ? NULL : &message),
	    BECKET_S_OK);
	becket_stub_free(worker->piece);
	free(worker->order.data);
	free(worker);
}

static void
go_on_pouring(void *user, struct becket_stream *stream)
{
	struct worker *worker = user;
	becket_status status = BECKET_S_OK;

	while (worker->sum.count < worker->order.count) {
		if (worker->order.size > 0)
			worker->order.data[0] = (uint8_t)worker->sum.count;
		status = push(stream, POUR_ON, worker->order.data,
		    worker->order.size);
		if (status != BECKET_S_OK)
			break;
		worker->sum.count++;
	}
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		answer(worker, stream, status, NULL);
}

static void
go_on_adding(void *user, struct becket_stream *stream)
{
	struct worker *worker = user;
	struct becket_bytes *piece;
	becket_status status;
	char text[48];

	while ((status = pull(stream, ADD_ON, &piece)) == BECKET_S_OK) {
		worker->sum.count++;
		worker->sum.bytes += piece->size;
		becket_stub_free(piece);
	}
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	say_sum(&worker->sum, text);
	if (status == BECKET_X_PIPE_EMPTY)
		answer(worker, stream, BECKET_S_OK, text);
	else
		answer(worker, stream, status, NULL);
}

static void
go_on_chatting(void *user, struct becket_stream *stream)
{
	struct worker *worker = user;
	becket_status status = BECKET_S_OK;

	while (status == BECKET_S_OK) {
		if (worker->piece == NULL)
			status = pull(stream, CHAT_ON, &worker->piece);
		if (status == BECKET_S_OK)
			status = push(stream, CHAT_ON, worker->piece->data,
			    worker->piece->size);
		if (status == BECKET_S_OK) {
			becket_stub_free(worker->piece);
			worker->piece = NULL;
		}
	}
	if (status == BECKET_X_PIPE_EMPTY)
		answer(worker, stream, BECKET_S_OK, NULL);
	else if (status != BECKET_S_ASYNC_CALL_PENDING)
		answer(worker, stream, status, NULL);
}

static becket_status
go_on(struct becket_call *call, const void *request,
    void (*ready)(void *user, struct becket_stream *stream))
{
	struct worker *worker = calloc(1, sizeof *worker);
	becket_status status = becket_call_defer(call, &worker->token);

	if (status != BECKET_S_ASYNC_CALL_PENDING) {
		free(worker);
		return status;
	}
	worker->opnum = becket_call_opnum(call);
	if (request != NULL)
		worker->order = order_of(request);
	assert_int_equal(becket_stream_set_callback(becket_call_stream(call),
	                     ready, worker),
	    BECKET_S_OK);
	return status;
}

static becket_status
pour_on(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)response;
	return go_on(call, request, go_on_pouring);
}

static becket_status
add_on(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	return go_on(call, NULL, go_on_adding);
}

static becket_status
chat_on(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	return go_on(call, NULL, go_on_chatting);
}

/* ----------------------------------------------------------------- bench -- */

static becket_routine *const list[STREAM_OPERATIONS] = {
	[POUR] = pour,
	[POUR_ON] = pour_on,
	[ADD] = add,
	[ADD_ON] = add_on,
	[CHAT] = chat,
	[CHAT_ON] = chat_on,
	[KEEP] = keep,
	[STARE] = stare,
	[WAIT] = wait_to_write,
	[FAIL_LATE] = fail_late,
	[LOOK] = look,
};

const struct becket_routines stream_routines = {
	.abi = BECKET_ABI,
	.count = STREAM_OPERATIONS,
	.routines = list,
};

void
stream_bench_start(struct stream_bench *bench,
    const struct becket_limits *limits, unsigned loops, unsigned flags)
{
	const struct becket_server_options options = {
		.size = sizeof options,
		.loops = loops,
	};

	memset(bench, 0, sizeof *bench);
	sem_init(&bench->kept, 0, 0);
	echo_open_as(&bench->echo, limits, &options);
	assert_int_equal(becket_server_register_if(bench->echo.server,
	                     &stream_interface, &stream_routines, NULL, bench,
	                     flags),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(bench->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

void
stream_bench_stop(struct stream_bench *bench)
{
	echo_stop(&bench->echo);
	sem_destroy(&bench->kept);
}

void
stream_bench_connect(struct stream_bench *bench, size_t which,
    struct wire_client *client)
{
	wire_open(client, raw_connect(&bench->echo, which == 1),
	    &stream_interface, which == 2 ? stream_bench_door() : NULL);
}
