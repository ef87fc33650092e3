/* SPDX-License-Identifier: MIT */
#include "becket_stub.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_server.h"
#include "io/binding.h"
#include "io/client_conn.h"
#include "io/clock.h"
#include "wire/fault.h"
#include "wire/pdu.h"
#include "wire/status_message.h"

/*
 * The client against servers that misbehave, each in its own way.
 */

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define MESSAGES .request = BYTES, .response = BYTES
static const struct becket_operation operations[] = {
	{ .name = "Echo", MESSAGES },
	{ .name = "Stream", MESSAGES, .flags = BECKET_OPERATION_REQUEST_STREAM },
	{ MESSAGES },
	{ .name = "Hurried", MESSAGES, .timeout_ms = 150 },
};
/* clang-format on */

enum { ECHO = 0, STREAM = 1, HOLE = 2, HURRIED = 3 };

static const struct becket_interface echo = {
	.abi = BECKET_ABI,
	.name = "test.Echo",
	.uuid = { 0x12345678, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } },
	.major = 1,
	.operation_count = sizeof operations / sizeof operations[0],
	.operations = operations,
};

static struct becket_runtime *runtime;

static int
setup(void **state)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.ncalrpc_dir = "/tmp",
		.name_servers = "127.0.0.1:1", /* there is none */
	};

	(void)state;
	return becket_runtime_new(&options, &runtime) == BECKET_S_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	becket_runtime_free(runtime);
	return 0;
}

static struct becket_binding *
handle(const char *string)
{
	struct becket_binding *binding;

	if (becket_binding_from_string_binding(runtime, string, &binding) != 0)
		fail_msg("%s", becket_error_last()->sentence);
	/* So that the script sees the end when the handle is freed. */
	assert_int_equal(becket_binding_set_option(binding,
	                     BECKET_OPTION_UNIQUE_BINDING, 1),
	    0);
	return binding;
}

static becket_status
call(struct becket_binding *binding, uint16_t opnum, const void *data,
    size_t size)
{
	struct becket_bytes request = { data, size };
	void *response = NULL;
	becket_status status =
	    becket_stub_call(binding, &echo, opnum, &request, &response);

	if (status == BECKET_S_OK)
		assert_non_null(response);
	else
		assert_int_equal(becket_error_last()->status, status);
	becket_stub_free(response);
	return status;
}

static void
calls_with(struct becket_binding *binding, const char *expected)
{
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_bytes *response;
	void *message;

	if (becket_stub_call(binding, &echo, ECHO, &request, &message) != 0)
		fail_msg("%s", becket_error_last()->sentence);
	response = message;
	assert_int_equal(response->size, strlen(expected));
	assert_memory_equal(response->data, expected, response->size);
	becket_stub_free(message);
}

static void
says(const char *words)
{
	if (strstr(becket_error_last()->sentence, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", becket_error_last()->sentence,
		    words);
}

static void
fails(struct becket_binding *binding, becket_status status,
    enum becket_outcome outcome, const char *words)
{
	becket_status got = call(binding, ECHO, "x", 1);

	if (got != status)
		fail_msg("%u, not %u: %s", got, status,
		    becket_error_last()->sentence);
	assert_int_equal(becket_error_last()->outcome, outcome);
	says(words);
	says("test.Echo Echo");
}

/* The only connection, which no call is using. */
static struct client_conn *
idle_conn(struct becket_binding *binding)
{
	struct binding_use *use =
	    container_of(binding->uses.next, struct binding_use, node);

	return container_of(use->association->idle.next, struct client_conn,
	    node);
}

/* As after a longer pause: the client then asks whether it lives. */
static void
make_idle(struct becket_binding *binding)
{
	idle_conn(binding)->idle_since = 0;
}

/* As if just used, however slow this machine is: the client does not look. */
static void
make_fresh(struct becket_binding *binding)
{
	idle_conn(binding)->idle_since = UINT64_MAX / 2;
}

/* ------------------------------------------------------ no connection --- */

static void
script_nothing(struct fake *fake)
{
	(void)fake;
}

static void
a_refused_port_is_unavailable_and_nothing_was_sent(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	const struct becket_error *error = becket_error_last();

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	binding = handle(fake.string);
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "Connection refused");
	says(fake.string);
	assert_string_equal(error->host, "127.0.0.1");
	assert_string_equal(error->endpoint, fake.endpoint);
	assert_string_equal(error->interface, "test.Echo");
	assert_string_equal(error->operation, "Echo");
	assert_string_equal(error->detail, "");
	becket_binding_free(&binding);
}

