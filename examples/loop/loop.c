/* SPDX-License-Identifier: MIT */
/*
 * A Becket server inside a loop of the program's own.
 *
 * The program here reads lines from its standard input; between two lines it
 * serves calc.Calculator. One poll() waits for both:
 *
 *        ┌──────────────────────────────────────────────┐
 *        ▼                                              │
 *   poll(stdin, becket_server_fd()) ─► line?  ─► take_line()
 *        for becket_server_timeout()  ─► always ─► becket_server_process()
 *
 * Manager routines run inside becket_server_process(), in this thread: they
 * can use the program's own state, here last_quotient, without any lock.
 */
#include <becket.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "calc.becket.h"

static int64_t last_quotient;

static becket_status
divide(struct becket_call *call, int64_t dividend, int64_t divisor,
    int64_t *ret_quotient, int64_t *ret_remainder)
{
	if (divisor == 0 || divisor == -1)
		return becket_call_fail(call, BECKET_S_ZERO_DIVIDE,
		    "this server does not divide by %d", (int)divisor);
	last_quotient = dividend / divisor;
	*ret_quotient = last_quotient;
	*ret_remainder = dividend % divisor;
	return BECKET_S_OK;
}

/* The other operations are left NULL: "not implemented". */
static const struct calc_calculator_epv epv = { .divide = divide };

/* The program's own work. False: the end of the input. */
static bool
take_line(struct becket_server *server)
{
	struct becket_stats stats;
	char line[256];
	ssize_t size = read(STDIN_FILENO, line, sizeof line);
	if (size <= 0)
		return false;
	becket_server_inq_stats(server, &stats);
	printf("%llu calls so far, the last quotient was %lld\n",
	    (unsigned long long)stats.calls_in, (long long)last_quotient);
	fflush(stdout);
	return true;
}

static void
loop(struct becket_server *server)
{
	enum { INPUT, SERVER };
	struct pollfd fds[] = {
		[INPUT] = { STDIN_FILENO, POLLIN, 0 },
		[SERVER] = { becket_server_fd(server), 0, 0 },
	};
	do {
		/* Ask every time: what the server waits for changes. */
		fds[SERVER].events = becket_server_events(server);
		if (poll(fds, 2, becket_server_timeout(server)) < 0)
			continue; /* EINTR */
		if (fds[INPUT].revents != 0 && !take_line(server)) {
			/* Finish what runs; process() is false after it. */
			fds[INPUT].fd = -1;
			if (becket_server_stop(server) != BECKET_S_OK)
				return;
		}
	} while (becket_server_process(server));
}

/* Where are we? The port is the system's choice. */
static becket_status
announce(struct becket_runtime *runtime, struct becket_server *server)
{
	struct becket_binding_vector *vector = NULL;
	char *text = NULL;
	becket_status status = becket_server_inq_bindings(server, &vector);
	if (status == BECKET_S_OK)
		status = becket_binding_to_string_binding(vector->bindings[0],
		    &text);
	if (status == BECKET_S_OK)
		printf("listening %s\n", text);
	fflush(stdout);
	becket_string_free(runtime, &text);
	becket_binding_vector_free(&vector);
	return status;
}

int
main(void)
{
	struct becket_runtime *runtime = NULL;
	struct becket_server *server = NULL;
	becket_status status = becket_runtime_new(NULL, &runtime);
	if (status == BECKET_S_OK)
		status = becket_server_new(runtime, NULL, &server);
	if (status == BECKET_S_OK)
		status = calc_calculator_register(server, NULL, &epv, 0);
	if (status == BECKET_S_OK)
		status = becket_server_use_protseq(server, "ncacn_ip_tcp",
		    "127.0.0.1");
	if (status == BECKET_S_OK)
		status = becket_server_start(server);
	if (status == BECKET_S_OK)
		status = announce(runtime, server);
	if (status == BECKET_S_OK)
		loop(server);
	else
		fprintf(stderr, "loop: %s\n", becket_status_text(status));
	becket_server_free(server);
	becket_runtime_free(runtime);
	return status == BECKET_S_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
