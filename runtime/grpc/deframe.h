/* SPDX-License-Identifier: MIT */
#ifndef GRPC_DEFRAME_H
#define GRPC_DEFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/*
 * Messages out of the bytes of a stream, wherever those are cut:
 *
 *   u8 compressed (0 or 1) | u32 size, big-endian | message
 *
 * A size is judged as soon as it is announced; memory is taken as the bytes
 * come.
 */
enum { FRAME_HEAD_SIZE = 5 };

struct deframe {
	const struct becket_memory *memory;
	size_t limit; /* of one message */
	uint8_t head[FRAME_HEAD_SIZE];
	uint8_t head_size;
	struct buffer body;
};

enum deframe_result {
	DEFRAME_MORE,      /* all bytes are taken, and no message is complete */
	DEFRAME_ANNOUNCED, /* a head is complete: deframe_size() */
	DEFRAME_MESSAGE,   /* deframe_take() it before going on */
	DEFRAME_TOO_LARGE,
	DEFRAME_MALFORMED, /* the flag is neither 0 nor 1 */
	DEFRAME_NO_MEMORY,
};

struct deframe deframe_empty(const struct becket_memory *memory, size_t limit);
void deframe_fini(struct deframe *deframe);

/* Take from the front of bytes, until there is something to tell. */
enum deframe_result deframe_next(struct deframe *deframe,
    struct becket_bytes *bytes);

/* The announced size of the message that is coming. */
size_t deframe_size(const struct deframe *deframe);

/* The complete message, which is the caller's. */
struct buffer deframe_take(struct deframe *deframe, bool *ret_is_compressed);

/* Is a message begun, and not complete? */
bool deframe_is_partial(const struct deframe *deframe);

void frame_head_put(uint8_t ret_head[FRAME_HEAD_SIZE], bool is_compressed,
    size_t size);

#endif
