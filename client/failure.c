/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "becket_grpc.h"
#include "json_decode.h"
#include "message_bytes.h"
#include "output.h"
#include "quote.h"

enum { CODE_CANCELLED = 1, CODE_DEADLINE = 4 };

uint64_t
call_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The server may notice it a little earlier than we. */
uint64_t
call_deadline_ms(uint32_t ms)
{
	uint32_t slack = 10 + ms / 1000;
	return call_now_ms() + (ms > slack ? ms - slack : 0);
}

static int
exit_status(const struct becket_error *error)
{
	switch (error->status) {
	case BECKET_S_SERVER_UNAVAILABLE:
	case BECKET_S_NO_ENDPOINT_FOUND:
	case BECKET_S_INVALID_NET_ADDR:
		return EXIT_UNREACHABLE;
	case BECKET_S_CALL_FAILED:
	case BECKET_S_CALL_FAILED_DNE:
	case BECKET_S_CALL_CANCELLED:
	case BECKET_S_COMM_FAILURE:
	case BECKET_S_PROTOCOL_ERROR:
		return error->outcome == BECKET_NOT_SENT ? EXIT_UNREACHABLE
		                                         : EXIT_LOST;
	default:
		return EXIT_REFUSED;
	}
}

/* The error record of the call, or what is known of a status without one. */
static const struct becket_error *
failure_of(becket_status status, struct becket_error *ret_own)
{
	const struct becket_error *error = becket_error_last();
	if (error->status == status)
		return error;
	*ret_own = (struct becket_error){
		.status = status,
		.sentence = becket_status_text(status),
		.detail = "",
	};
	return ret_own;
}

static void
show_line(const struct command *command, const struct becket_error *error)
{
	struct line line = { 0 };
	if (!command->json)
		return;
	line_begin(&line, NULL);
	line_string(&line, "binding",
	    command->binding_text == NULL ? "" : command->binding_text);
	line_error(&line, error);
	line_end(&line);
}

int
command_failed(const struct command *command, becket_status status)
{
	struct becket_error own;
	const struct becket_error *error = failure_of(status, &own);
	show_line(command, error);
	print_failure(error->sentence);
	return exit_status(error);
}

/* ------------------------------------------------- call, list, describe -- */

/* A deadline that has passed is a cancel by a status, and another to gRPC. */
static unsigned
code_of(becket_status status, uint64_t deadline_ms)
{
	unsigned code = becket_grpc_code_from_status(status);
	return code == CODE_CANCELLED && deadline_ms > 0 &&
	               call_now_ms() >= deadline_ms
	           ? CODE_DEADLINE
	           : code;
}

/* As an Any, which it is on the wire; false: it cannot be shown. */
static bool
put_detail(const struct pool *pool, const struct becket_detail *detail,
    struct buffer *out)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer any = buffer_empty(&idl_memory);
	struct buffer json = buffer_empty(&idl_memory);
	struct json_decode decode = { .pool = pool, .arena = &arena };
	struct becket_bytes type = { (const uint8_t *)detail->type,
		strlen(detail->type) };
	bool done;
	message_put_sized(&any, 1, type);
	message_put_sized(&any, 2, detail->message);
	done = json_decode(&decode, pool_message(pool, "google.protobuf.Any"),
	    buffer_bytes(&any), &json);
	if (done)
		text_put_bytes(out, json.data, json.size);
	buffer_fini(&any);
	buffer_fini(&json);
	arena_fini(&arena);
	return done;
}

static void
put_details(const struct pool *pool, const struct becket_error *error,
    struct buffer *out)
{
	bool has_any = false;
	text_put(out, "[");
	for (size_t i = 0; i < error->detail_count; i++) {
		struct buffer one = buffer_empty(&idl_memory);
		if (put_detail(pool, &error->details[i], &one)) {
			text_put(out, has_any ? "," : "");
			text_put_bytes(out, one.data, one.size);
			has_any = true;
		}
		buffer_fini(&one);
	}
	text_put(out, "]");
}

/* A google.rpc.Status, as grpcurl writes it. */
static void
print_json(const struct pool *pool, const struct becket_error *error,
    unsigned code)
{
	const char *sentence =
	    *error->detail == '\0' ? error->sentence : error->detail;
	struct buffer json = buffer_empty(&idl_memory);
	char number[16];
	snprintf(number, sizeof number, "%u", code);
	text_put(&json, "{\"code\":");
	text_put(&json, number);
	text_put(&json, ",\"message\":");
	quote_json(&json, (struct becket_bytes){ (const uint8_t *)sentence,
	                      strlen(sentence) });
	if (pool != NULL && error->detail_count > 0) {
		text_put(&json, ",\"details\":");
		put_details(pool, error, &json);
	}
	text_put(&json, "}\n");
	fwrite(json.data, 1, json.size, stderr);
	buffer_fini(&json);
}

static void
print_details(const struct pool *pool, const struct becket_error *error)
{
	for (size_t i = 0; i < error->detail_count; i++) {
		struct buffer one = buffer_empty(&idl_memory);
		if (put_detail(pool, &error->details[i], &one))
			fprintf(stderr, "becket: detail: %.*s\n", (int)one.size,
			    (const char *)one.data);
		buffer_fini(&one);
	}
}

int
call_failed(const struct command *command, const struct pool *pool,
    becket_status status, uint64_t deadline_ms)
{
	unsigned code = code_of(status, deadline_ms);
	struct becket_error own;
	const struct becket_error *error = failure_of(status, &own);
	show_line(command, error);
	if (command->formats_errors) {
		print_json(pool, error, code);
	} else {
		print_failure(error->sentence);
		if (pool != NULL)
			print_details(pool, error);
	}
	return EXIT_CALL + (int)code;
}
