/* SPDX-License-Identifier: MIT */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a monotonic clock, never 0: the "now" that the rooms below
 * are given.
 */
uint64_t clock_now(void);

static inline uint64_t
clock_from_ms(uint64_t milliseconds)
{
	return milliseconds * 1000000;
}

/* Milliseconds from now until then, for poll(): rounded up, so that who waits
 * so long has reached it. 0: it has passed. Then 0 means never: -1.
 */
int clock_poll_timeout(uint64_t now, uint64_t then);

/* Of two times of which 0 is never. */
static inline uint64_t
clock_earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

void clock_sleep_until(uint64_t then);

#endif
