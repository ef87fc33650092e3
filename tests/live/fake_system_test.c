/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_caller.h"
#include "fake_server.h"
#include "wire/pdu.h"

/*
 * Where the system or the memory has no more, and across fork().
 */

/* --------------------------------------------- the system, the memory --- */

static void
ignore_signal(int number)
{
	(void)number;
}

static pthread_t caller;

static void
script_interrupt(struct fake *fake)
{
	struct fake_pdu pdu;
	int fd = fake_accept(fake);

	if (fake_bind(fake, fd) && fake_expect(fake, fd, PDU_REQUEST, &pdu)) {
		for (int i = 0; i < 20; i++) {
			pthread_kill(caller, SIGUSR1);
			sched_yield();
		}
		fake_respond(fake, fd, &pdu, "\0world", 6);
	}
	fake_read(fake, fd, &pdu);
	close(fd);
}

static void
signals_do_not_end_a_call(void **state)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct fake fake = { 0 };
	struct becket_binding *binding;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	caller = pthread_self();
	fake_start(&fake, script_interrupt);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
}

static void
without_descriptors_there_are_no_resources(void **state)
{
	struct becket_binding *tcp = caller_handle("ncacn_ip_tcp:127.0.0.1[1]");
	struct becket_binding *local = caller_handle("ncalrpc:[x]");
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	caller_fails(tcp, BECKET_S_OUT_OF_RESOURCES, BECKET_NOT_SENT,
	    "Too many");
	caller_fails(local, BECKET_S_OUT_OF_RESOURCES, BECKET_NOT_SENT,
	    "Too many");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	becket_binding_free(&tcp);
	becket_binding_free(&local);
}

/* Memory that fails at one allocation and then works again. */
struct scarce {
	size_t fail_at, count;
	size_t blocks;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct scarce *scarce = user;

	(void)old_size;
	if (new_size == 0) {
		scarce->blocks--;
		free(old);
		return NULL;
	}
	if (scarce->count++ == scarce->fail_at)
		return NULL;
	if (old == NULL)
		scarce->blocks++;
	return realloc(old, new_size);
}

static void
script_answer_many(struct fake *fake)
{
	for (;;) {
		struct fake_pdu pdu;
		int fd = fake_accept(fake);

		if (fd < 0)
			return;
		while (fake_read(fake, fd, &pdu)) {
			if (pdu.type == PDU_BIND)
				fake_ack(fake, fd, &pdu);
			else if (pdu.type == PDU_REQUEST)
				fake_respond(fake, fd, &pdu, "\0world", 6);
			else
				return;
		}
		close(fd);
	}
}

/* true: nothing failed. */
static bool
call_with(struct scarce *scarce, const char *string)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { resize, scarce },
	};
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_runtime *poor = NULL;
	struct becket_binding *binding = NULL;
	void *response = NULL;
	becket_status status = becket_runtime_new(&options, &poor);

	if (status == BECKET_S_OK)
		status =
		    becket_binding_from_string_binding(poor, string, &binding);
	for (int i = 0; i < 2 && status == BECKET_S_OK; i++) {
		status = becket_stub_call(binding, &caller_echo, ECHO, &request,
		    &response);
		becket_stub_free(response);
		response = NULL;
	}
	becket_binding_free(&binding);
	becket_runtime_free(poor);
	assert_int_equal(scarce->blocks, 0);
	if (status != BECKET_S_OK && status != BECKET_S_OUT_OF_MEMORY &&
	    strstr(becket_error_last()->sentence, "no memory") == NULL)
		fail_msg("%zu: %s", scarce->fail_at,
		    becket_error_last()->sentence);
	return status == BECKET_S_OK;
}

static void
a_call_without_memory_fails_cleanly(void **state)
{
	struct fake fake = { 0 };
	size_t failures = 0;

	(void)state;
	fake_start(&fake, script_answer_many);
	for (size_t i = 0;; i++) {
		struct scarce scarce = { .fail_at = i };
		bool went_well = call_with(&scarce, fake.string);

		if (scarce.count <= i) {
			assert_true(went_well);
			break;
		}
		if (!went_well)
			failures++;
	}
	assert_in_range(failures, 10, 1000);
	/* One more connection ends the script: a PDU it does not know. */
	shutdown(fake.listener, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.listener);
}

/* --------------------------------------------------------- fork --------- */

static int
live_in_child(struct becket_binding *binding)
{
	struct becket_bytes request = { (const uint8_t *)"x", 1 };
	struct becket_binding *copy = NULL;
	void *response = NULL;

	if (becket_stub_call(binding, &caller_echo, ECHO, &request,
	        &response) != BECKET_S_STALE_AFTER_FORK)
		return 1;
	if (becket_binding_copy(binding, &copy) != BECKET_S_STALE_AFTER_FORK)
		return 2;
	if (becket_error_last()->status != BECKET_S_STALE_AFTER_FORK)
		return 3;
	becket_binding_free(&binding);
	return 0;
}

static void
a_forked_child_has_a_stale_handle_and_harms_nobody(void **state)
{
	struct fake fake = { 0 };
	struct becket_binding *binding;
	int status = -1;
	pid_t child;

	(void)state;
	fake_start(&fake, fake_script_answer_two);
	binding = caller_handle(fake.string);
	caller_gets(binding, "world");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(live_in_child(binding));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	caller_make_idle(binding);
	caller_gets(binding, "world");
	becket_binding_free(&binding);
	fake_stop(&fake);
	assert_int_equal(fake.accepted, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_do_not_end_a_call),
		cmocka_unit_test(without_descriptors_there_are_no_resources),
		cmocka_unit_test(a_call_without_memory_fails_cleanly),
		cmocka_unit_test(
		    a_forked_child_has_a_stale_handle_and_harms_nobody),
	};

	return cmocka_run_group_tests_name("fake system", tests, caller_setup,
	    caller_teardown);
}
