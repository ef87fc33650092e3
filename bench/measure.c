/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "becket.h"

enum { MOST_CHILDREN = 8 };

static pid_t children[MOST_CHILDREN];
static unsigned child_count;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	MUST(sched_setaffinity(0, sizeof set, &set) == 0);
}

/* --------------------------------------------------------------- rounds -- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare);
	return values[count / 2];
}

static double
round_of(void (*work)(void), unsigned times)
{
	double start = now();

	for (unsigned i = 0; i < times; i++)
		work();
	return (now() - start) / times;
}

void
compare_to_floor(const char *name, void (*floor_work)(void), void (*work)(void),
    unsigned rounds, unsigned times)
{
	double floor_times[MOST_ROUNDS], our_times[MOST_ROUNDS];
	double floor_us, us;

	MUST(rounds > 0 && rounds <= MOST_ROUNDS && times > 0);
	round_of(floor_work, times / 10 + 1);
	round_of(work, times / 10 + 1);
	for (unsigned i = 0; i < rounds; i++) {
		floor_times[i] = round_of(floor_work, times);
		our_times[i] = round_of(work, times);
	}
	floor_us = 1e6 * median(floor_times, rounds);
	us = 1e6 * median(our_times, rounds);
	printf("%-24s raw socket %9.2f us   becket %9.2f us   ratio %.2f\n",
	    name, floor_us, us, us / floor_us);
}

/* -------------------------------------------------------------- sockets -- */

int
raw_listen(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(bind(fd, (struct sockaddr *)&address, size) == 0);
	MUST(listen(fd, 8) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

void
raw_no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int
raw_connect(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	raw_no_delay(fd);
	return fd;
}

/* ------------------------------------------------------------- children -- */

/* true: in the child. */
static bool
spawn(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	MUST(child >= 0 && child_count < MOST_CHILDREN);
	if (child == 0)
		return true;
	children[child_count++] = child;
	return false;
}

pid_t
serve_in_child(void (*serve)(int tell), char ret_string[256])
{
	int tell[2];

	MUST(pipe(tell) == 0);
	if (spawn()) {
		serve(tell[1]);
		_exit(0);
	}
	MUST(read(tell[0], ret_string, 256) > 0);
	close(tell[0]);
	close(tell[1]);
	return children[child_count - 1];
}

void
raw_serve_in_child(void (*serve)(int listener), uint16_t *ret_port)
{
	int listener = raw_listen(ret_port);

	if (spawn()) {
		serve(listener);
		_exit(0);
	}
	close(listener);
}

void
end_children(void)
{
	while (child_count > 0)
		kill(children[--child_count], SIGKILL);
	while (wait(NULL) > 0)
		continue;
}

void
listen_and_tell(struct becket_server *server, int tell)
{
	struct becket_binding_vector *vector;
	char *string;

	MUST(becket_server_use_protseq(server, "ncacn_ip_tcp", "127.0.0.1") ==
	     BECKET_S_OK);
	MUST(becket_server_inq_bindings(server, &vector) == BECKET_S_OK);
	MUST(becket_binding_to_string_binding(vector->bindings[0], &string) ==
	     BECKET_S_OK);
	MUST(write(tell, string, strlen(string) + 1) > 0);
	MUST(becket_server_listen(server, 0) == BECKET_S_OK);
}
