/* SPDX-License-Identifier: MIT */
#include "stub/metadata.h"

#include "base/allocate.h"
#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"
#include "wire/call_header.h"

static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

struct bench {
	struct test_memory memory;
	struct buffer entries;
};

static void
set_up(struct bench *bench, size_t fail_at)
{
	bench->memory = test_memory(fail_at);
	bench->entries = buffer_empty(test_memory_of(&bench->memory));
}

static void
tear_down(struct bench *bench)
{
	buffer_fini(&bench->entries);
	test_memory_end(&bench->memory);
}

static becket_status
append(struct bench *bench, const char *name, const char *value)
{
	const struct becket_metadata_entry entry = { name, text_bytes(value) };

	return metadata_append(&bench->entries, (struct becket_bytes){ 0 },
	    &limits, &entry);
}

static struct metadata_view *
make_view(const struct bench *bench)
{
	struct becket_bytes encoded = buffer_bytes(&bench->entries);
	size_t size = metadata_view_size(encoded);
	void *block = malloc(size);

	assert_non_null(block);
	return metadata_view_make(encoded, block);
}

static void
what_is_appended_is_shown(void **state)
{
	struct becket_metadata_entry entry;
	struct metadata_view *view;
	struct becket_bytes value;
	struct bench bench;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	assert_int_equal(append(&bench, "x-first", "one"), BECKET_S_OK);
	assert_int_equal(append(&bench, "empty", ""), BECKET_S_OK);
	assert_int_equal(append(&bench, "x-first", "two"), BECKET_S_OK);
	view = make_view(&bench);
	assert_true(metadata_view_at(view, 0, &entry));
	assert_string_equal(entry.name, "x-first");
	assert_text(entry.value, "one");
	assert_int_equal(entry.value.data[3], 0);
	assert_true(metadata_view_at(view, 1, &entry));
	assert_string_equal(entry.name, "empty");
	assert_text(entry.value, "");
	assert_int_equal(entry.value.data[0], 0);
	assert_true(metadata_view_at(view, 2, &entry));
	assert_text(entry.value, "two");
	assert_false(metadata_view_at(view, 3, &entry));
	assert_true(metadata_view_find(view, "x-first", &value));
	assert_text(value, "one");
	assert_false(metadata_view_find(view, "x-firs", &value));
	assert_true(
	    metadata_find(buffer_bytes(&bench.entries), "empty", &value));
	assert_text(value, "");
	assert_false(
	    metadata_find(buffer_bytes(&bench.entries), "empt", &value));
	free(view);
	tear_down(&bench);
}

static void
no_entries_need_no_view(void **state)
{
	struct becket_metadata_entry entry;
	struct becket_bytes value;

	(void)state;
	assert_int_equal(metadata_view_size((struct becket_bytes){ 0 }), 0);
	assert_false(metadata_view_at(NULL, 0, &entry));
	assert_false(metadata_view_find(NULL, "x", &value));
	assert_false(metadata_find((struct becket_bytes){ 0 }, "x", &value));
}

static void
names_and_values_that_could_not_cross_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "", "x" },
		{ "X-Id", "x" },
		{ "x id", "x" },
		{ ":path", "x" },
		{ "x\xc3\xa4", "x" },
		{ "grpc-timeout", "1S" },
		{ "becket-session", "x" },
		{ "becket-", "x" },
		{ "content-type", "x" },
		{ "te", "trailers" },
		{ "connection", "close" },
		{ "x", "line\nbreak" },
		{ "x", "tab\t" },
		{ "x", "\xc3\xa4" },
		{ "x", "\x7f" },
		{ "x", " in front" },
		{ "x", "behind " },
		{ "-bin", "\x01" },
	};
	struct bench bench;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (append(&bench, bad[i].name, bad[i].value) !=
		    BECKET_S_INVALID_ARG)
			fail_msg("\"%s\" \"%s\"", bad[i].name, bad[i].value);
	assert_int_equal(bench.entries.size, 0);
	assert_int_equal(append(&bench, "x-bin", "\x01\xff\n "), BECKET_S_OK);
	assert_int_equal(append(&bench, "grpc", "x"), BECKET_S_OK);
	assert_int_equal(append(&bench, "0-9_a.z", "a b"), BECKET_S_OK);
	tear_down(&bench);
}

static void
our_own_names_are_for_us(void **state)
{
	const struct becket_metadata_entry entry = { "becket-session",
		text_bytes("1") };
	struct bench bench;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	assert_int_equal(metadata_append_own(&bench.entries,
	                     (struct becket_bytes){ 0 }, &limits, &entry),
	    BECKET_S_OK);
	assert_true(bench.entries.size > 0);
	tear_down(&bench);
}

