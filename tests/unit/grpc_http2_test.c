/* SPDX-License-Identifier: MIT */
/* A session of gRPC against frames that are made and read by hand. */
#include "grpc/door.h"

#include <nghttp2/nghttp2.h>

#include "engine/registry.h"
#include "test_memory.h"
#include "unit.h"

enum { HEAD = 9, SECOND = 1000000000 };

struct peer {
	struct door_names names; /* first */
	struct test_memory test;
	struct becket_limits limits;
	struct registered interface;
	struct session *session;
	uint8_t in[1 << 20]; /* what it has sent */
	size_t size, at;
	uint64_t now;
};

static struct peer peer;

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	(void)names;
	(void)interface;
	(void)operation;
	*ret_registered = &peer.interface;
	*ret_opnum = 1;
	return BECKET_S_OK;
}

static void
prepare(void)
{
	const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

	memset(&peer, 0, sizeof peer);
	peer.names.find = find;
	peer.limits = limits;
	peer.limits.stream_window = 65536;
	peer.test = test_memory(TEST_MEMORY_NEVER);
	peer.now = SECOND;
}

static void
finish(void)
{
	peer.session->ops->free(peer.session);
	test_memory_end(&peer.test);
}

/* -------------------------------------------------------------- frames -- */

static void
feed(const void *data, size_t size)
{
	const uint8_t *at = data;
	struct session_vec vec;

	while (size > 0 && peer.session->ops->recv_vec(peer.session, &vec, 1)) {
		size_t step = size < vec.size ? size : vec.size;

		memcpy(vec.data, at, step);
		peer.session->ops->received(peer.session, step, peer.now);
		at += step;
		size -= step;
	}
}

static void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static void
send_frame(uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
    size_t size)
{
	uint8_t head[HEAD];

	put_u32(head, (uint32_t)size << 8);
	head[3] = type;
	head[4] = flags;
	put_u32(head + 5, stream);
	feed(head, sizeof head);
	feed(payload, size);
}

