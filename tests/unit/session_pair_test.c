/* SPDX-License-Identifier: MIT */
/* Both roles, joined in memory, at every cut of the bytes between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "test_memory.h"
#include "wire/fault.h"

enum { MOST_CALLS = 64 };

/* What became of a call. */
struct seen {
	struct idmap_id id;
	struct buffer message;
	struct session_end end;
	bool answered, ended;
};

struct pair {
	struct test_memory *test;
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registry registry;
	struct registered interface;
	struct associations associations;
	struct session *client, *server;
	size_t cut; /* the most bytes that move at once */
	struct seen calls[MOST_CALLS];
	size_t count;
	struct buffer request; /* on its way through the server */
	unsigned server_cancels;
	bool client_closed, server_closed;
	becket_status client_status;
	bool hold; /* the server answers nothing */
	struct idmap_id held[MOST_CALLS];
	size_t held_count;
};

static const struct syntax_id calculator = {
	.uuid = { 0x11223344, 0x5566, 0x7788, { 1, 2, 3, 4, 5, 6, 7, 8 } },
	.major = 1,
	.minor = 2,
};

static void
open_pair(struct pair *p, struct test_memory *test, size_t cut)
{
	struct dce_server_config server = { 0 };
	struct dce_client_config client = { 0 };

	*p = (struct pair){ .test = test,
		.memory = test_memory_of(test),
		.limits = BECKET_LIMITS_DEFAULT,
		.cut = cut };
	p->request = buffer_empty(p->memory);
	p->registry = registry_empty(p->memory, 8);
	p->associations = associations_empty(p->memory, 8);
	p->interface.interface = calculator;
	p->interface.syntaxes = 1u << SYNTAX_BECKET | 1u << SYNTAX_NDR;
	assert_int_equal(registry_add(&p->registry, &p->interface),
	    BECKET_S_OK);
	server = (struct dce_server_config){ p->memory, &p->limits,
		&p->registry, &p->associations, "4747", 1, 1 };
	client = (struct dce_client_config){ p->memory, &p->limits, 0, 1 };
	assert_int_equal(dce_server_session_new(&server, &p->server),
	    BECKET_S_OK);
	assert_int_equal(dce_client_session_new(&client, &p->client),
	    BECKET_S_OK);
}

static void
close_pair(struct pair *p)
{
	p->client->ops->free(p->client);
	p->server->ops->free(p->server);
	for (size_t i = 0; i < p->count; i++) {
		if (p->calls[i].answered)
			buffer_fini(&p->calls[i].message);
		if (p->calls[i].end.fault_data.memory != NULL)
			buffer_fini(&p->calls[i].end.fault_data);
	}
	buffer_fini(&p->request);
	assert_int_equal(p->associations.groups.used, 0);
	associations_fini(&p->associations);
	registry_fini(&p->registry);
	test_memory_end(p->test);
}

static size_t
total(const struct session_vec *vecs, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += vecs[i].size;
	return size;
}

static void
copy(const struct session_vec *from, const struct session_vec *to, size_t size)
{
	size_t a = 0, b = 0;

	for (size_t i = 0; i < size; i++) {
		while (a == from->size)
			from++, a = 0;
		while (b == to->size)
			to++, b = 0;
		((uint8_t *)to->data)[b++] = ((uint8_t *)from->data)[a++];
	}
}

static bool
move(struct pair *p, struct session *from, struct session *to)
{
	struct session_vec out[8], in[2];
	size_t outs = from->ops->send_vec(from, out, 8);
	size_t ins = to->ops->recv_vec(to, in, 2);
	size_t size = total(out, outs);

	if (size > total(in, ins))
		size = total(in, ins);
	if (size > p->cut)
		size = p->cut;
	if (size == 0)
		return false;
	copy(out, in, size);
	from->ops->sent(from, size);
	to->ops->received(to, size, 1);
	return true;
}

/* opnum 0 echoes, 1 refuses with the request for fault data. */
static void
serve(struct pair *p, struct session_event *event, uint16_t opnum)
{
	struct call_end end = { .fault_data = buffer_empty(p->memory) };

	if (p->hold) {
		p->held[p->held_count++] = event->call;
		buffer_fini(&p->request);
		return;
	}
	if (opnum == 0) {
		assert_int_equal(p->server->ops->put(p->server, event->call,
		                     &p->request),
		    BECKET_S_OK);
	} else {
		end.status = BECKET_S_ZERO_DIVIDE;
		end.fault_data = buffer_take(&p->request);
	}
	assert_int_equal(p->server->ops->end(p->server, event->call, &end),
	    BECKET_S_OK);
}

/* A call that is given up while its request comes never gets to its end. */
static void
cancel(struct pair *p, struct idmap_id id)
{
	struct call_end end = { .status = BECKET_S_CALL_CANCELLED };

	p->server_cancels++;
	if (!p->hold)
		(void)!p->server->ops->end(p->server, id, &end);
}

