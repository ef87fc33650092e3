/* SPDX-License-Identifier: MIT */
/*
 * A module for the tests of becketd: its operation Wait answers when the test
 * says so, by closing the writing end of the FIFO whose path is the request.
 * HOLD_ABI makes a module of another ABI of it; the setting Start makes
 * start() fail.
 */
#include <becket_module.h>
#include <becket_stub.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef HOLD_ABI
#define HOLD_ABI BECKET_MODULE_ABI
#endif

enum { WAITS = 8 };

static const struct becket_operation operations[] = {
	{ .name = "Wait",
	    .request = { &becket_codec_bytes, NULL,
	        sizeof(struct becket_bytes) },
	    .response = { &becket_codec_bytes, NULL,
	        sizeof(struct becket_bytes) } },
};

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "test.Hold",
	.uuid = { 0x0b5d6a3e, 0x7c1f, 0x4d52,
	    { 0x9a, 0x63, 0x2e, 0x1d, 0x0c, 0x4b, 0x5f, 0x87 } },
	.major = 1,
	.operation_count = 1,
	.operations = operations,
};

struct wait {
	pthread_t thread;
	struct becket_token token;
	int fifo;
};

static struct wait waits[WAITS];
static size_t wait_count;
static int stop_pipe[2];

static void *
work(void *argument)
{
	struct wait *wait = argument;
	struct pollfd fds[] = {
		{ wait->fifo, POLLIN, 0 },
		{ stop_pipe[0], POLLIN, 0 },
	};
	static const uint8_t answer[] = "released";
	struct becket_bytes response = { answer, sizeof answer - 1 };
	while (poll(fds, 2, -1) < 0)
		;
	if (fds[1].revents == 0 &&
	    becket_stub_answer(wait->token, &interface, 0, BECKET_S_OK,
	        &response) != BECKET_S_OK)
		abort();
	close(wait->fifo);
	return NULL;
}

static becket_status
wait_routine(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *path = request;
	char text[256] = "";
	struct wait *wait = &waits[wait_count];
	(void)epv;
	(void)response;
	if (path->size >= sizeof text || wait_count == WAITS)
		return BECKET_S_INVALID_ARG;
	memcpy(text, path->data, path->size);
	wait->fifo = open(text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (wait->fifo < 0)
		return becket_call_fail(call, BECKET_S_SYSTEM, "%s", text);
	becket_status status = becket_call_defer(call, &wait->token);
	if (status == BECKET_S_ASYNC_CALL_PENDING &&
	    pthread_create(&wait->thread, NULL, work, wait) == 0)
		wait_count++;
	return status;
}

static becket_routine *const functions[] = { wait_routine };
static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = functions,
};

static becket_status
start(struct becket_module_host *host, struct becket_server *server)
{
	const char *how = host->setting(host, "Start");
	static const int nothing;
	if (how != NULL && strcmp(how, "invalid") == 0) {
		host->log(host, BECKET_LOG_ERROR, "Start must not be invalid");
		return BECKET_S_INVALID_ARG;
	}
	if (how != NULL && strcmp(how, "fail") == 0)
		return BECKET_S_OUT_OF_RESOURCES;
	if (pipe(stop_pipe) != 0)
		return BECKET_S_SYSTEM;
	return becket_server_register_if(server, &interface, &routines, NULL,
	    &nothing, 0);
}

static void
stop(struct becket_module_host *host)
{
	(void)host;
	close(stop_pipe[1]);
	for (size_t i = 0; i < wait_count; i++)
		pthread_join(waits[i].thread, NULL);
	close(stop_pipe[0]);
}

const struct becket_module *
becket_module(void)
{
	static const struct becket_module module = {
		.abi = HOLD_ABI,
		.name = "hold",
		.start = start,
		.stop = stop,
	};
	return &module;
}
