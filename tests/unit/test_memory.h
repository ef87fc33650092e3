/* SPDX-License-Identifier: MIT */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/*
 * Memory that counts, checks the sizes it is told, and fails when asked to.
 *
 *   struct test_memory m = test_memory(NEVER);
 *   for (size_t n = 0; n < NEVER; n++) {
 *           m = test_memory(n);            the n-th allocation fails
 *           ... use test_memory_of(&m) ...
 *           test_memory_end(&m);           nothing is left
 *           if (!m.failed) break;          there was no n-th
 *   }
 */
enum { TEST_MEMORY_NEVER = 1000000 };

struct test_memory {
	struct becket_memory memory;
	size_t fail_at;       /* counts allocations and growths from 0 */
	size_t allocations;   /* so far */
	size_t blocks, bytes; /* in use */
	size_t peak;          /* most bytes ever in use */
	bool failed;          /* fail_at was reached */
};

struct test_memory test_memory(size_t fail_at);

/* What to give to the code under test. test must stay where it is. */
const struct becket_memory *test_memory_of(struct test_memory *test);

/* Fails the test if something is in use still. */
void test_memory_end(struct test_memory *test);

#endif
