/* SPDX-License-Identifier: MIT */
#include "services/descriptors.h"

#include <stdio.h>

#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

/* SETS has what protoc makes of sets/NAME.proto with its imports. */
static struct becket_bytes
read_set(const char *name)
{
	static uint8_t bytes[2][16384];
	static unsigned turn;
	char path[256];
	FILE *file;
	size_t size;

	turn ^= 1;
	snprintf(path, sizeof path, "%s/%s.set", SETS, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	size = fread(bytes[turn], 1, sizeof bytes[turn], file);
	assert_in_range(size, 1, sizeof bytes[turn] - 1);
	fclose(file);
	return (struct becket_bytes){ bytes[turn], size };
}

static struct descriptors
load(struct test_memory *memory)
{
	struct descriptors descriptors;

	*memory = test_memory(TEST_MEMORY_NEVER);
	descriptors = descriptors_empty(test_memory_of(memory));
	assert_int_equal(descriptors_add(&descriptors, read_set("shapes"),
	                     false),
	    BECKET_S_OK);
	return descriptors;
}

static void
unload(struct descriptors *descriptors, struct test_memory *memory)
{
	descriptors_fini(descriptors);
	test_memory_end(memory);
}

static void
assert_in(const struct descriptor_file *file, const char *name)
{
	assert_non_null(file);
	assert_text(file->name, name);
}

static void
files_are_found_by_their_names(void **state)
{
	struct test_memory memory;
	struct descriptors d = load(&memory);

	(void)state;
	assert_int_equal(d.count, 3);
	assert_in(descriptors_find_file(&d, text_bytes("shapes.proto")),
	    "shapes.proto");
	assert_in(descriptors_find_file(&d, text_bytes("bare.proto")),
	    "bare.proto");
	assert_null(descriptors_find_file(&d, text_bytes("bare")));
	assert_null(descriptors_find_file(&d, text_bytes("")));
	assert_text(d.files[2].package, "unit.shapes");
	unload(&d, &memory);
}

static void
symbols_of_every_kind_are_found(void **state)
{
	static const char *const shapes[] = {
		"unit.shapes.Outer",
		"unit.shapes.Outer.inner",
		"unit.shapes.Outer.choice",
		"unit.shapes.Outer.text",
		"unit.shapes.Outer.Inner",
		"unit.shapes.Outer.Inner.core",
		"unit.shapes.Outer.Inner.Core",
		"unit.shapes.Outer.Inner.Core.size",
		"unit.shapes.Outer.Inner.Size",
		"unit.shapes.Outer.Inner.LARGE",
		"unit.shapes.Outer.Inner.inner_extra",
		"unit.shapes.label",
		"unit.shapes.Painter",
		"unit.shapes.Painter.Paint",
		"unit.shapes.Painter.Watch",
	};
	struct test_memory memory;
	struct descriptors d = load(&memory);

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		assert_in(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
		              text_bytes(shapes[i])),
		    "shapes.proto");
	assert_in(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
	              text_bytes("unit.colours.Palette.BaresEntry.value")),
	    "colours.proto");
	assert_in(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
	              text_bytes("unit.colours.RED")),
	    "colours.proto");
	assert_in(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
	              text_bytes("Bare.name")),
	    "bare.proto");
	assert_in(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
	              text_bytes("PLAIN")),
	    "bare.proto");
	unload(&d, &memory);
}

static void
what_is_almost_a_symbol_is_none(void **state)
{
	static const char *const symbols[] = {
		"",
		".",
		"unit",
		"unit.shapes",
		"unit.shapes.",
		".unit.shapes.Outer",
		"unit.shapes.Oute",
		"unit.shapes.Outer.",
		"unit.shapes.Outer..Inner",
		"unit.shapes.Outers",
		"Outer",
		"shapes.Outer",
		"unit.shapes.Bare",
		"unit.shapes.Outer.Size",
		"unit.shapes.Outer.Inner.Size.LARGE",
		"unit.shapes.Painter.Paint.Outer",
		"unit.colours.Colour.RED",
		"BareKind.PLAIN",
	};
	struct test_memory memory;
	struct descriptors d = load(&memory);

	(void)state;
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		assert_null(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
		    text_bytes(symbols[i])));
	unload(&d, &memory);
}

