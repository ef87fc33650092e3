/* SPDX-License-Identifier: MIT */
/* Interfaces that have brought along different files of one name: made from one
 * .proto at different times, or by people who know nothing of each other.
 */
#include "services/catalogue.h"

#include "becket_stub.h"
#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

/* Field numbers of google/protobuf/descriptor.proto. */
enum { FILE = 1, NAME = 1, PACKAGE = 2, IMPORT = 3, MESSAGE = 4, SERVICE = 6 };

struct made {
	uint8_t bytes[127];
	size_t size;
};

static void
put(struct made *to, unsigned number, const void *data, size_t size)
{
	assert_true(size < 128 && to->size + 2 + size <= sizeof to->bytes);
	to->bytes[to->size++] = (uint8_t)(number << 3 | 2);
	to->bytes[to->size++] = (uint8_t)size;
	memcpy(to->bytes + to->size, data, size);
	to->size += size;
}

static void
put_text(struct made *to, unsigned number, const char *text)
{
	put(to, number, text, strlen(text));
}

/* A file of package p with a message or a service; import may be NULL. */
static void
put_file(struct made *set, const char *name, const char *import, unsigned kind,
    const char *thing)
{
	struct made file = { .size = 0 }, inner = { .size = 0 };

	put_text(&inner, NAME, thing);
	put_text(&file, NAME, name);
	put_text(&file, PACKAGE, "p");
	if (import != NULL)
		put_text(&file, IMPORT, import);
	put(&file, kind, inner.bytes, inner.size);
	put(set, FILE, file.bytes, file.size);
}

static void
register_if(struct catalogue *catalogue, const char *name, uint16_t major,
    const struct made *set)
{
	const struct becket_interface interface = {
		.name = name,
		.major = major,
		.file_set = { set->bytes, set->size },
	};

	assert_int_equal(catalogue_add(catalogue, &interface), BECKET_S_OK);
}

/* Is the message p.NAME in what is given for a symbol? */
static bool
comes_with(const struct catalogue *catalogue, const char *symbol,
    const char *message)
{
	const struct descriptor_file *file =
	    catalogue_find_symbol(catalogue, symbol);
	struct becket_bytes files[16];
	size_t count, found = 0;

	assert_non_null(file);
	count = descriptors_closure(&catalogue->descriptors, file, files);
	for (size_t i = 0; i < count; i++)
		found += memmem(files[i].data, files[i].size, message,
		             strlen(message)) != NULL;
	assert_true(found < 2);
	return found == 1;
}

/* Two interfaces, each with its own "common". */
static struct catalogue
load_two(struct test_memory *memory)
{
	struct made one = { .size = 0 }, other = { .size = 0 };
	struct catalogue catalogue;

	*memory = test_memory(TEST_MEMORY_NEVER);
	catalogue = catalogue_empty(test_memory_of(memory));
	put_file(&one, "common", NULL, MESSAGE, "OfOne");
	put_file(&one, "one", "common", SERVICE, "One");
	put_file(&other, "common", NULL, MESSAGE, "OfOther");
	put_file(&other, "other", "common", SERVICE, "Other");
	register_if(&catalogue, "p.One", 1, &one);
	register_if(&catalogue, "p.Other", 1, &other);
	return catalogue;
}

static void
unload(struct catalogue *catalogue, struct test_memory *memory)
{
	catalogue_fini(catalogue);
	test_memory_end(memory);
}

static void
an_import_is_what_the_interface_has_brought_along(void **state)
{
	struct test_memory memory;
	struct catalogue catalogue = load_two(&memory);

	(void)state;
	assert_true(comes_with(&catalogue, "p.One", "OfOne"));
	assert_false(comes_with(&catalogue, "p.One", "OfOther"));
	assert_true(comes_with(&catalogue, "p.Other", "OfOther"));
	assert_false(comes_with(&catalogue, "p.Other", "OfOne"));
	/* the symbol says which "common" */
	assert_true(comes_with(&catalogue, "p.OfOther", "OfOther"));
	assert_true(comes_with(&catalogue, "p.OfOne", "OfOne"));
	assert_null(catalogue_find_symbol(&catalogue, "p.OfNobody"));
	unload(&catalogue, &memory);
}

