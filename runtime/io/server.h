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
#include "io/workers.h"
#include "stub/call.h"

/*
 * A server: managers, listeners, connections, and the loop that serves them.
 *
 * The loop belongs to one thread: that which is in becket_server_listen(), or
 * its own with DONT_WAIT, or the user's with becket_server_process(). Sessions
 * and connections are touched by it alone. Other threads reach it in three
 * ways: through stop_wanted and loop_wake(), through the mailbox of answered
 * calls, and through the locks of managers and listeners.
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

/* Calls on their way to the loop: those that have been answered, and those that
 * have waited and may run now.
 */
struct mailbox {
	pthread_mutex_t lock;
	struct list calls;
	bool is_open; /* somebody will look into it */
};

struct becket_server {
	struct becket_runtime *runtime;
	struct becket_limits limits;
	struct call_host host;
	struct managers managers;
	struct objects objects;
	struct tokens tokens;
	struct contexts contexts;
	struct associations associations;

	struct loop loop;
	struct mailbox mailbox;
	struct workers workers;
	struct list conns;
	struct idmap conn_ids; /* struct conn */
	struct list graveyard;

	pthread_mutex_t listeners_lock;
	struct list listeners;
	struct list retired; /* closed, but the loop may still look at them */
	bool accepts;        /* listeners are watched */
	struct timer resume;
	uint64_t quiet_until; /* what must wait need not be said again */
	struct timer drained; /* drain_ms is over */

	atomic_int state;
	atomic_int stop_wanted;
	pthread_mutex_t state_lock; /* for those who wait for state to change */
	pthread_cond_t state_changed;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t auto_lock; /* of listens_by_itself's changes */
	atomic_int by_itself;      /* enum server_by_itself */
	atomic_uint cut_calls;     /* since it began to listen */

	struct registrar registrar; /* its entries in the endpoint map */

	atomic_ullong last_connection; /* of struct becket_peer */
	atomic_ullong calls_in, calls_out, packets_in, packets_out;

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
/* There is room for a connection again. */
void server_accept_more(struct becket_server *server);
/* As the timer says. */
void server_resume(struct timer *timer, uint64_t now);

/* management.c: the interface that every server has. */
BECKET_MUST_USE becket_status management_register(struct becket_server *server);

#endif
