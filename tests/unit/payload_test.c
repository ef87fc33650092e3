/* SPDX-License-Identifier: MIT */
#include "payload/protobuf_c.h"

#include "test_memory.h"
#include "tests/fuzz/everything.pb-c.h"
#include "tests/fuzz/strict.pb-c.h"
#include "unit.h"
#include "wire/protobuf.h"

enum { BLOCK_HEAD = 32 }; /* of an arena */

static const struct budget plenty = {
	.depth = 100,
	.elements = 1 << 20,
	.size = 64 << 20,
};

static const struct becket_type everything = {
	.codec = &becket_codec_protobuf_c,
	.descriptor = &everything__everything__descriptor,
	.size = sizeof(Everything__Everything),
};

static const struct becket_type strict = {
	.codec = &becket_codec_protobuf_c,
	.descriptor = &strict__strict__descriptor,
	.size = sizeof(Strict__Strict),
};

static const struct becket_type raw = {
	.codec = &becket_codec_bytes,
	.size = sizeof(struct becket_bytes),
};

/* ---------------------------------------------- messages under construction */

/* Fields one behind the other. */
struct message {
	uint8_t data[1 << 17];
	struct cursor c;
};

static struct message *
message_new(void)
{
	struct message *m = calloc(1, sizeof *m);

	assert_non_null(m);
	m->c = cursor_put(m->data, sizeof m->data);
	return m;
}

static struct becket_bytes
message_bytes(const struct message *m)
{
	assert_int_equal(m->c.status, BECKET_S_OK);
	return (struct becket_bytes){ m->data, m->c.at };
}

static void
put_hex(struct message *m, const char *hex)
{
	uint8_t bytes[256];
	size_t size = from_hex(hex, bytes);

	cursor_fixed(&m->c, bytes, size);
}

/* ----------------------------------------------------- check, then decode */

static becket_status
check(const struct becket_type *type, struct becket_bytes wire,
    const struct budget *budget, size_t *ret_size)
{
	uint8_t *exact = exact_copy(wire.data, wire.size);
	becket_status status;

	status = type->codec->check(type,
	    (struct becket_bytes){ exact, wire.size }, budget, ret_size);
	free(exact);
	return status;
}

/* In an arena of exactly what check said: that must be enough. Nor may check
 * say far too much.
 */
static becket_status
decode_in_what_check_says(const struct becket_type *type,
    struct becket_bytes wire, struct test_memory *m, struct arena *arena,
    void **ret_message)
{
	becket_status status;
	size_t size;

	status = check(type, wire, &plenty, &size);
	if (status != BECKET_S_OK)
		return status;
	*arena = arena_empty(test_memory_of(m), size + BLOCK_HEAD);
	arena_expect(arena, size);
	status = type->codec->decode(type, wire, arena, ret_message);
	assert_int_not_equal(status, BECKET_S_OUT_OF_MEMORY);
	assert_int_equal(m->allocations, 1);
	assert_true(m->peak <= size + BLOCK_HEAD + 15);
	return status;
}

static void
assert_accepted(const struct becket_type *type, struct becket_bytes wire)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena arena = { 0 };
	void *message;

	assert_int_equal(decode_in_what_check_says(type, wire, &m, &arena,
	                     &message),
	    BECKET_S_OK);
	arena_fini(&arena);
	test_memory_end(&m);
}

static void
assert_refused(const struct becket_type *type, struct becket_bytes wire,
    becket_status status)
{
	size_t untouched = 4711;

	assert_int_equal(check(type, wire, &plenty, &untouched), status);
	assert_int_equal(untouched, 4711);
}

static void
assert_hex_accepted(const struct becket_type *type, const char *hex)
{
	uint8_t bytes[256];

	assert_accepted(type,
	    (struct becket_bytes){ bytes, from_hex(hex, bytes) });
}

static void
assert_hex_refused(const struct becket_type *type, const char *hex,
    becket_status status)
{
	uint8_t bytes[256];

	assert_refused(type,
	    (struct becket_bytes){ bytes, from_hex(hex, bytes) }, status);
}

/* ------------------------------------------------------------- the codecs */

