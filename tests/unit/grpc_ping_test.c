/* SPDX-License-Identifier: MIT */
/* PINGs, those of a peer and our own. */
#include "grpc_peer.h"

#include "unit.h"

static void
too_many_pings_end_the_connection(void **state)
{
	(void)state;
	peer_serve();
	for (int i = 0; i < 20; i++)
		peer_ping();
	peer_expect_goaway(NGHTTP2_ENHANCE_YOUR_CALM);
	peer_finish();
	peer_serve();
	for (int i = 0; i < 20; i++) {
		peer.now += UINT64_C(5) * SECOND;
		peer_ping();
	}
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_finish();
}

/* So do libraries measure what a connection carries. */
static void
pings_between_pieces_of_a_response_are_not_too_many(void **state)
{
	struct idmap_id id;

	(void)state;
	peer_serve();
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	id = peer_told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	peer_told(SESSION_END);
	for (int i = 0; i < 100; i++) {
		struct buffer piece = buffer_empty(test_memory_of(&peer.test));

		assert_int_equal(peer.session->ops->put(peer.session, id,
		                     &piece),
		    BECKET_S_OK);
		peer_gather();
		peer_told(SESSION_WRITABLE);
		peer_ping();
	}
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_finish();
}

static void
answer_ping(void)
{
	const uint8_t *frame = peer_find(NGHTTP2_PING);

	assert_non_null(frame);
	peer_send(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
}

static void
a_silent_client_is_asked_while_calls_run(void **state)
{
	struct idmap_id id;

	(void)state;
	peer_serve();
	peer.limits.ping_ms = 60000;
	peer_tick_after(1000);
	assert_null(peer_find(NGHTTP2_PING));
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	id = peer_told(SESSION_CALL).call;
	peer_told(SESSION_END);
	peer_tick_after(59);
	assert_null(peer_find(NGHTTP2_PING));
	peer_tick_after(1);
	answer_ping();
	peer_tick_after(59);
	peer_send(NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
	peer_tick_after(59);
	assert_null(peer_find(NGHTTP2_PING));
	peer_tick_after(1);
	assert_non_null(peer_find(NGHTTP2_PING));
	peer_end_call(id);
	peer_gather();
	peer_tick_after(1000);
	peer_send_fields(3, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	peer_tick_after(60);
	assert_non_null(peer_find(NGHTTP2_PING));
	peer_tick_after(9);
	peer_told_nothing();
	peer_tick_after(1);
	peer_told(SESSION_CANCEL);
	assert_string_equal(peer_told(SESSION_CLOSED).closed.sentence,
	    "the peer does not answer a ping");
	peer_finish();
}

/* A server asks as soon as it is told to. */
static void
a_client_may_be_asked_at_once(void **state)
{
	(void)state;
	peer_serve();
	peer.limits.ping_ms = 1000;
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	peer_tick_after(1);
	assert_non_null(peer_find(NGHTTP2_PING));
	peer_finish();
}

static void
nobody_is_asked_for_what_nobody_attends_to(void **state)
{
	static const char *const yes[] = { "becket-unattended", "1", NULL };
	static const char *const no[] = { "becket-unattended", "0", NULL };

	(void)state;
	peer_serve();
	peer.limits.ping_ms = 60000;
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, yes);
	assert_int_equal(peer_told(SESSION_CALL).begun.metadata.size, 0);
	peer_told(SESSION_END);
	peer_tick_after(1000);
	assert_null(peer_find(NGHTTP2_PING));
	/* But where another call of the connection is somebody's. */
	peer_send_fields(3, NGHTTP2_FLAG_END_STREAM, peer_request, no);
	peer_tick_after(60);
	assert_non_null(peer_find(NGHTTP2_PING));
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	peer_finish();
}

/* A stop waits for an answer of its own. */
static void
an_answer_of_before_ends_no_drain(void **state)
{
	const uint8_t *frame;
	uint8_t asked[8];

	(void)state;
	peer_serve();
	peer.limits.ping_ms = 60000;
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, peer_request, NULL);
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	peer_tick_after(60);
	frame = peer_find(NGHTTP2_PING);
	assert_non_null(frame);
	memcpy(asked, frame + HEAD, sizeof asked);
	peer.session->ops->drain(peer.session);
	frame = peer_find(NGHTTP2_PING);
	assert_non_null(frame);
	peer_expect_goaway(NGHTTP2_NO_ERROR);
	peer_send(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, asked, sizeof asked);
	peer_tick_after(0);
	assert_null(peer_find(NGHTTP2_GOAWAY));
	peer_send(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
	peer_tick_after(0);
	peer_expect_goaway(NGHTTP2_NO_ERROR);
	peer_finish();
}

static void
a_silent_server_is_asked_whether_it_is_there(void **state)
{
	const uint8_t *frame;

	(void)state;
	peer_connect(60000);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_tick_after(1000); /* while nothing runs, never */
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	peer_call(0);
	peer_tick_after(0);
	peer_tick_after(59);
	assert_null(peer_find(NGHTTP2_PING));
	peer_tick_after(1);
	frame = peer_find(NGHTTP2_PING);
	assert_non_null(frame);
	peer_send(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame + HEAD, 8);
	peer_tick_after(59);
	assert_null(peer_find(NGHTTP2_PING));
	peer_tick_after(1);
	assert_non_null(peer_find(NGHTTP2_PING));
	peer_tick_after(9);
	peer_told_nothing();
	assert_int_equal(peer.session->ops->deadline(peer.session),
	    peer.now + SECOND);
	peer_tick_after(1);
	assert_int_equal(peer_told(SESSION_END).end.outcome,
	    BECKET_MAYBE_EXECUTED);
	peer_told(SESSION_CLOSED);
	peer_finish();
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

		peer_connect(10000);
		peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
		peer_call(0);
		peer_gather();
		memcpy(farewell + 8, cases[i].why, 14);
		peer_send(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
		peer_told_nothing();
		peer.session->ops->eof(peer.session);
		assert_string_equal(peer_told(SESSION_END).end.sentence,
		    cases[i].sentence);
		peer_finish();
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

		peer_connect(0);
		assert_int_equal(peer.session->ops->begin(peer.session, &start,
		                     &id),
		    BECKET_S_OK);
		peer_expect_field(peer_find(NGHTTP2_HEADERS),
		    "becket-unattended", i == 1 ? "1" : NULL);
		peer_finish();
	}
}

static void
nobody_is_asked_unless_that_is_wished(void **state)
{
	(void)state;
	peer_connect(0);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_call(0);
	peer_tick_after(0);
	peer_tick_after(2);
	assert_int_equal(peer.session->ops->deadline(peer.session), 0);
	peer_tick_after(100000);
	assert_null(peer_find(NGHTTP2_PING));
	peer_finish();
	peer_connect(1); /* sooner than is good */
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_call(0);
	peer_tick_after(0);
	peer_tick_after(4);
	assert_null(peer_find(NGHTTP2_PING));
	peer_finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_pings_end_the_connection),
		cmocka_unit_test(
		    pings_between_pieces_of_a_response_are_not_too_many),
		cmocka_unit_test(a_silent_client_is_asked_while_calls_run),
		cmocka_unit_test(a_client_may_be_asked_at_once),
		cmocka_unit_test(nobody_is_asked_for_what_nobody_attends_to),
		cmocka_unit_test(an_answer_of_before_ends_no_drain),
		cmocka_unit_test(a_silent_server_is_asked_whether_it_is_there),
		cmocka_unit_test(a_server_that_minds_being_asked_is_told_of),
		cmocka_unit_test(a_call_says_that_nobody_attends_to_it),
		cmocka_unit_test(nobody_is_asked_unless_that_is_wished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
