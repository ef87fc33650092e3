/* SPDX-License-Identifier: MIT */
#include "io/line_private.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/allocate.h"
#include "io/clock.h"
#include "io/hub.h"

struct line *
line_new(struct hub *hub, struct client_association *association,
    bool must_be_new, bool is_alone)
{
	struct line *line = memory_new(&hub->runtime->memory, sizeof *line);

	if (line == NULL)
		return NULL;
	line->hub = hub;
	line->must_be_new = must_be_new;
	line->state = LINE_WAITING;
	line->watched = -1;
	line->connector.fd = line->connector.resolver.epoll = -1;
	list_init(&line->dirty);
	list_init(&line->calls);
	list_init(&line->ended);
	if (!hub_add_line(hub, line)) {
		memory_free(&hub->runtime->memory, line, sizeof *line);
		return NULL;
	}
	line->association = client_association_ref(association);
	line->is_alone = line->is_closed = is_alone;
	if (!is_alone)
		association->line = line;
	return line;
}

void
line_close_to_calls(struct line *line)
{
	line->is_closed = true;
	if (line->association->line == line)
		line->association->line = NULL;
}

void
line_watch(struct line *line, int fd, uint32_t events)
{
	if (fd == line->watched && events == line->watched_events)
		return;
	hub_watch(line->hub, line, fd, events);
	line->watched = fd;
	line->watched_events = events;
}

void
line_unwatch(struct line *line)
{
	line_watch(line, -1, 0);
}

void
line_poll(struct line *line, int fd, short events)
{
	line_watch(line, fd,
	    ((events & POLLIN) != 0 ? EPOLLIN : 0) |
	        ((events & POLLOUT) != 0 ? EPOLLOUT : 0));
}

/* Give back what it has of the association. */
static void
let_go(struct line *line)
{
	line_unwatch(line);
	if (line->state == LINE_ENTERING) {
		client_hold_give_up(line->association, line->opening);
	} else if (line->state == LINE_CONNECTING) {
		connector_fini(&line->connector);
		lease_give_up(&line->lease, line->group);
	} else if (line->state == LINE_OPEN &&
	           runtime_is_stale(line->hub->runtime)) {
		client_association_drop(line->association, line->lease.conn);
	} else if (line->state == LINE_OPEN) {
		/* A server that does not read would never see a mere end. */
		line->lease.conn->resets |= line->is_alone;
		lease_return(&line->lease);
	}
	line->state = LINE_WAITING;
}

void
line_free(struct line *line)
{
	const struct becket_memory *memory = &line->hub->runtime->memory;

	line_close_to_calls(line);
	let_go(line);
	hub_remove_line(line->hub, line);
	client_association_unref(line->association);
	memory_free(memory, line->begun,
	    line->begun_count * sizeof *line->begun);
	memory_free(memory, line, sizeof *line);
}

/* --------------------------------------------------------------- calls -- */

static bool
remember(struct line *line, struct becket_async_call *call)
{
	uint32_t index = call->invoke.call.index;
	uint32_t count = line->begun_count == 0 ? 16 : line->begun_count;
	struct becket_async_call **grown;

	while (count <= index)
		count *= 2;
	if (count > line->begun_count) {
		grown = memory_resize(&line->hub->runtime->memory, line->begun,
		    line->begun_count * sizeof *grown, count * sizeof *grown);
		if (grown == NULL)
			return false;
		memset(grown + line->begun_count, 0,
		    (count - line->begun_count) * sizeof *grown);
		line->begun = grown;
		line->begun_count = count;
	}
	line->begun[index] = call;
	return true;
}

void
line_forget(struct line *line, const struct becket_async_call *call)
{
	uint32_t index = call->invoke.call.index;

	if (call->invoke.is_begun && index < line->begun_count &&
	    line->begun[index] == call)
		line->begun[index] = NULL;
}

struct becket_async_call *
line_call_of(const struct line *line, struct idmap_id id)
{
	return id.index < line->begun_count ? line->begun[id.index] : NULL;
}

void
line_move_elsewhere(struct line *line, struct becket_async_call *call,
    bool must_be_new)
{
	line_close_to_calls(line);
	list_remove(&call->node);
	call->line = NULL;
	hub_place(line->hub, call, must_be_new);
}