static void
send_setting(uint16_t id, uint32_t value)
{
	uint8_t entry[6] = { (uint8_t)(id >> 8), (uint8_t)id };

	put_u32(entry + 2, value);
	send_frame(NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
}

/* All literal, never indexed. */
static size_t
put_field(uint8_t *at, const char *name, const char *value)
{
	size_t name_size = strlen(name), value_size = strlen(value);

	at[0] = 0;
	at[1] = (uint8_t)name_size;
	memcpy(at + 2, name, name_size);
	at[2 + name_size] = (uint8_t)value_size;
	memcpy(at + 3 + name_size, value, value_size);
	return 3 + name_size + value_size;
}

static void
send_fields(uint32_t stream, uint8_t flags, const char *const *fields,
    const char *const *more)
{
	uint8_t block[1000];
	size_t size = 0;

	for (; *fields != NULL; fields += 2)
		size += put_field(block + size, fields[0], fields[1]);
	for (; more != NULL && *more != NULL; more += 2)
		size += put_field(block + size, more[0], more[1]);
	send_frame(NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, stream,
	    block, size);
}

static const char *const request[] = { ":method", "POST", ":scheme", "http",
	":path", "/a.Echo/Echo", "te", "trailers", "content-type",
	"application/grpc", NULL };

/* All that it wants to send now. */
static void
gather(void)
{
	struct session_vec vec;

	while (peer.session->ops->send_vec(peer.session, &vec, 1) != 0) {
		assert_true(peer.size + vec.size <= sizeof peer.in);
		memcpy(peer.in + peer.size, vec.data, vec.size);
		peer.size += vec.size;
		peer.session->ops->sent(peer.session, vec.size);
	}
}

/* END_STREAM is the same bit. */
static bool
is_ack(const uint8_t *frame)
{
	return (frame[3] == NGHTTP2_SETTINGS || frame[3] == NGHTTP2_PING) &&
	       (frame[4] & NGHTTP2_FLAG_ACK) != 0;
}

/* The next frame of a type that it has sent; NULL: there is none. */
static const uint8_t *
find_frame(uint8_t type)
{
	gather();
	while (peer.at + HEAD <= peer.size) {
		const uint8_t *frame = peer.in + peer.at;

		peer.at += HEAD + (get_u32(frame) >> 8);
		if (frame[3] == type && !is_ack(frame))
			return frame;
	}
	return NULL;
}

static uint32_t
stream_of(const uint8_t *frame)
{
	assert_non_null(frame);
	return get_u32(frame + 5);
}

static void
assert_reset(uint32_t stream, uint32_t error)
{
	const uint8_t *frame = find_frame(NGHTTP2_RST_STREAM);

	assert_int_equal(stream_of(frame), stream);
	assert_int_equal(get_u32(frame + HEAD), error);
}

static void
assert_goaway(uint32_t error)
{
	const uint8_t *frame = find_frame(NGHTTP2_GOAWAY);

	assert_non_null(frame);
	assert_int_equal(get_u32(frame + HEAD + 4), error);
}

/* -------------------------------------------------------------- events -- */

static void
drop(struct buffer *buffer)
{
	if (buffer->memory != NULL)
		buffer_fini(buffer);
}

/* The next event is of this kind; what it has is gone. */
static struct session_event
told(enum session_event_kind kind)
{
	struct session_event event;

	assert_true(peer.session->ops->next(peer.session, &event));
	assert_int_equal(event.kind, kind);
	if (kind == SESSION_CALL)
		drop(&event.begun.metadata);
	if (kind == SESSION_MESSAGE)
		drop(&event.message);
	if (kind == SESSION_END && event.end.fault_data.memory != NULL) {
		drop(&event.end.fault_data);
		drop(&event.end.metadata);
	}
	return event;
}

static void
assert_told_nothing(void)
{
	struct session_event event;

	assert_false(peer.session->ops->next(peer.session, &event));
}

static void
end_call(struct idmap_id id)
{
	struct call_end end = { .status = BECKET_S_OK };

	assert_int_equal(peer.session->ops->end(peer.session, id, &end),
	    BECKET_S_OK);
}

/* -------------------------------------------------------------- servers -- */

/* To a peer that has said nothing about our SETTINGS. */
static void
greet(void)
{
	struct door_server_config config;

	prepare();
	config = (struct door_server_config){ test_memory_of(&peer.test),
		&peer.limits, &peer.names, peer.now };
	assert_int_equal(grpc_server_session_new(&config, &peer.session),
	    BECKET_S_OK);
	feed(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	gather();
}

static void
serve(void)
{
	greet();
	send_frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

static void
the_window_is_told_and_not_passed(void **state)
{
	static const uint8_t data[16384];
	const uint8_t *settings;
	struct idmap_id id;

	(void)state;
	serve();
	settings = find_frame(NGHTTP2_SETTINGS);
	assert_non_null(settings);
	assert_memory_equal(settings + HEAD + 6, "\0\x04\0\x01\0\0", 6);
	send_fields(1, 0, request, NULL);
	send_fields(3, 0, request, NULL);
	id = told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	/* Messages of 0 bytes, until its window is used up. */
	for (int i = 0; i < 4; i++)
		send_frame(NGHTTP2_DATA, 0, 1, data, 16380);
	send_frame(NGHTTP2_DATA, 0, 1, data, 16);
	assert_null(find_frame(NGHTTP2_RST_STREAM));
	send_frame(NGHTTP2_DATA, 0, 1, data, 5);
	assert_reset(1, NGHTTP2_FLOW_CONTROL_ERROR);
	/* The rest goes on. */
	told(SESSION_CALL);
	send_frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, data, 5);
	while (peer.session->ops->next(peer.session,
	    &(struct session_event){ .kind = SESSION_END }))
		continue;
	finish();
}

static void
a_message_that_was_announced_opens_its_window(void **state)
{
	static const uint8_t head[] = { 0, 0, 16, 0, 0 };
	const uint8_t *update = NULL, *next;

	(void)state;
	serve();
	send_fields(1, 0, request, NULL);
	while (find_frame(NGHTTP2_WINDOW_UPDATE) != NULL)
		continue;
	send_frame(NGHTTP2_DATA, 0, 1, head, sizeof head);
	while ((next = find_frame(NGHTTP2_WINDOW_UPDATE)) != NULL)
		update = stream_of(next) == 1 ? next : update;
	assert_non_null(update);
	assert_int_equal(get_u32(update + HEAD), (16 << 16) + 5 - 65536);
	told(SESSION_CALL);
	finish();
}

static void
a_body_is_as_long_as_its_fields_say(void **state)
{
	static const struct {
		const char *fields[5];
		const char *body;
		bool is_good;
	} cases[] = {
		{ { "content-length", "8" }, "abc", true },
		{ { "content-length", "7" }, "abc", false },
		{ { "content-length", "9" }, "abc", false },
		{ { "content-length", "x" }, "abc", false },
		{ { "content-length", "" }, "abc", false },
		{ { "content-length", "99999999999999999999" }, "abc", false },
		{ { "content-length", "8", "content-length", "8" }, "abc",
		    true },
		{ { "content-length", "8", "content-length", "9" }, "abc",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t data[8] = { 0, 0, 0, 0, 3 };

		serve();
		memcpy(data + 5, cases[i].body, 3);
		send_fields(1, 0, request, cases[i].fields);
		send_frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, data,
		    sizeof data);
		if (cases[i].is_good) {
			told(SESSION_CALL);
			told(SESSION_MESSAGE);
			told(SESSION_END);
			assert_null(find_frame(NGHTTP2_RST_STREAM));
		} else {
			assert_reset(1, NGHTTP2_PROTOCOL_ERROR);
			assert_told_nothing();
		}
		finish();
	}
}

static void
trailers_of_a_request_change_nothing(void **state)
{
	static const char *const bad[] = { ":path", "/a.Other/Echo", NULL };
	static const char *const good[] = { "x-trailer", "1", "grpc-timeout",
		"1n", NULL };

	(void)state;
	serve();
	send_fields(1, 0, request, NULL);
	send_fields(1, NGHTTP2_FLAG_END_STREAM, good, NULL);
	told(SESSION_CALL);
	told(SESSION_END);
	assert_null(find_frame(NGHTTP2_RST_STREAM));
	send_fields(3, 0, request, NULL);
	send_fields(3, NGHTTP2_FLAG_END_STREAM, bad, NULL);
	assert_reset(3, NGHTTP2_PROTOCOL_ERROR);
	assert_told_nothing();
	finish();
}

static void
ping(void)
{
	send_frame(NGHTTP2_PING, 0, 0, "12345678", 8);
	gather();
}

static void
too_many_pings_end_the_connection(void **state)
{
	(void)state;
	serve();
	for (int i = 0; i < 20; i++)
		ping();
	assert_goaway(NGHTTP2_ENHANCE_YOUR_CALM);
	finish();
	serve();
	for (int i = 0; i < 20; i++) {
		peer.now += UINT64_C(5) * SECOND;
		ping();
	}
	assert_null(find_frame(NGHTTP2_GOAWAY));
	finish();
}

static void
tick_after(uint64_t seconds)
{
	peer.now += seconds * SECOND;
	peer.session->ops->tick(peer.session, peer.now);
}

static void
assert_closed_for(const char *sentence)
{
	struct session_event event;

	assert_goaway(NGHTTP2_PROTOCOL_ERROR);
	event = told(SESSION_CLOSED);
	assert_string_equal(event.closed.sentence, sentence);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
}

static void
a_frame_that_stalls_ends_the_connection(void **state)
{
	static const uint8_t ping[HEAD + 8] = { 0, 0, 8, NGHTTP2_PING };

	(void)state;
	for (size_t cut = 1; cut < sizeof ping; cut++) {
		serve();
		tick_after(1000); /* between frames it may take its time */
		assert_int_equal(peer.session->ops->deadline(peer.session), 0);
		feed(ping, cut);
		tick_after(9);
		assert_null(find_frame(NGHTTP2_GOAWAY));
		assert_int_equal(peer.session->ops->deadline(peer.session),
		    peer.now + SECOND);
		feed(ping + cut, 1);
		if (cut + 1 == sizeof ping) {
			tick_after(1000);
			assert_null(find_frame(NGHTTP2_GOAWAY));
		} else {
			tick_after(9);
			assert_null(find_frame(NGHTTP2_GOAWAY));
			tick_after(1);
			assert_closed_for(
			    "the peer stalled in the middle of a frame");
		}
		finish();
	}
}

/* A byte, or a frame, now and then is not enough. */
static void
a_block_of_fields_has_its_time_in_all(void **state)
{
	static const uint8_t head[HEAD] = { 0, 0, 100, NGHTTP2_HEADERS, 0, 0, 0,
		0, 1 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		serve();
		if (i == 0)
			feed(head, HEAD);
		else
			send_frame(NGHTTP2_HEADERS, 0, 1, NULL, 0);
		for (int second = 0; second < 9; second++) {
			tick_after(1);
			assert_null(find_frame(NGHTTP2_GOAWAY));
			if (i == 0)
				feed("", 1);
			else if (second < 3)
				send_frame(NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
		}
		tick_after(1);
		assert_closed_for("the peer stalled in the middle of a frame");
		finish();
	}
}

/* He would never hear the farewell. */
static void
who_stalls_and_does_not_read_is_closed_upon(void **state)
{
	(void)state;
	serve();
	gather();
	feed("", 1);
	tick_after(10);
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + UINT64_C(10) * SECOND);
	feed("", 1);
	tick_after(9);
	assert_told_nothing();
	tick_after(1);
	assert_string_equal(told(SESSION_CLOSED).closed.sentence,
	    "the peer stalled in the middle of a frame");
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	finish();
}

/* What he has asked for before is answered, however long that takes. */
static void
half_a_frame_at_the_end_stalls_nobody(void **state)
{
	struct idmap_id id;

	(void)state;
	serve();
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, NULL);
	id = told(SESSION_CALL).call;
	told(SESSION_END);
	feed("", 1);
	peer.session->ops->eof(peer.session);
	tick_after(1000);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	assert_null(find_frame(NGHTTP2_GOAWAY));
	end_call(id);
	assert_told_nothing();
	finish();
}

static void
a_block_of_fields_in_pieces_is_one(void **state)
{
	uint8_t block[500];
	size_t size = 0;

	(void)state;
	for (size_t i = 0; request[i] != NULL; i += 2)
		size += put_field(block + size, request[i], request[i + 1]);
	serve();
	send_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, 20);
	tick_after(9);
	send_frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1,
	    block + 20, size - 20);
	tick_after(1000);
	told(SESSION_CALL);
	told(SESSION_END);
	assert_null(find_frame(NGHTTP2_GOAWAY));
	finish();
}

