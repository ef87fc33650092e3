/* SPDX-License-Identifier: MIT */
#ifndef IO_CONNECTOR_H
#define IO_CONNECTOR_H

#include <stdint.h>

#include "io/protseq.h"
#include "io/resolver.h"
#include "io/runtime.h"

/*
 * From a name to a connected socket without waiting: every address that the
 * resolver gives is tried within the deadline, each with its share of what is
 * left.
 *
 *   RESOLVING -----------> CONNECTING --+--> connected
 *       |                   |      ^    |
 *       |                   |      +----+ the next address
 *       +--> failed <-------+
 *
 * A Unix socket whose backlog is full has nothing to wait for, so it is asked
 * again and again: RETRYING.
 *
 * One thread at a time.
 */
struct connect_target {
	const struct protseq *protseq;
	const char *host;     /* "": this host */
	const char *endpoint; /* as protseq has found fit */
};

/* Why it failed: "127.0.0.1:4747: Connection refused", one after the other for
 * each address that was tried.
 */
enum { CONNECT_WHY_SIZE = 320 };

enum connector_state {
	CONNECTOR_RESOLVING,
	CONNECTOR_CONNECTING,
	CONNECTOR_RETRYING,
	CONNECTOR_OVER,
};

struct connector {
	const struct becket_runtime *runtime;
	struct connect_target target; /* views */
	uint64_t deadline;
	enum connector_state state;
	struct resolver resolver;
	uint32_t at; /* the address that is tried */
	int fd;
	uint64_t until; /* of this address, or when to try again */
	becket_status status;
	char why[CONNECT_WHY_SIZE];
};

/* The strings of target outlive the connector. */
void connector_start(struct connector *connector,
    const struct becket_runtime *runtime, const struct connect_target *target,
    uint64_t deadline);

/* What to wait for before the next step: events as for poll() on a descriptor,
 * -1 for none, and a time.
 */
int connector_fd(const struct connector *connector);
short connector_events(const struct connector *connector);
uint64_t connector_until(const struct connector *connector);

/* S_ASYNC_CALL_PENDING: not yet. S_OK: *ret_fd is a socket that does not block,
 * is closed by exec, and does not delay small packets; the caller's. Else
 * connector->why says more: S_SERVER_UNAVAILABLE (also when the deadline has
 * passed), S_OUT_OF_RESOURCES, S_OUT_OF_MEMORY, S_STRING_TOO_LONG.
 */
BECKET_MUST_USE becket_status connector_step(struct connector *connector,
    int *ret_fd);

/* Leaves no descriptor. */
void connector_fini(struct connector *connector);

#endif
