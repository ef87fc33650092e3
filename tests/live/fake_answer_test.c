/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_caller.h"
#include "fake_server.h"
#include "io/clock.h"
#include "wire/fault.h"
#include "wire/pdu.h"
#include "wire/status_message.h"

/*
 * Servers that answer late, or otherwise than they should.
 */

/* --------------------------------------------------------- deadlines ---- */

/* Reads what comes and says nothing. */
static void
script_silence(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
a_server_that_never_binds_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_silence);
	binding = caller_handle(fake.string);
	becket_binding_set_next_timeout(binding, 150);
	start = clock_now();
	caller_fails(binding, BECKET_S_CALL_CANCELLED, BECKET_NOT_SENT,
	    "deadline");
	assert_in_range(caller_ms_since(start), 150, 10000);
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.requests, 0);
}

/* Binds, and then wants to hear that the call is cancelled and orphaned. */
static void
script_never_answer(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu) &&
	    fake_expect(fake, fd, PDU_CO_CANCEL, &pdu) &&
	    fake_expect(fake, fd, PDU_ORPHANED, &pdu) &&
	    fake_read(fake, fd, &pdu))
		fake_fail(fake, "the connection was kept");
	close(fd);
}

static void
a_silent_server_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_never_answer);
	binding = caller_handle(fake.string);
	assert_int_equal(becket_binding_set_option(binding,
	                     BECKET_OPTION_CALL_TIMEOUT, 300),
	    0);
	start = clock_now();
	caller_fails(binding, BECKET_S_CALL_CANCELLED, BECKET_MAYBE_EXECUTED,
	    "deadline");
	assert_in_range(caller_ms_since(start), 300, 10000);
	fake_stop(&fake);
	becket_binding_free(&binding);
}

/* Sends one fragment after the other, byte by byte, and never the last. */
static void
script_dribble_for_ever(struct fake *fake)
{
	struct fake_pdu pdu;
	uint8_t bytes[64];
	int fd = fake_accept(fake);
	struct pollfd client = { .fd = fd, .events = POLLIN };
	size_t size, at = 0;

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		size = fake_encode_response(&pdu, "\0", 1, bytes, sizeof bytes);
		bytes[3] = PDU_FIRST;
		while (poll(&client, 1, 1) == 0) {
			fake_write(fake, fd, bytes + at, 1);
			at = (at + 1) % size;
			if (at == 0)
				bytes[3] = 0;
		}
	}
	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
