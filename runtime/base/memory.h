/* SPDX-License-Identifier: MIT */
#ifndef BECKET_BASE_MEMORY_H
#define BECKET_BASE_MEMORY_H

#include <stddef.h>

/*
 * All memory comes from one function, in the manner of Lua:
 *
 *   resize(user, NULL, 0, n)      allocate n bytes
 *   resize(user, old, o, n)       grow or shrink old, which has o bytes
 *   resize(user, old, o, 0)       free old; the result is ignored
 *
 * It returns NULL when there is no memory, and then old is still valid. It is
 * called from every thread that uses what was made with it. Results are
 * aligned as malloc's.
 */
struct becket_memory {
	void *(
	    *resize)(void *user, void *old, size_t old_size, size_t new_size);
	void *user;
};

#endif
