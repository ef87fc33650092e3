/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/echo.h"
#include "tests/live/proxy.h"

/*
 * How often is a call executed? Connections are cut after each byte of a call
 * in either direction, and servers die at each step; each call has a number,
 * and the server counts its executions.
 */
enum { COUNT, COUNT_SAFE, COUNT_MAYBE };

#define BYTES \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
#define PLAIN(text) .name = text, .request = BYTES, .response = BYTES
/* clang-format off */
static const struct becket_operation operations[] = {
	{ PLAIN("Count") },
	{ PLAIN("CountSafe"), .flags = BECKET_OPERATION_IDEMPOTENT },
	{ PLAIN("CountMaybe"), .flags = BECKET_OPERATION_MAYBE },
};
/* clang-format on */

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "test.Counter",
	.uuid = { 0x6c1a62a3, 0x9d0e, 0x4d5c,
	    { 0x8b, 0x11, 0x1f, 0x27, 0x0b, 0x93, 0x6d, 0x02 } },
	.major = 1,
	.operation_count = sizeof operations / sizeof operations[0],
	.operations = operations,
};

enum { CALLS = 2048 };

/* How a server is to die: between these steps of one execution. */
enum death { LIVE, BEFORE_EXECUTION, AFTER_EXECUTION };

/* Shared with servers that are processes of their own. */
struct ledger {
	_Atomic unsigned executed[CALLS];
	_Atomic enum death death;
	_Atomic unsigned starts;
	atomic_bool is_over;
	_Atomic pid_t server;
};

static struct ledger *ledger;

static becket_status
count(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;
	uint16_t number;

	(void)epv;
	(void)call;
	if (bytes->size != sizeof number)
		return BECKET_S_INVALID_ARG;
	memcpy(&number, bytes->data, sizeof number);
	if (ledger->death == BEFORE_EXECUTION) {
		ledger->death = LIVE;
		_exit(0);
	}
	ledger->executed[number]++;
	if (ledger->death == AFTER_EXECUTION) {
		ledger->death = LIVE;
		_exit(0);
	}
	memcpy(response, request, sizeof *bytes);
	return BECKET_S_OK;
}

static becket_status
count_quietly(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	becket_status status = count(epv, call, request, response);

	*(struct becket_bytes *)response = (struct becket_bytes){ 0 };
	return status;
}

static becket_routine *const thunks[] = { count, count, count_quietly };

static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = sizeof thunks / sizeof thunks[0],
	.routines = thunks,
};

/* Do calls wait, or are they started, waited for and finished? */
static bool is_async;

static int
setup(void **state)
{
	is_async = *state != NULL;
	ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ledger == MAP_FAILED ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return munmap(ledger, sizeof *ledger);
}

static becket_status
call_async(struct becket_binding *binding, uint16_t opnum,
    const struct becket_bytes *request, void **ret_response)
{
	struct becket_async async;
	becket_status status =
	    becket_stub_start(binding, &interface, opnum, request, &async);

	assert_int_equal(status, 0);
	status = becket_async_wait(&async, 60000);
	assert_int_not_equal(status, BECKET_S_ASYNC_CALL_PENDING);
	return becket_stub_finish(&async, &interface, opnum, ret_response);
}

static becket_status
call(struct becket_binding *binding, uint16_t opnum, uint16_t number)
{
	struct becket_bytes request = { (uint8_t *)&number, sizeof number };
	void *response = NULL;
	becket_status status =
	    is_async ? call_async(binding, opnum, &request, &response)
	             : becket_stub_call(binding, &interface, opnum, &request,
	                   &response);

	becket_stub_free(response);
	return status;
}

/* ------------------------------------------- connections that are cut --- */

struct lab {
	struct echo echo;
	struct proxy proxy;
	struct becket_binding *binding;
};

