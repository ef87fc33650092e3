/* SPDX-License-Identifier: MIT */
#include "io/server_loop.h"

#include <string.h>
#include <unistd.h>

#include "base/allocate.h"
#include "io/clock.h"
#include "io/memory_cache.h"
#include "io/server.h"
#include "io/thread.h"
#include "stub/server_stream.h"

enum { SWEEP_MS = 1000 };

/* ------------------------------------------------------------- mailbox -- */

static struct server_loop *
home_of(struct call_host *host)
{
	return container_of(host, struct server_loop, host);
}

/* What is posted; list: calls or arrivals. false: nobody will look into the
 * mailbox any more. Each list wakes for itself: while the loop empties one, it
 * has done with the other.
 */
static bool
put(struct server_loop *home, struct list *list, struct list *node)
{
	struct mailbox *mailbox = &home->mailbox;
	bool is_open, was_empty;

	pthread_mutex_lock(&mailbox->lock);
	is_open = mailbox->is_open;
	was_empty = list_is_empty(list);
	if (is_open)
		list_append(list, node);
	pthread_mutex_unlock(&mailbox->lock);
	if (is_open && was_empty)
		loop_wake(&home->loop);
	return is_open;
}

static bool
resume(struct call_host *host, struct becket_call *call)
{
	struct server_loop *home = home_of(host);

	return put(home, &home->mailbox.calls, &call->node);
}

static void
post(struct call_host *host, struct becket_call *call)
{
	call->is_answered = true;
	if (resume(host, call))
		return;
	server_log_call(host->server, call);
	becket_call_free(call);
}

/* Once there it stays there. A mailbox that is closed has nobody to look. */
static void
attend(struct call_host *host, struct server_stream *stream)
{
	struct server_loop *home = home_of(host);
	struct mailbox *mailbox = &home->mailbox;
	bool is_first;

	pthread_mutex_lock(&mailbox->lock);
	is_first = mailbox->is_open && list_is_empty(&mailbox->streams);
	if (mailbox->is_open && list_is_empty(&stream->mail))
		list_append(&mailbox->streams, &stream->mail);
	pthread_mutex_unlock(&mailbox->lock);
	if (is_first)
		loop_wake(&home->loop);
}

static void
forget(struct call_host *host, struct server_stream *stream)
{
	struct mailbox *mailbox = &home_of(host)->mailbox;

	pthread_mutex_lock(&mailbox->lock);
	list_remove(&stream->mail);
	pthread_mutex_unlock(&mailbox->lock);
}

/* NULL: there is no more. */
static struct list *
take(struct server_loop *home, struct list *list)
{
	struct list *node = NULL;

	pthread_mutex_lock(&home->mailbox.lock);
	if (!list_is_empty(list)) {
		node = list->next;
		list_remove(node);
	}
	pthread_mutex_unlock(&home->mailbox.lock);
	return node;
}

/* conn NULL: it is gone. */
static void
deliver_call(struct server_loop *home, struct conn *conn,
    struct becket_call *call)
{
	if (conn == NULL) {
		if (call->is_answered)
			server_log_call(home->server, call);
		becket_call_free(call);
	} else if (call->is_answered) {
		conn_answer(conn, call);
	} else {
		conn_resume(conn, call);
	}
}

static void
make_dirty(struct conn *conn, struct list *dirty)
{
	if (conn == NULL)
		return;
	list_remove(&conn->dirty);
	list_append(dirty, &conn->dirty);
}

/* A call that is freed may make place for another, which is mail, too. */
static void
deliver_calls(struct server_loop *home, struct list *dirty)
{
	struct list *node;

	while ((node = take(home, &home->mailbox.calls)) != NULL) {
		struct becket_call *call =
		    container_of(node, struct becket_call, node);
		struct conn *conn = idmap_get(&home->conn_ids, call->conn);

		deliver_call(home, conn, call);
		make_dirty(conn, dirty);
	}
}

/* While the mailbox is open a call is freed by this thread alone, so the stream
 * is there; but it may have been left by its connection.
 */
static void
deliver_stream(struct server_loop *home, struct server_stream *stream,
    struct list *dirty)
{
	server_stream_notify(stream);
	server_stream_move(stream);
	if (stream->session != NULL)
		make_dirty(idmap_get(&home->conn_ids, stream->call->conn),
		    dirty);
}