/* Of the first block that the session has sent. */
static void
assert_field(const uint8_t *frame, const char *name, const char *value)
{
	nghttp2_hd_inflater *inflater;
	const uint8_t *at = frame + HEAD;
	size_t left = get_u32(frame) >> 8;
	nghttp2_nv field;
	bool is_there = false;
	int flags = 0;

	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
		ssize_t size = nghttp2_hd_inflate_hd2(inflater, &field, &flags,
		    at, left, 1);

		assert_true(size >= 0);
		at += size;
		left -= (size_t)size;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0)
			continue;
		if (strcmp((const char *)field.name, name) != 0)
			continue;
		assert_string_equal((const char *)field.value, value);
		is_there = true;
	}
	assert_int_equal(is_there, value != NULL);
	nghttp2_hd_inflate_del(inflater);
}

static void
assert_stalled(uint32_t stream, const char *not_executed)
{
	const uint8_t *frame = find_frame(NGHTTP2_HEADERS);

	assert_int_equal(stream_of(frame), stream);
	assert_field(frame, "grpc-status", "4");
	assert_field(frame, "becket-not-executed", not_executed);
	assert_reset(stream, NGHTTP2_NO_ERROR);
}

/* Whichever is first is waited for. */
static void
half_a_frame_does_not_hide_half_a_message(void **state)
{
	(void)state;
	serve();
	send_fields(1, 0, request, NULL);
	told(SESSION_CALL);
	send_frame(NGHTTP2_DATA, 0, 1, "", 1);
	tick_after(5);
	feed("", 1);
	tick_after(1);
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + UINT64_C(4) * SECOND);
	tick_after(4);
	assert_stalled(1, "1");
	told(SESSION_CANCEL);
	finish();
}

