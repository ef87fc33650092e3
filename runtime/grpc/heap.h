/* SPDX-License-Identifier: MIT */
#ifndef GRPC_HEAP_H
#define GRPC_HEAP_H

#include <stddef.h>

#include "base/memory.h"

/*
 * The runtime's memory in the manner of malloc(), for libraries that free
 * without saying the size: it stands in front of each block.
 */
void *heap_malloc(const struct becket_memory *memory, size_t size);
void *heap_calloc(const struct becket_memory *memory, size_t count,
    size_t size);
void *heap_realloc(const struct becket_memory *memory, void *old, size_t size);
void heap_free(const struct becket_memory *memory, void *old);

#endif
