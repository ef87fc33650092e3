/* SPDX-License-Identifier: MIT */
#include "stub/server_stream.h"

#include <pthread.h>

#include "stub/dispatch.h"
#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

/*
 * A stream between a manager and a session that is none: what it is told is
 * counted. One interface of raw bytes, both ways.
 */
enum { CHAT, LIST, SUM, OPERATIONS };
enum { WINDOW = 4000 };

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

/* clang-format off */
static const struct becket_operation operations[OPERATIONS] = {
	[CHAT] = { .name = "Chat", RAW, RAW,
	           .flags = BECKET_OPERATION_REQUEST_STREAM |
	                    BECKET_OPERATION_RESPONSE_STREAM },
	[LIST] = { .name = "List", RAW, RAW,
	           .flags = BECKET_OPERATION_RESPONSE_STREAM },
	[SUM]  = { .name = "Sum", RAW, RAW,
	           .flags = BECKET_OPERATION_REQUEST_STREAM },
};
/* clang-format on */

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "unit.Streams",
	.uuid = { .time_low = 2 },
	.major = 1,
	.operation_count = OPERATIONS,
	.operations = operations,
};

struct bench {
	struct test_memory memory;
	struct becket_limits limits;
	struct managers managers;
	struct objects objects;
	struct tokens tokens;
	struct call_host host;
	struct peer *peer;
	struct session session;
	struct session_ops ops;
	unsigned streams, puts, attended, posted, told;
	size_t consumed, put_size;
	uint8_t put_bytes[64]; /* the first */
	becket_status put_status;
	struct becket_call *call;
	struct server_stream *stream;
	struct becket_token token;
	becket_status answer; /* of the routine; S_ASYNC_CALL_PENDING: defer */
};

static struct bench *
bench_of(const struct session *session)
{
	return container_of(session, struct bench, session);
}

static becket_status
put(struct session *session, struct idmap_id call, struct buffer *message)
{
	struct bench *bench = bench_of(session);

	(void)call;
	bench->puts++;
	for (size_t i = 0; i < message->size; i++)
		if (bench->put_size + i < sizeof bench->put_bytes)
			bench->put_bytes[bench->put_size + i] =
			    message->data[i];
	bench->put_size += message->size;
	buffer_fini(message);
	return bench->put_status;
}

static void
consumed(struct session *session, struct idmap_id call, size_t size)
{
	(void)call;
	bench_of(session)->consumed += size;
}

static void
attend(struct call_host *host, struct server_stream *stream)
{
	(void)stream;
	container_of(host, struct bench, host)->attended++;
}

static void
keep(struct call_host *host, struct becket_call *call)
{
	(void)call;
	container_of(host, struct bench, host)->posted++;
}

static uint64_t
noon(void)
{
	return 1000000000;
}

static becket_status
act(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct bench *bench = (struct bench *)(uintptr_t)epv;

	if (bench->answer == BECKET_S_ASYNC_CALL_PENDING)
		return becket_call_defer(call, &bench->token);
	if (becket_call_opnum(call) == LIST)
		return becket_stub_send(becket_call_stream(call), &interface,
		    LIST, request);
	if (becket_call_opnum(call) == SUM)
		*(struct becket_bytes *)response = text_bytes("sum");
	return bench->answer;
}

static becket_routine *const list[OPERATIONS] = { act, act, act };

static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = list,
};

