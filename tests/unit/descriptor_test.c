/* SPDX-License-Identifier: MIT */
/* Descriptors that nobody could have written as a .proto: a server may send
 * them. What is well-formed is the fuzzers' affair, which ask C++.
 */
#include "client/descriptor.h"

#include <stdio.h>

#include "client/describe.h"
#include "client/json_decode.h"
#include "client/message_bytes.h"
#include "client/quote.h"
#include "unit.h"

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
	NAME = 1,
	PACKAGE = 2,
	MESSAGE = 4,
	MESSAGE_FIELD = 2,
	MESSAGE_MESSAGE = 3,
	MESSAGE_OPTIONS = 7,
	MESSAGE_RESERVED_NAME = 10,
	MAP_ENTRY = 7,
	NUMBER = 3,
	LABEL = 4,
	TYPE = 5,
	TYPE_NAME = 6,
	OPTIONAL = 1,
};

static struct arena arena;

static int
free_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void
put_text(struct buffer *buffer, uint32_t number, const char *text)
{
	message_put_sized(buffer, number,
	    (struct becket_bytes){ (const uint8_t *)text, strlen(text) });
}

static void
put_number(struct buffer *buffer, uint32_t number, uint64_t value)
{
	message_put_tag(buffer, number, PROTOBUF_VARINT);
	message_put_varint(buffer, value);
}

static void
put_inner(struct buffer *buffer, uint32_t number, struct buffer *inner)
{
	message_put_sized(buffer, number, buffer_bytes(inner));
	buffer_fini(inner);
}

static struct buffer
begin(const char *name)
{
	struct buffer thing = buffer_empty(&idl_memory);

	put_text(&thing, NAME, name);
	return thing;
}

static void
put_field(struct buffer *message, const char *name, uint32_t number,
    enum proto_type type, const char *type_name)
{
	struct buffer field = begin(name);

	put_number(&field, NUMBER, number);
	put_number(&field, LABEL, OPTIONAL);
	put_number(&field, TYPE, type);
	if (type_name != NULL)
		put_text(&field, TYPE_NAME, type_name);
	put_inner(message, MESSAGE_FIELD, &field);
}

/* The sentence of the refusal; NULL: the pool has it. */
static const char *
link_message(const char *package, struct buffer *message,
    struct pool **ret_pool)
{
	struct buffer file = begin("evil.proto");
	const char *sentence;

	*ret_pool = pool_new(&arena);
	put_text(&file, PACKAGE, package);
	put_inner(&file, MESSAGE, message);
	sentence = pool_add(*ret_pool, buffer_bytes(&file));
	buffer_fini(&file);
	return sentence != NULL ? sentence : pool_link(*ret_pool);
}

static void
group_that_stands_in_itself_is_refused(void **state)
{
	struct buffer message = begin("A");
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	put_field(&message, "a", 1, PROTO_GROUP, ".e.A");
	assert_string_equal(link_message("e", &message, &pool),
	    "e.A.a is neither a map nor a group");
}

static void
group_in_its_place_is_described(void **state)
{
	struct buffer message = begin("A"), inner = begin("Inner");
	struct buffer text = buffer_empty(&idl_memory);
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	put_field(&inner, "i", 1, PROTO_INT32, NULL);
	put_field(&message, "inner", 1, PROTO_GROUP, ".e.A.Inner");
	put_inner(&message, MESSAGE_MESSAGE, &inner);
	assert_null(link_message("e", &message, &pool));
	describe_symbol(pool, pool_find(pool, "e.A"), &text);
	text_put_bytes(&text, "", 1);
	assert_string_equal((const char *)text.data,
	    "message A {\n  optional group Inner = 1 {\n"
	    "    optional int32 i = 1;\n  }\n}\n");
	buffer_fini(&text);
}

