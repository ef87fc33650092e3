/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_RAW_H
#define TESTS_LIVE_RAW_H

#include <stdbool.h>

#include "tests/live/echo.h"
#include "wire/pdu.h"

/*
 * A client that is a socket and nothing more, to do what ours would not. It
 * fails the test where the server does not do its part in time.
 */
enum {
	RAW_FRAGMENT = 65528,
	RAW_RESET = -1, /* raw_read_end(): the connection was reset */
	RAW_EOF = 0,
};

struct raw_reply {
	struct pdu pdu;
	uint8_t bytes[RAW_FRAGMENT]; /* what the pdu's views point into */
};

/* Connected; which: 0 TCP, 1 local. */
int raw_connect(struct echo *echo, size_t which);
void raw_send(int fd, const void *data, size_t size);

/* Bind to the interface as context 0, and see it accepted. */
void raw_bind(int fd, const struct becket_uuid *uuid, uint16_t major,
    enum transfer_syntax syntax);
/* And do not wait for the answer. */
void raw_ask_bind(int fd, const struct becket_uuid *uuid, uint16_t major,
    enum transfer_syntax syntax);
/* Likewise, in an association group; 0: a new one. */
void raw_ask_bind_in(int fd, uint32_t association,
    const struct becket_uuid *uuid, uint16_t major,
    enum transfer_syntax syntax);
/* Connected and bound to echo_interface with our syntax. */
int raw_open(struct echo *echo, size_t which);

/* One whole request in data; returns its size. In our syntax text must begin
 * with its byte of flags.
 */
size_t raw_request(uint32_t call, uint16_t opnum, const void *stub,
    size_t stub_size, uint8_t data[RAW_FRAGMENT]);
/* And send it. */
void raw_ask(int fd, uint32_t call, uint16_t opnum, const char *text);
/* A PDU that is a header alone. */
void raw_say(int fd, enum pdu_type type, uint32_t call);

/* The next PDU. false: end of file. */
bool raw_read(int fd, struct raw_reply *ret_reply);
/* A response to that call, one fragment, with this text. */
void raw_expect(int fd, uint32_t call, const char *text);
/* A fault to that call. */
void raw_expect_fault(int fd, uint32_t call, uint32_t status, uint8_t flags);
/* RAW_EOF or RAW_RESET; anything else fails the test. */
int raw_read_end(int fd);

/* Close so that the server is sent a reset. */
void raw_reset(int fd);

#endif