/* A call that has begun; false: no memory. */
static bool
set_up_with(struct bench *bench, uint16_t opnum, bool is_plain, size_t fail_at)
{
	const struct becket_peer view = { .text = "unit",
		.protseq = "none",
		.address = "" };
	struct session_event event = { .kind = SESSION_CALL };
	struct syntax_id id = { interface.uuid, 1, 0 };
	const struct becket_memory *memory;

	*bench = (struct bench){ .limits = BECKET_LIMITS_DEFAULT };
	bench->limits.stream_window = WINDOW;
	bench->memory = test_memory(fail_at);
	memory = test_memory_of(&bench->memory);
	managers_init(&bench->managers, memory, 8);
	objects_init(&bench->objects, memory, 8);
	tokens_init(&bench->tokens, memory, 4);
	bench->host = (struct call_host){
		.memory = memory,
		.limits = &bench->limits,
		.managers = &bench->managers,
		.objects = &bench->objects,
		.tokens = &bench->tokens,
		.now = noon,
		.post = keep,
		.attend = attend,
	};
	bench->ops = (struct session_ops){
		.is_plain = is_plain,
		.put = put,
		.consumed = consumed,
	};
	bench->session.ops = &bench->ops;
	bench->peer = peer_new(memory, &view);
	if (bench->peer == NULL ||
	    managers_add(&bench->managers,
	        &(struct manager_offer){ .interface = &interface,
	            .routines = &routines,
	            .epv = bench }) != BECKET_S_OK)
		return false;
	event.begun.interface = registry_find(&bench->managers.registry, &id);
	event.begun.syntax = is_plain ? SYNTAX_PROTOBUF : SYNTAX_BECKET;
	event.begun.opnum = opnum;
	bench->call =
	    becket_call_new(&bench->host, bench->peer, &event, noon());
	if (bench->call == NULL)
		return false;
	assert_int_equal(dispatch_admit(bench->call), BECKET_S_OK);
	bench->call->stream = server_stream_new(bench->call, &bench->session);
	bench->stream = bench->call->stream;
	return bench->stream != NULL;
}

static void
tear_down(struct bench *bench)
{
	if (bench->stream != NULL)
		server_stream_detach(bench->stream);
	becket_call_free(bench->call);
	tokens_fini(&bench->tokens);
	managers_fini(&bench->managers);
	objects_fini(&bench->objects);
	peer_release(bench->peer);
	test_memory_end(&bench->memory);
}

static void
feed(struct bench *bench, const char *hex)
{
	uint8_t bytes[256];
	struct buffer piece = buffer_empty(test_memory_of(&bench->memory));
	size_t size = from_hex(hex, bytes);

	if (buffer_append(&piece, bytes, size))
		(void)server_stream_feed(bench->stream, &piece, false);
}

/* Its manager routine has deferred it. */
static void
start(struct bench *bench, bool is_plain)
{
	assert_true(set_up_with(bench, CHAT, is_plain, TEST_MEMORY_NEVER));
	bench->answer = BECKET_S_ASYNC_CALL_PENDING;
	if (!is_plain)
		feed(bench, "02");
	assert_true(server_stream_is_ready(bench->stream));
	assert_int_equal(dispatch_prepare(bench->call), BECKET_S_OK);
	assert_false(dispatch_run(bench->call));
	bench->stream->is_nonblocking = true;
}

