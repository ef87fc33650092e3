/* SPDX-License-Identifier: MIT */
/*
 * What a call costs, as a ratio to a raw socket that carries as many bytes,
 * both measured in the same run: a server process and a client process, one
 * call in flight, rounds of either in turn, medians. Both processes are
 * pinned to one CPU, which leaves the cost of the calls and takes away that
 * of waking another CPU.
 *
 *   pingpong [ROUNDS [CALLS]]
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "echo.becket.h"

enum {
	SMALL_REQUEST = 68, /* the bytes of a Small on the wire, both ways */
	BLOB = 1 << 20,
	MOST_ROUNDS = 101,
};

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "pingpong: line %d: %s\n", __LINE__, \
			    #condition); \
			exit(1); \
		} \
	} while (0)

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	MUST(sched_setaffinity(0, sizeof set, &set) == 0);
}

/* ------------------------------------------------------------ the floor -- */

static int
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

/* Read size bytes, write as many: a server that waits as ours does. */
static void
raw_serve(int listener)
{
	static char bytes[BLOB + 64];
	struct epoll_event event = { .events = EPOLLIN };
	int poll = epoll_create1(0);
	int fd = accept(listener, NULL, NULL);
	int one = 1;
	uint32_t size;
	size_t at = 0;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	MUST(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0);
	for (;;) {
		ssize_t got;

		MUST(epoll_wait(poll, &event, 1, -1) == 1);
		got = recv(fd, bytes + at, sizeof bytes - at, 0);
		if (got <= 0)
			_exit(0);
		at += (size_t)got;
		memcpy(&size, bytes, sizeof size);
		if (at < size)
			continue;
		for (size_t out = 0; out < size;)
			out += (size_t)send(fd, bytes + out, size - out, 0);
		at = 0;
	}
}

static int raw_fd;

static void
raw_connect(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int one = 1;

	raw_fd = socket(AF_INET, SOCK_STREAM, 0);
	MUST(connect(raw_fd, (struct sockaddr *)&address, sizeof address) == 0);
	setsockopt(raw_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void
raw_call(uint32_t size)
{
	static char bytes[BLOB + 64];
	size_t at = 0;

	memcpy(bytes, &size, sizeof size);
	for (size_t out = 0; out < size;)
		out += (size_t)send(raw_fd, bytes + out, size - out, 0);
	while (at < size) {
		ssize_t got = recv(raw_fd, bytes + at, sizeof bytes - at, 0);

		MUST(got > 0);
		at += (size_t)got;
	}
}

static void
raw_small(void)
{
	raw_call(SMALL_REQUEST);
}

static void
raw_blob(void)
{
	raw_call(BLOB);
}

/* ------------------------------------------------------------------ us -- */

static becket_status
manage_small(struct becket_call *call, const Bench__Record *request,
    Bench__Record *response)
{
	(void)call;
	response->id = request->id;
	response->name = request->name;
	response->value = request->value;
	return BECKET_S_OK;
}

static becket_status
manage_blob(struct becket_call *call, const Bench__Data *request,
    Bench__Data *response)
{
	(void)call;
	response->data = request->data;
	return BECKET_S_OK;
}

static const struct bench_echo_epv epv = {
	.small = manage_small,
	.blob = manage_blob,
};

static void
becket_serve(int tell)
{
	struct becket_runtime *runtime;
	struct becket_server *server;
	struct becket_binding_vector *vector;
	char *string;

	MUST(becket_runtime_new(NULL, &runtime) == BECKET_S_OK);
	MUST(becket_server_new(runtime, NULL, &server) == BECKET_S_OK);
	MUST(bench_echo_register(server, NULL, &epv, 0) == BECKET_S_OK);
	MUST(becket_server_use_protseq(server, "ncacn_ip_tcp", "127.0.0.1") ==
	     BECKET_S_OK);
	MUST(becket_server_inq_bindings(server, &vector) == BECKET_S_OK);
	MUST(becket_binding_to_string_binding(vector->bindings[0], &string) ==
	     BECKET_S_OK);
	MUST(write(tell, string, strlen(string) + 1) > 0);
	MUST(becket_server_listen(server, 0) == BECKET_S_OK);
	_exit(0);
}

static struct becket_binding *binding;

static void
becket_small(void)
{
	Bench__Record request = BENCH__RECORD__INIT;
	Bench__Record *response;
	char name[] = "sixteen letters.";

	request.id = 7;
	request.name = name;
	request.value = 3.25;
	MUST(bench_echo_small(binding, &request, &response) == BECKET_S_OK);
	MUST(response->id == 7);
	bench_record_free(response);
}

static void
becket_blob(void)
{
	static uint8_t blob[BLOB];
	Bench__Data request = BENCH__DATA__INIT;
	Bench__Data *response;

	request.data = (ProtobufCBinaryData){ BLOB, blob };
	MUST(bench_echo_blob(binding, &request, &response) == BECKET_S_OK);
	MUST(response->data.len == BLOB);
	bench_data_free(response);
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
round_of(void (*call)(void), unsigned calls)
{
	double start = now();

	for (unsigned i = 0; i < calls; i++)
		call();
	return (now() - start) / calls;
}

static void
compare_to_floor(const char *name, void (*floor_call)(void), void (*call)(void),
    unsigned rounds, unsigned calls)
{
	double floor_times[MOST_ROUNDS], times[MOST_ROUNDS];
	double floor_us, us;

	round_of(floor_call, calls / 10 + 1);
	round_of(call, calls / 10 + 1);
	for (unsigned i = 0; i < rounds; i++) {
		floor_times[i] = round_of(floor_call, calls);
		times[i] = round_of(call, calls);
	}
	floor_us = 1e6 * median(floor_times, rounds);
	us = 1e6 * median(times, rounds);
	printf("%-6s raw socket %8.2f us   becket %8.2f us   ratio %.2f\n",
	    name, floor_us, us, us / floor_us);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 11;
	unsigned calls = argc > 2 ? (unsigned)atoi(argv[2]) : 20000;
	char string[256];
	struct becket_runtime *runtime;
	uint16_t port;
	int listener = raw_listen(&port), tell[2];
	pid_t raw_server, our_server;

	MUST(rounds > 0 && rounds <= MOST_ROUNDS && calls > 0);
	pin();
	raw_server = fork();
	if (raw_server == 0)
		raw_serve(listener);
	MUST(pipe(tell) == 0);
	our_server = fork();
	if (our_server == 0)
		becket_serve(tell[1]);
	MUST(read(tell[0], string, sizeof string) > 0);

	raw_connect(port);
	MUST(becket_runtime_new(NULL, &runtime) == BECKET_S_OK);
	MUST(becket_binding_from_string_binding(runtime, string, &binding) ==
	     BECKET_S_OK);
	compare_to_floor("small", raw_small, becket_small, rounds, calls);
	compare_to_floor("1 MiB", raw_blob, becket_blob, rounds,
	    calls / 100 + 1);

	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	kill(our_server, SIGKILL);
	kill(raw_server, SIGKILL);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