static void
bytes_are_their_own_encoding(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct becket_bytes wire = text_bytes("anything at all");
	struct arena arena = { 0 };
	struct becket_bytes empty;
	void *message = NULL;
	uint8_t again[32];

	(void)state;
	assert_int_equal(decode_in_what_check_says(&raw, wire, &m, &arena,
	                     &message),
	    BECKET_S_OK);
	assert_ptr_equal(((struct becket_bytes *)message)->data, wire.data);
	assert_int_equal(raw.codec->measure(&raw, message), wire.size);
	raw.codec->encode(&raw, message, again);
	assert_memory_equal(again, wire.data, wire.size);
	arena_fini(&arena);
	test_memory_end(&m);

	raw.codec->init(&raw, &empty);
	assert_int_equal(raw.codec->measure(&raw, &empty), 0);
	raw.codec->encode(&raw, &empty, again);
}

static void
bytes_without_memory_say_so(void **state)
{
	struct test_memory m = test_memory(0);
	struct arena arena = arena_empty(test_memory_of(&m), 1000);
	void *message;

	(void)state;
	assert_int_equal(raw.codec->decode(&raw, text_bytes("x"), &arena,
	                     &message),
	    BECKET_S_OUT_OF_MEMORY);
	arena_fini(&arena);
	test_memory_end(&m);
}

/* Something of every kind. */
static void
fill(Everything__Everything *e, Everything__Small *small,
    Everything__Everything *self)
{
	static int32_t numbers[] = { 1, -1, 0, INT32_MIN, INT32_MAX };
	static double doubles[] = { 0.5, -1e300 };
	static protobuf_c_boolean bools[] = { 1, 0, 1 };
	static char one[] = "one", none[] = "", zero[] = "z\xc3\xa9ro",
	            text[] = "text", inner[] = "inner", outer[] = "outer",
	            chosen[] = "chosen", end[] = "end";
	static char *strings[] = { one, none, zero };
	static Everything__Small *smalls[3];
	static Everything__Everything *selves[1];

	everything__small__init(small);
	small->number = -7;
	small->text = text;
	everything__everything__init(self);
	self->one_string = inner;
	for (int i = 0; i < 3; i++)
		smalls[i] = small;
	selves[0] = self;
	e->one_double = 0.25;
	e->one_int64 = INT64_MIN;
	e->one_sint32 = -5;
	e->one_bool = 1;
	e->one_string = outer;
	e->one_bytes = (ProtobufCBinaryData){ 3, (uint8_t *)strings[0] };
	e->one_colour = EVERYTHING__COLOUR__COLOUR_NEGATIVE;
	e->one_small = small;
	e->one_self = self;
	e->n_int32s = e->n_loose_int32s = 5;
	e->int32s = e->loose_int32s = numbers;
	e->n_doubles = 2;
	e->doubles = doubles;
	e->n_bools = 3;
	e->bools = bools;
	e->n_strings = 3;
	e->strings = strings;
	e->n_smalls = 3;
	e->smalls = smalls;
	e->n_selves = 1;
	e->selves = selves;
	e->choice_case = EVERYTHING__EVERYTHING__CHOICE_CHOICE_STRING;
	e->choice_string = chosen;
	e->far = 99;
	e->farthest = end;
}

static struct becket_bytes
filled_wire(uint8_t *bytes)
{
	Everything__Everything e, self;
	Everything__Small small;

	everything.codec->init(&everything, &e);
	fill(&e, &small, &self);
	everything.codec->encode(&everything, &e, bytes);
	return (struct becket_bytes){ bytes,
		everything.codec->measure(&everything, &e) };
}

static void
everything_survives_a_round_trip(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena arena = { 0 };
	uint8_t bytes[1024], again[1024];
	struct becket_bytes wire = filled_wire(bytes);
	Everything__Everything *e;
	void *message = NULL;

	(void)state;
	assert_int_equal(decode_in_what_check_says(&everything, wire, &m,
	                     &arena, &message),
	    BECKET_S_OK);
	e = message;
	assert_string_equal(e->one_string, "outer");
	assert_string_equal(e->one_self->one_string, "inner");
	assert_int_equal(e->one_small->number, -7);
	assert_int_equal(e->n_int32s, 5);
	assert_int_equal(e->int32s[3], INT32_MIN);
	assert_int_equal(e->bools[2], 1);
	assert_string_equal(e->strings[2], "z\xc3\xa9ro");
	assert_string_equal(e->choice_string, "chosen");
	assert_int_equal(everything.codec->measure(&everything, e), wire.size);
	everything.codec->encode(&everything, e, again);
	assert_memory_equal(again, bytes, wire.size);
	arena_fini(&arena);
	test_memory_end(&m);
}