static void
stop(struct bench *bench)
{
	assert_int_equal(token_answer(&bench->host, bench->token, &interface,
	                     CHAT, BECKET_S_OK, NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(bench->posted, 1);
	tear_down(bench);
}

static becket_status
send(struct bench *bench, const char *text)
{
	const struct becket_bytes message = text_bytes(text);

	return becket_stub_send(&bench->stream->stream, &interface, CHAT,
	    &message);
}

static becket_status
receive(struct bench *bench)
{
	void *message;
	becket_status status = becket_stub_receive(&bench->stream->stream,
	    &interface, CHAT, &message);

	if (status == BECKET_S_OK)
		becket_stub_free(message);
	return status;
}

/* --------------------------------------------------------------- sending -- */

static void
the_loop_is_told_once(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	assert_int_equal(bench.attended, 1);
	server_stream_move(bench.stream);
	/* One behind the other, and the head in front. */
	assert_int_equal(bench.puts, 1);
	assert_bytes((struct becket_bytes){ bench.put_bytes, bench.put_size },
	    "\2\3ab\3ab\3ab", 10);
	/* The session still has that: it says so when it has sent it. */
	assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	server_stream_move(bench.stream);
	assert_int_equal(bench.attended, 1);
	assert_int_equal(bench.puts, 1);
	(void)server_stream_writable(bench.stream);
	assert_int_equal(bench.puts, 2);
	(void)server_stream_writable(bench.stream);
	assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	assert_int_equal(bench.attended, 2);
	stop(&bench);
}

static void
messages_of_a_plain_session_go_one_by_one(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	server_stream_move(bench.stream);
	assert_int_equal(bench.puts, 3);
	assert_int_equal(bench.put_size, 6);
	stop(&bench);
}

static void
no_more_is_kept_than_a_window(void **state)
{
	struct bench bench;
	size_t count = 0;

	(void)state;
	for (int is_plain = 0; is_plain < 2; is_plain++) {
		start(&bench, is_plain);
		for (count = 0; send(&bench, "123456789") == BECKET_S_OK;
		     count++)
			if (count == 5)
				server_stream_move(bench.stream);
		assert_int_equal(send(&bench, ""), BECKET_S_ASYNC_CALL_PENDING);
		assert_int_equal(count,
		    is_plain ? WINDOW / (9 + SESSION_MESSAGE_COST) + 1
		             : WINDOW / 10);
		/* Half of what waits goes on, and there is room again. */
		(void)server_stream_writable(bench.stream);
		assert_int_equal(send(&bench, "x"), BECKET_S_OK);
		assert_in_range(bench.put_size, 6 * 9, 3100);
		stop(&bench);
	}
}

static void
what_the_session_refuses_fails_the_call(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	bench.put_status = BECKET_S_OUT_OF_MEMORY;
	assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	server_stream_move(bench.stream);
	assert_int_equal(send(&bench, "ab"), BECKET_S_CALL_CANCELLED);
	assert_int_equal(server_stream_finish(bench.stream),
	    BECKET_S_OUT_OF_MEMORY);
	stop(&bench);
}

/* ------------------------------------------------------------- receiving -- */

static void
the_session_is_told_what_is_dealt_with(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(bench.consumed, 1); /* the head */
	feed(&bench, "03 6162 03 6162");
	/* The first is whole: that is kept. */
	assert_int_equal(bench.consumed, 1);
	assert_int_equal(receive(&bench), BECKET_S_OK);
	assert_int_equal(bench.consumed, 1);
	server_stream_move(bench.stream);
	assert_int_equal(bench.consumed, 7);
	assert_int_equal(receive(&bench), BECKET_S_OK);
	assert_int_equal(receive(&bench), BECKET_S_ASYNC_CALL_PENDING);
	/* What is little can wait. */
	assert_int_equal(bench.attended, 0);
	stop(&bench);
}

static void
much_that_is_dealt_with_is_told_at_once(void **state)
{
	char hex[256 * 3] = "";
	const size_t cost = 200 + SESSION_MESSAGE_COST;
	struct bench bench;
	size_t taken;

	(void)state;
	start(&bench, true);
	for (int i = 0; i < 200; i++)
		strcat(hex, "61");
	for (int i = 0; i < 20; i++)
		feed(&bench, hex);
	assert_int_equal(bench.consumed, 0);
	for (taken = 0; taken * cost <= WINDOW / 4; taken++) {
		assert_int_equal(bench.attended, 0);
		assert_int_equal(receive(&bench), BECKET_S_OK);
	}
	assert_int_equal(bench.attended, 1);
	assert_int_equal(receive(&bench), BECKET_S_OK);
	assert_int_equal(bench.attended, 1);
	server_stream_move(bench.stream);
	assert_int_equal(bench.consumed, (taken + 1) * cost);
	stop(&bench);
}

static void
a_message_larger_than_the_window_is_let_in(void **state)
{
	char hex[256 * 3] = "";
	struct bench bench;

	(void)state;
	start(&bench, false);
	for (int i = 0; i < 250; i++)
		strcat(hex, "61");
	feed(&bench, "8927"); /* 5000 bytes */
	for (int i = 0; i < 19; i++)
		feed(&bench, hex);
	assert_int_equal(bench.consumed, 1 + 2 + 19 * 250);
	assert_int_equal(receive(&bench), BECKET_S_ASYNC_CALL_PENDING);
	feed(&bench, hex);
	assert_int_equal(receive(&bench), BECKET_S_OK);
	stop(&bench);
}

/* ------------------------------------------------------------- callbacks -- */

static void
count(void *user, struct becket_stream *stream)
{
	(void)stream;
	((struct bench *)user)->told++;
}

static void
receive_all(void *user, struct becket_stream *stream)
{
	struct bench *bench = user;

	(void)stream;
	bench->told++;
	while (receive(bench) == BECKET_S_OK)
		;
}

static void
a_callback_comes_once_until_it_has_been_tried(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(becket_stream_set_callback(&bench.stream->stream,
	                     count, &bench),
	    BECKET_S_OK);
	/* It can send. */
	assert_int_equal(bench.attended, 1);
	server_stream_notify(bench.stream);
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 1);
	assert_int_equal(receive(&bench), BECKET_S_ASYNC_CALL_PENDING);
	feed(&bench, "03 6162");
	server_stream_notify(bench.stream);
	feed(&bench, "03 6162");
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 2);
	stop(&bench);
}

