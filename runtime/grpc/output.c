/* SPDX-License-Identifier: MIT */
#include "base/allocate.h"
#include "base/trap.h"
#include "grpc/gzip.h"
#include "grpc/session.h"

enum { DATA_HEAD_SIZE = 9 }; /* of a frame of HTTP/2 */

/* Streams wait on their own, for who reads them; the session need not. */
static void
count(struct grpc_stream *stream, size_t size)
{
	stream->queued += size;
	if (!stream->is_stream)
		stream->grpc->queued += size;
}

static void
uncount(struct grpc_stream *stream, size_t size)
{
	stream->queued -= size;
	if (!stream->is_stream)
		stream->grpc->queued -= size;
}

static void
drop_chunk(struct grpc_stream *stream, struct grpc_chunk *chunk)
{
	struct grpc *grpc = stream->grpc;

	uncount(stream, FRAME_HEAD_SIZE + chunk->message.size - chunk->at);
	list_remove(&chunk->node);
	buffer_fini(&chunk->message);
	memory_free(grpc->memory, chunk, sizeof *chunk);
}

void
stream_drop_output(struct grpc_stream *stream)
{
	list_for_each (node, &stream->out)
		drop_chunk(stream, container_of(node, struct grpc_chunk, node));
}

/* true: message is packed now. */
static bool
pack(struct grpc_stream *stream, struct buffer *message)
{
	struct buffer packed;

	if (!stream->is_packing ||
	    gzip_pack(stream->grpc->memory, buffer_bytes(message), &packed) !=
	        BECKET_S_OK)
		return false;
	buffer_fini(message);
	*message = packed;
	return true;
}

becket_status
stream_put(struct grpc_stream *stream, struct buffer *message)
{
	struct grpc *grpc = stream->grpc;
	struct grpc_chunk *chunk;
	bool is_packed;

	if (message->size > UINT32_MAX) {
		buffer_fini(message);
		return BECKET_S_LIMIT_EXCEEDED;
	}
	chunk = memory_new(grpc->memory, sizeof *chunk);
	if (chunk == NULL) {
		buffer_fini(message);
		return BECKET_S_OUT_OF_MEMORY;
	}
	is_packed = pack(stream, message);
	frame_head_put(chunk->head, is_packed, message->size);
	chunk->message = buffer_take(message);
	list_append(&stream->out, &chunk->node);
	count(stream, FRAME_HEAD_SIZE + chunk->message.size);
	stream->is_writable = false;
	return BECKET_S_OK;
}

void
stream_resume(struct grpc_stream *stream)
{
	if (!stream->is_waiting || !stream->is_open)
		return;
	stream->is_waiting = false;
	/* It can only fail for a stream that does not wait. */
	(void)nghttp2_session_resume_data(stream->grpc->http2, stream->number);
}

void
stream_reset(struct grpc_stream *stream, uint32_t error)
{
	struct grpc *grpc = stream->grpc;

	stream_drop_output(stream);
	if (stream->is_open && !grpc->is_closing &&
	    nghttp2_submit_rst_stream(grpc->http2, NGHTTP2_FLAG_NONE,
	        stream->number, error) != 0)
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to reset a stream");
}

/* Behind the head of its frame, which has been made room for with it. */
static size_t
send_chunk(struct grpc_stream *stream, struct grpc_chunk *chunk, size_t most)
{
	size_t all = FRAME_HEAD_SIZE + chunk->message.size;
	bool is_head = chunk->at < FRAME_HEAD_SIZE;
	size_t left = (is_head ? FRAME_HEAD_SIZE : all) - chunk->at;
	size_t size = left < most ? left : most;
	const uint8_t *from =
	    is_head ? chunk->head + chunk->at
	            : chunk->message.data + chunk->at - FRAME_HEAD_SIZE;

	if (!buffer_append(&stream->grpc->out, from, size))
		return 0;
	chunk->at += size;
	uncount(stream, size);
	if (chunk->at == all)
		drop_chunk(stream, chunk);
	return size;
}

static bool
send_chunks(struct grpc_stream *stream, size_t size)
{
	while (size > 0 && !list_is_empty(&stream->out)) {
		size_t done = send_chunk(stream,
		    container_of(stream->out.next, struct grpc_chunk, node),
		    size);

		if (done == 0)
			break;
		size -= done;
	}
	return size == 0;
}

/* All at once, if there is much to come. */
static bool
make_room(const struct grpc_stream *stream, size_t size)
{
	size_t most = stream->queued < GRPC_PIECE ? stream->queued : GRPC_PIECE;

	return buffer_reserve(&stream->grpc->out,
	    DATA_HEAD_SIZE + (size > most ? size : most));
}

int
stream_send(nghttp2_session *http2, nghttp2_frame *frame, const uint8_t *head,
    size_t size, nghttp2_data_source *source, void *user)
{
	struct grpc *grpc = user;
	struct grpc_stream *stream = source->ptr;

	(void)http2;
	(void)frame;
	if (!make_room(stream, size) ||
	    !buffer_append(&grpc->out, head, DATA_HEAD_SIZE) ||
	    !send_chunks(stream, size))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (stream->is_stream && stream->queued == 0 && !stream->is_ended &&
	    !stream->is_over)
		stream_tell_writable(stream);
	return grpc->out.size < GRPC_PIECE ? 0 : NGHTTP2_ERR_PAUSE;
}

ssize_t
stream_read(nghttp2_session *http2, int32_t number, uint8_t *bytes, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct grpc_stream *stream = source->ptr;
	size_t most = stream->queued < size ? stream->queued : size;

	(void)http2;
	(void)number;
	(void)bytes;
	(void)user;
	if (most > 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (most == stream->queued && stream->is_ended &&
	    stream->grpc->role->finish(stream, flags) != 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (most == 0 && (*flags & NGHTTP2_DATA_FLAG_EOF) == 0) {
		stream->is_waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)most;
}
