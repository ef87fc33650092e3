/* SPDX-License-Identifier: MIT */
/*
 * A client for servers that are not ours. Its argument is a string binding, and
 * a second one if requests are to be compressed; it reads a call a line and
 * answers with a line:
 *
 *   OPNUM TIMEOUT_MS HEX   -->   STATUS OUTCOME HEX SENTENCE
 *
 * OUTCOME is the number of enum becket_outcome; HEX is "-" for no bytes. The
 * interface is the one of server.c, which is interop.Echo.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "becket.h"
#include "becket_grpc.h"
#include "becket_stub.h"

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

/* clang-format off */
static const struct becket_operation operations[] = {
	{ .name = "Echo",   .request = RAW, .response = RAW },
	{ .name = "Fill",   .request = RAW, .response = RAW },
	{ .name = "Fail",   .request = RAW, .response = RAW },
	{ .name = "Absent", .request = RAW, .response = RAW },
	{ .name = "Hold",   .request = RAW, .response = RAW },
};
/* clang-format on */

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "interop.Echo",
	.uuid = { 0xb8a1f0a4, 0x6f2e, 0x4c58,
	    { 0x9c, 0x3f, 0x1d, 0x0c, 0x2e, 0x4b, 0x7a, 0x61 } },
	.major = 1,
	.minor = 2,
	.operation_count = sizeof operations / sizeof *operations,
	.operations = operations,
};

static void
print_hex(const struct becket_bytes *bytes)
{
	if (bytes == NULL || bytes->size == 0)
		putchar('-');
	for (size_t i = 0; bytes != NULL && i < bytes->size; i++)
		printf("%02x", bytes->data[i]);
}

static unsigned
nibble(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static size_t
read_hex(const char *hex, uint8_t *ret_bytes)
{
	size_t size = 0;

	for (; hex[0] > ' ' && hex[1] > ' '; hex += 2)
		ret_bytes[size++] =
		    (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
	return size;
}

static void
call(struct becket_binding *binding, uint16_t opnum, struct becket_bytes bytes)
{
	const struct becket_error *error = NULL;
	void *response = NULL;
	becket_status status =
	    becket_stub_call(binding, &interface, opnum, &bytes, &response);

	if (status != BECKET_S_OK)
		error = becket_error_last();
	printf("%" PRIu32 " %d ", status,
	    error == NULL ? BECKET_EXECUTED : (int)error->outcome);
	print_hex(response);
	printf(" %s\n", error == NULL ? "" : error->sentence);
	fflush(stdout);
	becket_stub_free(response);
}

static becket_status
serve(struct becket_binding *binding)
{
	becket_status status = BECKET_S_OK;
	char *line = NULL;
	size_t capacity = 0;

	while (status == BECKET_S_OK && getline(&line, &capacity, stdin) > 0) {
		uint8_t *bytes = malloc(capacity);
		struct becket_bytes request = { bytes, 0 };
		uint16_t opnum;
		uint32_t timeout;
		int at = 0;

		if (bytes == NULL || sscanf(line, "%" SCNu16 " %" SCNu32 " %n",
		                         &opnum, &timeout, &at) != 2)
			status = BECKET_S_INVALID_ARG;
		else
			status = becket_binding_set_option(binding,
			    BECKET_OPTION_CALL_TIMEOUT, timeout);
		if (status == BECKET_S_OK) {
			request.size = read_hex(line + at, bytes);
			call(binding, opnum, request);
		}
		free(bytes);
	}
	free(line);
	return status;
}

int
main(int argc, char **argv)
{
	struct becket_runtime *runtime = NULL;
	struct becket_binding *binding = NULL;
	becket_status status;

	if (argc != 2 && argc != 3)
		return 2;
	status = becket_runtime_new(NULL, &runtime);
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, argv[1],
		    &binding);
	if (status == BECKET_S_OK && argc == 3)
		status = becket_binding_set_option(binding,
		    BECKET_OPTION_COMPRESS, 1);
	if (status == BECKET_S_OK)
		status = serve(binding);
	if (status != BECKET_S_OK)
		fprintf(stderr, "caller: %s\n", becket_status_text(status));
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	return status != BECKET_S_OK;
}