static void
lab_start(struct lab *lab)
{
	echo_open(&lab->echo, NULL);
	assert_int_equal(becket_server_register_if(lab->echo.server, &interface,
	                     &routines, NULL, lab, 0),
	    0);
	assert_int_equal(becket_server_listen(lab->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    0);
	proxy_start(&lab->proxy, lab->echo.port);
	lab->binding = echo_bind(&lab->echo, lab->proxy.string);
}

static void
lab_stop(struct lab *lab)
{
	becket_binding_free(&lab->binding);
	proxy_stop(&lab->proxy);
	echo_stop(&lab->echo);
}

/* The bytes of one call each way, on a connection that is warm, or new. */
static size_t
measure(struct lab *lab, enum proxy_way way, bool is_warm)
{
	size_t before;

	assert_int_equal(becket_binding_reset(lab->binding), 0);
	if (is_warm)
		assert_int_equal(call(lab->binding, COUNT, 0), 0);
	before = proxy_passed(&lab->proxy, way);
	assert_int_equal(call(lab->binding, COUNT, 0), 0);
	return proxy_passed(&lab->proxy, way) - before;
}

/* What each call said, to be compared with what was done. */
struct verdict {
	becket_status status;
	enum becket_outcome outcome;
};

static void
call_cut_at(struct lab *lab, enum proxy_way way, size_t at, bool is_warm,
    uint16_t opnum, uint16_t number, struct verdict *ret_verdict)
{
	assert_int_equal(becket_binding_reset(lab->binding), 0);
	if (is_warm)
		assert_int_equal(call(lab->binding, COUNT, 0), 0);
	proxy_arm(&lab->proxy, way, at, at % 2 == 0);
	ret_verdict->status = call(lab->binding, opnum, number);
	ret_verdict->outcome = ret_verdict->status == BECKET_S_OK
	                           ? BECKET_EXECUTED
	                           : becket_error_last()->outcome;
	proxy_disarm(&lab->proxy);
}

static uint16_t
cut_everywhere(struct lab *lab, uint16_t opnum, struct verdict *verdicts)
{
	uint16_t number = 1;

	for (int i = 0; i < 4; i++) {
		enum proxy_way way = i % 2 ? PROXY_RESPONSES : PROXY_REQUESTS;
		bool is_warm = i / 2;
		size_t size = measure(lab, way, is_warm);

		for (size_t at = 1; at <= size; at++, number++) {
			assert_true(number < CALLS);
			call_cut_at(lab, way, at, is_warm, opnum, number,
			    &verdicts[number]);
		}
	}
	return number;
}

static void
a_call_is_never_executed_twice_wherever_it_is_cut(void **state)
{
	static struct verdict verdicts[CALLS];
	unsigned done = 0, lost = 0;
	struct lab lab;
	uint16_t end;

	(void)state;
	lab_start(&lab);
	end = cut_everywhere(&lab, COUNT, verdicts);
	lab_stop(&lab);
	for (uint16_t i = 1; i < end; i++) {
		assert_in_range(ledger->executed[i], 0, 1);
		if (verdicts[i].outcome == BECKET_NOT_SENT)
			assert_int_equal(ledger->executed[i], 0);
		if (verdicts[i].outcome == BECKET_EXECUTED)
			assert_int_equal(ledger->executed[i], 1);
		done += verdicts[i].status == BECKET_S_OK;
		lost += verdicts[i].outcome == BECKET_MAYBE_EXECUTED;
	}
	/* The test has met each kind. */
	assert_in_range(done, 1, end);
	assert_in_range(lost, 10, end);
	assert_in_range(end - done - lost, 10, end);
}

static void
an_idempotent_call_succeeds_wherever_it_is_cut(void **state)
{
	static struct verdict verdicts[CALLS];
	unsigned twice = 0;
	struct lab lab;
	uint16_t end;

	(void)state;
	lab_start(&lab);
	end = cut_everywhere(&lab, COUNT_SAFE, verdicts);
	lab_stop(&lab);
	for (uint16_t i = 1; i < end; i++) {
		assert_int_equal(verdicts[i].status, BECKET_S_OK);
		assert_in_range(ledger->executed[i], 1, 2);
		twice += ledger->executed[i] == 2;
	}
	assert_in_range(twice, 10, end);
}

static void
a_maybe_call_is_executed_once_at_most(void **state)
{
	static struct verdict verdicts[CALLS];
	struct lab lab;
	uint16_t end;

	(void)state;
	lab_start(&lab);
	assert_int_equal(call(lab.binding, COUNT_MAYBE, 0), 0);
	/* The next one, on the same connection, is behind it. */
	assert_int_equal(call(lab.binding, COUNT, 1), 0);
	assert_int_equal(ledger->executed[0], 1);
	end = cut_everywhere(&lab, COUNT_MAYBE, verdicts);
	lab_stop(&lab);
	for (uint16_t i = 2; i < end; i++) {
		assert_in_range(ledger->executed[i], 0, 1);
		if (verdicts[i].status != BECKET_S_OK &&
		    verdicts[i].outcome == BECKET_NOT_SENT)
			assert_int_equal(ledger->executed[i], 0);
	}
}

/* ------------------------------------------------ servers that die ------ */

static int
serve(int listener)
{
	struct becket_runtime *runtime;
	struct becket_server *server;

	/* mortal_stop() either finds this one or is seen by it. */
	ledger->server = getpid();
	if (ledger->is_over)
		return 0;
	if (becket_runtime_new(NULL, &runtime) != 0 ||
	    becket_server_new(runtime, NULL, &server) != 0 ||
	    becket_server_register_if(server, &interface, &routines, NULL,
	        ledger, 0) != 0)
		return 1;
	if (becket_server_use_descriptor(server, NULL, dup(listener)) != 0)
		return 1;
	ledger->starts++;
	return becket_server_listen(server, 0) != 0;
}

/* A process that keeps a server running: when one dies, the next begins. They
 * inherit the socket, so that the port stays theirs.
 */
static pid_t
supervise(int listener)
{
	pid_t supervisor = fork();

	if (supervisor != 0)
		return supervisor;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!ledger->is_over) {
		pid_t server = fork();

		if (server == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(serve(listener));
		}
		waitpid(server, NULL, 0);
	}
	_exit(0);
}

