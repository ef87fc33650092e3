/* SPDX-License-Identifier: MIT */
#ifndef FAKE_CALLER_H
#define FAKE_CALLER_H

#include "becket_stub.h"

/*
 * Who calls a fake server (fake_server.h): a runtime of its own, and calls of
 * one interface whose messages are bytes. All of these fail the test.
 */
enum caller_operation {
	ECHO,
	STREAM,  /* an operation with a stream */
	HOLE,    /* there is no such operation */
	HURRIED, /* with a timeout of its own, 300 ms */
};

extern const struct becket_interface caller_echo;

/* Of a group of tests: the runtime. */
int caller_setup(void **state);
int caller_teardown(void **state);

/* A handle whose connection ends with it. */
struct becket_binding *caller_handle(const char *string);
becket_status caller_call(struct becket_binding *binding, uint16_t opnum,
    const void *data, size_t size);
/* A call that goes well and is answered so. */
void caller_gets(struct becket_binding *binding, const char *expected);
/* One that does not; words: some of its sentence. */
void caller_fails(struct becket_binding *binding, becket_status status,
    enum becket_outcome outcome, const char *words);
/* What the last one that failed says. */
void caller_was_told(const char *words);

/* The only connection, which no call is using. */
struct client_conn *caller_idle_conn(struct becket_binding *binding);
/* As after a longer pause: the client then asks whether it lives. */
void caller_make_idle(struct becket_binding *binding);
/* As if just used, however slow this machine is: the client does not look. */
void caller_make_fresh(struct becket_binding *binding);

uint64_t caller_ms_since(uint64_t start);

#endif
