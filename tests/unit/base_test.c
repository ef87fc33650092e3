/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/idmap.h"
#include "base/list.h"
#include "base/status.h"
#include "base/utf8.h"
#include "base/uuid.h"

#include "test_memory.h"
#include "unit.h"

static void
buffer_grows_and_keeps_its_bytes(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct buffer b = buffer_empty(test_memory_of(&m));

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t byte = (uint8_t)i;

		assert_true(buffer_append(&b, &byte, 1));
	}
	assert_int_equal(b.size, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], (uint8_t)i);
	assert_true(m.allocations < 10);
	buffer_fini(&b);
	assert_null(b.data);
	test_memory_end(&m);
}

static void
buffer_that_moves_leaves_an_empty_one(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct buffer b = buffer_empty(test_memory_of(&m));
	struct buffer taken;

	(void)state;
	assert_true(buffer_append(&b, "rope", 4));
	taken = buffer_take(&b);
	assert_int_equal(b.size, 0);
	assert_null(b.data);
	assert_text(buffer_bytes(&taken), "rope");
	assert_true(buffer_append(&b, "loop", 4));
	buffer_fini(&b);
	buffer_fini(&taken);
	test_memory_end(&m);
}

static void
buffer_without_memory_stays_as_it_was(void **state)
{
	struct test_memory m = test_memory(1);
	struct buffer b = buffer_empty(test_memory_of(&m));
	uint8_t large[1000] = { 0 };

	(void)state;
	assert_true(buffer_append(&b, "rope", 4));
	assert_false(buffer_append(&b, large, sizeof large));
	assert_text(buffer_bytes(&b), "rope");
	assert_true(buffer_append(&b, "!", 1));
	assert_text(buffer_bytes(&b), "rope!");
	buffer_fini(&b);
	test_memory_end(&m);
}

static void
buffer_refuses_sizes_that_overflow(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct buffer b = buffer_empty(test_memory_of(&m));

	(void)state;
	assert_true(buffer_append(&b, "x", 1));
	assert_false(buffer_reserve(&b, SIZE_MAX));
	assert_false(buffer_reserve(&b, SIZE_MAX / 2));
	buffer_fini(&b);
	test_memory_end(&m);
}

static void
arena_gives_aligned_blocks_that_do_not_overlap(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena a = arena_empty(test_memory_of(&m), 1 << 20);
	uint8_t *blocks[200];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		blocks[i] = arena_alloc(&a, i);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t),
		    0);
		memset(blocks[i], (int)i, i);
	}
	for (unsigned i = 0; i < 200; i++)
		for (unsigned at = 0; at < i; at++)
			assert_int_equal(blocks[i][at], i);
	assert_true(m.blocks < 20);
	arena_fini(&a);
	test_memory_end(&m);
}

static void
arena_never_takes_more_than_its_cap(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 3000; cap += 7) {
		struct test_memory m = test_memory(TEST_MEMORY_NEVER);
		struct arena a = arena_empty(test_memory_of(&m), cap);
		size_t given = 0;

		while (arena_alloc(&a, 100) != NULL)
			given += 100;
		assert_true(m.peak <= cap);
		assert_true(given <= cap);
		/* the overhead of a few blocks, and one that did not fit */
		assert_true(given + 800 > cap);
		arena_fini(&a);
		test_memory_end(&m);
	}
}

static void
arena_serves_an_expected_size_from_one_block(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena a = arena_empty(test_memory_of(&m), 1 << 20);

	(void)state;
	arena_expect(&a, 16 * 5000);
	for (unsigned i = 0; i < 5000; i++)
		assert_non_null(arena_alloc(&a, 16));
	assert_int_equal(m.allocations, 1);
	arena_fini(&a);
	test_memory_end(&m);
}

static void
arena_without_memory_says_so_and_works_on(void **state)
{
	struct test_memory m = test_memory(0);
	struct arena a = arena_empty(test_memory_of(&m), 1 << 20);

	(void)state;
	arena_expect(&a, 100); /* the one that fails */
	assert_non_null(arena_alloc(&a, 100));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX / 2));
	assert_null(arena_alloc(&a, 2 << 20));
	arena_fini(&a);
	assert_non_null(arena_alloc(&a, 1));
	arena_fini(&a);
	test_memory_end(&m);
}

