/* SPDX-License-Identifier: MIT */
#include "io/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

uint64_t
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 1;
}

int
clock_poll_timeout(uint64_t now, uint64_t then)
{
	uint64_t milliseconds;

	if (then == 0)
		return -1;
	if (then <= now)
		return 0;
	milliseconds = (then - now - 1) / 1000000 + 1;
	return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

void
clock_sleep_until(uint64_t then)
{
	struct timespec until = {
		.tv_sec = (time_t)(then / 1000000000),
		.tv_nsec = (long)(then % 1000000000),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		continue;
}
