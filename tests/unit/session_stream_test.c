/* SPDX-License-Identifier: MIT */
/* Streams between both roles, joined in memory, at many cuts and windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "test_memory.h"

/* One end of the stream, as its owner. It sends the bytes pattern(0),
 * pattern(1) ... and expects the same from the other.
 */
struct end {
	struct session *session;
	struct idmap_id call;
	size_t total; /* to send */
	size_t piece; /* put at once */
	size_t sent, got;
	size_t owed;  /* not consumed yet */
	bool is_lazy; /* consumes only when told to */
	bool may_put; /* what was put is sent */
	bool done;    /* said that it has no more */
	bool ended;   /* SESSION_END, or of a server: CANCEL */
	bool cancelled, closed;
	struct session_end end;
};

struct pair {
	struct test_memory *test;
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registry registry;
	struct registered interface;
	struct associations associations;
	struct end client, server;
	size_t cut; /* the most bytes that move at once */
};

static const struct syntax_id transfer = {
	.uuid = { 0x11223344, 0x5566, 0x7788, { 1, 2, 3, 4, 5, 6, 7, 8 } },
	.major = 1,
	.minor = 2,
};

static uint8_t
pattern(size_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

static void
open_pair(struct pair *p, struct test_memory *test, size_t cut, size_t window)
{
	*p = (struct pair){ .test = test,
		.memory = test_memory_of(test),
		.limits = BECKET_LIMITS_DEFAULT,
		.cut = cut };
	p->limits.stream_window = window;
	p->registry = registry_empty(p->memory, 8);
	p->associations = associations_empty(p->memory, 8);
	p->interface.interface = transfer;
	p->interface.syntaxes = 1u << SYNTAX_BECKET;
	assert_int_equal(registry_add(&p->registry, &p->interface),
	    BECKET_S_OK);
	assert_int_equal(dce_server_session_new(
	                     &(struct dce_server_config){ p->memory, &p->limits,
	                         &p->registry, &p->associations, "4747", 1, 1 },
	                     &p->server.session),
	    BECKET_S_OK);
	assert_int_equal(
	    dce_client_session_new(&(struct dce_client_config){ p->memory,
	                               &p->limits, 0, 1 },
	        &p->client.session),
	    BECKET_S_OK);
}

static void
close_pair(struct pair *p)
{
	p->client.session->ops->free(p->client.session);
	p->server.session->ops->free(p->server.session);
	if (p->client.end.fault_data.memory != NULL)
		buffer_fini(&p->client.end.fault_data);
	assert_int_equal(p->associations.groups.used, 0);
	associations_fini(&p->associations);
	registry_fini(&p->registry);
	test_memory_end(p->test);
}

static void
open_stream(struct pair *p, size_t total, size_t piece)
{
	struct end *end = &p->client;
	struct call_start start = { .interface = transfer,
		.syntax = SYNTAX_BECKET,
		.is_stream = true };

	end->total = total;
	end->piece = piece;
	end->may_put = true;
	assert_int_equal(end->session->ops->begin(end->session, &start,
	                     &end->call),
	    BECKET_S_OK);
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

static void
take_bytes(const struct pair *p, struct end *end, struct buffer *bytes)
{
	assert_true(bytes->size > 0);
	assert_true(end->owed + bytes->size <= p->limits.stream_window);
	for (size_t i = 0; i < bytes->size; i++)
		assert_int_equal(bytes->data[i], pattern(end->got + i));
	end->got += bytes->size;
	end->owed += bytes->size;
	buffer_fini(bytes);
}

static void
take_event(struct pair *p, struct end *end, struct session_event *event)
{
	assert_false(end->closed);
	if (event->kind == SESSION_CALL) {
		end->call = event->call;
		end->session->ops->stream(end->session, event->call);
		end->may_put = true;
	} else if (event->kind == SESSION_MESSAGE) {
		assert_false(end->ended);
		take_bytes(p, end, &event->message);
	} else if (event->kind == SESSION_END) {
		assert_false(end->ended);
		end->ended = true;
		end->end = event->end;
	} else if (event->kind == SESSION_WRITABLE) {
		end->may_put = true;
	} else if (event->kind == SESSION_CANCEL) {
		end->cancelled = true;
	} else if (event->kind == SESSION_CLOSED) {
		end->closed = true;
	}
}

static void
take_events(struct pair *p, struct end *end)
{
	struct session_event event;

	while (end->session->ops->next(end->session, &event))
		take_event(p, end, &event);
}

static bool
consume(struct end *end)
{
	size_t owed = end->owed;

	end->owed = 0;
	end->session->ops->consumed(end->session, end->call, owed);
	return owed > 0;
}

static void
put(struct pair *p, struct end *end)
{
	struct buffer bytes = buffer_empty(p->memory);
	size_t size = end->total - end->sent;

	if (size > end->piece)
		size = end->piece;
	assert_true(buffer_reserve(&bytes, size));
	for (size_t i = 0; i < size; i++)
		bytes.data[i] = pattern(end->sent + i);
	bytes.size = size;
	end->sent += size;
	end->may_put = false;
	assert_int_equal(end->session->ops->put(end->session, end->call,
	                     &bytes),
	    BECKET_S_OK);
}

static void
finish(struct end *end, becket_status status)
{
	struct call_end how = { .status = status };

	end->done = true;
	assert_int_equal(end->session->ops->end(end->session, end->call, &how),
	    BECKET_S_OK);
}

/* Owners send as soon as they may; a server ends when it has sent all, and the
 * client has.
 */
static bool
act(struct pair *p, struct end *end)
{
	bool acted = !end->is_lazy && consume(end);

	if (end->call.generation == 0 || end->done || end->closed)
		return acted;
	if (end == &p->server && end->cancelled)
		finish(end, BECKET_S_CALL_CANCELLED);
	else if (end == &p->client && end->ended)
		return acted;
	else if (end->sent < end->total && end->may_put)
		put(p, end);
	else if (end->sent == end->total && (end == &p->client || end->ended))
		finish(end, BECKET_S_OK);
	else
		return acted;
	return true;
}

static bool
step(struct pair *p)
{
	bool any = move(p, p->client.session, p->server.session);

	take_events(p, &p->server);
	any |= move(p, p->server.session, p->client.session);
	take_events(p, &p->client);
	any |= act(p, &p->server);
	any |= act(p, &p->client);
	take_events(p, &p->server);
	take_events(p, &p->client);
	return any;
}

static void
run(struct pair *p)
{
	while (step(p))
		continue;
}

static void
check_both(const struct pair *p)
{
	assert_true(p->client.ended);
	assert_int_equal(p->client.end.status, BECKET_S_OK);
	assert_int_equal(p->client.end.outcome, BECKET_EXECUTED);
	assert_int_equal(p->server.got, p->client.total);
	assert_int_equal(p->client.got, p->server.total);
	assert_false(p->server.cancelled);
}

static void
both_ways(size_t size, size_t piece, size_t cut, size_t window)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	open_pair(&p, &test, cut, window);
	open_stream(&p, size, piece);
	p.server.total = size / 2;
	p.server.piece = piece;
	run(&p);
	check_both(&p);
	close_pair(&p);
}

static void
bytes_flow_both_ways_at_every_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 200; cut++)
		both_ways(3000, 100, cut, 1000);
}

