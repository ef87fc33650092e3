/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 30 };

double
clock_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool
is_live(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void
progress_begin(struct progress *progress, uint64_t total)
{
	progress->total = total;
	progress->done = 0;
	progress->begin = progress->shown = clock_now();
}

static double
rate(const struct progress *progress, double now)
{
	double seconds = now - progress->begin;
	return seconds > 0 ? (double)progress->done / 1e6 / seconds : 0;
}

static void
show_bar(const struct progress *progress)
{
	double part = (double)progress->done / (double)progress->total;
	int full = part < 1 ? (int)(part * WIDTH) : WIDTH;
	fputc('[', stderr);
	for (int i = 0; i < WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %3.0f%%  ", part < 1 ? part * 100 : 100);
}

static void
show(struct progress *progress, double now, const char *end)
{
	if (is_live())
		fputc('\r', stderr);
	if (progress->total > 0)
		show_bar(progress);
	fprintf(stderr, "%9.1f MB  %6.0f MB/s%s", (double)progress->done / 1e6,
	    rate(progress, now), end);
	progress->shown = now;
}

void
progress_move(struct progress *progress, uint64_t size)
{
	double now = clock_now();
	progress->done += size;
	if (is_live() && now - progress->shown > 0.1)
		show(progress, now, "  ");
}

double
progress_end(struct progress *progress)
{
	double now = clock_now();
	if (is_live() || progress->wanted)
		show(progress, now, "\n");
	return rate(progress, now);
}
