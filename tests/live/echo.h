/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_ECHO_H
#define TESTS_LIVE_ECHO_H

#include <stdatomic.h>

#include "becket_stub.h"

/*
 * A server for tests, in this process: one interface whose messages are bytes,
 * described by hand, on TCP and on a Unix socket, served by a thread.
 */
enum echo_operation {
	ECHO,    /* the request comes back */
	FILL,    /* as many bytes as the decimal request says */
	FAIL,    /* fails with a sentence */
	HOLE,    /* there is no such operation */
	STREAM,  /* an operation with a stream */
	ABSENT,  /* no manager routine */
	PEER,    /* who calls, in text */
	HOLD,    /* deferred: echo.token */
	BLOCK,   /* runs until echo.gate opens, then answers */
	DECIDE,  /* deferred, and answered before the routine returns */
	PROMISE, /* says that it will be answered, but does not defer */
	STOP,    /* stops the server that it runs on */
	CHANGE,  /* registers its interface for a type, and takes that back */
	WORK,    /* as BLOCK, on a worker */
	LATER,   /* as HOLD, on a worker */
	ECHO_OPERATIONS,
};

extern const struct becket_interface echo_interface;
extern const struct becket_routines echo_routines;

struct echo {
	struct becket_runtime *runtime;
	struct becket_server *server;
	char dir[32];       /* of Unix sockets */
	char *addresses[3]; /* string bindings: TCP, local, gRPC if equipped */
	unsigned port;

	/* HOLD: posted when a call has been deferred. */
	_Atomic unsigned held;
	struct becket_token token;
	atomic_bool gate;
	atomic_uint running; /* of BLOCK, begun so far */
	/* Lines of log. */
	atomic_uint accesses, warnings;
	atomic_uint request_bytes, response_bytes; /* of the last access */
};

/* What is done to runtimes when they are new, or NULL. Tests that link with
 * gRPC set it to becket_grpc_enable().
 */
extern becket_status (*echo_equip)(struct becket_runtime *runtime);

/* limits may be NULL. Registered and bound; it listens when start does. */
void echo_open(struct echo *echo, const struct becket_limits *limits);
void echo_open_as(struct echo *echo, const struct becket_limits *limits,
    const struct becket_server_options *options);
/* As open, and listening in a thread. */
void echo_start(struct echo *echo, const struct becket_limits *limits);
/* Stop, wait, free. */
void echo_stop(struct echo *echo);

/* Wait for something another thread does; fails the test after a while. */
#define WAIT_UNTIL(condition) \
	do { \
		unsigned patience = 20000; \
		while (!(condition) && --patience > 0) \
			echo_yield(); \
		assert_true(condition); \
	} while (0)
void echo_yield(void);

/* A call through a binding handle; the response has to be as said. */
struct becket_binding *echo_bind(struct echo *echo, const char *address);
becket_status echo_call(struct becket_binding *binding, uint16_t opnum,
    const char *request, struct becket_bytes **ret_response);
void echo_expect(struct becket_binding *binding, uint16_t opnum,
    const char *request, const char *response);

/* Descriptors that this process has open. */
unsigned echo_count_descriptors(void);

#endif
