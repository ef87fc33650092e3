/* SPDX-License-Identifier: MIT */
/* Streams and metadata of gRPC: both roles joined in memory, one step at a
 * time, at every cut of the bytes between.
 */
#include "grpc/door.h"

#include "engine/registry.h"
#include "test_memory.h"
#include "unit.h"

#include "wire/call_header.h"

enum { MOST_EVENTS = 8192, CUTS = 60 };

/* One end, and what it was told. */
struct side {
	struct session *session;
	struct session_event events[MOST_EVENTS];
	size_t count, seen;
};

struct pair {
	struct door_names names; /* first */
	struct test_memory test;
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registered interface;
	struct side client, server;
	size_t cut;
	uint64_t now;
};

static struct pair pair;

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	(void)names;
	(void)interface;
	(void)operation;
	*ret_registered = &pair.interface;
	*ret_opnum = 1;
	return BECKET_S_OK;
}

/* false: there is no memory for them. */
static bool
try_to_open(size_t cut, struct becket_limits limits, size_t fail_at)
{
	struct door_server_config server;
	struct door_client_config client;

	memset(&pair, 0, sizeof pair);
	pair.names.find = find;
	pair.test = test_memory(fail_at);
	pair.memory = test_memory_of(&pair.test);
	pair.limits = limits;
	pair.cut = cut;
	pair.now = 1;
	server = (struct door_server_config){ pair.memory, &pair.limits,
		&pair.names, pair.now };
	client = (struct door_client_config){ pair.memory, &pair.limits,
		"host:1", pair.now };
	if (grpc_server_session_new(&server, &pair.server.session) !=
	    BECKET_S_OK)
		return false;
	if (grpc_client_session_new(&client, &pair.client.session) ==
	    BECKET_S_OK)
		return true;
	pair.server.session->ops->free(pair.server.session);
	return false;
}

static void
open_pair_with(size_t cut, struct becket_limits limits)
{
	assert_true(try_to_open(cut, limits, TEST_MEMORY_NEVER));
}

static void
open_pair(size_t cut)
{
	const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

	open_pair_with(cut, limits);
}

static void
drop(struct buffer *buffer)
{
	if (buffer->memory != NULL)
		buffer_fini(buffer);
}

static void
drop_event(struct session_event *event, bool is_client)
{
	if (event->kind == SESSION_CALL)
		drop(&event->begun.metadata);
	if (event->kind == SESSION_HEAD)
		drop(&event->metadata);
	if (event->kind == SESSION_MESSAGE)
		drop(&event->message);
	if (event->kind == SESSION_END && is_client) {
		drop(&event->end.fault_data);
		drop(&event->end.metadata);
	}
}

static void
forget(struct side *side)
{
	for (size_t i = 0; i < side->count; i++)
		drop_event(&side->events[i], side == &pair.client);
	side->count = side->seen = 0;
}

static void
close_side(struct side *side)
{
	side->session->ops->free(side->session);
	forget(side);
}

static void
close_pair(void)
{
	close_side(&pair.client);
	close_side(&pair.server);
	test_memory_end(&pair.test);
}

static bool
pull(struct side *side)
{
	bool any = false;

	while (side->session->ops->next(side->session,
	    &side->events[side->count])) {
		any = true;
		assert_true(++side->count < MOST_EVENTS);
	}
	return any;
}

static bool
move(struct session *from, struct session *to)
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
	if (size > pair.cut)
		size = pair.cut;
	memcpy(target.data, source.data, size);
	from->ops->sent(from, size);
	to->ops->received(to, size, pair.now);
	return true;
}

static void
run(void)
{
	bool any = true;

	while (any) {
		any = move(pair.client.session, pair.server.session);
		any = pull(&pair.server) || any;
		any = move(pair.server.session, pair.client.session) || any;
		any = pull(&pair.client) || any;
	}
}

/* The next thing that side was told is of this kind. */
static struct session_event *
told(struct side *side, enum session_event_kind kind)
{
	struct session_event *event = &side->events[side->seen];

	assert_true(side->seen < side->count);
	assert_int_equal(event->kind, kind);
	side->seen++;
	return event;
}

