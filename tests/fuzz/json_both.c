/* SPDX-License-Identifier: MIT */
#include "json_both.h"

#include <stdlib.h>
#include <string.h>

#include "client/json_decode.h"
#include "client/json_encode.h"
#include "fuzz.h"

static struct arena forever;
static struct pool *pool;

bool
json_ready(const void *set, size_t size)
{
	forever = arena_empty(&idl_memory, SIZE_MAX);
	pool = pool_new(&forever);
	return pool_add_set(pool, (struct becket_bytes){ set, size }) == NULL &&
	       pool_missing(pool) == NULL && pool_link(pool) == NULL;
}

/* Nothing stands behind the value, and every value has its place. */
static bool
read_one(struct json_source *source, struct json_text *text)
{
	struct json_text more;

	if (!json_source_next(source, text))
		return false;
	if (!json_source_next(source, &more) && source->sentence == NULL)
		return true;
	if (source->sentence == NULL)
		json_text_fini(&more);
	json_text_fini(text);
	return false;
}

static bool
encode(struct arena *arena, const char *type, FILE *file, struct buffer *out)
{
	struct json_source source = json_source(arena, file);
	struct json_encode encode = { .pool = pool, .arena = arena };
	struct json_text text;
	bool done = read_one(&source, &text);

	if (done) {
		done =
		    json_encode(&encode, pool_message(pool, type), &text, out);
		EXPECT(done == (encode.sentence == NULL));
		EXPECT(!done || encode.place == text.place_count);
		json_text_fini(&text);
	}
	json_source_fini(&source);
	return done;
}

bool
json_to_bytes(const char *type, const char *text, size_t size,
    uint8_t **ret_bytes, size_t *ret_size)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer out = buffer_empty(&idl_memory);
	FILE *file = size == 0 ? NULL : fmemopen((void *)text, size, "r");
	bool done = file != NULL && encode(&arena, type, file, &out);

	if (file != NULL)
		fclose(file);
	arena_fini(&arena);
	if (done) {
		*ret_size = out.size;
		*ret_bytes = malloc(out.size + 1);
		if (out.size > 0)
			memcpy(*ret_bytes, out.data, out.size);
	}
	buffer_fini(&out);
	return done;
}

char *
json_from_bytes(const char *type, const void *bytes, size_t size,
    bool is_pretty)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer out = buffer_empty(&idl_memory);
	struct json_decode decode = {
		.pool = pool,
		.arena = &arena,
		.is_pretty = is_pretty,
	};
	char *text = NULL;

	if (json_decode(&decode, pool_message(pool, type),
	        (struct becket_bytes){ bytes, size }, &out))
		text = strndup((char *)out.data, out.size);
	EXPECT((text != NULL) == (decode.sentence == NULL));
	arena_fini(&arena);
	buffer_fini(&out);
	return text;
}