static void
move_all(struct list *from, struct list *to)
{
	while (!list_is_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(to, node);
	}
}

/* Those that are there now: a callback may ask for another call of it. */
static void
deliver_streams(struct server_loop *home, struct list *dirty)
{
	struct mailbox *mailbox = &home->mailbox;
	struct list *node;

	pthread_mutex_lock(&mailbox->lock);
	move_all(&mailbox->streams, &mailbox->attended);
	pthread_mutex_unlock(&mailbox->lock);
	while ((node = take(home, &mailbox->attended)) != NULL)
		deliver_stream(home,
		    container_of(node, struct server_stream, mail), dirty);
}

static void
flush_all(struct list *dirty)
{
	while (!list_is_empty(dirty))
		conn_flush(container_of(dirty->next, struct conn, dirty));
}

/* ------------------------------------------------------------ arrivals -- */

/* In one piece with its endpoint. */
static size_t
size_of(const struct arrival *arrival)
{
	return sizeof *arrival + strlen(arrival->endpoint) + 1;
}

static void
complain(const struct server_loop *home)
{
	runtime_log(home->server->runtime, BECKET_LOG_ERROR,
	    "a connection was dropped: out of memory");
}

static void
free_arrival(const struct server_loop *home, struct arrival *arrival)
{
	memory_free(&home->server->runtime->memory, arrival, size_of(arrival));
}

static struct arrival *
copy_arrival(const struct server_loop *home, const struct arrival *arrival)
{
	struct arrival *copy =
	    memory_new(&home->server->runtime->memory, size_of(arrival));

	if (copy == NULL)
		return NULL;
	*copy = *arrival;
	list_init(&copy->node);
	copy->endpoint = strcpy((char *)(copy + 1), arrival->endpoint);
	return copy;
}

static void
open_conn(struct server_loop *home, const struct arrival *arrival)
{
	if (conn_open(home, arrival) != BECKET_S_OK)
		complain(home);
}

static void
send_away(struct server_loop *home, const struct arrival *arrival)
{
	close(arrival->fd);
	server_connection_ended(home->server, &arrival->peer);
	complain(home);
}

void
server_loop_give(struct server_loop *home, const struct arrival *arrival)
{
	struct arrival *copy;

	if (home == home->server->loops) {
		open_conn(home, arrival);
		return;
	}
	copy = copy_arrival(home, arrival);
	if (copy != NULL && put(home, &home->mailbox.arrivals, &copy->node))
		return;
	if (copy != NULL)
		free_arrival(home, copy);
	send_away(home, arrival);
}

static void
deliver_arrivals(struct server_loop *home)
{
	struct list *node;

	while ((node = take(home, &home->mailbox.arrivals)) != NULL) {
		struct arrival *arrival =
		    container_of(node, struct arrival, node);

		open_conn(home, arrival);
		free_arrival(home, arrival);
	}
}

/* Do what is in the mailbox. */
static void
deliver(struct server_loop *home)
{
	struct list dirty;

	list_init(&dirty);
	deliver_arrivals(home);
	deliver_streams(home, &dirty);
	deliver_calls(home, &dirty);
	flush_all(&dirty);
}

/* ---------------------------------------------------------------- life -- */

/* What is unregistered is not held for ever by a stream that has no end. */
static void
sweep(struct server_loop *home)
{
	unsigned sweeps = atomic_load(&home->server->sweeps);

	if (home->swept == sweeps)
		return;
	home->swept = sweeps;
	list_for_each (node, &home->conns) {
		struct conn *conn = container_of(node, struct conn, node);

		if (conn->streams == 0)
			continue;
		conn_sweep_streams(conn);
		conn_flush(conn);
	}
}

static void
sweep_memory(struct timer *timer, uint64_t now)
{
	struct server_loop *home =
	    container_of(timer, struct server_loop, sweeper);

	timer->at = 0;
	memory_cache_sweep(home->server->runtime->memory_cache, now);
}

static void
plan_sweep(struct server_loop *home)
{
	if (home->sweeper.at == 0 &&
	    memory_cache_size(home->server->runtime->memory_cache) > 0)
		loop_set_timer(&home->loop, &home->sweeper,
		    home->loop.now + clock_from_ms(SWEEP_MS));
}

