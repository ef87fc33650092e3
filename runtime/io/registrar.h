/* SPDX-License-Identifier: MIT */
#ifndef IO_REGISTRAR_H
#define IO_REGISTRAR_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "io/loop.h"
#include "stub/invoke.h"

/*
 * What a server has in the endpoint map of its host, and the connection to the
 * mapper that keeps it there: the mapper forgets the entries of a registrant
 * that is gone.
 *
 *   WANTED ──inserted──► ENTERED ──unregistered──► UNWANTED ──deleted──► freed
 *     ▲                     │
 *     └── connection lost ──┘   and the loop's timer tries again until there
 *                               is a mapper
 *
 * No thread is needed, and none is kept waiting: the connection is pumped
 * without blocking, by the server's loop, or by whoever registers and waits
 * for the answer. One at a time has the lock; the loop does not wait for it
 * either, but is woken when it is free.
 */
enum registration_state {
	REGISTRATION_WANTED,
	REGISTRATION_ENTERED,
	REGISTRATION_UNWANTED,
	REGISTRATION_REFUSED,
};

/* The entries of one interface, object and endpoint. */
struct registration {
	struct list node;
	enum registration_state state;
	becket_status status; /* of the refusal */
	struct syntax_id interface;
	struct becket_uuid object;
	char *binding;      /* string binding, to tell it from others */
	struct buffer stub; /* of the insert */
	size_t delete_size; /* of stub, for the delete */
};

struct registrar {
	struct becket_runtime *runtime;
	struct loop *loop;
	atomic_bool wants_look, wants_stop;

	pthread_mutex_t lock;
	struct list registrations;
	struct watch watch;
	struct timer timer;
	struct session *session;      /* NULL: not connected */
	bool is_lost;                 /* the connection; to be cleaned up */
	bool is_full;                 /* the socket: wait until it takes more */
	struct registration *current; /* whose call runs; NULL: none */
	struct invoke invoke;
	uint64_t retry_at; /* 0: not */
	uint32_t retry_ms;
};

BECKET_MUST_USE becket_status registrar_init(struct registrar *registrar,
    struct becket_runtime *runtime, struct loop *loop);
/* The loop does not run any more. A zeroed one is fine. */
void registrar_fini(struct registrar *registrar);

/* With registrar_lock() held from here on, until registrar_unlock(). */
void registrar_lock(struct registrar *registrar);
/* And let the loop look after what has changed. */
void registrar_unlock(struct registrar *registrar);

/* NULL: no memory. */
struct registration *registration_new(struct registrar *registrar,
    const char *binding, size_t stub_size);
void registration_free(struct registrar *registrar,
    struct registration *registration);

/* Bring the map to what is wanted, until it is or the deadline has passed.
 * S_SERVER_UNAVAILABLE: there is no mapper, or it went away. S_CALL_CANCELLED:
 * it does not answer. Refusals are for the caller to look at.
 */
BECKET_MUST_USE becket_status registrar_settle(struct registrar *registrar,
    uint64_t deadline);

/* In the loop's thread, when it has been woken. */
void registrar_look(struct registrar *registrar);

/* Any thread: the server stops, and nothing of it is to be found any more. */
void registrar_stop(struct registrar *registrar);

#endif
