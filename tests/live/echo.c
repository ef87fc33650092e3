/* SPDX-License-Identifier: MIT */
#include "tests/live/echo.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}
#define PLAIN(text) \
	{ \
		.name = text, .request = RAW, .response = RAW \
	}

/* clang-format off */
static const struct becket_operation operations[ECHO_OPERATIONS] = {
	[ECHO]    = PLAIN("Echo"),
	[FILL]    = PLAIN("Fill"),
	[FAIL]    = PLAIN("Fail"),
	[STREAM]  = { .name = "Stream", .request = RAW, .response = RAW,
	              .flags = BECKET_OPERATION_RESPONSE_STREAM },
	[ABSENT]  = PLAIN("Absent"),
	[PEER]    = PLAIN("Peer"),
	[HOLD]    = PLAIN("Hold"),
	[BLOCK]   = PLAIN("Block"),
	[DECIDE]  = PLAIN("Decide"),
	[PROMISE] = PLAIN("Promise"),
	[STOP]    = PLAIN("Stop"),
	[CHANGE]  = PLAIN("Change"),
	[WORK]    = { .name = "Work", .request = RAW, .response = RAW,
	              .flags = BECKET_OPERATION_BLOCKING },
	[LATER]   = { .name = "Later", .request = RAW, .response = RAW,
	              .flags = BECKET_OPERATION_BLOCKING },
};
/* clang-format on */

const struct becket_interface echo_interface = {
	.abi = BECKET_ABI,
	.name = "test.Echo",
	.uuid = { 0x0f6a4a52, 0x6a0d, 0x4d6c,
	    { 0x93, 0x5d, 0x42, 0x11, 0x9e, 0x7b, 0x0c, 0x33 } },
	.major = 1,
	.minor = 0,
	.operation_count = ECHO_OPERATIONS,
	.operations = operations,
};

void
echo_yield(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}

static becket_status
say(struct becket_call *call, const char *text, void *response)
{
	char *copy = becket_call_strdup(call, text);

	if (copy == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ (uint8_t *)copy, strlen(copy) };
	return BECKET_S_OK;
}

static becket_status
echo_back(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)call;
	memcpy(response, request, sizeof(struct becket_bytes));
	return BECKET_S_OK;
}

static becket_status
fill(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;
	char digits[16] = "";
	uint8_t *data;
	size_t size;

	(void)epv;
	if (bytes->size < sizeof digits)
		memcpy(digits, bytes->data, bytes->size);
	size = strtoul(digits, NULL, 10);
	data = becket_call_alloc(call, size);
	if (data == NULL)
		return becket_call_fail(call, BECKET_S_OUT_OF_MEMORY,
		    "no room for %zu bytes", size);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)i;
	*(struct becket_bytes *)response = (struct becket_bytes){ data, size };
	return BECKET_S_OK;
}

static becket_status
fail_aloud(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;

	(void)epv;
	(void)response;
	return becket_call_fail(call, 0x20001234, "no luck with \"%.*s\"",
	    (int)bytes->size, (const char *)bytes->data);
}

static becket_status
tell_peer(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_peer *peer = becket_call_peer(call);
	char text[128];

	(void)epv;
	(void)request;
	snprintf(text, sizeof text, "%s %s %d %u %u %d", peer->protseq,
	    peer->text, peer->has_credentials, peer->uid, peer->gid, peer->pid);
	return say(call, text, response);
}

static becket_status
hold(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct echo *echo = (struct echo *)(uintptr_t)epv;
	becket_status status;

	(void)request;
	(void)response;
	status = becket_call_defer(call, &echo->token);
	atomic_fetch_add(&echo->held, 1);
	return status;
}

static becket_status
block(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct echo *echo = (struct echo *)(uintptr_t)epv;

	atomic_fetch_add(&echo->running, 1);
	while (!atomic_load(&echo->gate))
		echo_yield();
	return echo_back(epv, call, request, response);
}

static becket_status
decide(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_token token;
	becket_status status = becket_call_defer(call, &token);

	(void)epv;
	(void)response;
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	if (becket_stub_answer(token, &echo_interface, DECIDE, BECKET_S_OK,
	        request) != BECKET_S_OK)
		return BECKET_S_CALL_FAILED;
	return BECKET_S_ASYNC_CALL_PENDING;
}

static becket_status
promise(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)call;
	(void)request;
	(void)response;
	return BECKET_S_ASYNC_CALL_PENDING;
}

static becket_status
stop_server(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct echo *echo = (struct echo *)(uintptr_t)epv;
	becket_status status = becket_server_stop(echo->server);

	if (status != BECKET_S_OK)
		return status;
	return echo_back(epv, call, request, response);
}

static becket_status
change_interfaces(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	const struct becket_uuid type = { .time_low = 7 };
	struct echo *echo = (struct echo *)(uintptr_t)epv;
	becket_status status = becket_server_register_if(echo->server,
	    &echo_interface, &echo_routines, &type, epv, 0);

	if (status == BECKET_S_OK)
		status = becket_server_unregister_if(echo->server,
		    &echo_interface, &type, true);
	if (status != BECKET_S_OK)
		return status;
	return echo_back(epv, call, request, response);
}

static becket_routine *const routines[ECHO_OPERATIONS] = {
	[ECHO] = echo_back,
	[FILL] = fill,
	[FAIL] = fail_aloud,
	[PEER] = tell_peer,
	[HOLD] = hold,
	[BLOCK] = block,
	[DECIDE] = decide,
	[PROMISE] = promise,
	[STOP] = stop_server,
	[CHANGE] = change_interfaces,
	[WORK] = block,
	[LATER] = hold,
};