static void
an_unknown_host_is_unavailable(void **state)
{
	struct becket_binding *binding =
	    handle("ncacn_ip_tcp:no-such-host.invalid[1]");

	(void)state;
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "no-such-host.invalid: ");
	becket_binding_free(&binding);
}

/* What looks like an address is never asked of the resolver. */
static void
an_address_of_no_interface_is_unavailable(void **state)
{
	struct becket_binding *binding =
	    handle("ncacn_ip_tcp:fe80::1%no-such-if[1]");

	(void)state;
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "fe80::1%no-such-if: ");
	becket_binding_free(&binding);
}

static void
a_missing_socket_is_unavailable(void **state)
{
	struct becket_binding *binding = handle("ncalrpc:[no-such-endpoint]");

	(void)state;
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "/tmp/no-such-endpoint: No such file or directory");
	becket_binding_free(&binding);
}

static size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void
failed_connects_leave_no_descriptor(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *tcp, *local;
	size_t before;

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	tcp = handle(fake.string);
	local = handle("ncalrpc:[no-such-endpoint]");
	before = open_descriptors();
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(call(tcp, ECHO, "x", 1),
		    BECKET_S_SERVER_UNAVAILABLE);
		assert_int_equal(call(local, ECHO, "x", 1),
		    BECKET_S_SERVER_UNAVAILABLE);
	}
	assert_int_equal(open_descriptors(), before);
	becket_binding_free(&tcp);
	becket_binding_free(&local);
}

static uint64_t
milliseconds_since(uint64_t start)
{
	return (clock_now() - start) / 1000000;
}

