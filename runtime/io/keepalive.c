/* SPDX-License-Identifier: MIT */
#include "io/keepalive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Half of the time nothing is asked, then five times. */
enum { PROBES = 5 };

static void
set_seconds(int fd, int option, uint32_t milliseconds)
{
	int seconds = milliseconds < 2000 ? 1 : (int)(milliseconds / 1000);

	(void)setsockopt(fd, IPPROTO_TCP, option, &seconds, sizeof seconds);
}

void
keepalive_set(int fd, const struct becket_limits *limits)
{
	const int on = 1, probes = PROBES;
	const unsigned silence = limits->silence_ms;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	set_seconds(fd, TCP_KEEPIDLE, silence / 2);
	set_seconds(fd, TCP_KEEPINTVL, silence / 2 / PROBES);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence,
	    sizeof silence);
}
