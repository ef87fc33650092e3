/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "describe.h"
#include "export.h"
#include "failure.h"
#include "headers.h"
#include "interface.h"
#include "json_decode.h"
#include "json_encode.h"
#include "lookup.h"
#include "output.h"
#include "quote.h"

enum { UNARY_MS = 30000, USUAL_REQUEST = 4 << 20 };

/* -------------------------------------------------------------- messages -- */

bool
call_next_request(struct call *call, struct buffer *ret_request,
    int *ret_status)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct json_encode encode = {
		.pool = call->pool,
		.arena = &arena,
		.ignores_unknown = call->command->ignores_unknown,
	};
	struct json_text text;
	const char *sentence;
	bool done;
	*ret_status = EXIT_OK;
	if (!json_source_next(&call->source, &text)) {
		sentence = call->source.sentence;
		done = false;
	} else {
		done = json_encode(&encode, call->method->input, &text,
		    ret_request);
		sentence = encode.sentence;
		json_text_fini(&text);
	}
	if (sentence != NULL) {
		print_failure(sentence);
		*ret_status = EXIT_USAGE;
	}
	arena_fini(&arena);
	return done;
}

int
call_show(struct call *call, const struct becket_bytes *response)
{
	const struct command *command = call->command;
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer json = buffer_empty(&idl_memory);
	struct json_decode decode = {
		.pool = call->pool,
		.arena = &arena,
		.emits_defaults = command->emits_defaults,
		.is_pretty = !command->json && !call->method->server_streams,
	};
	int status = EXIT_OK;
	if (json_decode(&decode, call->method->output, *response, &json)) {
		text_put(&json, "\n");
		fwrite(json.data, 1, json.size, stdout);
		fflush(stdout);
	} else {
		print_failure(
		    text_print(&arena, "the response: %s", decode.sentence));
		status = EXIT_REFUSED;
	}
	if (command->is_very_verbose)
		fprintf(stderr, "response of %zu bytes\n", response->size);
	if (command->is_verbose && decode.unknown > 0)
		fprintf(stderr, "%zu fields of the response are unknown\n",
		    decode.unknown);
	buffer_fini(&json);
	arena_fini(&arena);
	return status;
}

/* -------------------------------------------------------------- metadata -- */

static void
show_entry(const struct becket_metadata_entry *entry)
{
	struct buffer text = buffer_empty(&idl_memory);
	size_t size = strlen(entry->name);
	if (size > 4 && text_equal(entry->name + size - 4, "-bin"))
		base64_encode(entry->value, &text);
	else
		quote_json(&text, entry->value);
	fprintf(stderr, "  %s: %.*s\n", entry->name, (int)text.size,
	    (const char *)text.data);
	buffer_fini(&text);
}

static void
show_list(const struct call *call, enum becket_metadata_list list,
    const char *title)
{
	struct becket_metadata_entry entry;
	size_t i = 0;
	if (!call->command->is_verbose || call->metadata == NULL)
		return;
	fprintf(stderr, "%s:\n", title);
	while (becket_metadata_at(call->metadata, list, i, &entry)) {
		show_entry(&entry);
		i++;
	}
	if (i == 0)
		fputs("  (none)\n", stderr);
}

void
call_show_initial(struct call *call)
{
	if (!call->has_shown_initial)
		show_list(call, BECKET_METADATA_INITIAL,
		    "metadata of the response");
	call->has_shown_initial = true;
}

void
call_show_trailing(struct call *call)
{
	show_list(call, BECKET_METADATA_TRAILING,
	    "metadata at the end of the response");
}

static int
add_headers(struct call *call)
{
	const struct command *command = call->command;
	if (command->headers.count == 0 && !command->is_verbose)
		return EXIT_OK;
	if (!headers_make(command, &command->headers, &call->metadata))
		return EXIT_USAGE;
	becket_binding_set_next_metadata(command->binding, call->metadata);
	return EXIT_OK;
}

/* ----------------------------------------------------------------- calls -- */

int
call_fail(struct call *call, becket_status status)
{
	int result;
	call_show_initial(call);
	call_show_trailing(call);
	result =
	    call_failed(call->command, call->pool, status, call->deadline_ms);
	/* Of DCE/RPC "access denied" is all that it says. */
	if (call->request_size > USUAL_REQUEST &&
	    status == BECKET_S_ACCESS_DENIED)
		print_failure(text_print(call->command->arena,
		    "the request has %zu bytes, which may be more than the "
		    "server takes",
		    call->request_size));
	return result;
}

