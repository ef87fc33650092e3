/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_caller.h"
#include "fake_server.h"
#include "io/client_conn.h"
#include "wire/pdu.h"

/*
 * Servers that hang up, at every moment of a call.
 */

static void
script_accept_and_close(struct fake *fake)
{
	close(fake_accept(fake));
}

static void
a_server_that_hangs_up_at_once_has_not_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_accept_and_close);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_CALL_FAILED_DNE, BECKET_NOT_SENT,
	    fake.string);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_reset_after_request(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd))
		fake_expect(fake, fd, PDU_REQUEST, &pdu);
	fake_reset(fd);
}

static void
a_reset_after_the_request_may_have_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_reset_after_request);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_CALL_FAILED, BECKET_MAYBE_EXECUTED,
	    "Connection reset");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_close_after_request(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd))
		fake_expect(fake, fd, PDU_REQUEST, &pdu);
	close(fd);
}

static void
a_close_after_the_request_may_have_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_close_after_request);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_CALL_FAILED, BECKET_MAYBE_EXECUTED,
	    "closed");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* Answers, closes, and is there again. */
static void
script_answer_one_twice(struct fake *fake)
{
	struct fake_pdu pdu;

	for (int i = 0; i < 2; i++) {
		int fd = fake_accept(fake);

		if (fake_bind(fake, fd) &&
		    fake_expect(fake, fd, PDU_REQUEST, &pdu))
			fake_respond(fake, fd, &pdu, "\0world", 6);
		/* So that the client sees the end before its next call. */
		if (i == 0)
			shutdown(fd, SHUT_WR);
		fake_read(fake, fd, &pdu);
		close(fd);
	}
}

static void
wait_for_eof(struct becket_binding *binding)
{
	char byte;

	assert_int_equal(recv(caller_idle_conn(binding)->fd, &byte, 1,
	                     MSG_PEEK),
	    0);
}

static void
a_stale_connection_is_replaced_without_a_word(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	wait_for_eof(binding);
	caller_make_idle(binding);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
	assert_int_equal(fake.joined, 0);
}

/* The client does not look before it sends, but sending fails at once: so
 * nothing was sent.
 */
static void
a_connection_that_was_reset_is_replaced_without_a_word(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct pollfd reset = { 0 };

	(void)state;
	fake_start(&fake, fake_script_reset_then_answer);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	reset.fd = caller_idle_conn(binding)->fd;
	while (!(reset.revents & POLLERR))
		assert_int_equal(poll(&reset, 1, 20000), 1);
	caller_make_fresh(binding);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
}

static void
script_shutdown_then_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_shutdown(fake, fd);
	if (fake_read(fake, fd, &pdu))
		fake_fail(fake, "a call came after the shutdown");
	close(fd);
	fake_script_answer_one(fake);
}

static void
wait_for_bytes(struct becket_binding *binding)
{
	char bytes[PDU_HEADER_SIZE];

	assert_int_equal(recv(caller_idle_conn(binding)->fd, bytes,
	                     sizeof bytes, MSG_PEEK | MSG_WAITALL),
	    sizeof bytes);
}

static void
a_server_that_shuts_down_is_left(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_shutdown_then_answer);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	wait_for_bytes(binding);
	caller_make_idle(binding);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

static void
a_request_sent_to_a_server_that_left_is_not_repeated(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	becket_status status;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	wait_for_eof(binding);
	caller_make_fresh(binding);
	status = caller_call(binding, ECHO, "x", 1);
	assert_int_equal(status, BECKET_S_CALL_FAILED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
reset_connects_anew(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_answer_one_twice);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	assert_int_equal(becket_binding_reset(binding), 0);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_server_that_hangs_up_at_once_has_not_executed),
		cmocka_unit_test(a_reset_after_the_request_may_have_executed),
		cmocka_unit_test(a_close_after_the_request_may_have_executed),
		cmocka_unit_test(a_stale_connection_is_replaced_without_a_word),
		cmocka_unit_test(
		    a_connection_that_was_reset_is_replaced_without_a_word),
		cmocka_unit_test(a_server_that_shuts_down_is_left),
		cmocka_unit_test(
		    a_request_sent_to_a_server_that_left_is_not_repeated),
		cmocka_unit_test(reset_connects_anew),
	};

	return cmocka_run_group_tests_name("fake lost", tests, caller_setup,
	    caller_teardown);
}