static void
woken(struct loop *loop)
{
	struct server_loop *home = container_of(loop, struct server_loop, loop);

	if (home == home->server->loops)
		registrar_look(&home->server->registrar);
	deliver(home);
	sweep(home);
}

becket_status
server_loop_init(struct server_loop *home, struct becket_server *server,
    const struct call_host *host)
{
	home->server = server;
	home->host = *host;
	home->host.post = post;
	home->host.resume = resume;
	home->host.attend = attend;
	home->host.forget = forget;
	home->conn_ids = idmap_empty(host->memory, host->limits->connections);
	list_init(&home->conns);
	list_init(&home->graveyard);
	timer_init(&home->sweeper, sweep_memory);
	list_init(&home->mailbox.calls);
	list_init(&home->mailbox.streams);
	list_init(&home->mailbox.attended);
	list_init(&home->mailbox.arrivals);
	pthread_mutex_init(&home->mailbox.lock, NULL);
	return loop_init(&home->loop, woken);
}

void
server_loop_fini(struct server_loop *home)
{
	if (home->server == NULL)
		return;
	idmap_fini(&home->conn_ids);
	loop_fini(&home->loop);
	pthread_mutex_destroy(&home->mailbox.lock);
}

void
server_loop_open_mailbox(struct server_loop *home, bool is_open)
{
	struct mailbox *mailbox = &home->mailbox;
	pthread_mutex_lock(&mailbox->lock);
	mailbox->is_open = is_open;
	while (!list_is_empty(&mailbox->streams))
		list_remove(mailbox->streams.next);
	pthread_mutex_unlock(&mailbox->lock);
}

/* What the first loop has accepted, it has accepted before. */
void
server_loop_drain(struct server_loop *home)
{
	home->is_draining = true;
	loop_enter();
	deliver_arrivals(home);
	list_for_each (node, &home->conns)
		conn_drain(container_of(node, struct conn, node));
	loop_leave();
}

void
server_loop_close_conns(struct server_loop *home)
{
	while (!list_is_empty(&home->conns)) {
		struct conn *conn =
		    container_of(home->conns.next, struct conn, node);

		atomic_fetch_add(&home->server->cut_calls,
		    conn_count_calls(conn));
		conn_close(conn);
	}
}

void
server_loop_bury(struct server_loop *home)
{
	while (!list_is_empty(&home->graveyard))
		conn_free(
		    container_of(home->graveyard.next, struct conn, node));
	plan_sweep(home);
}

void
server_loop_end(struct server_loop *home)
{
	loop_enter();
	deliver(home); /* streams learn that they are cancelled */
	server_loop_open_mailbox(home, false);
	deliver(home);
	loop_leave();
	server_loop_bury(home);
}

/* ---------------------------------------------------------- other loops -- */

void
server_wake_others(struct becket_server *server)
{
	for (uint32_t i = 1; i < server->loop_count; i++)
		loop_wake(&server->loops[i].loop);
}

/* They drain when the first loop has begun to: then it accepts no more. */
static bool
turn_other(struct server_loop *home)
{
	struct becket_server *server = home->server;
	bool is_draining;

	loop_turn(&home->loop, loop_timeout(&home->loop));
	is_draining = atomic_load(&server->state) == SERVER_DRAINING;
	if (is_draining && !home->is_draining)
		server_loop_drain(home);
	if (is_draining && atomic_load(&server->stop_wanted) == STOP_NOW)
		server_loop_close_conns(home);
	server_loop_bury(home);
	return !is_draining || !list_is_empty(&home->conns);
}

static void *
run_other(void *argument)
{
	struct server_loop *home = argument;
	struct becket_server *server = home->server;

	while (turn_other(home))
		;
	server_loop_end(home);
	atomic_fetch_sub(&server->others, 1);
	loop_wake(&server->loops->loop);
	return NULL;
}

void
server_join_others(struct becket_server *server)
{
	for (uint32_t i = 1; i < server->started; i++)
		pthread_join(server->loops[i].thread, NULL);
	server->started = 0;
}

bool
server_start_others(struct becket_server *server)
{
	server->started = 1;
	while (server->started < server->loop_count) {
		struct server_loop *home = &server->loops[server->started];

		atomic_fetch_add(&server->others, 1);
		if (!thread_start(&home->thread, run_other, home)) {
			atomic_fetch_sub(&server->others, 1);
			return false;
		}
		server->started++;
	}
	return true;
}
