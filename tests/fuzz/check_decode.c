/* SPDX-License-Identifier: MIT */
#include "check_decode.h"

#include <string.h>

#include "fuzz.h"
#include "payload/protobuf_c.h"
#include "tests/fuzz/everything.pb-c.h"
#include "tests/fuzz/strict.pb-c.h"

enum { BLOCK_HEAD = 32 }; /* of an arena */

static const struct budget budget = {
	.depth = 100,
	.elements = 1 << 16,
	.size = 16 << 20,
};

static const struct becket_type types[CHECK_DECODE_TYPES] = {
	[CHECK_DECODE_EVERYTHING] = { &becket_codec_protobuf_c,
	    &everything__everything__descriptor,
	    sizeof(Everything__Everything) },
	[CHECK_DECODE_STRICT] = { &becket_codec_protobuf_c,
	    &strict__strict__descriptor, sizeof(Strict__Strict) },
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	size_t *allocations = user;

	(void)old_size;
	if (new_size == 0) {
		free(old);
		return NULL;
	}
	++*allocations;
	return realloc(old, new_size);
}

/* What check says must be enough, in one block. */
static bool
recode(const struct becket_type *type, struct becket_bytes wire,
    uint8_t **ret_bytes, size_t *ret_size)
{
	size_t allocations = 0;
	struct becket_memory memory = { resize, &allocations };
	struct arena arena;
	becket_status status;
	void *message;
	size_t size;

	if (type->codec->check(type, wire, &budget, &size) != BECKET_S_OK)
		return false;
	EXPECT(size <= budget.size + 16);
	arena = arena_empty(&memory, size + BLOCK_HEAD);
	arena_expect(&arena, size);
	status = type->codec->decode(type, wire, &arena, &message);
	EXPECT(status == BECKET_S_OK || status == BECKET_X_BAD_STUB_DATA);
	EXPECT(allocations == 1);
	if (status == BECKET_S_OK) {
		*ret_size = type->codec->measure(type, message);
		*ret_bytes = malloc(*ret_size + 1);
		EXPECT(*ret_bytes != NULL);
		type->codec->encode(type, message, *ret_bytes);
	}
	arena_fini(&arena);
	return status == BECKET_S_OK;
}

bool
check_decode(enum check_decode_type which, const uint8_t *data, size_t size,
    uint8_t **ret_bytes, size_t *ret_size)
{
	const struct becket_type *type = &types[which];
	uint8_t *exact = malloc(size > 0 ? size : 1);
	uint8_t *again;
	size_t again_size;
	bool accepted;

	EXPECT(exact != NULL);
	memcpy(exact, data, size);
	accepted = recode(type, (struct becket_bytes){ exact, size }, ret_bytes,
	    ret_size);
	free(exact);
	if (!accepted)
		return false;
	/* what protobuf-c has written, it reads, and writes the same */
	EXPECT(recode(type, (struct becket_bytes){ *ret_bytes, *ret_size },
	    &again, &again_size));
	EXPECT(again_size == *ret_size);
	EXPECT(memcmp(again, *ret_bytes, again_size) == 0);
	free(again);
	return true;
}
