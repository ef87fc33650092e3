/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include <poll.h>

#include "io/clock.h"
#include "io/error.h"

/* For a peer that keeps its connection for the next call, and does not read
 * before it: our last words have long reached its machine, and to wait until
 * it closes would hold up every stop.
 */
enum { DRAINED_LINGER_MS = 250 };

/* -------------------------------------------------------------- states -- */

static void
set_state(struct becket_server *server, enum server_state state)
{
	pthread_mutex_lock(&server->state_lock);
	atomic_store(&server->state, (int)state);
	pthread_cond_broadcast(&server->state_changed);
	pthread_mutex_unlock(&server->state_lock);
}

bool
server_is_listening(const struct becket_server *server)
{
	return atomic_load(&server->state) == SERVER_LISTENING &&
	       atomic_load(&server->stop_wanted) == STOP_NOT;
}

uint64_t
server_linger(const struct becket_server *server)
{
	bool is_draining = atomic_load(&server->state) == SERVER_DRAINING;
	uint32_t stall = server->limits.stall_ms;

	return clock_from_ms(is_draining && stall > DRAINED_LINGER_MS
	                         ? DRAINED_LINGER_MS
	                         : stall);
}

static void
open_mailboxes(struct becket_server *server)
{
	for (uint32_t i = 0; i < server->loop_count; i++) {
		server->loops[i].is_draining = false;
		server_loop_open_mailbox(&server->loops[i], true);
	}
}

static void
bury(struct becket_server *server)
{
	server_loop_bury(server->loops);
	server_accept_bury(server);
}

/* ------------------------------------------------------- the first loop -- */

static void
begin_drain(struct becket_server *server)
{
	atomic_store(&server->state, SERVER_DRAINING);
	server_accept_stop(server);
	registrar_stop(&server->registrar);
	server_tell_equipment(server, DOOR_STOPS);
	loop_set_timer(&server->loops->loop, &server->drained,
	    server->loops->loop.now + clock_from_ms(server->limits.drain_ms));
	server_loop_drain(server->loops);
	runtime_log(server->runtime, BECKET_LOG_INFO,
	    "stopping; %u connections have something to finish",
	    atomic_load(&server->connections));
}

void
server_cut(struct timer *timer, uint64_t now)
{
	struct becket_server *server =
	    container_of(timer, struct becket_server, drained);

	(void)now;
	runtime_log(server->runtime, BECKET_LOG_WARNING,
	    "stopping: %u connections are cut off",
	    atomic_load(&server->connections));
	atomic_store(&server->stop_wanted, STOP_NOW);
}

static void
finish(struct becket_server *server)
{
	server_join_others(server);
	workers_end(&server->workers);
	loop_set_timer(&server->loops->loop, &server->drained, 0);
	loop_set_timer(&server->loops->loop, &server->resume, 0);
	server_loop_end(server->loops);
	bury(server);
	runtime_log(server->runtime, BECKET_LOG_INFO, "stopped");
	set_state(server, server->has_thread ? SERVER_STOPPED : SERVER_IDLE);
}

/* Nothing runs any more, nor will. */
static bool
is_drained(struct becket_server *server)
{
	return list_is_empty(&server->loops->conns) &&
	       atomic_load(&server->others) == 0 &&
	       workers_are_idle(&server->workers);
}

/* false: stopped and drained. */
static bool
turn(struct becket_server *server, int timeout)
{
	int wanted;

	loop_turn(&server->loops->loop, timeout);
	wanted = atomic_load(&server->stop_wanted);
	if (wanted != STOP_NOT &&
	    atomic_load(&server->state) == SERVER_LISTENING)
		begin_drain(server);
	if (wanted != server->told) {
		server->told = wanted;
		server_wake_others(server);
	}
	if (wanted == STOP_NOW)
		server_loop_close_conns(server->loops);
	bury(server);
	if (wanted == STOP_NOT || !is_drained(server))
		return true;
	finish(server);
	return false;
}

