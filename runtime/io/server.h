/* SPDX-License-Identifier: MIT */
#ifndef IO_SERVER_H
#define IO_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/association.h"
#include "io/conn.h"
#include "io/loop.h"
#include "io/registrar.h"
#include "io/runtime.h"
#include "io/server_loop.h"
#include "io/workers.h"
#include "stub/call.h"
#include "stub/names.h"

/*
 * A server: managers, listeners, and the loops that serve its connections.
 *
 * The first loop belongs to the thread that is in becket_server_listen(), or to
 * one of the library's with DONT_WAIT, or to the user's with
 * becket_server_process(); it accepts, and what concerns the whole server is
 * done there. The others, where there are more, have threads of the library's
 * that come and go with the server's listening. A connection is pinned to the
 * loop that it is given when it is accepted, one loop after the other.
 *
 *   IDLE ──start──► LISTENING ──stop──► DRAINING ──all closed──► IDLE, or
 *    ▲                                    │ stop_now, drain_ms     STOPPED
 *    └────────────── wait ────────────────┴───────────────────────────┘
 */
enum server_state {
	SERVER_IDLE,
	SERVER_LISTENING,
	SERVER_DRAINING,
	SERVER_STOPPED, /* the library's own thread is to be waited for */
};

enum {
	STOP_NOT = 0,
	STOP_DRAIN,
	STOP_NOW,
};

enum server_by_itself {
	BY_ITSELF_NOT,
	BY_ITSELF_LISTENS,
	BY_ITSELF_ENDED, /* its thread is still to be waited for */
};

struct becket_server {
	struct becket_runtime *runtime;
	struct becket_limits limits;
	struct call_host host; /* what those of the loops have in common */
	struct managers managers;
	struct manager_names names;
	struct objects objects;
	struct tokens tokens;
	struct contexts contexts;
	struct holds holds;
	struct associations associations;
	pthread_mutex_t associations_lock;

	struct server_loop *loops; /* the first one is that which accepts */
	uint32_t loop_count;
	uint32_t next_loop;      /* to be given a connection */
	uint32_t started;        /* loops, the first included */
	atomic_uint others;      /* loops that run besides the first */
	int told;                /* what others know of stop_wanted */
	atomic_uint connections; /* accepted, and not closed */
	struct peer_limit peers; /* whose they are */
	struct workers workers;

	pthread_mutex_t listeners_lock;
	struct list listeners;
	struct list retired; /* closed, but the loop may still look at them */
	bool accepts;        /* listeners are watched */
	struct timer resume;
	uint64_t quiet_until; /* what must wait need not be said again */
	uint64_t refused;     /* for their peers had enough */
	uint64_t refused_quiet_until;
	struct timer drained; /* drain_ms is over */

	atomic_int state;
	atomic_int stop_wanted;
	pthread_mutex_t state_lock; /* for those who wait for state to change */
	pthread_cond_t state_changed;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t auto_lock; /* of by_itself's changes */
	atomic_int by_itself;      /* enum server_by_itself */
	atomic_uint cut_calls;     /* since it began to listen */
	atomic_uint sweeps;        /* counts unregistrations, for the loops */

	struct registrar registrar; /* its entries in the endpoint map */

	atomic_ullong last_connection; /* of struct becket_peer */

	struct door_equipment *equipment; /* or NULL */

	bool (*allow)(void *user, struct becket_call *call,
	    enum becket_mgmt_operation operation);
	void *allow_user;
};

/* Say that a call has been answered. */
void server_log_call(const struct becket_server *server,
    const struct becket_call *call);

/* server_listen.c: the states. */

/* How long, in nanoseconds, a conn that has said all waits for its peer to
 * close.
 */
uint64_t server_linger(const struct becket_server *server);
bool server_is_listening(const struct becket_server *server);
/* An interface with AUTOLISTEN has been registered. */
BECKET_MUST_USE becket_status server_begin_by_itself(
    struct becket_server *server);
/* Some interface has been unregistered: was it the last of these? */
void server_end_by_itself(struct becket_server *server);
/* drain_ms is over. */
void server_cut(struct timer *timer, uint64_t now);
/* Stop at once, close all connections, join the thread: before it is freed. */
void server_end(struct becket_server *server);

/* server_accept.c: the listeners. */

/* Begin to accept, if there is a listener. */
BECKET_MUST_USE becket_status server_accept_start(struct becket_server *server);
/* Close all listeners. */
void server_accept_stop(struct becket_server *server);
/* Between turns of the loop: free the listeners that are used no more. */
void server_accept_bury(struct becket_server *server);
/* A connection is gone: there is room for another. Any thread. */
void server_connection_ended(struct becket_server *server,
    const struct peer_key *peer);
/* As the timer says. */
void server_resume(struct timer *timer, uint64_t now);

/* server_equipment.c: what the runtime's door has put into it. */
BECKET_MUST_USE becket_status server_equip(struct becket_server *server,
    unsigned without);
void server_unequip(struct becket_server *server);
void server_tell_equipment(struct becket_server *server,
    enum door_change change);

/* management.c: the interface that every server has. */
BECKET_MUST_USE becket_status management_register(struct becket_server *server);

#endif
