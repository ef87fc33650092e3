/* SPDX-License-Identifier: MIT */
#include "io/line_private.h"

#include <sys/epoll.h>

#include "io/clock.h"
#include "io/hub.h"

enum {
	/* Who sends so much at once has more. */
	MUCH = 16384,
	/* Messages that are gathered wait neither for more nor for longer. */
	MOST_GATHERED = 16384,
	GATHER_MS = 1,
};

static void
end_all(struct line *line, const char *sentence)
{
	list_for_each (node, &line->calls) {
		struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		line_forget(line, call);
		invoke_lost(&call->invoke, sentence);
		list_remove(node);
		list_append(&line->ended, node);
	}
}

static void
take_event(void *user, struct session_event *event)
{
	struct line *line = user;
	struct becket_async_call *call = NULL;

	/* A session without memory may have lost the ends of its calls. */
	if (event->kind == SESSION_CLOSED) {
		end_all(line, event->closed.sentence);
		return;
	}
	call = line_call_of(line, event->call);
	if (call == NULL) {
		struct invoke nobody = { .is_over = true };

		invoke_event(&nobody, event);
		return;
	}
	call->kind->event(call, event);
	if (!call->invoke.is_over)
		return;
	line_forget(line, call);
	list_remove(&call->node);
	list_append(&line->ended, &call->node);
}

/* The server asked for the end of the connection before the call was sent. */
static bool
was_left_behind(const struct line *line, const struct becket_async_call *call)
{
	const struct session_end *end = &call->invoke.end;

	return end->status == BECKET_S_CALL_FAILED_DNE &&
	       end->outcome == BECKET_NOT_SENT && end->wire_status == 0 &&
	       !line->lease.conn->is_dead;
}

static void
end_call(struct line *line, struct becket_async_call *call)
{
	struct lease *lease = &line->lease;
	bool was_cut = lease->conn->is_eof || lease->conn->is_lost;

	if (!call->is_cancelled && call->rebinds < LINE_REBINDS &&
	    call->kind->may_retry(call) &&
	    (was_left_behind(line, call) ||
	        client_call_was_not_read(&call->invoke, lease))) {
		if (lease->origin == LEASE_JOINED && lease->conn->is_dead)
			lease_forget_association(lease);
		call->rebinds++;
		call->kind->retry(call);
		line_move_elsewhere(line, call, true);
		return;
	}
	call->error = lease->conn->error;
	if (was_cut && call->invoke.end.status != BECKET_S_OK &&
	    call->invoke.end.wire_status == 0 && hub_repeat(line->hub, call))
		return;
	if (!call->association->protseq->is_grpc)
		call->group = lease->conn->association;
	async_call_over(call);
}

static void
end_calls(struct line *line)
{
	while (!list_is_empty(&line->ended)) {
		struct becket_async_call *call = container_of(line->ended.next,
		    struct becket_async_call, node);

		list_remove(&call->node);
		end_call(line, call);
	}
}

static void
pump(struct line *line)
{
	struct client_conn *conn = line->lease.conn;
	uint64_t before = conn->session->stats.bytes_in;
	bool was_stalled = line->is_stalled;

	line->gathered = 0;
	line->is_blocked =
	    client_conn_pump(conn, line->is_readable, take_event, line);
	line->is_stalled = conn->is_full;
	line->is_hung_up = line->is_stalled && was_stalled &&
	                   (line->is_hung_up || line->is_readable);
	if (line->is_readable)
		line->is_busy = conn->session->stats.bytes_in - before >= MUCH;
	line->is_readable = false;
}

static void
watch_open(struct line *line)
{
	const struct client_conn *conn = line->lease.conn;
	uint32_t events = line->is_stalled ? 0 : EPOLLIN;

	if (line->is_blocked)
		events |= EPOLLOUT;
	line_watch(line, conn->is_lost || line->is_hung_up ? -1 : conn->fd,
	    events);
}

static void
hush_all(struct line *line)
{
	list_for_each (node, &line->calls) {
		struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		call->is_mute = true;
		hub_tell(line->hub, call);
	}
}

struct becket_async_call *
line_only_call(const struct line *line)
{
	return !line->is_alone || list_is_empty(&line->calls)
	           ? NULL
	           : container_of(line->calls.next, struct becket_async_call,
	                 node);
}

/* What was said to its server has not helped, or is stuck behind the rest. */
static void
end_cancelled(struct line *line)
{
	struct becket_async_call *call = line_only_call(line);

	if (call != NULL && call->end_by != 0 &&
	    (line->is_blocked || clock_now() >= call->end_by))
		async_call_end_at_once(call);
}

void
line_run_open(struct line *line)
{
	struct client_conn *conn = line->lease.conn;

	pump(line);
	lease_note_association(&line->lease);
	if (conn->is_dead)
		line_close_to_calls(line);
	if (conn->is_mute)
		hush_all(line);
	if (conn->is_lost)
		end_all(line, "the connection was lost");
	end_calls(line);
	end_cancelled(line);
	watch_open(line);
}

struct session *
line_session(const struct becket_async_call *call)
{
	const struct line *line = call->line;

	if (line == NULL || line->state != LINE_OPEN ||
	    !call->invoke.is_begun || call->invoke.is_over)
		return NULL;
	return line->lease.conn->session;
}

void
line_touch(struct line *line)
{
	hub_mark(line->hub, line);
}

void
line_gather(struct line *line, size_t size)
{
	uint64_t now = clock_now();

	line->gathered += size;
	if (now < line->gathers_until && line->gathered < MOST_GATHERED)
		return;
	line->gathers_until = now + clock_from_ms(GATHER_MS);
	hub_mark(line->hub, line);
}

/* A plain session may have windows to give back. */
void
line_consumed(struct line *line, const struct becket_async_call *call,
    size_t size)
{
	struct session *session = line_session(call);

	if (session == NULL)
		return;
	session->ops->consumed(session, call->invoke.call, size);
	if (line->is_stalled)
		line->is_readable = true;
	if (line->is_stalled || session->ops->is_plain)
		hub_mark(line->hub, line);
}

void
line_read(struct line *line)
{
	if (line->state != LINE_OPEN || !line->is_busy || line->is_stalled)
		return;
	line->is_readable = true;
	hub_mark(line->hub, line);
}

void
line_cancel(struct line *line, struct becket_async_call *call)
{
	struct session *session = line->lease.conn->session;

	session->ops->cancel(session, call->invoke.call);
	if (line->is_alone && call->end_by == 0)
		call->end_by =
		    clock_now() + clock_from_ms(call->invoke.limits->cancel_ms);
	hub_mark(line->hub, line);
}