/* What may be appended may be sent, and is taken by the other end. */
static void
all_that_is_let_in_fits_into_a_header(void **state)
{
	static char text[8193];
	struct call_header header = { .remaining_us = UINT64_MAX };
	uint8_t *bytes;
	struct bench bench;
	size_t size;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	memset(text, 'x', sizeof text - 1);
	assert_int_equal(append(&bench, "x", text), BECKET_S_LIMIT_EXCEEDED);
	for (size = sizeof text - 1;
	     append(&bench, "x", text) == BECKET_S_LIMIT_EXCEEDED; size--)
		text[size - 1] = '\0';
	assert_true(size > 8100);
	assert_int_equal(append(&bench, "y", "y"), BECKET_S_LIMIT_EXCEEDED);

	header.metadata = buffer_bytes(&bench.entries);
	size = call_header_measure(&header);
	bytes = malloc(size);
	assert_non_null(bytes);
	call_header_encode(&header, bytes);
	assert_int_equal(call_header_decode((struct becket_bytes){ bytes,
	                                        size },
	                     &limits, &header),
	    BECKET_S_OK);
	header = (struct call_header){
		.trailing = buffer_bytes(&bench.entries),
	};
	size = call_header_measure(&header);
	call_header_encode(&header, bytes);
	assert_int_equal(call_header_decode((struct becket_bytes){ bytes,
	                                        size },
	                     &limits, &header),
	    BECKET_S_OK);
	free(bytes);
	tear_down(&bench);
}

static void
entries_are_counted_with_the_others(void **state)
{
	const struct becket_metadata_entry entry = { "x", text_bytes("") };
	struct bench bench, others;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	set_up(&others, TEST_MEMORY_NEVER);
	for (size_t i = 0; i < 60; i++)
		assert_int_equal(append(&others, "x", ""), BECKET_S_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(metadata_append(&bench.entries,
		                     buffer_bytes(&others.entries), &limits,
		                     &entry),
		    BECKET_S_OK);
	assert_int_equal(metadata_append(&bench.entries,
	                     buffer_bytes(&others.entries), &limits, &entry),
	    BECKET_S_LIMIT_EXCEEDED);
	tear_down(&others);
	tear_down(&bench);
}

static struct becket_metadata *
new_metadata(const struct becket_memory *memory)
{
	struct becket_metadata *metadata = memory_new(memory, sizeof *metadata);

	if (metadata == NULL)
		return NULL;
	metadata->memory = memory;
	metadata->limits = &limits;
	metadata->request = buffer_empty(memory);
	return metadata;
}

static void
without_memory_nothing_changes(void **state)
{
	struct becket_metadata_entry entry;
	struct test_memory memory;
	size_t at = 0;

	(void)state;
	do {
		struct becket_metadata *metadata;
		size_t shown = 0;
		becket_status status;

		memory = test_memory(at++);
		metadata = new_metadata(test_memory_of(&memory));
		for (int i = 0; metadata != NULL && i < 40; i++) {
			status =
			    becket_metadata_add(metadata, "x", "01234567", 8);
			shown += status == BECKET_S_OK;
			assert_true(status == BECKET_S_OK || memory.failed);
			/* Unless it was the view that had no memory. */
			assert_false(becket_metadata_at(metadata,
			    BECKET_METADATA_REQUEST, shown, &entry));
		}
		becket_metadata_free(&metadata);
		assert_null(metadata);
		test_memory_end(&memory);
	} while (memory.failed);
	becket_metadata_free(NULL);
}

static void
what_comes_back_replaces_what_came_back_before(void **state)
{
	struct becket_metadata *metadata;
	struct becket_bytes value;
	struct bench bench;

	(void)state;
	set_up(&bench, TEST_MEMORY_NEVER);
	metadata = new_metadata(test_memory_of(&bench.memory));
	assert_int_equal(append(&bench, "a", "1"), BECKET_S_OK);
	metadata_replace(metadata, BECKET_METADATA_TRAILING,
	    buffer_bytes(&bench.entries));
	assert_true(becket_metadata_find(metadata, BECKET_METADATA_TRAILING,
	    "a", &value));
	assert_text(value, "1");
	assert_false(becket_metadata_find(metadata, BECKET_METADATA_INITIAL,
	    "a", &value));
	metadata_replace(metadata, BECKET_METADATA_TRAILING,
	    (struct becket_bytes){ 0 });
	assert_false(becket_metadata_find(metadata, BECKET_METADATA_TRAILING,
	    "a", &value));
	assert_false(becket_metadata_find(metadata,
	    (enum becket_metadata_list)3, "a", &value));
	assert_false(
	    becket_metadata_find(NULL, BECKET_METADATA_TRAILING, "a", &value));
	becket_metadata_free(&metadata);
	tear_down(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_is_shown),
		cmocka_unit_test(no_entries_need_no_view),
		cmocka_unit_test(
		    names_and_values_that_could_not_cross_are_refused),
		cmocka_unit_test(our_own_names_are_for_us),
		cmocka_unit_test(all_that_is_let_in_fits_into_a_header),
		cmocka_unit_test(entries_are_counted_with_the_others),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(
		    what_comes_back_replaces_what_came_back_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
