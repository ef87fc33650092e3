/* SPDX-License-Identifier: MIT */
#include "fake_caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/binding.h"
#include "io/client_conn.h"
#include "io/clock.h"

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define MESSAGES .request = BYTES, .response = BYTES
static const struct becket_operation operations[] = {
	{ .name = "Echo", MESSAGES },
	{ .name = "Stream", MESSAGES, .flags = BECKET_OPERATION_REQUEST_STREAM },
	{ MESSAGES },
	{ .name = "Hurried", MESSAGES, .timeout_ms = 300 },
};
/* clang-format on */

const struct becket_interface caller_echo = {
	.abi = BECKET_ABI,
	.name = "test.Echo",
	.uuid = { 0x12345678, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } },
	.major = 1,
	.operation_count = sizeof operations / sizeof operations[0],
	.operations = operations,
};

static struct becket_runtime *runtime;

int
caller_setup(void **state)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.ncalrpc_dir = "/tmp",
		.name_servers = "127.0.0.1:1", /* there is none */
	};

	(void)state;
	return becket_runtime_new(&options, &runtime) == BECKET_S_OK ? 0 : -1;
}

int
caller_teardown(void **state)
{
	(void)state;
	becket_runtime_free(runtime);
	return 0;
}

struct becket_binding *
caller_handle(const char *string)
{
	struct becket_binding *binding;

	if (becket_binding_from_string_binding(runtime, string, &binding) != 0)
		fail_msg("%s", becket_error_last()->sentence);
	/* So that the script sees the end when the handle is freed. */
	assert_int_equal(becket_binding_set_option(binding,
	                     BECKET_OPTION_UNIQUE_BINDING, 1),
	    0);
	return binding;
}

becket_status
caller_call(struct becket_binding *binding, uint16_t opnum, const void *data,
    size_t size)
{
	struct becket_bytes request = { data, size };
	void *response = NULL;
	becket_status status =
	    becket_stub_call(binding, &caller_echo, opnum, &request, &response);

	if (status == BECKET_S_OK)
		assert_non_null(response);
	else
		assert_int_equal(becket_error_last()->status, status);
	becket_stub_free(response);
	return status;
}

void
caller_gets(struct becket_binding *binding, const char *expected)
{
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_bytes *response;
	void *message;

	if (becket_stub_call(binding, &caller_echo, ECHO, &request, &message) !=
	    0)
		fail_msg("%s", becket_error_last()->sentence);
	response = message;
	assert_int_equal(response->size, strlen(expected));
	assert_memory_equal(response->data, expected, response->size);
	becket_stub_free(message);
}

void
caller_was_told(const char *words)
{
	if (strstr(becket_error_last()->sentence, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", becket_error_last()->sentence,
		    words);
}

void
caller_fails(struct becket_binding *binding, becket_status status,
    enum becket_outcome outcome, const char *words)
{
	becket_status got = caller_call(binding, ECHO, "x", 1);

	if (got != status)
		fail_msg("%u, not %u: %s", got, status,
		    becket_error_last()->sentence);
	assert_int_equal(becket_error_last()->outcome, outcome);
	caller_was_told(words);
	caller_was_told("test.Echo Echo");
}

struct client_conn *
caller_idle_conn(struct becket_binding *binding)
{
	struct binding_use *use =
	    container_of(binding->uses.next, struct binding_use, node);

	return container_of(use->association->idle.next, struct client_conn,
	    node);
}

void
caller_make_idle(struct becket_binding *binding)
{
	caller_idle_conn(binding)->idle_since = 0;
}

void
caller_make_fresh(struct becket_binding *binding)
{
	caller_idle_conn(binding)->idle_since = UINT64_MAX / 2;
}

uint64_t
caller_ms_since(uint64_t start)
{
	return (clock_now() - start) / 1000000;
}