static void
take_server_events(struct pair *p)
{
	static uint16_t opnum;
	struct session_event event;

	while (p->server->ops->next(p->server, &event)) {
		if (event.kind == SESSION_CALL)
			opnum = event.begun.opnum;
		else if (event.kind == SESSION_MESSAGE)
			p->request = event.message;
		else if (event.kind == SESSION_END)
			serve(p, &event, opnum);
		else if (event.kind == SESSION_CANCEL)
			cancel(p, event.call);
		else if (event.kind == SESSION_CLOSED)
			p->server_closed = true;
	}
}

static struct seen *
find(struct pair *p, struct idmap_id id)
{
	for (size_t i = 0; i < p->count; i++)
		if (memcmp(&p->calls[i].id, &id, sizeof id) == 0)
			return &p->calls[i];
	fail();
	return NULL;
}

static void
take_client_events(struct pair *p)
{
	struct session_event event;

	while (p->client->ops->next(p->client, &event)) {
		if (event.kind == SESSION_CLOSED) {
			p->client_closed = true;
			p->client_status = event.closed.status;
		} else if (event.kind == SESSION_MESSAGE) {
			find(p, event.call)->message = event.message;
			find(p, event.call)->answered = true;
		} else if (event.kind == SESSION_END) {
			assert_false(find(p, event.call)->ended);
			find(p, event.call)->end = event.end;
			find(p, event.call)->ended = true;
		}
	}
}

static void
run(struct pair *p)
{
	bool moved = true;

	while (moved) {
		take_client_events(p);
		moved = move(p, p->client, p->server);
		take_server_events(p);
		moved |= move(p, p->server, p->client);
		take_client_events(p);
	}
}

static struct seen *
call(struct pair *p, uint16_t opnum, size_t size, struct call_start start)
{
	struct seen *seen = &p->calls[p->count++];
	struct buffer message = buffer_empty(p->memory);
	struct call_end end = { .status = BECKET_S_OK };

	start.interface = calculator;
	start.opnum = opnum;
	assert_int_equal(p->client->ops->begin(p->client, &start, &seen->id),
	    BECKET_S_OK);
	for (size_t i = 0; i < size; i++)
		assert_true(buffer_append(&message,
		    &(uint8_t){ (uint8_t)(i * 7 + i / 251) }, 1));
	assert_int_equal(p->client->ops->put(p->client, seen->id, &message),
	    BECKET_S_OK);
	assert_int_equal(p->client->ops->end(p->client, seen->id, &end),
	    BECKET_S_OK);
	return seen;
}

static void
check_bytes(const struct buffer *message, size_t size)
{
	assert_int_equal(message->size, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(message->data[i], (uint8_t)(i * 7 + i / 251));
}

static void
check_echo(const struct seen *seen, size_t size)
{
	assert_true(seen->ended);
	assert_true(seen->answered);
	assert_int_equal(seen->end.status, BECKET_S_OK);
	assert_int_equal(seen->end.outcome, BECKET_EXECUTED);
	check_bytes(&seen->message, size);
}

static void
echo(size_t size, size_t cut, enum transfer_syntax syntax)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct call_start start = { .syntax = syntax };
	struct seen *seen;
	struct pair p;

	open_pair(&p, &test, cut);
	seen = call(&p, 0, size, start);
	run(&p);
	check_echo(seen, size);
	close_pair(&p);
}

static void
a_small_call_is_echoed_at_every_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 300; cut++)
		echo(20, cut, SYNTAX_BECKET);
}

static void
a_fragmented_call_is_echoed_at_many_cuts(void **state)
{
	static const size_t cuts[] = { 1, 2, 3, 7, 16, 23, 24, 25, 4096, 5839,
		5840, 5841, 65528, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		echo(20000, cuts[i], SYNTAX_NDR);
		echo(200000, cuts[i], SYNTAX_BECKET);
	}
}

static void
sizes_around_a_fragment_are_echoed(void **state)
{
	(void)state;
	for (size_t size = 5800; size < 5860; size++)
		echo(size, 4000, SYNTAX_NDR);
	for (size_t size = 65490; size < 65540; size++)
		echo(size, 100000, SYNTAX_BECKET);
	echo(0, 1, SYNTAX_NDR);
}

static void
calls_in_flight_together_are_all_answered(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	open_pair(&p, &test, 1000);
	for (size_t i = 0; i < MOST_CALLS; i++)
		call(&p, 0, i * 300, (struct call_start){ 0 });
	run(&p);
	for (size_t i = 0; i < MOST_CALLS; i++)
		check_echo(&p.calls[i], i * 300);
	close_pair(&p);
}