static bool
has_no_other(const struct line *line, const struct becket_async_call *call)
{
	return line->calls.next == &call->node &&
	       line->calls.previous == &call->node;
}

/* group: of the connection that the call is to be on. */
static bool
is_stranger(const struct line *line, const struct becket_async_call *call,
    uint32_t group)
{
	return call->group != 0 && call->group != group &&
	       !line->association->protseq->is_grpc;
}

/* Its context handles are of another group: of the one that the association has
 * by now, or of one that there is not any more.
 */
static void
turn_away(struct line *line, struct becket_async_call *call)
{
	if (call->group == client_association_group(line->association) &&
	    call->rebinds++ < LINE_REBINDS)
		line_move_elsewhere(line, call, false);
	else
		async_call_fail(call, BECKET_X_SS_CONTEXT_MISMATCH,
		    "the association it belongs to has ended");
}

/* A session that takes no more has served others, so another may. */
static void
begin(struct line *line, struct becket_async_call *call)
{
	struct session *session = line->lease.conn->session;
	becket_status status;

	if (is_stranger(line, call, line->lease.conn->association)) {
		turn_away(line, call);
		return;
	}
	status = call->kind->begin(call, session, clock_now());
	if (status == BECKET_S_OK && remember(line, call))
		return;
	if (status == BECKET_S_OK) {
		session->ops->abandon(session, call->invoke.call);
		call->kind->retry(call);
		status = BECKET_S_OUT_OF_MEMORY;
	}
	if ((status == BECKET_S_COMM_FAILURE ||
	        status == BECKET_S_OUT_OF_RESOURCES) &&
	    !has_no_other(line, call))
		line_move_elsewhere(line, call, false);
	else if (status == BECKET_S_COMM_FAILURE &&
	         call->rebinds++ < LINE_REBINDS)
		line_move_elsewhere(line, call, true);
	else
		async_call_fail(call, status, NULL);
}

void
line_add(struct line *line, struct becket_async_call *call)
{
	call->line = line;
	list_append(&line->calls, &call->node);
	hub_mark(line->hub, line);
	if (line->state == LINE_OPEN)
		begin(line, call);
}

void
line_take_off(struct line *line, struct becket_async_call *call)
{
	if (line->state == LINE_OPEN && call->invoke.is_begun &&
	    !call->invoke.is_over) {
		struct session *session = line->lease.conn->session;

		session->ops->abandon(session, call->invoke.call);
	}
	line_forget(line, call);
	list_remove(&call->node);
	call->line = NULL;
	hub_mark(line->hub, line);
}

/* ------------------------------------------------------------- WAITING -- */

static void
fail_all(struct line *line, becket_status status, const char *why)
{
	list_for_each (node, &line->calls)
		hub_retry_or_fail(line->hub,
		    container_of(node, struct becket_async_call, node), status,
		    why);
}

static void
open_line(struct line *line)
{
	line->state = LINE_OPEN;
	client_conn_start(line->lease.conn);
	list_for_each (node, &line->calls)
		begin(line, container_of(node, struct becket_async_call, node));
}

static uint64_t
latest_connect(const struct line *line)
{
	uint64_t latest = 0;

	list_for_each (node, &line->calls) {
		uint64_t by = container_of(node, struct becket_async_call, node)
		                  ->connect_by;

		if (by > latest)
			latest = by;
	}
	return latest;
}

static void
turn_strangers_away(struct line *line)
{
	list_for_each (node, &line->calls) {
		struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		if (is_stranger(line, call, line->group))
			turn_away(line, call);
	}
}

static void
start_connecting(struct line *line)
{
	struct client_association *association = line->association;
	const struct connect_target target =
	    client_association_target(association);

	line->state = LINE_CONNECTING;
	connector_start(&line->connector, line->hub->runtime, &target,
	    latest_connect(line));
	turn_strangers_away(line);
}

static void
run_waiting(struct line *line)
{
	struct lease_wish wish = {
		.association = line->association,
		.must_be_new = line->must_be_new,
		.is_alone = line->is_alone,
	};
	becket_status status = lease_try(&wish, &line->lease, &line->group);

	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	if (status != BECKET_S_OK)
		fail_all(line, status, NULL);
	else if (line->lease.conn != NULL)
		open_line(line);
	else
		start_connecting(line);
}

