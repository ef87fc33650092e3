/* SPDX-License-Identifier: MIT */
/* Both roles of gRPC, joined in memory, at every cut of the bytes between. */
#include "grpc/door.h"

#include "engine/registry.h"
#include "test_memory.h"
#include "unit.h"
#include "wire/status_message.h"

enum { MOST_CALLS = 300, OPNUM = 7 };

struct seen {
	struct idmap_id id;
	struct buffer message;
	struct session_end end;
	unsigned messages;
	bool is_over;
};

struct pair {
	struct door_names names; /* first */
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registered interface;
	struct session *client, *server;
	size_t cut;
	uint64_t now;
	struct seen calls[MOST_CALLS];
	size_t count;

	/* How the server answers: with what came, or so. */
	becket_status status;
	struct status_message fault;
	bool holds, did_not_execute;
	struct idmap_id held[MOST_CALLS];
	size_t held_count;
	struct buffer request;
	uint64_t remaining_us;
	unsigned cancels, begun;
	bool client_closed, server_closed;
	becket_status client_status, server_status;
};

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	struct pair *pair = (struct pair *)(uintptr_t)names;

	if (interface.size != 6 || memcmp(interface.data, "a.Echo", 6) != 0)
		return BECKET_S_UNKNOWN_IF;
	if (operation.size != 4 || memcmp(operation.data, "Echo", 4) != 0)
		return BECKET_S_PROCNUM_OUT_OF_RANGE;
	*ret_registered = &pair->interface;
	*ret_opnum = OPNUM;
	return BECKET_S_OK;
}

/* false: there is no memory for them. */
static bool
open_pair(struct pair *p, struct test_memory *test, size_t cut)
{
	struct door_server_config server;
	struct door_client_config client;

	*p = (struct pair){ .names = { find },
		.memory = test_memory_of(test),
		.limits = BECKET_LIMITS_DEFAULT,
		.cut = cut,
		.now = 1 };
	p->limits.streams_per_session = 16;
	p->request = buffer_empty(p->memory);
	server = (struct door_server_config){ p->memory, &p->limits, &p->names,
		p->now };
	client = (struct door_client_config){ p->memory, &p->limits, "host:1",
		p->now };
	if (grpc_server_session_new(&server, &p->server) != BECKET_S_OK)
		return false;
	if (grpc_client_session_new(&client, &p->client) == BECKET_S_OK)
		return true;
	p->server->ops->free(p->server);
	return false;
}

static void
close_pair(struct pair *p)
{
	p->client->ops->free(p->client);
	p->server->ops->free(p->server);
	for (size_t i = 0; i < p->count; i++) {
		if (p->calls[i].message.memory != NULL)
			buffer_fini(&p->calls[i].message);
		if (p->calls[i].end.fault_data.memory != NULL)
			buffer_fini(&p->calls[i].end.fault_data);
		if (p->calls[i].end.metadata.memory != NULL)
			buffer_fini(&p->calls[i].end.metadata);
	}
	buffer_fini(&p->request);
}

/* ------------------------------------------------------------ the server -- */

static struct buffer
encode_fault(const struct pair *p)
{
	struct buffer data = buffer_empty(p->memory);
	size_t size = status_message_measure(&p->fault);

	if (p->fault.sentence.size > 0 && buffer_reserve(&data, size)) {
		status_message_encode(&p->fault, data.data);
		data.size = size;
	}
	return data;
}

static void
answer(struct pair *p, struct idmap_id id)
{
	struct call_end end = { .status = p->status,
		.did_not_execute = p->did_not_execute,
		.fault_data = buffer_empty(p->memory) };
	struct buffer message = buffer_empty(p->memory);

	if (p->status != BECKET_S_OK) {
		end.fault_data = encode_fault(p);
	} else {
		if (!buffer_append(&message, p->request.data, p->request.size))
			end.status = BECKET_S_OUT_OF_MEMORY;
		if (end.status == BECKET_S_OK)
			end.status =
			    p->server->ops->put(p->server, id, &message);
		else
			buffer_fini(&message);
	}
	(void)!p->server->ops->end(p->server, id, &end);
}

