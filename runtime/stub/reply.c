/* SPDX-License-Identifier: MIT */
#include "stub/reply.h"

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"
#include "base/trap.h"
#include "payload/codec.h"
#include "stub/frame.h"

struct reply {
	struct becket_memory memory;
	struct arena arena;
	struct buffer bytes;
	bool big_endian; /* of NDR */
	alignas(max_align_t) unsigned char message[];
};

static struct reply *
reply_new(const struct becket_memory *memory, size_t cap, size_t message_size,
    size_t decode_size)
{
	struct arena arena = arena_empty(memory, cap);
	size_t size = sizeof(struct reply) + message_size;
	struct reply *reply;

	/* A round-up for each, so that all of it is one block. */
	if (decode_size < SIZE_MAX / 8)
		arena_expect(&arena,
		    size + decode_size + 2 * alignof(max_align_t));
	reply = arena_alloc(&arena, size);
	if (reply == NULL) {
		arena_fini(&arena);
		return NULL;
	}
	reply->memory = *memory;
	reply->arena = arena;
	reply->arena.memory = &reply->memory;
	reply->bytes = buffer_empty(memory);
	return reply;
}

static void
reply_free(struct reply *reply)
{
	struct becket_memory memory = reply->memory;
	struct arena arena = reply->arena;

	if (reply->bytes.data != NULL)
		buffer_fini(&reply->bytes);
	arena.memory = &memory;
	arena_fini(&arena);
}

/* The codec puts its struct where it likes; what the user holds must stand
 * behind the header, so it is a copy.
 */
static becket_status
decode_reply(const struct becket_type *type, struct becket_bytes body,
    struct reply *reply)
{
	void *message;
	becket_status status =
	    type->codec->decode(type, body, &reply->arena, &message);

	if (status == BECKET_S_OK)
		memcpy(reply->message, message, type->size);
	return status;
}

becket_status
reply_decode(const struct becket_type *type, struct becket_bytes body,
    struct buffer *bytes, bool big_endian, const struct becket_memory *memory,
    const struct becket_limits *limits, void **ret_message)
{
	struct reply *reply;
	size_t size;
	becket_status status = frame_check(type, body, limits, &size);

	if (status != BECKET_S_OK)
		return status;
	reply = reply_new(memory, limits->call_memory, type->size, size);
	if (reply == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = decode_reply(type, body, reply);
	if (status != BECKET_S_OK) {
		reply_free(reply);
		return status;
	}
	reply->big_endian = big_endian;
	if (bytes->data != NULL) {
		reply->bytes = buffer_take(bytes);
		reply->bytes.memory = &reply->memory;
	}
	*ret_message = reply->message;
	return BECKET_S_OK;
}

const struct becket_memory *
reply_memory(const void *message)
{
	return &container_of(message, const struct reply, message)->memory;
}

bool
reply_is_big_endian(const void *message)
{
	return container_of(message, const struct reply, message)->big_endian;
}

void
becket_stub_free(void *response)
{
	if (response != NULL)
		reply_free(container_of(response, struct reply, message));
}
