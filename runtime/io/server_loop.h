/* SPDX-License-Identifier: MIT */
#ifndef IO_SERVER_LOOP_H
#define IO_SERVER_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/idmap.h"
#include "io/loop.h"
#include "io/peer_limit.h"
#include "io/protseq.h"
#include "stub/call.h"

/*
 * One of the loops of a server, and the connections that are pinned to it. It
 * belongs to one thread, which alone touches its connections and their
 * sessions. Others reach it by its mailbox, which takes
 *
 *   calls      that have been answered, or have waited and may run now
 *   streams    whose managers have received or sent
 *   arrivals   connections that the first loop has accepted for it
 */
struct mailbox {
	pthread_mutex_t lock;
	struct list calls;
	struct list streams;
	struct list attended; /* of these, those it is about to look at */
	struct list arrivals;
	bool is_open; /* somebody will look into it */
};

/* A connection on its way to its loop. */
struct arrival {
	struct list node;
	int fd;
	struct sockaddr_storage address;
	socklen_t size;
	const struct protseq *protseq;
	const char *endpoint; /* of the listener */
	struct peer_key peer; /* as it is counted */
};

struct server_loop {
	struct loop loop;
	struct becket_server *server;
	struct call_host host;
	struct mailbox mailbox;
	struct list conns;
	struct idmap conn_ids; /* struct conn */
	struct list graveyard;
	struct timer
	    sweeper; /* of memory that nobody wants; see memory_cache.h */
	bool is_draining;
	unsigned swept;   /* as many unregistrations as it knows of */
	pthread_t thread; /* not of the first loop */
	atomic_ullong calls_in, calls_out, packets_in, packets_out;
};

/* S_SYSTEM. host is copied, and gets post, resume, attend and forget. */
BECKET_MUST_USE becket_status server_loop_init(struct server_loop *home,
    struct becket_server *server, const struct call_host *host);
/* It does not run any more. A zeroed one is fine. */
void server_loop_fini(struct server_loop *home);

/* What others post is taken from now on, or refused. */
void server_loop_open_mailbox(struct server_loop *home, bool is_open);

/* Have a connection served. It is closed if there is no memory for it. The
 * first loop's thread.
 */
void server_loop_give(struct server_loop *home, const struct arrival *arrival);

/* The loop's own thread, all of these. Let all connections finish what was
 * begun.
 */
void server_loop_drain(struct server_loop *home);
void server_loop_close_conns(struct server_loop *home);
/* Between turns of the loop. */
void server_loop_bury(struct server_loop *home);
/* Nothing comes any more: answers from now on are for nobody. */
void server_loop_end(struct server_loop *home);

/* The threads of all loops but the first, which drain when it has begun to, and
 * wake it when they have ended. false: not all could be started; those that
 * were are there.
 */
bool server_start_others(struct becket_server *server);
void server_wake_others(struct becket_server *server);
/* They have ended, or are about to. */
void server_join_others(struct becket_server *server);

#endif
