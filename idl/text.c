/* SPDX-License-Identifier: MIT */
#include "idl/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
out_of_memory(void)
{
	fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
	exit(1);
}

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	void *block;

	(void)user;
	(void)old_size;
	if (new_size == 0) {
		free(old);
		return NULL;
	}
	block = realloc(old, new_size);
	if (block == NULL)
		out_of_memory();
	return block;
}

const struct becket_memory idl_memory = { .resize = resize };

void *
text_alloc(struct arena *arena, size_t size)
{
	void *block = arena_alloc(arena, size);

	if (block == NULL)
		out_of_memory();
	else
		memset(block, 0, size);
	return block;
}

static void *
allocate(void *arena, size_t size)
{
	return text_alloc(arena, size);
}

static void
leave(void *arena, void *block)
{
	(void)arena;
	(void)block;
}

ProtobufCAllocator
text_allocator(struct arena *arena)
{
	return (ProtobufCAllocator){ allocate, leave, arena };
}

char *
text_print(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	int size;
	char *text;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (size < 0)
		out_of_memory();
	text = text_alloc(arena, (size_t)size + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)size + 1, format, arguments);
	va_end(arguments);
	return text;
}

char *
text_copy(struct arena *arena, const char *text, size_t size)
{
	char *copy = text_alloc(arena, size + 1);

	if (size > 0) /* text may be NULL then */
		memcpy(copy, text, size);
	return copy;
}

bool
text_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool
text_ends(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && text_equal(text + size - end_size, end);
}

void
text_put_bytes(struct buffer *buffer, const void *data, size_t size)
{
	if (!buffer_append(buffer, data, size))
		out_of_memory();
}

void
text_put(struct buffer *buffer, const char *text)
{
	text_put_bytes(buffer, text, strlen(text));
}
