/* SPDX-License-Identifier: MIT */
#include "io/client_conn.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "io/clock.h"
#include "io/transfer.h"

#define MILLISECOND UINT64_C(1000000)

/* A host and a port. */
enum { CLIENT_AUTHORITY_SIZE = 1024 + 16 };

/* The kernel rounds the socket's timeout by its tick: too rough below. */
#define SHORT_WAIT (50 * MILLISECOND)
/* To wake up that often in vain costs nothing. */
#define LONG_ENOUGH (1000 * MILLISECOND)
/* To ask after so long costs nothing. */
#define LONG_IDLE (20 * MILLISECOND)

/* Whom the server is to think it is: it stands in the URL of the call. */
static becket_status
make_grpc_session(const struct becket_runtime *runtime,
    const struct connect_target *target, struct session **ret_session)
{
	bool is_v6 = strchr(target->host, ':') != NULL;
	char authority[CLIENT_AUTHORITY_SIZE];
	struct door_client_config config = {
		.memory = &runtime->memory,
		.limits = &runtime->limits,
		.authority = authority,
		.now = clock_now(),
	};

	if (target->protseq->is_local)
		snprintf(authority, sizeof authority, "localhost");
	else
		snprintf(authority, sizeof authority, "%s%s%s:%s",
		    is_v6 ? "[" : "",
		    *target->host == '\0' ? "localhost" : target->host,
		    is_v6 ? "]" : "", target->endpoint);
	return runtime->door->client_session_new(&config, ret_session);
}

static becket_status
make_session(const struct becket_runtime *runtime,
    const struct connect_target *target, uint32_t association,
    struct session **ret_session)
{
	const struct dce_client_config config = {
		.memory = &runtime->memory,
		.limits = &runtime->limits,
		.association = association,
		.now = clock_now(),
	};

	if (target->protseq->is_grpc)
		return make_grpc_session(runtime, target, ret_session);
	return dce_client_session_new(&config, ret_session);
}

becket_status
client_conn_new(struct becket_runtime *runtime,
    const struct connect_target *target, int fd, uint32_t association,
    struct client_conn **ret_conn)
{
	struct client_conn *conn = memory_new(&runtime->memory, sizeof *conn);
	becket_status status = BECKET_S_OUT_OF_MEMORY;

	if (conn != NULL) {
		*conn = (struct client_conn){
			.runtime = runtime,
			.fd = fd,
			.association = association,
		};
		list_init(&conn->node);
		list_init(&conn->recency);
		status =
		    make_session(runtime, target, association, &conn->session);
	}
	if (status != BECKET_S_OK) {
		memory_free(&runtime->memory, conn, sizeof *conn);
		close(fd);
		return status;
	}
	*ret_conn = conn;
	return BECKET_S_OK;
}

/* The end of the stream comes behind what the server does not read; a reset
 * does not.
 */
static void
break_if_stuck(const struct client_conn *conn)
{
	const struct linger none = { .l_onoff = 1 };
	int unsent = 0;

	if (conn->resets && ioctl(conn->fd, SIOCOUTQ, &unsent) == 0 &&
	    unsent > 0)
		(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &none,
		    sizeof none);
}

/* A child of ours may hold the socket too, so closing alone might tell the
 * server nothing; but such a child must not end its parent's connection.
 */
void
client_conn_free(struct client_conn *conn)
{
	if (conn == NULL)
		return;
	if (!runtime_is_stale(conn->runtime)) {
		break_if_stuck(conn);
		(void)shutdown(conn->fd, SHUT_WR);
	}
	close(conn->fd);
	conn->session->ops->free(conn->session);
	memory_free(&conn->runtime->memory, conn, sizeof *conn);
}

void
client_conn_start(struct client_conn *conn)
{
	conn->has_waited = conn->resets = false;
}

static void
give_events(struct client_conn *conn, client_conn_sink *sink, void *user)
{
	struct session_event event;

	while (conn->session->ops->next(conn->session, &event)) {
		if (event.kind == SESSION_CLOSED)
			conn->is_dead = true;
		sink(user, &event);
	}
}

