/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"

/*
 * Managers that ask to be told when a client is gone. Every test is run for
 * each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct {
	atomic_uint gone;
	_Atomic uint64_t connection, gone_connection;
	_Atomic uint32_t association;
} seen;

static void
note_gone(void *user, uint64_t connection)
{
	assert_ptr_equal(user, &seen);
	atomic_store(&seen.gone_connection, connection);
	atomic_fetch_add(&seen.gone, 1);
}

static becket_status
watch(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	atomic_store(&seen.connection, becket_call_peer(call)->connection);
	atomic_store(&seen.association, becket_call_association(call));
	return becket_call_on_disconnect(call, note_gone, &seen);
}

#define BYTES \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
static const struct becket_operation operation = { .name = "Watch",
	.request = BYTES,
	.response = BYTES };
static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "test.Watch",
	.uuid = { .time_low = 0x77617463 },
	.major = 1,
	.operation_count = 1,
	.operations = &operation,
};
static becket_routine *const routine = watch;
static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = &routine,
};

static void
start(struct echo *echo)
{
	memset(&seen, 0, sizeof seen);
	echo_start(echo, NULL);
	assert_int_equal(becket_server_register_if(echo->server, &interface,
	                     &routines, NULL, echo, 0),
	    BECKET_S_OK);
}

static int
open_watched(struct echo *echo, size_t protseq)
{
	int fd = raw_connect(echo, protseq);

	raw_bind(fd, &interface.uuid, 1, SYNTAX_BECKET);
	raw_ask(fd, 2, 0, "");
	raw_expect(fd, 2, "");
	return fd;
}

static void
a_manager_is_told_that_its_client_closed(void **state)
{
	struct echo echo;
	int fd;

	start(&echo);
	fd = open_watched(&echo, which(state));
	assert_int_equal(atomic_load(&seen.gone), 0);
	assert_int_not_equal(atomic_load(&seen.association), 0);
	close(fd);
	WAIT_UNTIL(atomic_load(&seen.gone) == 1);
	assert_int_equal(atomic_load(&seen.connection),
	    atomic_load(&seen.gone_connection));
	echo_stop(&echo);
	assert_int_equal(atomic_load(&seen.gone), 1);
}

static void
a_manager_is_told_of_a_reset(void **state)
{
	struct echo echo;
	int fd;

	start(&echo);
	fd = open_watched(&echo, which(state));
	raw_reset(fd);
	WAIT_UNTIL(atomic_load(&seen.gone) == 1);
	echo_stop(&echo);
}

static void
connections_have_numbers_of_their_own(void **state)
{
	struct echo echo;
	uint64_t first;
	int one, two;

	start(&echo);
	one = open_watched(&echo, which(state));
	first = atomic_load(&seen.connection);
	two = open_watched(&echo, which(state));
	assert_int_not_equal(first, atomic_load(&seen.connection));
	close(one);
	WAIT_UNTIL(atomic_load(&seen.gone) == 1);
	assert_int_equal(atomic_load(&seen.gone_connection), first);
	close(two);
	WAIT_UNTIL(atomic_load(&seen.gone) == 2);
	echo_stop(&echo);
}

static void
a_server_that_ends_tells_it_too(void **state)
{
	struct echo echo;
	int fd;

	start(&echo);
	fd = open_watched(&echo, which(state));
	becket_server_stop_now(echo.server);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(atomic_load(&seen.gone), 1);
	echo_stop(&echo);
	close(fd);
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
		BOTH(a_manager_is_told_that_its_client_closed),
		BOTH(a_manager_is_told_of_a_reset),
		BOTH(connections_have_numbers_of_their_own),
		BOTH(a_server_that_ends_tells_it_too),
	};

	return cmocka_run_group_tests_name("disconnect", tests, NULL, NULL);
}