/* Inside a message, and behind it where it is all there can be; but before it,
 * and where we are told that it is one of a stream, who knows what comes?
 */
static void
a_request_that_does_not_go_on_is_refused(void **state)
{
	static const uint8_t message[] = { 0, 0, 0, 0, 3, 'a', 'b', 'c' };

	(void)state;
	for (size_t cut = 0; cut <= sizeof message; cut++) {
		serve();
		send_fields(1, 0, request, NULL);
		told(SESSION_CALL);
		tick_after(1000);
		send_frame(NGHTTP2_DATA, 0, 1, message, cut);
		if (cut == sizeof message)
			told(SESSION_MESSAGE);
		tick_after(9);
		assert_null(find_frame(NGHTTP2_HEADERS));
		assert_told_nothing();
		tick_after(1);
		if (cut == sizeof message) /* as if it had just been taken */
			tick_after(10);
		if (cut == 0) {
			assert_null(find_frame(NGHTTP2_HEADERS));
			tick_after(1000);
			assert_told_nothing();
		} else {
			assert_stalled(1, "1");
			told(SESSION_CANCEL);
		}
		finish();
	}
}

static void
a_stream_may_pause_between_messages_alone(void **state)
{
	static const uint8_t message[] = { 0, 0, 0, 0, 3, 'a', 'b', 'c' };
	struct idmap_id id;

	(void)state;
	serve();
	send_fields(1, 0, request, NULL);
	id = told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	send_frame(NGHTTP2_DATA, 0, 1, message, sizeof message);
	told(SESSION_MESSAGE);
	tick_after(1000);
	assert_told_nothing();
	send_frame(NGHTTP2_DATA, 0, 1, message, 7);
	tick_after(9);
	assert_told_nothing();
	tick_after(1);
	assert_stalled(1, NULL); /* its manager may have done things */
	told(SESSION_CANCEL);
	finish();
}

/* They share the connection. */
static void
messages_side_by_side_have_more_time(void **state)
{
	static const uint8_t head[] = { 0, 0, 0, 1, 0 };

	(void)state;
	serve();
	for (uint32_t stream = 1; stream <= 5; stream += 2) {
		send_fields(stream, 0, request, NULL);
		told(SESSION_CALL);
		send_frame(NGHTTP2_DATA, 0, stream, head, sizeof head);
	}
	tick_after(20);
	send_frame(NGHTTP2_DATA, 0, 3, "x", 1);
	tick_after(9);
	assert_told_nothing();
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + SECOND);
	tick_after(1);
	told(SESSION_CANCEL);
	told(SESSION_CANCEL);
	assert_told_nothing(); /* of the second, which now has 10 s */
	assert_int_equal(peer.session->ops->deadline(peer.session), peer.now);
	tick_after(0);
	told(SESSION_CANCEL);
	finish();
}

/* Whole messages of a size, at most so many, as long as there is window; the
 * last one may be half there.
 */
