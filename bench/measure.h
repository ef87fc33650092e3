/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/*
 * What the benchmarks have in common: rounds of the floor and of us in turn,
 * medians, and the ratio of the two; a raw socket; a server of ours in a
 * process of its own. All processes are pinned to one CPU, which leaves the
 * cost of the work and takes away that of waking another CPU.
 */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s: line %d: %s\n", __FILE__, \
			    __LINE__, #condition); \
			exit(1); \
		} \
	} while (0)

enum { MOST_ROUNDS = 101 };

/* This process, and those it makes. */
void pin(void);

/* Each does one piece of work. Prints a line: microseconds of either, and how
 * many times the floor's ours are.
 */
void compare_to_floor(const char *name, void (*floor_work)(void),
    void (*work)(void), unsigned rounds, unsigned times);

int raw_listen(uint16_t *ret_port);
int raw_connect(uint16_t port);
void raw_no_delay(int fd);

/* A child that runs serve(), which writes a string binding to the descriptor
 * it is given. It is killed by end_children().
 */
pid_t serve_in_child(void (*serve)(int tell), char ret_string[256]);
void raw_serve_in_child(void (*serve)(int listener), uint16_t *ret_port);
void end_children(void);

/* Write where the first listener is, and serve. */
struct becket_server;
void listen_and_tell(struct becket_server *server, int tell);

#endif