static void
serve_event(struct pair *p, struct session_event *event)
{
	switch (event->kind) {
	case SESSION_CALL:
		assert_ptr_equal(event->begun.interface, &p->interface);
		assert_int_equal(event->begun.opnum, OPNUM);
		assert_int_equal(event->begun.syntax, SYNTAX_PROTOBUF);
		p->remaining_us = event->begun.remaining_us;
		buffer_fini(&event->begun.metadata);
		p->begun++;
		break;
	case SESSION_MESSAGE:
		buffer_fini(&p->request);
		p->request = event->message;
		break;
	case SESSION_END:
		if (p->holds)
			p->held[p->held_count++] = event->call;
		else
			answer(p, event->call);
		break;
	case SESSION_CANCEL:
		p->cancels++;
		p->status = BECKET_S_CALL_CANCELLED;
		answer(p, event->call);
		break;
	case SESSION_CLOSED:
		p->server_closed = true;
		p->server_status = event->closed.status;
		break;
	default:
		fail();
	}
}

static bool
serve(struct pair *p)
{
	struct session_event event;
	bool any = false;

	while (p->server->ops->next(p->server, &event)) {
		any = true;
		serve_event(p, &event);
	}
	return any;
}

/* ------------------------------------------------------------ the client -- */

static struct seen *
seen_of(struct pair *p, struct idmap_id id)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->calls[i].id.index == id.index &&
		    p->calls[i].id.generation == id.generation)
			return &p->calls[i];
	fail();
	return NULL;
}

static void
take_event(struct pair *p, struct session_event *event)
{
	struct seen *seen;

	if (event->kind == SESSION_CLOSED) {
		p->client_closed = true;
		p->client_status = event->closed.status;
		return;
	}
	seen = seen_of(p, event->call);
	assert_false(seen->is_over);
	if (event->kind == SESSION_MESSAGE) {
		if (seen->messages++ > 0)
			buffer_fini(&seen->message);
		seen->message = event->message;
		return;
	}
	assert_int_equal(event->kind, SESSION_END);
	seen->end = event->end;
	seen->is_over = true;
}

static bool
take(struct pair *p)
{
	struct session_event event;
	bool any = false;

	while (p->client->ops->next(p->client, &event)) {
		any = true;
		take_event(p, &event);
	}
	return any;
}

static becket_status
call_named(struct pair *p, const char *operation, const void *data, size_t size)
{
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = operation,
		.deadline = p->now + 1000000000,
		.remaining_us = 1000000 };
	struct call_end end = { .status = BECKET_S_OK };
	struct buffer message = buffer_empty(p->memory);
	struct seen *seen = &p->calls[p->count];
	becket_status status;

	assert_true(p->count < MOST_CALLS);
	if (!buffer_append(&message, data, size))
		return BECKET_S_OUT_OF_MEMORY;
	status = p->client->ops->begin(p->client, &start, &seen->id);
	if (status != BECKET_S_OK) {
		buffer_fini(&message);
		return status;
	}
	p->count++;
	status = p->client->ops->put(p->client, seen->id, &message);
	if (status == BECKET_S_OK)
		status = p->client->ops->end(p->client, seen->id, &end);
	if (status == BECKET_S_OK || status == BECKET_S_NO_CALL_ACTIVE)
		return BECKET_S_OK;
	p->client->ops->abandon(p->client, seen->id);
	seen->is_over = true;
	seen->end.status = status;
	return BECKET_S_OK;
}

static struct seen *
call(struct pair *p, const char *text)
{
	assert_int_equal(call_named(p, "Echo", text, strlen(text)),
	    BECKET_S_OK);
	return &p->calls[p->count - 1];
}

/* ------------------------------------------------------------- the bytes -- */