static void *
run(void *argument)
{
	struct becket_server *server = argument;

	while (turn(server, loop_timeout(&server->loops->loop)))
		;
	return NULL;
}

/* --------------------------------------------------------------- listen -- */

/* One that ended by itself has nobody who waits for it. */
static void
join_ended(struct becket_server *server)
{
	int ended = BY_ITSELF_ENDED;

	if (atomic_load(&server->state) == SERVER_STOPPED &&
	    atomic_compare_exchange_strong(&server->by_itself, &ended,
	        BY_ITSELF_NOT))
		(void)!becket_server_wait(server);
}

static becket_status
begin(struct becket_server *server)
{
	becket_status status;

	if (runtime_is_stale(server->runtime))
		return error_say(BECKET_S_STALE_AFTER_FORK);
	join_ended(server);
	if (atomic_load(&server->state) != SERVER_IDLE)
		return error_say(BECKET_S_ALREADY_LISTENING);
	status = server_accept_start(server);
	if (status != BECKET_S_OK)
		return error_say(status);
	open_mailboxes(server);
	atomic_store(&server->cut_calls, 0);
	atomic_store(&server->stop_wanted, STOP_NOT);
	server->told = STOP_NOT;
	server->next_loop = 0;
	atomic_store(&server->by_itself, BY_ITSELF_NOT);
	server_tell_equipment(server, DOOR_STARTS);
	set_state(server, SERVER_LISTENING);
	return BECKET_S_OK;
}

becket_status
becket_server_start(struct becket_server *server)
{
	if (server == NULL || server->loop_count > 1)
		return error_say(BECKET_S_INVALID_ARG);
	return begin(server);
}

/* There are not as many threads as it takes. */
static becket_status
give_up(struct becket_server *server)
{
	atomic_store(&server->stop_wanted, STOP_NOW);
	server->has_thread = false;
	loop_wake(&server->loops->loop); /* it is to look before it waits */
	run(server);
	return error_say(BECKET_S_OUT_OF_RESOURCES);
}

static becket_status
listen_in_thread(struct becket_server *server)
{
	becket_status status = begin(server);

	if (status != BECKET_S_OK)
		return status;
	server->has_thread = true;
	if (server_start_others(server) &&
	    thread_start(&server->thread, run, server))
		return BECKET_S_OK;
	return give_up(server);
}

/* It listens by itself; from now on because it was told to. */
static bool
is_taken_over(struct becket_server *server)
{
	int listens = BY_ITSELF_LISTENS;

	return server_is_listening(server) &&
	       atomic_compare_exchange_strong(&server->by_itself, &listens,
	           BY_ITSELF_NOT);
}

becket_status
becket_server_listen(struct becket_server *server, unsigned flags)
{
	const bool waits = (flags & BECKET_LISTEN_DONT_WAIT) == 0;
	becket_status status;

	if (server == NULL || (flags & ~(unsigned)BECKET_LISTEN_DONT_WAIT) != 0)
		return error_say(BECKET_S_INVALID_ARG);
	if (is_taken_over(server))
		return waits ? becket_server_wait(server) : BECKET_S_OK;
	if (!waits)
		return listen_in_thread(server);
	status = begin(server);
	if (status != BECKET_S_OK)
		return status;
	if (!server_start_others(server))
		return give_up(server);
	run(server);
	return BECKET_S_OK;
}

becket_status
server_begin_by_itself(struct becket_server *server)
{
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&server->auto_lock);
	join_ended(server);
	if (atomic_load(&server->state) == SERVER_IDLE) {
		status = listen_in_thread(server);
		if (status == BECKET_S_OK)
			atomic_store(&server->by_itself, BY_ITSELF_LISTENS);
	} else if (!server_is_listening(server)) {
		status = BECKET_S_SHUTTING_DOWN;
	}
	pthread_mutex_unlock(&server->auto_lock);
	return status;
}

