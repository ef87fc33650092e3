/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "output.h"

/* What there is to say in the end; times in nanoseconds. */
struct tally {
	uint64_t calls, answers;
	uint64_t least, most, sum;
	double squares;
	uint64_t began;
	int failure; /* the exit status of the last failed call */
};

static uint64_t
now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double
ms(double ns)
{
	return ns / 1e6;
}

static void
add(struct tally *tally, uint64_t ns)
{
	if (tally->answers == 0 || ns < tally->least)
		tally->least = ns;
	if (ns > tally->most)
		tally->most = ns;
	tally->answers++;
	tally->sum += ns;
	tally->squares += (double)ns * (double)ns;
}

static void
show_answer(const struct command *command, const struct tally *tally,
    uint64_t ns)
{
	struct line line = { 0 };
	if (!command->json) {
		printf("answer %" PRIu64 ": listening, %.3f ms\n", tally->calls,
		    ms((double)ns));
	} else {
		line_begin(&line, NULL);
		line_number(&line, "call", tally->calls);
		line_bool(&line, "listening", true);
		line_milliseconds(&line, "milliseconds", ns);
		line_end(&line);
	}
	fflush(stdout);
}

static void
call_once(const struct command *command, struct tally *tally)
{
	uint64_t begin = now_ns();
	becket_status status =
	    becket_mgmt_is_server_listening(command->binding);
	uint64_t ns = now_ns() - begin;
	tally->calls++;
	if (status != BECKET_S_OK) {
		tally->failure = command_failed(command, status);
		return;
	}
	add(tally, ns);
	show_answer(command, tally, ns);
}

static double
deviation(const struct tally *tally)
{
	double n = (double)tally->answers;
	double mean = (double)tally->sum / n;
	double variance = tally->squares / n - mean * mean;
	return variance > 0 ? sqrt(variance) : 0;
}

static void
show_json_summary(const struct tally *tally, uint64_t mean)
{
	struct line line = { 0 };
	line_begin(&line, NULL);
	line_number(&line, "calls", tally->calls);
	line_number(&line, "answers", tally->answers);
	line_milliseconds(&line, "elapsed", now_ns() - tally->began);
	if (tally->answers > 0) {
		line_milliseconds(&line, "min", tally->least);
		line_milliseconds(&line, "avg", mean);
		line_milliseconds(&line, "max", tally->most);
		line_milliseconds(&line, "mdev", (uint64_t)deviation(tally));
	}
	line_end(&line);
}

static void
show_summary(const struct command *command, const struct tally *tally)
{
	uint64_t mean = tally->answers > 0 ? tally->sum / tally->answers : 0;
	if (command->json) {
		show_json_summary(tally, mean);
		return;
	}
	printf("\n--- %s ---\n"
	       "%" PRIu64 " calls, %" PRIu64 " answers, %.0f ms\n",
	    command->binding_text, tally->calls, tally->answers,
	    ms((double)(now_ns() - tally->began)));
	if (tally->answers > 0)
		printf("round trip min/avg/max/mdev = "
		       "%.3f/%.3f/%.3f/%.3f ms\n",
		    ms((double)tally->least), ms((double)mean),
		    ms((double)tally->most), ms(deviation(tally)));
}

/* SIGINT and SIGTERM end the pauses and not the calls, so that the summary
 * always comes.
 */
static int
interrupts_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int
command_ping(const struct command *command)
{
	struct tally tally = { .began = now_ns() };
	struct pollfd interrupt = { interrupts_open(), POLLIN, 0 };
	int pause = 0;
	if (!command->json)
		printf("PING %s\n", command->binding_text);
	while (command->count == 0 || tally.calls < command->count) {
		if (poll(&interrupt, 1, pause) > 0)
			break;
		call_once(command, &tally);
		pause = (int)command->interval_ms;
	}
	show_summary(command, &tally);
	if (interrupt.fd >= 0)
		close(interrupt.fd);
	return tally.answers == tally.calls ? EXIT_OK : tally.failure;
}