struct mortal {
	pid_t supervisor;
	struct becket_runtime *runtime;
	struct becket_binding *binding;
};

static void
mortal_start(struct mortal *mortal)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char string[64];

	memset(ledger, 0, sizeof *ledger);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, SOMAXCONN), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address,
	                     &size),
	    0);
	snprintf(string, sizeof string, "ncacn_ip_tcp:127.0.0.1[%u]",
	    ntohs(address.sin_port));
	mortal->supervisor = supervise(listener);
	close(listener);
	WAIT_UNTIL(ledger->starts == 1);
	assert_int_equal(becket_runtime_new(NULL, &mortal->runtime), 0);
	assert_int_equal(becket_binding_from_string_binding(mortal->runtime,
	                     string, &mortal->binding),
	    0);
	while (becket_mgmt_is_server_listening(mortal->binding) != 0)
		echo_yield();
}

static void
mortal_stop(struct mortal *mortal)
{
	becket_binding_free(&mortal->binding);
	becket_runtime_free(mortal->runtime);
	ledger->is_over = true;
	kill(ledger->server, SIGKILL);
	waitpid(mortal->supervisor, NULL, 0);
}

static void
a_server_that_dies_executes_a_call_once_at_most(void **state)
{
	struct mortal mortal;

	(void)state;
	mortal_start(&mortal);
	ledger->death = BEFORE_EXECUTION;
	assert_int_equal(call(mortal.binding, COUNT, 1), BECKET_S_CALL_FAILED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	WAIT_UNTIL(ledger->starts == 2);
	assert_int_equal(ledger->executed[1], 0);
	while (becket_mgmt_is_server_listening(mortal.binding) != 0)
		echo_yield();
	ledger->death = AFTER_EXECUTION;
	assert_int_equal(call(mortal.binding, COUNT, 2), BECKET_S_CALL_FAILED);
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	WAIT_UNTIL(ledger->starts == 3);
	assert_int_equal(ledger->executed[2], 1);
	mortal_stop(&mortal);
}

static void
an_idempotent_call_survives_its_server(void **state)
{
	struct mortal mortal;

	(void)state;
	mortal_start(&mortal);
	ledger->death = BEFORE_EXECUTION;
	assert_int_equal(call(mortal.binding, COUNT_SAFE, 1), 0);
	assert_int_equal(ledger->executed[1], 1);
	ledger->death = AFTER_EXECUTION;
	assert_int_equal(call(mortal.binding, COUNT_SAFE, 2), 0);
	assert_int_equal(ledger->executed[2], 2);
	assert_int_equal(ledger->starts, 3);
	mortal_stop(&mortal);
}

static void
a_server_that_was_restarted_is_called_again(void **state)
{
	struct mortal mortal;

	(void)state;
	mortal_start(&mortal);
	assert_int_equal(call(mortal.binding, COUNT, 1), 0);
	kill(ledger->server, SIGKILL);
	WAIT_UNTIL(ledger->starts == 2);
	/* It listens a moment after; and what was sent to its predecessor,
	 * before that end was seen, is not sent again.
	 */
	while (call(mortal.binding, COUNT, 2) != 0) {
		assert_int_equal(ledger->executed[2], 0);
		echo_yield();
	}
	assert_int_equal(ledger->executed[2], 1);
	mortal_stop(&mortal);
}

static void
an_idempotent_call_gives_up_at_last(void **state)
{
	struct mortal mortal;

	(void)state;
	mortal_start(&mortal);
	ledger->is_over = true;
	ledger->death = AFTER_EXECUTION;
	assert_int_equal(call(mortal.binding, COUNT_SAFE, 1),
	    BECKET_S_SERVER_UNAVAILABLE);
	/* The last try was not sent, but the first was executed. */
	assert_int_equal(becket_error_last()->outcome, BECKET_MAYBE_EXECUTED);
	assert_int_equal(ledger->executed[1], 1);
	mortal_stop(&mortal);
}

int
main(void)
{
	static int async;
#define TEST(name) \
	{ #name, name, setup, teardown, NULL }, \
	{ \
#name " (async)", name, setup, teardown, &async \
	}
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_never_executed_twice_wherever_it_is_cut),
		TEST(an_idempotent_call_succeeds_wherever_it_is_cut),
		TEST(a_maybe_call_is_executed_once_at_most),
		TEST(a_server_that_dies_executes_a_call_once_at_most),
		TEST(an_idempotent_call_survives_its_server),
		TEST(a_server_that_was_restarted_is_called_again),
		TEST(an_idempotent_call_gives_up_at_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