static void
fill_window(uint32_t stream, size_t size, unsigned count)
{
	static uint8_t message[65536 + 5];
	size_t left = 65536;

	put_u32(message + 1, (uint32_t)size);
	for (; count > 0 && left > 0; count--) {
		for (size_t at = 0; at < size + 5 && left > 0;) {
			size_t piece = size + 5 - at;

			piece = piece < left ? piece : left;
			piece = piece < 16384 ? piece : 16384;
			send_frame(NGHTTP2_DATA, 0, stream, message + at,
			    piece);
			at += piece;
			left -= piece;
		}
	}
}

/* Of a stream whose manager takes nothing: half a message behind what fills the
 * window, behind what leaves it open by less than is worth a word, and behind
 * so many small ones that we look no further.
 */
static void
who_may_not_send_does_not_stall(void **state)
{
	static const struct {
		size_t size;
		unsigned count, whole;
	} cases[] = { { 65280, 2, 1 }, { 16000, 5, 4 }, { 0, 256, 256 } };
	struct idmap_id id;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		serve();
		send_fields(1, 0, request, NULL);
		id = told(SESSION_CALL).call;
		peer.session->ops->stream(peer.session, id);
		fill_window(1, cases[i].size, cases[i].count);
		if (cases[i].size == 0)
			send_frame(NGHTTP2_DATA, 0, 1, "\0\0\0", 3);
		for (unsigned n = 0; n < cases[i].whole; n++)
			told(SESSION_MESSAGE);
		tick_after(1000);
		assert_told_nothing();
		peer.session->ops->consumed(peer.session, id,
		    cases[i].whole * (cases[i].size + SESSION_MESSAGE_COST));
		tick_after(0);
		assert_told_nothing(); /* but from now on */
		tick_after(9);
		if (i == 1) {
			/* And when he does go on, from then on. */
			peer.session->ops->consumed(peer.session, id, 1);
			send_frame(NGHTTP2_DATA, 0, 1, "", 1);
			tick_after(9);
		}
		assert_told_nothing();
		tick_after(1);
		told(SESSION_CANCEL);
		finish();
	}
}

/* What is above the number of streams is refused, and that waits to be sent. */
static void
requests_of_one_who_does_not_read_end_the_connection(void **state)
{
	struct session_event event;
	struct session_vec vec;
	uint32_t stream = 1;

	(void)state;
	greet();
	while (stream < 100000 &&
	       peer.session->ops->recv_vec(peer.session, &vec, 1) != 0) {
		send_fields(stream, NGHTTP2_FLAG_END_STREAM, request, NULL);
		stream += 2;
	}
	assert_in_range(stream, 2 * 4096, 2 * 8192);
	assert_true(peer.session->ops->next(peer.session, &event));
	assert_int_equal(event.kind, SESSION_CLOSED);
	assert_int_equal(event.closed.status, BECKET_S_PROTOCOL_ERROR);
	finish();
}

/* So do libraries measure what a connection carries. */
static void
pings_between_pieces_of_a_response_are_not_too_many(void **state)
{
	struct idmap_id id;

	(void)state;
	serve();
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, NULL);
	id = told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	told(SESSION_END);
	for (int i = 0; i < 100; i++) {
		struct buffer piece = buffer_empty(test_memory_of(&peer.test));

		assert_int_equal(peer.session->ops->put(peer.session, id,
		                     &piece),
		    BECKET_S_OK);
		gather();
		told(SESSION_WRITABLE);
		ping();
	}
	assert_null(find_frame(NGHTTP2_GOAWAY));
	finish();
}

static void
answer_ping(void)
{
	const uint8_t *frame = find_frame(NGHTTP2_PING);

	assert_non_null(frame);
	send_frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
}

static void
a_silent_client_is_asked_while_calls_run(void **state)
{
	struct idmap_id id;

	(void)state;
	serve();
	peer.limits.ping_ms = 60000;
	tick_after(1000);
	assert_null(find_frame(NGHTTP2_PING));
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, NULL);
	id = told(SESSION_CALL).call;
	told(SESSION_END);
	tick_after(59);
	assert_null(find_frame(NGHTTP2_PING));
	tick_after(1);
	answer_ping();
	tick_after(59);
	send_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
	tick_after(59);
	assert_null(find_frame(NGHTTP2_PING));
	tick_after(1);
	assert_non_null(find_frame(NGHTTP2_PING));
	end_call(id);
	gather();
	tick_after(1000);
	send_fields(3, NGHTTP2_FLAG_END_STREAM, request, NULL);
	told(SESSION_CALL);
	told(SESSION_END);
	tick_after(60);
	assert_non_null(find_frame(NGHTTP2_PING));
	tick_after(9);
	assert_told_nothing();
	tick_after(1);
	told(SESSION_CANCEL);
	assert_string_equal(told(SESSION_CLOSED).closed.sentence,
	    "the peer does not answer a ping");
	finish();
}