/* ---------------------------------------------------------- CONNECTING -- */

/* Calls that came later may have more time than the connector had. */
static void
end_connecting(struct line *line, becket_status status)
{
	bool is_late = clock_now() >= line->connector.deadline;
	char why[CONNECT_WHY_SIZE];

	memcpy(why, line->connector.why, sizeof why);
	let_go(line);
	if (!is_late || latest_connect(line) <= clock_now())
		fail_all(line, status, why);
	else
		hub_mark(line->hub, line);
}

/* The connection may be used again by who waits in recv(). */
static becket_status
adopt(struct line *line, int fd)
{
	if (connect_make_blocking(fd))
		return lease_adopt(&line->lease, fd, line->group);
	close(fd);
	return BECKET_S_OUT_OF_RESOURCES;
}

static void
run_connecting(struct line *line)
{
	becket_status status;
	int fd;

	line_unwatch(line);
	status = connector_step(&line->connector, &fd);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	if (status != BECKET_S_OK) {
		end_connecting(line, status);
		return;
	}
	connector_fini(&line->connector);
	status = adopt(line, fd);
	if (status == BECKET_S_OK) {
		open_line(line);
		return;
	}
	lease_give_up(&line->lease, line->group);
	line->state = LINE_WAITING;
	fail_all(line, status, NULL);
}

static void
expire_call(struct line *line, struct becket_async_call *call,
    becket_status status)
{
	char why[CONNECT_WHY_SIZE];

	if (line->state == LINE_ENTERING) {
		async_call_fail(call, BECKET_S_CALL_CANCELLED, NULL);
	} else if (line->state == LINE_WAITING) {
		lease_explain(line->association, why);
		async_call_fail(call, status, why);
	} else {
		async_call_fail(call, status,
		    status == BECKET_S_CALL_CANCELLED
		        ? line->connector.why
		        : "connecting took too long");
	}
}

/* What is not begun has nobody else who looks at its time. */
static void
expire(struct line *line)
{
	uint64_t now = clock_now();

	list_for_each (node, &line->calls) {
		struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		if (invoke_is_late(&call->invoke, now))
			expire_call(line, call, BECKET_S_CALL_CANCELLED);
		else if (call->connect_by <= now)
			expire_call(line, call, BECKET_S_SERVER_UNAVAILABLE);
	}
}

/* ---------------------------------------------------------------- all --- */

void
line_run(struct line *line)
{
	if (line->state == LINE_ENTERING)
		line_run_entering(line);
	if (line->state == LINE_WAITING)
		run_waiting(line);
	if (line->state == LINE_CONNECTING)
		run_connecting(line);
	if (line->state == LINE_OPEN)
		line_run_open(line);
	else
		expire(line);
	if (list_is_empty(&line->calls))
		line_free(line);
	else if (line->state == LINE_ENTERING)
		line_watch_entering(line);
	else if (line->state == LINE_CONNECTING)
		line_poll(line, connector_fd(&line->connector),
		    connector_events(&line->connector));
}

/* What waits for room in the socket is told when there is some. */
static uint64_t
due_while_open(const struct line *line)
{
	const struct becket_async_call *only = line_only_call(line);
	const struct session *session = line->lease.conn->session;
	bool gathers = line->gathered > 0 && !line->is_blocked;

	return clock_earlier(gathers ? line->gathers_until : 0,
	    clock_earlier(only == NULL ? 0 : only->end_by,
	        session->ops->deadline(session)));
}

uint64_t
line_due(const struct line *line)
{
	uint64_t due = 0;

	if (line->state == LINE_OPEN)
		return due_while_open(line);
	if (line->state == LINE_CONNECTING)
		due = connector_until(&line->connector);
	else if (line->opening != NULL)
		due = client_hold_until(line->opening);
	list_for_each (node, &line->calls) {
		const struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		due = clock_earlier(due,
		    clock_earlier(call->invoke.deadline, call->connect_by));
	}
	return due;
}