static void
bytes_flow_both_ways_through_every_window(void **state)
{
	(void)state;
	for (size_t window = 1; window < 200; window += 7)
		both_ways(2000, 150, 64, window);
	both_ways(300, 10, 1, 1);
	both_ways(1000000, 70000, 65528, 65536);
	both_ways(1000000, 300000, 100000, 256 << 10);
}

static void
a_stream_may_be_empty(void **state)
{
	(void)state;
	both_ways(0, 1, 1000, 1000);
	both_ways(1, 1, 1000, 1000);
}

/* Neither end consumes anything: it stops at the windows, and memory with it.
 * Then they go on.
 */
static void
slow_readers_stop_the_writers(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	open_pair(&p, &test, 100000, 100000);
	open_stream(&p, 10000000, 50000);
	p.server.total = 10000000;
	p.server.piece = 50000;
	p.client.is_lazy = p.server.is_lazy = true;
	run(&p);
	assert_int_equal(p.client.got, 100000);
	assert_int_equal(p.server.got, 100000);
	assert_int_equal(p.client.session->ops->deadline(p.client.session), 0);
	assert_int_equal(p.server.session->ops->deadline(p.server.session), 0);
	/* Windows of input, and what was put and cannot go. */
	assert_true(test.bytes < 4 * 100000 + 4 * 65536);
	while (p.client.got < 5000000 || p.server.got < 5000000) {
		consume(&p.client);
		consume(&p.server);
		run(&p);
		assert_true(test.bytes < 4 * 100000 + 4 * 65536);
	}
	p.client.is_lazy = p.server.is_lazy = false;
	run(&p);
	check_both(&p);
	close_pair(&p);
}

