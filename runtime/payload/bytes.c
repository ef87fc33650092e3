/* SPDX-License-Identifier: MIT */
#include "payload/codec.h"

#include <string.h>

/*
 * Messages that are their own encoding: for NDR, for tools, for bridges. The
 * C struct is a view, which points into the request or response it came in.
 */
static becket_status
check(const struct becket_type *type, struct becket_bytes wire,
    const struct budget *budget, size_t *ret_size)
{
	(void)type;
	(void)wire;
	(void)budget;
	*ret_size = sizeof(struct becket_bytes);
	return BECKET_S_OK;
}

static becket_status
decode(const struct becket_type *type, struct becket_bytes wire,
    struct arena *arena, void **ret_message)
{
	struct becket_bytes *message = arena_alloc(arena, sizeof *message);

	(void)type;
	if (message == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*message = wire;
	*ret_message = message;
	return BECKET_S_OK;
}

static void
init(const struct becket_type *type, void *message)
{
	(void)type;
	*(struct becket_bytes *)message = (struct becket_bytes){ 0 };
}

static size_t
measure(const struct becket_type *type, const void *message)
{
	const struct becket_bytes *bytes = message;

	(void)type;
	return bytes->size;
}

static void
encode(const struct becket_type *type, const void *message, uint8_t *ret_bytes)
{
	const struct becket_bytes *bytes = message;

	(void)type;
	if (bytes->size > 0)
		memcpy(ret_bytes, bytes->data, bytes->size);
}

const struct becket_codec becket_codec_bytes = {
	.check = check,
	.decode = decode,
	.init = init,
	.measure = measure,
	.encode = encode,
};