void
client_conn_give_to_invoke(void *user, struct session_event *event)
{
	invoke_event(user, event);
}

static void
take_events(struct client_conn *conn, struct invoke *invoke)
{
	give_events(conn, client_conn_give_to_invoke, invoke);
}

static void
lose(struct client_conn *conn, int error)
{
	conn->is_dead = conn->is_lost = true;
	if (error != 0)
		conn->error = error;
	conn->session->ops->lost(conn->session);
}

/* The session is asked first: it may have said all it has to say at the end of
 * what came, so a second end is one too many.
 */
static void
take_eof(struct client_conn *conn)
{
	if (conn->is_eof) {
		lose(conn, 0);
		return;
	}
	conn->is_eof = conn->is_dead = true;
	conn->session->ops->eof(conn->session);
}

static void
take_received(struct client_conn *conn, enum transfer result)
{
	switch (result) {
	case TRANSFER_MOVED:
	case TRANSFER_NOTHING:
		break;
	case TRANSFER_AGAIN:
		conn->has_waited = true;
		break;
	case TRANSFER_EOF:
		take_eof(conn);
		break;
	case TRANSFER_LOST:
		lose(conn, errno);
		break;
	}
}

static bool
is_late(const struct client_conn *conn, uint64_t now)
{
	uint64_t wanted = conn->session->ops->deadline(conn->session);

	return wanted != 0 && now >= wanted;
}

/* What came while nobody looked, because the program did something else or was
 * stopped, is not late.
 */
static void
tell_time(struct client_conn *conn)
{
	uint64_t now = clock_now();

	if (!is_late(conn, now))
		return;
	if (!conn->is_lost && !conn->is_eof)
		take_received(conn,
		    transfer_receive(conn->session, conn->fd, MSG_DONTWAIT));
	if (is_late(conn, now))
		conn->session->ops->tick(conn->session, now);
}

static void
note_received(struct client_conn *conn, enum transfer result)
{
	if (result == TRANSFER_NOTHING)
		lose(conn, 0);
	else
		take_received(conn, result);
	tell_time(conn);
}

/* Returns what is ready; nothing when time is up, or for a signal. */
static short
wait_for(const struct client_conn *conn, short events, uint64_t until)
{
	struct pollfd poll_fd = { .fd = conn->fd, .events = events };

	if (poll(&poll_fd, 1, clock_poll_timeout(clock_now(), until)) <= 0)
		return 0;
	return poll_fd.revents;
}

/* See to it that the socket's timeout ends a wait before left has passed, and
 * not much too often. false: better poll.
 */
static bool
arm_timeout(struct client_conn *conn, uint64_t left)
{
	uint64_t armed = conn->timeout;
	uint64_t wanted = left - left / 4;
	struct timeval value = {
		.tv_sec = (time_t)(wanted / 1000000000),
		.tv_usec = (suseconds_t)(wanted % 1000000000 / 1000),
	};

	if (armed != 0 && armed <= left &&
	    (armed >= left / 2 || armed >= LONG_ENOUGH))
		return true;
	if (conn->has_waited || left < SHORT_WAIT)
		return false;
	if (setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &value,
	        sizeof value) != 0)
		return false;
	conn->timeout = wanted;
	return true;
}

static uint64_t
wait_end(const struct client_conn *conn, const struct invoke *invoke)
{
	uint64_t wanted = conn->session->ops->deadline(conn->session);

	return wanted != 0 && wanted < invoke->deadline ? wanted
	                                                : invoke->deadline;
}

static enum transfer
receive_until(struct client_conn *conn, uint64_t until)
{
	uint64_t now = clock_now();

	if (until > now && arm_timeout(conn, until - now))
		return transfer_receive(conn->session, conn->fd, 0);
	if (wait_for(conn, POLLIN, until) == 0)
		return TRANSFER_AGAIN;
	return transfer_receive(conn->session, conn->fd, MSG_DONTWAIT);
}

/* The server does not read as fast as we write. Look for input too: an early
 * fault, or a server that must be read from before it reads.
 */
