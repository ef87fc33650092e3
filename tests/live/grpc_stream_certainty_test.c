/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/flow.h"
#include "tests/live/proxy.h"

/*
 * Connections are cut after each byte of a call with streams, in either
 * direction, whether they are new or have been used. What is said to be not
 * sent never reached a routine; what succeeds did so once, with everything that
 * was sent.
 */
struct lab {
	const char *protseq;
	struct echo echo;
	struct flow flow;
	struct proxy proxy;
	struct becket_binding *binding;
	unsigned calls; /* each has a number, by its object */
	struct {
		becket_status status;
		enum becket_outcome outcome;
	} ends[FLOW_NUMBERS];
};

static int
setup(void **state)
{
	struct lab *lab = *state;
	char string[64];

	echo_open(&lab->echo, NULL);
	flow_register(&lab->flow, &lab->echo);
	assert_int_equal(becket_server_listen(lab->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    0);
	proxy_start(&lab->proxy, lab->echo.port);
	snprintf(string, sizeof string, "%s%s", lab->protseq,
	    strchr(lab->proxy.string, ':'));
	lab->binding = echo_bind(&lab->echo, string);
	return 0;
}

/* By now nothing is executed any more. */
static void
judge(const struct lab *lab, unsigned number)
{
	unsigned entered = lab->flow.entered[number];

	if (lab->ends[number].status == BECKET_S_OK)
		assert_int_equal(entered, 1);
	else if (lab->ends[number].outcome == BECKET_NOT_SENT)
		assert_int_equal(entered, 0);
	else
		assert_in_range(entered, 0, 1);
}

static int
teardown(void **state)
{
	struct lab *lab = *state;

	becket_binding_free(&lab->binding);
	proxy_stop(&lab->proxy);
	echo_stop(&lab->echo);
	for (unsigned i = 1; i <= lab->calls; i++)
		judge(lab, i);
	return 0;
}

static becket_status
call(struct lab *lab)
{
	const struct becket_uuid object = { .time_low = ++lab->calls };
	struct becket_bytes *response = NULL;
	struct becket_stream *stream;
	becket_status status;

	assert_in_range(lab->calls, 1, FLOW_NUMBERS - 1);
	assert_int_equal(becket_binding_set_object(lab->binding, &object), 0);
	stream = flow_open(lab->binding, SUM, NULL);
	for (int i = 0; i < 2; i++)
		(void)!flow_send(stream, SUM, "abc", 3);
	status = flow_finish(&stream, SUM, &response);
	if (status == BECKET_S_OK) {
		assert_int_equal(response->size, 3);
		assert_memory_equal(response->data, "2 6", 3);
	}
	becket_stub_free(response);
	lab->ends[lab->calls].status = status;
	lab->ends[lab->calls].outcome = becket_error_last()->outcome;
	return status;
}

static void
prepare(struct lab *lab, bool is_warm)
{
	proxy_disarm(&lab->proxy);
	assert_int_equal(becket_binding_reset(lab->binding), 0);
	if (is_warm)
		assert_int_equal(call(lab), 0);
}

static size_t
measure(struct lab *lab, enum proxy_way way, bool is_warm)
{
	size_t before;

	prepare(lab, is_warm);
	before = proxy_passed(&lab->proxy, way);
	assert_int_equal(call(lab), 0);
	return proxy_passed(&lab->proxy, way) - before;
}

static void
cut_everywhere(struct lab *lab, enum proxy_way way, bool is_warm,
    bool with_reset)
{
	size_t size = measure(lab, way, is_warm);
	unsigned failures = 0;

	assert_in_range(size, 20, 2000);
	for (size_t at = 0; at < size; at++) {
		prepare(lab, is_warm);
		proxy_arm(&lab->proxy, way, at, with_reset);
		failures += call(lab) != BECKET_S_OK;
	}
	assert_in_range(failures, 1, size);
	prepare(lab, true);
}

static void
a_cut_is_never_taken_for_less_than_it_was(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 0; i < 8; i++)
		cut_everywhere(lab, i & 1 ? PROXY_REQUESTS : PROXY_RESPONSES,
		    i & 2, i & 4);
}

int
main(void)
{
	static struct lab dce = { .protseq = "ncacn_ip_tcp" },
	                  grpc = { .protseq = "grpc_ip_tcp" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(
		    a_cut_is_never_taken_for_less_than_it_was, setup, teardown,
		    &dce),
		cmocka_unit_test_prestate_setup_teardown(
		    a_cut_is_never_taken_for_less_than_it_was, setup, teardown,
		    &grpc),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