static void
everything_without_memory_says_so_wherever_it_ends(void **state)
{
	uint8_t bytes[1024];
	struct becket_bytes wire = filled_wire(bytes);
	size_t needed;

	(void)state;
	assert_int_equal(check(&everything, wire, &plenty, &needed),
	    BECKET_S_OK);
	for (size_t cap = 0; cap < needed + BLOCK_HEAD; cap += 16) {
		struct test_memory m = test_memory(TEST_MEMORY_NEVER);
		struct arena arena = arena_empty(test_memory_of(&m), cap);
		void *message;
		becket_status status;

		arena_expect(&arena, cap > BLOCK_HEAD ? cap - BLOCK_HEAD : 0);
		status = everything.codec->decode(&everything, wire, &arena,
		    &message);
		/* what check adds for rounding may be to spare */
		if (cap + 16 * 16 < needed)
			assert_int_equal(status, BECKET_S_OUT_OF_MEMORY);
		else if (status != BECKET_S_OK)
			assert_int_equal(status, BECKET_S_OUT_OF_MEMORY);
		arena_fini(&arena);
		test_memory_end(&m);
	}
}

static void
everything_with_memory_failing_anywhere_leaks_nothing(void **state)
{
	uint8_t bytes[1024];
	struct becket_bytes wire = filled_wire(bytes);
	size_t n = 0;

	(void)state;
	for (;; n++) {
		struct test_memory m = test_memory(n);
		struct arena arena = arena_empty(test_memory_of(&m), 1 << 20);
		void *message;
		becket_status status;

		status = everything.codec->decode(&everything, wire, &arena,
		    &message);
		assert_int_equal(status,
		    m.failed ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK);
		arena_fini(&arena);
		test_memory_end(&m);
		if (!m.failed)
			break;
	}
	assert_true(n > 1);
}

static void
a_message_cut_anywhere_is_refused_or_whole(void **state)
{
	uint8_t bytes[1024];
	struct becket_bytes wire = filled_wire(bytes);
	unsigned refused = 0;

	(void)state;
	for (size_t cut = 0; cut < wire.size; cut++) {
		struct becket_bytes part = { wire.data, cut };
		size_t size;
		becket_status status = check(&everything, part, &plenty, &size);

		if (status == BECKET_S_OK)
			assert_accepted(&everything, part);
		else
			refused++;
	}
	assert_true(refused > wire.size / 2);
}

/* ----------------------------------------------------------- what is wrong */

static void
malformed_messages_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		becket_status status;
	} bad[] = {
		{ "00 00", BECKET_X_BAD_STUB_DATA },                 /* number 0 */
		{ "18 ffffffffffffffffff02", BECKET_X_BAD_STUB_DATA }, /* 65 bits */
		{ "18 80", BECKET_S_TRUNCATED },
		{ "72 05 61", BECKET_S_TRUNCATED },
		{ "d3 3e d4 3e", BECKET_X_BAD_STUB_DATA },           /* unknown group */
		{ "9b 01 9c 01", BECKET_X_BAD_STUB_DATA },           /* known group */
		{ "1a 00", BECKET_X_BAD_STUB_DATA },                 /* int32 as sized */
		{ "1d 00000000", BECKET_X_BAD_STUB_DATA },           /* int32 as fixed */
		{ "08 00", BECKET_X_BAD_STUB_DATA },                 /* double as varint */
		{ "6d 00000000", BECKET_X_BAD_STUB_DATA },           /* bool as fixed */
		{ "6a 01 01", BECKET_X_BAD_STUB_DATA },              /* bool as sized */
		{ "70 00", BECKET_X_BAD_STUB_DATA },                 /* string as varint */
		{ "98 01 00", BECKET_X_BAD_STUB_DATA },              /* message as varint */
		{ "e0 02 00", BECKET_X_BAD_STUB_DATA },              /* strings as varint */
		{ "8d 02 00000000", BECKET_X_BAD_STUB_DATA },        /* int32s as fixed */
		{ "72 01 00", BECKET_X_BAD_STUB_DATA },              /* NUL */
		{ "72 03 610062", BECKET_X_BAD_STUB_DATA },
		{ "e2 02 01 00", BECKET_X_BAD_STUB_DATA },           /* in a repeated one */
		{ "d2 04 01 00", BECKET_X_BAD_STUB_DATA },           /* in a oneof */
		{ "ea 03 05 0a 01 00 10 01", BECKET_X_BAD_STUB_DATA }, /* in a map key */
		{ "72 02 c080", BECKET_S_INVALID_UTF8 },
		{ "e2 02 03 eda080", BECKET_S_INVALID_UTF8 },
		{ "92 01 04 12 02 c3 28", BECKET_S_INVALID_UTF8 },   /* one level down */
		{ "8a 02 01 80", BECKET_X_BAD_STUB_DATA },           /* packed, cut */
		{ "8a 02 0b 8080808080808080808000", BECKET_X_BAD_STUB_DATA },
		{ "fa 01 07 00000000000000", BECKET_X_BAD_STUB_DATA }, /* packed doubles */
		{ "82 02 03 000000", BECKET_X_BAD_STUB_DATA },       /* packed floats */
		{ "8a 01 01 80", BECKET_S_TRUNCATED },               /* inside a message */
	};
	/* clang-format on */
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_hex_refused(&everything, bad[i].hex, bad[i].status);
}

