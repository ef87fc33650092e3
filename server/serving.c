/* SPDX-License-Identifier: MIT */
#include "serving.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

static void *
wait_for_the_end(void *argument)
{
	const struct serving *serving = argument;
	const uint64_t one = 1;
	(void)!becket_server_wait(serving->server);
	(void)!write(serving->ended, &one, sizeof one);
	return NULL;
}

static becket_status
start_threads(struct serving *serving)
{
	becket_status status;
	serving->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (serving->ended < 0)
		return BECKET_S_OUT_OF_RESOURCES;
	status = becket_server_listen(serving->server, BECKET_LISTEN_DONT_WAIT);
	if (status != BECKET_S_OK)
		return status;
	serving->is_waiting = pthread_create(&serving->waiter, NULL,
	                          wait_for_the_end, serving) == 0;
	if (serving->is_waiting)
		return BECKET_S_OK;
	becket_server_stop_now(serving->server);
	(void)!becket_server_wait(serving->server);
	return BECKET_S_OUT_OF_RESOURCES;
}

bool
serving_start(struct serving *serving, struct becket_server *server,
    unsigned loops)
{
	becket_status status;
	*serving = (struct serving){
		.server = server,
		.has_threads = loops > 1,
		.ended = -1,
	};
	status =
	    loops > 1 ? start_threads(serving) : becket_server_start(server);
	if (status != BECKET_S_OK)
		log_line(BECKET_LOG_ERROR, "becketd cannot serve: %s",
		    becket_status_text(status));
	return status == BECKET_S_OK;
}

struct pollfd
serving_poll(const struct serving *serving)
{
	if (serving->has_threads)
		return (struct pollfd){ serving->ended, POLLIN, 0 };
	return (struct pollfd){ becket_server_fd(serving->server),
		becket_server_events(serving->server), 0 };
}

int
serving_timeout(const struct serving *serving)
{
	return serving->has_threads ? -1
	                            : becket_server_timeout(serving->server);
}

bool
serving_go_on(struct serving *serving, const struct pollfd *polled)
{
	return serving->has_threads ? polled->revents == 0
	                            : becket_server_process(serving->server);
}

void
serving_fini(struct serving *serving)
{
	if (serving->is_waiting) {
		becket_server_stop_now(serving->server);
		pthread_join(serving->waiter, NULL);
	}
	if (serving->has_threads && serving->ended >= 0)
		close(serving->ended);
	*serving = (struct serving){ 0 };
}
