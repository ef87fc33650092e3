/* SPDX-License-Identifier: MIT */
#include "io/hub.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/allocate.h"
#include "io/async_call.h"
#include "io/clock.h"
#include "io/line.h"
#include "io/memory_cache.h"

enum { EVENTS = 64 };

/* A thread that waits for what another finds. */
struct waiter {
	struct list node;
	pthread_cond_t told;
	const struct becket_async_call *call; /* NULL: any */
};

static bool
init_locks(struct hub *hub)
{
	if (pthread_condattr_init(&hub->monotonic) != 0)
		return false;
	if (pthread_condattr_setclock(&hub->monotonic, CLOCK_MONOTONIC) == 0 &&
	    pthread_mutex_init(&hub->lock, NULL) == 0)
		return true;
	pthread_condattr_destroy(&hub->monotonic);
	return false;
}

becket_status
hub_new(struct becket_runtime *runtime, struct hub **ret_hub)
{
	struct hub *hub = memory_new(&runtime->memory, sizeof *hub);

	if (hub == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	hub->runtime = runtime;
	hub->epoll = hub->loop_epoll = hub->wake = hub->loop_wake = -1;
	hub->ids = idmap_empty(&runtime->memory, UINT16_MAX);
	list_init(&hub->waiters);
	list_init(&hub->lines);
	list_init(&hub->dirty);
	list_init(&hub->pausing);
	list_init(&hub->due);
	if (!init_locks(hub)) {
		memory_free(&runtime->memory, hub, sizeof *hub);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*ret_hub = hub;
	return BECKET_S_OK;
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_all(struct hub *hub)
{
	close_one(&hub->epoll);
	close_one(&hub->loop_epoll);
	close_one(&hub->wake);
	close_one(&hub->loop_wake);
}

void
hub_free(struct hub *hub)
{
	if (hub == NULL)
		return;
	list_for_each (node, &hub->lines)
		line_free(container_of(node, struct line, node));
	idmap_fini(&hub->ids);
	close_all(hub);
	pthread_condattr_destroy(&hub->monotonic);
	pthread_mutex_destroy(&hub->lock);
	memory_free(&hub->runtime->memory, hub, sizeof *hub);
}

/* ------------------------------------------------------------ watching -- */

static bool
watch_fd(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

becket_status
hub_open(struct hub *hub)
{
	if (hub->is_open)
		return BECKET_S_OK;
	hub->epoll = epoll_create1(EPOLL_CLOEXEC);
	hub->loop_epoll = epoll_create1(EPOLL_CLOEXEC);
	hub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hub->loop_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hub->is_open = hub->epoll >= 0 && hub->loop_epoll >= 0 &&
	               hub->wake >= 0 && hub->loop_wake >= 0 &&
	               watch_fd(hub->epoll, hub->wake) &&
	               watch_fd(hub->loop_epoll, hub->epoll) &&
	               watch_fd(hub->loop_epoll, hub->loop_wake);
	if (!hub->is_open)
		close_all(hub);
	return hub->is_open ? BECKET_S_OK : BECKET_S_OUT_OF_RESOURCES;
}

static void
ring(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof one);
}

static void
hush(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof count);
}

void
hub_hush_loop(struct hub *hub)
{
	hush(hub->loop_wake);
}

void
hub_wake(struct hub *hub)
{
	ring(hub->wake);
}

bool
hub_add_line(struct hub *hub, struct line *line)
{
	line->id = idmap_add(&hub->ids, line);
	if (line->id.generation == 0)
		return false;
	list_append(&hub->lines, &line->node);
	return true;
}

void
hub_remove_line(struct hub *hub, struct line *line)
{
	idmap_remove(&hub->ids, line->id);
	list_remove(&line->node);
	list_remove(&line->dirty);
}

void
hub_mark(struct hub *hub, struct line *line)
{
	list_remove(&line->dirty);
	list_append(&hub->dirty, &line->dirty);
}

void
hub_watch(struct hub *hub, struct line *line, int fd, uint32_t events)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 =
		    (uint64_t)line->id.generation << 32 | line->id.index,
	};

	/* The parent of a forked child watches with the same epoll. */
	if (runtime_is_stale(hub->runtime))
		return;
	if (line->watched >= 0 && line->watched != fd)
		(void)epoll_ctl(hub->epoll, EPOLL_CTL_DEL, line->watched,
		    &event);
	if (fd < 0)
		return;
	(void)epoll_ctl(hub->epoll,
	    line->watched == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

/* --------------------------------------------------------------- calls -- */

void
hub_place(struct hub *hub, struct becket_async_call *call, bool must_be_new)
{
	bool is_alone =
	    call->kind->is_stream && !call->association->protseq->is_grpc;
	struct line *line = is_alone ? NULL : call->association->line;

	if (async_call_must_enter(call))
		line = line_new_to_enter(hub, call->association);
	else if (line == NULL)
		line = line_new(hub, call->association, must_be_new, is_alone);
	if (line != NULL)
		line_add(line, call);
	else
		async_call_fail(call, BECKET_S_OUT_OF_MEMORY, NULL);
}

bool
hub_repeat(struct hub *hub, struct becket_async_call *call)
{
	const struct invoke *invoke = &call->invoke;
	uint64_t now = clock_now();
	uint64_t pause = client_call_pause(call->repeats);

	if (call->kind->is_stream || call->is_cancelled ||
	    !invoke_is_idempotent(invoke) ||
	    call->repeats >= invoke->limits->repeats ||
	    now + pause >= invoke->deadline)
		return false;
	if (invoke->is_over && invoke->end.outcome > call->outcome)
		call->outcome = invoke->end.outcome;
	call->repeats++;
	call->not_before = now + pause;
	call->line = NULL;
	call->kind->retry(call);
	list_remove(&call->node);
	list_append(&hub->pausing, &call->node);
	return true;
}

void
hub_retry_or_fail(struct hub *hub, struct becket_async_call *call,
    becket_status status, const char *why)
{
	if (status == BECKET_S_SERVER_UNAVAILABLE && call->repeats > 0 &&
	    hub_repeat(hub, call))
		return;
	if (status == BECKET_S_SERVER_UNAVAILABLE &&
	    invoke_is_late(&call->invoke, clock_now()))
		status = BECKET_S_CALL_CANCELLED;
	async_call_fail(call, status, why);
}

static bool
is_about(const struct waiter *waiter, const struct becket_async_call *call)
{
	return waiter->call == NULL || waiter->call == call;
}

/* call NULL: those who wait for no particular one. */
static void
tell_waiters(struct hub *hub, const struct becket_async_call *call)
{
	list_for_each (node, &hub->waiters) {
		struct waiter *waiter = container_of(node, struct waiter, node);

		if (is_about(waiter, call))
			pthread_cond_signal(&waiter->told);
	}
}

void
hub_tell(struct hub *hub, struct becket_async_call *call)
{
	if (hub->driver != NULL && is_about(hub->driver, call))
		ring(hub->wake);
	tell_waiters(hub, call);
	if (!call->has_callback || !list_is_empty(&call->due))
		return;
	list_append(&hub->due, &call->due);
	if (!hub->is_processed)
		ring(hub->loop_wake);
}

/* ------------------------------------------------------------- driving -- */

uint64_t
hub_due(const struct hub *hub)
{
	uint64_t due = 0;

	list_for_each (node, &hub->lines)
		due = clock_earlier(due,
		    line_due(container_of(node, struct line, node)));
	list_for_each (node, &hub->pausing)
		due = clock_earlier(due,
		    container_of(node, struct becket_async_call, node)
		        ->not_before);
	return due;
}

static void
run_dirty(struct hub *hub)
{
	while (!list_is_empty(&hub->dirty)) {
		struct line *line =
		    container_of(hub->dirty.next, struct line, dirty);

		list_remove(&line->dirty);
		line_run(line);
	}
}

static bool
is_before(uint64_t a, uint64_t b)
{
	return a != 0 && (b == 0 || a < b);
}

void
hub_settle(struct hub *hub)
{
	uint64_t due;

	run_dirty(hub);
	if (hub->driver == NULL && !hub->has_loop)
		return;
	due = hub_due(hub);
	if (hub->driver != NULL && is_before(due, hub->driver_until))
		ring(hub->wake);
	if (hub->has_loop && is_before(due, hub->loop_until))
		ring(hub->loop_wake);
}

static void
mark_due(struct hub *hub)
{
	uint64_t now = clock_now();

	list_for_each (node, &hub->lines) {
		struct line *line = container_of(node, struct line, node);
		uint64_t due = line_due(line);

		if (line_is_patient(line) || (due != 0 && due <= now))
			hub_mark(hub, line);
	}
	list_for_each (node, &hub->pausing) {
		struct becket_async_call *call =
		    container_of(node, struct becket_async_call, node);

		if (call->not_before <= now) {
			list_remove(node);
			hub_place(hub, call, true);
		}
	}
	memory_cache_sweep(hub->runtime->memory_cache, now);
}

/* A driver that is rung for and finds it hushed sleeps on. */
static void
note_wake(struct hub *hub)
{
	if (hub->driver == NULL)
		hush(hub->wake);
	tell_waiters(hub, NULL);
}

static void
take(struct hub *hub, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count; i++) {
		struct idmap_id id = {
			.index = (uint32_t)events[i].data.u64,
			.generation = (uint32_t)(events[i].data.u64 >> 32),
		};
		struct line *line = idmap_get(&hub->ids, id);

		if (events[i].data.u64 == 0)
			note_wake(hub);
		if (line == NULL)
			continue;
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			line->is_readable = true;
		hub_mark(hub, line);
	}
	mark_due(hub);
	run_dirty(hub);
}

void
hub_poll(struct hub *hub)
{
	struct epoll_event events[EVENTS];

	take(hub, events, epoll_wait(hub->epoll, events, EVENTS, 0));
}

/* Wait for something to happen, and do it. */
static void
drive(struct hub *hub, const struct waiter *driver, uint64_t until)
{
	struct epoll_event events[EVENTS];
	int timeout, count;

	hub->driver_until = clock_earlier(until, hub_due(hub));
	hub->driver = driver;
	timeout = clock_poll_timeout(clock_now(), hub->driver_until);
	pthread_mutex_unlock(&hub->lock);
	count = epoll_wait(hub->epoll, events, EVENTS, timeout);
	pthread_mutex_lock(&hub->lock);
	hub->driver = NULL;
	take(hub, events, count);
	if (hub->has_loop && is_before(hub_due(hub), hub->loop_until))
		ring(hub->loop_wake);
}

static void
wait_for_driver(struct hub *hub, struct waiter *waiter, uint64_t until)
{
	struct timespec time = {
		.tv_sec = (time_t)(until / 1000000000),
		.tv_nsec = (long)(until % 1000000000),
	};

	list_append(&hub->waiters, &waiter->node);
	if (until == 0)
		pthread_cond_wait(&waiter->told, &hub->lock);
	else
		pthread_cond_timedwait(&waiter->told, &hub->lock, &time);
	list_remove(&waiter->node);
}

/* Who leaves off driving wakes one of the others, to take over. */
static void
hand_over(struct hub *hub)
{
	if (hub->driver == NULL && !list_is_empty(&hub->waiters))
		pthread_cond_signal(
		    &container_of(hub->waiters.next, struct waiter, node)
		         ->told);
}

void
hub_await(struct hub *hub, const struct becket_async_call *call,
    bool (*is_done)(const void *what), const void *what, uint64_t until)
{
	struct waiter waiter = { .call = call };

	if (is_done(what) || (until != 0 && clock_now() >= until))
		return;
	/* It takes no memory, so it does not fail. */
	(void)pthread_cond_init(&waiter.told, &hub->monotonic);
	do {
		if (hub->driver != NULL)
			wait_for_driver(hub, &waiter, until);
		else
			drive(hub, &waiter, until);
	} while (!is_done(what) && (until == 0 || clock_now() < until));
	hand_over(hub);
	pthread_cond_destroy(&waiter.told);
}
