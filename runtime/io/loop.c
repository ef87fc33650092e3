/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/clock.h"

enum {
	EVENTS = 64,
	/* Timers are looked through at most so often. */
	TICK_NS = 4000000,
};

static void
note_waker(struct watch *watch, uint32_t events)
{
	struct loop *loop = container_of(watch, struct loop, waker);

	(void)events;
	loop->woken(loop);
}

becket_status
loop_init(struct loop *loop, void (*woken)(struct loop *loop))
{
	*loop = (struct loop){
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.waker = {
			.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			.ready = note_waker,
		},
		.woken = woken,
		.now = clock_now(),
	};
	list_init(&loop->timers);
	if (loop->epoll >= 0 && loop->waker.fd >= 0 &&
	    loop_watch(loop, &loop->waker, EPOLLIN | EPOLLET) == BECKET_S_OK)
		return BECKET_S_OK;
	loop_fini(loop);
	return BECKET_S_SYSTEM;
}

void
loop_fini(struct loop *loop)
{
	if (loop->timers.next == NULL)
		return;
	if (loop->waker.fd >= 0)
		close(loop->waker.fd);
	if (loop->epoll >= 0)
		close(loop->epoll);
	*loop = (struct loop){ 0 };
}

void
loop_disown(struct loop *loop)
{
	close(loop->epoll);
	loop->epoll = -1;
}

becket_status
loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };
	int operation = watch->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (watch->is_watched && watch->events == events)
		return BECKET_S_OK;
	/* Before the kernel knows: the loop may be told at once. */
	watch->is_watched = true;
	watch->events = events;
	if (epoll_ctl(loop->epoll, operation, watch->fd, &event) == 0)
		return BECKET_S_OK;
	watch->is_watched = operation == EPOLL_CTL_MOD;
	return BECKET_S_SYSTEM;
}

void
loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (!watch->is_watched)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->is_watched = false;
	watch->events = 0;
}

void
timer_init(struct timer *timer, void (*fire)(struct timer *timer, uint64_t now))
{
	*timer = (struct timer){ .fire = fire };
	list_init(&timer->node);
}

/* A timer that is put off, or stopped, stays in the list until it is looked
 * at: most are put off with every call, and never fire.
 */
void
loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at)
{
	timer->at = at;
	if (at == 0)
		return;
	if (list_is_empty(&timer->node))
		list_append(&loop->timers, &timer->node);
	if (loop->soonest == 0 || at < loop->soonest)
		loop->soonest = at;
}

static void
fire_timers(struct loop *loop)
{
	struct list due;

	if (loop->soonest == 0 || loop->now < loop->soonest)
		return;
	loop->soonest = 0;
	list_init(&due);
	list_for_each (node, &loop->timers) {
		struct timer *timer = container_of(node, struct timer, node);

		if (timer->at > loop->now) {
			loop_set_timer(loop, timer, timer->at);
			continue;
		}
		list_remove(node);
		if (timer->at != 0)
			list_append(&due, node);
	}
	if (loop->soonest != 0 && loop->soonest < loop->now + TICK_NS)
		loop->soonest = loop->now + TICK_NS;
	/* One that fires may stop or put off another. */
	while (!list_is_empty(&due)) {
		struct timer *timer =
		    container_of(due.next, struct timer, node);

		list_remove(&timer->node);
		if (timer->at > loop->now)
			loop_set_timer(loop, timer, timer->at);
		else if (timer->at != 0)
			timer->fire(timer, loop->now);
	}
}

int
loop_timeout(const struct loop *loop)
{
	return clock_poll_timeout(clock_now(), loop->soonest);
}

void
loop_wake(struct loop *loop)
{
	const uint64_t one = 1;
	int saved = errno;

	/* Full means that it is awake already. */
	(void)!write(loop->waker.fd, &one, sizeof one);
	errno = saved;
}

/* Of this thread: loops may turn within loops. */
static _Thread_local unsigned turning;

bool
loop_may_wait(void)
{
	return turning == 0;
}

void
loop_enter(void)
{
	turning++;
}

void
loop_leave(void)
{
	turning--;
}

void
loop_turn(struct loop *loop, int timeout)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(loop->epoll, events, EVENTS, timeout);

	loop_enter();
	loop->now = clock_now();
	for (int i = 0; i < count; i++) {
		struct watch *watch = events[i].data.ptr;

		/* Closed, or told to be silent, by one before it? */
		if (watch->is_watched)
			watch->ready(watch, events[i].events);
	}
	fire_timers(loop);
	loop_leave();
}
