/* SPDX-License-Identifier: MIT */
/*
 * A stream of messages, cut anyhow and taken as it comes or in the end: it is
 * the same stream. What is not kept is dealt with, byte by byte; and what comes
 * out goes in again to the same effect.
 *
 * One byte for the cut, one for when messages are taken, then the bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "stub/stream_frame.h"

enum { LIMIT = 300 };

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size == 0) {
		free(old);
		return NULL;
	}
	return realloc(old, new_size);
}

static const struct becket_memory memory = { .resize = resize };
static const struct becket_limits limits = {
	.call_header_size = 100,
	.call_header_entries = 4,
};
static const struct becket_type bytes_type = {
	.codec = &becket_codec_bytes,
	.size = sizeof(struct becket_bytes),
};

/* What a stream came to. */
struct result {
	struct buffer messages; /* encoded again */
	unsigned count;
	size_t consumed;
	becket_status status;
	struct stream_in in;
};

static void
note_message(struct result *result, struct buffer *message)
{
	const struct becket_bytes bytes = buffer_bytes(message);
	struct buffer again;

	EXPECT(message->size <= LIMIT);
	EXPECT(stream_out_message(false, &bytes_type, &bytes, &memory, LIMIT,
	           &again) == BECKET_S_OK);
	EXPECT(buffer_append(&result->messages, again.data, again.size));
	result->count++;
	buffer_fini(&again);
	buffer_fini(message);
}

static void
take(struct result *result)
{
	struct buffer message;
	size_t consumed;

	for (;;) {
		bool is_ready = stream_in_is_ready(&result->in);

		result->status =
		    stream_in_next(&result->in, &message, &consumed);
		result->consumed += consumed;
		EXPECT(is_ready ==
		       (result->status != BECKET_S_ASYNC_CALL_PENDING));
		if (result->status != BECKET_S_OK)
			return;
		note_message(result, &message);
	}
}

static struct result
read_stream(const uint8_t *data, size_t size, size_t cut, size_t late)
{
	struct result result = {
		.messages = buffer_empty(&memory),
		.in = { .memory = &memory, .limits = &limits, .limit = LIMIT },
	};

	stream_in_init(&result.in);
	for (size_t at = 0, n = 0; at < size; at += cut, n++) {
		size_t step = size - at < cut ? size - at : cut;
		struct buffer piece = buffer_empty(&memory);

		EXPECT(buffer_append(&piece, data + at, step));
		EXPECT(stream_in_feed(&result.in, &piece) == BECKET_S_OK);
		if (n % (late + 1) == 0)
			take(&result);
		EXPECT(result.consumed <= at + step);
		EXPECT(result.in.held <= at + step);
	}
	(void)!stream_in_end(&result.in);
	take(&result);
	return result;
}

static void
free_result(struct result *result)
{
	stream_in_fini(&result->in);
	buffer_fini(&result->messages);
}

static void
expect_same_bytes(const struct buffer *one, const struct buffer *other)
{
	EXPECT(one->size == other->size);
	if (one->size > 0)
		EXPECT(memcmp(one->data, other->data, one->size) == 0);
}

static void
expect_same(const struct result *one, const struct result *other)
{
	EXPECT(one->status == other->status);
	EXPECT(one->count == other->count);
	expect_same_bytes(&one->messages, &other->messages);
	EXPECT(one->in.has_head == other->in.has_head);
	EXPECT(one->in.remaining_us == other->in.remaining_us);
	expect_same_bytes(&one->in.metadata, &other->in.metadata);
	if (one->status == BECKET_X_PIPE_EMPTY)
		expect_same_bytes(&one->in.trailer, &other->in.trailer);
}

static void
append(struct buffer *to, struct buffer *from)
{
	EXPECT(buffer_append(to, from->data, from->size));
	buffer_fini(from);
}

/* A stream that ended well, written again. */
static void
check_again(const struct result *result)
{
	const struct frame head = {
		.remaining_us = result->in.remaining_us,
		.metadata = buffer_bytes(&result->in.metadata),
	};
	struct buffer bytes = buffer_empty(&memory), part;
	struct result again;

	EXPECT(stream_out_head(false, &head, &memory, &part) == BECKET_S_OK);
	append(&bytes, &part);
	EXPECT(buffer_append(&bytes, result->messages.data,
	    result->messages.size));
	EXPECT(stream_out_trailer(buffer_bytes(&result->in.trailer), &memory,
	           &part) == BECKET_S_OK);
	append(&bytes, &part);
	again = read_stream(bytes.data, bytes.size, 7, 1);
	expect_same(result, &again);
	free_result(&again);
	buffer_fini(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, cut;

	if (size < 3)
		return 0;
	whole = read_stream(data + 2, size - 2, size - 2, 0);
	cut = read_stream(data + 2, size - 2, (size_t)data[0] + 1, data[1]);
	expect_same(&whole, &cut);
	if (whole.status == BECKET_X_PIPE_EMPTY) {
		EXPECT(whole.consumed == size - 2);
		EXPECT(cut.consumed == size - 2);
		EXPECT(cut.in.held == cut.in.trailer.size);
		check_again(&whole);
	}
	free_result(&whole);
	free_result(&cut);
	return 0;
}