static void
assert_told_no_more(void)
{
	assert_int_equal(pair.client.seen, pair.client.count);
	assert_int_equal(pair.server.seen, pair.server.count);
}

static struct idmap_id
begin_so(const struct call_start *how)
{
	struct call_start start = *how;
	struct idmap_id id;

	start.interface_name = "a.Echo";
	start.operation_name = "Echo";
	start.is_stream = true;
	assert_int_equal(pair.client.session->ops->begin(pair.client.session,
	                     &start, &id),
	    BECKET_S_OK);
	return id;
}

static struct idmap_id
begin_with(struct becket_bytes metadata)
{
	return begin_so(&(struct call_start){ .metadata = metadata });
}

static struct idmap_id
begin(void)
{
	return begin_so(&(struct call_start){ 0 });
}

/* The server's name of the call, which is a stream. */
static struct idmap_id
accept_call(void)
{
	struct session_event *event = told(&pair.server, SESSION_CALL);

	pair.server.session->ops->stream(pair.server.session, event->call);
	return event->call;
}

static becket_status
put(struct side *side, struct idmap_id id, const void *data, size_t size)
{
	struct buffer message = buffer_empty(pair.memory);

	assert_true(buffer_append(&message, data, size));
	return side->session->ops->put(side->session, id, &message);
}

static void
put_text(struct side *side, struct idmap_id id, const char *text)
{
	assert_int_equal(put(side, id, text, strlen(text)), BECKET_S_OK);
}

static becket_status
end_with(struct side *side, struct idmap_id id, becket_status status,
    struct becket_bytes metadata)
{
	struct call_end end = { .status = status,
		.fault_data = buffer_empty(pair.memory),
		.metadata = metadata };

	return side->session->ops->end(side->session, id, &end);
}

static void
end(struct side *side, struct idmap_id id)
{
	assert_int_equal(end_with(side, id, BECKET_S_OK,
	                     (struct becket_bytes){ 0 }),
	    BECKET_S_OK);
}

static void
consume(struct side *side, struct idmap_id id, size_t size)
{
	side->session->ops->consumed(side->session, id,
	    size + SESSION_MESSAGE_COST);
}

static void
assert_message(struct side *side, const char *text)
{
	assert_text(buffer_bytes(&told(side, SESSION_MESSAGE)->message), text);
}

static const struct session_end *
ended(becket_status status)
{
	const struct session_end *end = &told(&pair.client, SESSION_END)->end;

	assert_int_equal(end->status, status);
	return end;
}

/* -------------------------------------------------------------- streams -- */

static void
converse(void)
{
	struct idmap_id client = begin(), server;

	put_text(&pair.client, client, "one");
	run();
	server = accept_call();
	assert_message(&pair.server, "one");
	told(&pair.client, SESSION_WRITABLE);
	assert_told_no_more();
	put_text(&pair.server, server, "eins");
	put_text(&pair.server, server, "zwei");
	run();
	assert_message(&pair.client, "eins");
	assert_message(&pair.client, "zwei");
	told(&pair.server, SESSION_WRITABLE);
	put_text(&pair.client, client, "two");
	end(&pair.client, client);
	run();
	assert_message(&pair.server, "two");
	told(&pair.server, SESSION_END);
	put_text(&pair.server, server, "");
	run();
	told(&pair.server, SESSION_WRITABLE);
	assert_message(&pair.client, "");
	end(&pair.server, server);
	run();
	assert_int_equal(ended(BECKET_S_OK)->outcome, BECKET_EXECUTED);
	assert_told_no_more();
}

static void
messages_go_both_ways_wherever_the_bytes_are_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < CUTS; cut++) {
		open_pair(cut);
		converse();
		converse();
		close_pair();
	}
}

static void
a_stream_may_be_empty(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	end(&pair.client, client);
	run();
	server = accept_call();
	told(&pair.server, SESSION_END);
	end(&pair.server, server);
	run();
	ended(BECKET_S_OK);
	assert_told_no_more();
	close_pair();
}

