/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

static bool
address_of(const char *name, struct sockaddr_un *ret_address,
    socklen_t *ret_size)
{
	size_t length = strlen(name);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if ((name[0] != '/' && name[0] != '@') || length < 2 ||
	    length >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	*ret_address = address;
	*ret_size =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

void
notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t size;
	if (name == NULL || name[0] == '\0')
		return;
	if (!address_of(name, &address, &size)) {
		log_line(BECKET_LOG_WARNING,
		    "NOTIFY_SOCKET is no Unix socket: %s", name);
		return;
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	                  (const struct sockaddr *)&address, size) < 0)
		log_line(BECKET_LOG_WARNING,
		    "the service manager at %s was not told: %s", name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
}

void
notify_reloading(void)
{
	struct timespec now;
	char state[128];
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof state,
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64
	    "\nSTATUS=reading the configuration again\n",
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	notify(state);
}
