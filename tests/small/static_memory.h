/* SPDX-License-Identifier: MIT */
#ifndef STATIC_MEMORY_H
#define STATIC_MEMORY_H

#include "base/memory.h"

/*
 * Memory out of one static array: a list of free blocks, first fit, joined
 * again when they are given back. malloc() and its kin are traps in a program
 * that links this.
 */
enum { STATIC_MEMORY_SIZE = 24 * 1024 };

extern const struct becket_memory static_memory;

/* The most that was ever in use, and what is now. */
size_t static_memory_peak(void);
size_t static_memory_used(void);

#endif