static void
wait_to_send(struct client_conn *conn, uint64_t until)
{
	if (wait_for(conn, POLLIN | POLLOUT, until) & ~POLLOUT)
		note_received(conn,
		    transfer_receive(conn->session, conn->fd, MSG_DONTWAIT));
	else
		tell_time(conn);
}

/* Sending failed; but the server may have said why, before. */
static void
take_last_words(struct client_conn *conn, int error)
{
	enum transfer result =
	    transfer_receive(conn->session, conn->fd, MSG_DONTWAIT);

	conn->is_dead = true;
	if (result == TRANSFER_NOTHING)
		conn->is_mute = true;
	else if (result != TRANSFER_MOVED)
		lose(conn, error);
}

static void
move_bytes(struct client_conn *conn, uint64_t until)
{
	switch (transfer_send(conn->session, conn->fd, MSG_DONTWAIT)) {
	case TRANSFER_MOVED:
		break;
	case TRANSFER_NOTHING:
		note_received(conn, receive_until(conn, until));
		break;
	case TRANSFER_LOST:
		take_last_words(conn, errno);
		break;
	default:
		wait_to_send(conn, until);
		break;
	}
}

void
client_conn_step(struct client_conn *conn, struct invoke *invoke)
{
	take_events(conn, invoke);
	if (invoke->is_over)
		return;
	if (conn->is_lost)
		invoke_lost(invoke, "the connection was lost");
	else
		move_bytes(conn, wait_end(conn, invoke));
}

/* true: the socket takes no more now. */
static bool
send_all(struct client_conn *conn)
{
	enum transfer result;

	if (conn->is_lost || conn->is_mute)
		return false;
	do
		result = transfer_send(conn->session, conn->fd, MSG_DONTWAIT);
	while (result == TRANSFER_MOVED);
	if (result == TRANSFER_LOST)
		take_last_words(conn, errno);
	return result == TRANSFER_AGAIN;
}

/* A session without room for more is left in peace. */
static void
receive_some(struct client_conn *conn)
{
	enum transfer result =
	    transfer_receive(conn->session, conn->fd, MSG_DONTWAIT);

	if (result == TRANSFER_NOTHING)
		tell_time(conn);
	else
		note_received(conn, result);
}

/* Asking may be the end of a session that has no memory. */
static void
look_for_room(struct client_conn *conn, client_conn_sink *sink, void *user)
{
	struct session_vec vec;

	conn->is_full =
	    conn->session->ops->recv_vec(conn->session, &vec, 1) == 0;
	if (conn->is_full)
		give_events(conn, sink, user);
}

bool
client_conn_pump(struct client_conn *conn, bool is_readable,
    client_conn_sink *sink, void *user)
{
	bool is_blocked = send_all(conn);

	if (is_readable && !conn->is_lost)
		receive_some(conn);
	else
		tell_time(conn);
	give_events(conn, sink, user);
	if (!is_blocked)
		is_blocked = send_all(conn);
	give_events(conn, sink, user);
	look_for_room(conn, sink, user);
	return is_blocked;
}

void
client_conn_settle(struct client_conn *conn)
{
	struct invoke nobody = { .is_over = true };
	enum transfer result;

	do
		result = transfer_send(conn->session, conn->fd, MSG_DONTWAIT);
	while (result == TRANSFER_MOVED);
	if (result != TRANSFER_NOTHING)
		conn->is_dead = true;
	take_events(conn, &nobody);
	conn->idle_since = clock_now();
}

bool
client_conn_is_alive(struct client_conn *conn)
{
	struct pollfd poll_fd = { .fd = conn->fd, .events = POLLIN };
	struct invoke nobody = { .is_over = true };

	if (conn->is_dead)
		return false;
	if (clock_now() < conn->idle_since + LONG_IDLE ||
	    poll(&poll_fd, 1, 0) == 0)
		return true;
	/* The server has something to say, a farewell most likely. */
	note_received(conn,
	    transfer_receive(conn->session, conn->fd, MSG_DONTWAIT));
	take_events(conn, &nobody);
	return !conn->is_dead;
}