static void
map_that_is_its_own_value_is_refused(void **state)
{
	struct buffer message = begin("A"), entry = begin("E");
	struct buffer options = buffer_empty(&idl_memory);
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	put_number(&options, MAP_ENTRY, 1);
	put_inner(&entry, MESSAGE_OPTIONS, &options);
	put_field(&entry, "key", 1, PROTO_INT32, NULL);
	put_field(&entry, "value", 2, PROTO_MESSAGE, ".e.A.E");
	put_inner(&message, MESSAGE_MESSAGE, &entry);
	assert_string_equal(link_message("e", &message, &pool),
	    "e.A.E.value is neither a map nor a group");
}

static void
value_in_a_value_in_a_value_is_refused(void **state)
{
	enum { DEEP = 100000 };
	struct buffer message = begin("Value");
	struct buffer all = buffer_empty(&idl_memory);
	struct buffer out = buffer_empty(&idl_memory);
	struct json_decode decode = { .arena = &arena };
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	put_field(&message, "v", 1, PROTO_MESSAGE, ".google.protobuf.Value");
	assert_null(link_message("google.protobuf", &message, &pool));
	/* From its end: heads of fields of 5 bytes each. */
	for (uint32_t i = DEEP; i-- > 0;) {
		uint32_t size = 5 * i;
		uint8_t head[] = { 0x0a, (uint8_t)(size | 0x80),
			(uint8_t)(size >> 7 | 0x80),
			(uint8_t)(size >> 14 | 0x80), (uint8_t)(size >> 21) };

		text_put_bytes(&all, head, sizeof head);
	}
	decode.pool = pool;
	assert_false(
	    json_decode(&decode, pool_message(pool, "google.protobuf.Value"),
	        buffer_bytes(&all), &out));
	assert_string_equal(decode.sentence, "a Value has a Value in it");
	buffer_fini(&all);
	buffer_fini(&out);
}

/* Each in a line of its own would be gigabytes. */
static void
many_names_need_little_memory(void **state)
{
	enum { NAMES = 20000 };
	struct buffer message = begin("A"), text = buffer_empty(&idl_memory);
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, 32 << 20);
	for (unsigned i = 0; i < NAMES; i++)
		put_text(&message, MESSAGE_RESERVED_NAME, "name");
	assert_null(link_message("e", &message, &pool));
	describe_symbol(pool, pool_find(pool, "e.A"), &text);
	assert_true(text.size > NAMES * sizeof "name");
	buffer_fini(&text);
}

static void
template_of_a_message_in_itself_ends(void **state)
{
	enum { FIELDS = 200 };
	struct buffer message = begin("A"), out = buffer_empty(&idl_memory);
	struct json_decode decode = { .arena = &arena,
		.emits_defaults = true,
		.is_template = true };
	char name[16];
	struct pool *pool;

	(void)state;
	arena = arena_empty(&idl_memory, SIZE_MAX);
	for (unsigned i = 0; i < FIELDS; i++) {
		snprintf(name, sizeof name, "f%u", i);
		put_field(&message, name, i + 1, PROTO_MESSAGE, ".e.A");
	}
	assert_null(link_message("e", &message, &pool));
	decode.pool = pool;
	assert_true(json_decode(&decode, pool_message(pool, "e.A"),
	    (struct becket_bytes){ 0 }, &out));
	assert_true(out.size < 2 << 20);
	buffer_fini(&out);
}

static void
terminal_gets_no_commands(void **state)
{
	struct buffer text = buffer_empty(&idl_memory);

	(void)state;
	assert_int_equal(quote_plain(&text, "\x1b[31m \xc2\x9b"
	                                    "31m \xc3\xa4 \xff"),
	    14);
	text_put_bytes(&text, "", 1);
	assert_string_equal((const char *)text.data, "?[31m ?31m \xc3\xa4 ?");
	buffer_fini(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_arena)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(group_that_stands_in_itself_is_refused),
		TEST(group_in_its_place_is_described),
		TEST(map_that_is_its_own_value_is_refused),
		TEST(value_in_a_value_in_a_value_is_refused),
		TEST(many_names_need_little_memory),
		TEST(template_of_a_message_in_itself_ends),
		TEST(terminal_gets_no_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
