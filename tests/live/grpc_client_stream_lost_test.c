/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/proxy.h"
#include "tests/live/stream_place.h"

/*
 * Streams of a client whose server, or whose memory, is lost. Each test runs
 * for each protocol sequence.
 */

/* ------------------------------------------------ servers that are lost */

static struct becket_binding *
bind_through(struct stream_place *place, struct proxy *proxy)
{
	char string[64];

	proxy_start(proxy, place->echo.port);
	snprintf(string, sizeof string, "%s%s",
	    place->which == STREAM_GRPC ? "grpc_ip_tcp" : "ncacn_ip_tcp",
	    strchr(proxy->string, ':'));
	return echo_bind(&place->echo, string);
}

static void
a_server_that_dies_amid_a_stream_is_noticed(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream;
	struct becket_binding *binding;
	struct becket_bytes *message;
	becket_status status;
	struct proxy proxy;

	for (int i = 0; i < 4; i++) {
		binding = bind_through(place, &proxy);
		stream = flow_open(binding, i < 2 ? COUNT : DEAF,
		    i < 2 ? "100000 1000" : NULL);
		proxy_arm(&proxy, i < 2 ? PROXY_RESPONSES : PROXY_REQUESTS,
		    50000, i % 2);
		do {
			if (i < 2)
				status = flow_receive(stream, COUNT, &message);
			else
				status = flow_send(stream, DEAF, flow_piece,
				    FLOW_PIECE);
			if (status == 0 && i < 2)
				becket_stub_free(message);
		} while (status == 0);
		if (i >= 2)
			assert_int_equal(status, BECKET_X_PIPE_CLOSED);
		status = flow_finish(&stream, i < 2 ? COUNT : DEAF,
		    i < 2 ? NULL : &message);
		/* The end amid a PDU is no way to behave. */
		if (status != BECKET_S_PROTOCOL_ERROR || i != 0)
			assert_int_equal(status, BECKET_S_CALL_FAILED);
		assert_int_equal(becket_error_last()->outcome,
		    BECKET_MAYBE_EXECUTED);
		becket_binding_free(&binding);
		proxy_stop(&proxy);
	}
}

/* Both windows are full when it dies. */
static void
what_came_before_a_hang_up_is_received(void **state)
{
	struct stream_place *place = *state;
	struct becket_stream *stream = flow_open(place->binding, TALK, NULL);
	struct becket_bytes *message;
	unsigned received = 0;
	becket_status status;

	flow_fill(stream, TALK);
	becket_server_stop_now(place->echo.server);
	assert_int_equal(becket_server_wait(place->echo.server), 0);
	assert_int_equal(becket_stream_set_nonblocking(stream, false), 0);
	while ((status = flow_send(stream, TALK, flow_piece, FLOW_PIECE)) == 0)
		;
	assert_int_equal(status, BECKET_X_PIPE_CLOSED);
	while ((status = flow_receive(stream, TALK, &message)) == 0) {
		assert_int_equal(message->size, FLOW_PIECE);
		becket_stub_free(message);
		received++;
	}
	assert_int_not_equal(status, BECKET_X_PIPE_EMPTY);
	assert_in_range(received, 1, 10000);
	assert_int_equal(flow_finish(&stream, TALK, NULL), status);
	assert_int_not_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
}

static void
nobody_there_is_told(void **state)
{
	struct stream_place *place = *state;
	struct becket_bytes *message;
	struct becket_stream *stream;

	becket_binding_free(&place->binding);
	place->binding = echo_bind(&place->echo,
	    place->which == STREAM_GRPC ? "grpc_ip_tcp:127.0.0.1[1]"
	                                : "ncacn_ip_tcp:127.0.0.1[1]");
	stream = flow_open(place->binding, TALK, NULL);
	assert_int_equal(flow_send(stream, TALK, "x", 1), BECKET_X_PIPE_CLOSED);
	assert_int_equal(flow_receive(stream, TALK, &message),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_int_equal(flow_finish(&stream, TALK, NULL),
	    BECKET_S_SERVER_UNAVAILABLE);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "Connection refused"));
	assert_string_equal(becket_error_last()->endpoint, "1");
}

/* --------------------------------------------------------------- memory -- */

struct scarce {
	size_t fail_at, count;
	ptrdiff_t live;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct scarce *scarce = user;
	void *new = NULL;

	if (new_size > 0 && scarce->count++ == scarce->fail_at)
		return NULL;
	if (new_size > 0)
		new = realloc(old, new_size);
	else
		free(old);
	scarce->live += (ptrdiff_t)new_size - (ptrdiff_t)old_size;
	return new;
}

static bool
talk_once(struct becket_binding *binding)
{
	struct becket_stream *stream;
	struct becket_bytes *message;
	bool well;

	if (becket_stub_open(binding, &flow_interface, TALK, NULL, &stream) !=
	    0)
		return false;
	well = flow_send(stream, TALK, flow_piece, 100) == 0 &&
	       flow_send(stream, TALK, flow_piece, 2000) == 0;
	for (int i = 0; i < 2 && well; i++) {
		well = flow_receive(stream, TALK, &message) == 0;
		if (well)
			becket_stub_free(message);
	}
	well &= flow_finish(&stream, TALK, NULL) == 0;
	assert_null(stream);
	return well;
}

static bool
talk_with(struct stream_place *place, struct scarce *scarce)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, scarce },
		.ncalrpc_dir = place->echo.dir,
	};
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	bool well = false;

	if (becket_runtime_new(&options, &runtime) != 0)
		return false;
	assert_int_equal(becket_grpc_enable(runtime), 0);
	if (becket_binding_from_string_binding(runtime,
	        place->echo.addresses[place->which], &binding) == 0) {
		well = talk_once(binding);
		becket_binding_free(&binding);
	}
	becket_runtime_free(runtime);
	return well;
}

static void
streams_without_memory_fail_cleanly(void **state)
{
	struct stream_place *place = *state;
	unsigned failures = 0;

	for (size_t i = 0;; i++) {
		struct scarce scarce = { .fail_at = i };
		bool well = talk_with(place, &scarce);

		assert_int_equal(scarce.live, 0);
		if (scarce.count <= i) {
			assert_true(well);
			break;
		}
		failures += !well;
	}
	assert_in_range(failures, 15, 1000);
}

int
main(void)
{
	cmocka_set_test_filter(getenv("STREAMS_TEST"));
	static STREAM_PLACES;
	const struct CMUnitTest tests[] = {
		REMOTE(a_server_that_dies_amid_a_stream_is_noticed),
		ALL(what_came_before_a_hang_up_is_received),
		REMOTE(nobody_there_is_told),
		ALL(streams_without_memory_fail_cleanly),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("client stream lost", tests, NULL,
	    NULL);
}
