/* SPDX-License-Identifier: MIT */
/* What is begun in frames that are made by hand, and does not go on. */
#include "grpc_peer.h"

#include "unit.h"

static void
assert_closed_for(const char *sentence)
{
	struct session_event event;

	peer_expect_goaway(NGHTTP2_PROTOCOL_ERROR);
	event = peer_told(SESSION_CLOSED);
	assert_string_equal(event.closed.sentence, sentence);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
}

static void
a_frame_that_stalls_ends_the_connection(void **state)
{
	static const uint8_t ping[HEAD + 8] = { 0, 0, 8, NGHTTP2_PING };

	(void)state;
	for (size_t cut = 1; cut < sizeof ping; cut++) {
		peer_serve();
		peer_tick_after(1000); /* between frames it may take its time */
		assert_int_equal(peer.session->ops->deadline(peer.session), 0);
		peer_feed(ping, cut);
		peer_tick_after(9);
		assert_null(peer_find(NGHTTP2_GOAWAY));
		assert_int_equal(peer.session->ops->deadline(peer.session),
		    peer.now + SECOND);
		peer_feed(ping + cut, 1);
		if (cut + 1 == sizeof ping) {
			peer_tick_after(1000);
			assert_null(peer_find(NGHTTP2_GOAWAY));
		} else {
			peer_tick_after(9);
			assert_null(peer_find(NGHTTP2_GOAWAY));
			peer_tick_after(1);
			assert_closed_for(
			    "the peer stalled in the middle of a frame");
		}
		peer_finish();
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
		peer_serve();
		if (i == 0)
			peer_feed(head, HEAD);
		else
			peer_send(NGHTTP2_HEADERS, 0, 1, NULL, 0);
		for (int second = 0; second < 9; second++) {
			peer_tick_after(1);
			assert_null(peer_find(NGHTTP2_GOAWAY));
			if (i == 0)
				peer_feed("", 1);
			else if (second < 3)
				peer_send(NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
		}
		peer_tick_after(1);
		assert_closed_for("the peer stalled in the middle of a frame");
		peer_finish();
	}
}

/* He would never hear the farewell. */
static void
who_stalls_and_does_not_read_is_closed_upon(void **state)
{
	(void)state;
	peer_serve();
	peer_gather();
	peer_feed("", 1);
	peer_tick_after(10);
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + UINT64_C(10) * SECOND);
	peer_feed("", 1);
	peer_tick_after(9);
	peer_told_nothing();
	peer_tick_after(1);
	assert_string_equal(peer_told(SESSION_CLOSED).closed.sentence,
	    "the peer stalled in the middle of a frame");
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	peer_finish();
}

/* What he has asked for before is answered, however long that takes. */
static void
half_a_frame_at_the_end_stalls_nobody(void **state)
{
	struct idmap_id id;

	(void)state;
	peer_serve();
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	id = peer_told(SESSION_CALL).call;
	peer_told(SESSION_END);
	peer_feed("", 1);
	peer.session->ops->eof(peer.session);
	peer_tick_after(1000);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_end_call(id);
	peer_told_nothing();
	peer_finish();
}

static void
a_block_of_fields_in_pieces_is_one(void **state)
{
	uint8_t block[500];
	size_t size = 0;

	(void)state;
	for (size_t i = 0; peer_request[i] != NULL; i += 2)
		size += peer_put_field(block + size, peer_request[i],
		    peer_request[i + 1]);
	peer_serve();
	peer_send(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, 20);
	peer_tick_after(9);
	peer_send(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, block + 20,
	    size - 20);
	peer_tick_after(1000);
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_finish();
}

static void
assert_stalled(uint32_t stream, const char *not_executed)
{
	const uint8_t *frame = peer_find(NGHTTP2_HEADERS);

	assert_int_equal(peer_stream_of(frame), stream);
	peer_expect_field(frame, "grpc-status", "4");
	peer_expect_field(frame, "becket-not-executed", not_executed);
	peer_expect_reset(stream, NGHTTP2_NO_ERROR);
}