static void
a_server_may_end_before_its_client(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	put_text(&pair.client, client, "one");
	run();
	server = accept_call();
	assert_message(&pair.server, "one");
	told(&pair.client, SESSION_WRITABLE);
	put_text(&pair.server, server, "enough");
	end(&pair.server, server);
	run();
	assert_message(&pair.client, "enough");
	ended(BECKET_S_OK);
	assert_told_no_more();
	assert_int_equal(put(&pair.client, client, "x", 1),
	    BECKET_S_NO_CALL_ACTIVE);
	converse();
	close_pair();
}

static void
a_client_that_cancels_is_told_and_tells(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	put_text(&pair.client, client, "one");
	run();
	server = accept_call();
	assert_message(&pair.server, "one");
	told(&pair.client, SESSION_WRITABLE);
	pair.client.session->ops->cancel(pair.client.session, client);
	run();
	ended(BECKET_S_CALL_CANCELLED);
	told(&pair.server, SESSION_CANCEL);
	assert_int_equal(put(&pair.server, server, "x", 1),
	    BECKET_S_NO_CALL_ACTIVE);
	assert_int_equal(end_with(&pair.server, server, BECKET_S_CALL_CANCELLED,
	                     (struct becket_bytes){ 0 }),
	    BECKET_S_OK);
	assert_told_no_more();
	close_pair();
}

static void
a_lost_connection_ends_streams_at_both_ends(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	put_text(&pair.client, client, "one");
	run();
	server = accept_call();
	assert_message(&pair.server, "one");
	told(&pair.client, SESSION_WRITABLE);
	put_text(&pair.server, server, "two");
	pair.client.session->ops->lost(pair.client.session);
	pair.server.session->ops->lost(pair.server.session);
	run();
	assert_int_equal(ended(BECKET_S_CALL_FAILED)->outcome,
	    BECKET_MAYBE_EXECUTED);
	told(&pair.client, SESSION_CLOSED);
	told(&pair.server, SESSION_CANCEL);
	told(&pair.server, SESSION_CLOSED);
	assert_told_no_more();
	close_pair();
}

/* --------------------------------------------------------- flow control -- */

enum { PIECE = 1000, WINDOW = 65536, COST = PIECE + SESSION_MESSAGE_COST };

static struct becket_limits
narrow(void)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;

	limits.stream_window = WINDOW;
	return limits;
}

/* Put as long as that is welcome; returns how many. */
static size_t
pour(struct side *side, struct idmap_id id)
{
	static const uint8_t piece[PIECE];
	size_t count = 0;

	side->seen = side->count;
	do {
		assert_int_equal(put(side, id, piece, PIECE), BECKET_S_OK);
		run();
		count++;
	} while (side->seen < side->count &&
	         side->events[side->seen++].kind == SESSION_WRITABLE);
	return count;
}

/* Messages that side has been told and nobody has seen. */
static size_t
unseen(const struct side *side)
{
	return side->count - side->seen;
}

static void
check_backpressure(struct side *from, struct idmap_id from_id, struct side *to,
    struct idmap_id to_id)
{
	size_t poured, all = 0;

	to->seen = to->count;
	poured = pour(from, from_id);
	assert_in_range(unseen(to), WINDOW / 2 / COST, WINDOW / COST + 1);
	for (int i = 0; i < 3000; i++) {
		while (unseen(to) > 0) {
			struct session_event *event = told(to, SESSION_MESSAGE);

			consume(to, to_id, event->message.size);
			all++;
		}
		forget(to);
		forget(from);
		run();
		if (from->count > 0)
			poured += pour(from, from_id);
		assert_true(unseen(to) <= WINDOW / COST + 1);
	}
	assert_true(all > 3000);
	assert_true(poured > all);
	assert_true(pair.test.peak < 6 * WINDOW);
}

