/* SPDX-License-Identifier: MIT */
#ifndef FILES_PROGRESS_H
#define FILES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far it is, on stderr: a bar where the total is known, and the rate. A few
 * times a second on a terminal; elsewhere once, at the end, if it is wanted.
 */
struct progress {
	bool wanted; /* also where there is no terminal */
	uint64_t total, done;
	double begin, shown;
};

/* total 0: not known. */
void progress_begin(struct progress *progress, uint64_t total);
void progress_move(struct progress *progress, uint64_t size);
/* Bytes per second, in millions. */
double progress_end(struct progress *progress);

/* Seconds, of a clock that does not jump. */
double clock_now(void);

#endif
