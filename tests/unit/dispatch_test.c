/* SPDX-License-Identifier: MIT */
#include "stub/dispatch.h"

#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"
#include "wire/call_header.h"
#include "wire/status_message.h"

/*
 * A call from its request's bytes to its reply's, without a session: a host
 * that keeps what is posted, and one interface of raw bytes.
 */
enum { ECHO, FAIL, DEFER, TWICE, HOLE, NOBODY, STREAM, LATE, OPERATIONS };

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

static const struct becket_operation operations[OPERATIONS] = {
	[ECHO] = { .name = "Echo", .request = RAW, .response = RAW },
	[FAIL] = { .name = "Fail", .request = RAW, .response = RAW },
	[DEFER] = { .name = "Defer", .request = RAW, .response = RAW },
	[TWICE] = { .name = "Twice", .request = RAW, .response = RAW },
	[NOBODY] = { .name = "Nobody", .request = RAW, .response = RAW },
	[STREAM] = { .name = "Stream",
	    .request = RAW,
	    .response = RAW,
	    .flags = BECKET_OPERATION_REQUEST_STREAM },
	[LATE] = { .name = "Late", .request = RAW, .response = RAW },
};

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "unit.Echo",
	.uuid = { .time_low = 1 },
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
	struct becket_call *posted;
	struct becket_token token;
	int64_t remaining; /* as ECHO's routine saw it */
	const char *sentence;
};

/* Where metadata came, some go back. */
static void
say_more(struct becket_call *call)
{
	struct becket_bytes value;

	if (!becket_call_find_metadata(call, "a", &value))
		return;
	(void)!becket_call_add_metadata(call, BECKET_METADATA_INITIAL, "i", "",
	    0);
	(void)!becket_call_add_metadata(call, BECKET_METADATA_TRAILING, "t",
	    "1", 1);
	(void)!becket_call_add_detail(call, "d", NULL, 0);
}

static becket_status
echo(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct bench *bench = (struct bench *)(uintptr_t)epv;

	say_more(call);
	bench->remaining = becket_call_remaining(call);
	memcpy(response, request, sizeof(struct becket_bytes));
	return BECKET_S_OK;
}

static becket_status
fail_with_sentence(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	const struct bench *bench = epv;

	(void)request;
	(void)response;
	say_more(call);
	return becket_call_fail(call, 0x1234, "%s", bench->sentence);
}

static becket_status
defer(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct bench *bench = (struct bench *)(uintptr_t)epv;

	(void)request;
	(void)response;
	return becket_call_defer(call, &bench->token);
}

/* Defers a second time, which is refused, and then answers itself. */
static becket_status
defer_twice(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct bench *bench = (struct bench *)(uintptr_t)epv;
	struct becket_token token;

	if (becket_call_defer(call, &bench->token) !=
	    BECKET_S_ASYNC_CALL_PENDING)
		return BECKET_S_OUT_OF_RESOURCES;
	assert_int_equal(becket_call_defer(call, &token),
	    BECKET_S_INVALID_ASYNC_CALL);
	return echo(epv, call, request, response);
}

/* Deferred and answered, and then it says something else: too late. */
static becket_status
fail_too_late(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct bench *bench = (struct bench *)(uintptr_t)epv;
	becket_status status = defer(epv, call, request, response);

	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	assert_int_equal(token_answer(&bench->host, bench->token, &interface,
	                     LATE, BECKET_S_OK, NULL, request),
	    BECKET_S_OK);
	return 0x4321;
}

static becket_routine *const list[OPERATIONS] = {
	[ECHO] = echo,
	[FAIL] = fail_with_sentence,
	[DEFER] = defer,
	[TWICE] = defer_twice,
	[LATE] = fail_too_late,
};

static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = list,
};

static uint64_t
noon(void)
{
	return 1000000000;
}

static void
keep(struct call_host *host, struct becket_call *call)
{
	struct bench *bench = container_of(host, struct bench, host);

	assert_null(bench->posted);
	bench->posted = call;
}

/* false: no memory. */
static bool
set_up(struct bench *bench, size_t fail_at)
{
	const struct becket_peer view = { .text = "unit",
		.protseq = "none",
		.address = "" };
	const struct becket_memory *memory;

	*bench = (struct bench){ .limits = BECKET_LIMITS_DEFAULT };
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
	};
	bench->peer = peer_new(memory, &view);
	return bench->peer != NULL &&
	       managers_add(&bench->managers,
	           &(struct manager_offer){ .interface = &interface,
	               .routines = &routines,
	               .type = NULL,
	               .epv = bench }) == BECKET_S_OK;
}

