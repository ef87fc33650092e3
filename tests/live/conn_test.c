/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"

/*
 * What a server does with connections that behave as few do. Every test is run
 * for each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static void
a_client_that_half_closes_gets_its_replies(void **state)
{
	const struct becket_bytes answer = { (const uint8_t *)"held", 4 };
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	raw_ask(fd, 3, ECHO, "three");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	raw_expect(fd, 3, "three");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	assert_int_equal(becket_stub_answer(echo.token, &echo_interface, HOLD,
	                     BECKET_S_OK, &answer),
	    BECKET_S_OK);
	raw_expect(fd, 2, "held");
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	close(fd);
	echo_stop(&echo);
}

static void
bytes_may_come_one_by_one(void **state)
{
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	size_t size;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	size = raw_request(2, ECHO, "\0slowly", 7, data);
	for (size_t i = 0; i < size; i++) {
		raw_send(fd, data + i, 1);
		echo_yield();
	}
	raw_expect(fd, 2, "slowly");
	close(fd);
	echo_stop(&echo);
}

static void
requests_may_come_in_one_piece(void **state)
{
	static uint8_t data[100 * 64];
	uint8_t one[RAW_FRAGMENT];
	struct echo echo;
	size_t size = 0;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	for (uint32_t call = 0; call < 100; call++) {
		size_t more = raw_request(call, ECHO, "\0batch", 6, one);

		memcpy(data + size, one, more);
		size += more;
	}
	raw_send(fd, data, size);
	for (uint32_t call = 0; call < 100; call++)
		raw_expect(fd, call, "batch");
	close(fd);
	echo_stop(&echo);
}

/* The reply is far larger than what the sockets hold, and its reader slow. */
static void
a_large_reply_reaches_a_slow_reader(void **state)
{
	static struct raw_reply reply;
	const int small = 1 << 17;
	size_t size = 0, wrong = 0;
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	raw_ask(fd, 2, FILL, "16777216");
	WAIT_UNTIL(atomic_load(&echo.accesses) == 1);
	do {
		struct becket_bytes stub;

		assert_true(raw_read(fd, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
		stub = reply.pdu.response.stub;
		for (size_t i = 0; i < stub.size; i++, size++)
			wrong +=
			    size > 0 && stub.data[i] != (uint8_t)(size - 1);
	} while ((reply.pdu.header.flags & PDU_LAST) == 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(size, 16777217);
	raw_ask(fd, 3, ECHO, "and on");
	raw_expect(fd, 3, "and on");
	close(fd);
	echo_stop(&echo);
}

/* Who asks and does not read is not read from any more, and so is stopped by
 * his own socket; others are served.
 */
static void
who_does_not_read_is_not_read_from(void **state)
{
	uint8_t data[RAW_FRAGMENT];
	static uint8_t stub[60000];
	struct echo echo;
	int greedy, other;
	size_t size, sent = 0;
	static struct raw_reply reply;
	uint32_t replies = 0;

	echo_start(&echo, NULL);
	greedy = raw_open(&echo, which(state));
	other = raw_open(&echo, which(state));
	size = raw_request(7, ECHO, stub, sizeof stub, data);
	assert_int_equal(fcntl(greedy, F_SETFL, O_NONBLOCK), 0);
	/* Blocked, and still so after the server has had its turn? */
	for (unsigned tries = 0; tries < 3;) {
		size_t at = sent % size;
		ssize_t n = send(greedy, data + at, size - at, MSG_NOSIGNAL);

		assert_true(sent < 64u << 20);
		if (n > 0) {
			sent += (size_t)n;
			tries = 0;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		raw_ask(other, 1, ECHO, "me too");
		raw_expect(other, 1, "me too");
		echo_yield();
		tries++;
	}
	/* Once it reads, all that it sent whole is answered. */
	assert_int_equal(fcntl(greedy, F_SETFL, 0), 0);
	for (; replies < sent / size; replies++) {
		assert_true(raw_read(greedy, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
		assert_int_equal(reply.pdu.response.stub.size, sizeof stub);
	}
	close(greedy);
	close(other);
	echo_stop(&echo);
}

static void
a_reset_in_the_middle_of_a_call_harms_nobody(void **state)
{
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	int fd, other;
	size_t size;

	echo_start(&echo, NULL);
	other = raw_open(&echo, which(state));
	for (int i = 0; i < 50; i++) {
		fd = raw_open(&echo, which(state));
		size = raw_request(2, ECHO, "\0cut", 4, data);
		raw_send(fd, data, i % 2 == 0 ? size : size / 2);
		raw_ask(other, 3, ECHO, "unharmed");
		raw_reset(fd);
		raw_expect(other, 3, "unharmed");
	}
	close(other);
	echo_stop(&echo);
}

/* It has still much to say when it is closed upon: that must not become a
 * reset which destroys our last word.
 */
static void
a_last_fault_survives_what_the_client_still_sends(void **state)
{
	static uint8_t junk[1 << 16];
	struct echo echo;
	uint8_t data[RAW_FRAGMENT];
	size_t size;

	echo_start(&echo, NULL);
	for (int i = 0; i < 20; i++) {
		int fd = raw_open(&echo, which(state));

		size = raw_request(2, ECHO, "\0x", 2, data);
		data[2] = PDU_RESPONSE;
		raw_send(fd, data, size);
		for (int j = 0; j < 8; j++)
			raw_send(fd, junk, sizeof junk);
		raw_expect_fault(fd, 2, NCA_S_PROTO_ERROR, PDU_DID_NOT_EXECUTE);
		assert_int_equal(raw_read_end(fd), RAW_EOF);
		close(fd);
	}
	echo_stop(&echo);
}

static void
who_never_closes_is_closed_upon(void **state)
{
	struct becket_limits limits = { .stall_ms = 1000 };
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	unsigned before;
	size_t size;
	int fd;

	echo_start(&echo, &limits);
	before = echo_count_descriptors();
	/* Silent, and never bound. */
	fd = raw_connect(&echo, which(state));
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	close(fd);
	/* Silent inside a PDU. */
	fd = raw_open(&echo, which(state));
	size = raw_request(2, ECHO, "\0x", 2, data);
	raw_send(fd, data, size - 1);
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	close(fd);
	/* Silent between two fragments. */
	fd = raw_open(&echo, which(state));
	data[3] = PDU_FIRST;
	raw_send(fd, data, size);
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	close(fd);
	/* Not closing after it has been refused. */
	fd = raw_open(&echo, which(state));
	data[2] = PDU_RESPONSE;
	raw_send(fd, data, size);
	raw_expect_fault(fd, 2, NCA_S_PROTO_ERROR, PDU_DID_NOT_EXECUTE);
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	WAIT_UNTIL(echo_count_descriptors() == before + 1);
	close(fd);
	echo_stop(&echo);
}

/* --------------------------------------------------------------- numbers -- */

static void
many_connect_at_once(void **state)
{
	int fds[200];
	struct echo echo;

	echo_open(&echo, NULL);
	/* All are in the backlog before the first is accepted. */
	for (size_t i = 0; i < 200; i++)
		fds[i] = raw_connect(&echo, which(state));
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	for (size_t i = 0; i < 200; i++)
		raw_bind(fds[i], &echo_interface.uuid, 1, SYNTAX_BECKET);
	for (uint32_t i = 0; i < 200; i++)
		raw_ask(fds[i], i, ECHO, "one of many");
	for (uint32_t i = 0; i < 200; i++) {
		raw_expect(fds[i], i, "one of many");
		close(fds[i]);
	}
	echo_stop(&echo);
}

static void
connections_beyond_the_limit_wait(void **state)
{
	struct becket_limits limits = { .connections = 2 };
	struct echo echo;
	int fds[4];

	echo_start(&echo, &limits);
	for (size_t i = 0; i < 2; i++)
		fds[i] = raw_open(&echo, which(state));
	for (size_t i = 2; i < 4; i++) {
		fds[i] = raw_connect(&echo, which(state));
		raw_ask(fds[i - 2], 1, ECHO, "in");
		raw_expect(fds[i - 2], 1, "in");
		close(fds[i - 2]);
		raw_bind(fds[i], &echo_interface.uuid, 1, SYNTAX_BECKET);
	}
	close(fds[2]);
	close(fds[3]);
	echo_stop(&echo);
}

/* From another address of this host. */
static int
connect_from(const struct echo *echo, in_addr_t host)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)echo->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	from.sin_addr.s_addr = htonl(host);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void
a_peer_with_enough_connections_gets_no_more(void **state)
{
	struct becket_limits limits = { .connections_per_peer = 2 };
	struct echo echo;
	unsigned before;
	int fds[3];

	echo_start(&echo, &limits);
	before = echo_count_descriptors();
	for (size_t i = 0; i < 2; i++)
		fds[i] = raw_open(&echo, which(state));
	for (size_t i = 0; i < 3; i++) {
		fds[2] = raw_connect(&echo, which(state));
		assert_int_equal(raw_read_end(fds[2]), RAW_EOF);
		close(fds[2]);
	}
	/* It is said once, and those that are there are served. */
	assert_int_equal(atomic_load(&echo.warnings), 1);
	for (size_t i = 0; i < 2; i++) {
		raw_ask(fds[i], 2, ECHO, "served");
		raw_expect(fds[i], 2, "served");
	}
	/* So is another peer, and this one when it has given one back. */
	fds[2] = connect_from(&echo, INADDR_LOOPBACK + 1);
	raw_bind(fds[2], &echo_interface.uuid, 1, SYNTAX_BECKET);
	close(fds[2]);
	close(fds[0]);
	WAIT_UNTIL(echo_count_descriptors() == before + 2);
	fds[0] = raw_open(&echo, which(state));
	close(fds[0]);
	close(fds[1]);
	echo_stop(&echo);
}

static void
no_descriptor_is_left_behind(void **state)
{
	unsigned before, after;
	struct echo echo;

	echo_start(&echo, NULL);
	before = echo_count_descriptors();
	for (int i = 0; i < 10000; i++) {
		int fd = raw_connect(&echo, which(state));

		if (i % 3 == 0)
			raw_send(fd, "junk, and not a PDU", 19);
		if (i % 3 == 1)
			raw_reset(fd);
		else
			close(fd);
	}
	WAIT_UNTIL((after = echo_count_descriptors()) == before);
	assert_int_equal(after, before);
	echo_stop(&echo);
}

/* There is not a descriptor left: those that are connected are served, and
 * those that wait get in as soon as there is.
 */
static void
out_of_descriptors_others_are_served(void **state)
{
	struct rlimit old, few;
	int fd, waiting, taken[64];
	size_t count = 0;
	struct echo echo;

	echo_start(&echo, NULL);
	fd = raw_open(&echo, which(state));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (taken[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	assert_true(count > 1 && count < 64);
	close(taken[--count]);
	waiting = raw_connect(&echo, which(state));
	WAIT_UNTIL(atomic_load(&echo.warnings) > 0);
	for (int i = 0; i < 10; i++) {
		raw_ask(fd, 2, ECHO, "served");
		raw_expect(fd, 2, "served");
	}
	while (count > 0)
		close(taken[--count]);
	raw_bind(waiting, &echo_interface.uuid, 1, SYNTAX_BECKET);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(waiting);
	close(fd);
	echo_stop(&echo);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(a_client_that_half_closes_gets_its_replies),
		BOTH(bytes_may_come_one_by_one),
		BOTH(requests_may_come_in_one_piece),
		BOTH(a_large_reply_reaches_a_slow_reader),
		BOTH(who_does_not_read_is_not_read_from),
		BOTH(a_reset_in_the_middle_of_a_call_harms_nobody),
		BOTH(a_last_fault_survives_what_the_client_still_sends),
		BOTH(who_never_closes_is_closed_upon),
		BOTH(many_connect_at_once),
		BOTH(connections_beyond_the_limit_wait),
		BOTH(a_peer_with_enough_connections_gets_no_more),
		BOTH(no_descriptor_is_left_behind),
		BOTH(out_of_descriptors_others_are_served),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