static void
idmap_finds_what_is_there_and_no_old_names(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct idmap map = idmap_empty(test_memory_of(&m), 10);
	struct idmap_id first, second;
	int a, b;

	(void)state;
	first = idmap_add(&map, &a);
	assert_int_not_equal(first.generation, 0);
	assert_ptr_equal(idmap_get(&map, first), &a);
	assert_ptr_equal(idmap_remove(&map, first), &a);
	assert_null(idmap_get(&map, first));
	assert_null(idmap_remove(&map, first));
	second = idmap_add(&map, &b);
	assert_int_equal(second.index, first.index);
	assert_int_not_equal(second.generation, first.generation);
	assert_null(idmap_get(&map, first));
	assert_ptr_equal(idmap_get(&map, second), &b);
	assert_null(idmap_get(&map, (struct idmap_id){ 0 }));
	assert_null(idmap_get(&map, (struct idmap_id){ 99, 1 }));
	idmap_fini(&map);
	test_memory_end(&m);
}

static void
idmap_is_full_at_its_limit_and_not_before(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct idmap map = idmap_empty(test_memory_of(&m), 37);
	struct idmap_id ids[37];
	int values[37];

	(void)state;
	for (unsigned i = 0; i < 37; i++) {
		ids[i] = idmap_add(&map, &values[i]);
		assert_int_not_equal(ids[i].generation, 0);
	}
	assert_int_equal(idmap_add(&map, values).generation, 0);
	assert_int_equal(map.used, 37);
	for (unsigned i = 0; i < 37; i++) {
		assert_ptr_equal(idmap_get(&map, ids[i]), &values[i]);
		assert_non_null(idmap_at(&map, i));
	}
	assert_null(idmap_at(&map, 37));
	assert_ptr_equal(idmap_remove(&map, ids[20]), &values[20]);
	assert_int_not_equal(idmap_add(&map, values).generation, 0);
	idmap_fini(&map);
	test_memory_end(&m);
}

static void
idmap_without_memory_keeps_what_it_has(void **state)
{
	int values[9];

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		struct test_memory m = test_memory(n);
		struct idmap map = idmap_empty(test_memory_of(&m), 100);
		struct idmap_id ids[9];
		unsigned had = 0;

		while (had < 9 &&
		       (ids[had] = idmap_add(&map, &values[had])).generation)
			had++;
		for (unsigned i = 0; i < had; i++)
			assert_ptr_equal(idmap_get(&map, ids[i]), &values[i]);
		assert_int_equal(map.used, had);
		assert_int_equal(had < 9, m.failed);
		assert_int_not_equal(idmap_add(&map, values).generation, 0);
		idmap_fini(&map);
		test_memory_end(&m);
	}
}

static void
idmap_generation_wraps_past_zero(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct idmap map = idmap_empty(test_memory_of(&m), 1);
	struct idmap_id id;
	int value;

	(void)state;
	id = idmap_add(&map, &value);
	map.slots[0].generation = id.generation = UINT32_MAX;
	assert_ptr_equal(idmap_remove(&map, id), &value);
	assert_int_equal(idmap_add(&map, &value).generation, 1);
	idmap_fini(&map);
	test_memory_end(&m);
}

struct item {
	int number;
	struct list node;
};

static void
list_keeps_order_and_lets_go_while_walked(void **state)
{
	struct list list;
	struct item items[5];
	int seen = 0;

	(void)state;
	list_init(&list);
	assert_true(list_is_empty(&list));
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		list_append(&list, &items[i].node);
	}
	list_for_each (node, &list) {
		struct item *item = container_of(node, struct item, node);

		assert_int_equal(item->number, seen++);
		if (item->number % 2 == 0)
			list_remove(node);
	}
	assert_int_equal(seen, 5);
	list_remove(&items[0].node); /* again */
	assert_ptr_equal(list.next, &items[1].node);
	assert_ptr_equal(list.next->next, &items[3].node);
	assert_ptr_equal(list.next->next->next, &list);
}

#define UUID "906b0ce0-c70b-1067-b317-00dd010662da"

static void
uuid_text_survives_a_round_trip_in_lower_case(void **state)
{
	static const char upper[] = "906B0CE0-C70B-1067-B317-00DD010662DA";
	char text[BECKET_UUID_TEXT_SIZE];
	struct becket_uuid uuid;

	(void)state;
	assert_int_equal(becket_uuid_from_string(upper, 36, &uuid),
	    BECKET_S_OK);
	assert_int_equal(uuid.time_low, 0x906b0ce0);
	assert_int_equal(uuid.time_mid, 0xc70b);
	assert_int_equal(uuid.time_high, 0x1067);
	assert_int_equal(uuid.clock_node[0], 0xb3);
	assert_int_equal(uuid.clock_node[7], 0xda);
	becket_uuid_to_string(&uuid, text);
	assert_string_equal(text, UUID);
}

