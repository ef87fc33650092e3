/* SPDX-License-Identifier: MIT */
/*
 * What a call costs, as a ratio to a raw socket that carries as many bytes as
 * it does over DCE/RPC: one call in flight, over DCE/RPC and gRPC.
 *
 *   pingpong [ROUNDS [CALLS]]
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "becket_grpc.h"
#include "echo.becket.h"
#include "measure.h"

enum {
	SMALL_REQUEST = 68, /* the bytes of a Small on the wire, both ways */
	BLOB = 1 << 20,
};

/* ------------------------------------------------------------ the floor -- */

/* Read size bytes, write as many: a server that waits as ours does. */
static void
raw_serve(int listener)
{
	static char bytes[BLOB + 64];
	struct epoll_event event = { .events = EPOLLIN };
	int poll = epoll_create1(0);
	int fd = accept(listener, NULL, NULL);
	uint32_t size;
	size_t at = 0;

	raw_no_delay(fd);
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

	MUST(becket_runtime_new(NULL, &runtime) == BECKET_S_OK);
	MUST(becket_grpc_enable(runtime) == BECKET_S_OK);
	MUST(becket_server_new(runtime, NULL, &server) == BECKET_S_OK);
	MUST(bench_echo_register(server, NULL, &epv, 0) == BECKET_S_OK);
	listen_and_tell(server, tell);
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

static void
measure(struct becket_runtime *runtime, const char *string, const char *door,
    unsigned rounds, unsigned calls)
{
	char name[64];

	MUST(becket_binding_from_string_binding(runtime, string, &binding) ==
	     BECKET_S_OK);
	snprintf(name, sizeof name, "small %s", door);
	compare_to_floor(name, raw_small, becket_small, rounds, calls);
	snprintf(name, sizeof name, "1 MiB %s", door);
	compare_to_floor(name, raw_blob, becket_blob, rounds, calls / 100 + 1);
	becket_binding_free(&binding);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 11;
	unsigned calls = argc > 2 ? (unsigned)atoi(argv[2]) : 20000;
	char string[256], grpc[256];
	struct becket_runtime *runtime;
	uint16_t port;

	pin();
	raw_serve_in_child(raw_serve, &port);
	serve_in_child(becket_serve, string);
	snprintf(grpc, sizeof grpc, "grpc_%s", string + strlen("ncacn_"));
	raw_fd = raw_connect(port);
	MUST(becket_runtime_new(NULL, &runtime) == BECKET_S_OK);
	MUST(becket_grpc_enable(runtime) == BECKET_S_OK);
	measure(runtime, string, "DCE", rounds, calls);
	measure(runtime, grpc, "gRPC", rounds, calls);

	becket_runtime_free(runtime);
	end_children();
	return 0;
}
