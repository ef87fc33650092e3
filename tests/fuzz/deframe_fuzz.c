/* SPDX-License-Identifier: MIT */
/*
 * Frames of gRPC messages, cut anyhow: what comes out is what a plain reading
 * of all bytes at once gives, and what the header fields' texts decode to is
 * encoded to something that decodes to the same.
 *
 * One byte for the cut, then the bytes.
 */
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "grpc/deframe.h"
#include "grpc/text.h"

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

/* The plain reading: returns where it stopped, all that was whole behind it. */
static size_t
skip_whole(const uint8_t *data, size_t size, size_t *at)
{
	size_t message;

	if (size - *at < FRAME_HEAD_SIZE || data[*at] > 1)
		return 0;
	message = (size_t)data[*at + 1] << 24 | (size_t)data[*at + 2] << 16 |
	          (size_t)data[*at + 3] << 8 | data[*at + 4];
	if (message > LIMIT || size - *at - FRAME_HEAD_SIZE < message)
		return 0;
	*at += FRAME_HEAD_SIZE + message;
	return FRAME_HEAD_SIZE + message;
}

static void
check_message(struct deframe *deframe, const uint8_t *data, size_t size,
    size_t *at)
{
	bool is_compressed;
	struct buffer message = deframe_take(deframe, &is_compressed);
	size_t start = *at;

	EXPECT(skip_whole(data, size, at) == FRAME_HEAD_SIZE + message.size);
	EXPECT(is_compressed == (data[start] == 1));
	if (message.size > 0)
		EXPECT(memcmp(message.data, data + start + FRAME_HEAD_SIZE,
		           message.size) == 0);
	buffer_fini(&message);
}

static void
check_frames(const uint8_t *data, size_t size, size_t cut)
{
	struct deframe deframe = deframe_empty(&memory, LIMIT);
	enum deframe_result result = DEFRAME_MORE;
	size_t whole = 0;

	for (size_t at = 0; at < size && result == DEFRAME_MORE; at += cut) {
		size_t step = size - at < cut ? size - at : cut;
		struct becket_bytes bytes = { data + at, step };

		while ((result = deframe_next(&deframe, &bytes)) ==
		           DEFRAME_ANNOUNCED ||
		       result == DEFRAME_MESSAGE)
			if (result == DEFRAME_MESSAGE)
				check_message(&deframe, data, size, &whole);
	}
	EXPECT(skip_whole(data, size, &whole) == 0);
	deframe_fini(&deframe);
}

static void
check_sentence(struct becket_bytes text)
{
	struct buffer one = buffer_empty(&memory), two = one, three = one;

	EXPECT(text_percent_decode(text, &one));
	EXPECT(utf8_is_valid(buffer_bytes(&one)));
	EXPECT(text_percent_encode(buffer_bytes(&one), &two));
	for (size_t i = 0; i < two.size; i++)
		EXPECT(two.data[i] >= ' ' && two.data[i] <= '~');
	EXPECT(text_percent_decode(buffer_bytes(&two), &three));
	EXPECT(one.size == three.size);
	if (one.size > 0)
		EXPECT(memcmp(one.data, three.data, one.size) == 0);
	buffer_fini(&one);
	buffer_fini(&two);
	buffer_fini(&three);
}

static void
check_base64(struct becket_bytes text)
{
	struct buffer one = buffer_empty(&memory), two = one, three = one;

	if (text_base64_decode(text, &one)) {
		EXPECT(text_base64_encode(buffer_bytes(&one), &two));
		EXPECT(text_base64_decode(buffer_bytes(&two), &three));
		EXPECT(one.size == three.size);
		if (one.size > 0)
			EXPECT(memcmp(one.data, three.data, one.size) == 0);
	}
	buffer_fini(&one);
	buffer_fini(&two);
	buffer_fini(&three);
}

static void
check_timeout(struct becket_bytes text)
{
	char again[TEXT_TIMEOUT_SIZE];
	uint64_t us, read;

	if (!text_get_timeout(text, &us))
		return;
	EXPECT(text_put_timeout(us, again) <= 9);
	EXPECT(text_get_timeout((struct becket_bytes){ (uint8_t *)again,
	                            strlen(again) },
	    &read));
	EXPECT(read >= us);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct becket_bytes rest;

	if (size < 1)
		return 0;
	rest = (struct becket_bytes){ data + 1, size - 1 };
	check_frames(rest.data, rest.size, (size_t)data[0] + 1);
	check_sentence(rest);
	check_base64(rest);
	check_timeout(rest);
	return 0;
}