static void
a_fault_carries_its_status_and_data(void **state)
{
	static const size_t sizes[] = { 0, 10, 60000 };
	static const size_t cuts[] = { 1, 33, 100000 };

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct test_memory test = test_memory(TEST_MEMORY_NEVER);
		struct seen *seen;
		struct pair p;

		open_pair(&p, &test, cuts[i % 3]);
		seen = call(&p, 1, sizes[i / 3],
		    (struct call_start){ .syntax = SYNTAX_NDR });
		run(&p);
		assert_true(seen->ended);
		assert_int_equal(seen->end.status, BECKET_S_ZERO_DIVIDE);
		assert_int_equal(seen->end.outcome, BECKET_EXECUTED);
		check_bytes(&seen->end.fault_data, sizes[i / 3]);
		close_pair(&p);
	}
}

/* Move bytes n times, or until nothing moves. */
static bool
run_some(struct pair *p, size_t n)
{
	while (n-- > 0) {
		bool moved;

		take_client_events(p);
		moved = move(p, p->client, p->server);
		take_server_events(p);
		moved |= move(p, p->server, p->client);
		take_client_events(p);
		if (!moved)
			return false;
	}
	return true;
}

/* Wherever the first of two calls is given up, the second is answered: on one
 * connection that goes on, in turn or at once.
 */
static void
a_call_is_abandoned_at_any_point(void **state)
{
	bool more = true;

	(void)state;
	for (size_t n = 0; more; n++) {
		struct test_memory test = test_memory(TEST_MEMORY_NEVER);
		struct seen *first, *second;
		struct pair p;

		open_pair(&p, &test, 911);
		first = call(&p, 0, 20000,
		    (struct call_start){ .syntax = SYNTAX_NDR });
		more = run_some(&p, n);
		p.client->ops->abandon(p.client, first->id);
		second = call(&p, 0, 7000,
		    (struct call_start){ .syntax = SYNTAX_NDR });
		run(&p);
		check_echo(second, 7000);
		assert_false(p.client_closed);
		close_pair(&p);
	}
}

static void
a_deadline_passes_at_any_point(void **state)
{
	bool more = true;

	(void)state;
	for (size_t n = 0; more; n++) {
		struct test_memory test = test_memory(TEST_MEMORY_NEVER);
		struct seen *first, *second;
		struct pair p;

		open_pair(&p, &test, 911);
		first =
		    call(&p, 0, 20000, (struct call_start){ .deadline = 1000 });
		more = run_some(&p, n);
		p.client->ops->tick(p.client, 1000);
		take_client_events(&p);
		assert_true(first->ended);
		assert_true(first->end.status == BECKET_S_CALL_CANCELLED ||
		            first->end.status == BECKET_S_OK);
		second = call(&p, 0, 7000, (struct call_start){ 0 });
		run(&p);
		check_echo(second, 7000);
		close_pair(&p);
	}
}

static void
a_held_call_is_cancelled(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct call_end end = { .status = BECKET_S_CALL_CANCELLED };
	struct seen *seen;
	struct pair p;

	(void)state;
	open_pair(&p, &test, 10);
	p.hold = true;
	seen = call(&p, 0, 100, (struct call_start){ 0 });
	run(&p);
	assert_int_equal(p.held_count, 1);
	p.client->ops->cancel(p.client, seen->id);
	run(&p);
	assert_int_equal(p.server_cancels, 1);
	assert_false(seen->ended);
	assert_int_equal(p.server->ops->end(p.server, p.held[0], &end),
	    BECKET_S_OK);
	run(&p);
	assert_true(seen->ended);
	assert_int_equal(seen->end.status, BECKET_S_CALL_CANCELLED);
	assert_int_equal(seen->end.wire_status, NCA_S_FAULT_CANCEL);
	close_pair(&p);
}

static void
a_server_that_drains_ends_the_client(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct call_end end = { .status = BECKET_S_OK };
	struct seen *running, *late;
	struct pair p;

	(void)state;
	open_pair(&p, &test, 50);
	p.hold = true;
	running = call(&p, 0, 100, (struct call_start){ 0 });
	run(&p);
	p.server->ops->drain(p.server);
	late = call(&p, 0, 100, (struct call_start){ 0 });
	run(&p);
	assert_int_equal(late->end.status, BECKET_S_SERVER_TOO_BUSY);
	assert_int_equal(late->end.outcome, BECKET_NOT_SENT);
	assert_false(running->ended);
	assert_int_equal(p.server->ops->end(p.server, p.held[0], &end),
	    BECKET_S_OK);
	run(&p);
	check_echo(running, 0);
	assert_true(p.server_closed);
	assert_true(p.client_closed);
	assert_int_equal(p.client_status, BECKET_S_OK);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_call_is_echoed_at_every_cut),
		cmocka_unit_test(a_fragmented_call_is_echoed_at_many_cuts),
		cmocka_unit_test(sizes_around_a_fragment_are_echoed),
		cmocka_unit_test(calls_in_flight_together_are_all_answered),
		cmocka_unit_test(a_fault_carries_its_status_and_data),
		cmocka_unit_test(a_call_is_abandoned_at_any_point),
		cmocka_unit_test(a_deadline_passes_at_any_point),
		cmocka_unit_test(a_held_call_is_cancelled),
		cmocka_unit_test(a_server_that_drains_ends_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
