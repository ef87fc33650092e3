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
 * Servers with an opinion on associations, and on calls beside each other.
 */

/* -------------------------------------------------- associations -------- */

/* Two connections at once: the second has to ask for the first's group. */
static void
script_two_at_once(struct fake *fake)
{
	struct fake_pdu first, second;
	int a = fake_accept(fake), b;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_bind(fake, b) && fake_expect(fake, b, PDU_REQUEST, &second)) {
		fake_respond(fake, b, &second, "\0world", 6);
		fake_respond(fake, a, &first, "\0world", 6);
	}
	fake_read(fake, a, &first);
	fake_read(fake, b, &second);
	close(a);
	close(b);
}

static void *
call_in_thread(void *argument)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	void *response = NULL;
	becket_status status =
	    becket_stub_call(argument, &caller_echo, ECHO, &request, &response);

	becket_stub_free(response);
	return (void *)(uintptr_t)status;
}

static void
all_connections_join_the_association_of_the_first(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];

	(void)state;
	fake_start(&fake, script_two_at_once);
	binding = caller_handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		assert_null(status);
	}
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.joined, 0x1234);
}

/* The group is gone at the server while a call is on its first connection:
 * the second is refused, and founds another.
 */
static void
script_forget_association(struct fake *fake)
{
	struct fake_pdu first, second, third;
	int a = fake_accept(fake), b, c;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_expect(fake, b, PDU_BIND, &second))
		fake_nak(fake, b, &second, 0);
	if (fake->joined != 0x1234)
		fake_fail(fake, "the second connection did not join");
	close(b);
	fake->association = 0x5678;
	c = fake_accept(fake);
	if (fake_bind(fake, c) && fake_expect(fake, c, PDU_REQUEST, &third))
		fake_respond(fake, c, &third, "\0world", 6);
	fake_respond(fake, a, &first, "\0world", 6);
	fake_read(fake, a, &first);
	fake_read(fake, c, &third);
	close(a);
	close(c);
}

static void
an_association_the_server_forgot_is_founded_anew(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];

	(void)state;
	fake_start(&fake, script_forget_association);
	binding = caller_handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		assert_null(status);
	}
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 3);
	assert_int_equal(fake.joined, 0);
}

/* No room for a second connection, which says nothing of the group. */
static void
script_busy(struct fake *fake)
{
	struct fake_pdu first, second;
	int a = fake_accept(fake), b;

	if (!fake_bind(fake, a) || !fake_expect(fake, a, PDU_REQUEST, &first)) {
		close(a);
		return;
	}
	b = fake_accept(fake);
	if (fake_expect(fake, b, PDU_BIND, &second))
		fake_nak(fake, b, &second, PDU_NAK_LOCAL_LIMIT);
	fake_read(fake, b, &second);
	close(b);
	fake_respond(fake, a, &first, "\0world", 6);
	if (fake_expect(fake, a, PDU_REQUEST, &first))
		fake_respond(fake, a, &first, "\0world", 6);
	fake_read(fake, a, &first);
	close(a);
}

static void
a_busy_server_does_not_cost_the_association(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	pthread_t threads[2];
	uintptr_t sum = 0;

	(void)state;
	fake_start(&fake, script_busy);
	binding = caller_handle(fake.string);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     call_in_thread, binding),
		    0);
	for (int i = 0; i < 2; i++) {
		void *status;

		pthread_join(threads[i], &status);
		sum += (uintptr_t)status;
	}
	/* One of them, whichever came second. */
	assert_int_equal(sum, BECKET_S_SERVER_TOO_BUSY);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.joined, 0x1234);
}

static void
script_refuse_bind(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_expect(fake, fd, PDU_BIND, &pdu))
		fake_nak(fake, fd, &pdu, PDU_NAK_LOCAL_LIMIT);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_refused_bind_is_not_tried_again(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_refuse_bind);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_SERVER_TOO_BUSY, BECKET_NOT_SENT,
	    "refused");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* ------------------------------------------------- asynchronous calls --- */

static struct becket_async
start_one(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_async async;

	assert_int_equal(becket_stub_start(binding, &caller_echo, ECHO,
	                     &request, &async),
	    0);
	return async;
}

static void
ends_with(struct becket_async *async, becket_status status)
{
	void *message = NULL;

	if (becket_async_wait(async, 20000) != status)
		fail_msg("%u is not the end", becket_async_poll(async));
	assert_int_equal(becket_stub_finish(async, &caller_echo, ECHO,
	                     &message),
	    status);
	becket_stub_free(message);
}

/* false: the client has said something unasked. */
static bool
is_silent(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 20) == 0;
}

static void
script_one_after_the_other(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	fake->takes_one_call = true;
	if (fake_bind(fake, fd))
		for (int i = 0; i < 3; i++) {
			if (!fake_expect(fake, fd, PDU_REQUEST, &pdu))
				break;
			if (!is_silent(fd))
				fake_fail(fake, "two requests at once");
			fake_respond(fake, fd, &pdu, "\0world", 6);
		}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
calls_follow_each_other_where_the_server_takes_one(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async asyncs[3];

	(void)state;
	fake_start(&fake, script_one_after_the_other);
	binding = caller_handle(fake.string);
	for (int i = 0; i < 3; i++)
		asyncs[i] = start_one(binding);
	for (int i = 3; i-- > 0;)
		ends_with(&asyncs[i], BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

static void
script_shutdown_in_between(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake), next;

	fake->takes_one_call = true;
	if (!fake_bind(fake, fd) || !fake_expect(fake, fd, PDU_REQUEST, &pdu))
		return;
	fake_shutdown(fake, fd);
	/* The others go elsewhere, while the first goes on. */
	next = fake_accept(fake);
	fake->association++;
	if (fake_bind(fake, next))
		for (int i = 0; i < 2; i++) {
			struct fake_pdu other;

			if (fake_expect(fake, next, PDU_REQUEST, &other))
				fake_respond(fake, next, &other, "\0world", 6);
		}
	fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
	fake_read(fake, next, &pdu);
	close(next);
}

static void
calls_that_wait_leave_a_server_that_shuts_down(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async asyncs[3];

	(void)state;
	fake_start(&fake, script_shutdown_in_between);
	binding = caller_handle(fake.string);
	for (int i = 0; i < 3; i++)
		asyncs[i] = start_one(binding);
	for (int i = 0; i < 3; i++)
		ends_with(&asyncs[i], BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
}

static void
a_stale_connection_is_replaced_for_all_its_calls(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	struct becket_async async;

	(void)state;
	fake_start(&fake, fake_script_reset_then_answer);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	while (true) {
		struct pollfd reset = { .fd = caller_idle_conn(binding)->fd };

		if (poll(&reset, 1, 20000) == 1 && reset.revents & POLLERR)
			break;
	}
	caller_make_fresh(binding);
	async = start_one(binding);
	ends_with(&async, BECKET_S_OK);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 2);
	assert_int_equal(fake.requests, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    all_connections_join_the_association_of_the_first),
		cmocka_unit_test(
		    an_association_the_server_forgot_is_founded_anew),
		cmocka_unit_test(a_busy_server_does_not_cost_the_association),
		cmocka_unit_test(a_refused_bind_is_not_tried_again),
		cmocka_unit_test(
		    calls_follow_each_other_where_the_server_takes_one),
		cmocka_unit_test(
		    calls_that_wait_leave_a_server_that_shuts_down),
		cmocka_unit_test(
		    a_stale_connection_is_replaced_for_all_its_calls),
	};

	return cmocka_run_group_tests_name("fake association", tests,
	    caller_setup, caller_teardown);
}