/* A Unix socket whose backlog is full lets nobody in. */
static void
a_full_backlog_ends_with_the_deadline(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int filler = socket(AF_UNIX, SOCK_STREAM, 0);
	struct becket_binding *binding;
	char string[96];
	uint64_t start;

	(void)state;
	snprintf(address.sun_path, sizeof address.sun_path,
	    "/tmp/becket-full-%d", (int)getpid());
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(connect(filler, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	snprintf(string, sizeof string, "ncalrpc:[%s]",
	    strrchr(address.sun_path, '/') + 1);
	binding = handle(string);
	becket_binding_set_next_timeout(binding, 120);
	start = clock_now();
	fails(binding, BECKET_S_CALL_CANCELLED, BECKET_NOT_SENT, string);
	assert_in_range(milliseconds_since(start), 120, 2000);
	becket_binding_free(&binding);

	snprintf(string, sizeof string, "ncalrpc:[%s,connect_timeout=110]",
	    strrchr(address.sun_path, '/') + 1);
	binding = handle(string);
	start = clock_now();
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "timed out");
	assert_in_range(milliseconds_since(start), 110, 2000);
	becket_binding_free(&binding);
	unlink(address.sun_path);
	close(filler);
	close(listener);
}

static void
script_answer_one(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
}

/* The empty host is ::1 and 127.0.0.1; the fake has the second alone. */
static void
every_address_is_tried(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	char string[64];

	(void)state;
	fake_start(&fake, script_answer_one);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	binding = handle(string);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
all_addresses_tried_are_in_the_sentence(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	char string[64], v4[64], v6[64];

	(void)state;
	fake_start(&fake, script_nothing);
	fake_stop(&fake);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	snprintf(v4, sizeof v4, "127.0.0.1:%s: Conn", fake.endpoint);
	snprintf(v6, sizeof v6, "[::1]:%s: ", fake.endpoint);
	binding = handle(string);
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT, v4);
	says(v6);
	becket_binding_free(&binding);
}

/* -------------------------------------------------- partially bound ----- */

static void
without_an_endpoint_anywhere_there_is_no_call(void **state)
{
	struct becket_binding *binding = handle("ncacn_ip_tcp:127.0.0.1");

	(void)state;
	fails(binding, BECKET_S_SERVER_UNAVAILABLE, BECKET_NOT_SENT,
	    "no map tells it");
	becket_binding_free(&binding);
}

static void
the_interface_may_know_its_endpoint(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding = handle("ncacn_ip_tcp:127.0.0.1");
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_interface interface = echo;
	char string[64];
	const char *endpoints[] = { "ncalrpc:[other]", string, NULL };
	void *response;

	(void)state;
	fake_start(&fake, script_answer_one);
	snprintf(string, sizeof string, "ncacn_ip_tcp:[%s]", fake.endpoint);
	interface.endpoints = endpoints;
	assert_int_equal(becket_stub_call(binding, &interface, ECHO, &request,
	                     &response),
	    0);
	becket_stub_free(response);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

/* ------------------------------------------------- tables and arguments - */

static void
what_is_not_in_the_tables_is_refused_at_once(void **state)
{
	struct becket_binding *binding = handle("ncacn_ip_tcp:127.0.0.1[1]");
	struct becket_bytes request = { 0 };
	struct becket_interface other = { .abi = 99 };
	void *response = NULL;

	(void)state;
	assert_int_equal(call(binding, STREAM, "x", 1),
	    BECKET_S_STREAMS_NOT_SUPPORTED);
	says("test.Echo Stream");
	assert_int_equal(call(binding, HOLE, "x", 1),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(call(binding, 4, "x", 1),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(call(NULL, ECHO, "x", 1), BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_call(binding, &other, ECHO, &request,
	                     &response),
	    BECKET_S_INVALID_ABI);
	assert_int_equal(becket_stub_call(binding, NULL, ECHO, &request,
	                     &response),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_stub_call(binding, &echo, ECHO, NULL,
	                     &response),
	    BECKET_S_INVALID_ARG);
	assert_null(response);
	becket_binding_free(&binding);
}

static void
script_answer_two(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (!fake_bind(fake, fd)) {
		close(fd);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
			fake_respond(fake, fd, &pdu, "\0world", 6);
	if (fake_read(fake, fd, &pdu))
		fake_fail(fake, "a third PDU came");
	close(fd);
}

/* A request too large, and the connection is of use all the same. */
static void
a_request_beyond_the_limit_is_not_sent(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = (4u << 20) + 1;
	char *data = calloc(1, size);

	(void)state;
	assert_non_null(data);
	fake_start(&fake, script_answer_two);
	binding = handle(fake.string);
	calls_with(binding, "world");
	assert_int_equal(call(binding, ECHO, data, size),
	    BECKET_S_LIMIT_EXCEEDED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	says("4194304");
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
	free(data);
}

/* ------------------------------------------------ lost connections ------ */

static void
script_accept_and_close(struct fake *fake)
{
	close(fake_accept(fake));
}

static void
a_server_that_hangs_up_at_once_has_not_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_accept_and_close);
	binding = handle(fake.string);
	fails(binding, BECKET_S_CALL_FAILED_DNE, BECKET_NOT_SENT, fake.string);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_reset_after_request(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd))
		fake_expect(fake, fd, PDU_REQUEST, &pdu);
	fake_reset(fd);
}

static void
a_reset_after_the_request_may_have_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_reset_after_request);
	binding = handle(fake.string);
	fails(binding, BECKET_S_CALL_FAILED, BECKET_MAYBE_EXECUTED,
	    "Connection reset");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_close_after_request(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd))
		fake_expect(fake, fd, PDU_REQUEST, &pdu);
	close(fd);
}

static void
a_close_after_the_request_may_have_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_close_after_request);
	binding = handle(fake.string);
	fails(binding, BECKET_S_CALL_FAILED, BECKET_MAYBE_EXECUTED, "closed");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* Answers, closes, and is there again. */
static void
script_answer_one_twice(struct fake *fake)
{
	struct fake_pdu pdu;

	for (int i = 0; i < 2; i++) {
		int fd = fake_accept(fake);

		if (fake_bind(fake, fd) &&
		    fake_expect(fake, fd, PDU_REQUEST, &pdu))
			fake_respond(fake, fd, &pdu, "\0world", 6);
		/* So that the client sees the end before its next call. */
		if (i == 0)
			shutdown(fd, SHUT_WR);
		fake_read(fake, fd, &pdu);
		close(fd);
	}
}

static void
wait_for_eof(struct becket_binding *binding)
{
	char byte;

	assert_int_equal(recv(idle_conn(binding)->fd, &byte, 1, MSG_PEEK), 0);
}

static void
a_stale_connection_is_replaced_without_a_word(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = handle(fake.string);
	calls_with(binding, "world");
	wait_for_eof(binding);
	make_idle(binding);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
	assert_int_equal(fake.joined, 0);
}

static void
script_reset_then_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_reset(fd);
	script_answer_one(fake);
}

/* The client does not look before it sends, but sending fails at once: so
 * nothing was sent.
 */
