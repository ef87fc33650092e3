/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "grpc/door.h"
#include "io/clock.h"
#include "tests/live/stream_bench.h"

/*
 * A server with streams that runs out of memory, at each allocation in turn:
 * calls may fail, and connections close, but nothing crashes, leaks or waits
 * for ever. One thread for both ends.
 */
struct memory {
	size_t fail_at, count;
	size_t blocks;
	bool failed;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct memory *memory = user;

	if (new_size == 0) {
		memory->blocks -= old != NULL;
		free(old);
		return NULL;
	}
	if (new_size > old_size && memory->count++ == memory->fail_at) {
		memory->failed = true;
		return NULL;
	}
	memory->blocks += old == NULL;
	return realloc(old, new_size);
}

struct place {
	struct becket_runtime *runtime;
	struct becket_server *server;
	unsigned port;
	bool is_grpc;
};

static bool
start(struct place *place, struct memory *memory)
{
	const struct becket_limits limits = { .stall_ms = 100,
		.stream_window = 10000 };
	const struct becket_server_options without = {
		.size = sizeof without,
		.without = BECKET_WITHOUT_HEALTH | BECKET_WITHOUT_REFLECTION |
		           BECKET_WITHOUT_HOLD,
	};
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, memory },
		.limits = &limits,
	};

	if (becket_runtime_new(&options, &place->runtime) != BECKET_S_OK ||
	    (place->is_grpc &&
	        becket_grpc_enable(place->runtime) != BECKET_S_OK) ||
	    becket_server_new(place->runtime, &without, &place->server) !=
	        BECKET_S_OK)
		return false;
	return becket_server_register_if(place->server, &stream_interface,
	           &stream_routines, NULL, place, 0) == BECKET_S_OK &&
	       becket_server_use_protseq(place->server, "ncacn_ip_tcp",
	           "127.0.0.1") == BECKET_S_OK &&
	       becket_server_start(place->server) == BECKET_S_OK;
}

static bool
find_port(struct place *place)
{
	struct becket_binding_vector *vector;
	bool found = false;
	char *text;

	if (becket_server_inq_bindings(place->server, &vector) != BECKET_S_OK)
		return false;
	if (becket_binding_to_string_binding(vector->bindings[0], &text) ==
	    BECKET_S_OK) {
		found = sscanf(text, "ncacn_ip_tcp:127.0.0.1[%u]",
		            &place->port) == 1;
		becket_string_free(place->runtime, &text);
	}
	becket_binding_vector_free(&vector);
	return found;
}

static void
open_client(struct place *place, struct wire_client *client)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct door_client_config config = {
		.memory = &wire_memory,
		.limits = &limits,
		.authority = "localhost",
		.now = clock_now(),
	};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)place->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct session *session = NULL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	if (place->is_grpc)
		assert_int_equal(grpc_client_session_new(&config, &session),
		    BECKET_S_OK);
	wire_open(client, fd, &stream_interface, session);
}

/* Until the call is over, one way or another. Messages that came. */
static unsigned
finish(struct place *place, struct wire_client *client)
{
	struct pollfd p = { becket_server_fd(place->server), POLLIN, 0 };
	struct buffer message;
	unsigned count = 0;

	for (int patience = 0; !client->is_over; patience++) {
		assert_true(patience < 5000);
		poll(&p, 1, 1);
		becket_server_process(place->server);
		wire_look(client);
		while (stream_in_is_ready(&client->in) &&
		       wire_receive(client, &message) == BECKET_S_OK) {
			buffer_fini(&message);
			count++;
		}
	}
	while (wire_receive(client, &message) == BECKET_S_OK) {
		buffer_fini(&message);
		count++;
	}
	return count;
}

static unsigned
converse(struct place *place)
{
	static const uint8_t data[3000];
	struct wire_client client;
	unsigned count;

	open_client(place, &client);
	wire_begin(&client, POUR_ON, 0);
	wire_say(&client, "20 3000");
	wire_half_close(&client);
	count = finish(place, &client);
	wire_close(&client);

	open_client(place, &client);
	wire_begin(&client, CHAT_ON, 0);
	for (unsigned i = 0; i < 10; i++)
		wire_send(&client, data, sizeof data);
	wire_half_close(&client);
	count += finish(place, &client);
	wire_close(&client);

	open_client(place, &client);
	wire_begin(&client, ADD_ON, 0);
	wire_send(&client, data, sizeof data);
	wire_half_close(&client);
	count += finish(place, &client);
	wire_close(&client);
	return count;
}

static void
streams_survive_each_failed_allocation(void **state)
{
	unsigned full = 0;
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		struct place place = { .is_grpc = *(bool *)*state };
		struct memory memory = { .fail_at = n };

		full = 0;
		if (start(&place, &memory) && find_port(&place)) {
			full = converse(&place);
			if (becket_server_stop(place.server) == BECKET_S_OK)
				while (becket_server_process(place.server))
					echo_yield();
		}
		becket_server_free(place.server);
		becket_runtime_free(place.runtime);
		assert_int_equal(memory.blocks, 0);
		failed = memory.failed;
		assert_true(n < 5000);
	}
	assert_int_equal(full, 31);
}

int
main(void)
{
	static bool dce = false, grpc = true;
	const struct CMUnitTest tests[] = {
		{ "streams_survive_each_failed_allocation (ncacn_ip_tcp)",
		    streams_survive_each_failed_allocation, NULL, NULL, &dce },
		{ "streams_survive_each_failed_allocation (grpc_ip_tcp)",
		    streams_survive_each_failed_allocation, NULL, NULL, &grpc },
	};

	return cmocka_run_group_tests_name("stream memory", tests, NULL, NULL);
}
