/* SPDX-License-Identifier: MIT */
#include "describe_text.h"

#include <stdlib.h>
#include <string.h>

#include "client/describe.h"
#include "fuzz.h"

/* All symbols one by one, too: nobody looks at what is said of them. */
static void
describe_each(const struct pool *pool)
{
	struct buffer out = buffer_empty(&idl_memory);

	for (size_t i = 0; i < pool->symbols.capacity; i++) {
		const struct symbol *symbol = &pool->symbols.slots[i];

		if (symbol->name != NULL && !symbol_file(symbol)->is_ours)
			describe_symbol(pool, symbol, &out);
		out.size = 0;
	}
	buffer_fini(&out);
}

char *
describe_text(const void *file, size_t size)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct pool *pool = pool_new(&arena);
	struct buffer out = buffer_empty(&idl_memory);
	char *text = NULL;

	if (pool_add(pool, (struct becket_bytes){ file, size }) == NULL &&
	    pool_link(pool) == NULL) {
		describe_file(pool, pool->files, &out);
		EXPECT(memchr(out.data, '\0', out.size) == NULL);
		EXPECT(memchr(out.data, '\x1b', out.size) == NULL);
		text = strndup((char *)out.data, out.size);
		describe_each(pool);
	}
	buffer_fini(&out);
	arena_fini(&arena);
	return text;
}
