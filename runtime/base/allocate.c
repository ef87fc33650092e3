/* SPDX-License-Identifier: MIT */
#include "base/allocate.h"

#include <string.h>

#include "base/trap.h"

void *
memory_new(const struct becket_memory *memory, size_t size)
{
	void *new = memory_resize(memory, NULL, 0, size);

	if (new != NULL)
		memset(new, 0, size);
	return new;
}

void *
memory_resize(const struct becket_memory *memory, void *old, size_t old_size,
    size_t new_size)
{
	TRAP_UNLESS(new_size > 0);
	return memory->resize(memory->user, old, old_size, new_size);
}

void
memory_free(const struct becket_memory *memory, void *old, size_t size)
{
	if (old != NULL)
		memory->resize(memory->user, old, size, 0);
}
