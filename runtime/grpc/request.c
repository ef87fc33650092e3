/* SPDX-License-Identifier: MIT */
#include "grpc/request.h"

#include <string.h>

#include "grpc/metadata.h"
#include "grpc/text.h"

#define OURS "grpc-c-becket"

struct request {
	struct field_list list;
	char timeout[TEXT_TIMEOUT_SIZE];
	char object[BECKET_UUID_TEXT_SIZE];
	struct buffer path, agent;
};

static void
add_text(struct request *request, const char *name, const char *value)
{
	field_list_add_text(&request->list, name, value);
}

static bool
make_path(struct request *request, const struct call_start *start)
{
	return buffer_append(&request->path, "/", 1) &&
	       buffer_append(&request->path, start->interface_name,
	           strlen(start->interface_name)) &&
	       buffer_append(&request->path, "/", 1) &&
	       buffer_append(&request->path, start->operation_name,
	           strlen(start->operation_name));
}

static bool
is_said(const char *text)
{
	return text != NULL && *text != '\0';
}

static bool
make_agent(struct request *request, const struct call_start *start)
{
	return !is_said(start->user_agent) ||
	       (buffer_append(&request->agent, start->user_agent,
	            strlen(start->user_agent)) &&
	           buffer_append(&request->agent, " " OURS, sizeof OURS));
}

static void
add_fields(struct request *request, const struct grpc *grpc,
    const struct call_start *start)
{
	add_text(request, ":method", "POST");
	add_text(request, ":scheme", "http");
	field_list_add(&request->list, ":path", buffer_bytes(&request->path));
	if (is_said(start->authority))
		add_text(request, ":authority", start->authority);
	else
		field_list_add(&request->list, ":authority",
		    buffer_bytes(&grpc->authority));
	add_text(request, "te", "trailers");
	if (start->remaining_us != 0) {
		text_put_timeout(start->remaining_us, request->timeout);
		add_text(request, "grpc-timeout", request->timeout);
	}
	add_text(request, "content-type", "application/grpc");
	if (is_said(start->user_agent))
		field_list_add(&request->list, "user-agent",
		    buffer_bytes(&request->agent));
	else
		add_text(request, "user-agent", OURS);
	if (start->packs)
		add_text(request, "grpc-encoding", "gzip");
	add_text(request, "grpc-accept-encoding", "identity,gzip");
	if (start->is_unattended)
		add_text(request, "becket-unattended", "1");
	if (start->object != NULL && !becket_uuid_is_nil(start->object)) {
		becket_uuid_to_string(start->object, request->object);
		add_text(request, "becket-object", request->object);
	}
}

static int32_t
submit(struct request *request, struct grpc_stream *stream,
    const struct call_start *start)
{
	struct grpc *grpc = stream->grpc;
	const nghttp2_data_provider provider = {
		.source = { .ptr = stream },
		.read_callback = stream_read,
	};

	if (!make_path(request, start) || !make_agent(request, start))
		return NGHTTP2_ERR_NOMEM;
	add_fields(request, grpc, start);
	field_list_add_metadata(&request->list, start->metadata);
	return nghttp2_submit_request(grpc->http2, NULL, request->list.fields,
	    request->list.count, &provider, stream);
}

becket_status
request_submit(struct grpc_stream *stream, const struct call_start *start)
{
	const struct becket_memory *memory = stream->grpc->memory;
	struct request request = {
		.path = buffer_empty(memory),
		.agent = buffer_empty(memory),
	};
	becket_status status =
	    field_list_init(&request.list, memory, start->metadata);
	int32_t number;

	if (status != BECKET_S_OK)
		return status;
	number = submit(&request, stream, start);
	field_list_fini(&request.list);
	buffer_fini(&request.path);
	buffer_fini(&request.agent);
	stream->number = number;
	stream->is_open = number > 0;
	if (number == NGHTTP2_ERR_NOMEM)
		return BECKET_S_OUT_OF_MEMORY;
	return number > 0 ? BECKET_S_OK : BECKET_S_CALL_FAILED_DNE;
}
