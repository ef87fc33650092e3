/* SPDX-License-Identifier: MIT */
#include "grpc/session.h"

/*
 * Clients of a server that begin something and do not go on: a frame, a block
 * of header fields, a message, the request of a call that is no stream. nghttp2
 * does not tell of what is half there, so frames are followed here, too.
 *
 * A block of fields has limits.stall_ms in all, for nothing may come between
 * its frames; a frame, from one byte to the next. A message has as much for
 * each that is on its way, because they take turns; time in which it could not
 * come, because we had closed its window, does not count.
 */
#define END_HEADERS 0x4

enum { KIND = 3, FLAGS = 4, MAGIC_SIZE = 24 };

static uint64_t
stall_time(const struct grpc *grpc)
{
	return grpc->limits->stall_ms * UINT64_C(1000000);
}

/* -------------------------------------------------------------- frames -- */

/* What stands before the first frame is followed like the rest of one. */
struct stall_frame
stall_frame_first(uint64_t now)
{
	return (struct stall_frame){ .head_size = FRAME_START_SIZE,
		.left = MAGIC_SIZE,
		.moved = now };
}

static bool
is_of_block(const struct stall_frame *frame)
{
	switch (frame->head[KIND]) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_PUSH_PROMISE:
	case NGHTTP2_CONTINUATION:
		return true;
	default:
		return false;
	}
}

static void
begin_frame(struct grpc *grpc, struct stall_frame *frame)
{
	frame->left = (uint32_t)frame->head[0] << 16 |
	              (uint32_t)frame->head[1] << 8 | frame->head[2];
	if (is_of_block(frame) && frame->block_by == 0)
		frame->block_by = grpc->now + stall_time(grpc);
}

static void
end_frame(struct stall_frame *frame)
{
	if (is_of_block(frame) && (frame->head[FLAGS] & END_HEADERS) != 0)
		frame->block_by = 0;
	frame->head_size = 0;
}

void
stall_follow(struct grpc *grpc, const uint8_t *bytes, size_t size)
{
	struct stall_frame *frame = &grpc->frame;
	const uint8_t *end = bytes + size;

	frame->moved = grpc->now;
	while (bytes < end) {
		size_t left = (size_t)(end - bytes);

		if (frame->head_size < FRAME_START_SIZE) {
			frame->head[frame->head_size++] = *bytes++;
			if (frame->head_size == FRAME_START_SIZE)
				begin_frame(grpc, frame);
		} else {
			if (left > frame->left)
				left = frame->left;
			frame->left -= (uint32_t)left;
			bytes += left;
		}
		if (frame->head_size == FRAME_START_SIZE && frame->left == 0)
			end_frame(frame);
	}
}

static uint64_t
frame_deadline(const struct grpc *grpc)
{
	const struct stall_frame *frame = &grpc->frame;
	uint64_t by = frame->block_by;

	/* We are ending already. */
	if (grpc->closing_sentence != NULL || grpc->has_eof)
		return 0;
	if (frame->head_size > 0 &&
	    (by == 0 || frame->moved + stall_time(grpc) < by))
		by = frame->moved + stall_time(grpc);
	return by;
}

/* ------------------------------------------------------------ messages -- */

static bool
may_send(const struct grpc_stream *stream)
{
	return nghttp2_session_get_stream_local_window_size(stream->grpc->http2,
	           stream->number) > 0;
}

/* The peer has begun what it has not ended, and could go on. */
static bool
is_due(const struct grpc_stream *stream)
{
	bool is_half =
	    deframe_is_partial(&stream->in) ||
	    (stream->is_told && !stream->is_stream && stream->come > 0);

	return is_half && stream->is_open && !stream->is_over &&
	       !stream->is_in_ended && may_send(stream);
}

struct due {
	uint64_t time; /* that each has */
	uint64_t earliest;
};

static struct due
find_due(const struct grpc *grpc)
{
	struct due due = { 0, UINT64_MAX };

	if (grpc->role != &grpc_server_role)
		return due;
	for (const struct list *node = grpc->streams.next;
	     node != &grpc->streams; node = node->next) {
		const struct grpc_stream *stream =
		    (const struct grpc_stream *)(const void *)node;

		if (!is_due(stream))
			continue;
		due.time += stall_time(grpc);
		if (stream->moved < due.earliest)
			due.earliest = stream->moved;
	}
	return due;
}

static void
judge(struct grpc_stream *stream)
{
	if (stream->is_excused) {
		stream->is_excused = false;
		stream->moved = stream->grpc->now;
		return;
	}
	stream->grpc->role->failed(stream, BECKET_S_DEADLINE_EXCEEDED,
	    "the request was begun and does not go on");
}

/* ----------------------------------------------------------------- time -- */

uint64_t
stall_deadline(const struct grpc *grpc)
{
	uint64_t frame = frame_deadline(grpc);
	struct due due = find_due(grpc);
	uint64_t message = due.time == 0 ? 0 : due.earliest + due.time;

	return frame == 0 || (message != 0 && message < frame) ? message
	                                                       : frame;
}

void
stall_tick(struct grpc *grpc)
{
	uint64_t by = frame_deadline(grpc);
	struct due due = find_due(grpc);

	list_for_each (node, &grpc->streams) {
		struct grpc_stream *stream =
		    container_of(node, struct grpc_stream, node);

		if (due.time != 0 && is_due(stream) &&
		    stream->moved + due.time <= grpc->now)
			judge(stream);
	}
	if (by != 0 && by <= grpc->now)
		http2_terminate(grpc, NGHTTP2_PROTOCOL_ERROR,
		    "the peer stalled in the middle of a frame");
}