static void
a_reader_that_is_slow_slows_the_writer(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct idmap_id client, server;

		open_pair_with(SIZE_MAX, narrow());
		client = begin();
		run();
		server = accept_call();
		if (i == 0)
			check_backpressure(&pair.client, client, &pair.server,
			    server);
		else
			check_backpressure(&pair.server, server, &pair.client,
			    client);
		close_pair();
	}
}

static void
a_stream_that_nobody_reads_keeps_no_other_waiting(void **state)
{
	static const uint8_t block[WINDOW];

	(void)state;
	open_pair_with(SIZE_MAX, narrow());
	for (int i = 0; i < 40; i++) {
		struct idmap_id slow = begin(), slow_server;

		run();
		slow_server = accept_call();
		pour(&pair.client, slow);
		pour(&pair.server, slow_server);
		assert_int_equal(put(&pair.server, slow_server, block, WINDOW),
		    BECKET_S_OK);
		pair.client.seen = pair.client.count;
		pair.server.seen = pair.server.count;
	}
	for (int i = 0; i < 300; i++)
		converse();
	close_pair();
}

/* Behind messages that are not consumed, and with them gone. */
static void
a_message_may_be_larger_than_the_window(void **state)
{
	enum { LARGE = 1 << 20 };
	uint8_t *large = calloc(1, LARGE);
	struct idmap_id client, server;
	struct session_event *event;

	(void)state;
	open_pair_with(5000, narrow());
	client = begin();
	put_text(&pair.client, client, "small");
	assert_int_equal(put(&pair.client, client, large, LARGE), BECKET_S_OK);
	run();
	server = accept_call();
	assert_message(&pair.server, "small");
	run();
	if (unseen(&pair.server) == 0) {
		consume(&pair.server, server, 5);
		run();
	}
	event = told(&pair.server, SESSION_MESSAGE);
	assert_bytes(buffer_bytes(&event->message), large, LARGE);
	consume(&pair.server, server, LARGE);
	run();
	told(&pair.client, SESSION_WRITABLE);
	assert_int_equal(put(&pair.client, client, large, LARGE), BECKET_S_OK);
	run();
	assert_int_equal(told(&pair.server, SESSION_MESSAGE)->message.size,
	    LARGE);
	told(&pair.client, SESSION_WRITABLE);
	assert_told_no_more();
	close_pair();
	free(large);
}

/* They take no bytes to speak of, but memory all the same. */
static void
empty_messages_are_held_back_too(void **state)
{
	const size_t HELD = WINDOW / SESSION_MESSAGE_COST;
	struct idmap_id client, server;

	(void)state;
	open_pair_with(SIZE_MAX, narrow());
	client = begin();
	run();
	server = accept_call();
	for (size_t i = 0; i < 4 * HELD; i++)
		put_text(&pair.client, client, "");
	end(&pair.client, client);
	for (size_t left = 4 * HELD; left > 0; left -= HELD) {
		run();
		assert_int_equal(unseen(&pair.server), HELD + (left == HELD));
		for (size_t i = 0; i < HELD; i++) {
			told(&pair.server, SESSION_MESSAGE);
			consume(&pair.server, server, 0);
		}
	}
	run();
	told(&pair.server, SESSION_END);
	assert_told_no_more();
	close_pair();
}

static void
a_complete_response_outlives_its_connection(void **state)
{
	const size_t HELD = WINDOW / SESSION_MESSAGE_COST;
	struct idmap_id server;

	(void)state;
	open_pair_with(SIZE_MAX, narrow());
	end(&pair.client, begin());
	run();
	server = accept_call();
	for (size_t i = 0; i < 4 * HELD; i++)
		put_text(&pair.server, server, "");
	end(&pair.server, server);
	run();
	assert_int_equal(pair.client.count, HELD);
	pair.client.session->ops->lost(pair.client.session);
	pull(&pair.client);
	for (size_t i = 0; i < 4 * HELD; i++)
		told(&pair.client, SESSION_MESSAGE);
	ended(BECKET_S_OK);
	told(&pair.client, SESSION_CLOSED);
	close_pair();
}