/* A server asks as soon as it is told to. */
static void
a_client_may_be_asked_at_once(void **state)
{
	(void)state;
	serve();
	peer.limits.ping_ms = 1000;
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, NULL);
	told(SESSION_CALL);
	told(SESSION_END);
	tick_after(1);
	assert_non_null(find_frame(NGHTTP2_PING));
	finish();
}

static void
nobody_is_asked_for_what_nobody_attends_to(void **state)
{
	static const char *const yes[] = { "becket-unattended", "1", NULL };
	static const char *const no[] = { "becket-unattended", "0", NULL };

	(void)state;
	serve();
	peer.limits.ping_ms = 60000;
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, yes);
	assert_int_equal(told(SESSION_CALL).begun.metadata.size, 0);
	told(SESSION_END);
	tick_after(1000);
	assert_null(find_frame(NGHTTP2_PING));
	/* But where another call of the connection is somebody's. */
	send_fields(3, NGHTTP2_FLAG_END_STREAM, request, no);
	tick_after(60);
	assert_non_null(find_frame(NGHTTP2_PING));
	told(SESSION_CALL);
	told(SESSION_END);
	finish();
}

/* A stop waits for an answer of its own. */
static void
an_answer_of_before_ends_no_drain(void **state)
{
	const uint8_t *frame;
	uint8_t asked[8];

	(void)state;
	serve();
	peer.limits.ping_ms = 60000;
	send_fields(1, NGHTTP2_FLAG_END_STREAM, request, NULL);
	told(SESSION_CALL);
	told(SESSION_END);
	tick_after(60);
	frame = find_frame(NGHTTP2_PING);
	assert_non_null(frame);
	memcpy(asked, frame + HEAD, sizeof asked);
	peer.session->ops->drain(peer.session);
	frame = find_frame(NGHTTP2_PING);
	assert_non_null(frame);
	assert_goaway(NGHTTP2_NO_ERROR);
	send_frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, asked, sizeof asked);
	tick_after(0);
	assert_null(find_frame(NGHTTP2_GOAWAY));
	send_frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
	tick_after(0);
	assert_goaway(NGHTTP2_NO_ERROR);
	finish();
}

/* -------------------------------------------------------------- clients -- */

static void
connect_to(uint32_t ping_ms)
{
	struct door_client_config config;

	prepare();
	peer.limits.ping_ms = ping_ms;
	config = (struct door_client_config){ test_memory_of(&peer.test),
		&peer.limits, "host:1", peer.now };
	assert_int_equal(grpc_client_session_new(&config, &peer.session),
	    BECKET_S_OK);
	gather();
	peer.at = NGHTTP2_CLIENT_MAGIC_LEN;
}

static struct idmap_id
begin(uint64_t deadline)
{
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.deadline = deadline,
		.remaining_us =
		    deadline == 0 ? 0 : (deadline - peer.now) / 1000 };
	struct idmap_id id;

	assert_int_equal(peer.session->ops->begin(peer.session, &start, &id),
	    BECKET_S_OK);
	return id;
}

static void
call(uint64_t deadline)
{
	end_call(begin(deadline));
}

static void
answer_code(uint32_t stream, const char *code, const char *status)
{
	const char *const fields[] = { ":status", "200", "content-type",
		"application/grpc", "grpc-status", code,
		status == NULL ? NULL : "becket-status", status, NULL };

	send_fields(stream, NGHTTP2_FLAG_END_STREAM, fields, NULL);
}

static void
answer(uint32_t stream)
{
	answer_code(stream, "0", NULL);
}

/* Of a call of 10 s, or of one without a deadline, that is answered so late. */
static becket_status
status_after(uint64_t ms, bool has_deadline, const char *code,
    const char *status)
{
	becket_status seen;

	connect_to(0);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	call(has_deadline ? peer.now + UINT64_C(10) * SECOND : 0);
	gather();
	peer.now += ms * 1000000;
	answer_code(1, code, status);
	seen = told(SESSION_END).end.status;
	finish();
	return seen;
}

