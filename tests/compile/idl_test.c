/* SPDX-License-Identifier: MIT */
/* Parts of the IDL compiler that have known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "idl/identity.h"
#include "idl/layout.h"
#include "idl/names.h"
#include "idl/sha1.h"
#include "idl/values.h"

static struct arena arena;

static int
begin(void **state)
{
	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void
assert_sha1(const char *text, const char *expected)
{
	uint8_t digest[SHA1_SIZE];
	const char *hex = "";

	sha1(text, strlen(text), digest);
	for (size_t i = 0; i < SHA1_SIZE; i++)
		hex = text_print(&arena, "%s%02x", hex, digest[i]);
	assert_string_equal(hex, expected);
}

static void
sha1_answers_as_rfc_3174_says(void **state)
{
	(void)state;
	assert_sha1("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	assert_sha1("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* 55 bytes end in one block, 56 need two; 64 fill one. From Python's hashlib.
 */
static void
sha1_pads_at_every_edge_of_a_block(void **state)
{
	(void)state;
	assert_sha1("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	assert_sha1("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "c2db330f6083854c99d4b5bfb6e8f29f201be699");
	assert_sha1("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	            "aaaaaa",
	    "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

static void
assert_uuid(struct becket_uuid uuid, const char *expected)
{
	char text[BECKET_UUID_TEXT_SIZE];

	becket_uuid_to_string(&uuid, text);
	assert_string_equal(text, expected);
}

/* The DNS namespace of RFC 4122 appendix C, and uuid5() of Python's manual. */
static void
derived_uuids_are_those_of_rfc_4122(void **state)
{
	static const struct becket_uuid dns = { 0x6ba7b810, 0x9dad, 0x11d1,
		{ 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 } };

	(void)state;
	assert_uuid(identity_derive_in(&dns, "python.org"),
	    "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

static void
services_without_options_have_the_uuids_of_section_6(void **state)
{
	(void)state;
	assert_uuid(identity_derive("helloworld.Greeter"),
	    "2b6cd5f0-7ac7-513e-8c42-b35c3f03fbe9");
	assert_uuid(identity_derive("grpc.health.v1.Health"),
	    "33bf8bdf-f5d2-582e-8bbb-3acd2401d5ec");
	assert_uuid(identity_derive("Bare"),
	    "e03cc3f5-0c33-5505-8972-b13791df0546");
}

static void
names_follow_protobuf_c(void **state)
{
	(void)state;
	assert_string_equal(names_type(&arena, "a_b.cD.HTTPServerIDs_foo"),
	    "AB__CD__HTTPServerIDsFoo");
	assert_string_equal(names_lower(&arena, "a_b.cD.HTTPServerIDs_foo"),
	    "a_b__c_d__httpserver_ids_foo");
	assert_string_equal(names_upper(&arena, "a_b.cD.HTTPServerIDs_foo"),
	    "A_B__C_D__HTTPSERVER_IDS_FOO");
	assert_string_equal(names_member(&arena, "newField"), "newfield");
	assert_string_equal(names_member(&arena, "Class"), "class_");
	assert_string_equal(names_member(&arena, "nullptr"), "nullptr_");
	assert_string_equal(names_told(&arena, "nullPtr"), "nullPtr_");
	assert_string_equal(names_told(&arena, "Class"), "Class");
	assert_string_equal(names_told(&arena, "newField"), "newField");
	assert_string_equal(names_case(&arena, "what_Ever"), "what__ever_case");
	assert_string_equal(names_case_type(&arena, "a.M", "what_Ever"),
	    "A__M__WhatEverCase");
}

static void
our_names_have_one_underscore_for_a_dot(void **state)
{
	(void)state;
	assert_string_equal(names_snake(&arena, "calc.v2.Calculator"),
	    "calc_v2_calculator");
	assert_string_equal(names_guard(&arena, "3/a-b.c", "_BECKET_H"),
	    "FILE_3_A_B_C_BECKET_H");
}

static void
words_of_compilers_are_reserved(void **state)
{
	(void)state;
	assert_string_equal(names_reserved("restrict"), "a keyword of C");
	assert_string_equal(names_reserved("delete"), "a keyword of C++");
	assert_non_null(names_reserved("linux"));
	assert_null(names_reserved("deleted"));
	assert_null(names_reserved(""));
}

static void
timeouts_have_a_unit(void **state)
{
	uint32_t milliseconds = 7;

	(void)state;
	assert_true(value_timeout("250ms", &milliseconds));
	assert_int_equal(milliseconds, 250);
	assert_true(value_timeout("2m", &milliseconds));
	assert_int_equal(milliseconds, 120000);
	assert_true(value_timeout("1193h", &milliseconds));
	assert_int_equal(milliseconds, 4294800000);
	assert_false(value_timeout("4294967296ms", &milliseconds));
	assert_false(value_timeout("5 s", &milliseconds));
	assert_int_equal(milliseconds, 4294800000);
}

static void
assert_layout(const char *line, const char *expected)
{
	struct buffer text = buffer_empty(&idl_memory);

	layout_line(&text, line, strlen(line));
	text_put_bytes(&text, "", 1);
	assert_string_equal((char *)text.data, expected);
	buffer_fini(&text);
}

static void
lines_are_broken_behind_commas(void **state)
{
	(void)state;
	assert_layout("\tstatus = becket_stub_call(binding, "
	              "&calc_calculator_v1_interface, 12, &request, &reply);",
	    "\tstatus = becket_stub_call(binding, "
	    "&calc_calculator_v1_interface, 12,\n"
	    "\t    &request, &reply);\n");
}

static void
assert_comment(const char *comment, const char *expected)
{
	struct buffer text = buffer_empty(&idl_memory);

	layout_comment(&text, "", comment);
	text_put_bytes(&text, "", 1);
	assert_string_equal((char *)text.data, expected);
	buffer_fini(&text);
}

static void
a_comment_cannot_end_itself(void **state)
{
	(void)state;
	assert_comment(" a */ b /* c **/ /*/ d\n",
	    "/* a * / b / * c ** / / * / d */\n");
	assert_comment(" a\n\n b\r\n\n", "/* a\n *\n * b\n */\n");
	assert_comment("", "/* */\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_answers_as_rfc_3174_says),
		cmocka_unit_test(sha1_pads_at_every_edge_of_a_block),
		cmocka_unit_test(derived_uuids_are_those_of_rfc_4122),
		cmocka_unit_test(
		    services_without_options_have_the_uuids_of_section_6),
		cmocka_unit_test(names_follow_protobuf_c),
		cmocka_unit_test(our_names_have_one_underscore_for_a_dot),
		cmocka_unit_test(words_of_compilers_are_reserved),
		cmocka_unit_test(timeouts_have_a_unit),
		cmocka_unit_test(lines_are_broken_behind_commas),
		cmocka_unit_test(a_comment_cannot_end_itself),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
