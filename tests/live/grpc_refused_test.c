/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/fake_server.h"
#include "tests/live/flow.h"

/*
 * A server of HTTP/2, by hand, that refuses a call on one connection and takes
 * it on another, as proxies do, and servers that are just going.
 */
enum {
	HTTP2_DATA = 0,
	HTTP2_HEADERS = 1,
	HTTP2_RST_STREAM = 3,
	HTTP2_SETTINGS = 4,
	HTTP2_GOAWAY = 7,
	END_STREAM = 1,
	END_HEADERS = 4,
	REFUSED_STREAM = 7,
	INTERNAL_ERROR = 2,
	PREFACE = 24,
};

struct frame {
	uint8_t type, flags;
	uint32_t stream;
	size_t size;
	uint8_t payload[65536];
};

/* Of the script's thread: the last frame, and how much DATA it ends. */
static struct frame frame;
static size_t data_size;

static bool
read_all(int fd, void *bytes, size_t size)
{
	return size == 0 || recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static bool
read_frame(int fd)
{
	uint8_t head[9];

	if (!read_all(fd, head, sizeof head))
		return false;
	frame.size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
	frame.type = head[3];
	frame.flags = head[4];
	frame.stream = (uint32_t)head[7] << 8 | head[8];
	return frame.size <= sizeof frame.payload &&
	       read_all(fd, frame.payload, frame.size);
}

static void
write_frame(struct fake *fake, int fd, uint8_t type, uint8_t flags,
    uint32_t stream, const void *payload, size_t size)
{
	uint8_t bytes[64] = { 0, 0, (uint8_t)size, type, flags, 0, 0,
		(uint8_t)(stream >> 8), (uint8_t)stream };

	memcpy(bytes + 9, payload, size);
	fake_write(fake, fd, bytes, 9 + size);
}

/* Take a connection and wait for frames up to one with these flags. */
static int
take(struct fake *fake, uint8_t type, uint8_t flags)
{
	int fd = fake_accept(fake);
	uint8_t preface[PREFACE];

	if (fd < 0 || !read_all(fd, preface, sizeof preface)) {
		fake_fail(fake, "nobody came who speaks HTTP/2");
		return fd;
	}
	write_frame(fake, fd, HTTP2_SETTINGS, 0, 0, "", 0);
	data_size = 0;
	do {
		if (!read_frame(fd)) {
			fake_fail(fake, "the client has gone");
			return fd;
		}
		if (frame.type == HTTP2_DATA)
			data_size += frame.size;
	} while (frame.type != type || (frame.flags & flags) != flags);
	return fd;
}

/* One message, "x", and no complaint. */
static void
answer(struct fake *fake, int fd)
{
	static const uint8_t head[] = { 0x88, 0x0f, 0x10, 16, 'a', 'p', 'p',
		'l', 'i', 'c', 'a', 't', 'i', 'o', 'n', '/', 'g', 'r', 'p',
		'c' };
	static const uint8_t data[] = { 0, 0, 0, 0, 1, 'x' };
	static const uint8_t trailers[] = { 0, 11, 'g', 'r', 'p', 'c', '-', 's',
		't', 'a', 't', 'u', 's', 1, '0' };
	uint32_t stream = frame.stream;

	write_frame(fake, fd, HTTP2_HEADERS, END_HEADERS, stream, head,
	    sizeof head);
	write_frame(fake, fd, HTTP2_DATA, 0, stream, data, sizeof data);
	write_frame(fake, fd, HTTP2_HEADERS, END_HEADERS | END_STREAM, stream,
	    trailers, sizeof trailers);
}

static void
wait_for_end(int fd)
{
	while (read_frame(fd))
		;
	close(fd);
}

static void
reset(struct fake *fake, int fd, uint8_t error)
{
	const uint8_t code[] = { 0, 0, 0, error };

	write_frame(fake, fd, HTTP2_RST_STREAM, 0, frame.stream, code,
	    sizeof code);
}

static void
say_farewell(struct fake *fake, int fd)
{
	const uint8_t nothing[8] = { 0 };

	write_frame(fake, fd, HTTP2_GOAWAY, 0, 0, nothing, sizeof nothing);
}

static void
refuse_once(struct fake *fake)
{
	int refused = take(fake, HTTP2_DATA, END_STREAM), taken;

	reset(fake, refused, REFUSED_STREAM);
	taken = take(fake, HTTP2_DATA, END_STREAM);
	answer(fake, taken);
	wait_for_end(taken);
	wait_for_end(refused);
}

static void
leave_once(struct fake *fake)
{
	int left = take(fake, HTTP2_DATA, END_STREAM), taken;

	say_farewell(fake, left);
	taken = take(fake, HTTP2_DATA, END_STREAM);
	answer(fake, taken);
	wait_for_end(taken);
	wait_for_end(left);
}

/* A call with a stream that is refused while it goes on. */
static void
refuse_early(struct fake *fake)
{
	int refused = take(fake, HTTP2_DATA, 0), taken;

	reset(fake, refused, REFUSED_STREAM);
	taken = take(fake, HTTP2_DATA, END_STREAM);
	if (data_size != 5 + sizeof "first" - 1 + 5 + sizeof "second" - 1)
		fake_fail(fake, "some of it was lost");
	answer(fake, taken);
	wait_for_end(taken);
	wait_for_end(refused);
}

static void
refuse_always(struct fake *fake)
{
	int fds[3];

	for (int i = 0; i < 3; i++) {
		fds[i] = take(fake, HTTP2_DATA, END_STREAM);
		reset(fake, fds[i], REFUSED_STREAM);
	}
	for (int i = 0; i < 3; i++)
		wait_for_end(fds[i]);
}

static void
break_off(struct fake *fake)
{
	int fd = take(fake, HTTP2_DATA, END_STREAM);

	reset(fake, fd, INTERNAL_ERROR);
	wait_for_end(fd);
}

/* A message has come before the call was refused, which no server may do. */
static void
refuse_late(struct fake *fake)
{
	int fd = take(fake, HTTP2_DATA, END_STREAM);
	static const uint8_t head[] = { 0x88, 0x0f, 0x10, 16, 'a', 'p', 'p',
		'l', 'i', 'c', 'a', 't', 'i', 'o', 'n', '/', 'g', 'r', 'p',
		'c' };
	static const uint8_t data[] = { 0, 0, 0, 0, 1, 'x' };
	uint32_t stream = frame.stream;

	write_frame(fake, fd, HTTP2_HEADERS, END_HEADERS, stream, head,
	    sizeof head);
	write_frame(fake, fd, HTTP2_DATA, 0, stream, data, sizeof data);
	reset(fake, fd, REFUSED_STREAM);
	wait_for_end(fd);
}

/* --------------------------------------------------------------- client -- */

struct caller {
	struct fake fake;
	struct becket_runtime *runtime;
	struct becket_binding *binding;
};

static void
begin(struct caller *caller, void (*script)(struct fake *))
{
	char string[64];

	fake_start(&caller->fake, script);
	assert_int_equal(becket_runtime_new(NULL, &caller->runtime), 0);
	assert_int_equal(becket_grpc_enable(caller->runtime), 0);
	snprintf(string, sizeof string, "grpc_ip_tcp%s",
	    strchr(caller->fake.string, ':'));
	assert_int_equal(becket_binding_from_string_binding(caller->runtime,
	                     string, &caller->binding),
	    0);
}

static void
end(struct caller *caller)
{
	becket_binding_free(&caller->binding);
	becket_runtime_free(caller->runtime);
	fake_stop(&caller->fake);
}

static becket_status
call_echo(struct becket_binding *binding)
{
	struct becket_bytes *response = NULL;
	becket_status status = echo_call(binding, ECHO, "y", &response);

	becket_stub_free(response);
	return status;
}

static becket_status
start_echo(struct becket_binding *binding)
{
	const struct becket_bytes request = { (const uint8_t *)"y", 1 };
	struct becket_async async;
	void *response = NULL;
	becket_status status;

	assert_int_equal(becket_stub_start(binding, &echo_interface, ECHO,
	                     &request, &async),
	    0);
	assert_int_not_equal(becket_async_wait(&async, 20000),
	    BECKET_S_ASYNC_CALL_PENDING);
	status = becket_stub_finish(&async, &echo_interface, ECHO, &response);
	becket_stub_free(response);
	return status;
}

static becket_status
stream_up(struct becket_binding *binding)
{
	struct becket_stream *stream = flow_open(binding, SUM, NULL);
	struct becket_bytes *response = NULL;
	becket_status status;

	for (int i = 0; i < 3; i++)
		assert_int_equal(flow_send(stream, SUM, "y", 1), 0);
	status = flow_finish(&stream, SUM, &response);
	becket_stub_free(response);
	return status;
}

static becket_status
stream_down(struct becket_binding *binding)
{
	struct becket_stream *stream = flow_open(binding, COUNT, "y");

	return flow_finish(&stream, COUNT, NULL);
}

typedef becket_status call_once(struct becket_binding *binding);

static call_once *const ways[] = { call_echo, start_echo, stream_up,
	stream_down };
enum { WAYS = 4 };

static void
expect(void (*script)(struct fake *), becket_status status,
    enum becket_outcome outcome)
{
	for (int i = 0; i < WAYS; i++) {
		struct caller caller = { 0 };

		begin(&caller, script);
		assert_int_equal(ways[i](caller.binding), status);
		if (status != BECKET_S_OK)
			assert_int_equal(becket_error_last()->outcome, outcome);
		end(&caller);
	}
}

static void
what_a_first_connection_refuses_another_may_take(void **state)
{
	(void)state;
	expect(refuse_once, BECKET_S_OK, BECKET_EXECUTED);
}

static void
what_a_farewell_does_not_count_another_connection_takes(void **state)
{
	(void)state;
	expect(leave_once, BECKET_S_OK, BECKET_EXECUTED);
}

static void
a_stream_begins_again_with_all_that_was_sent(void **state)
{
	struct becket_bytes *response = NULL;
	struct becket_stream *stream;
	struct caller caller = { 0 };
	unsigned events;

	(void)state;
	begin(&caller, refuse_early);
	stream = flow_open(caller.binding, SUM, NULL);
	assert_int_equal(flow_send(stream, SUM, "first", 5), 0);
	/* The refusal may come meanwhile. */
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE, 50,
	                     &events),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(flow_send(stream, SUM, "second", 6), 0);
	assert_int_equal(flow_finish(&stream, SUM, &response), 0);
	becket_stub_free(response);
	end(&caller);
}