static void
a_connection_that_was_reset_is_replaced_without_a_word(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct pollfd reset = { 0 };

	(void)state;
	fake_start(&fake, script_reset_then_answer);
	binding = handle(fake.string);
	calls_with(binding, "world");
	reset.fd = idle_conn(binding)->fd;
	while (!(reset.revents & POLLERR))
		assert_int_equal(poll(&reset, 1, 20000), 1);
	make_fresh(binding);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
}

static void
script_shutdown_then_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_shutdown(fake, fd);
	if (fake_read(fake, fd, &pdu))
		fake_fail(fake, "a call came after the shutdown");
	close(fd);
	script_answer_one(fake);
}

static void
wait_for_bytes(struct becket_binding *binding)
{
	char bytes[PDU_HEADER_SIZE];

	assert_int_equal(recv(idle_conn(binding)->fd, bytes, sizeof bytes,
	                     MSG_PEEK | MSG_WAITALL),
	    sizeof bytes);
}

static void
a_server_that_shuts_down_is_left(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_shutdown_then_answer);
	binding = handle(fake.string);
	calls_with(binding, "world");
	wait_for_bytes(binding);
	make_idle(binding);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

static void
a_request_sent_to_a_server_that_left_is_not_repeated(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	becket_status status;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = handle(fake.string);
	calls_with(binding, "world");
	wait_for_eof(binding);
	make_fresh(binding);
	status = call(binding, ECHO, "x", 1);
	assert_int_equal(status, BECKET_S_CALL_FAILED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
reset_connects_anew(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = handle(fake.string);
	calls_with(binding, "world");
	assert_int_equal(becket_binding_reset(binding), 0);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

/* --------------------------------------------------------- deadlines ---- */

/* Reads what comes and says nothing. */
static void
script_silence(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
a_server_that_never_binds_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_silence);
	binding = handle(fake.string);
	becket_binding_set_next_timeout(binding, 150);
	start = clock_now();
	fails(binding, BECKET_S_CALL_CANCELLED, BECKET_NOT_SENT, "deadline");
	assert_in_range(milliseconds_since(start), 150, 2000);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.requests, 0);
}

/* Binds, and then wants to hear that the call is cancelled and orphaned. */
static void
script_never_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu) &&
	    fake_expect(fake, fd, PDU_CO_CANCEL, &pdu) &&
	    fake_expect(fake, fd, PDU_ORPHANED, &pdu) &&
	    fake_read(fake, fd, &pdu))
		fake_fail(fake, "the connection was kept");
	close(fd);
}

static void
a_silent_server_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_never_answer);
	binding = handle(fake.string);
	assert_int_equal(becket_binding_set_option(binding,
	                     BECKET_OPTION_CALL_TIMEOUT, 200),
	    0);
	start = clock_now();
	fails(binding, BECKET_S_CALL_CANCELLED, BECKET_MAYBE_EXECUTED,
	    "deadline");
	assert_in_range(milliseconds_since(start), 200, 2000);
	fake_stop(&fake);
	becket_binding_free(&binding);
}

/* Sends one fragment after the other, byte by byte, and never the last. */
static void
script_dribble_for_ever(struct fake *fake)
{
	struct fake_pdu pdu;
	uint8_t bytes[64];
	int fd = fake_accept(fake);
	struct pollfd client = { .fd = fd, .events = POLLIN };
	size_t size, at = 0;

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		size = fake_encode_response(&pdu, "\0", 1, bytes, sizeof bytes);
		bytes[3] = PDU_FIRST;
		while (poll(&client, 1, 1) == 0) {
			fake_write(fake, fd, bytes + at, 1);
			at = (at + 1) % size;
			if (at == 0)
				bytes[3] = 0;
		}
	}
	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