/* Whichever end notices first; and a thousandth, and 10 ms, before. */
static void
the_deadline_of_the_call_is_told_from_one_of_the_servers(void **state)
{
	(void)state;
	assert_int_equal(status_after(10000, true, "4", NULL),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(status_after(9981, true, "4", NULL),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(status_after(9979, true, "4", NULL),
	    BECKET_S_DEADLINE_EXCEEDED);
	assert_int_equal(status_after(0, true, "4", NULL),
	    BECKET_S_DEADLINE_EXCEEDED);
	assert_int_equal(status_after(100000, false, "4", NULL),
	    BECKET_S_DEADLINE_EXCEEDED);
	/* Between our own peers, what the server says. */
	assert_int_equal(status_after(0, true, "4", "1818"),
	    BECKET_S_CALL_CANCELLED);
	assert_int_equal(status_after(10000, true, "4", "1107296516"),
	    BECKET_S_DEADLINE_EXCEEDED);
	/* And no other code changes its meaning. */
	assert_int_equal(status_after(10000, true, "10", NULL),
	    BECKET_S_ABORTED);
}

static void
calls_wait_until_the_server_lets_them(void **state)
{
	(void)state;
	connect_to(0);
	send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
	call(0);
	call(0);
	call(peer.now + SECOND);
	assert_null(find_frame(NGHTTP2_HEADERS));
	peer.now += 2 * UINT64_C(1000000000);
	peer.session->ops->tick(peer.session, peer.now);
	assert_int_equal(told(SESSION_END).end.outcome, BECKET_NOT_SENT);
	send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
	assert_int_equal(stream_of(find_frame(NGHTTP2_HEADERS)), 1);
	assert_null(find_frame(NGHTTP2_HEADERS));
	answer(1);
	assert_int_equal(told(SESSION_END).end.status, BECKET_S_OK);
	gather();
	peer.at = 0;
	peer.size = 0;
	send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100);
	gather();
	answer(3);
	assert_int_equal(told(SESSION_END).end.status, BECKET_S_OK);
	assert_told_nothing();
	finish();
}

/* Streams that the last GOAWAY does not count were not taken. */
static void
a_farewell_in_two_steps_lets_calls_finish(void **state)
{
	uint8_t farewell[8] = { 0x7f, 0xff, 0xff, 0xff };
	struct session_event event;

	(void)state;
	connect_to(0);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	call(0);
	call(0);
	gather();
	send_frame(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
	ping();
	assert_told_nothing();
	begin(0); /* too late */
	event = told(SESSION_END);
	assert_int_equal(event.end.status, BECKET_S_CALL_FAILED_DNE);
	put_u32(farewell, 1);
	send_frame(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
	event = told(SESSION_END);
	assert_int_equal(event.end.status, BECKET_S_CALL_FAILED_DNE);
	assert_int_equal(event.end.outcome, BECKET_NOT_SENT);
	assert_told_nothing();
	answer(1);
	assert_int_equal(told(SESSION_END).end.status, BECKET_S_OK);
	gather();
	assert_int_equal(told(SESSION_CLOSED).closed.status, BECKET_S_OK);
	finish();
}

static void
a_silent_server_is_asked_whether_it_is_there(void **state)
{
	const uint8_t *frame;

	(void)state;
	connect_to(60000);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	tick_after(1000); /* while nothing runs, never */
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	call(0);
	tick_after(0);
	tick_after(59);
	assert_null(find_frame(NGHTTP2_PING));
	tick_after(1);
	frame = find_frame(NGHTTP2_PING);
	assert_non_null(frame);
	send_frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
	tick_after(59);
	assert_null(find_frame(NGHTTP2_PING));
	tick_after(1);
	assert_non_null(find_frame(NGHTTP2_PING));
	tick_after(9);
	assert_told_nothing();
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + SECOND);
	tick_after(1);
	assert_int_equal(told(SESSION_END).end.outcome, BECKET_MAYBE_EXECUTED);
	told(SESSION_CLOSED);
	finish();
}

/* As soon as its size is said, whether it would come or not. */
static void
a_second_response_is_an_error_where_there_is_to_be_one(void **state)
{
	static const char *const head[] = { ":status", "200", "content-type",
		"application/grpc", NULL };
	static const uint8_t messages[] = { 0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 1 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct call_start start = { .interface_name = "a.Echo",
			.operation_name = "Echo",
			.is_stream = true,
			.has_one_response = i == 1 };
		struct session_event event;
		struct idmap_id id;

		connect_to(0);
		send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
		assert_int_equal(peer.session->ops->begin(peer.session, &start,
		                     &id),
		    BECKET_S_OK);
		gather();
		send_fields(1, 0, head, NULL);
		send_frame(NGHTTP2_DATA, 0, 1, messages, sizeof messages - 1);
		told(SESSION_MESSAGE);
		assert_told_nothing();
		send_frame(NGHTTP2_DATA, 0, 1, messages + sizeof messages - 1,
		    1);
		if (i == 0) {
			assert_told_nothing();
		} else {
			event = told(SESSION_END);
			assert_int_equal(event.end.status,
			    BECKET_S_PROTOCOL_ERROR);
			assert_int_equal(event.end.outcome, BECKET_EXECUTED);
			assert_reset(1, NGHTTP2_CANCEL);
		}
		finish();
	}
}

static void
what_a_response_has_come_for_was_executed(void **state)
{
	static const char *const head[] = { ":status", "200", "content-type",
		"application/grpc", NULL };
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.has_one_response = true };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct idmap_id id;

		connect_to(0);
		send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
		assert_int_equal(peer.session->ops->begin(peer.session, &start,
		                     &id),
		    BECKET_S_OK);
		gather();
		send_fields(1, 0, head, NULL);
		if (i == 1) {
			send_frame(NGHTTP2_DATA, 0, 1, "\0\0\0\0\0", 5);
			told(SESSION_MESSAGE);
		}
		send_frame(NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\x8", 4);
		assert_int_equal(told(SESSION_END).end.outcome,
		    i == 1 ? BECKET_EXECUTED : BECKET_MAYBE_EXECUTED);
		finish();
	}
}

static void
a_call_says_that_nobody_attends_to_it(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct call_start start = { .interface_name = "a.Echo",
			.operation_name = "Echo",
			.is_unattended = i == 1 };
		struct idmap_id id;

		connect_to(0);
		assert_int_equal(peer.session->ops->begin(peer.session, &start,
		                     &id),
		    BECKET_S_OK);
		assert_field(find_frame(NGHTTP2_HEADERS), "becket-unattended",
		    i == 1 ? "1" : NULL);
		finish();
	}
}

