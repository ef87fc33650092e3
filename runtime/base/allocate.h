/* SPDX-License-Identifier: MIT */
#ifndef BASE_ALLOCATE_H
#define BASE_ALLOCATE_H

#include <stddef.h>

#include "base/memory.h"

/* Verbs over struct becket_memory. Sizes of 0 are not asked for. */

/* Zeroed; NULL when there is no memory. */
void *memory_new(const struct becket_memory *memory, size_t size);
/* As resize(): on NULL the old block stays valid. */
void *memory_resize(const struct becket_memory *memory, void *old,
    size_t old_size, size_t new_size);
/* NULL is fine. */
void memory_free(const struct becket_memory *memory, void *old, size_t size);

#endif
