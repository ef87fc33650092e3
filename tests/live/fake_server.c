/* SPDX-License-Identifier: MIT */
#include "fake_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/pdu.h"

enum { PATIENCE_SECONDS = 20 };

static void
bound_waits(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static void *
run(void *argument)
{
	struct fake *fake = argument;

	fake->script(fake);
	return NULL;
}

void
fake_start(struct fake *fake, void (*script)(struct fake *))
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof address;

	fake->script = script;
	fake->association = 0x1234;
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fake->listener >= 0);
	bound_waits(fake->listener);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&address,
	                     size),
	    0);
	assert_int_equal(listen(fake->listener, 16), 0);
	assert_int_equal(getsockname(fake->listener,
	                     (struct sockaddr *)&address, &size),
	    0);
	snprintf(fake->endpoint, sizeof fake->endpoint, "%u",
	    ntohs(address.sin_port));
	snprintf(fake->string, sizeof fake->string,
	    "ncacn_ip_tcp:127.0.0.1[%s]", fake->endpoint);
	assert_int_equal(pthread_create(&fake->thread, NULL, run, fake), 0);
}

void
fake_stop(struct fake *fake)
{
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	if (fake->failure != NULL)
		fail_msg("the fake server: %s", fake->failure);
}

void
fake_fail(struct fake *fake, const char *failure)
{
	if (fake->failure == NULL)
		fake->failure = failure;
}

int
fake_accept(struct fake *fake)
{
	int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		fake_fail(fake, "nobody connected");
		return -1;
	}
	bound_waits(fd);
	fake->accepted++;
	return fd;
}