static void
rest_for_a_second(struct session *session)
{
	uint64_t until = pair.now + 3000000000;
	uint64_t at;

	while (at = session->ops->deadline(session), at != 0 && at <= until)
		session->ops->tick(session, at);
	assert_int_equal(session->ops->deadline(session), 0);
}

/* Calls that go on for hours and rarely say something are the ones that there
 * are many of.
 */
static void
a_stream_that_rests_keeps_no_buffers(void **state)
{
	static const uint8_t block[WINDOW];
	size_t before;
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	run();
	server = accept_call();
	rest_for_a_second(pair.server.session);
	rest_for_a_second(pair.client.session);
	before = pair.test.bytes;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(put(&pair.client, client, block, WINDOW),
		    BECKET_S_OK);
		assert_int_equal(put(&pair.server, server, block, WINDOW),
		    BECKET_S_OK);
		run();
		consume(&pair.client, client, WINDOW);
		consume(&pair.server, server, WINDOW);
		forget(&pair.client);
		forget(&pair.server);
		assert_true(pair.test.bytes > before + 32768);
		rest_for_a_second(pair.server.session);
		rest_for_a_second(pair.client.session);
		assert_true(pair.test.bytes < before + 4000);
	}
	close_pair();
}

/* ------------------------------------------------------------- metadata -- */

static struct buffer
encode(const char *const *pairs)
{
	struct buffer buffer = buffer_empty(pair.memory);

	for (; *pairs != NULL; pairs += 2) {
		const struct call_header_entry entry = { text_bytes(pairs[0]),
			text_bytes(pairs[1]) };

		assert_true(
		    buffer_reserve(&buffer, call_header_measure_entry(&entry)));
		buffer.size +=
		    call_header_put_entry(&entry, buffer.data + buffer.size);
	}
	return buffer;
}

static void
assert_metadata(const struct buffer *metadata, const char *const *pairs)
{
	struct becket_bytes left = buffer_bytes(metadata);
	struct call_header_entry entry;

	for (; *pairs != NULL; pairs += 2) {
		assert_true(call_header_next(&left, &entry));
		assert_text(entry.key, pairs[0]);
		assert_text(entry.value, pairs[1]);
	}
	assert_int_equal(left.size, 0);
}

static const char *const request_pairs[] = { "x-request-id", "4711", "x-empty",
	"", "x-request-id", "again", "x-trace-bin", "\xff\xfe\x01 \n",
	"becket-session", "s", NULL };
static const char *const initial_pairs[] = { "initial", "1", "x-bin", "",
	NULL };
static const char *const trailing_pairs[] = { "cost-bin", "\x01\x02",
	"trailing", "2", NULL };

/* How the call is answered, and what its metadata are then. */
static void
exchange_metadata(bool has_head, becket_status status)
{
	struct buffer request = encode(request_pairs);
	struct buffer initial = encode(initial_pairs);
	struct buffer trailing = encode(trailing_pairs);
	struct idmap_id client = begin_with(buffer_bytes(&request)), server;
	const struct session_ops *ops = pair.server.session->ops;

	run();
	assert_metadata(&pair.server.events[pair.server.seen].begun.metadata,
	    request_pairs);
	server = accept_call();
	if (has_head)
		assert_int_equal(ops->head(pair.server.session, server,
		                     buffer_bytes(&initial)),
		    BECKET_S_OK);
	run();
	if (has_head)
		assert_metadata(&told(&pair.client, SESSION_HEAD)->metadata,
		    initial_pairs);
	assert_told_no_more();
	assert_int_equal(end_with(&pair.server, server, status,
	                     buffer_bytes(&trailing)),
	    BECKET_S_OK);
	run();
	assert_metadata(&ended(status)->metadata, trailing_pairs);
	assert_told_no_more();
	(void)client;
	buffer_fini(&request);
	buffer_fini(&initial);
	buffer_fini(&trailing);
}

static void
metadata_go_both_ways(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < CUTS; cut += 7) {
		open_pair(cut);
		exchange_metadata(true, BECKET_S_OK);
		exchange_metadata(false, BECKET_S_OK);
		exchange_metadata(true, BECKET_S_NOT_FOUND);
		exchange_metadata(false, BECKET_S_NOT_FOUND);
		close_pair();
	}
}

