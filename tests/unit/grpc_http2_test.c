/* SPDX-License-Identifier: MIT */
/* A session of gRPC against frames that are made and read by hand. */
#include "grpc_peer.h"

#include "unit.h"

static void
the_window_is_told_and_not_passed(void **state)
{
	static const uint8_t data[16384];
	const uint8_t *settings;
	struct idmap_id id;

	(void)state;
	peer_serve();
	settings = peer_find(NGHTTP2_SETTINGS);
	assert_non_null(settings);
	assert_memory_equal(settings + HEAD + 6, "\0\x04\0\x01\0\0", 6);
	peer_send_fields(1, 0, peer_request, NULL);
	peer_send_fields(3, 0, peer_request, NULL);
	id = peer_told(SESSION_CALL).call;
	peer.session->ops->stream(peer.session, id);
	/* Messages of 0 bytes, until its window is used up. */
	for (int i = 0; i < 4; i++)
		peer_send(NGHTTP2_DATA, 0, 1, data, 16380);
	peer_send(NGHTTP2_DATA, 0, 1, data, 16);
	assert_null(peer_find(NGHTTP2_RST_STREAM));
	peer_send(NGHTTP2_DATA, 0, 1, data, 5);
	peer_expect_reset(1, NGHTTP2_FLOW_CONTROL_ERROR);
	/* The rest goes on. */
	peer_told(SESSION_CALL);
	peer_send(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, data, 5);
	while (peer.session->ops->next(peer.session,
	    &(struct session_event){ .kind = SESSION_END }))
		continue;
	peer_finish();
}

static void
a_message_that_was_announced_opens_its_window(void **state)
{
	static const uint8_t head[] = { 0, 0, 16, 0, 0 };
	const uint8_t *update = NULL, *next;

	(void)state;
	peer_serve();
	peer_send_fields(1, 0, peer_request, NULL);
	while (peer_find(NGHTTP2_WINDOW_UPDATE) != NULL)
		continue;
	peer_send(NGHTTP2_DATA, 0, 1, head, sizeof head);
	while ((next = peer_find(NGHTTP2_WINDOW_UPDATE)) != NULL)
		update = peer_stream_of(next) == 1 ? next : update;
	assert_non_null(update);
	assert_int_equal(peer_get_u32(update + HEAD), (16 << 16) + 5 - 65536);
	peer_told(SESSION_CALL);
	peer_finish();
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

		peer_serve();
		memcpy(data + 5, cases[i].body, 3);
		peer_send_fields(1, 0, peer_request, cases[i].fields);
		peer_send(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, data,
		    sizeof data);
		if (cases[i].is_good) {
			peer_told(SESSION_CALL);
			peer_told(SESSION_MESSAGE);
			peer_told(SESSION_END);
			assert_null(peer_find(NGHTTP2_RST_STREAM));
		} else {
			peer_expect_reset(1, NGHTTP2_PROTOCOL_ERROR);
			peer_told_nothing();
		}
		peer_finish();
	}
}

static void
trailers_of_a_request_change_nothing(void **state)
{
	static const char *const bad[] = { ":path", "/a.Other/Echo", NULL };
	static const char *const good[] = { "x-trailer", "1", "grpc-timeout",
		"1n", NULL };

	(void)state;
	peer_serve();
	peer_send_fields(1, 0, peer_request, NULL);
	peer_send_fields(1, NGHTTP2_FLAG_END_STREAM, good, NULL);
	peer_told(SESSION_CALL);
	peer_told(SESSION_END);
	assert_null(peer_find(NGHTTP2_RST_STREAM));
	peer_send_fields(3, 0, peer_request, NULL);
	peer_send_fields(3, NGHTTP2_FLAG_END_STREAM, bad, NULL);
	peer_expect_reset(3, NGHTTP2_PROTOCOL_ERROR);
	peer_told_nothing();
	peer_finish();
}

/* What is above the number of streams is refused, and that waits to be sent. */
static void
requests_of_one_who_does_not_read_end_the_connection(void **state)
{
	struct session_event event;
	struct session_vec vec;
	uint32_t stream = 1;

	(void)state;
	peer_greet();
	while (stream < 100000 &&
	       peer.session->ops->recv_vec(peer.session, &vec, 1) != 0) {
		peer_send_fields(stream, NGHTTP2_FLAG_END_STREAM, peer_request,
		    NULL);
		stream += 2;
	}
	assert_in_range(stream, 2 * 4096, 2 * 8192);
	assert_true(peer.session->ops->next(peer.session, &event));
	assert_int_equal(event.kind, SESSION_CLOSED);
	assert_int_equal(event.closed.status, BECKET_S_PROTOCOL_ERROR);
	peer_finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_is_told_and_not_passed),
		cmocka_unit_test(a_message_that_was_announced_opens_its_window),
		cmocka_unit_test(a_body_is_as_long_as_its_fields_say),
		cmocka_unit_test(trailers_of_a_request_change_nothing),
		cmocka_unit_test(
		    requests_of_one_who_does_not_read_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
