/* SPDX-License-Identifier: MIT */
#include "reflection.h"

#include <string.h>

#include "becket_stub.h"
#include "idl/identity.h"
#include "message_bytes.h"

/* Field numbers of grpc/reflection/v1/reflection.proto. */
enum {
	REQUEST_FILE = 3,
	REQUEST_SYMBOL = 4,
	REQUEST_LIST = 7,
	RESPONSE_FILES = 4,
	RESPONSE_LIST = 6,
	RESPONSE_ERROR = 7,
	FILES_FILE = 1,
	LIST_SERVICE = 1,
	SERVICE_NAME = 1,
	ERROR_CODE = 1,
	ERROR_MESSAGE = 2,
	CODE_NOT_FOUND = 5,
};

struct reflection {
	struct arena *arena;
	struct becket_binding *binding;
	struct becket_metadata *metadata;
	uint32_t timeout_ms;
	struct becket_operation operation;
	struct becket_interface interface;
	struct becket_stream *stream;
	const char *sentence;
};

static void
describe_service(struct reflection *reflection, const char *name)
{
	static const struct becket_type bytes = {
		.codec = &becket_codec_bytes,
		.size = sizeof(struct becket_bytes),
	};

	reflection->operation = (struct becket_operation){
		.name = "ServerReflectionInfo",
		.request = bytes,
		.response = bytes,
		.flags = BECKET_OPERATION_REQUEST_STREAM |
		         BECKET_OPERATION_RESPONSE_STREAM,
	};
	reflection->interface = (struct becket_interface){
		.abi = BECKET_ABI,
		.name = name,
		.uuid = identity_derive(name),
		.major = 1,
		.operation_count = 1,
		.operations = &reflection->operation,
	};
}

static becket_status
open_as(struct reflection *reflection, const char *name)
{
	describe_service(reflection, name);
	becket_binding_set_next_timeout(reflection->binding,
	    reflection->timeout_ms);
	becket_binding_set_next_metadata(reflection->binding,
	    reflection->metadata);
	return becket_stub_open(reflection->binding, &reflection->interface, 0,
	    NULL, &reflection->stream);
}

/* One question, one answer. *ret_answer is to be freed. */
static becket_status
ask(struct reflection *reflection, uint32_t number, const char *text,
    struct becket_bytes **ret_answer)
{
	struct buffer request = buffer_empty(&idl_memory);
	struct becket_bytes bytes = { (const uint8_t *)text, strlen(text) };
	void *answer = NULL;
	becket_status status;

	message_put_sized(&request, number, bytes);
	bytes = buffer_bytes(&request);
	status = becket_stub_send(reflection->stream, &reflection->interface, 0,
	    &bytes);
	buffer_fini(&request);
	if (status == BECKET_S_OK || status == BECKET_X_PIPE_CLOSED)
		status = becket_stub_receive(reflection->stream,
		    &reflection->interface, 0, &answer);
	if (status == BECKET_X_PIPE_EMPTY)
		status = becket_stub_finish_stream(&reflection->stream,
		    &reflection->interface, 0, NULL);
	if (status == BECKET_S_OK && answer == NULL)
		status = BECKET_S_PROTOCOL_ERROR;
	if (status == BECKET_S_OK)
		*ret_answer = answer;
	return status;
}

static becket_status
begin(struct reflection *reflection, const char *name)
{
	struct becket_bytes *answer;
	becket_status status = open_as(reflection, name);

	if (status == BECKET_S_OK)
		status = ask(reflection, REQUEST_LIST, "*", &answer);
	if (status == BECKET_S_OK)
		becket_stub_free(answer);
	else
		becket_stream_abort(&reflection->stream);
	return status;
}

becket_status
reflection_begin(struct arena *arena, struct becket_binding *binding,
    struct becket_metadata *metadata, uint32_t timeout_ms,
    struct reflection **ret_reflection)
{
	struct reflection *reflection = text_alloc(arena, sizeof *reflection);
	becket_status status;

