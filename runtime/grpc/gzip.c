/* SPDX-License-Identifier: MIT */
#include "grpc/gzip.h"

#include <zlib.h>

#include "grpc/heap.h"

enum { GZIP_WINDOW = 15 + 16, LEAST_PIECE = 4096 };

static void *
allocate(void *memory, unsigned count, unsigned size)
{
	return heap_calloc(memory, count, size);
}

static void
release(void *memory, void *block)
{
	heap_free(memory, block);
}

static z_stream
stream_of(const struct becket_memory *memory, struct becket_bytes bytes)
{
	return (z_stream){
		.zalloc = allocate,
		.zfree = release,
		.opaque = (void *)(uintptr_t)memory,
		.next_in = (Bytef *)(uintptr_t)bytes.data,
		.avail_in = (uInt)bytes.size,
	};
}

static becket_status
status_of(int result)
{
	switch (result) {
	case Z_MEM_ERROR:
		return BECKET_S_OUT_OF_MEMORY;
	default:
		return BECKET_X_BAD_STUB_DATA;
	}
}

/* Room for one byte more than may come, so that too much shows. */
static becket_status
make_room(struct buffer *message, size_t limit)
{
	size_t room = limit + 1 - message->size;
	size_t wanted =
	    message->size > LEAST_PIECE ? message->size : LEAST_PIECE;

	if (message->size > limit)
		return BECKET_S_LIMIT_EXCEEDED;
	return buffer_reserve(message, wanted < room ? wanted : room)
	           ? BECKET_S_OK
	           : BECKET_S_OUT_OF_MEMORY;
}

static becket_status
inflate_all(z_stream *stream, size_t limit, struct buffer *message)
{
	int result = Z_OK;

	while (result != Z_STREAM_END) {
		becket_status status = make_room(message, limit);
		size_t room = message->capacity - message->size;

		if (status != BECKET_S_OK)
			return status;
		stream->next_out = message->data + message->size;
		stream->avail_out = (uInt)room;
		result = inflate(stream, Z_NO_FLUSH);
		message->size += room - stream->avail_out;
		if (result != Z_OK && result != Z_STREAM_END)
			return status_of(result);
	}
	if (message->size > limit)
		return BECKET_S_LIMIT_EXCEEDED;
	return stream->avail_in == 0 ? BECKET_S_OK : BECKET_X_BAD_STUB_DATA;
}

becket_status
gzip_unpack(const struct becket_memory *memory, struct becket_bytes packed,
    size_t limit, struct buffer *ret_message)
{
	z_stream stream = stream_of(memory, packed);
	struct buffer message = buffer_empty(memory);
	becket_status status;
	int result = inflateInit2(&stream, GZIP_WINDOW);

	if (result != Z_OK)
		return status_of(result);
	status = inflate_all(&stream, limit, &message);
	inflateEnd(&stream);
	if (status != BECKET_S_OK) {
		buffer_fini(&message);
		return status;
	}
	*ret_message = message;
	return BECKET_S_OK;
}

becket_status
gzip_pack(const struct becket_memory *memory, struct becket_bytes message,
    struct buffer *ret_packed)
{
	z_stream stream = stream_of(memory, message);
	struct buffer packed = buffer_empty(memory);
	int result;

	if (message.size < 2 || message.size > UINT32_MAX)
		return BECKET_S_NO_SPACE;
	if (!buffer_reserve(&packed, message.size - 1))
		return BECKET_S_OUT_OF_MEMORY;
	result = deflateInit2(&stream, 1, Z_DEFLATED, GZIP_WINDOW, 8,
	    Z_DEFAULT_STRATEGY);
	if (result == Z_OK) {
		stream.next_out = packed.data;
		stream.avail_out = (uInt)(message.size - 1);
		result = deflate(&stream, Z_FINISH);
		packed.size = message.size - 1 - stream.avail_out;
		deflateEnd(&stream);
	}
	if (result == Z_STREAM_END) {
		*ret_packed = packed;
		return BECKET_S_OK;
	}
	buffer_fini(&packed);
	return result == Z_OK || result == Z_BUF_ERROR ? BECKET_S_NO_SPACE
	                                               : status_of(result);
}