/* After the nth step something happens, and all comes to an end. */
enum what {
	SERVER_ENDS,
	SERVER_FAILS,
	CLIENT_CANCELS,
	CLIENT_ABANDONS,
	DEADLINE_PASSES,
	CONNECTION_BREAKS,
	WHATS,
};

static void
happen(struct pair *p, enum what what)
{
	struct session *client = p->client.session, *server = p->server.session;
	bool served = p->server.call.generation != 0 && !p->server.done;

	if (what == SERVER_ENDS && served)
		finish(&p->server, BECKET_S_OK);
	else if (what == SERVER_FAILS && served)
		finish(&p->server, BECKET_S_ZERO_DIVIDE);
	else if (what == CLIENT_CANCELS)
		client->ops->cancel(client, p->client.call);
	else if (what == CLIENT_ABANDONS)
		client->ops->abandon(client, p->client.call);
	else if (what == DEADLINE_PASSES)
		client->ops->tick(client, 1000);
	if (what == CONNECTION_BREAKS) {
		client->ops->lost(client);
		server->ops->lost(server);
	}
	/* The owner of what is abandoned puts no more of it. */
	p->client.done |= what == CLIENT_ABANDONS || what == CONNECTION_BREAKS;
	take_events(p, &p->client);
	take_events(p, &p->server);
	p->client.done |= p->client.ended;
}

static size_t
interrupted(enum what what, size_t after, size_t cut)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	size_t steps = 0;
	struct pair p;

	open_pair(&p, &test, cut, 500);
	open_stream(&p, 3000, 200);
	p.server.total = 3000;
	p.server.piece = 200;
	while (steps < after && step(&p))
		steps++;
	happen(&p, what);
	run(&p);
	if (p.client.closed && !p.server.closed) {
		p.server.session->ops->eof(p.server.session);
		run(&p);
		assert_true(p.server.closed);
	}
	assert_true(what == CLIENT_ABANDONS || p.client.ended);
	assert_true(
	    p.server.done || p.server.closed || p.server.call.generation == 0);
	if (what == SERVER_FAILS && p.client.end.status != BECKET_S_OK)
		assert_int_equal(p.client.got, p.server.sent);
	close_pair(&p);
	return steps;
}

static void
a_stream_ends_at_any_point_in_any_way(void **state)
{
	static const size_t cuts[] = { 17, 100, 1000 };

	(void)state;
	for (int what = 0; what < WHATS; what++)
		for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
			for (size_t n = 0;
			     interrupted((enum what)what, n, cuts[i]) == n; n++)
				continue;
}

/* One stream behind the other, each ended early by the server. */
static void
a_session_outlives_streams_that_end_early(void **state)
{
	struct test_memory test = test_memory(TEST_MEMORY_NEVER);
	struct pair p;

	(void)state;
	open_pair(&p, &test, 100, 500);
	for (int i = 0; i < 50; i++) {
		struct end *ends[] = { &p.client, &p.server };

		open_stream(&p, 100000, 200);
		p.server.total = 400;
		p.server.piece = 100;
		for (int n = 0; n < 20 + i; n++)
			step(&p);
		finish(&p.server, i % 2 ? BECKET_S_OK : BECKET_S_ZERO_DIVIDE);
		run(&p);
		assert_true(p.client.ended);
		assert_false(p.client.closed);
		if (p.client.end.fault_data.memory != NULL)
			buffer_fini(&p.client.end.fault_data);
		for (int n = 0; n < 2; n++)
			*ends[n] = (struct end){ .session = ends[n]->session };
	}
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_flow_both_ways_at_every_cut),
		cmocka_unit_test(bytes_flow_both_ways_through_every_window),
		cmocka_unit_test(a_stream_may_be_empty),
		cmocka_unit_test(slow_readers_stop_the_writers),
		cmocka_unit_test(a_stream_ends_at_any_point_in_any_way),
		cmocka_unit_test(a_session_outlives_streams_that_end_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