static void
a_callback_that_tries_comes_again(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(becket_stream_set_callback(&bench.stream->stream,
	                     receive_all, &bench),
	    BECKET_S_OK);
	server_stream_notify(bench.stream);
	for (int i = 0; i < 3; i++) {
		feed(&bench, "03 6162");
		server_stream_notify(bench.stream);
	}
	assert_int_equal(bench.told, 4);
	assert_true(server_stream_cancel(bench.stream));
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 5);
	assert_int_equal(receive(&bench), BECKET_S_CALL_CANCELLED);
	stop(&bench);
}

static void
set_another(void *user, struct becket_stream *stream)
{
	((struct bench *)user)->told++;
	assert_int_equal(becket_stream_set_callback(stream, count, user),
	    BECKET_S_OK);
}

static void
a_callback_set_in_a_callback_comes_later(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(becket_stream_set_callback(&bench.stream->stream,
	                     set_another, &bench),
	    BECKET_S_OK);
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 1);
	assert_int_equal(bench.attended, 2);
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 2);
	stop(&bench);
}

static void
a_callback_ends_with_the_answer(void **state)
{
	struct bench bench;
	struct becket_stream *stream;

	(void)state;
	start(&bench, false);
	stream = &bench.stream->stream;
	assert_int_equal(becket_stream_set_callback(stream, count, &bench),
	    BECKET_S_OK);
	server_stream_notify(bench.stream);
	assert_int_equal(receive(&bench), BECKET_S_ASYNC_CALL_PENDING);
	feed(&bench, "03 6162");
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     CHAT, BECKET_S_OK, NULL, NULL),
	    BECKET_S_OK);
	/* The loop has not taken the answer yet. */
	server_stream_notify(bench.stream);
	assert_int_equal(send(&bench, "ab"), BECKET_X_PIPE_CLOSED);
	assert_int_equal(becket_stream_set_callback(stream, count, &bench),
	    BECKET_S_OK);
	assert_false(server_stream_cancel(bench.stream));
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 1);
	tear_down(&bench);
}

static void
a_stream_without_a_connection_still_calls_back(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	assert_int_equal(bench.attended, 1);
	server_stream_detach(bench.stream);
	assert_false(server_stream_cancel(bench.stream));
	/* The loop looks at what has been posted before. */
	server_stream_notify(bench.stream);
	server_stream_move(bench.stream);
	assert_int_equal(becket_stream_set_callback(&bench.stream->stream,
	                     count, &bench),
	    BECKET_S_OK);
	assert_int_equal(bench.attended, 2);
	server_stream_notify(bench.stream);
	assert_int_equal(bench.told, 1);
	stop(&bench);
}

/* ------------------------------------------------------------------ ends -- */

static void
the_wrong_end_and_the_wrong_operation_are_told(void **state)
{
	const struct becket_bytes message = text_bytes("x");
	struct becket_stream *stream;
	struct bench bench;
	void *got;

	(void)state;
	start(&bench, false);
	stream = &bench.stream->stream;
	assert_int_equal(becket_stub_send(stream, &interface, LIST, &message),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_send(NULL, &interface, CHAT, &message),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_receive(stream, NULL, CHAT, &got),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_finish_stream(&stream, &interface, CHAT,
	                     NULL),
	    BECKET_X_WRONG_PIPE_ORDER);
	becket_stream_set_gathering(stream, true); /* nothing happens */
	becket_stream_flush(stream);
	assert_int_equal(becket_stream_half_close(stream),
	    BECKET_X_WRONG_PIPE_ORDER);
	assert_int_equal(becket_stream_cancel(stream),
	    BECKET_X_WRONG_PIPE_ORDER);
	becket_stream_abort(&stream);
	assert_non_null(stream);
	stop(&bench);

	assert_true(set_up_with(&bench, SUM, false, TEST_MEMORY_NEVER));
	feed(&bench, "02");
	assert_int_equal(dispatch_prepare(bench.call), BECKET_S_OK);
	stream = becket_call_stream(bench.call);
	assert_int_equal(becket_stub_send(stream, &interface, SUM, &message),
	    BECKET_X_WRONG_PIPE_ORDER);
	tear_down(&bench);
}

