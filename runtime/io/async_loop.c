/* SPDX-License-Identifier: MIT */
#include "io/hub.h"

#include <poll.h>

#include "io/async_call.h"
#include "io/clock.h"

int
becket_runtime_fd(struct becket_runtime *runtime)
{
	struct hub *hub = runtime->hub;
	int fd = -1;

	pthread_mutex_lock(&hub->lock);
	if (hub_open(hub) == BECKET_S_OK)
		fd = hub->loop_epoll;
	hub->has_loop = true;
	pthread_mutex_unlock(&hub->lock);
	return fd;
}

short
becket_runtime_events(struct becket_runtime *runtime)
{
	(void)runtime;
	return POLLIN;
}

int
becket_runtime_timeout(struct becket_runtime *runtime)
{
	struct hub *hub = runtime->hub;
	int timeout = 0;

	pthread_mutex_lock(&hub->lock);
	hub->loop_until = hub_due(hub);
	if (list_is_empty(&hub->due))
		timeout = clock_poll_timeout(clock_now(), hub->loop_until);
	pthread_mutex_unlock(&hub->lock);
	return timeout;
}

/* What becomes due meanwhile is for the next time. */
static void
take_due(struct hub *hub, struct list *ret_due)
{
	list_init(ret_due);
	list_for_each (node, &hub->due) {
		list_remove(node);
		list_append(ret_due, node);
	}
}

static void
call_back(struct list *due)
{
	while (!list_is_empty(due)) {
		struct becket_async_call *call =
		    container_of(due->next, struct becket_async_call, due);

		list_remove(&call->due);
		call->kind->call_back(call);
	}
}

bool
becket_runtime_process(struct becket_runtime *runtime)
{
	struct hub *hub = runtime->hub;
	struct list due;
	bool is_busy;

	pthread_mutex_lock(&hub->lock);
	hub->is_processed = true;
	if (hub_open(hub) == BECKET_S_OK) {
		hub_hush_loop(hub);
		hub_poll(hub);
	}
	hub->is_processed = false;
	take_due(hub, &due);
	call_back(&due);
	is_busy = !list_is_empty(&hub->lines) ||
	          !list_is_empty(&hub->pausing) || !list_is_empty(&hub->due);
	pthread_mutex_unlock(&hub->lock);
	return is_busy;
}