a_server_that_never_finishes_ends_with_the_deadline(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	uint64_t start;

	(void)state;
	fake_start(&fake, script_dribble_for_ever);
	binding = caller_handle(fake.string);
	becket_binding_set_next_timeout(binding, 300);
	start = clock_now();
	caller_fails(binding, BECKET_S_CALL_CANCELLED, BECKET_MAYBE_EXECUTED,
	    "deadline");
	assert_in_range(caller_ms_since(start), 300, 10000);
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_answer_late(struct fake *fake)
{
	struct fake_pdu pdu, late;
	int fd = fake_accept(fake);

	fake->keep_on_orphan = true;
	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &late) &&
	    fake_expect(fake, fd, PDU_CO_CANCEL, &pdu) &&
	    fake_expect(fake, fd, PDU_ORPHANED, &pdu) &&
	    fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		fake_respond(fake, fd, &late, "\0late", 5);
		fake_respond(fake, fd, &pdu, "\0world", 6);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_late_answer_is_not_taken_for_the_next(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake.keep_on_orphan = true;
	fake_start(&fake, script_answer_late);
	binding = caller_handle(fake.string);
	assert_int_equal(caller_call(binding, HURRIED, "x", 1),
	    BECKET_S_CALL_CANCELLED);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* -------------------------------------------------------- answers ------- */

static void
script_dribble(struct fake *fake)
{
	struct fake_pdu pdu;
	uint8_t bytes[64];
	int fd = fake_accept(fake);
	size_t size;

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		size = fake_encode_response(&pdu, "\0world", 6, bytes,
		    sizeof bytes);
		for (size_t i = 0; i < size; i++)
			fake_write(fake, fd, bytes + i, 1);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
an_answer_may_come_byte_by_byte(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_dribble);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
script_fault_with_sentence(struct fake *fake)
{
	static const char sentence[] = "the divisor is\nzero";
	struct status_message message = {
		.code = BECKET_S_ZERO_DIVIDE,
		.sentence = { (const uint8_t *)sentence, sizeof sentence - 1 },
	};
	uint8_t data[128];
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	status_message_encode(&message, data);
	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, 0x1c000001, 0, data,
		    status_message_measure(&message));
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, NCA_S_OP_RNG_ERROR,
		    PDU_DID_NOT_EXECUTE, "\xff garbage", 9);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
a_fault_brings_the_servers_sentence(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_fault_with_sentence);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_ZERO_DIVIDE, BECKET_EXECUTED,
	    "the divisor is?zero (executed)");
	assert_string_equal(becket_error_last()->detail,
	    "the divisor is\nzero");
	caller_fails(binding, BECKET_S_PROCNUM_OUT_OF_RANGE, BECKET_NOT_SENT,
	    "(not executed)");
	assert_string_equal(becket_error_last()->detail, "");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

static void
script_garbage(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\x80", 1);
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "", 0);
	if (fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_respond(fake, fd, &pdu, "\0world", 6);
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
an_answer_that_makes_no_sense_was_executed(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	fake_start(&fake, script_garbage);
	binding = caller_handle(fake.string);
	caller_fails(binding, BECKET_S_PROTOCOL_ERROR, BECKET_EXECUTED,
	    "could not be decoded");
	caller_fails(binding, BECKET_S_TRUNCATED, BECKET_EXECUTED,
	    "could not be decoded");
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

/* Faults at the first fragment, and reads no more until the client is gone. */
static void
script_fault_early(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		fake_fault(fake, fd, &pdu, 5, PDU_DID_NOT_EXECUTE, NULL, 0);
		shutdown(fd, SHUT_WR);
	}
	while (fake_read(fake, fd, &pdu))
		continue;
	close(fd);
}

static void
an_early_fault_is_heard_while_sending(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = 4000000;
	char *data = calloc(1, size);

	(void)state;
	assert_non_null(data);
	fake_start(&fake, script_fault_early);
	binding = caller_handle(fake.string);
	assert_int_equal(caller_call(binding, ECHO, data, size),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	becket_binding_free(&binding);
	fake_stop(&fake);
	free(data);
}

/* The last words of a server that resets: fault, then closed with bytes of
 * the request unread.
 */
static void
script_fault_and_go(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu))
		fake_fault(fake, fd, &pdu, 5, PDU_DID_NOT_EXECUTE, NULL, 0);
	close(fd);
}

static void
a_server_that_faults_and_goes_does_not_hang_the_client(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	size_t size = 4000000;
	char *data = calloc(1, size);
	becket_status status;

	(void)state;
	assert_non_null(data);
	fake_start(&fake, script_fault_and_go);
	binding = caller_handle(fake.string);
	/* The reset may overtake the fault: that is what resets do. */
	status = caller_call(binding, ECHO, data, size);
	if (status != BECKET_S_ACCESS_DENIED)
		assert_int_equal(status, BECKET_S_CALL_FAILED);
	becket_binding_free(&binding);
	fake_stop(&fake);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_server_that_never_binds_ends_with_the_deadline),
		cmocka_unit_test(a_silent_server_ends_with_the_deadline),
		cmocka_unit_test(
		    a_server_that_never_finishes_ends_with_the_deadline),
		cmocka_unit_test(a_late_answer_is_not_taken_for_the_next),
		cmocka_unit_test(an_answer_may_come_byte_by_byte),
		cmocka_unit_test(a_fault_brings_the_servers_sentence),
		cmocka_unit_test(an_answer_that_makes_no_sense_was_executed),
		cmocka_unit_test(an_early_fault_is_heard_while_sending),
		cmocka_unit_test(
		    a_server_that_faults_and_goes_does_not_hang_the_client),
	};

	return cmocka_run_group_tests_name("fake answer", tests, caller_setup,
	    caller_teardown);
}