static void
a_file_comes_before_what_it_imports_and_each_once(void **state)
{
	struct becket_bytes files[3];
	struct test_memory memory;
	struct descriptors d = load(&memory);
	const struct descriptor_file *shapes =
	    descriptors_find_file(&d, text_bytes("shapes.proto"));
	const struct descriptor_file *bare =
	    descriptors_find_file(&d, text_bytes("bare.proto"));

	(void)state;
	assert_int_equal(descriptors_closure(&d, shapes, files), 3);
	assert_ptr_equal(files[0].data, shapes->bytes.data);
	assert_ptr_not_equal(files[1].data, files[2].data);
	assert_ptr_not_equal(files[1].data, files[0].data);
	assert_ptr_not_equal(files[2].data, files[0].data);
	assert_int_equal(descriptors_closure(&d, bare, files), 1);
	assert_ptr_equal(files[0].data, bare->bytes.data);
	unload(&d, &memory);
}

static void
the_same_file_of_two_sets_is_kept_once(void **state)
{
	struct test_memory memory;
	struct descriptors d = load(&memory);
	struct becket_bytes files[8];
	size_t owners = 0;

	(void)state;
	assert_int_equal(descriptors_add(&d, read_set("colours"), false),
	    BECKET_S_OK);
	assert_int_equal(descriptors_add(&d, read_set("shapes"), true),
	    BECKET_S_OK);
	assert_int_equal(d.count, 3 + 2 + 3);
	for (size_t i = 0; i < d.count; i++) {
		const struct descriptor_file *first =
		    descriptors_find_file(&d, d.files[i].name);

		assert_ptr_equal(d.files[i].bytes.data, first->bytes.data);
		owners += !d.files[i].is_copy;
	}
	assert_int_equal(owners, 3);
	assert_int_equal(descriptors_closure(&d,
	                     descriptors_find_file(&d,
	                         text_bytes("shapes.proto")),
	                     files),
	    3);
	assert_int_equal(descriptors_extensions(&d,
	                     text_bytes("unit.shapes.Outer"), NULL, 0),
	    3);
	unload(&d, &memory);
}

static void
extensions_are_found_by_type_and_number(void **state)
{
	const struct becket_bytes outer = text_bytes("unit.shapes.Outer");
	const struct becket_bytes inner = text_bytes("unit.shapes.Outer.Inner");
	struct test_memory memory;
	struct descriptors d = load(&memory);
	int32_t numbers[4];

	(void)state;
	assert_in(descriptors_find_extension(&d, outer, 1001), "shapes.proto");
	assert_in(descriptors_find_extension(&d, outer, 1003), "shapes.proto");
	assert_in(descriptors_find_extension(&d, inner, 150), "shapes.proto");
	assert_null(descriptors_find_extension(&d, inner, 1001));
	assert_null(descriptors_find_extension(&d, outer, 0));
	assert_null(descriptors_find_extension(&d, text_bytes(""), 1001));
	assert_int_equal(descriptors_extensions(&d, outer, numbers, 4), 3);
	assert_int_equal(numbers[0] + numbers[1] + numbers[2],
	    1001 + 1003 + 536870911);
	assert_int_equal(descriptors_extensions(&d, outer, numbers, 1), 3);
	assert_int_equal(descriptors_extensions(&d, text_bytes("Bare"), NULL,
	                     0),
	    0);
	unload(&d, &memory);
}

static void
a_set_cut_anywhere_breaks_nothing(void **state)
{
	struct becket_bytes set = read_set("shapes");

	(void)state;
	for (size_t size = 0; size < set.size; size++) {
		uint8_t *cut = exact_copy(set.data, size);
		struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
		struct descriptors d =
		    descriptors_empty(test_memory_of(&memory));
		becket_status status = descriptors_add(&d,
		    (struct becket_bytes){ cut, size }, false);

		free(cut);
		assert_true(
		    status == BECKET_S_OK || status == BECKET_S_TRUNCATED);
		assert_true(d.count < 3);
		assert_null(descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET,
		    text_bytes("unit.shapes.Outer")));
		unload(&d, &memory);
	}
}

static void
memory_that_fails_anywhere_leaves_nothing(void **state)
{
	struct becket_bytes set = read_set("shapes");

	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory memory = test_memory(n);
		struct descriptors d =
		    descriptors_empty(test_memory_of(&memory));
		becket_status status = descriptors_add(&d, set, false);

		assert_int_equal(status,
		    memory.failed ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK);
		unload(&d, &memory);
		if (!memory.failed)
			return;
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_their_names),
		cmocka_unit_test(symbols_of_every_kind_are_found),
		cmocka_unit_test(what_is_almost_a_symbol_is_none),
		cmocka_unit_test(
		    a_file_comes_before_what_it_imports_and_each_once),
		cmocka_unit_test(the_same_file_of_two_sets_is_kept_once),
		cmocka_unit_test(extensions_are_found_by_type_and_number),
		cmocka_unit_test(a_set_cut_anywhere_breaks_nothing),
		cmocka_unit_test(memory_that_fails_anywhere_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