const struct becket_routines echo_routines = {
	.abi = BECKET_ABI,
	.count = ECHO_OPERATIONS,
	.routines = routines,
};

static void
keep_access(struct echo *echo, const struct becket_access *access)
{
	atomic_store(&echo->request_bytes, (unsigned)access->request_bytes);
	atomic_store(&echo->response_bytes, (unsigned)access->response_bytes);
	atomic_fetch_add(&echo->accesses, 1);
}

static void
keep_log(void *user, const struct becket_log *log)
{
	struct echo *echo = user;

	if (log->access != NULL)
		keep_access(echo, log->access);
	else if (log->level == BECKET_LOG_WARNING)
		atomic_fetch_add(&echo->warnings, 1);
	if (getenv("ECHO_LOG") != NULL)
		fprintf(stderr, "%d %s\n", (int)log->level, log->text);
}

becket_status (*echo_equip)(struct becket_runtime *runtime);

static void
make_grpc_address(struct echo *echo)
{
	char port[8];

	snprintf(port, sizeof port, "%u", echo->port);
	assert_int_equal(becket_string_binding_compose(echo->runtime, NULL,
	                     "grpc_ip_tcp", "127.0.0.1", port, NULL,
	                     &echo->addresses[2]),
	    BECKET_S_OK);
}

static void
find_addresses(struct echo *echo)
{
	struct becket_binding_vector *vector;

	assert_int_equal(becket_server_inq_bindings(echo->server, &vector),
	    BECKET_S_OK);
	assert_int_equal(vector->count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(becket_binding_to_string_binding(vector
		                                                      ->bindings
		                                                          [i],
		                     &echo->addresses[i]),
		    BECKET_S_OK);
	becket_binding_vector_free(&vector);
	assert_null(vector);
	assert_int_equal(sscanf(echo->addresses[0],
	                     "ncacn_ip_tcp:127.0.0.1[%u]", &echo->port),
	    1);
	if (echo_equip != NULL)
		make_grpc_address(echo);
}

/* ECHO_LOOPS=3 runs every test with so many loops. */
static const struct becket_server_options *
usual_options(void)
{
	static struct becket_server_options options;
	const char *loops = getenv("ECHO_LOOPS");

	options.size = sizeof options;
	options.loops = loops == NULL ? 0 : (unsigned)strtoul(loops, NULL, 10);
	return &options;
}

void
echo_open(struct echo *echo, const struct becket_limits *limits)
{
	echo_open_as(echo, limits, NULL);
}

void
echo_open_as(struct echo *echo, const struct becket_limits *limits,
    const struct becket_server_options *server_options)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = limits,
		.log = keep_log,
		.log_user = echo,
		.ncalrpc_dir = echo->dir,
	};

	if (server_options == NULL)
		server_options = usual_options();
	*echo = (struct echo){ .dir = "/tmp/becket-test-XXXXXX" };
	assert_non_null(mkdtemp(echo->dir));
	assert_int_equal(becket_runtime_new(&options, &echo->runtime),
	    BECKET_S_OK);
	if (echo_equip != NULL)
		assert_int_equal(echo_equip(echo->runtime), BECKET_S_OK);
	assert_int_equal(becket_server_new(echo->runtime, server_options,
	                     &echo->server),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if(echo->server,
	                     &echo_interface, &echo_routines, NULL, echo, 0),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(echo->server, "ncacn_ip_tcp",
	                     "127.0.0.1"),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(echo->server, "ncalrpc",
	                     NULL),
	    BECKET_S_OK);
	find_addresses(echo);
}

void
echo_start(struct echo *echo, const struct becket_limits *limits)
{
	echo_open(echo, limits);
	assert_int_equal(becket_server_listen(echo->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

void
echo_stop(struct echo *echo)
{
	becket_status status = becket_server_stop(echo->server);

	if (status == BECKET_S_OK)
		status = becket_server_wait(echo->server);
	assert_true(status == BECKET_S_OK || status == BECKET_S_NOT_LISTENING);
	becket_server_free(echo->server);
	for (size_t i = 0; i < 3; i++)
		becket_string_free(echo->runtime, &echo->addresses[i]);
	becket_runtime_free(echo->runtime);
	/* Sockets and locks have been removed, or this fails. */
	assert_int_equal(rmdir(echo->dir), 0);
}

struct becket_binding *
echo_bind(struct echo *echo, const char *address)
{
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(echo->runtime,
	                     address, &binding),
	    BECKET_S_OK);
	return binding;
}

becket_status
echo_call(struct becket_binding *binding, uint16_t opnum, const char *request,
    struct becket_bytes **ret_response)
{
	struct becket_bytes bytes = { (const uint8_t *)request,
		strlen(request) };
	void *response = NULL;
	becket_status status = becket_stub_call(binding, &echo_interface, opnum,
	    &bytes, &response);

	if (status == BECKET_S_OK)
		*ret_response = response;
	return status;
}

void
echo_expect(struct becket_binding *binding, uint16_t opnum, const char *request,
    const char *response)
{
	struct becket_bytes *bytes = NULL;
	becket_status status = echo_call(binding, opnum, request, &bytes);

	if (status != BECKET_S_OK)
		print_error("%s\n", becket_error_last()->sentence);
	assert_int_equal(status, BECKET_S_OK);
	assert_int_equal(bytes->size, strlen(response));
	assert_memory_equal(bytes->data, response, bytes->size);
	becket_stub_free(bytes);
}

unsigned
echo_count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}