static bool
move(struct session *from, struct session *to, size_t cut, uint64_t now)
{
	struct session_vec source, target;
	size_t size;

	if (from->ops->send_vec(from, &source, 1) == 0)
		return false;
	if (to->ops->recv_vec(to, &target, 1) == 0) {
		from->ops->sent(from, source.size);
		return true;
	}
	size = source.size < target.size ? source.size : target.size;
	if (size > cut)
		size = cut;
	memcpy(target.data, source.data, size);
	from->ops->sent(from, size);
	to->ops->received(to, size, now);
	return true;
}

static void
run(struct pair *p)
{
	bool any = true;

	while (any) {
		any = move(p->client, p->server, p->cut, p->now);
		any = serve(p) || any;
		any = move(p->server, p->client, p->cut, p->now) || any;
		any = take(p) || any;
	}
}

static void
assert_echoed(const struct seen *seen, const char *text)
{
	assert_true(seen->is_over);
	assert_int_equal(seen->end.status, BECKET_S_OK);
	assert_int_equal(seen->end.outcome, BECKET_EXECUTED);
	assert_int_equal(seen->messages, 1);
	assert_text(buffer_bytes(&seen->message), text);
}

/* ----------------------------------------------------------------- tests -- */

static void
calls_are_answered_wherever_the_bytes_are_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 300; cut++) {
		struct test_memory test = test_memory(TEST_MEMORY_NEVER);
		struct pair p;

		assert_true(open_pair(&p, &test, cut));
		call(&p, "one");
		call(&p, "");
		run(&p);
		call(&p, "three");
		run(&p);
		assert_echoed(&p.calls[0], "one");
		assert_echoed(&p.calls[1], "");
		assert_echoed(&p.calls[2], "three");
		assert_int_equal(p.remaining_us, 1000000);
		close_pair(&p);
		test_memory_end(&test);
	}
}

static void
a_fault_brings_status_sentence_and_details(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 200; cut += 3) {
		struct test_memory test = test_memory(TEST_MEMORY_NEVER);
		struct status_message message;
		struct seen *seen;
		struct pair p;

		assert_true(open_pair(&p, &test, cut));
		p.status = BECKET_S_ZERO_DIVIDE;
		p.fault = (struct status_message){
			.code = BECKET_S_ZERO_DIVIDE,
			.sentence = text_bytes("by zero: 100 % \xc3\xa4\n"),
			.details = text_bytes("\x1a\x03\x0a\x01x"),
		};
		seen = call(&p, "one");
		run(&p);
		assert_true(seen->is_over);
		assert_int_equal(seen->end.status, BECKET_S_ZERO_DIVIDE);
		assert_int_equal(seen->end.outcome, BECKET_EXECUTED);
		assert_int_equal(status_message_decode(buffer_bytes(
		                                           &seen->end
		                                                .fault_data),
		                     &message),
		    BECKET_S_OK);
		assert_text(message.sentence, "by zero: 100 % \xc3\xa4\n");
		assert_text(message.details, "\x1a\x03\x0a\x01x");
		close_pair(&p);
		test_memory_end(&test);
	}
}

static void
a_refusal_that_did_not_execute_says_so(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	p.status = BECKET_S_SERVER_TOO_BUSY;
	p.did_not_execute = true;
	call(&p, "one");
	assert_int_equal(call_named(&p, "None", "x", 1), BECKET_S_OK);
	run(&p);
	assert_int_equal(p.calls[0].end.status, BECKET_S_SERVER_TOO_BUSY);
	assert_int_equal(p.calls[0].end.outcome, BECKET_NOT_SENT);
	assert_int_equal(p.calls[1].end.status, BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(p.calls[1].end.outcome, BECKET_NOT_SENT);
	assert_int_equal(p.begun, 1);
	close_pair(&p);
	test_memory_end(&test);
}

static void
large_messages_pass_windows_both_ways(void **state)
{
	enum { SIZE = 4 << 20 };
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	uint8_t *data = malloc(SIZE);
	struct pair p;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i ^ i >> 8);
	assert_true(open_pair(&p, &test, 100000));
	assert_int_equal(call_named(&p, "Echo", data, SIZE), BECKET_S_OK);
	run(&p);
	assert_int_equal(p.calls[0].end.status, BECKET_S_OK);
	assert_bytes(buffer_bytes(&p.calls[0].message), data, SIZE);
	assert_int_equal(call_named(&p, "Echo", data, SIZE), BECKET_S_OK);
	p.limits.request_size = SIZE - 1; /* for those that begin now */
	run(&p);
	assert_int_equal(p.calls[1].end.status, BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(p.calls[1].end.outcome, BECKET_NOT_SENT);
	close_pair(&p);
	test_memory_end(&test);
	free(data);
}

static void
more_calls_than_streams_wait_for_their_turn(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	run(&p);
	p.client->ops->tick(p.client, 2);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 16; i++)
			call(&p, "x");
		run(&p);
	}
	for (size_t i = 0; i < p.count; i++)
		assert_echoed(&p.calls[i], "x");
	close_pair(&p);
	test_memory_end(&test);
}