static void
initial_metadata_cannot_come_late_or_twice(void **state)
{
	const struct session_ops *ops;
	struct idmap_id server;

	(void)state;
	open_pair(SIZE_MAX);
	ops = pair.server.session->ops;
	(void)begin();
	run();
	server = accept_call();
	put_text(&pair.server, server, "x");
	assert_int_equal(ops->head(pair.server.session, server,
	                     (struct becket_bytes){ 0 }),
	    BECKET_S_NO_CALL_ACTIVE);
	end(&pair.server, server);
	assert_int_equal(ops->head(pair.server.session, server,
	                     (struct becket_bytes){ 0 }),
	    BECKET_S_NO_CALL_ACTIVE);
	close_pair();
}

/* Whatever an application has in its hands: fields are not to be forged. */
static void
what_is_no_metadata_does_not_leave(void **state)
{
	static const char *const bad[] = { "grpc-status", "5", "content-type",
		"text/plain", "te", "x", "becket-object", "x", "user-agent",
		"x", "ok", "  trimmed ", "split", "a\r\nb: c", NULL };
	static const char *const good[] = { "ok", "trimmed", NULL };
	struct buffer metadata;

	(void)state;
	open_pair(SIZE_MAX);
	metadata = encode(bad);
	(void)begin_with(buffer_bytes(&metadata));
	run();
	assert_metadata(&told(&pair.server, SESSION_CALL)->begun.metadata,
	    good);
	assert_told_no_more();
	buffer_fini(&metadata);
	close_pair();
}

/* ---------------------------------------------------------- compression -- */

static void
assert_packed(struct side *side, bool is_packed)
{
	const struct session_event *event = told(side, SESSION_MESSAGE);

	assert_int_equal(event->is_packed, is_packed);
	assert_text(buffer_bytes(&event->message),
	    "again and again and again and again and again and again");
}

static void
say(struct side *side, struct idmap_id id)
{
	put_text(side, id,
	    "again and again and again and again and again and again");
}

static void
pack(struct side *side, struct idmap_id id, bool on)
{
	side->session->ops->pack(side->session, id, on);
}

static void
messages_are_compressed_as_is_wished(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin_so(&(struct call_start){ .packs = true });
	say(&pair.client, client);
	pack(&pair.client, client, false);
	say(&pair.client, client);
	pack(&pair.client, client, true);
	say(&pair.client, client);
	put_text(&pair.client, client, "");
	run();
	server = accept_call();
	assert_packed(&pair.server, true);
	assert_packed(&pair.server, false);
	assert_packed(&pair.server, true);
	assert_false(told(&pair.server, SESSION_MESSAGE)->is_packed);
	say(&pair.server, server);
	pack(&pair.server, server, false);
	say(&pair.server, server);
	run();
	told(&pair.client, SESSION_WRITABLE);
	assert_packed(&pair.client, true);
	assert_packed(&pair.client, false);
	close_pair();
}

static void
a_server_may_compress_though_its_client_does_not(void **state)
{
	struct idmap_id client, server;

	(void)state;
	open_pair(SIZE_MAX);
	client = begin();
	pack(&pair.client, client, true); /* the fields have gone without it */
	say(&pair.client, client);
	run();
	server = accept_call();
	assert_packed(&pair.server, false);
	pack(&pair.server, server, false);
	say(&pair.server, server);
	pack(&pair.server, server, true);
	say(&pair.server, server);
	run();
	told(&pair.client, SESSION_WRITABLE);
	assert_packed(&pair.client, false);
	assert_packed(&pair.client, true);
	close_pair();
}

static void
what_was_not_said_to_be_compressed_is_not(void **state)
{
	struct idmap_id server;

	(void)state;
	open_pair(SIZE_MAX);
	(void)begin();
	run();
	server = accept_call();
	say(&pair.server, server);
	pack(&pair.server, server, true); /* too late */
	say(&pair.server, server);
	run();
	assert_packed(&pair.client, false);
	assert_packed(&pair.client, false);
	close_pair();
}

