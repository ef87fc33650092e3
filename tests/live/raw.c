/* SPDX-License-Identifier: MIT */
#include "tests/live/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int
connect_tcp(const struct echo *echo)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)echo->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	return fd;
}

static int
connect_local(const struct echo *echo)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char name[64];

	assert_true(fd >= 0);
	assert_int_equal(sscanf(echo->addresses[1], "ncalrpc:[%63[^]]", name),
	    1);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", echo->dir,
	    name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	return fd;
}

int
raw_connect(struct echo *echo, size_t which)
{
	const struct timeval patience = { .tv_sec = 20 };
	int fd = which == 0 ? connect_tcp(echo) : connect_local(echo);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	                     sizeof patience),
	    0);
	return fd;
}

void
raw_send(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

		assert_true(sent > 0);
		at += sent;
		size -= (size_t)sent;
	}
}

static void
send_pdu(int fd, struct pdu *pdu)
{
	uint8_t data[RAW_FRAGMENT];
	size_t size = 0;

	assert_int_equal(pdu_encode(pdu, data, sizeof data, &size),
	    BECKET_S_OK);
	raw_send(fd, data, size);
}

void
raw_ask_bind_in(int fd, uint32_t association, const struct becket_uuid *uuid,
    uint16_t major, enum transfer_syntax syntax)
{
	uint8_t syntaxes[PDU_SYNTAX_SIZE], elements[64];
	struct cursor s = cursor_put(syntaxes, sizeof syntaxes);
	struct cursor e = cursor_put(elements, sizeof elements);
	struct syntax_id transfer = transfer_syntaxes[syntax];
	struct pdu_element element = {
		.count = 1,
		.interface = { *uuid, major, 0 },
		.syntaxes = { syntaxes, sizeof syntaxes },
	};
	struct pdu pdu = {
		.header = { .type = PDU_BIND,
		    .flags = PDU_FIRST | PDU_LAST | PDU_CONC_MPX,
		    .call = 1 },
	};

	pdu_next_syntax(&s, &transfer);
	pdu_next_element(&e, &element);
	pdu.bind = (struct pdu_bind){
		.max_xmit = RAW_FRAGMENT,
		.max_recv = RAW_FRAGMENT,
		.association = association,
		.count = 1,
		.elements = { elements, e.at },
	};
	send_pdu(fd, &pdu);
}

void
raw_ask_bind(int fd, const struct becket_uuid *uuid, uint16_t major,
    enum transfer_syntax syntax)
{
	raw_ask_bind_in(fd, 0, uuid, major, syntax);
}

void
raw_bind(int fd, const struct becket_uuid *uuid, uint16_t major,
    enum transfer_syntax syntax)
{
	static struct raw_reply reply;
	struct pdu_result result;
	struct cursor r;

	raw_ask_bind(fd, uuid, major, syntax);
	assert_true(raw_read(fd, &reply));
	assert_int_equal(reply.pdu.header.type, PDU_BIND_ACK);
	r = cursor_get(reply.pdu.bind_ack.results.data,
	    reply.pdu.bind_ack.results.size, false);
	pdu_next_result(&r, &result);
	assert_int_equal(result.result, PDU_ACCEPTANCE);
}

int
raw_open(struct echo *echo, size_t which)
{
	int fd = raw_connect(echo, which);

	raw_bind(fd, &echo_interface.uuid, echo_interface.major, SYNTAX_BECKET);
	return fd;
}

size_t
raw_request(uint32_t call, uint16_t opnum, const void *stub, size_t stub_size,
    uint8_t data[RAW_FRAGMENT])
{
	struct pdu pdu = {
		.header = { .type = PDU_REQUEST,
		    .flags = PDU_FIRST | PDU_LAST,
		    .call = call },
		.request = { .opnum = opnum, .stub = { stub, stub_size } },
	};
	size_t size = 0;

	assert_int_equal(pdu_encode(&pdu, data, RAW_FRAGMENT, &size),
	    BECKET_S_OK);
	return size;
}

void
raw_ask(int fd, uint32_t call, uint16_t opnum, const char *text)
{
	uint8_t data[RAW_FRAGMENT], stub[1024] = { 0 };

	memcpy(stub + 1, text, strlen(text));
	raw_send(fd, data,
	    raw_request(call, opnum, stub, 1 + strlen(text), data));
}

void
raw_say(int fd, enum pdu_type type, uint32_t call)
{
	struct pdu pdu = {
		.header = { .type = (uint8_t)type,
		    .flags = PDU_FIRST | PDU_LAST,
		    .call = call },
	};

	send_pdu(fd, &pdu);
}

/* false: end of file, where one may be. */
static bool
read_exactly(int fd, uint8_t *data, size_t size, bool may_end)
{
	size_t at = 0;

	while (at < size) {
		ssize_t got = recv(fd, data + at, size - at, 0);

		if (got == 0 && at == 0 && may_end)
			return false;
		if (got <= 0)
			print_error("recv: %s\n", strerror(errno));
		assert_true(got > 0);
		at += (size_t)got;
	}
	return true;
}

bool
raw_read(int fd, struct raw_reply *reply)
{
	struct pdu_header header;

	if (!read_exactly(fd, reply->bytes, PDU_HEADER_SIZE, true))
		return false;
	header = pdu_decode_header(reply->bytes);
	assert_true(header.size >= PDU_HEADER_SIZE &&
	            header.size <= sizeof reply->bytes);
	read_exactly(fd, reply->bytes + PDU_HEADER_SIZE,
	    header.size - PDU_HEADER_SIZE, false);
	assert_int_equal(pdu_decode(reply->bytes, header.size, &reply->pdu),
	    BECKET_S_OK);
	return true;
}

void
raw_expect(int fd, uint32_t call, const char *text)
{
	static struct raw_reply reply;
	struct becket_bytes stub;

	assert_true(raw_read(fd, &reply));
	assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
	assert_int_equal(reply.pdu.header.call, call);
	assert_int_equal(reply.pdu.header.flags, PDU_FIRST | PDU_LAST);
	stub = reply.pdu.response.stub;
	assert_int_equal(stub.size, 1 + strlen(text));
	assert_int_equal(stub.data[0], 0);
	assert_memory_equal(stub.data + 1, text, strlen(text));
}

void
raw_expect_fault(int fd, uint32_t call, uint32_t status, uint8_t flags)
{
	static struct raw_reply reply;

	assert_true(raw_read(fd, &reply));
	assert_int_equal(reply.pdu.header.type, PDU_FAULT);
	assert_int_equal(reply.pdu.header.call, call);
	assert_int_equal(reply.pdu.fault.status, status);
	assert_int_equal(reply.pdu.header.flags, PDU_FIRST | PDU_LAST | flags);
}

int
raw_read_end(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, 0);

	if (got < 0 && errno == ECONNRESET)
		return RAW_RESET;
	assert_int_equal(got, 0);
	return RAW_EOF;
}

void
raw_reset(int fd)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
}
