/* SPDX-License-Identifier: MIT */
#include "grpc/answer.h"

#include <string.h>

#include "grpc/code.h"
#include "grpc/metadata.h"
#include "grpc/text.h"

#define ACCEPTED_ENCODINGS "identity,gzip"

/* Fields to submit, and what those of them point at that is made here. */
struct answer {
	struct field_list list;
	char code[TEXT_NUMBER_SIZE], status[TEXT_NUMBER_SIZE];
};

static void
add_text(struct answer *answer, const char *name, const char *value)
{
	field_list_add_text(&answer->list, name, value);
}

static void
check_submitted(struct grpc_stream *stream, int error)
{
	if (error != 0 && error != NGHTTP2_ERR_STREAM_CLOSED)
		grpc_close(stream->grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for an answer");
}

/* ------------------------------------------------------------- answers -- */

static void
add_head(struct answer *answer, const struct grpc_stream *stream)
{
	add_text(answer, ":status", "200");
	add_text(answer, "content-type", "application/grpc");
	if (stream->may_pack)
		add_text(answer, "grpc-encoding", "gzip");
	add_text(answer, "grpc-accept-encoding", ACCEPTED_ENCODINGS);
}

/* PROTOCOL.md 10.3 */
static void
add_failure(struct answer *answer, const struct grpc_stream *stream)
{
	if (stream->sentence.size > 0)
		field_list_add(&answer->list, "grpc-message",
		    buffer_bytes(&stream->sentence));
	if (stream->details.size > 0)
		field_list_add(&answer->list, "grpc-status-details-bin",
		    buffer_bytes(&stream->details));
	text_put_number(stream->status, answer->status);
	add_text(answer, "becket-status", answer->status);
	if (stream->is_not_executed)
		add_text(answer, "becket-not-executed", "1");
}

static void
add_trailers(struct answer *answer, const struct grpc_stream *stream)
{
	text_put_number(stream->code, answer->code);
	add_text(answer, "grpc-status", answer->code);
	if (stream->code != GRPC_OK)
		add_failure(answer, stream);
	field_list_add_metadata(&answer->list, buffer_bytes(&stream->trailing));
}

static int
submit(struct grpc_stream *stream, const struct answer *answer,
    const nghttp2_data_provider *provider)
{
	int error = nghttp2_submit_response(stream->grpc->http2, stream->number,
	    answer->list.fields, answer->list.count, provider);

	if (error == 0)
		stream->is_headed = true;
	return error;
}

/* Without memory for them the code still counts. */
static void
begin_trailers(struct answer *answer, const struct grpc_stream *stream)
{
	const struct becket_memory *memory = stream->grpc->memory;

	if (field_list_init(&answer->list, memory,
	        buffer_bytes(&stream->trailing)) != BECKET_S_OK)
		(void)!field_list_init(&answer->list, memory,
		    (struct becket_bytes){ 0 });
}

/* All in one HEADERS frame ("trailers only"), or behind the messages. */
static void
submit_end(struct grpc_stream *stream)
{
	struct answer answer;

	stream->is_ended = true;
	stream->is_writable = false;
	if (stream->is_headed) {
		stream_resume(stream);
		return;
	}
	stream->may_pack = false;
	begin_trailers(&answer, stream);
	add_head(&answer, stream);
	add_trailers(&answer, stream);
	check_submitted(stream, submit(stream, &answer, NULL));
	field_list_fini(&answer.list);
}

int
answer_finish(struct grpc_stream *stream, uint32_t *flags)
{
	struct answer answer;
	int error;

	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	begin_trailers(&answer, stream);
	add_trailers(&answer, stream);
	error = nghttp2_submit_trailer(stream->grpc->http2, stream->number,
	    answer.list.fields, answer.list.count);
	field_list_fini(&answer.list);
	return error;
}

/* Without memory for it, or room, the code still counts. */
static void
set_sentence(struct grpc_stream *stream, struct becket_bytes sentence)
{
	size_t limit = stream->grpc->limits->call_header_size / 2;

	if (!text_percent_encode(sentence, &stream->sentence) ||
	    stream->sentence.size > limit)
		stream->sentence.size = 0;
}

/* google.rpc.Status has gRPC's code, where ours has our own. */
static void
set_details(struct grpc_stream *stream, const struct status_message *message)
{
	struct status_message status = *message;
	struct buffer bytes = buffer_empty(stream->grpc->memory);
	size_t size;

	status.code = stream->code;
	size = status_message_measure(&status);
	if (message->details.size == 0 ||
	    size > stream->grpc->limits->call_header_size / 2)
		return;
	if (buffer_reserve(&bytes, size)) {
		status_message_encode(&status, bytes.data);
		bytes.size = size;
		if (!text_base64_encode(buffer_bytes(&bytes), &stream->details))
			stream->details.size = 0;
	}
	buffer_fini(&bytes);
}

/* Cancelled for its deadline is another code than cancelled. */
static enum grpc_code
code_of(const struct grpc_stream *stream, becket_status status)
{
	if (status == BECKET_S_CALL_CANCELLED && stream->deadline != 0 &&
	    stream->grpc->now >= stream->deadline)
		return GRPC_DEADLINE_EXCEEDED;
	return grpc_code_from_status(status);
}

void
answer_status(struct grpc_stream *stream, becket_status status,
    const struct status_message *message, bool is_not_executed)
{
	stream->is_over = true;
	stream->code = code_of(stream, status);
	stream->status = status;
	stream->is_not_executed = is_not_executed;
	set_sentence(stream, message->sentence);
	set_details(stream, message);
	stream_deafen(stream);
	submit_end(stream);
}

void
answer_sentence(struct grpc_stream *stream, becket_status status,
    const char *sentence, bool is_not_executed)
{
	const struct status_message message = {
		.sentence = { (const uint8_t *)sentence, strlen(sentence) },
	};

	answer_status(stream, status, &message, is_not_executed);
}

becket_status
answer_begin(struct grpc_stream *stream, struct becket_bytes metadata)
{
	const nghttp2_data_provider provider = {
		.source = { .ptr = stream },
		.read_callback = stream_read,
	};
	struct answer answer;
	becket_status status;

	if (stream->is_headed)
		return BECKET_S_OK;
	status = field_list_init(&answer.list, stream->grpc->memory, metadata);
	if (status != BECKET_S_OK)
		return status;
	add_head(&answer, stream);
	field_list_add_metadata(&answer.list, metadata);
	if (submit(stream, &answer, &provider) != 0)
		status = BECKET_S_OUT_OF_MEMORY;
	field_list_fini(&answer.list);
	return status;
}

void
answer_http(struct grpc_stream *stream, const char *status)
{
	struct answer answer;

	stream->is_over = stream->is_ended = true;
	stream_deafen(stream);
	begin_trailers(&answer, stream);
	add_text(&answer, ":status", status);
	check_submitted(stream, submit(stream, &answer, NULL));
	field_list_fini(&answer.list);
}
