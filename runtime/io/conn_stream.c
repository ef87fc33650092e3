/* SPDX-License-Identifier: MIT */
#include "io/conn.h"

#include "stub/server_stream.h"

/* Calls with streams, as far as they are other than the rest. */

becket_status
conn_begin_stream(struct conn *conn, struct becket_call *call)
{
	const struct session_ops *ops = conn->session->ops;

	if (ops->stream == NULL)
		return BECKET_S_STREAMS_NOT_SUPPORTED;
	call->stream = server_stream_new(call, conn->session);
	if (call->stream == NULL)
		return BECKET_S_REMOTE_NO_MEMORY;
	conn->streams++;
	ops->stream(conn->session, call->id);
	return BECKET_S_OK;
}

void
conn_end_stream(struct conn *conn, struct becket_call *call)
{
	if (call->stream == NULL)
		return;
	server_stream_detach(call->stream);
	conn->streams--;
}

static void
note_deadline(struct conn *conn, const struct becket_call *call)
{
	if (call->deadline != 0 && (conn->streams_deadline == 0 ||
	                               call->deadline < conn->streams_deadline))
		conn->streams_deadline = call->deadline;
}

void
conn_note_due(struct conn *conn, struct becket_call *call)
{
	list_remove(&call->stream->due);
	list_append(&conn->due, &call->stream->due);
}

bool
conn_take_stream(struct conn *conn, struct becket_call *call,
    struct session_event *event)
{
	struct server_stream *stream = call->stream;
	bool is_due = false, is_ready;

	if (event->kind == SESSION_MESSAGE)
		is_due = server_stream_feed(stream, &event->message,
		    event->is_packed);
	else if (event->kind == SESSION_END)
		is_due = server_stream_end(stream);
	else if (event->kind == SESSION_WRITABLE)
		is_due = server_stream_writable(stream);
	if (is_due)
		conn_note_due(conn, call);
	if (call->type != NULL)
		return false;
	is_ready = server_stream_is_ready(stream);
	/* Which may have come before the rest. */
	note_deadline(conn, call);
	return is_ready;
}

void
conn_tell_streams(struct conn *conn)
{
	while (!list_is_empty(&conn->due)) {
		struct server_stream *stream =
		    container_of(conn->due.next, struct server_stream, due);

		list_remove(&stream->due);
		server_stream_notify(stream);
		server_stream_move(stream);
	}
}

/* ---------------------------------------------- when they are to be over -- */

static bool
is_unregistered(const struct becket_call *call, uint64_t now)
{
	(void)now;
	return call->type != NULL && atomic_load(&call->type->is_leaving);
}

static bool
is_late(const struct becket_call *call, uint64_t now)
{
	return call->deadline != 0 && call->deadline <= now;
}

static bool
is_any(const struct becket_call *call, uint64_t now)
{
	(void)call;
	(void)now;
	return true;
}

static void
cancel_streams(struct conn *conn,
    bool (*is_meant)(const struct becket_call *call, uint64_t now),
    uint64_t now)
{
	for (uint32_t i = 0; i < conn->call_capacity && conn->streams > 0;
	     i++) {
		struct becket_call *call = conn->calls[i];

		if (call != NULL && call->stream != NULL &&
		    !becket_call_is_cancelled(call) && is_meant(call, now))
			conn_cancel_call(conn, call);
	}
	conn_tell_streams(conn);
}

void
conn_sweep_streams(struct conn *conn)
{
	cancel_streams(conn, is_unregistered, 0);
}

void
conn_lose_streams(struct conn *conn)
{
	cancel_streams(conn, is_any, 0);
}

void
conn_check_streams(struct conn *conn, uint64_t now)
{
	if (conn->streams_deadline == 0 || now < conn->streams_deadline)
		return;
	cancel_streams(conn, is_late, now);
	conn->streams_deadline = 0;
	for (uint32_t i = 0; i < conn->call_capacity; i++) {
		const struct becket_call *call = conn->calls[i];

		if (call != NULL && call->stream != NULL && !is_late(call, now))
			note_deadline(conn, call);
	}
}
