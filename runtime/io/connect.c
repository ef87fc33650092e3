/* SPDX-License-Identifier: MIT */
#include "io/connect.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "io/clock.h"

bool
connect_make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

/* Signals and what else ends a wait early do no harm: it goes on. */
static becket_status
wait_and_step(struct connector *connector, int *ret_fd)
{
	becket_status status;

	while ((status = connector_step(connector, ret_fd)) ==
	       BECKET_S_ASYNC_CALL_PENDING) {
		struct pollfd poll_fd = {
			.fd = connector_fd(connector),
			.events = connector_events(connector),
		};

		(void)poll(&poll_fd, 1,
		    clock_poll_timeout(clock_now(),
		        connector_until(connector)));
	}
	return status;
}

becket_status
connect_to(const struct becket_runtime *runtime,
    const struct connect_target *target, uint64_t deadline, int *ret_fd,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct connector connector;
	becket_status status;
	int fd;

	connector_start(&connector, runtime, target, deadline);
	status = wait_and_step(&connector, &fd);
	if (status == BECKET_S_OK && !connect_make_blocking(fd)) {
		close(fd);
		status = BECKET_S_OUT_OF_RESOURCES;
	}
	memcpy(ret_why, connector.why, CONNECT_WHY_SIZE);
	connector_fini(&connector);
	if (status == BECKET_S_OK)
		*ret_fd = fd;
	return status;
}
