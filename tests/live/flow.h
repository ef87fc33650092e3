/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_FLOW_H
#define TESTS_LIVE_FLOW_H

#include <stdatomic.h>

#include "tests/live/echo.h"

/*
 * Operations with streams, beside those of echo.h on the same server; their
 * routines wait, on workers. Messages are bytes.
 */
enum flow_operation {
	COUNT, /* "n size": n messages of that size, each of one letter */
	SUM,   /* messages -> "n size", altogether */
	TALK,  /* each message comes back */
	BREAK, /* "n": n messages, then a failure with a sentence */
	SOON,  /* answers when the first message is there, and reads no more */
	DEAF,  /* reads nothing until flow.gate opens; then as SUM */
	STUBBORN, /* as DEAF, and does not care whether it is cancelled */
	GREET,    /* says "hello" before it reads; then as TALK */
	FLOW_OPERATIONS,
};

extern const struct becket_interface flow_interface;

enum { FLOW_NUMBERS = 8192 };

struct flow {
	atomic_bool gate;
	atomic_uint running, ended; /* routines */
	atomic_uint heard;          /* messages that SUM and TALK got */
	/* How often routines were entered for the object whose time_low it is.
	 */
	atomic_uint entered[FLOW_NUMBERS];
	atomic_uint last; /* status that the last one ended with */
};

/* On a server that does not listen yet, or does. */
void flow_register(struct flow *flow, struct echo *echo);

/* Of a client. open: request NULL for a stream. */
struct becket_stream *flow_open(struct becket_binding *binding, uint16_t opnum,
    const char *request);
becket_status flow_send(struct becket_stream *stream, uint16_t opnum,
    const void *data, size_t size);
becket_status flow_receive(struct becket_stream *stream, uint16_t opnum,
    struct becket_bytes **ret_message);
becket_status flow_finish(struct becket_stream **stream, uint16_t opnum,
    struct becket_bytes **ret_response);

/* What is sent where it matters how much it is. */
enum { FLOW_PIECE = 16384 };
extern const char flow_piece[FLOW_PIECE];

/* Make it not wait, and fill it until it takes no more pieces; how many it
 * took.
 */
unsigned flow_fill(struct becket_stream *stream, uint16_t opnum);

/* They must succeed. */
void flow_expect(struct becket_stream *stream, uint16_t opnum,
    const char *message);
void flow_expect_end(struct becket_stream **stream, uint16_t opnum);
void flow_expect_response(struct becket_stream **stream, uint16_t opnum,
    const char *response);

#endif
