/* SPDX-License-Identifier: MIT */
/*
 * What streams cost, as a ratio to a raw socket that carries as many bytes:
 * many messages one way, and one there and back at a time, over DCE/RPC and
 * gRPC.
 *
 *   stream [ROUNDS [TIMES]]
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "becket_grpc.h"
#include "echo.becket.h"
#include "measure.h"

enum {
	LARGE = 64 << 10,
	SMALL = 100,
	LARGE_COUNT = 256,
	SMALL_COUNT = 10000,
	TURNS = 1000,
};

static uint8_t zeros[LARGE];

/* ------------------------------------------------------------ the floor -- */

enum raw_kind { RAW_POUR, RAW_CHAT, RAW_FILL };

struct raw_order {
	uint32_t count, size;
	uint32_t kind;
};

static bool
raw_read(int fd, void *bytes, size_t size)
{
	return recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static void
raw_write(int fd, const void *bytes, size_t size)
{
	MUST(send(fd, bytes, size, 0) == (ssize_t)size);
}

static void
raw_chat(int fd, const struct raw_order *order)
{
	static char bytes[LARGE];

	for (uint32_t i = 0; i < order->count; i++) {
		MUST(raw_read(fd, bytes, order->size));
		raw_write(fd, bytes, order->size);
	}
}

/* As large writes as there can be: what is to be sent is known. */
static void
raw_pour(int fd, const struct raw_order *order)
{
	size_t left = (size_t)order->count * order->size;

	while (left > 0) {
		size_t size = left < sizeof zeros ? left : sizeof zeros;

		raw_write(fd, zeros, size);
		left -= size;
	}
}

static void
raw_drink(int fd, const struct raw_order *order)
{
	size_t left = (size_t)order->count * order->size;
	static char bytes[LARGE];

	while (left > 0) {
		ssize_t got = recv(fd, bytes, sizeof bytes, 0);

		MUST(got > 0);
		left -= (size_t)got;
	}
}

static void
raw_serve(int listener)
{
	struct raw_order order;
	int fd = accept(listener, NULL, NULL);

	raw_no_delay(fd);
	while (raw_read(fd, &order, sizeof order))
		switch (order.kind) {
		case RAW_CHAT:
			raw_chat(fd, &order);
			break;
		case RAW_FILL:
			raw_drink(fd, &order);
			raw_write(fd, &order, sizeof order);
			break;
		default:
			raw_pour(fd, &order);
			break;
		}
}

static int raw_fd;

static void
raw_get(uint32_t count, uint32_t size)
{
	struct raw_order order = { count, size, RAW_POUR };

	raw_write(raw_fd, &order, sizeof order);
	raw_drink(raw_fd, &order);
}

static void
raw_large(void)
{
	raw_get(LARGE_COUNT, LARGE);
}

static void
raw_small(void)
{
	raw_get(SMALL_COUNT, SMALL);
}

static void
raw_turns(void)
{
	struct raw_order order = { TURNS, SMALL, RAW_CHAT };
	char bytes[SMALL];

	raw_write(raw_fd, &order, sizeof order);
	for (int i = 0; i < TURNS; i++) {
		raw_write(raw_fd, zeros, SMALL);
		MUST(raw_read(raw_fd, bytes, SMALL));
	}
}

static void
raw_fill(void)
{
	struct raw_order order = { SMALL_COUNT, SMALL, RAW_FILL };

	raw_write(raw_fd, &order, sizeof order);
	raw_pour(raw_fd, &order);
	MUST(raw_read(raw_fd, &order, sizeof order));
}

/* ------------------------------------------------------------------ us -- */

static becket_status
manage_pour(struct becket_call *call, const Bench__Order *request,
    struct becket_stream *stream)
{
	Bench__Data data = BENCH__DATA__INIT;
	becket_status status = BECKET_S_OK;

	(void)call;
	data.data = (ProtobufCBinaryData){ request->size, zeros };
	for (uint32_t i = 0; i < request->count && status == BECKET_S_OK; i++)
		status = bench_echo_pour_push(stream, &data);
	return status;
}

static becket_status
manage_chat(struct becket_call *call, struct becket_stream *stream)
{
	Bench__Data *data;
	becket_status status;

	(void)call;
	while ((status = bench_echo_chat_pull(stream, &data)) == BECKET_S_OK) {
		status = bench_echo_chat_push(stream, data);
		bench_data_free(data);
		if (status != BECKET_S_OK)
			return status;
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static struct becket_token chat_token;

/* There is always room for the answer of one who waits for it. */
static void
go_on(void *user, struct becket_stream *stream)
{
	Bench__Data *data;
	becket_status status;

	(void)user;
	while (
	    (status = bench_echo_chat_on_pull(stream, &data)) == BECKET_S_OK) {
		MUST(bench_echo_chat_on_push(stream, data) == BECKET_S_OK);
		bench_data_free(data);
	}
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	if (status == BECKET_X_PIPE_EMPTY)
		status = BECKET_S_OK;
	MUST(bench_echo_chat_on_answer(chat_token, status) == BECKET_S_OK);
}

static becket_status
manage_chat_on(struct becket_call *call, struct becket_stream *stream)
{
	becket_status status = becket_call_defer(call, &chat_token);

	if (status == BECKET_S_ASYNC_CALL_PENDING)
		MUST(becket_stream_set_callback(stream, go_on, NULL) ==
		     BECKET_S_OK);
	return status;
}

static becket_status
manage_fill(struct becket_call *call, struct becket_stream *stream,
    Bench__Order *response)
{
	Bench__Data *data;
	becket_status status;

	(void)call;
	while ((status = bench_echo_fill_pull(stream, &data)) == BECKET_S_OK) {
		response->count++;
		response->size += (uint32_t)data->data.len;
		bench_data_free(data);
	}
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static const struct bench_echo_epv epv = {
	.pour = manage_pour,
	.chat = manage_chat,
	.chat_on = manage_chat_on,
	.fill = manage_fill,
};

static void
serve(int tell)
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
get(uint32_t count, uint32_t size)
{
	Bench__Order order = BENCH__ORDER__INIT;
	struct becket_stream *stream;
	Bench__Data *data;
	uint32_t got = 0;

	order.count = count;
	order.size = size;
	MUST(bench_echo_pour_open(binding, &order, &stream) == BECKET_S_OK);
	while (bench_echo_pour_receive(stream, &data) == BECKET_S_OK) {
		MUST(data->data.len == size);
		bench_data_free(data);
		got++;
	}
	MUST(bench_echo_pour_finish(&stream) == BECKET_S_OK && got == count);
}

static void
large(void)
{
	get(LARGE_COUNT, LARGE);
}

static void
small(void)
{
	get(SMALL_COUNT, SMALL);
}

static void
turns(void)
{
	Bench__Data out = BENCH__DATA__INIT, *in;
	struct becket_stream *stream;

	out.data = (ProtobufCBinaryData){ SMALL, zeros };
	MUST(bench_echo_chat_open(binding, &stream) == BECKET_S_OK);
	for (int i = 0; i < TURNS; i++) {
		MUST(bench_echo_chat_send(stream, &out) == BECKET_S_OK);
		MUST(bench_echo_chat_receive(stream, &in) == BECKET_S_OK);
		bench_data_free(in);
	}
	MUST(bench_echo_chat_finish(&stream) == BECKET_S_OK);
}

static void
turns_on_loop(void)
{
	Bench__Data out = BENCH__DATA__INIT, *in;
	struct becket_stream *stream;

	out.data = (ProtobufCBinaryData){ SMALL, zeros };
	MUST(bench_echo_chat_on_open(binding, &stream) == BECKET_S_OK);
	for (int i = 0; i < TURNS; i++) {
		MUST(bench_echo_chat_on_send(stream, &out) == BECKET_S_OK);
		MUST(bench_echo_chat_on_receive(stream, &in) == BECKET_S_OK);
		bench_data_free(in);
	}
	MUST(bench_echo_chat_on_finish(&stream) == BECKET_S_OK);
}

static void
put(bool gathers)
{
	Bench__Data out = BENCH__DATA__INIT;
	Bench__Order *response;
	struct becket_stream *stream;

	out.data = (ProtobufCBinaryData){ SMALL, zeros };
	MUST(bench_echo_fill_open(binding, &stream) == BECKET_S_OK);
	becket_stream_set_gathering(stream, gathers);
	for (int i = 0; i < SMALL_COUNT; i++)
		MUST(bench_echo_fill_send(stream, &out) == BECKET_S_OK);
	MUST(bench_echo_fill_finish(&stream, &response) == BECKET_S_OK);
	MUST(response->size == SMALL_COUNT * SMALL);
	bench_order_free(response);
}

static void
fill(void)
{
	put(false);
}

static void
fill_gathered(void)
{
	put(true);
}

static void
measure(struct becket_runtime *runtime, const char *string, const char *door,
    unsigned rounds, unsigned times)
{
	char name[64];

	MUST(becket_binding_from_string_binding(runtime, string, &binding) ==
	     BECKET_S_OK);
	snprintf(name, sizeof name, "256 x 64 KiB %s", door);
	compare_to_floor(name, raw_large, large, rounds, times);
	snprintf(name, sizeof name, "10000 x 100 %s", door);
	compare_to_floor(name, raw_small, small, rounds, times);
	snprintf(name, sizeof name, "10000 x 100 up %s", door);
	compare_to_floor(name, raw_fill, fill, rounds, times);
	snprintf(name, sizeof name, "and gathered %s", door);
	compare_to_floor(name, raw_fill, fill_gathered, rounds, times);
	snprintf(name, sizeof name, "1000 turns %s", door);
	compare_to_floor(name, raw_turns, turns, rounds, times);
	snprintf(name, sizeof name, "and on the loop %s", door);
	compare_to_floor(name, raw_turns, turns_on_loop, rounds, times);
	becket_binding_free(&binding);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 11;
	unsigned times = argc > 2 ? (unsigned)atoi(argv[2]) : 20;
	char string[256], grpc[256];
	struct becket_runtime *runtime;
	uint16_t port;

	pin();
	raw_serve_in_child(raw_serve, &port);
	serve_in_child(serve, string);
	snprintf(grpc, sizeof grpc, "grpc_%s", string + strlen("ncacn_"));
	raw_fd = raw_connect(port);
	MUST(becket_runtime_new(NULL, &runtime) == BECKET_S_OK);
	MUST(becket_grpc_enable(runtime) == BECKET_S_OK);
	measure(runtime, string, "DCE", rounds, times);
	measure(runtime, grpc, "gRPC", rounds, times);

	becket_runtime_free(runtime);
	end_children();
	return 0;
}
