/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_STREAM_BENCH_H
#define TESTS_LIVE_STREAM_BENCH_H

#include <semaphore.h>

#include "tests/live/echo.h"
#include "tests/live/wire_client.h"

/*
 * A server with streams of all kinds, described by hand: messages are bytes.
 * What is named ..._ON runs on the loop: deferred, it goes on by its callback.
 */
enum stream_operation {
	POUR, /* "count size": so many messages of that size */
	POUR_ON,
	ADD, /* a stream; the answer is "count bytes" */
	ADD_ON,
	CHAT, /* every message comes back */
	CHAT_ON,
	KEEP,  /* deferred: bench.token, bench.stream; nobody does anything */
	STARE, /* receives until it fails: bench.seen */
	WAIT,  /* sends messages until it fails: bench.seen */
	FAIL_LATE, /* two messages, then a failure with a sentence */
	LOOK, /* on the loop: what it may do at once goes to bench.looked */
	STREAM_OPERATIONS,
};

extern const struct becket_interface stream_interface;
extern const struct becket_routines stream_routines;

struct stream_bench {
	struct echo echo;
	sem_t kept; /* posted when KEEP, STARE, WAIT and LOOK have begun */
	struct becket_token token;
	struct becket_stream *stream;
	_Atomic unsigned seen; /* a status */
	atomic_uint passed;    /* messages that STARE and WAIT got through */
	becket_status looked[6];
};

/* It listens. flags: of the registration. */
void stream_bench_start(struct stream_bench *bench,
    const struct becket_limits *limits, unsigned loops, unsigned flags);
void stream_bench_stop(struct stream_bench *bench);

/* which: 0 TCP, 1 local, 2 gRPC, which takes a session of its. */
void stream_bench_connect(struct stream_bench *bench, size_t which,
    struct wire_client *client);
/* The session of a door's client; set by tests that know one. */
extern struct session *(*stream_bench_door)(void);

#endif