int
call_one_request(struct call *call, struct buffer *ret_request)
{
	struct buffer more = buffer_empty(&idl_memory);
	int result, end;
	(void)call_next_request(call, ret_request, &result);
	if (result == EXIT_OK && call_next_request(call, &more, &end)) {
		print_failure("the operation takes one message, and here is "
		              "another");
		end = EXIT_USAGE;
	}
	buffer_fini(&more);
	call->request_size = ret_request->size;
	return result == EXIT_OK ? end : result;
}

static int
call_unary(struct call *call)
{
	struct buffer request = buffer_empty(&idl_memory);
	struct becket_bytes bytes;
	void *response = NULL;
	becket_status status;
	int result = call_one_request(call, &request);
	bytes = buffer_bytes(&request);
	if (result == EXIT_OK) {
		status = becket_stub_call(call->command->binding,
		    call->interface, call->opnum, &bytes, &response);
		if (status != BECKET_S_OK)
			result = call_fail(call, status);
	}
	buffer_fini(&request);
	if (result == EXIT_OK) {
		call_show_initial(call);
		result = call_show(call, response);
		call_show_trailing(call);
	}
	becket_stub_free(response);
	return result;
}

static void
show_method(const struct call *call)
{
	const struct symbol symbol = { NULL, SYMBOL_METHOD,
		(void *)call->method };
	struct buffer text = buffer_empty(&idl_memory);
	if (!call->command->is_verbose)
		return;
	describe_symbol(call->pool, &symbol, &text);
	fwrite(text.data, 1, text.size, stderr);
	buffer_fini(&text);
	show_list(call, BECKET_METADATA_REQUEST, "metadata of the request");
}

static uint64_t
deadline_of(const struct call *call)
{
	uint32_t ms = call->command->timeout_ms;
	if (ms == 0)
		ms = call->interface->operations[call->opnum].timeout_ms;
	if (ms == 0 && !call->method->client_streams &&
	    !call->method->server_streams)
		ms = UNARY_MS;
	return ms == 0 ? 0 : call_deadline_ms(ms);
}

static FILE *
open_data(const char *data)
{
	if (data == NULL || *data == '\0')
		return fopen("/dev/null", "r");
	if (text_equal(data, "-") || text_equal(data, "@"))
		return stdin;
	return fmemopen((void *)(uintptr_t)data, strlen(data), "r");
}

static int
run(struct call *call)
{
	int result = add_headers(call);
	if (result != EXIT_OK)
		return result;
	show_method(call);
	call->deadline_ms = deadline_of(call);
	return call->method->client_streams || call->method->server_streams
	           ? call_stream(call)
	           : call_unary(call);
}

static int
prepare(struct call *call)
{
	const struct command *command = call->command;
	const struct symbol *symbol;
	struct pool *pool = pool_new(command->arena);
	const char *sentence;
	int result = lookup_symbol(command, pool, command->symbol, &symbol);
	if (result != EXIT_OK)
		return result;
	if (symbol->kind != SYMBOL_METHOD) {
		print_failure(text_print(command->arena, "%s is no operation",
		    symbol->name));
		return EXIT_USAGE;
	}
	call->pool = pool;
	call->method = symbol->thing;
	call->interface = interface_of(pool, call->method->service, &sentence);
	if (call->interface == NULL) {
		print_failure(sentence);
		return EXIT_USAGE;
	}
	call->opnum = interface_opnum(call->interface, call->method);
	return export_files(command, pool);
}

/* It stays: what reads requests may be at it until the process ends. */
int
command_call(const struct command *command)
{
	struct call *call = text_alloc(command->arena, sizeof *call);
	uint64_t looked = call_now_ms(), began;
	FILE *data;
	int result;
	call->command = command;
	result = prepare(call);
	if (result != EXIT_OK)
		return result;
	data = open_data(command->data);
	if (data == NULL) {
		print_failure("the requests cannot be read");
		return EXIT_USAGE;
	}
	call->reading = arena_empty(&idl_memory, SIZE_MAX);
	call->source = json_source(&call->reading, data);
	began = call_now_ms();
	result = run(call);
	if (command->is_very_verbose)
		fprintf(stderr,
		    "finding the types took %" PRIu64 " ms, the call %" PRIu64
		    " ms\n",
		    began - looked, call_now_ms() - began);
	becket_metadata_free(&call->metadata);
	return result;
}