/* Else a user would only see that his streams break. */
static void
a_server_that_minds_being_asked_is_told_of(void **state)
{
	static const struct {
		uint8_t error;
		const char *why, *sentence;
	} cases[] = {
		{ NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings",
		    "limits.ping_ms is less than the server wants, and it has "
		    "closed the connection" },
		{ NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pingz",
		    "the server has closed the connection" },
		{ NGHTTP2_NO_ERROR, "too_many_pings",
		    "the server has closed the connection" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t farewell[8 + 14] = { 0, 0, 0, 1, 0, 0, 0,
			cases[i].error };

		connect_to(10000);
		send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
		call(0);
		gather();
		memcpy(farewell + 8, cases[i].why, 14);
		send_frame(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
		assert_told_nothing();
		peer.session->ops->eof(peer.session);
		assert_string_equal(told(SESSION_END).end.sentence,
		    cases[i].sentence);
		finish();
	}
}

/* It has calls of its own, which have deadlines. */
static void
a_server_may_pause_within_a_frame(void **state)
{
	(void)state;
	connect_to(0);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	call(0);
	feed("", 1);
	gather();
	tick_after(2);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	tick_after(1000);
	assert_told_nothing();
	assert_null(find_frame(NGHTTP2_GOAWAY));
	finish();
}

static void
nobody_is_asked_unless_that_is_wished(void **state)
{
	(void)state;
	connect_to(0);
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	call(0);
	tick_after(0);
	tick_after(2);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	tick_after(100000);
	assert_null(find_frame(NGHTTP2_PING));
	finish();
	connect_to(1); /* sooner than is good */
	send_frame(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	call(0);
	tick_after(0);
	tick_after(4);
	assert_null(find_frame(NGHTTP2_PING));
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_is_told_and_not_passed),
		cmocka_unit_test(a_message_that_was_announced_opens_its_window),
		cmocka_unit_test(a_body_is_as_long_as_its_fields_say),
		cmocka_unit_test(trailers_of_a_request_change_nothing),
		cmocka_unit_test(too_many_pings_end_the_connection),
		cmocka_unit_test(a_frame_that_stalls_ends_the_connection),
		cmocka_unit_test(a_block_of_fields_has_its_time_in_all),
		cmocka_unit_test(who_stalls_and_does_not_read_is_closed_upon),
		cmocka_unit_test(half_a_frame_at_the_end_stalls_nobody),
		cmocka_unit_test(a_block_of_fields_in_pieces_is_one),
		cmocka_unit_test(half_a_frame_does_not_hide_half_a_message),
		cmocka_unit_test(a_request_that_does_not_go_on_is_refused),
		cmocka_unit_test(a_stream_may_pause_between_messages_alone),
		cmocka_unit_test(messages_side_by_side_have_more_time),
		cmocka_unit_test(who_may_not_send_does_not_stall),
		cmocka_unit_test(
		    requests_of_one_who_does_not_read_end_the_connection),
		cmocka_unit_test(
		    pings_between_pieces_of_a_response_are_not_too_many),
		cmocka_unit_test(a_silent_client_is_asked_while_calls_run),
		cmocka_unit_test(a_client_may_be_asked_at_once),
		cmocka_unit_test(nobody_is_asked_for_what_nobody_attends_to),
		cmocka_unit_test(an_answer_of_before_ends_no_drain),
		cmocka_unit_test(what_a_response_has_come_for_was_executed),
		cmocka_unit_test(a_call_says_that_nobody_attends_to_it),
		cmocka_unit_test(
		    a_second_response_is_an_error_where_there_is_to_be_one),
		cmocka_unit_test(
		    the_deadline_of_the_call_is_told_from_one_of_the_servers),
		cmocka_unit_test(calls_wait_until_the_server_lets_them),
		cmocka_unit_test(a_farewell_in_two_steps_lets_calls_finish),
		cmocka_unit_test(a_silent_server_is_asked_whether_it_is_there),
		cmocka_unit_test(a_server_may_pause_within_a_frame),
		cmocka_unit_test(a_server_that_minds_being_asked_is_told_of),
		cmocka_unit_test(nobody_is_asked_unless_that_is_wished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