static void
tear_down(struct bench *bench)
{
	tokens_fini(&bench->tokens);
	managers_fini(&bench->managers);
	objects_fini(&bench->objects);
	peer_release(bench->peer);
	test_memory_end(&bench->memory);
}

/* A call whose request has arrived; NULL: no memory. */
static struct becket_call *
make_call(struct bench *bench, enum transfer_syntax syntax, uint16_t opnum,
    const void *stub, size_t size)
{
	struct syntax_id id = { interface.uuid, 1, 0 };
	struct session_event event = { .kind = SESSION_CALL };
	struct becket_call *call;

	event.begun.interface = registry_find(&bench->managers.registry, &id);
	assert_non_null(event.begun.interface);
	event.begun.syntax = syntax;
	event.begun.opnum = opnum;
	call = becket_call_new(&bench->host, bench->peer, &event, noon());
	if (call == NULL)
		return NULL;
	if (buffer_append(&call->request, stub, size))
		return call;
	becket_call_free(call);
	return NULL;
}

/* As a connection does it. true: there is a reply. */
static bool
serve(struct becket_call *call)
{
	becket_status status;

	dispatch_find_type(call);
	status = dispatch_admit(call);
	if (status == BECKET_S_OK)
		status = dispatch_prepare(call);
	if (status != BECKET_S_OK) {
		dispatch_refuse(call, status);
		return true;
	}
	return dispatch_run(call);
}

static void
expect_reply(const struct becket_call *call, const char *text)
{
	assert_int_equal(call->reply.status, BECKET_S_OK);
	assert_int_equal(call->reply.stub.size, strlen(text) + 1);
	assert_int_equal(call->reply.stub.data[0], 0);
	assert_memory_equal(call->reply.stub.data + 1, text, strlen(text));
}

static void
expect_fault(const struct becket_call *call, becket_status status,
    bool did_not_execute, const char *sentence)
{
	struct status_message message;

	assert_int_equal(call->reply.status, status);
	assert_int_equal(call->reply.did_not_execute, did_not_execute);
	assert_int_equal(status_message_decode(buffer_bytes(&call->reply.stub),
	                     &message),
	    BECKET_S_OK);
	assert_int_equal(message.code, status);
	assert_int_equal(message.sentence.size, strlen(sentence));
	assert_memory_equal(message.sentence.data, sentence, strlen(sentence));
}

static void
a_request_becomes_a_reply(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, ECHO, "\0hello", 6);
	assert_true(serve(call));
	expect_reply(call, "hello");
	assert_int_equal(bench.remaining, -1);
	becket_call_free(call);
	tear_down(&bench);
}