static void
odd_but_legal_messages_are_taken(void **state)
{
	(void)state;
	assert_hex_accepted(&everything, "");
	assert_hex_accepted(&everything, "98 00 01"); /* tag in a long form */
	assert_hex_accepted(&everything, "72 02 c3a9");
	assert_hex_accepted(&everything, "7a 03 00ff00"); /* bytes may */
	assert_hex_accepted(&everything, "18 ffffffffffffffffff01");
	assert_hex_accepted(&everything, "8a 02 00"); /* packed nothing */
	assert_hex_accepted(&everything, "88 02 05 | 8a 02 02 0607");
	assert_hex_accepted(&everything, "90 03 05 | 92 03 02 0607");
	assert_hex_accepted(&everything, "da 02 03 010001"); /* packed bools */
	assert_hex_accepted(&everything,
	    "d0 3e 05 | d2 3e 02 0607 |"
	    "d5 3e 00000000 |"
	    "d1 3e 0000000000000000");                           /* unknown */
	assert_hex_accepted(&everything, "72 01 61 | 72 01 62"); /* last wins */
	assert_hex_accepted(&everything, "d2 04 01 61 | b8 04 01 | d2 04 00");
	assert_hex_accepted(&everything, "ea 03 05 0a 01 61 10 01");
	assert_hex_accepted(&everything, "ea 03 00");
}

/* protobuf-c drops the numbers of the earlier one as it merges. */
static void
a_singular_message_that_comes_twice_is_refused(void **state)
{
	(void)state;
	assert_hex_accepted(&everything, "92 01 02 08 01");
	assert_hex_refused(&everything, "92 01 02 08 01 | 92 01 00",
	    BECKET_X_BAD_STUB_DATA);
	assert_hex_refused(&everything, "e2 04 00 | b8 04 01 | e2 04 00",
	    BECKET_X_BAD_STUB_DATA);
	assert_hex_accepted(&everything, "82 03 00 | 82 03 00"); /* repeated */
	/* each in a message of its own */
	assert_hex_accepted(&everything,
	    "8a 03 03 92 01 00 | 8a 03 03 92 01 00");
}

static void
required_fields_are_required(void **state)
{
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena arena = { 0 };
	Strict__Strict *s;
	uint8_t bytes[16];
	void *message = NULL;

	(void)state;
	assert_int_equal(decode_in_what_check_says(&strict,
	                     (struct becket_bytes){ bytes,
	                         from_hex("08 05", bytes) },
	                     &m, &arena, &message),
	    BECKET_X_BAD_STUB_DATA);
	arena_fini(&arena);
	m = test_memory(TEST_MEMORY_NEVER);
	assert_int_equal(decode_in_what_check_says(&strict,
	                     (struct becket_bytes){ bytes,
	                         from_hex("08 05 12 01 61", bytes) },
	                     &m, &arena, &message),
	    BECKET_S_OK);
	s = message;
	assert_int_equal(s->number, 5);
	assert_string_equal(s->word, "loop"); /* the default */
	assert_int_equal(s->data.len, 4);
	assert_false(s->has_flag);
	arena_fini(&arena);
	test_memory_end(&m);
}

