/* SPDX-License-Identifier: MIT */
#ifndef GRPC_PEER_H
#define GRPC_PEER_H

#include <nghttp2/nghttp2.h>

#include "engine/door.h"
#include "engine/registry.h"
#include "engine/session.h"
#include "test_memory.h"

/*
 * The peer of a session of gRPC: it makes its frames by hand, whether they are
 * right or not, reads those of the session, and has its own time. Everything
 * fails the test that is not as it is to be.
 */
enum { HEAD = 9, SECOND = 1000000000 };

struct peer {
	struct door_names names; /* first */
	struct test_memory test;
	struct becket_limits limits;
	struct registered interface;
	struct session *session;
	uint8_t in[1 << 20]; /* what it has sent */
	size_t size, at;
	uint64_t now;
};

/* There is one at a time, of a server or of a client, until it is finished. */
extern struct peer peer;

/* Of a server that waits for our SETTINGS to be acknowledged, and of one that
 * has it.
 */
void peer_greet(void);
void peer_serve(void);
/* Of a client that has heard nothing. */
void peer_connect(uint32_t ping_ms);
void peer_finish(void);

/* ------------------------------------------------------------ to send -- */

void peer_feed(const void *data, size_t size);
void peer_send(uint8_t type, uint8_t flags, uint32_t stream,
    const void *payload, size_t size);
void peer_send_setting(uint16_t id, uint32_t value);
void peer_ping(void);

/* Names and values in turn, a NULL behind them; more may be NULL. */
void peer_send_fields(uint32_t stream, uint8_t flags, const char *const *fields,
    const char *const *more);
extern const char *const peer_request[];
/* Of a response, as a server gives it. */
void peer_answer(uint32_t stream);
void peer_answer_code(uint32_t stream, const char *code, const char *status);

/* Returns the size. */
size_t peer_put_field(uint8_t *at, const char *name, const char *value);
void peer_put_u32(uint8_t *at, uint32_t value);
uint32_t peer_get_u32(const uint8_t *at);

/* ------------------------------------------------------------ to read -- */

/* All that the session wants to send now. */
void peer_gather(void);
/* The next frame of a type that it has sent; NULL: there is none. */
const uint8_t *peer_find(uint8_t type);
uint32_t peer_stream_of(const uint8_t *frame);
void peer_expect_reset(uint32_t stream, uint32_t error);
void peer_expect_goaway(uint32_t error);
/* Of the first block that the session has sent; value NULL: it has none. */
void peer_expect_field(const uint8_t *frame, const char *name,
    const char *value);

/* ---------------------------------------------------------- the session -- */

/* The next event is of this kind; what it has is gone. */
struct session_event peer_told(enum session_event_kind kind);
void peer_told_nothing(void);

/* A client's call; deadline 0: it has none. */
struct idmap_id peer_begin(uint64_t deadline);
void peer_call(uint64_t deadline); /* that has said all */
void peer_end_call(struct idmap_id id);

void peer_tick_after(uint64_t seconds);

#endif