static void
a_deadline_passes_at_both_ends(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	for (int first = 0; first < 2; first++) {
		struct session *session;

		test = test_memory(TEST_MEMORY_NEVER);
		assert_true(open_pair(&p, &test, SIZE_MAX));
		p.holds = true;
		call(&p, "one");
		run(&p);
		assert_int_equal(p.held_count, 1);
		session = first == 0 ? p.client : p.server;
		assert_int_equal(session->ops->deadline(session), 1000000001);
		session->ops->tick(session, 1000000000);
		run(&p);
		assert_false(p.calls[0].is_over);
		p.now = 1000000001;
		session->ops->tick(session, p.now);
		run(&p);
		assert_true(p.calls[0].is_over);
		assert_int_equal(p.calls[0].end.status,
		    BECKET_S_CALL_CANCELLED);
		assert_int_equal(p.cancels, 1);
		close_pair(&p);
		test_memory_end(&test);
	}
}

static void
a_cancelled_call_ends_and_tells_the_server(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	p.holds = true;
	call(&p, "one");
	call(&p, "two");
	run(&p);
	p.client->ops->cancel(p.client, p.calls[0].id);
	p.client->ops->abandon(p.client, p.calls[1].id);
	run(&p);
	assert_int_equal(p.calls[0].end.status, BECKET_S_CALL_CANCELLED);
	assert_int_equal(p.calls[0].end.outcome, BECKET_MAYBE_EXECUTED);
	assert_false(p.calls[1].is_over);
	assert_int_equal(p.cancels, 2);
	close_pair(&p);
	test_memory_end(&test);
}

static void
a_call_that_is_reset_before_it_is_pulled_is_never_told(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	run(&p);
	for (int i = 0; i < 200; i++) {
		call(&p, "one");
		/* HEADERS are out, and the reset behind them. */
		move(p.client, p.server, SIZE_MAX, p.now);
		p.client->ops->cancel(p.client, p.calls[i].id);
		move(p.client, p.server, SIZE_MAX, p.now);
		take(&p);
	}
	run(&p);
	assert_int_equal(p.begun, 0);
	assert_int_equal(p.cancels, 0);
	close_pair(&p);
	test_memory_end(&test);
}

static void
draining_finishes_what_runs_and_takes_nothing_new(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	p.holds = true;
	call(&p, "one");
	run(&p);
	p.server->ops->drain(p.server);
	run(&p);
	assert_false(p.server_closed);
	call(&p, "two");
	run(&p);
	assert_int_equal(p.calls[1].end.status, BECKET_S_CALL_FAILED_DNE);
	assert_int_equal(p.calls[1].end.outcome, BECKET_NOT_SENT);
	answer(&p, p.held[0]);
	run(&p);
	assert_echoed(&p.calls[0], "one");
	assert_true(p.server_closed);
	assert_true(p.client_closed);
	assert_int_equal(p.server_status, BECKET_S_OK);
	assert_int_equal(p.client_status, BECKET_S_OK);
	close_pair(&p);
	test_memory_end(&test);
}