a_server_that_never_finishes_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_dribble_for_ever);
	binding = handle(fake.string);
	becket_binding_set_next_timeout(binding, 150);
	start = clock_now();
	fails(binding, BECKET_S_CALL_CANCELLED, BECKET_MAYBE_EXECUTED,
	    "deadline");
	assert_in_range(milliseconds_since(start), 150, 2000);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_answer_late(struct fake *fake)
{
	struct fake_pdu pdu, late;
	int fd = fake_accept(fake);

	fake->keep_on_orphan = true;
	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &late) &&
	    fake_expect(fake, fd, PDU_CO_CANCEL, &pdu) &&
	    fake_expect(fake, fd, PDU_ORPHANED, &pdu) &&
	    fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		fake_respond(fake, fd, &late, "\0late", 5);
		fake_respond(fake, fd, &pdu, "\0world", 6);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_late_answer_is_not_taken_for_the_next(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake.keep_on_orphan = true;
	fake_start(&fake, script_answer_late);
	binding = handle(fake.string);
	assert_int_equal(call(binding, HURRIED, "x", 1),
	    BECKET_S_CALL_CANCELLED);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* -------------------------------------------------------- answers ------- */

static void
script_dribble(struct fake *fake)
{
	struct fake_pdu pdu;
	uint8_t bytes[64];
	int fd = fake_accept(fake);
	size_t size;

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		size = fake_encode_response(&pdu, "\0world", 6, bytes,
		    sizeof bytes);
		for (size_t i = 0; i < size; i++)
			fake_write(fake, fd, bytes + i, 1);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
an_answer_may_come_byte_by_byte(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_dribble);
	binding = handle(fake.string);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_fault_with_sentence(struct fake *fake)
{
	static const char sentence[] = "the divisor is\nzero";
	struct status_message message = {
		.code = BECKET_S_ZERO_DIVIDE,
		.sentence = { (const uint8_t *)sentence, sizeof sentence - 1 },
	};
	uint8_t data[128];
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	status_message_encode(&message, data);
	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, 0x1c000001, 0, data,
		    status_message_measure(&message));
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, NCA_S_OP_RNG_ERROR,
		    PDU_DID_NOT_EXECUTE, "\xff garbage", 9);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_fault_brings_the_servers_sentence(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_fault_with_sentence);
	binding = handle(fake.string);
	fails(binding, BECKET_S_ZERO_DIVIDE, BECKET_EXECUTED,
	    "the divisor is?zero (executed)");
	assert_string_equal(becket_error_last()->detail,
	    "the divisor is\nzero");
	fails(binding, BECKET_S_PROCNUM_OUT_OF_RANGE, BECKET_NOT_SENT,
	    "(not executed)");
	assert_string_equal(becket_error_last()->detail, "");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

static void
script_garbage(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\x80", 1);
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "", 0);
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
an_answer_that_makes_no_sense_was_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_garbage);
	binding = handle(fake.string);
	fails(binding, BECKET_S_PROTOCOL_ERROR, BECKET_EXECUTED,
	    "could not be decoded");
	fails(binding, BECKET_S_TRUNCATED, BECKET_EXECUTED,
	    "could not be decoded");
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* Faults at the first fragment, and reads no more until the client is gone. */
static void
script_fault_early(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		fake_fault(fake, fd, &pdu, 5, PDU_DID_NOT_EXECUTE, NULL, 0);
		shutdown(fd, SHUT_WR);
	}
	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
an_early_fault_is_heard_while_sending(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = 4000000;
	char *data = calloc(1, size);

	(void)state;
	assert_non_null(data);
	fake_start(&fake, script_fault_early);
	binding = handle(fake.string);
	assert_int_equal(call(binding, ECHO, data, size),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	becket_binding_free(&binding);
	fake_stop(&fake);
	free(data);
}

/* The last words of a server that resets: fault, then closed with bytes of
 * the request unread.
 */
static void
script_fault_and_go(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, 5, PDU_DID_NOT_EXECUTE, NULL, 0);
	close(fd);
}

static void
a_server_that_faults_and_goes_does_not_hang_the_client(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = 4000000;
	char *data = calloc(1, size);
	becket_status status;

	(void)state;
	assert_non_null(data);
	fake_start(&fake, script_fault_and_go);
	binding = handle(fake.string);
	/* The reset may overtake the fault: that is what resets do. */
	status = call(binding, ECHO, data, size);
	if (status != BECKET_S_ACCESS_DENIED)
		assert_int_equal(status, BECKET_S_CALL_FAILED);
	becket_binding_free(&binding);
	fake_stop(&fake);
	free(data);
}

/* -------------------------------------------------- associations -------- */

/* Two connections at once: the second has to ask for the first's group. */
static void
script_two_at_once(struct fake *fake)
{
	struct fake_pdu first, second;
	int a = fake_accept(fake), b;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_bind(fake, b) && fake_expect(fake, b, PDU_REQUEST, &second)) {
		fake_respond(fake, b, &second, "\0world", 6);
		fake_respond(fake, a, &first, "\0world", 6);
	}
	fake_read(fake, a, &first);
	fake_read(fake, b, &second);
	close(a);
	close(b);
}

static void *
call_in_thread(void *argument)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	void *response = NULL;
	becket_status status =
	    becket_stub_call(argument, &echo, ECHO, &request, &response);

	becket_stub_free(response);
	return (void *)(uintptr_t)status;
}