void
server_end_by_itself(struct becket_server *server)
{
	int listens = BY_ITSELF_LISTENS;

	pthread_mutex_lock(&server->auto_lock);
	if (!managers_want_to_listen(&server->managers) &&
	    atomic_compare_exchange_strong(&server->by_itself, &listens,
	        BY_ITSELF_ENDED))
		(void)!becket_server_stop(server);
	pthread_mutex_unlock(&server->auto_lock);
}

static becket_status
stop(struct becket_server *server, int how)
{
	int not_yet = STOP_NOT;

	if (server == NULL)
		return BECKET_S_INVALID_ARG;
	if (runtime_is_stale(server->runtime))
		return BECKET_S_STALE_AFTER_FORK;
	if (atomic_load(&server->state) == SERVER_IDLE)
		return BECKET_S_NOT_LISTENING;
	/* Never back from "now" to "drain". */
	if (how == STOP_NOW)
		atomic_store(&server->stop_wanted, how);
	else
		atomic_compare_exchange_strong(&server->stop_wanted, &not_yet,
		    how);
	loop_wake(&server->loops->loop);
	return BECKET_S_OK;
}

becket_status
becket_server_stop(struct becket_server *server)
{
	return stop(server, STOP_DRAIN);
}

void
becket_server_stop_now(struct becket_server *server)
{
	(void)!stop(server, STOP_NOW);
}

static bool
is_running(struct becket_server *server)
{
	int state = atomic_load(&server->state);

	return state == SERVER_LISTENING || state == SERVER_DRAINING;
}

becket_status
becket_server_wait(struct becket_server *server)
{
	bool has_thread;

	if (server == NULL)
		return BECKET_S_INVALID_ARG;
	if (atomic_load(&server->state) == SERVER_IDLE)
		return BECKET_S_NOT_LISTENING;
	pthread_mutex_lock(&server->state_lock);
	while (is_running(server))
		pthread_cond_wait(&server->state_changed, &server->state_lock);
	has_thread = server->has_thread;
	server->has_thread = false;
	pthread_mutex_unlock(&server->state_lock);
	if (has_thread) {
		pthread_join(server->thread, NULL);
		set_state(server, SERVER_IDLE);
	}
	return BECKET_S_OK;
}

unsigned
becket_server_inq_cut_calls(struct becket_server *server)
{
	return atomic_load(&server->cut_calls);
}

static bool
is_made(const struct server_loop *home)
{
	return home->loop.timers.next != NULL;
}

static void
abandon(struct server_loop *home)
{
	if (!is_made(home))
		return;
	if (runtime_is_stale(home->server->runtime))
		loop_disown(&home->loop);
	server_loop_close_conns(home);
}

void
server_end(struct becket_server *server)
{
	if (server->has_thread && !runtime_is_stale(server->runtime)) {
		becket_server_stop_now(server);
		(void)!becket_server_wait(server);
	}
	atomic_store(&server->state, SERVER_IDLE);
	for (uint32_t i = 0; i < server->loop_count; i++)
		abandon(&server->loops[i]);
	if (server->workers.memory != NULL &&
	    !runtime_is_stale(server->runtime))
		workers_end(&server->workers);
	for (uint32_t i = 0; i < server->loop_count; i++)
		if (is_made(&server->loops[i]))
			server_loop_end(&server->loops[i]);
	server_accept_bury(server);
}

/* ----------------------------------------------- a loop of the user's own */

int
becket_server_fd(struct becket_server *server)
{
	return server->loops->loop.epoll;
}

short
becket_server_events(struct becket_server *server)
{
	(void)server;
	return POLLIN;
}

int
becket_server_timeout(struct becket_server *server)
{
	return loop_timeout(&server->loops->loop);
}

bool
becket_server_process(struct becket_server *server)
{
	return is_running(server) && turn(server, 0);
}
