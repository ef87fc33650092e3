/* SPDX-License-Identifier: MIT */
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

#include "tests/live/raw.h"

/*
 * A whole server that runs out of memory, at each allocation in turn: it may
 * refuse, and it may close, but it neither crashes nor leaks nor hangs.
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
		memory->blocks--;
		free(old);
		return NULL;
	}
	if (new_size > old_size && memory->count++ == memory->fail_at) {
		memory->failed = true;
		return NULL;
	}
	if (old == NULL)
		memory->blocks++;
	return realloc(old, new_size);
}

/* Half of them are answered by token, as soon as they are deferred. */
static void
answer_held(struct echo *echo)
{
	const struct becket_bytes answer = { (const uint8_t *)"!", 1 };

	if (atomic_load(&echo->held) == 0)
		return;
	atomic_store(&echo->held, 0);
	(void)!becket_stub_answer(echo->token, &echo_interface, HOLD,
	    BECKET_S_OK, &answer);
}

static void
process(struct echo *echo)
{
	struct pollfd p = { becket_server_fd(echo->server), POLLIN, 0 };

	poll(&p, 1, 1);
	if (becket_server_process(echo->server))
		answer_held(echo);
}

/* All replies there are, until the server has closed. */
static size_t
read_all(struct echo *echo, int fd)
{
	char scratch[4096];
	size_t total = 0;

	for (int patience = 0; patience < 5000; patience++) {
		ssize_t size;

		process(echo);
		size = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT);
		if (size == 0)
			return total;
		if (size > 0)
			total += (size_t)size;
	}
	fail_msg("the server neither answers nor closes");
	return 0;
}

static size_t
converse(struct echo *echo, size_t index)
{
	int fd = raw_connect(echo, index);
	size_t size;

	raw_ask_bind(fd, &echo_interface.uuid, 1, SYNTAX_BECKET);
	raw_ask(fd, 2, ECHO, "hello");
	raw_ask(fd, 3, HOLD, "hello");
	raw_ask(fd, 4, FAIL, "hello");
	raw_ask(fd, 5, FILL, "100000");
	raw_ask(fd, 6, HOLE, "hello");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	size = read_all(echo, fd);
	close(fd);
	return size;
}

/* false: it did not even start. */
static bool
serve_once(struct echo *echo, struct memory *memory, size_t index)
{
	const struct becket_limits limits = { .stall_ms = 100 };
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, memory },
		.limits = &limits,
		.ncalrpc_dir = echo->dir,
	};

	if (becket_runtime_new(&options, &echo->runtime) != BECKET_S_OK ||
	    becket_server_new(echo->runtime, NULL, &echo->server) !=
	        BECKET_S_OK ||
	    becket_server_register_if(echo->server, &echo_interface,
	        &echo_routines, NULL, echo, 0) != BECKET_S_OK)
		return false;
	if (index == 0 && becket_server_use_protseq(echo->server,
	                      "ncacn_ip_tcp", "127.0.0.1") != BECKET_S_OK)
		return false;
	if (index == 1 && becket_server_use_protseq_ep(echo->server, "ncalrpc",
	                      NULL, "m") != BECKET_S_OK)
		return false;
	return becket_server_start(echo->server) == BECKET_S_OK;
}

static bool
find_port(struct echo *echo, size_t index)
{
	static char local[] = "ncalrpc:[m]";
	struct becket_binding_vector *vector;
	bool found = false;
	char *text;

	echo->addresses[1] = local;
	if (index == 1)
		return true;
	if (becket_server_inq_bindings(echo->server, &vector) != BECKET_S_OK)
		return false;
	if (becket_binding_to_string_binding(vector->bindings[0], &text) ==
	    BECKET_S_OK) {
		found = sscanf(text, "ncacn_ip_tcp:127.0.0.1[%u]",
		            &echo->port) == 1;
		becket_string_free(echo->runtime, &text);
	}
	becket_binding_vector_free(&vector);
	return found;
}

static void
a_server_survives_each_failed_allocation(void **state)
{
	size_t index = *(size_t *)*state, full = 0, n = 0;
	bool failed = true;

	for (; failed; n++) {
		struct echo echo = { .dir = "/tmp/becket-test-XXXXXX" };
		struct memory memory = { .fail_at = n };
		size_t size = 0;

		assert_non_null(mkdtemp(echo.dir));
		if (serve_once(&echo, &memory, index) &&
		    find_port(&echo, index)) {
			size = converse(&echo, index);
			if (becket_server_stop(echo.server) == BECKET_S_OK)
				while (becket_server_process(echo.server))
					echo_yield();
		}
		becket_server_free(echo.server);
		becket_runtime_free(echo.runtime);
		assert_int_equal(memory.blocks, 0);
		assert_int_equal(rmdir(echo.dir), 0);
		failed = memory.failed;
		full = size;
	}
	assert_true(n > 30);
	assert_true(full > 100000);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(a_server_survives_each_failed_allocation),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