static void
all_connections_join_the_association_of_the_first(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];

	(void)state;
	fake_start(&fake, script_two_at_once);
	binding = handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		assert_null(status);
	}
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.joined, 0x1234);
}

/* The group is gone at the server while a call is on its first connection:
 * the second is refused, and founds another.
 */
static void
script_forget_association(struct fake *fake)
{
	struct fake_pdu first, second, third;
	int a = fake_accept(fake), b, c;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_expect(fake, b, PDU_BIND, &second))
		fake_nak(fake, b, &second, 0);
	if (fake->joined != 0x1234)
		fake_fail(fake, "the second connection did not join");
	close(b);
	fake->association = 0x5678;
	c = fake_accept(fake);
	if (fake_bind(fake, c) && fake_expect(fake, c, PDU_REQUEST, &third))
		fake_respond(fake, c, &third, "\0world", 6);
	fake_respond(fake, a, &first, "\0world", 6);
	fake_read(fake, a, &first);
	fake_read(fake, c, &third);
	close(a);
	close(c);
}

static void
an_association_the_server_forgot_is_founded_anew(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];

	(void)state;
	fake_start(&fake, script_forget_association);
	binding = handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		assert_null(status);
	}
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 3);
	assert_int_equal(fake.joined, 0);
}

/* No room for a second connection, which says nothing of the group. */
static void
script_busy(struct fake *fake)
{
	struct fake_pdu first, second;
	int a = fake_accept(fake), b;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_expect(fake, b, PDU_BIND, &second))
		fake_nak(fake, b, &second, PDU_NAK_LOCAL_LIMIT);
	fake_read(fake, b, &second);
	close(b);
	fake_respond(fake, a, &first, "\0world", 6);
	if (fake_expect(fake, a, PDU_REQUEST, &first))
		fake_respond(fake, a, &first, "\0world", 6);
	fake_read(fake, a, &first);
	close(a);
}

static void
a_busy_server_does_not_cost_the_association(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];
	uintptr_t sum = 0;

	(void)state;
	fake_start(&fake, script_busy);
	binding = handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		sum += (uintptr_t)status;
	}
	/* One of them, whichever came second. */
	assert_int_equal(sum, BECKET_S_SERVER_TOO_BUSY);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.joined, 0x1234);
}

static void
script_refuse_bind(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_expect(fake, fd, PDU_BIND, &pdu))
		fake_nak(fake, fd, &pdu, PDU_NAK_LOCAL_LIMIT);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_refused_bind_is_not_tried_again(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_refuse_bind);
	binding = handle(fake.string);
	fails(binding, BECKET_S_SERVER_TOO_BUSY, BECKET_NOT_SENT, "refused");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* --------------------------------------------- the system, the memory --- */

static void
ignore_signal(int number)
{
	(void)number;
}

static pthread_t caller;

static void
script_interrupt(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		for (int i = 0; i < 20; i++) {
			pthread_kill(caller, SIGUSR1);
			sched_yield();
		}
		fake_respond(fake, fd, &pdu, "\0world", 6);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
signals_do_not_end_a_call(void **state)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	caller = pthread_self();
	fake_start(&fake, script_interrupt);
	binding = handle(fake.string);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
without_descriptors_there_are_no_resources(void **state)
{
	struct becket_binding *tcp = handle("ncacn_ip_tcp:127.0.0.1[1]");
	struct becket_binding *local = handle("ncalrpc:[x]");
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	fails(tcp, BECKET_S_OUT_OF_RESOURCES, BECKET_NOT_SENT, "Too many");
	fails(local, BECKET_S_OUT_OF_RESOURCES, BECKET_NOT_SENT, "Too many");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	becket_binding_free(&tcp);
	becket_binding_free(&local);
}

/* Memory that fails at one allocation and then works again. */
struct scarce {
	size_t fail_at, count;
	size_t blocks;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct scarce *scarce = user;

	(void)old_size;
	if (new_size == 0) {
		scarce->blocks--;
		free(old);
		return NULL;
	}
	if (scarce->count++ == scarce->fail_at)
		return NULL;
	if (old == NULL)
		scarce->blocks++;
	return realloc(old, new_size);
}

static void
script_answer_many(struct fake *fake)
{
	for (;;) {
		struct fake_pdu pdu;
		int fd = fake_accept(fake);

		if (fd < 0)
			return;
		while (fake_read(fake, fd, &pdu)) {
			if (pdu.type == PDU_BIND)
				fake_ack(fake, fd, &pdu);
			else if (pdu.type == PDU_REQUEST)
				fake_respond(fake, fd, &pdu, "\0world", 6);
			else
				return;
		}
		close(fd);
	}
}

/* true: nothing failed. */
static bool
call_with(struct scarce *scarce, const char *string)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, scarce },
	};
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_runtime *poor = NULL;
	struct becket_binding *binding = NULL;
	void *response = NULL;
	becket_status status = becket_runtime_new(&options, &poor);

	if (status == BECKET_S_OK)
		status =
		    becket_binding_from_string_binding(poor, string, &binding);
	for (int i = 0; i < 2 && status == BECKET_S_OK; i++) {
		status =
		    becket_stub_call(binding, &echo, ECHO, &request, &response);
		becket_stub_free(response);
		response = NULL;
	}
	becket_binding_free(&binding);
	becket_runtime_free(poor);
	assert_int_equal(scarce->blocks, 0);
	if (status != BECKET_S_OK && status != BECKET_S_OUT_OF_MEMORY &&
	    strstr(becket_error_last()->sentence, "no memory") == NULL)
		fail_msg("%zu: %s", scarce->fail_at,
		    becket_error_last()->sentence);
	return status == BECKET_S_OK;
}

