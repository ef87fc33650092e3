/* SPDX-License-Identifier: MIT */
#include "grpc/deframe.h"

#include <string.h>

enum { FIRST_PIECE = 16384 };

struct deframe
deframe_empty(const struct becket_memory *memory, size_t limit)
{
	return (struct deframe){ .memory = memory,
		.limit = limit,
		.body = buffer_empty(memory) };
}

void
deframe_fini(struct deframe *deframe)
{
	buffer_fini(&deframe->body);
	deframe->head_size = 0;
}

size_t
deframe_size(const struct deframe *deframe)
{
	const uint8_t *at = deframe->head + 1;

	return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	       at[3];
}

bool
deframe_is_partial(const struct deframe *deframe)
{
	return deframe->head_size > 0;
}

static void
advance(struct becket_bytes *bytes, size_t size)
{
	bytes->data += size;
	bytes->size -= size;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static enum deframe_result
take_head(struct deframe *deframe, struct becket_bytes *bytes)
{
	size_t missing = FRAME_HEAD_SIZE - deframe->head_size;
	size_t size = smaller(missing, bytes->size);

	if (size > 0)
		memcpy(deframe->head + deframe->head_size, bytes->data, size);
	deframe->head_size = (uint8_t)(deframe->head_size + size);
	advance(bytes, size);
	if (size < missing)
		return DEFRAME_MORE;
	if (deframe->head[0] > 1)
		return DEFRAME_MALFORMED;
	return deframe_size(deframe) > deframe->limit ? DEFRAME_TOO_LARGE
	                                              : DEFRAME_ANNOUNCED;
}

/* All at once if it is small; else as it comes, never beyond what was
 * announced.
 */
static bool
make_room(struct deframe *deframe, size_t size)
{
	struct buffer *body = &deframe->body;
	size_t left = deframe_size(deframe) - body->size;
	size_t wanted = size > FIRST_PIECE ? size : FIRST_PIECE;

	if (body->capacity - body->size >= size)
		return true;
	if (wanted < body->size)
		wanted = body->size;
	return buffer_reserve(body, smaller(wanted, left));
}

static enum deframe_result
take_body(struct deframe *deframe, struct becket_bytes *bytes)
{
	size_t missing = deframe_size(deframe) - deframe->body.size;
	size_t size = smaller(missing, bytes->size);

	if (size > 0 && !make_room(deframe, size))
		return DEFRAME_NO_MEMORY;
	if (!buffer_append(&deframe->body, bytes->data, size))
		return DEFRAME_NO_MEMORY;
	advance(bytes, size);
	return size == missing ? DEFRAME_MESSAGE : DEFRAME_MORE;
}

enum deframe_result
deframe_next(struct deframe *deframe, struct becket_bytes *bytes)
{
	if (deframe->head_size < FRAME_HEAD_SIZE)
		return take_head(deframe, bytes);
	return take_body(deframe, bytes);
}

struct buffer
deframe_take(struct deframe *deframe, bool *ret_is_compressed)
{
	*ret_is_compressed = deframe->head[0] == 1;
	deframe->head_size = 0;
	return buffer_take(&deframe->body);
}

void
frame_head_put(uint8_t ret_head[FRAME_HEAD_SIZE], bool is_compressed,
    size_t size)
{
	ret_head[0] = is_compressed;
	ret_head[1] = (uint8_t)(size >> 24);
	ret_head[2] = (uint8_t)(size >> 16);
	ret_head[3] = (uint8_t)(size >> 8);
	ret_head[4] = (uint8_t)size;
}