	reflection->arena = arena;
	reflection->binding = binding;
	reflection->metadata = metadata;
	reflection->timeout_ms = timeout_ms;
	status = begin(reflection, "grpc.reflection.v1.ServerReflection");
	if (status == BECKET_S_NOT_IMPLEMENTED || status == BECKET_S_UNKNOWN_IF)
		status = begin(reflection,
		    "grpc.reflection.v1alpha.ServerReflection");
	if (status == BECKET_S_OK)
		*ret_reflection = reflection;
	return status;
}

void
reflection_end(struct reflection *reflection)
{
	if (reflection == NULL)
		return;
	if (reflection->stream != NULL &&
	    becket_stub_finish_stream(&reflection->stream,
	        &reflection->interface, 0, NULL) != BECKET_S_OK)
		becket_stream_abort(&reflection->stream);
}

const char *
reflection_sentence(const struct reflection *reflection)
{
	return reflection->sentence;
}

/* The part of an answer that was asked for. */
static becket_status
part_of(struct reflection *reflection, struct becket_bytes answer,
    uint32_t number, struct becket_bytes *ret_part)
{
	struct becket_bytes error, text = { NULL, 0 };

	if (message_is_whole(answer) &&
	    message_find_bytes(answer, number, ret_part))
		return BECKET_S_OK;
	if (!message_is_whole(answer) ||
	    !message_find_bytes(answer, RESPONSE_ERROR, &error)) {
		reflection->sentence = "the server's answer about what it "
		                       "serves makes no sense";
		return BECKET_S_DATA_LOSS;
	}
	if (message_number(error, ERROR_CODE, 0) == CODE_NOT_FOUND)
		return BECKET_S_NOT_FOUND;
	(void)message_find_bytes(error, ERROR_MESSAGE, &text);
	reflection->sentence = text_print(reflection->arena,
	    "the server does not say what it serves: %.*s", (int)text.size,
	    (const char *)text.data);
	return BECKET_S_DATA_LOSS;
}

becket_status
reflection_list(struct reflection *reflection, struct texts *ret_services)
{
	struct becket_bytes *answer, list, name;
	struct message_walk walk;
	struct protobuf_field field;
	becket_status status = ask(reflection, REQUEST_LIST, "*", &answer);

	if (status != BECKET_S_OK)
		return status;
	status = part_of(reflection, *answer, RESPONSE_LIST, &list);
	walk = message_walk(list);
	while (status == BECKET_S_OK && message_next(&walk, &field))
		if (field.number == LIST_SERVICE &&
		    field.wire_type == PROTOBUF_SIZED &&
		    message_find_bytes(field.bytes, SERVICE_NAME, &name))
			texts_add(reflection->arena, ret_services,
			    text_copy(reflection->arena,
			        (const char *)name.data, name.size));
	becket_stub_free(answer);
	return status;
}

static becket_status
add_files(struct reflection *reflection, struct becket_bytes files,
    struct pool *pool)
{
	struct message_walk walk = message_walk(files);
	struct protobuf_field field;

	while (message_next(&walk, &field)) {
		if (field.number != FILES_FILE ||
		    field.wire_type != PROTOBUF_SIZED)
			continue;
		reflection->sentence = pool_add(pool, field.bytes);
		if (reflection->sentence != NULL)
			return BECKET_S_DATA_LOSS;
	}
	return BECKET_S_OK;
}

static becket_status
fetch(struct reflection *reflection, uint32_t number, const char *text,
    struct pool *pool)
{
	struct becket_bytes *answer, files;
	becket_status status = ask(reflection, number, text, &answer);

	if (status != BECKET_S_OK)
		return status;
	status = part_of(reflection, *answer, RESPONSE_FILES, &files);
	if (status == BECKET_S_OK)
		status = add_files(reflection, files, pool);
	becket_stub_free(answer);
	return status;
}

becket_status
reflection_fetch(struct reflection *reflection, const char *symbol,
    struct pool *pool)
{
	becket_status status = fetch(reflection, REQUEST_SYMBOL, symbol, pool);
	const char *missing;

	while (
	    status == BECKET_S_OK && (missing = pool_missing(pool)) != NULL) {
		status = fetch(reflection, REQUEST_FILE, missing, pool);
		if (status == BECKET_S_NOT_FOUND)
			status = BECKET_S_OK;
		if (pool_file(pool, missing) == NULL)
			pool_do_without(pool, missing);
	}
	return status;
}