static bool
read_all(int fd, void *bytes, size_t size)
{
	return size == 0 || recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

bool
fake_read(struct fake *fake, int fd, struct fake_pdu *ret_pdu)
{
	struct pdu_header header;

	if (fd < 0 || !read_all(fd, ret_pdu->bytes, PDU_HEADER_SIZE))
		return false;
	header = pdu_decode_header(ret_pdu->bytes);
	if (header.size < PDU_HEADER_SIZE) {
		fake_fail(fake, "a PDU is smaller than its header");
		return false;
	}
	ret_pdu->type = header.type;
	ret_pdu->flags = header.flags;
	ret_pdu->call = header.call;
	ret_pdu->size = header.size;
	if (header.type == PDU_REQUEST && (header.flags & PDU_FIRST))
		fake->requests++;
	return read_all(fd, ret_pdu->bytes + PDU_HEADER_SIZE,
	    header.size - PDU_HEADER_SIZE);
}

bool
fake_expect(struct fake *fake, int fd, int type, struct fake_pdu *ret_pdu)
{
	if (!fake_read(fake, fd, ret_pdu)) {
		fake_fail(fake, "the client closed where a PDU should come");
		return false;
	}
	if (ret_pdu->type != type) {
		fake_fail(fake, "the client sent a PDU of another type");
		return false;
	}
	return true;
}

void
fake_write(struct fake *fake, int fd, const void *bytes, size_t size)
{
	if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		fake_fail(fake, "sending failed");
}

static void
send_pdu(struct fake *fake, int fd, struct pdu *pdu)
{
	uint8_t bytes[8192];
	size_t size;

	if (pdu_encode(pdu, bytes, sizeof bytes, &size) != BECKET_S_OK)
		fake_fail(fake, "a PDU does not fit");
	else
		fake_write(fake, fd, bytes, size);
}

static uint8_t
elements_of(struct fake *fake, const struct fake_pdu *bind)
{
	struct pdu pdu;

	if (pdu_decode(bind->bytes, bind->size, &pdu) != BECKET_S_OK) {
		fake_fail(fake, "a bind is malformed");
		return 0;
	}
	fake->joined = pdu.bind.association;
	return pdu.bind.count;
}

void
fake_ack(struct fake *fake, int fd, const struct fake_pdu *bind)
{
	static const uint8_t address[] = "1";
	uint8_t results[64];
	struct cursor c = cursor_put(results, sizeof results);
	struct pdu_result accepted = {
		.result = PDU_ACCEPTANCE,
		.syntax = transfer_syntaxes[SYNTAX_BECKET],
	};
	struct pdu_result features = {
		.result = PDU_NEGOTIATE_ACK,
		.reason = fake->keep_on_orphan ? FEATURE_KEEP_ON_ORPHAN : 0,
	};
	struct pdu pdu = {
		.header = { .type = PDU_BIND_ACK,
		    .flags = PDU_FIRST | PDU_LAST | PDU_CONC_MPX,
		    .call = bind->call },
		.bind_ack = { .max_xmit = 5840,
		    .max_recv = 5840,
		    .association = fake->association,
		    .address = { address, sizeof address },
		    .count = elements_of(fake, bind) },
	};

	if (fake->takes_one_call)
		pdu.header.flags = PDU_FIRST | PDU_LAST;
	if (bind->type == PDU_ALTER_CONTEXT) {
		pdu.header.type = PDU_ALTER_CONTEXT_RESP;
		pdu.header.flags = PDU_FIRST | PDU_LAST;
		pdu.bind_ack.address.size = 0;
	}
	pdu_next_result(&c, &accepted);
	if (pdu.bind_ack.count > 1)
		pdu_next_result(&c, &features);
	pdu.bind_ack.results = (struct becket_bytes){ results, c.at };
	fake->binds++;
	send_pdu(fake, fd, &pdu);
}

void
fake_nak(struct fake *fake, int fd, const struct fake_pdu *bind,
    uint16_t reason)
{
	struct pdu pdu = {
		.header = { .type = PDU_BIND_NAK,
		    .flags = PDU_FIRST | PDU_LAST,
		    .call = bind->call },
		.bind_nak = { reason },
	};

	elements_of(fake, bind);
	send_pdu(fake, fd, &pdu);
}

bool
fake_bind(struct fake *fake, int fd)
{
	struct fake_pdu pdu;

	if (!fake_expect(fake, fd, PDU_BIND, &pdu))
		return false;
	fake_ack(fake, fd, &pdu);
	return true;
}

size_t
fake_encode_response(const struct fake_pdu *request, const void *stub,
    size_t size, void *bytes, size_t capacity)
{
	struct pdu pdu = {
		.header = { .type = PDU_RESPONSE,
		    .flags = PDU_FIRST | PDU_LAST,
		    .call = request->call },
		.response = { .alloc_hint = (uint32_t)size,
		    .stub = { stub, size } },
	};
	size_t encoded = 0;

	if (pdu_encode(&pdu, bytes, capacity, &encoded) != BECKET_S_OK)
		return 0;
	return encoded;
}

void
fake_respond(struct fake *fake, int fd, const struct fake_pdu *request,
    const void *stub, size_t size)
{
	uint8_t bytes[8192];

	size = fake_encode_response(request, stub, size, bytes, sizeof bytes);
	fake_write(fake, fd, bytes, size);
}

void
fake_fault(struct fake *fake, int fd, const struct fake_pdu *request,
    uint32_t status, uint8_t flags, const void *data, size_t size)
{
	struct pdu pdu = {
		.header = { .type = PDU_FAULT,
		    .flags = (uint8_t)(PDU_FIRST | PDU_LAST | flags),
		    .call = request->call },
		.fault = { .alloc_hint = (uint32_t)size,
		    .status = status,
		    .stub = { data, size } },
	};

	send_pdu(fake, fd, &pdu);
}

void
fake_shutdown(struct fake *fake, int fd)
{
	struct pdu pdu = {
		.header = { .type = PDU_SHUTDOWN,
		    .flags = PDU_FIRST | PDU_LAST },
	};

	send_pdu(fake, fd, &pdu);
}

void
fake_reset(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd);
}

/* ------------------------------------------------------------- scripts -- */

void
fake_script_answer_one(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
}

void
fake_script_answer_two(struct fake *fake)
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

void
fake_script_reset_then_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_reset(fd);
	fake_script_answer_one(fake);
}
