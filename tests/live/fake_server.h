/* SPDX-License-Identifier: MIT */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A server that does what its script says, byte by byte, in a thread of its
 * own: for what no decent server does. It listens on a free port of 127.0.0.1.
 *
 * A script must not assert: it says fake_fail(), and fake_stop() fails the
 * test. Every wait of it is bounded.
 */
struct fake {
	int listener;
	char endpoint[16];
	char string[64]; /* "ncacn_ip_tcp:127.0.0.1[port]" */
	void (*script)(struct fake *);
	pthread_t thread;
	const char *failure;
	/* For the script's own use. */
	uint32_t association; /* in bind_acks; starts at 0x1234 */
	unsigned accepted, binds, requests;
	uint32_t joined; /* the association that the last bind asked for */
	bool keep_on_orphan;
	bool takes_one_call; /* at a time: no multiplexing */
};

void fake_start(struct fake *fake, void (*script)(struct fake *));
/* Waits for the script's end. */
void fake_stop(struct fake *fake);

void fake_fail(struct fake *fake, const char *failure);

/* -1: nobody came. */
int fake_accept(struct fake *fake);

struct fake_pdu {
	uint8_t type, flags;
	uint32_t call;
	size_t size;
	uint8_t bytes[65536];
};

/* false: the client has closed. */
bool fake_read(struct fake *fake, int fd, struct fake_pdu *ret_pdu);
/* Read one that is of this type, or fail. */
bool fake_expect(struct fake *fake, int fd, int type, struct fake_pdu *ret_pdu);

/* Read a bind and accept it. */
bool fake_bind(struct fake *fake, int fd);
void fake_ack(struct fake *fake, int fd, const struct fake_pdu *bind);
void fake_nak(struct fake *fake, int fd, const struct fake_pdu *bind,
    uint16_t reason);

/* Answer a request with one fragment. */
void fake_respond(struct fake *fake, int fd, const struct fake_pdu *request,
    const void *stub, size_t size);
void fake_fault(struct fake *fake, int fd, const struct fake_pdu *request,
    uint32_t status, uint8_t flags, const void *data, size_t size);
void fake_shutdown(struct fake *fake, int fd);

/* Encode a response for sending it as one likes; returns its size. */
size_t fake_encode_response(const struct fake_pdu *request, const void *stub,
    size_t size, void *bytes, size_t capacity);
void fake_write(struct fake *fake, int fd, const void *bytes, size_t size);

/* Scripts that several need. Answer a call, or two through one connection, with
 * "world". Answer one, reset the connection, answer another through a new one.
 */
void fake_script_answer_one(struct fake *fake);
void fake_script_answer_two(struct fake *fake);
void fake_script_reset_then_answer(struct fake *fake);

/* close() with an RST. */
void fake_reset(int fd);

#endif
