/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_server.h"
#include "io/clock.h"
#include "tests/live/raw.h"

/*
 * What a peer has sent in time is not late because we look at it late: a loop
 * that was held by a manager routine, and a program that does not drive its
 * calls.
 */
enum {
	STALL_MS = 2000,
	/* More than a loop looks at in one turn. */
	MANY = 150,
};

static uint64_t
after_the_stall(void)
{
	return clock_now() + clock_from_ms(STALL_MS + 50);
}

/* ------------------------------------------------------- of a server --- */

static void
send_half(int fd, uint8_t flags, const char *text)
{
	uint8_t data[RAW_FRAGMENT];
	size_t size = raw_request(1, ECHO, text, 2, data);

	data[3] = flags;
	raw_send(fd, data, size);
}

static void
a_loop_that_was_held_reads_before_it_judges(void **state)
{
	struct becket_limits limits = { .stall_ms = STALL_MS };
	int fds[MANY], held;
	struct echo echo;
	uint64_t until;

	(void)state;
	echo_start(&echo, &limits);
	held = raw_open(&echo, 0);
	for (size_t i = 0; i < MANY; i++)
		fds[i] = raw_open(&echo, 0);
	for (size_t i = 0; i < MANY; i++)
		send_half(fds[i], PDU_FIRST, "\0o");
	/* Its turn comes after theirs. */
	raw_ask(held, 1, BLOCK, "");
	WAIT_UNTIL(atomic_load(&echo.running) == 1);
	until = after_the_stall();
	for (size_t i = 0; i < MANY; i++)
		send_half(fds[i], PDU_LAST, "ne");
	WAIT_UNTIL(clock_now() >= until);
	atomic_store(&echo.gate, true);
	for (size_t i = 0; i < MANY; i++) {
		raw_expect(fds[i], 1, "one");
		close(fds[i]);
	}
	close(held);
	echo_stop(&echo);
}

/* ------------------------------------------------------- of a client --- */

static atomic_bool has_read_half, has_sent_all;

/* In place: its header's flags are at 3. */
static void
respond_half(struct fake *fake, int fd, const struct fake_pdu *request,
    uint8_t flags, const char *text)
{
	uint8_t bytes[64];
	size_t size =
	    fake_encode_response(request, text, 3, bytes, sizeof bytes);

	bytes[3] = flags;
	fake_write(fake, fd, bytes, size);
}

static bool
wait_for(const atomic_bool *flag)
{
	for (int i = 0; i < 20000 && !atomic_load(flag); i++)
		echo_yield();
	return atomic_load(flag);
}

static void
script_answer_in_halves(struct fake *fake)
{
	struct fake_pdu first, second, third;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &first) &&
	    fake_expect(fake, fd, PDU_REQUEST, &second)) {
		respond_half(fake, fd, &first, PDU_FIRST, "\0be");
		fake_respond(fake, fd, &second, "\0second", 7);
		if (!wait_for(&has_read_half))
			fake_fail(fake, "the second answer was not read");
		respond_half(fake, fd, &first, PDU_LAST, "gun");
		atomic_store(&has_sent_all, true);
		if (fake_expect(fake, fd, PDU_REQUEST, &third))
			fake_respond(fake, fd, &third, "\0third", 6);
	}
	fake_read(fake, fd, &third);
	close(fd);
}

static struct becket_async
start_one(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_async async;

	assert_int_equal(becket_stub_start(binding, &echo_interface, ECHO,
	                     &request, &async),
	    BECKET_S_OK);
	return async;
}

static void
ends_with(struct becket_async *async, const char *expected)
{
	struct becket_bytes *response;
	void *message = NULL;

	assert_int_equal(becket_async_wait(async, 20000), BECKET_S_OK);
	assert_int_equal(becket_stub_finish(async, &echo_interface, ECHO,
	                     &message),
	    BECKET_S_OK);
	response = message;
	assert_int_equal(response->size, strlen(expected));
	assert_memory_equal(response->data, expected, response->size);
	becket_stub_free(message);
}

static void
a_program_that_did_not_look_reads_before_it_judges(void **state)
{
	struct becket_limits limits = { .stall_ms = STALL_MS };
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &limits,
	};
	struct becket_async first, second, third;
	struct becket_runtime *runtime;
	struct becket_binding *binding;
	struct fake fake = { 0 };
	uint64_t until;

	(void)state;
	fake_start(&fake, script_answer_in_halves);
	assert_int_equal(becket_runtime_new(&options, &runtime), BECKET_S_OK);
	assert_int_equal(becket_binding_from_string_binding(runtime,
	                     fake.string, &binding),
	    BECKET_S_OK);
	first = start_one(binding);
	second = start_one(binding);
	ends_with(&second, "second");
	until = after_the_stall();
	atomic_store(&has_read_half, true);
	assert_true(wait_for(&has_sent_all));
	WAIT_UNTIL(clock_now() >= until);
	/* To begin another call is to look at the connection's time. */
	third = start_one(binding);
	ends_with(&first, "begun");
	ends_with(&third, "third");
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	fake_stop(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_that_was_held_reads_before_it_judges),
		cmocka_unit_test(
		    a_program_that_did_not_look_reads_before_it_judges),
	};

	return cmocka_run_group_tests_name("late", tests, NULL, NULL);
}