static void
a_request_in_ndr_has_an_envelope_in_either_byte_order(void **state)
{
	static const char little[] = "\5\0\0\0\5\0\0\0hello, trailing";
	static const char big[] = "\0\0\0\5\0\0\0\5hello";
	static const char reply[] = "\5\0\0\0\0\0\2\0\5\0\0\0hello";
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (int order = 0; order < 2; order++) {
		call = order ? make_call(&bench, SYNTAX_NDR, ECHO, big,
		                   sizeof big - 1)
		             : make_call(&bench, SYNTAX_NDR, ECHO, little,
		                   sizeof little - 1);
		call->begun.big_endian = order;
		assert_true(serve(call));
		assert_int_equal(call->reply.status, BECKET_S_OK);
		assert_bytes(buffer_bytes(&call->reply.stub), reply,
		    sizeof reply - 1);
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
an_envelope_that_lies_is_bad_stub_data(void **state)
{
	static const struct {
		const char *stub;
		size_t size;
	} cases[] = {
		{ "", 0 }, { "\5\0\0\0", 4 }, { "\5\0\0\0\5\0\0\0hell", 12 },
		{ "\5\0\0\0\4\0\0\0hello", 13 },
		{ "\4\0\0\0\5\0\0\0hello", 13 },
		{ "\377\377\377\377\377\377\377\377hello", 13 },
		{ "\0\0\0\5\0\0\0\5hello", 13 }, /* the other byte order */
	};
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct becket_call *call = make_call(&bench, SYNTAX_NDR, ECHO,
		    cases[i].stub, cases[i].size);

		assert_true(serve(call));
		assert_int_equal(call->reply.status, BECKET_X_BAD_STUB_DATA);
		assert_true(call->reply.did_not_execute);
		assert_int_equal(call->reply.stub.size, 0);
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
refusals_did_not_execute(void **state)
{
	static const struct {
		uint16_t opnum;
		becket_status status;
	} cases[] = {
		{ HOLE, BECKET_S_PROCNUM_OUT_OF_RANGE },
		{ OPERATIONS, BECKET_S_PROCNUM_OUT_OF_RANGE },
		{ 0xffff, BECKET_S_PROCNUM_OUT_OF_RANGE },
	};
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct becket_call *call =
		    make_call(&bench, SYNTAX_BECKET, cases[i].opnum, "", 1);

		assert_true(serve(call));
		expect_fault(call, cases[i].status, true,
		    becket_status_text(cases[i].status));
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
there_are_no_streams_in_ndr(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_NDR, STREAM, "", 1);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, BECKET_S_STREAMS_NOT_SUPPORTED);
	assert_true(call->reply.did_not_execute);
	becket_call_free(call);
	tear_down(&bench);
}

static void
what_cannot_be_decoded_did_not_execute(void **state)
{
	static const struct {
		const char *stub;
		size_t size;
		becket_status status;
	} cases[] = {
		{ "", 0, BECKET_X_BAD_STUB_DATA },
		{ "\x01", 1, BECKET_X_BAD_STUB_DATA },     /* no header */
		{ "\x01\x05", 2, BECKET_X_BAD_STUB_DATA }, /* cut */
		{ "\x01\x01\xff", 3, BECKET_X_BAD_STUB_DATA },
		{ "\x02", 1, BECKET_S_STREAMS_NOT_SUPPORTED },
		{ "\x04", 1, BECKET_S_PROTOCOL_ERROR },
		{ "\x80", 1, BECKET_S_PROTOCOL_ERROR },
	};
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct becket_call *call = make_call(&bench, SYNTAX_BECKET,
		    ECHO, cases[i].stub, cases[i].size);

		assert_true(serve(call));
		assert_int_equal(call->reply.status, cases[i].status);
		assert_true(call->reply.did_not_execute);
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
the_remaining_time_is_whatever_the_client_says(void **state)
{
	static const struct {
		uint64_t us;
		int64_t ms;
	} cases[] = {
		{ 0, -1 },
		{ 1, 0 },
		{ 5000000, 5000 },
		{ UINT64_MAX, INT64_MAX / 1000000 - 1000 },
		{ UINT64_MAX / 1000 + 1, INT64_MAX / 1000000 - 1000 },
	};
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct call_header header = {
			.flags = CALL_HEADER_PRESENT,
			.remaining_us = cases[i].us,
		};
		struct becket_call *call;
		uint8_t stub[32];

		call_header_encode(&header, stub);
		call = make_call(&bench, SYNTAX_BECKET, ECHO, stub,
		    call_header_measure(&header));
		assert_true(serve(call));
		assert_int_equal(call->reply.status, BECKET_S_OK);
		assert_int_equal(bench.remaining, cases[i].ms);
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
sentences_stay_utf8_and_within_their_limit(void **state)
{
	static const struct {
		const char *said, *heard;
	} cases[] = {
		{ "short", "short" },
		{ "0123456789", "01234567" },
		{ "0123456\xc3\xa9", "0123456" }, /* cut inside the e */
		{ "012345\xc3\xa9", "012345\xc3\xa9" },
		{ "01234\xf0\x9f\x98\x80", "01234" },
		{ "\xff!\xc3", "?!?" },
		{ "0123456\xff\xff\xff", "0123456" },
	};
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	bench.limits.sentence_size = 8;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct becket_call *call =
		    make_call(&bench, SYNTAX_BECKET, FAIL, "", 1);

		bench.sentence = cases[i].said;
		assert_true(serve(call));
		expect_fault(call, 0x1234, false, cases[i].heard);
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
a_peer_without_our_syntax_gets_the_status_alone(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	bench.sentence = "unheard";
	call = make_call(&bench, SYNTAX_NDR, FAIL, "\0\0\0\0\0\0\0", 8);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, 0x1234);
	assert_int_equal(call->reply.stub.size, 0);
	becket_call_free(call);
	tear_down(&bench);
}

static void
an_absent_routine_is_not_implemented(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, NOBODY, "", 1);
	assert_true(serve(call));
	expect_fault(call, BECKET_S_NOT_IMPLEMENTED, true,
	    becket_status_text(BECKET_S_NOT_IMPLEMENTED));
	becket_call_free(call);
	tear_down(&bench);
}

static void
a_response_beyond_the_limit_is_a_fault(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	bench.limits.response_size = 4;
	call = make_call(&bench, SYNTAX_BECKET, ECHO, "\0hello", 6);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, BECKET_S_LIMIT_EXCEEDED);
	assert_false(call->reply.did_not_execute);
	becket_call_free(call);
	tear_down(&bench);
}

static void
an_interface_may_go_while_its_request_arrives(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, ECHO, "", 1);
	assert_int_equal(dispatch_admit(call), BECKET_S_OK);
	/* Nobody runs on it yet, so there is nothing to wait for. */
	assert_int_equal(managers_remove(&bench.managers, &interface, NULL,
	                     true),
	    BECKET_S_OK);
	assert_int_equal(dispatch_prepare(call), BECKET_S_UNKNOWN_IF);
	dispatch_refuse(call, BECKET_S_UNKNOWN_IF);
	assert_true(call->reply.did_not_execute);
	becket_call_free(call);
	tear_down(&bench);
}

/* ------------------------------------------------------------- deferral -- */

static void
a_token_answers_once(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"later", 5 };
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, DEFER, "", 1);
	assert_false(serve(call));
	assert_false(token_is_cancelled(&bench.host, bench.token));
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     DEFER, BECKET_S_OK, NULL, NULL),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     ECHO, BECKET_S_OK, NULL, &answer),
	    BECKET_S_INVALID_ASYNC_CALL);
	assert_null(bench.posted);
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     DEFER, BECKET_S_OK, NULL, &answer),
	    BECKET_S_OK);
	assert_ptr_equal(bench.posted, call);
	expect_reply(call, "later");
	assert_int_equal(token_answer(&bench.host, bench.token, &interface,
	                     DEFER, BECKET_S_OK, NULL, &answer),
	    BECKET_S_INVALID_ASYNC_CALL);
	assert_true(token_is_cancelled(&bench.host, bench.token));
	becket_call_free(call);
	tear_down(&bench);
}

