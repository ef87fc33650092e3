/* SPDX-License-Identifier: MIT */
#include "test_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* In front of each block, so that a wrong old_size is found. */
struct head {
	_Alignas(max_align_t) size_t size;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct test_memory *test = user;
	struct head *head = old ? (struct head *)old - 1 : NULL;

	if (head != NULL)
		assert_int_equal(head->size, old_size);
	else
		assert_int_equal(old_size, 0);
	if (new_size > 0 && test->allocations++ == test->fail_at) {
		test->failed = true;
		return NULL;
	}
	test->bytes += new_size - old_size;
	test->blocks += (new_size > 0) - (size_t)(head != NULL);
	if (test->bytes > test->peak)
		test->peak = test->bytes;
	if (new_size == 0) {
		free(head);
		return NULL;
	}
	head = realloc(head, sizeof *head + new_size);
	assert_non_null(head);
	head->size = new_size;
	return head + 1;
}

struct test_memory
test_memory(size_t fail_at)
{
	return (struct test_memory){
		.memory = { .resize = resize },
		.fail_at = fail_at,
	};
}

const struct becket_memory *
test_memory_of(struct test_memory *test)
{
	test->memory.user = test;
	return &test->memory;
}

void
test_memory_end(struct test_memory *test)
{
	assert_int_equal(test->blocks, 0);
	assert_int_equal(test->bytes, 0);
}
