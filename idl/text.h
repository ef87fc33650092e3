/* SPDX-License-Identifier: MIT */
#ifndef IDL_TEXT_H
#define IDL_TEXT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

/*
 * Memory and strings of the compiler. It is a program that runs once: what it
 * makes lives in one arena until it ends, and where there is no memory it ends
 * at once. So nothing below fails.
 */
extern const struct becket_memory idl_memory;

/* Zeroed. */
void *text_alloc(struct arena *arena, size_t size);

/* For protobuf-c: messages that live in the arena and are never freed. */
ProtobufCAllocator text_allocator(struct arena *arena);

/* A string of its own. */
char *text_print(struct arena *arena, const char *format, ...)
    BECKET_PRINTF(2, 3);
char *text_copy(struct arena *arena, const char *text, size_t size);

bool text_equal(const char *a, const char *b);
bool text_ends(const char *text, const char *end);

/* Append a string to a buffer of idl_memory. */
void text_put(struct buffer *buffer, const char *text);
void text_put_bytes(struct buffer *buffer, const void *data, size_t size);

#endif
