/* SPDX-License-Identifier: MIT */
#include "payload/protobuf_c.h"

#include <stdbool.h>

#include "base/trap.h"

struct becket_bytes
protobuf_c_get_bytes(const void *message, size_t offset)
{
	const ProtobufCBinaryData *field =
	    (const void *)((const char *)message + offset);

	return (struct becket_bytes){ field->data, field->len };
}

void
protobuf_c_set_bytes(void *message, size_t offset, struct becket_bytes bytes)
{
	ProtobufCBinaryData *field = (void *)((char *)message + offset);

	*field = (ProtobufCBinaryData){ bytes.size,
		(uint8_t *)(uintptr_t)bytes.data };
}

/* protobuf-c's allocator over an arena. It says only "no" when decoding fails:
 * out_of_memory says which no it was.
 */
struct arena_allocator {
	ProtobufCAllocator base;
	struct arena *arena;
	bool out_of_memory;
};

static void *
allocate(void *user, size_t size)
{
	struct arena_allocator *allocator = user;
	void *memory = arena_alloc(allocator->arena, size);

	if (memory == NULL)
		allocator->out_of_memory = true;
	return memory;
}

/* The arena goes as a whole. */
static void
release(void *user, void *memory)
{
	(void)user;
	(void)memory;
}

static becket_status
check(const struct becket_type *type, struct becket_bytes wire,
    const struct budget *budget, size_t *ret_size)
{
	return protobuf_c_check(type->descriptor, wire, budget, ret_size);
}

static becket_status
decode(const struct becket_type *type, struct becket_bytes wire,
    struct arena *arena, void **ret_message)
{
	struct arena_allocator allocator = {
		.base = { allocate, release, &allocator },
		.arena = arena,
	};
	ProtobufCMessage *message = protobuf_c_message_unpack(type->descriptor,
	    &allocator.base, wire.size, wire.data);

	if (message == NULL)
		return allocator.out_of_memory ? BECKET_S_OUT_OF_MEMORY
		                               : BECKET_X_BAD_STUB_DATA;
	*ret_message = message;
	return BECKET_S_OK;
}

static void
init(const struct becket_type *type, void *message)
{
	protobuf_c_message_init(type->descriptor, message);
}

static size_t
measure(const struct becket_type *type, const void *message)
{
	(void)type;
	return protobuf_c_message_get_packed_size(message);
}

static void
encode(const struct becket_type *type, const void *message, uint8_t *ret_bytes)
{
	(void)type;
	protobuf_c_message_pack(message, ret_bytes);
}

const struct becket_codec becket_codec_protobuf_c = {
	.check = check,
	.decode = decode,
	.init = init,
	.measure = measure,
	.encode = encode,
};