static void
an_import_that_was_not_brought_along_is_anybodys(void **state)
{
	struct test_memory memory;
	struct catalogue catalogue = load_two(&memory);
	struct made third = { .size = 0 };

	(void)state;
	put_file(&third, "third", "common", SERVICE, "Third");
	register_if(&catalogue, "p.Third", 1, &third);
	assert_true(comes_with(&catalogue, "p.Third", "OfOne"));
	unload(&catalogue, &memory);
}

/* Not even of one whose name begins like its own. */
static void
an_interface_is_what_itself_says_and_not_a_copy_of_others(void **state)
{
	struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
	struct catalogue catalogue = catalogue_empty(test_memory_of(&memory));
	struct made user = { .size = 0 }, real = { .size = 0 };

	(void)state;
	put_file(&user, "real", "old", SERVICE, "Real");
	put_file(&user, "old", NULL, MESSAGE, "Stale");
	put_file(&user, "user", "real", SERVICE, "Re");
	put_file(&real, "real", NULL, SERVICE, "Real");
	register_if(&catalogue, "p.Re", 9, &user);
	register_if(&catalogue, "p.Real", 1, &real);
	assert_true(comes_with(&catalogue, "p.Re", "Stale"));
	assert_false(comes_with(&catalogue, "p.Real", "Stale"));
	unload(&catalogue, &memory);
}

/* As gRPC calls it, whichever was registered first. */
static void
of_two_versions_the_higher_one_is_described(void **state)
{
	struct made sets[2] = { { .size = 0 }, { .size = 0 } };

	(void)state;
	put_file(&sets[0], "types", NULL, MESSAGE, "Early");
	put_file(&sets[0], "a", "types", SERVICE, "A");
	put_file(&sets[1], "types", NULL, MESSAGE, "Late");
	put_file(&sets[1], "a", "types", SERVICE, "A");
	for (unsigned order = 0; order < 2; order++) {
		struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
		struct catalogue catalogue =
		    catalogue_empty(test_memory_of(&memory));
		const struct descriptor_file *types;

		for (unsigned i = 0; i < 2; i++)
			register_if(&catalogue, "p.A",
			    (uint16_t)(1 + (order ^ i)), &sets[order ^ i]);
		assert_int_equal(catalogue_count(&catalogue), 1);
		assert_true(comes_with(&catalogue, "p.A", "Late"));
		types = descriptors_find_file(&catalogue.descriptors,
		    text_bytes("types"));
		assert_non_null(
		    memmem(types->bytes.data, types->bytes.size, "Late", 4));
		assert_true(comes_with(&catalogue, "p.Early", "Early"));
		unload(&catalogue, &memory);
	}
}

static void
memory_that_fails_anywhere_leaves_nothing(void **state)
{
	struct made set = { .size = 0 };
	const struct becket_interface interface = {
		.name = "p.A",
		.file_set = { set.bytes, 0 },
	};

	(void)state;
	put_file(&set, "a", NULL, SERVICE, "A");
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory memory = test_memory(n);
		struct catalogue catalogue =
		    catalogue_empty(test_memory_of(&memory));
		struct becket_interface one = interface;
		becket_status status;

		one.file_set.size = set.size;
		status = catalogue_add(&catalogue, &one);
		assert_int_equal(status,
		    memory.failed ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK);
		assert_int_equal(catalogue_count(&catalogue), !memory.failed);
		unload(&catalogue, &memory);
		if (!memory.failed)
			return;
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_import_is_what_the_interface_has_brought_along),
		cmocka_unit_test(
		    an_import_that_was_not_brought_along_is_anybodys),
		cmocka_unit_test(
		    an_interface_is_what_itself_says_and_not_a_copy_of_others),
		cmocka_unit_test(of_two_versions_the_higher_one_is_described),
		cmocka_unit_test(memory_that_fails_anywhere_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
