/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_CONTEXT_STORE_H
#define TESTS_LIVE_CONTEXT_STORE_H

#include "store.becket.h"
#include "tests/live/raw.h"

/*
 * A server of store.proto, and clients with a runtime each, so that each has an
 * association of its own.
 *
 * Open:   "" opens; "null" does not; "fail" sets the handle and fails; "huge"
 *         gives more than a response may have; "defer" is answered later.
 * Look, Change: "" returns; "hold" is deferred until store_answer(); "fail".
 * Alter:  "close", "keep", "open", "exchange"; with "fail" or "huge" or "hold"
 *         behind it.
 * Watch, Follow: a number tells so often; "forever" goes on until it is ended;
 *         "hold" is deferred, and told by store_push(). Watch is on a worker.
 * Fill:   the last piece says, as Open's.
 */
struct store_handle {
	unsigned number;
	unsigned changes; /* guarded by nothing but the context's lock */
	atomic_uint inside, together;
};

struct store {
	struct echo echo;
	atomic_uint opened, closed, run_down, misused;
	atomic_uint held, looks, changes, watches, cut;
	atomic_uint order[64]; /* of changes, by their number */
};
extern struct store store;

enum { HELD_MOST = 64 };
struct held {
	struct becket_token token;
	struct store_handle *handle;
	struct becket_stream *stream;
	uint16_t opnum;
	unsigned how;
};
extern struct held held[HELD_MOST];

enum { ALTER_CLOSE, ALTER_KEEP, ALTER_OPEN, ALTER_EXCHANGE };

/* limits may be NULL. */
void store_start(const struct becket_limits *limits);
void store_start_as(const struct becket_limits *limits,
    const struct becket_server_options *options);
/* Everything that was opened has been closed or run down, once. */
void store_stop(void);

/* Answer the call that was held as this one, from 0. */
void store_answer(unsigned index);

/* Tell who watches, through the call that was held as this one. */
becket_status store_push(unsigned index, int64_t number);

/* Open now, by the server's own count. */
unsigned store_count(void);
/* Opened and neither closed nor run down, by the manager's. */
unsigned store_left(void);

struct client {
	struct becket_runtime *runtime;
	struct becket_binding *binding;
};

/* limits may be NULL; which: 0 TCP, 1 local, 2 gRPC. */
struct client client_start(size_t which, const struct becket_limits *limits);
/* All of its connections are closed. */
void client_stop(struct client *client);

struct store_handle *client_open(struct client *client);
becket_status client_open_how(struct becket_binding *binding, const char *how,
    struct store_handle **ret_handle);
becket_status client_look(struct becket_binding *binding,
    struct store_handle *handle, const char *how);
becket_status client_change(struct becket_binding *binding,
    struct store_handle *handle, const char *how);
becket_status client_alter(struct becket_binding *binding,
    struct store_handle **handle, const char *how);

/* Whatever allocation of a client fails, nothing is lost. work does what a
 * client does with handles, and says how much of it went well: all, at the end,
 * when none fails.
 */
typedef unsigned store_use(struct becket_runtime *runtime,
    struct becket_binding *binding);
void store_use_with_failures(size_t which, store_use *work, unsigned all);

#endif