static void
what_all_refuse_was_not_sent(void **state)
{
	(void)state;
	expect(refuse_always, BECKET_S_CALL_FAILED_DNE, BECKET_NOT_SENT);
}

static void
what_was_taken_is_not_begun_again(void **state)
{
	(void)state;
	expect(break_off, BECKET_S_INTERNAL, BECKET_MAYBE_EXECUTED);
}

static void
a_stream_that_has_answered_is_not_begun_again(void **state)
{
	struct becket_stream *stream;
	struct becket_bytes *message;
	struct caller caller = { 0 };

	(void)state;
	begin(&caller, refuse_late);
	stream = flow_open(caller.binding, COUNT, "y");
	flow_expect(stream, COUNT, "x");
	assert_int_not_equal(flow_receive(stream, COUNT, &message), 0);
	assert_int_not_equal(flow_finish(&stream, COUNT, NULL), 0);
	end(&caller);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_a_first_connection_refuses_another_may_take),
		cmocka_unit_test(
		    what_a_farewell_does_not_count_another_connection_takes),
		cmocka_unit_test(a_stream_begins_again_with_all_that_was_sent),
		cmocka_unit_test(what_all_refuse_was_not_sent),
		cmocka_unit_test(what_was_taken_is_not_begun_again),
		cmocka_unit_test(a_stream_that_has_answered_is_not_begun_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