/* -------------------------------------------------------------- the budget */

/* one_self in one_self in ... */
static struct message *
nested(unsigned levels)
{
	struct message *m = message_new();
	struct message *inner = message_new();

	for (unsigned i = 0; i < levels; i++) {
		struct message *swap = inner;

		inner->c = cursor_put(inner->data, sizeof inner->data);
		protobuf_put_sized(&inner->c, 19, message_bytes(m));
		inner = m;
		m = swap;
	}
	free(inner);
	return m;
}

static void
nesting_ends_where_the_budget_says(void **state)
{
	struct message *at = nested(100);
	struct message *beyond = nested(101);
	struct budget flat = plenty;
	struct becket_bytes wire;
	size_t size;

	(void)state;
	assert_accepted(&everything, message_bytes(at));
	assert_refused(&everything, message_bytes(beyond),
	    BECKET_S_LIMIT_EXCEEDED);
	free(at);
	free(beyond);

	flat.depth = 0;
	wire = text_bytes("\x18\x01");
	assert_int_equal(check(&everything, wire, &flat, &size), BECKET_S_OK);
	wire = (struct becket_bytes){ (const uint8_t *)"\x9a\x01\x00", 3 };
	assert_int_equal(check(&everything, wire, &flat, &size),
	    BECKET_S_LIMIT_EXCEEDED);
}

static void
deep_nesting_does_not_reach_deep(void **state)
{
	struct message *deep = nested(20000);

	(void)state;
	assert_refused(&everything, message_bytes(deep),
	    BECKET_S_LIMIT_EXCEEDED);
	free(deep);
}

static void
elements_end_where_the_budget_says(void **state)
{
	static const char *const threes[] = {
		"82 03 00 82 03 00 82 03 00",    /* messages */
		"8a 02 03 010203",               /* packed */
		"da 02 03 010001",               /* packed bools */
		"8a 02 02 0102 88 02 03",        /* both */
		"d0 3e 01 d0 3e 01 d0 3e 01",    /* unknown */
		"e2 02 00 d0 3e 01 8a 02 01 01", /* of each one */
		"8a 03 03 82 03 00 | 82 03 00",  /* on all levels */
	};
	struct budget budget = plenty;
	uint8_t bytes[64];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof threes / sizeof *threes; i++) {
		struct becket_bytes wire = { bytes,
			from_hex(threes[i], bytes) };

		budget.elements = 3;
		assert_int_equal(check(&everything, wire, &budget, &size),
		    BECKET_S_OK);
		budget.elements = 2;
		assert_int_equal(check(&everything, wire, &budget, &size),
		    BECKET_S_LIMIT_EXCEEDED);
	}
}

static void
memory_ends_where_the_budget_says(void **state)
{
	uint8_t bytes[1024];
	struct becket_bytes wire = filled_wire(bytes);
	struct budget budget = plenty;
	size_t needed, size;

	(void)state;
	assert_int_equal(check(&everything, wire, &plenty, &needed),
	    BECKET_S_OK);
	budget.size = needed;
	assert_int_equal(check(&everything, wire, &budget, &size), BECKET_S_OK);
	for (budget.size = 0; budget.size + 16 <= needed; budget.size += 13)
		assert_int_equal(check(&everything, wire, &budget, &size),
		    BECKET_S_LIMIT_EXCEEDED);
}

/* How many bytes protobuf-c asks for, with or without a field. */
static void
the_estimate_is_close_to_what_is_taken(void **state)
{
	uint8_t bytes[1024];
	struct becket_bytes wire = filled_wire(bytes);
	struct test_memory m = test_memory(TEST_MEMORY_NEVER);
	struct arena arena;
	size_t size, taken;
	void *message;

	(void)state;
	assert_int_equal(check(&everything, wire, &plenty, &size), BECKET_S_OK);
	/* the smallest cap that is enough */
	for (taken = 0;; taken += 16) {
		becket_status status;

		arena = arena_empty(test_memory_of(&m), taken + BLOCK_HEAD);
		arena_expect(&arena, taken);
		status = everything.codec->decode(&everything, wire, &arena,
		    &message);
		arena_fini(&arena);
		if (status == BECKET_S_OK)
			break;
	}
	assert_true(taken <= size);
	assert_true(size <= taken + taken / 8);
	test_memory_end(&m);
}