static void
a_call_knows_whether_it_was_cancelled(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, DEFER, "", 1);
	assert_int_equal(becket_call_test_cancel(call),
	    BECKET_S_CALL_IN_PROGRESS);
	atomic_store(&call->is_cancelled, true);
	assert_int_equal(becket_call_test_cancel(call), BECKET_S_OK);
	assert_true(becket_call_is_cancelled(call));
	becket_call_free(call);
	tear_down(&bench);
}

static void
a_routine_may_take_its_deferral_back(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, TWICE, "\0me", 3);
	assert_true(serve(call));
	expect_reply(call, "me");
	assert_true(token_is_cancelled(&bench.host, bench.token));
	becket_call_free(call);
	tear_down(&bench);
}

static void
what_has_been_answered_stays_answered(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, LATE, "\0first", 6);
	assert_true(serve(call));
	assert_null(bench.posted);
	expect_reply(call, "first");
	becket_call_free(call);
	tear_down(&bench);
}

static void
too_many_deferred_calls_are_refused(void **state)
{
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (int i = 0; i < 4; i++)
		assert_false(
		    serve(make_call(&bench, SYNTAX_BECKET, DEFER, "", 1)));
	call = make_call(&bench, SYNTAX_BECKET, DEFER, "", 1);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, BECKET_S_OUT_OF_RESOURCES);
	becket_call_free(call);
	/* The four that wait are freed with their tokens. */
	tear_down(&bench);
}

/* A header of one entry, "a" without value. */
static const char with_metadata[] = "\1\7\x12\5\x0a\1a\x12\0message";

