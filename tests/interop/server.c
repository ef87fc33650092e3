/* SPDX-License-Identifier: MIT */
/*
 * A server for peers that are not ours: interfaces whose messages are raw
 * bytes, described by hand. It listens where its arguments say (string
 * bindings), says so on standard output, a line each, and serves until its
 * standard input ends.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "becket.h"
#include "becket_grpc.h"
#include "becket_stub.h"

enum operation {
	ECHO,    /* the request comes back */
	FILL,    /* as many bytes as the request's 4 say, counting up */
	FAIL,    /* fails with the status in the request's 4 bytes */
	HOLE,    /* an opnum without operation */
	ABSENT,  /* an operation without manager routine */
	OBJECT,  /* the object of the call, as text */
	TIME,    /* "yes" if the caller said how long it waits, else "no" */
	HOLD,    /* is answered when it is released */
	RELEASE, /* answers the oldest HOLD: "cancelled" or "released" */
	MIRROR,  /* metadata "x-..." come back as "i-x-..." and "t-x-..."; the
	          * request too if it is not empty, else it fails with a detail
	          */
	PACK,    /* its answer is compressed if the request begins with '1', and
	          * says 'y' or 'n', whether the request was
	          */
	OPERATIONS,
};

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

/* clang-format off */
static const struct becket_operation operations[OPERATIONS] = {
	[ECHO]    = { .name = "Echo",    .request = RAW, .response = RAW },
	[FILL]    = { .name = "Fill",    .request = RAW, .response = RAW },
	[FAIL]    = { .name = "Fail",    .request = RAW, .response = RAW },
	[ABSENT]  = { .name = "Absent",  .request = RAW, .response = RAW },
	[OBJECT]  = { .name = "Object",  .request = RAW, .response = RAW },
	[TIME]    = { .name = "Time",    .request = RAW, .response = RAW },
	[HOLD]    = { .name = "Hold",    .request = RAW, .response = RAW },
	[RELEASE] = { .name = "Release", .request = RAW, .response = RAW },
	[MIRROR]  = { .name = "Mirror",  .request = RAW, .response = RAW },
	[PACK]    = { .name = "Pack",    .request = RAW, .response = RAW },
};
/* clang-format on */

/* b8a1f0a4-6f2e-4c58-9c3f-1d0c2e4b7a61 v1.2 */
static const struct becket_interface echo_interface = {
	.abi = BECKET_ABI,
	.name = "interop.Echo",
	.uuid = { 0xb8a1f0a4, 0x6f2e, 0x4c58,
	    { 0x9c, 0x3f, 0x1d, 0x0c, 0x2e, 0x4b, 0x7a, 0x61 } },
	.major = 1,
	.minor = 2,
	.operation_count = OPERATIONS,
	.operations = operations,
};

/* 3c9d5c0e-2a53-4f7e-8a16-5f7b0d9e6c22 v3.0: to be bound second */
static const struct becket_interface other_interface = {
	.abi = BECKET_ABI,
	.name = "interop.Other",
	.uuid = { 0x3c9d5c0e, 0x2a53, 0x4f7e,
	    { 0x8a, 0x16, 0x5f, 0x7b, 0x0d, 0x9e, 0x6c, 0x22 } },
	.major = 3,
	.operation_count = 1,
	.operations = operations,
};

static struct becket_token held[16];
static size_t held_count;

static uint32_t
number_in(struct becket_bytes bytes)
{
	uint32_t number = 0;

	for (size_t i = 4; i-- > 0 && bytes.size == 4;)
		number = number << 8 | bytes.data[i];
	return number;
}

static becket_status
say(struct becket_call *call, const char *text, struct becket_bytes *response)
{
	char *copy = becket_call_strdup(call, text);

	if (copy == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*response = (struct becket_bytes){ (uint8_t *)copy, strlen(copy) };
	return BECKET_S_OK;
}

static becket_status
echo(const void *epv, struct becket_call *call, const void *request,
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
	size_t size = number_in(*bytes);
	uint8_t *data = becket_call_alloc(call, size);

	(void)epv;
	if (data == NULL)
		return becket_call_fail(call, BECKET_S_OUT_OF_MEMORY,
		    "no room for %zu bytes", size);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)i;
	*(struct becket_bytes *)response = (struct becket_bytes){ data, size };
	return BECKET_S_OK;
}

static becket_status
fail(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	uint32_t status = number_in(*(const struct becket_bytes *)request);

	(void)epv;
	(void)response;
	return becket_call_fail(call, status, "asked to fail with %" PRIu32,
	    status);
}

static becket_status
absent(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)call;
	(void)request;
	(void)response;
	return BECKET_S_NOT_IMPLEMENTED;
}

static becket_status
object(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	char text[BECKET_UUID_TEXT_SIZE];

	(void)epv;
	(void)request;
	becket_uuid_to_string(becket_call_object(call), text);
	return say(call, text, response);
}

static becket_status
pack(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;

	(void)epv;
	becket_call_set_compression(call,
	    bytes->size > 0 && bytes->data[0] == '1');
	return say(call,
	    becket_call_was_compressed(call)
	        ? "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	        : "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
	    response);
}

static becket_status
time_left(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	return say(call, becket_call_remaining(call) < 0 ? "no" : "yes",
	    response);
}