/* Fields of every kind, so many that slabs are needed. */
static void
crowds_fit_into_what_check_says(void **state)
{
	static const char *const fields[] = {
		"18 01",           /* the same scalar again */
		"72 01 61",        /* the same string again */
		"7a 00",           /* the same empty bytes again */
		"88 02 01",        /* elements one by one */
		"8a 02 03 010203", /* and packed */
		"e2 02 02 6162",   /* strings */
		"ea 02 03 616263", /* bytes */
		"fa 02 00",        /* empty messages */
		"8a 03 02 18 01",  /* messages that have something */
		"d0 3e 01",        /* unknown */
		"d2 3e 02 6162",   /* unknown, sized */
		"ea 03 05 0a 01 61 10 01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		for (unsigned count = 1; count < 3000; count = count * 2 + 1) {
			struct message *m = message_new();

			for (unsigned n = 0; n < count; n++)
				put_hex(m, fields[i]);
			assert_accepted(&everything, message_bytes(m));
			free(m);
		}
}

/* A descriptor of n singular messages, made here: beyond 1024 the guard has no
 * bits for them, beyond 128 protobuf-c takes memory for its own.
 */
struct wide {
	ProtobufCMessage base;
	Everything__Empty *members[1100];
};

static ProtobufCMessageDescriptor
wide_descriptor(ProtobufCFieldDescriptor *fields, ProtobufCIntRange *ranges,
    unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fields[i] = (ProtobufCFieldDescriptor){
			.name = "member",
			.id = i + 1,
			.label = PROTOBUF_C_LABEL_OPTIONAL,
			.type = PROTOBUF_C_TYPE_MESSAGE,
			.offset = (unsigned)(offsetof(struct wide, members) +
			                     i * sizeof(void *)),
			.descriptor = &everything__empty__descriptor,
		};
	ranges[0] = (ProtobufCIntRange){ 1, 0 };
	ranges[1] = (ProtobufCIntRange){ 0, count };
	return (ProtobufCMessageDescriptor){
		.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
		.name = "Wide",
		.sizeof_message = sizeof(struct wide),
		.n_fields = count,
		.fields = fields,
		.n_field_ranges = 1,
		.field_ranges = ranges,
	};
}

static void
wide_messages_are_guarded_to_their_last_field(void **state)
{
	static ProtobufCFieldDescriptor fields[1100];
	ProtobufCIntRange ranges[2];

	(void)state;
	for (unsigned count = 100; count <= 1100; count += 100) {
		ProtobufCMessageDescriptor descriptor =
		    wide_descriptor(fields, ranges, count);
		struct becket_type type = {
			.codec = &becket_codec_protobuf_c,
			.descriptor = &descriptor,
			.size = sizeof(struct wide),
		};
		struct message *m = message_new();

		for (uint32_t number = count; number > 0; number--)
			protobuf_put_sized(&m->c, number,
			    (struct becket_bytes){ 0 });
		assert_accepted(&type, message_bytes(m));
		protobuf_put_sized(&m->c, count, (struct becket_bytes){ 0 });
		assert_refused(&type, message_bytes(m), BECKET_X_BAD_STUB_DATA);
		free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_their_own_encoding),
		cmocka_unit_test(bytes_without_memory_say_so),
		cmocka_unit_test(everything_survives_a_round_trip),
		cmocka_unit_test(
		    everything_without_memory_says_so_wherever_it_ends),
		cmocka_unit_test(
		    everything_with_memory_failing_anywhere_leaks_nothing),
		cmocka_unit_test(a_message_cut_anywhere_is_refused_or_whole),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(odd_but_legal_messages_are_taken),
		cmocka_unit_test(
		    a_singular_message_that_comes_twice_is_refused),
		cmocka_unit_test(required_fields_are_required),
		cmocka_unit_test(nesting_ends_where_the_budget_says),
		cmocka_unit_test(deep_nesting_does_not_reach_deep),
		cmocka_unit_test(elements_end_where_the_budget_says),
		cmocka_unit_test(memory_ends_where_the_budget_says),
		cmocka_unit_test(the_estimate_is_close_to_what_is_taken),
		cmocka_unit_test(crowds_fit_into_what_check_says),
		cmocka_unit_test(wide_messages_are_guarded_to_their_last_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
