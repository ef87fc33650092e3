/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"
#include "wire/mgmt.h"

/*
 * The interface that every server has, as our client sees it and as others do.
 * Every test is run for each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct becket_binding *
bind_to(struct echo *echo, void **state)
{
	return echo_bind(echo, echo->addresses[which(state)]);
}

static void
a_server_says_that_it_listens(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_is_server_listening(binding), BECKET_S_OK);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
its_interfaces_are_listed_without_mgmt(void **state)
{
	struct becket_if_id_vector *ids = NULL;
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_inq_if_ids(binding, &ids), BECKET_S_OK);
	assert_int_equal(ids->count, 1);
	assert_true(becket_uuid_equal(&ids->ids[0].uuid, &echo_interface.uuid));
	assert_int_equal(ids->ids[0].major, 1);
	becket_if_id_vector_free(&ids);
	/* And it stays when all others go. */
	assert_int_equal(becket_server_unregister_if(echo.server, NULL, NULL,
	                     true),
	    BECKET_S_OK);
	assert_int_equal(becket_mgmt_inq_if_ids(binding, &ids),
	    BECKET_S_NO_INTERFACES);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
its_statistics_count(void **state)
{
	struct becket_stats before, after, own;
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_inq_stats(binding, &before), BECKET_S_OK);
	for (int i = 0; i < 10; i++)
		echo_expect(binding, ECHO, "count me", "count me");
	assert_int_equal(becket_mgmt_inq_stats(binding, &after), BECKET_S_OK);
	assert_int_equal(after.calls_in - before.calls_in, 11);
	assert_int_equal(after.calls_out, 0);
	assert_true(after.packets_in - before.packets_in >= 11);
	assert_true(after.packets_out - before.packets_out >= 11);
	becket_server_inq_stats(echo.server, &own);
	assert_int_equal(own.calls_in, after.calls_in);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
to_stop_it_is_refused(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_stop_server_listening(binding),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_is_server_listening(binding), BECKET_S_OK);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* Allows what its user says, and nothing else. */
static bool
allow_one(void *user, struct becket_call *call,
    enum becket_mgmt_operation operation)
{
	assert_string_equal(becket_call_interface(call)->name, "mgmt");
	return operation == *(enum becket_mgmt_operation *)user;
}

static void
an_authorization_function_decides(void **state)
{
	enum becket_mgmt_operation allowed = BECKET_MGMT_STOP_SERVER_LISTENING;
	struct becket_if_id_vector *ids;
	struct becket_binding *binding;
	struct becket_stats stats;
	struct echo echo;
	char *name;

	echo_open(&echo, NULL);
	becket_server_set_authorization_fn(echo.server, allow_one, &allowed);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_inq_if_ids(binding, &ids),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_inq_stats(binding, &stats),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_is_server_listening(binding),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_inq_server_princ_name(binding, 10, &name),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_mgmt_stop_server_listening(binding),
	    BECKET_S_OK);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
no_authentication_service_is_known(void **state)
{
	struct becket_binding *binding;
	struct echo echo;
	char *name;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_mgmt_inq_server_princ_name(binding, 10, &name),
	    BECKET_S_UNKNOWN_AUTHN_SERVICE);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* ------------------------------------------------------ what others send -- */

static struct becket_bytes
ask_mgmt(int fd, uint16_t opnum, bool big_endian, const void *stub, size_t size)
{
	static struct raw_reply reply;
	uint8_t data[RAW_FRAGMENT];
	size_t whole = raw_request(9, opnum, stub, size, data);

	if (big_endian) { /* the header too is in the order of its drep */
		static const struct {
			size_t at, size;
		} fields[] = { { 8, 2 }, { 10, 2 }, { 12, 4 }, { 16, 4 },
			{ 20, 2 }, { 22, 2 } };

		data[4] = 0;
		for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
			for (size_t j = 0; j < fields[i].size / 2; j++) {
				uint8_t *a = &data[fields[i].at + j];
				uint8_t *b = &data[fields[i].at +
				                   fields[i].size - 1 - j];
				uint8_t kept = *a;

				*a = *b;
				*b = kept;
			}
	}
	raw_send(fd, data, whole);
	assert_true(raw_read(fd, &reply));
	assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
	return reply.pdu.response.stub;
}

static int
open_mgmt(struct echo *echo, size_t index)
{
	int fd = raw_connect(echo, index);

	raw_bind(fd, &mgmt_interface.uuid, mgmt_interface.major, SYNTAX_NDR);
	return fd;
}

static void
a_big_endian_request_is_understood(void **state)
{
	static const uint8_t four[] = { 0, 0, 0, 4 };
	struct mgmt_stats stats = { 0 };
	struct becket_bytes stub;
	struct cursor c;
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = open_mgmt(&echo, which(state));
	stub = ask_mgmt(fd, MGMT_INQ_STATS, true, four, sizeof four);
	c = cursor_get(stub.data, stub.size, false);
	mgmt_inq_stats_out(&c, &stats);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(stats.status, BECKET_S_OK);
	assert_int_equal(stats.count, 4);
	assert_int_equal(stats.values[MGMT_CALLS_IN], 1);
	close(fd);
	echo_stop(&echo);
}

static void
more_statistics_than_there_are_are_not_given(void **state)
{
	static const uint8_t many[] = { 0xff, 0xff, 0xff, 0xff, 'j', 'u' };
	struct mgmt_stats stats = { 0 };
	struct becket_bytes stub;
	struct cursor c;
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = open_mgmt(&echo, which(state));
	stub = ask_mgmt(fd, MGMT_INQ_STATS, false, many, sizeof many);
	c = cursor_get(stub.data, stub.size, false);
	mgmt_inq_stats_out(&c, &stats);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(stats.count, 4);
	close(fd);
	echo_stop(&echo);
}

static void
malformed_requests_are_faults(void **state)
{
	static const uint8_t no_room[] = { 10, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	int fd;

	echo_start(&echo, NULL);
	fd = open_mgmt(&echo, which(state));
	raw_send(fd, data,
	    raw_request(1, MGMT_INQ_PRINC_NAME, no_room, sizeof no_room, data));
	raw_expect_fault(fd, 1, BECKET_X_BAD_STUB_DATA, 0);
	for (size_t size = 0; size < 4; size++) {
		raw_send(fd, data,
		    raw_request(2, MGMT_INQ_STATS, no_room, size, data));
		raw_expect_fault(fd, 2, BECKET_X_BAD_STUB_DATA, 0);
	}
	for (uint16_t opnum = MGMT_OPERATIONS; opnum < 8; opnum++) {
		raw_send(fd, data, raw_request(3, opnum, "", 0, data));
		raw_expect_fault(fd, 3, NCA_S_OP_RNG_ERROR,
		    PDU_DID_NOT_EXECUTE);
	}
	close(fd);
	echo_stop(&echo);
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
		BOTH(a_server_says_that_it_listens),
		BOTH(its_interfaces_are_listed_without_mgmt),
		BOTH(its_statistics_count),
		BOTH(to_stop_it_is_refused),
		BOTH(an_authorization_function_decides),
		BOTH(no_authentication_service_is_known),
		BOTH(a_big_endian_request_is_understood),
		BOTH(more_statistics_than_there_are_are_not_given),
		BOTH(malformed_requests_are_faults),
	};

	return cmocka_run_group_tests_name("mgmt", tests, NULL, NULL);
}
