/* SPDX-License-Identifier: MIT */
#include "io/conn.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "io/address.h"
#include "io/clock.h"
#include "io/server.h"
#include "io/sniff.h"
#include "io/transfer.h"

enum {
	SCRATCH_SIZE = 16384,
	/* How often a stream is written on while its peer takes it all. */
	MOST_ROUNDS = 16,
};

static void ready(struct watch *watch, uint32_t events);
static void out_of_time(struct timer *timer, uint64_t now);

/* ------------------------------------------------------- begin and end -- */

static struct peer *
make_peer(struct becket_server *server, const struct arrival *arrival)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&arrival->address;
	char text[ADDRESS_TEXT_SIZE], host[ADDRESS_TEXT_SIZE] = "";
	struct becket_peer view = {
		.text = text,
		.address = host,
		.is_local = arrival->protseq->is_local,
		.protseq = arrival->protseq->name,
		.connection = atomic_fetch_add(&server->last_connection, 1) + 1,
	};
	struct ucred who;
	socklen_t who_size = sizeof who;

	if (!arrival->protseq->is_local) {
		address_to_text(address, arrival->size, text);
		address_to_host(address, arrival->size, host);
	} else if (getsockopt(arrival->fd, SOL_SOCKET, SO_PEERCRED, &who,
	               &who_size) == 0) {
		view.has_credentials = true;
		view.uid = who.uid;
		view.gid = who.gid;
		view.pid = who.pid;
		snprintf(text, sizeof text, "uid=%u gid=%u pid=%d", who.uid,
		    who.gid, who.pid);
	} else {
		snprintf(text, sizeof text, "unknown");
	}
	return peer_new(&server->runtime->memory, &view);
}

/* Another user is not let into a group: what is in it would live as long as
 * that user likes, and could be as much as a client may have.
 */
static uint64_t
transport_of(const struct arrival *arrival, const struct becket_peer *peer)
{
	return arrival->protseq->transport | (uint64_t)peer->uid << 32;
}

static becket_status
make_session(struct server_loop *home, const struct arrival *arrival,
    const struct becket_peer *peer, struct session **ret_session)
{
	struct becket_server *server = home->server;
	const struct dce_server_config config = {
		.memory = &server->runtime->memory,
		.limits = &server->limits,
		.registry = &server->managers.registry,
		.associations = &server->associations,
		.address = arrival->endpoint,
		.transport = transport_of(arrival, peer),
		.now = home->loop.now,
	};

	return dce_server_session_new(&config, ret_session);
}

/* Where there is more than one protocol, the client has to show which. */
static becket_status
make_first_session(struct server_loop *home, const struct arrival *arrival,
    const struct becket_peer *peer, struct session **ret_session)
{
	const struct becket_server *server = home->server;
	const struct door_server_config config = {
		.memory = &server->runtime->memory,
		.limits = &server->limits,
		.names = &server->names.names,
		.now = home->loop.now,
	};
	struct session *session;
	becket_status status = make_session(home, arrival, peer, &session);

	if (status != BECKET_S_OK)
		return status;
	if (server->runtime->door != NULL)
		return sniff_new(server->runtime, &config, session,
		    ret_session);
	*ret_session = session;
	return BECKET_S_OK;
}

/* Whatever can fail; conn_open() cleans up. */
static becket_status
equip(struct conn *conn, const struct arrival *arrival)
{
	struct server_loop *home = conn->home;
	becket_status status;

	conn->peer = make_peer(home->server, arrival);
	if (conn->peer == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = make_first_session(home, arrival, &conn->peer->view,
	    &conn->session);
	if (status != BECKET_S_OK)
		return status;
	conn->id = idmap_add(&home->conn_ids, conn);
	if (conn->id.generation == 0)
		return BECKET_S_OUT_OF_MEMORY;
	return loop_watch(&home->loop, &conn->watch, EPOLLIN);
}

static void
arm_timer(struct conn *conn)
{
	uint64_t at = conn->phase == CONN_OPEN
	                  ? conn->session->ops->deadline(conn->session)
	                  : conn->give_up;

	if (conn->streams > 0 && conn->streams_deadline != 0 &&
	    (at == 0 || conn->streams_deadline < at))
		at = conn->streams_deadline;
	loop_set_timer(&conn->home->loop, &conn->timer, at);
}

becket_status
conn_open(struct server_loop *home, const struct arrival *arrival)
{
	struct becket_server *server = home->server;
	struct conn *conn = memory_new(&server->runtime->memory, sizeof *conn);
	becket_status status;

	if (conn == NULL) {
		close(arrival->fd);
		server_connection_ended(server, &arrival->peer);
		return BECKET_S_OUT_OF_MEMORY;
	}
	conn->watch = (struct watch){ .fd = arrival->fd, .ready = ready };
	conn->server = server;
	conn->home = home;
	conn->counted_as = arrival->peer;
	timer_init(&conn->timer, out_of_time);
	list_init(&conn->node);
	list_init(&conn->dirty);
	list_init(&conn->due);
	conn->unsent = buffer_empty(&conn->server->runtime->memory);
	status = equip(conn, arrival);
	if (status != BECKET_S_OK) {
		conn_close(conn);
		return status;
	}
	list_append(&home->conns, &conn->node);
	arm_timer(conn);
	runtime_log(server->runtime, BECKET_LOG_DEBUG, "%s connected by %s",
	    conn->peer->view.text, conn->peer->view.protseq);
	return BECKET_S_OK;
}

unsigned
conn_count_calls(const struct conn *conn)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < conn->call_capacity; i++)
		count += conn->calls[i] != NULL;
	return count;
}