/* --------------------------------------------------------------- memory -- */

static void
try_to_put(struct side *side, struct idmap_id id)
{
	static const char text[] = "again and again and again and again";
	struct buffer message = buffer_empty(pair.memory);

	if (buffer_append(&message, text, sizeof text))
		(void)!side->session->ops->put(side->session, id, &message);
}

static void
try_to_serve(struct becket_bytes metadata)
{
	struct session *session = pair.server.session;

	for (size_t i = 0; i < pair.server.count; i++) {
		struct session_event *event = &pair.server.events[i];

		if (event->kind == SESSION_CALL) {
			session->ops->stream(session, event->call);
			(void)!session->ops->head(session, event->call,
			    metadata);
			try_to_put(&pair.server, event->call);
		}
		if (event->kind == SESSION_MESSAGE)
			session->ops->consumed(session, event->call,
			    event->message.size + SESSION_MESSAGE_COST);
		if (event->kind == SESSION_END)
			(void)!end_with(&pair.server, event->call,
			    BECKET_S_NOT_FOUND, metadata);
	}
	forget(&pair.server);
}

static void
try_to_converse(struct becket_bytes metadata)
{
	struct session *session = pair.client.session;
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.is_stream = true,
		.packs = true,
		.metadata = metadata };
	struct idmap_id id;

	if (session->ops->begin(session, &start, &id) != BECKET_S_OK)
		return;
	try_to_put(&pair.client, id);
	run();
	try_to_serve(metadata);
	try_to_put(&pair.client, id);
	(void)!end_with(&pair.client, id, BECKET_S_OK,
	    (struct becket_bytes){ 0 });
	run();
	try_to_serve(metadata);
	run();
	session->ops->drain(session);
	run();
}

static bool
was_told_end(becket_status status)
{
	for (size_t i = 0; i < pair.client.count; i++)
		if (pair.client.events[i].kind == SESSION_END)
			return pair.client.events[i].end.status == status;
	return false;
}

static void
memory_may_fail_anywhere(void **state)
{
	static const uint8_t metadata[] = "\x12\x0a\x0a\x05x-bin\x12\x01\x00"
	                                  "\x12\x06\x0a\x01y\x12\x01z";

	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		bool has_failed, has_ended;

		if (!try_to_open(40, narrow(), n))
			continue;
		try_to_converse(
		    (struct becket_bytes){ metadata, sizeof metadata - 1 });
		has_failed = pair.test.failed;
		has_ended = was_told_end(BECKET_S_NOT_FOUND);
		close_pair();
		if (!has_failed) {
			assert_true(has_ended);
			return;
		}
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    messages_go_both_ways_wherever_the_bytes_are_cut),
		cmocka_unit_test(a_stream_may_be_empty),
		cmocka_unit_test(a_server_may_end_before_its_client),
		cmocka_unit_test(a_client_that_cancels_is_told_and_tells),
		cmocka_unit_test(a_lost_connection_ends_streams_at_both_ends),
		cmocka_unit_test(a_reader_that_is_slow_slows_the_writer),
		cmocka_unit_test(
		    a_stream_that_nobody_reads_keeps_no_other_waiting),
		cmocka_unit_test(a_message_may_be_larger_than_the_window),
		cmocka_unit_test(empty_messages_are_held_back_too),
		cmocka_unit_test(a_complete_response_outlives_its_connection),
		cmocka_unit_test(a_stream_that_rests_keeps_no_buffers),
		cmocka_unit_test(metadata_go_both_ways),
		cmocka_unit_test(initial_metadata_cannot_come_late_or_twice),
		cmocka_unit_test(what_is_no_metadata_does_not_leave),
		cmocka_unit_test(messages_are_compressed_as_is_wished),
		cmocka_unit_test(
		    a_server_may_compress_though_its_client_does_not),
		cmocka_unit_test(what_was_not_said_to_be_compressed_is_not),
		cmocka_unit_test(memory_may_fail_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