static becket_status
hold(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	if (held_count == sizeof held / sizeof held[0])
		return BECKET_S_SERVER_TOO_BUSY;
	return becket_call_defer(call, &held[held_count++]);
}

static becket_status
release(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_token token = held[0];
	bool is_cancelled = becket_token_is_cancelled(token);
	const char *text = is_cancelled ? "cancelled" : "released";
	struct becket_bytes answer = { (const uint8_t *)text, strlen(text) };
	becket_status status;

	(void)epv;
	(void)request;
	if (held_count == 0)
		return becket_call_fail(call, BECKET_S_NO_CALL_ACTIVE,
		    "nothing is held");
	memmove(held, held + 1, --held_count * sizeof held[0]);
	status = becket_stub_answer(token, &echo_interface, HOLD, BECKET_S_OK,
	    &answer);
	/* One whose client is gone need not be answered. */
	if (status != BECKET_S_OK && !is_cancelled)
		return status;
	return say(call, text, response);
}

static becket_status
give_back(struct becket_call *call, const struct becket_metadata_entry *entry)
{
	char name[64];
	becket_status status;

	snprintf(name, sizeof name, "i-%s", entry->name);
	status = becket_call_add_metadata(call, BECKET_METADATA_INITIAL, name,
	    entry->value.data, entry->value.size);
	*name = 't';
	if (status == BECKET_S_OK)
		status =
		    becket_call_add_metadata(call, BECKET_METADATA_TRAILING,
		        name, entry->value.data, entry->value.size);
	return status;
}

static becket_status
mirror(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_metadata_entry entry;
	becket_status status = BECKET_S_OK;

	for (size_t i = 0;
	     status == BECKET_S_OK && becket_call_metadata_at(call, i, &entry);
	     i++)
		if (strncmp(entry.name, "x-", 2) == 0)
			status = give_back(call, &entry);
	if (status == BECKET_S_OK)
		status = becket_call_add_detail(call,
		    "type.googleapis.com/google.protobuf.StringValue",
		    "\x0a\3why", 5);
	if (status != BECKET_S_OK)
		return status;
	if (((const struct becket_bytes *)request)->size == 0)
		return becket_call_fail(call, BECKET_S_ABORTED, "empty");
	return echo(epv, call, request, response);
}

static becket_routine *const list[OPERATIONS] = {
	[ECHO] = echo,
	[FILL] = fill,
	[FAIL] = fail,
	[ABSENT] = absent,
	[OBJECT] = object,
	[TIME] = time_left,
	[HOLD] = hold,
	[RELEASE] = release,
	[PACK] = pack,
	[MIRROR] = mirror,
};

static const struct becket_routines echo_routines = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = list,
};

static const struct becket_routines other_routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = list,
};

static void
print_log(void *user, const struct becket_log *log)
{
	(void)user;
	fprintf(stderr, "%s\n", log->text);
}

static void
print_bindings(struct becket_runtime *runtime, struct becket_server *server)
{
	struct becket_binding_vector *vector;

	if (becket_server_inq_bindings(server, &vector) != BECKET_S_OK)
		return;
	for (size_t i = 0; i < vector->count; i++) {
		char *text;

		if (becket_binding_to_string_binding(vector->bindings[i],
		        &text) != BECKET_S_OK)
			continue;
		printf("%s\n", text);
		becket_string_free(runtime, &text);
	}
	printf("ready\n");
	fflush(stdout);
	becket_binding_vector_free(&vector);
}

/* A loop of our own, which also sees the end of standard input. */
static void
serve(struct becket_server *server)
{
	bool has_input = true;

	do {
		struct pollfd fds[] = {
			{ becket_server_fd(server),
			    becket_server_events(server), 0 },
			{ has_input ? STDIN_FILENO : -1, POLLIN, 0 },
		};

		poll(fds, 2, becket_server_timeout(server));
		if (has_input && fds[1].revents != 0) {
			has_input = false;
			if (becket_server_stop(server) != BECKET_S_OK)
				return;
		}
	} while (becket_server_process(server));
}

static becket_status
start(struct becket_server *server, char **bindings)
{
	static const int epv; /* our routines look at none */
	becket_status status;

	status = becket_server_register_if(server, &echo_interface,
	    &echo_routines, NULL, &epv, 0);
	if (status == BECKET_S_OK)
		status = becket_server_register_if(server, &other_interface,
		    &other_routines, NULL, &epv, 0);
	for (; *bindings != NULL && status == BECKET_S_OK; bindings++)
		status = becket_server_use_string_binding(server, *bindings);
	if (status == BECKET_S_OK)
		status = becket_server_start(server);
	return status;
}

int
main(int argc, char **argv)
{
	struct becket_runtime_options options = { .size = sizeof options,
		.log = print_log };
	struct becket_runtime *runtime = NULL;
	struct becket_server *server = NULL;
	becket_status status;

	(void)argc;
	status = becket_runtime_new(&options, &runtime);
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_server_new(runtime, NULL, &server);
	if (status == BECKET_S_OK)
		status = start(server, argv + 1);
	if (status == BECKET_S_OK) {
		print_bindings(runtime, server);
		serve(server);
	} else {
		fprintf(stderr, "server: %s\n", becket_status_text(status));
	}
	becket_server_free(server);
	becket_runtime_free(runtime);
	return status != BECKET_S_OK;
}