/* What the client has opened goes with its last session. */
static void
end_session(struct conn *conn)
{
	struct becket_server *server = conn->server;
	uint32_t association;

	if (conn->session == NULL)
		return;
	association = conn->session->ops->association(conn->session);
	conn->session->ops->free(conn->session);
	if (association != 0 &&
	    !associations_has(&server->associations, association))
		contexts_end(&server->contexts, association);
}

/* Whoever sees that it is closed may rely on it that none of its calls begins
 * to run any more.
 */
void
conn_close(struct conn *conn)
{
	struct becket_server *server = conn->server;

	if (conn->phase == CONN_CLOSED)
		return;
	conn->phase = CONN_CLOSED;
	loop_unwatch(&conn->home->loop, &conn->watch);
	loop_set_timer(&conn->home->loop, &conn->timer, 0);
	list_remove(&conn->timer.node);
	list_remove(&conn->dirty);
	conn_abandon_calls(conn);
	close(conn->watch.fd);
	contexts_lose(&server->contexts, &conn->unsent);
	buffer_fini(&conn->unsent);
	memory_free(&server->runtime->memory, conn->calls,
	    conn->call_capacity * sizeof(struct becket_call *));
	end_session(conn);
	idmap_remove(&conn->home->conn_ids, conn->id);
	list_remove(&conn->node);
	list_append(&conn->home->graveyard, &conn->node);
	peer_gone(conn->peer);
	server_connection_ended(server, &conn->counted_as);
}

void
conn_free(struct conn *conn)
{
	list_remove(&conn->node);
	peer_release(conn->peer);
	memory_free(&conn->server->runtime->memory, conn, sizeof *conn);
}

/* --------------------------------------------------------------- bytes -- */

uint64_t
conn_stall_end(const struct conn *conn)
{
	return clock_now() + clock_from_ms(conn->server->limits.stall_ms);
}

static void
lose(struct conn *conn)
{
	if (!conn->is_lost)
		conn->session->ops->lost(conn->session);
	conn->is_lost = true;
}

static void
note_received(struct conn *conn)
{
	struct peer *peer = conn->peer;

	if (sniff_resolve(&conn->session, conn->home->loop.now))
		peer->view.protseq =
		    peer->view.is_local ? "grpc_unix" : "grpc_ip_tcp";
}

/* One system call: if there is more, the loop will say so. */
static void
fill(struct conn *conn)
{
	switch (transfer_receive(conn->session, conn->watch.fd, MSG_DONTWAIT)) {
	case TRANSFER_NOTHING:
		conn->is_full = true;
		break;
	case TRANSFER_EOF:
		conn->has_eof = true;
		conn->session->ops->eof(conn->session);
		conn_step(conn);
		conn_lose_streams(conn);
		break;
	case TRANSFER_LOST:
		lose(conn);
		break;
	case TRANSFER_MOVED:
		note_received(conn);
		break;
	default:
		break;
	}
}

/* Throw away what still comes. false: that was the end. */
static bool
discard(struct conn *conn)
{
	char scratch[SCRATCH_SIZE];
	ssize_t size =
	    recv(conn->watch.fd, scratch, sizeof scratch, MSG_DONTWAIT);

	if (size > 0)
		return true;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	conn->has_eof = true;
	return false;
}