static void
an_idle_session_drains_at_once(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	call(&p, "one");
	run(&p);
	p.server->ops->drain(p.server);
	while (move(p.server, p.client, SIZE_MAX, p.now))
		continue;
	serve(&p);
	assert_true(p.server_closed);
	close_pair(&p);
	test_memory_end(&test);
}

static void
a_connection_that_breaks_ends_all_calls(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	p.holds = true;
	call(&p, "one");
	run(&p);
	call(&p, "two");
	p.client->ops->lost(p.client);
	p.server->ops->eof(p.server);
	take(&p);
	serve(&p);
	while (p.server->ops->send_vec(p.server, &(struct session_vec){ 0 },
	           1) != 0) {
		struct session_vec vec;

		p.server->ops->send_vec(p.server, &vec, 1);
		p.server->ops->sent(p.server, vec.size);
		serve(&p);
	}
	serve(&p);
	assert_int_equal(p.calls[0].end.status, BECKET_S_CALL_FAILED);
	assert_int_equal(p.calls[0].end.outcome, BECKET_MAYBE_EXECUTED);
	assert_int_equal(p.calls[1].end.status, BECKET_S_CALL_FAILED_DNE);
	assert_int_equal(p.calls[1].end.outcome, BECKET_NOT_SENT);
	assert_true(p.client_closed);
	close_pair(&p);
	test_memory_end(&test);
}

static void
a_peer_that_does_not_greet_is_given_up(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct session_vec vec;
	struct pair p;

	(void)state;
	assert_true(open_pair(&p, &test, SIZE_MAX));
	p.now = p.server->ops->deadline(p.server);
	p.server->ops->tick(p.server, p.now);
	while (p.server->ops->send_vec(p.server, &vec, 1) != 0)
		p.server->ops->sent(p.server, vec.size);
	serve(&p);
	assert_true(p.server_closed);
	assert_int_equal(p.server_status, BECKET_S_PROTOCOL_ERROR);
	close_pair(&p);
	test_memory_end(&test);
}

/* A call, a fault and a drain; whatever fails ends in good order. */
static void
converse(struct test_memory *test)
{
	struct pair p;

	if (!open_pair(&p, test, 50))
		return;
	(void)!call_named(&p, "Echo", "one", 3);
	run(&p);
	p.status = BECKET_S_NOT_FOUND;
	p.fault = (struct status_message){
		.code = BECKET_S_NOT_FOUND,
		.sentence = text_bytes("sentence"),
		.details = text_bytes("\x1a\x03\x0a\x01x"),
	};
	(void)!call_named(&p, "Echo", "two", 3);
	run(&p);
	p.server->ops->drain(p.server);
	run(&p);
	/* At the deadline at the latest. */
	p.now += 2000000000;
	p.client->ops->tick(p.client, p.now);
	take(&p);
	for (size_t i = 0; i < p.count; i++)
		assert_true(p.calls[i].is_over || p.client_closed);
	close_pair(&p);
}

static void
memory_may_fail_anywhere(void **state)
{
	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory test = test_memory(n);

		converse(&test);
		test_memory_end(&test);
		if (!test.failed)
			return;
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_answered_wherever_the_bytes_are_cut),
		cmocka_unit_test(a_fault_brings_status_sentence_and_details),
		cmocka_unit_test(a_refusal_that_did_not_execute_says_so),
		cmocka_unit_test(large_messages_pass_windows_both_ways),
		cmocka_unit_test(more_calls_than_streams_wait_for_their_turn),
		cmocka_unit_test(a_deadline_passes_at_both_ends),
		cmocka_unit_test(a_cancelled_call_ends_and_tells_the_server),
		cmocka_unit_test(
		    a_call_that_is_reset_before_it_is_pulled_is_never_told),
		cmocka_unit_test(
		    draining_finishes_what_runs_and_takes_nothing_new),
		cmocka_unit_test(an_idle_session_drains_at_once),
		cmocka_unit_test(a_connection_that_breaks_ends_all_calls),
		cmocka_unit_test(a_peer_that_does_not_greet_is_given_up),
		cmocka_unit_test(memory_may_fail_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
