/* SPDX-License-Identifier: MIT */
/* Calls to a server whose frames are made by hand. */
#include "grpc_peer.h"

#include "unit.h"

/* Of a call of 10 s, or of one without a deadline, that is answered so late. */
static becket_status
status_after(uint64_t ms, bool has_deadline, const char *code,
    const char *status)
{
	becket_status seen;

	peer_connect(0);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_call(has_deadline ? peer.now + UINT64_C(10) * SECOND : 0);
	peer_gather();
	peer.now += ms * 1000000;
	peer_answer_code(1, code, status);
	seen = peer_told(SESSION_END).end.status;
	peer_finish();
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
	peer_connect(0);
	peer_send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
	peer_call(0);
	peer_call(0);
	peer_call(peer.now + SECOND);
	assert_null(peer_find(NGHTTP2_HEADERS));
	peer.now += 2 * UINT64_C(1000000000);
	peer.session->ops->tick(peer.session, peer.now);
	assert_int_equal(peer_told(SESSION_END).end.outcome, BECKET_NOT_SENT);
	peer_send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
	assert_int_equal(peer_stream_of(peer_find(NGHTTP2_HEADERS)), 1);
	assert_null(peer_find(NGHTTP2_HEADERS));
	peer_answer(1);
	assert_int_equal(peer_told(SESSION_END).end.status, BECKET_S_OK);
	peer_gather();
	peer.at = 0;
	peer.size = 0;
	peer_send_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100);
	peer_gather();
	peer_answer(3);
	assert_int_equal(peer_told(SESSION_END).end.status, BECKET_S_OK);
	peer_told_nothing();
	peer_finish();
}

/* Streams that the last GOAWAY does not count were not taken. */
static void
a_farewell_in_two_steps_lets_calls_finish(void **state)
{
	uint8_t farewell[8] = { 0x7f, 0xff, 0xff, 0xff };
	struct session_event event;

	(void)state;
	peer_connect(0);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_call(0);
	peer_call(0);
	peer_gather();
	peer_send(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
	peer_ping();
	peer_told_nothing();
	peer_begin(0); /* too late */
	event = peer_told(SESSION_END);
	assert_int_equal(event.end.status, BECKET_S_CALL_FAILED_DNE);
	peer_put_u32(farewell, 1);
	peer_send(NGHTTP2_GOAWAY, 0, 0, farewell, sizeof farewell);
	event = peer_told(SESSION_END);
	assert_int_equal(event.end.status, BECKET_S_CALL_FAILED_DNE);
	assert_int_equal(event.end.outcome, BECKET_NOT_SENT);
	peer_told_nothing();
	peer_answer(1);
	assert_int_equal(peer_told(SESSION_END).end.status, BECKET_S_OK);
	peer_gather();
	assert_int_equal(peer_told(SESSION_CLOSED).closed.status, BECKET_S_OK);
	peer_finish();
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

		peer_connect(0);
		peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
		assert_int_equal(peer.session->ops->begin(peer.session, &start,
		                     &id),
		    BECKET_S_OK);
		peer_gather();
		peer_send_fields(1, 0, head, NULL);
		peer_send(NGHTTP2_DATA, 0, 1, messages, sizeof messages - 1);
		peer_told(SESSION_MESSAGE);
		peer_told_nothing();
		peer_send(NGHTTP2_DATA, 0, 1, messages + sizeof messages - 1,
		    1);
		if (i == 0) {
			peer_told_nothing();
		} else {
			event = peer_told(SESSION_END);
			assert_int_equal(event.end.status,
			    BECKET_S_PROTOCOL_ERROR);
			assert_int_equal(event.end.outcome, BECKET_EXECUTED);
			peer_expect_reset(1, NGHTTP2_CANCEL);
		}
		peer_finish();
	}
}

/* Of a call that a server has answered so far, with its response or not. */
static void
break_off(int how, bool has_response)
{
	static const char *const head[] = { ":status", "200", "content-type",
		"application/grpc", NULL };
	static const char *const unknown[] = { "grpc-status", "2", NULL };
	static const char *const not_executed[] = { "grpc-status", "14",
		"becket-not-executed", "1", NULL };
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.has_one_response = true };
	struct idmap_id id;

	peer_connect(0);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	assert_int_equal(peer.session->ops->begin(peer.session, &start, &id),
	    BECKET_S_OK);
	peer_gather();
	peer_send_fields(1, 0, head, NULL);
	if (has_response) {
		peer_send(NGHTTP2_DATA, 0, 1, "\0\0\0\0\0", 5);
		peer_told(SESSION_MESSAGE);
	}
	if (how == 0)
		peer_send(NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\x8", 4);
	else if (how == 1)
		peer_send(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, NULL, 0);
	else if (how == 2)
		peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, unknown, NULL);
	else if (how == 3)
		peer.session->ops->eof(peer.session);
	else if (how == 4)
		peer_send(NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\x7", 4);
	else
		peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, not_executed,
		    NULL);
}

static void
what_a_response_has_come_for_was_executed(void **state)
{
	(void)state;
	for (int how = 0; how < 6; how++) {
		break_off(how, true);
		assert_int_equal(peer_told(SESSION_END).end.outcome,
		    BECKET_EXECUTED);
		peer_finish();
		break_off(how, false);
		assert_int_equal(peer_told(SESSION_END).end.outcome,
		    how < 4 ? BECKET_MAYBE_EXECUTED : BECKET_NOT_SENT);
		peer_finish();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_deadline_of_the_call_is_told_from_one_of_the_servers),
		cmocka_unit_test(calls_wait_until_the_server_lets_them),
		cmocka_unit_test(a_farewell_in_two_steps_lets_calls_finish),
		cmocka_unit_test(
		    a_second_response_is_an_error_where_there_is_to_be_one),
		cmocka_unit_test(what_a_response_has_come_for_was_executed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