static void
a_call_without_memory_fails_cleanly(void **state)
{
	struct fake fake = { 0 };
	size_t failures = 0;

	(void)state;
	fake_start(&fake, script_answer_many);
	for (size_t i = 0;; i++) {
		struct scarce scarce = { .fail_at = i };
		bool went_well = call_with(&scarce, fake.string);

		if (scarce.count <= i) {
			assert_true(went_well);
			break;
		}
		if (!went_well)
			failures++;
	}
	assert_in_range(failures, 10, 1000);
	/* One more connection ends the script: a PDU it does not know. */
	shutdown(fake.listener, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.listener);
}

/* ------------------------------------------------- asynchronous calls --- */

static struct becket_async
start_one(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_async async;

	assert_int_equal(becket_stub_start(binding, &echo, ECHO, &request,
	                     &async),
	    0);
	return async;
}

static void
ends_with(struct becket_async *async, becket_status status)
{
	void *message = NULL;

	if (becket_async_wait(async, 20000) != status)
		fail_msg("%u is not the end", becket_async_poll(async));
	assert_int_equal(becket_stub_finish(async, &echo, ECHO, &message),
	    status);
	becket_stub_free(message);
}

/* false: the client has said something unasked. */
static bool
is_silent(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 20) == 0;
}

static void
script_one_after_the_other(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	fake->takes_one_call = true;
	if (fake_bind(fake, fd))
		for (int i = 0; i < 3; i++) {
			if (!fake_expect(fake, fd, PDU_REQUEST, &pdu))
				break;
			if (!is_silent(fd))
				fake_fail(fake, "two requests at once");
			fake_respond(fake, fd, &pdu, "\0world", 6);
		}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
calls_follow_each_other_where_the_server_takes_one(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async asyncs[3];

	(void)state;
	fake_start(&fake, script_one_after_the_other);
	binding = handle(fake.string);
	for (int i = 0; i < 3; i++)
		asyncs[i] = start_one(binding);
	for (int i = 3; i-- > 0;)
		ends_with(&asyncs[i], BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

static void
script_shutdown_in_between(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake), next;

	fake->takes_one_call = true;
	if (!fake_bind(fake, fd) || !fake_expect(fake, fd, PDU_REQUEST, &pdu))
		return;
	fake_shutdown(fake, fd);
	/* The others go elsewhere, while the first goes on. */
	next = fake_accept(fake);
	fake->association++;
	if (fake_bind(fake, next))
		for (int i = 0; i < 2; i++) {
			struct fake_pdu other;

			if (fake_expect(fake, next, PDU_REQUEST, &other))
				fake_respond(fake, next, &other, "\0world", 6);
		}
	fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
	fake_read(fake, next, &pdu);
	close(next);
}

static void
calls_that_wait_leave_a_server_that_shuts_down(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async asyncs[3];

	(void)state;
	fake_start(&fake, script_shutdown_in_between);
	binding = handle(fake.string);
	for (int i = 0; i < 3; i++)
		asyncs[i] = start_one(binding);
	for (int i = 0; i < 3; i++)
		ends_with(&asyncs[i], BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

static void
a_stale_connection_is_replaced_for_all_its_calls(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async async;

	(void)state;
	fake_start(&fake, script_reset_then_answer);
	binding = handle(fake.string);
	calls_with(binding, "world");
	while (true) {
		struct pollfd reset = { .fd = idle_conn(binding)->fd };

		if (poll(&reset, 1, 20000) == 1 && reset.revents & POLLERR)
			break;
	}
	make_fresh(binding);
	async = start_one(binding);
	ends_with(&async, BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
}

/* --------------------------------------------------------- fork --------- */

static int
live_in_child(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_binding *copy = NULL;
	void *response = NULL;

	if (becket_stub_call(binding, &echo, ECHO, &request, &response) !=
	    BECKET_S_STALE_AFTER_FORK)
		return 1;
	if (becket_binding_copy(binding, &copy) != BECKET_S_STALE_AFTER_FORK)
		return 2;
	if (becket_error_last()->status != BECKET_S_STALE_AFTER_FORK)
		return 3;
	becket_binding_free(&binding);
	return 0;
}

static void
a_forked_child_has_a_stale_handle_and_harms_nobody(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	int status = -1;
	pid_t child;

	(void)state;
	fake_start(&fake, script_answer_two);
	binding = handle(fake.string);
	calls_with(binding, "world");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(live_in_child(binding));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	make_idle(binding);
	calls_with(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_refused_port_is_unavailable_and_nothing_was_sent),
		cmocka_unit_test(an_unknown_host_is_unavailable),
		cmocka_unit_test(an_address_of_no_interface_is_unavailable),
		cmocka_unit_test(a_missing_socket_is_unavailable),
		cmocka_unit_test(failed_connects_leave_no_descriptor),
		cmocka_unit_test(a_full_backlog_ends_with_the_deadline),
		cmocka_unit_test(every_address_is_tried),
		cmocka_unit_test(all_addresses_tried_are_in_the_sentence),
		cmocka_unit_test(without_an_endpoint_anywhere_there_is_no_call),
		cmocka_unit_test(the_interface_may_know_its_endpoint),
		cmocka_unit_test(what_is_not_in_the_tables_is_refused_at_once),
		cmocka_unit_test(a_request_beyond_the_limit_is_not_sent),
		cmocka_unit_test(
		    a_server_that_hangs_up_at_once_has_not_executed),
		cmocka_unit_test(a_reset_after_the_request_may_have_executed),
		cmocka_unit_test(a_close_after_the_request_may_have_executed),
		cmocka_unit_test(a_stale_connection_is_replaced_without_a_word),
		cmocka_unit_test(
		    a_connection_that_was_reset_is_replaced_without_a_word),
		cmocka_unit_test(a_server_that_shuts_down_is_left),
		cmocka_unit_test(
		    a_request_sent_to_a_server_that_left_is_not_repeated),
		cmocka_unit_test(reset_connects_anew),
		cmocka_unit_test(
		    a_server_that_never_binds_ends_with_the_deadline),
		cmocka_unit_test(a_silent_server_ends_with_the_deadline),
		cmocka_unit_test(
		    a_server_that_never_finishes_ends_with_the_deadline),
		cmocka_unit_test(a_late_answer_is_not_taken_for_the_next),
		cmocka_unit_test(an_answer_may_come_byte_by_byte),
		cmocka_unit_test(a_fault_brings_the_servers_sentence),
		cmocka_unit_test(an_answer_that_makes_no_sense_was_executed),
		cmocka_unit_test(an_early_fault_is_heard_while_sending),
		cmocka_unit_test(
		    a_server_that_faults_and_goes_does_not_hang_the_client),
		cmocka_unit_test(
		    all_connections_join_the_association_of_the_first),
		cmocka_unit_test(
		    an_association_the_server_forgot_is_founded_anew),
		cmocka_unit_test(a_busy_server_does_not_cost_the_association),
		cmocka_unit_test(a_refused_bind_is_not_tried_again),
		cmocka_unit_test(signals_do_not_end_a_call),
		cmocka_unit_test(without_descriptors_there_are_no_resources),
		cmocka_unit_test(
		    calls_follow_each_other_where_the_server_takes_one),
		cmocka_unit_test(
		    calls_that_wait_leave_a_server_that_shuts_down),
		cmocka_unit_test(
		    a_stale_connection_is_replaced_for_all_its_calls),
		cmocka_unit_test(a_call_without_memory_fails_cleanly),
		cmocka_unit_test(
		    a_forked_child_has_a_stale_handle_and_harms_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