/* Whichever is first is waited for. */
static void
half_a_frame_does_not_hide_half_a_message(void **state)
{
	(void)state;
	peer_serve();
	peer_send_fields(1, 0, peer_request, NULL);
	peer_told(SESSION_CALL);
	peer_send(NGHTTP2_DATA, 0, 1, "", 1);
	peer_tick_after(5);
	peer_feed("", 1);
	peer_tick_after(1);
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + UINT64_C(4) * SECOND);
	peer_tick_after(4);
	assert_stalled(1, "1");
	peer_told(SESSION_CANCEL);
	peer_finish();
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
		peer_serve();
		peer_send_fields(1, 0, peer_request, NULL);
		peer_told(SESSION_CALL);
		peer_tick_after(1000);
		peer_send(NGHTTP2_DATA, 0, 1, message, cut);
		if (cut == sizeof message)
			peer_told(SESSION_MESSAGE);
		peer_tick_after(9);
		assert_null(peer_find(NGHTTP2_HEADERS));
		peer_told_nothing();
		peer_tick_after(1);
		if (cut == sizeof message) /* as if it had just been taken */
			peer_tick_after(10);
		if (cut == 0) {
			assert_null(peer_find(NGHTTP2_HEADERS));
			peer_tick_after(1000);
			peer_told_nothing();
		} else {
			assert_stalled(1, "1");
			peer_told(SESSION_CANCEL);
		}
		peer_finish();
	}
}

static void
a_stream_may_pause_between_messages_alone(void **state)
{
	static const uint8_t message[] = { 0, 0, 0, 0, 3, 'a', 'b', 'c' };
	struct idmap_id id;

	(void)state;
	peer_serve();
	peer_send_fields(1, 0, peer_request, NULL);
	id = peer_told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	peer_send(NGHTTP2_DATA, 0, 1, message, sizeof message);
	peer_told(SESSION_MESSAGE);
	peer_tick_after(1000);
	peer_told_nothing();
	peer_send(NGHTTP2_DATA, 0, 1, message, 7);
	peer_tick_after(9);
	peer_told_nothing();
	peer_tick_after(1);
	assert_stalled(1, NULL); /* its manager may have done things */
	peer_told(SESSION_CANCEL);
	peer_finish();
}

/* They share the connection. */
static void
messages_side_by_side_have_more_time(void **state)
{
	static const uint8_t head[] = { 0, 0, 0, 1, 0 };

	(void)state;
	peer_serve();
	for (uint32_t stream = 1; stream <= 5; stream += 2) {
		peer_send_fields(stream, 0, peer_request, NULL);
		peer_told(SESSION_CALL);
		peer_send(NGHTTP2_DATA, 0, stream, head, sizeof head);
	}
	peer_tick_after(20);
	peer_send(NGHTTP2_DATA, 0, 3, "x", 1);
	peer_tick_after(9);
	peer_told_nothing();
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + SECOND);
	peer_tick_after(1);
	peer_told(SESSION_CANCEL);
	peer_told(SESSION_CANCEL);
	peer_told_nothing(); /* of the second, which now has 10 s */
	assert_int_equal(peer.session->ops->deadline(peer.session), peer.now);
	peer_tick_after(0);
	peer_told(SESSION_CANCEL);
	peer_finish();
}

/* Whole messages of a size, at most so many, as long as there is window; the
 * last one may be half there.
 */
static void
fill_window(uint32_t stream, size_t size, unsigned count)
{
	static uint8_t message[65536 + 5];
	size_t left = 65536;

	peer_put_u32(message + 1, (uint32_t)size);
	for (; count > 0 && left > 0; count--) {
		for (size_t at = 0; at < size + 5 && left > 0;) {
			size_t piece = size + 5 - at;

			piece = piece < left ? piece : left;
			piece = piece < 16384 ? piece : 16384;
			peer_send(NGHTTP2_DATA, 0, stream, message + at, piece);
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
		peer_serve();
		peer_send_fields(1, 0, peer_request, NULL);
		id = peer_told(SESSION_CALL).call;
		peer.session->ops->stream(peer.session, id);
		fill_window(1, cases[i].size, cases[i].count);
		if (cases[i].size == 0)
			peer_send(NGHTTP2_DATA, 0, 1, "\0\0\0", 3);
		for (unsigned n = 0; n < cases[i].whole; n++)
			peer_told(SESSION_MESSAGE);
		peer_tick_after(1000);
		peer_told_nothing();
		peer.session->ops->consumed(peer.session, id,
		    cases[i].whole * (cases[i].size + SESSION_MESSAGE_COST));
		peer_tick_after(0);
		peer_told_nothing(); /* but from now on */
		peer_tick_after(9);
		if (i == 1) {
			/* And when he does go on, from then on. */
			peer.session->ops->consumed(peer.session, id, 1);
			peer_send(NGHTTP2_DATA, 0, 1, "", 1);
			peer_tick_after(9);
		}
		peer_told_nothing();
		peer_tick_after(1);
		peer_told(SESSION_CANCEL);
		peer_finish();
	}
}

/* It has calls of its own, which have deadlines. */
static void
a_server_may_pause_within_a_frame(void **state)
{
	(void)state;
	peer_connect(0);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_call(0);
	peer_feed("", 1);
	peer_gather();
	peer_tick_after(2);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	peer_tick_after(1000);
	peer_told_nothing();
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(a_server_may_pause_within_a_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