static void
send_all(struct conn *conn)
{
	enum transfer sent = TRANSFER_MOVED;
	bool moved = false;

	while (sent == TRANSFER_MOVED && !conn->is_lost) {
		sent =
		    transfer_send(conn->session, conn->watch.fd, MSG_DONTWAIT);
		moved = moved || sent == TRANSFER_MOVED;
	}
	if (moved && conn->phase == CONN_FLUSHING)
		conn->give_up = conn_stall_end(conn);
	conn->wants_write = sent == TRANSFER_AGAIN;
	if (sent == TRANSFER_LOST)
		lose(conn);
}

/* All is sent: let the peer know, and wait for it to close. */
static void
half_close(struct conn *conn)
{
	if (conn->is_lost || conn->has_eof ||
	    shutdown(conn->watch.fd, SHUT_WR) != 0) {
		conn_close(conn);
		return;
	}
	conn->phase = CONN_LINGERING;
	conn->give_up = clock_now() + server_linger(conn->server);
}

static uint32_t
wanted_events(struct conn *conn)
{
	struct session_vec vec;
	uint32_t events = conn->wants_write ? EPOLLOUT : 0;

	if (conn->is_full && conn->phase == CONN_OPEN)
		conn->is_full =
		    conn->session->ops->recv_vec(conn->session, &vec, 1) == 0;
	if (conn->phase != CONN_OPEN)
		conn->is_full = false;
	if (!conn->is_full && !conn->has_eof)
		events |= EPOLLIN;
	/* Who waits for a stream to go on wants to know that it never will. */
	if (conn->is_full && !conn->has_eof && conn->streams > 0)
		events |= EPOLLRDHUP;
	return events;
}

void
conn_flush(struct conn *conn)
{
	unsigned rounds = 0;
	bool was_lost;

	list_remove(&conn->dirty);
	do {
		was_lost = conn->is_lost;
		send_all(conn);
	} while (((conn->phase == CONN_OPEN && conn_step(conn)) ||
	             conn->is_lost != was_lost) &&
	         ++rounds < MOST_ROUNDS);
	/* Others want their turn, too; the socket says that it has room. */
	if (rounds == MOST_ROUNDS)
		conn->wants_write = true;
	conn_count(conn);
	if (!conn->wants_write && !conn->is_lost)
		buffer_fini(&conn->unsent);
	if (conn->phase == CONN_FLUSHING && !conn->wants_write)
		half_close(conn);
	if (conn->phase == CONN_CLOSED)
		return;
	arm_timer(conn);
	if (loop_watch(&conn->home->loop, &conn->watch, wanted_events(conn)) !=
	    BECKET_S_OK)
		conn_close(conn);
}

/* HUP and ERR are told whether we ask or not, again and again: where we do not
 * read, they are the end.
 */
static void
ready(struct watch *watch, uint32_t events)
{
	struct conn *conn = container_of(watch, struct conn, watch);
	bool is_over = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;

	if (conn->phase != CONN_OPEN) {
		if (!discard(conn) && conn->phase == CONN_LINGERING) {
			conn_close(conn);
			return;
		}
	} else if (conn->has_eof) {
		if (is_over)
			lose(conn);
	} else if (is_over || (events & EPOLLIN) != 0) {
		fill(conn);
		if (is_over && conn->is_full)
			lose(conn);
	}
	conn_step(conn);
	conn_flush(conn);
}

/* What came while the loop had others to serve is not late. */
static void
look_again(struct conn *conn)
{
	if (conn->has_eof || conn->is_full || conn->is_lost)
		return;
	fill(conn);
	conn_step(conn);
}

static void
out_of_time(struct timer *timer, uint64_t now)
{
	struct conn *conn = container_of(timer, struct conn, timer);

	if (conn->phase != CONN_OPEN) {
		conn_close(conn);
		return;
	}
	look_again(conn);
	if (conn->phase == CONN_OPEN) {
		conn->session->ops->tick(conn->session, now);
		conn_check_streams(conn, now);
	}
	conn_step(conn);
	conn_flush(conn);
}

void
conn_drain(struct conn *conn)
{
	uint64_t at = clock_now() + server_linger(conn->server);

	if (conn->phase == CONN_LINGERING && conn->give_up > at)
		conn->give_up = at;
	if (conn->phase == CONN_OPEN)
		conn->session->ops->drain(conn->session);
	conn_step(conn);
	conn_flush(conn);
}