static void
uuid_with_any_character_wrong_is_refused(void **state)
{
	struct becket_uuid uuid;

	(void)state;
	for (size_t at = 0; at < 36; at++) {
		static const char wrong[] = "g-{ \0_";
		char text[] = UUID;

		for (size_t i = 0; i < sizeof wrong - 1; i++) {
			if (UUID[at] == wrong[i])
				continue;
			text[at] = wrong[i];
			assert_int_equal(becket_uuid_from_string(text, 36,
			                     &uuid),
			    BECKET_S_INVALID_STRING_UUID);
		}
	}
	assert_int_equal(becket_uuid_from_string(UUID, 35, &uuid),
	    BECKET_S_INVALID_STRING_UUID);
	assert_int_equal(becket_uuid_from_string(UUID "0", 37, &uuid),
	    BECKET_S_INVALID_STRING_UUID);
}

static void
uuid_null_is_nil_and_every_field_counts(void **state)
{
	struct becket_uuid nil = { 0 };
	struct becket_uuid others[] = {
		{ .time_low = 1 },
		{ .time_mid = 1 },
		{ .time_high = 1 },
		{ .clock_node = { 0, 0, 0, 0, 0, 0, 0, 1 } },
	};

	(void)state;
	assert_true(becket_uuid_equal(NULL, &nil));
	assert_true(becket_uuid_is_nil(NULL));
	assert_true(becket_uuid_is_nil(&nil));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_false(becket_uuid_equal(&others[i], &nil));
		assert_false(becket_uuid_is_nil(&others[i]));
		assert_true(becket_uuid_equal(&others[i], &others[i]));
	}
}

static void
every_status_has_a_sentence_and_a_name(void **state)
{
	(void)state;
#define STATUS(name, value, sentence) \
	assert_string_equal(becket_status_name(value), #name); \
	assert_string_equal(becket_status_text(BECKET_##name), sentence);
#include "base/status.def"
#undef STATUS
	assert_null(becket_status_name(4711));
	assert_non_null(becket_status_text(4711));
}

static void
utf8_is_what_unicode_says(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		"", "a", "plain ascii of many letters", "\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"12345678\xc3\xa9", "1234567\303\25112345678",
	};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ",
		"\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "\xfe", "12345678\xc3", "1234567\30312345678",
		"\xf0\x90\x80", "\xe2\x82\x41", "\xf0\x90\x41\x80",
	};
	/* clang-format on */
	uint8_t *copy;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		copy = exact_copy(good[i], strlen(good[i]));
		assert_true(utf8_is_valid(
		    (struct becket_bytes){ copy, strlen(good[i]) }));
		free(copy);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		copy = exact_copy(bad[i], strlen(bad[i]));
		assert_false(utf8_is_valid(
		    (struct becket_bytes){ copy, strlen(bad[i]) }));
		free(copy);
	}
	assert_true(utf8_is_valid((struct becket_bytes){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_and_keeps_its_bytes),
		cmocka_unit_test(buffer_that_moves_leaves_an_empty_one),
		cmocka_unit_test(buffer_without_memory_stays_as_it_was),
		cmocka_unit_test(buffer_refuses_sizes_that_overflow),
		cmocka_unit_test(
		    arena_gives_aligned_blocks_that_do_not_overlap),
		cmocka_unit_test(arena_never_takes_more_than_its_cap),
		cmocka_unit_test(arena_serves_an_expected_size_from_one_block),
		cmocka_unit_test(arena_without_memory_says_so_and_works_on),
		cmocka_unit_test(idmap_finds_what_is_there_and_no_old_names),
		cmocka_unit_test(idmap_is_full_at_its_limit_and_not_before),
		cmocka_unit_test(idmap_without_memory_keeps_what_it_has),
		cmocka_unit_test(idmap_generation_wraps_past_zero),
		cmocka_unit_test(list_keeps_order_and_lets_go_while_walked),
		cmocka_unit_test(uuid_text_survives_a_round_trip_in_lower_case),
		cmocka_unit_test(uuid_with_any_character_wrong_is_refused),
		cmocka_unit_test(uuid_null_is_nil_and_every_field_counts),
		cmocka_unit_test(every_status_has_a_sentence_and_a_name),
		cmocka_unit_test(utf8_is_what_unicode_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
