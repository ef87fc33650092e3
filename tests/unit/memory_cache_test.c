/* SPDX-License-Identifier: MIT */
#include "io/memory_cache.h"

#include <pthread.h>

#include "base/allocate.h"
#include "io/clock.h"
#include "tests/unit/unit.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct memory_cache *
new_cache(size_t size, struct becket_memory *ret_memory)
{
	struct memory_cache *cache = memory_cache_new(size);

	assert_non_null(cache);
	*ret_memory = memory_cache_memory(cache);
	return cache;
}

static void *
allocate(const struct becket_memory *memory, size_t size)
{
	uint8_t *data = memory_resize(memory, NULL, 0, size);

	assert_non_null(data);
	memset(data, 0xa5, size);
	return data;
}

static void
a_large_block_comes_back_for_a_size_near_its_own(void **state)
{
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	void *first = allocate(&memory, 70 * KIB), *second;

	(void)state;
	memory_free(&memory, first, 70 * KIB);
	assert_int_equal(memory_cache_size(cache), 80 * KIB);
	second = allocate(&memory, 80 * KIB);
	assert_ptr_equal(second, first);
	assert_int_equal(memory_cache_size(cache), 0);
	memory_free(&memory, second, 80 * KIB);
	memory_cache_free(cache);
}

static void
small_blocks_and_those_beyond_all_are_not_kept(void **state)
{
	static const size_t sizes[] = { 1, 32 * KIB - 1, MIB - 1, MIB + 1,
		70 * MIB };
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB - 1, &memory);

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memory_free(&memory, allocate(&memory, sizes[i]), sizes[i]);
		assert_int_equal(memory_cache_size(cache), 0);
	}
	memory_cache_free(cache);
}

/* Sizes that meet every case: small, large, larger than all; kept or not. */
static void
bytes_survive_every_change_of_size(void **state)
{
	static const size_t sizes[] = { 0, 100, 32 * KIB, 33 * KIB, 40 * KIB,
		64 * KIB, 65 * KIB, 100, 300 * KIB, 40 * KIB, 2 * MIB,
		300 * KIB, 0 };
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);

	(void)state;
	for (int round = 0; round < 3; round++) {
		uint8_t *data = NULL;
		size_t old = 0;

		for (size_t i = 1; sizes[i] > 0; i++) {
			data = memory_resize(&memory, data, old, sizes[i]);
			assert_non_null(data);
			for (size_t at = 0; at < sizes[i]; at++)
				if (at < old)
					assert_int_equal(data[at], at % 251);
				else
					data[at] = (uint8_t)(at % 251);
			old = sizes[i];
		}
		memory_free(&memory, data, old);
	}
	assert_true(memory_cache_size(cache) > 0);
	memory_cache_free(cache);
}

static void
it_grows_in_its_room_where_it_is(void **state)
{
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	void *data = allocate(&memory, 65 * KIB);

	(void)state;
	assert_ptr_equal(memory_resize(&memory, data, 65 * KIB, 80 * KIB),
	    data);
	memory_free(&memory, data, 80 * KIB);
	assert_int_equal(memory_cache_size(cache), 80 * KIB);
	memory_cache_free(cache);
}

static void
it_keeps_no_more_than_it_may_and_the_oldest_go(void **state)
{
	enum { MANY = 100 };
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	void *blocks[MANY], *last;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		blocks[i] = allocate(&memory, i % 2 ? 64 * KIB : 32 * KIB);
	for (size_t i = 0; i < MANY; i++) {
		memory_free(&memory, blocks[i], i % 2 ? 64 * KIB : 32 * KIB);
		assert_true(memory_cache_size(cache) <= MIB);
	}
	assert_true(memory_cache_size(cache) > MIB - 64 * KIB);
	last = allocate(&memory, 64 * KIB);
	assert_ptr_equal(last, blocks[MANY - 1]);
	memory_free(&memory, last, 64 * KIB);
	/* One that takes all the place. */
	memory_free(&memory, allocate(&memory, MIB), MIB);
	assert_int_equal(memory_cache_size(cache), MIB);
	memory_cache_free(cache);
}

static void
what_nobody_wants_for_a_while_is_swept(void **state)
{
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	uint64_t now;

	(void)state;
	memory_free(&memory, allocate(&memory, 64 * KIB), 64 * KIB);
	now = clock_now();
	memory_cache_sweep(cache, now);
	assert_int_equal(memory_cache_size(cache), 64 * KIB);
	memory_cache_sweep(cache, now + clock_from_ms(2000));
	assert_int_equal(memory_cache_size(cache), 0);
	memory_cache_free(cache);
}

static void
a_block_may_outlive_the_cache(void **state)
{
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	void *large = allocate(&memory, 64 * KIB);
	void *huge = allocate(&memory, 2 * MIB);
	void *small = allocate(&memory, 64);

	(void)state;
	memory_cache_free(cache);
	memory_free(&memory, large, 64 * KIB);
	memory_free(&memory, huge, 2 * MIB);
	memory_free(&memory, small, 64);
}

static void
a_size_that_keeps_nothing_makes_none(void **state)
{
	(void)state;
	assert_null(memory_cache_new(1));
	assert_int_equal(memory_cache_size(NULL), 0);
	memory_cache_sweep(NULL, 1);
	memory_cache_free(NULL);
}

enum { THREADS = 4, TURNS = 1000 };

static void *
take_and_give(void *user)
{
	const struct becket_memory *memory = user;
	bool is_mine = true;

	for (size_t i = 0; i < TURNS; i++) {
		size_t size = (32 + i % 5 * 16) * KIB;
		uintptr_t *block = memory_resize(memory, NULL, 0, size);

		*block = (uintptr_t)&is_mine;
		block = memory_resize(memory, block, size, 2 * size);
		is_mine = is_mine && *block == (uintptr_t)&is_mine;
		memory_free(memory, block, 2 * size);
	}
	return is_mine ? user : NULL;
}

static void
no_block_is_given_to_two_threads(void **state)
{
	struct becket_memory memory;
	struct memory_cache *cache = new_cache(MIB, &memory);
	pthread_t threads[THREADS];
	void *result;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     take_and_give, &memory),
		    0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_ptr_equal(result, &memory);
	}
	assert_true(memory_cache_size(cache) <= MIB);
	memory_cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_large_block_comes_back_for_a_size_near_its_own),
		cmocka_unit_test(
		    small_blocks_and_those_beyond_all_are_not_kept),
		cmocka_unit_test(bytes_survive_every_change_of_size),
		cmocka_unit_test(it_grows_in_its_room_where_it_is),
		cmocka_unit_test(
		    it_keeps_no_more_than_it_may_and_the_oldest_go),
		cmocka_unit_test(what_nobody_wants_for_a_while_is_swept),
		cmocka_unit_test(a_block_may_outlive_the_cache),
		cmocka_unit_test(a_size_that_keeps_nothing_makes_none),
		cmocka_unit_test(no_block_is_given_to_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