static void
metadata_go_with_replies_and_faults(void **state)
{
	static const char reply[] = "\1\x11\x12\5\x0a\1i\x12\0\x1a\x08"
	                            "\x12\6\x0a\1t\x12\0011message";
	static const char header[] =
	    "\x12\5\x0a\1i\x12\0\x1a\x08\x12\6\x0a\1t\x12\0011";
	struct status_message message;
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, ECHO, with_metadata,
	    sizeof with_metadata - 1);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, BECKET_S_OK);
	assert_bytes(buffer_bytes(&call->reply.stub), reply, sizeof reply - 1);
	becket_call_free(call);

	bench.sentence = "no";
	call = make_call(&bench, SYNTAX_BECKET, FAIL, with_metadata,
	    sizeof with_metadata - 1);
	assert_true(serve(call));
	expect_fault(call, 0x1234, false, "no");
	assert_int_equal(status_message_decode(buffer_bytes(&call->reply.stub),
	                     &message),
	    BECKET_S_OK);
	assert_bytes(message.header, header, sizeof header - 1);
	assert_bytes(message.details, "\x1a\5\x0a\1d\x12\0", 7);
	becket_call_free(call);
	tear_down(&bench);
}

/* What does not fit is refused; what has been added stays. */
static void
a_manager_may_say_so_much_and_no_more(void **state)
{
	static const char large[8192];
	struct becket_call *call;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	call = make_call(&bench, SYNTAX_BECKET, ECHO, "\0", 1);
	assert_int_equal(becket_call_add_metadata(call, BECKET_METADATA_REQUEST,
	                     "a", "", 0),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_call_add_metadata(call,
	                     BECKET_METADATA_TRAILING, "A", "", 0),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_call_add_metadata(call,
	                     BECKET_METADATA_TRAILING, "a-bin", large, 5000),
	    BECKET_S_OK);
	assert_int_equal(becket_call_add_metadata(call, BECKET_METADATA_INITIAL,
	                     "a-bin", large, 5000),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(becket_call_add_detail(call, "", "", 0),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_call_add_detail(call, "\xff", "", 0),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_call_add_detail(call, "d", large, 2000),
	    BECKET_S_OK);
	assert_int_equal(becket_call_add_detail(call, "d", large, 2000),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(becket_call_add_detail(call, "d", large, sizeof large),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_true(serve(call));
	assert_int_equal(call->reply.status, BECKET_S_OK);
	assert_in_range(call->reply.stub.size, 5000, 5100);
	becket_call_free(call);
	tear_down(&bench);
}

/* Whatever cannot be had: there is a reply, or there was no call. */
static void
every_allocation_may_fail(void **state)
{
	static const uint16_t opnums[] = { ECHO, FAIL, DEFER, TWICE, LATE };

	(void)state;
	for (size_t i = 0; i < sizeof opnums / sizeof opnums[0]; i++) {
		size_t n = 0;
		struct bench bench;

		do {
			struct becket_call *call = NULL;

			bench.sentence = "unlucky";
			if (set_up(&bench, n))
				call = make_call(&bench, SYNTAX_BECKET,
				    opnums[i], with_metadata,
				    sizeof with_metadata - 1);
			bench.sentence = "unlucky";
			if (call != NULL && serve(call))
				becket_call_free(call);
			tear_down(&bench);
			n++;
		} while (bench.memory.failed);
		assert_true(n > 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_a_reply),
		cmocka_unit_test(
		    a_request_in_ndr_has_an_envelope_in_either_byte_order),
		cmocka_unit_test(an_envelope_that_lies_is_bad_stub_data),
		cmocka_unit_test(refusals_did_not_execute),
		cmocka_unit_test(there_are_no_streams_in_ndr),
		cmocka_unit_test(what_cannot_be_decoded_did_not_execute),
		cmocka_unit_test(
		    the_remaining_time_is_whatever_the_client_says),
		cmocka_unit_test(sentences_stay_utf8_and_within_their_limit),
		cmocka_unit_test(
		    a_peer_without_our_syntax_gets_the_status_alone),
		cmocka_unit_test(an_absent_routine_is_not_implemented),
		cmocka_unit_test(a_response_beyond_the_limit_is_a_fault),
		cmocka_unit_test(an_interface_may_go_while_its_request_arrives),
		cmocka_unit_test(a_token_answers_once),
		cmocka_unit_test(a_call_knows_whether_it_was_cancelled),
		cmocka_unit_test(a_routine_may_take_its_deferral_back),
		cmocka_unit_test(what_has_been_answered_stays_answered),
		cmocka_unit_test(too_many_deferred_calls_are_refused),
		cmocka_unit_test(metadata_go_with_replies_and_faults),
		cmocka_unit_test(a_manager_may_say_so_much_and_no_more),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