static void
a_stream_that_fails_has_a_fault(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, false);
	assert_int_equal(send(&bench, "ab"), BECKET_S_OK);
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     CHAT, 0x1234, NULL, NULL),
	    BECKET_S_OK);
	assert_int_equal(bench.call->reply.status, 0x1234);
	assert_int_equal(server_stream_finish(bench.stream), BECKET_S_OK);
	assert_int_equal(bench.put_size, 4);
	tear_down(&bench);
}

/* Its request and its answer are all there is to it. */
static becket_status
live(struct bench *bench, const char *hex)
{
	becket_status status;

	feed(bench, hex);
	(void)server_stream_end(bench->stream);
	assert_true(server_stream_is_ready(bench->stream));
	status = dispatch_prepare(bench->call);
	assert_int_equal(status, BECKET_S_OK);
	assert_true(dispatch_run(bench->call));
	status = server_stream_finish(bench->stream);
	return status == BECKET_S_OK ? bench->call->reply.status : status;
}

struct life {
	uint16_t opnum;
	const char *request;
	becket_status status;
	const char *response;
};

static void
one_message_is_a_parameter(void **state)
{
	static const struct life lives[] = {
		{ LIST, "02 03 6162", BECKET_S_OK, "02 03 6162" },
		{ LIST, "02", BECKET_S_PROTOCOL_ERROR, "" },
		{ LIST, "", BECKET_S_PROTOCOL_ERROR, "" },
		{ LIST, "02 01 01", BECKET_S_PROTOCOL_ERROR, "" },
		{ LIST, "00 61", BECKET_S_PROTOCOL_ERROR, "" },
		{ LIST, "02 05 61", BECKET_S_PROTOCOL_ERROR, "" },
		{ SUM, "02", BECKET_S_OK, "02 04 73756d" },
		{ SUM, "", BECKET_S_PROTOCOL_ERROR, "" },
		{ SUM, "03 02 1205", BECKET_X_BAD_STUB_DATA, "" },
		{ CHAT, "02", BECKET_S_OK, "02" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		const struct life *life = &lives[i];
		uint8_t expected[64];
		struct bench bench;
		size_t size = from_hex(life->response, expected);

		assert_true(
		    set_up_with(&bench, life->opnum, false, TEST_MEMORY_NEVER));
		assert_int_equal(live(&bench, life->request), life->status);
		assert_bytes((struct becket_bytes){ bench.put_bytes,
		                 bench.put_size },
		    expected, size);
		tear_down(&bench);
	}
}

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	for (uint16_t opnum = CHAT; opnum <= SUM; opnum++) {
		size_t n = 0;
		bool failed;

		do {
			struct bench bench;

			if (set_up_with(&bench, opnum, false, n++))
				(void)!live(&bench, "02 03 6162");
			failed = bench.memory.failed;
			tear_down(&bench);
		} while (failed);
		assert_in_range(n, 8, 100);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_is_told_once),
		cmocka_unit_test(messages_of_a_plain_session_go_one_by_one),
		cmocka_unit_test(no_more_is_kept_than_a_window),
		cmocka_unit_test(what_the_session_refuses_fails_the_call),
		cmocka_unit_test(the_session_is_told_what_is_dealt_with),
		cmocka_unit_test(much_that_is_dealt_with_is_told_at_once),
		cmocka_unit_test(a_message_larger_than_the_window_is_let_in),
		cmocka_unit_test(a_callback_comes_once_until_it_has_been_tried),
		cmocka_unit_test(a_callback_that_tries_comes_again),
		cmocka_unit_test(a_callback_set_in_a_callback_comes_later),
		cmocka_unit_test(a_callback_ends_with_the_answer),
		cmocka_unit_test(
		    a_stream_without_a_connection_still_calls_back),
		cmocka_unit_test(
		    the_wrong_end_and_the_wrong_operation_are_told),
		cmocka_unit_test(a_stream_that_fails_has_a_fault),
		cmocka_unit_test(one_message_is_a_parameter),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("server stream", tests, NULL, NULL);
}
