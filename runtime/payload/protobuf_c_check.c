/* SPDX-License-Identifier: MIT */
#include "payload/protobuf_c.h"

#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/protobuf.h"

/*
 * What is charged here mirrors protobuf_c_message_unpack() of protobuf-c 1.4:
 * one pass over a message notes its fields in slabs (16 on the stack, then 32,
 * 64 ... from the allocator), then it takes the arrays of repeated and unknown
 * fields, then it decodes field by field, going down into messages. Nothing
 * that it frees comes back to an arena.
 */
enum {
	ALIGN = alignof(max_align_t), /* what an arena rounds to */
	NOTE_SIZE = 32,               /* at most, says protobuf-c */
	FIRST_SLAB = 16,              /* on the stack */
	REQUIRED_ON_STACK = 16,       /* bytes of its map of required fields */
	SEEN_BITS = 1024,
	VARINT_SIZE = 10, /* at most */
};

struct guard {
	const struct budget *budget;
	size_t elements;
	size_t size;
	becket_status status; /* sticky */
};

/* One message, on the way down. */
struct frame {
	const ProtobufCMessageDescriptor *descriptor;
	struct becket_bytes wire;
	uint32_t depth;
	size_t at; /* where the field in hand begins */
	size_t slab, in_slab;
	uint64_t seen[SEEN_BITS / 64]; /* by index of the field */
};

static void scan_message(struct guard *g,
    const ProtobufCMessageDescriptor *descriptor, struct becket_bytes wire,
    uint32_t depth);

static void
fail(struct guard *g, becket_status status)
{
	if (g->status == BECKET_S_OK)
		g->status = status;
}

static void
charge(struct guard *g, size_t size)
{
	if (size > g->budget->size - g->size)
		fail(g, BECKET_S_LIMIT_EXCEEDED);
	else
		g->size += size;
}

static size_t
round_up(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* An allocation. */
static void
charge_block(struct guard *g, size_t size)
{
	charge(g, round_up(size));
}

/* A share of an array; its rounding is charged with its first element. */
static void
charge_elements(struct guard *g, size_t count, size_t size)
{
	if (count > g->budget->elements - g->elements) {
		fail(g, BECKET_S_LIMIT_EXCEEDED);
		return;
	}
	g->elements += count;
	charge(g, count * size);
}

static void
charge_note(struct guard *g, struct frame *f)
{
	if (f->in_slab == f->slab) {
		f->slab *= 2;
		f->in_slab = 0;
		charge_block(g, f->slab * NOTE_SIZE);
	}
	f->in_slab++;
}

/* How a type looks inside its array, and on the wire when it is alone. */
static size_t
describe(ProtobufCType type, enum protobuf_wire_type *ret_wire_type)
{
	*ret_wire_type = PROTOBUF_VARINT;
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		*ret_wire_type = PROTOBUF_FIXED32;
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		*ret_wire_type = PROTOBUF_FIXED64;
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
		*ret_wire_type = PROTOBUF_SIZED;
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		*ret_wire_type = PROTOBUF_SIZED;
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		*ret_wire_type = PROTOBUF_SIZED;
		return sizeof(ProtobufCMessage *);
	default: /* int32, sint32, uint32, enum */
		return sizeof(uint32_t);
	}
}

static bool
stands_before(const struct frame *f, uint32_t number)
{
	struct cursor c = cursor_get(f->wire.data, f->at, false);
	struct protobuf_field other;

	while (protobuf_next(&c, &other))
		if (other.number == number)
			return true;
	return false;
}

/* Was this field there before? Beyond the bits the tags in front of it are
 * walked again: once for every such field, because twice is refused.
 */
static bool
seen_before(struct frame *f, const ProtobufCFieldDescriptor *field)
{
	size_t index = (size_t)(field - f->descriptor->fields);

	if (index < SEEN_BITS) {
		uint64_t bit = (uint64_t)1 << (index % 64);
		bool seen = f->seen[index / 64] & bit;

		f->seen[index / 64] |= bit;
		return seen;
	}
	return stands_before(f, field->id);
}

static void
scan_string(struct guard *g, struct becket_bytes text)
{
	if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
		fail(g, BECKET_X_BAD_STUB_DATA);
	if (!utf8_is_valid(text))
		fail(g, BECKET_S_INVALID_UTF8);
	charge_block(g, text.size + 1);
}

/* What one value takes besides its place in the struct or array. */
static void
scan_value(struct guard *g, struct frame *f,
    const ProtobufCFieldDescriptor *field, struct becket_bytes bytes)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		scan_string(g, bytes);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		charge_block(g, bytes.size);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		scan_message(g, field->descriptor, bytes, f->depth + 1);
		break;
	default:
		break;
	}
}

/* As many as there are last bytes; none longer than ten, of 64 bits. */
static size_t
count_varints(struct guard *g, struct becket_bytes bytes)
{
	size_t count = 0;
	unsigned run = 0;

	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = bytes.data[i];

		if (++run == VARINT_SIZE && byte > 1)
			fail(g, BECKET_X_BAD_STUB_DATA);
		if (byte < 0x80) {
			count++;
			run = 0;
		}
	}
	if (run > 0)
		fail(g, BECKET_X_BAD_STUB_DATA);
	return count;
}

static size_t
count_packed(struct guard *g, const ProtobufCFieldDescriptor *field,
    enum protobuf_wire_type wire_type, struct becket_bytes bytes)
{
	size_t width = wire_type == PROTOBUF_FIXED32 ? 4 : 8;

	if (field->type == PROTOBUF_C_TYPE_BOOL)
		return bytes.size;
	if (wire_type == PROTOBUF_VARINT)
		return count_varints(g, bytes);
	if (bytes.size % width != 0)
		fail(g, BECKET_X_BAD_STUB_DATA);
	return bytes.size / width;
}

static void
scan_repeated(struct guard *g, struct frame *f,
    const ProtobufCFieldDescriptor *field, const struct protobuf_field *value)
{
	enum protobuf_wire_type wire_type;
	size_t size = describe(field->type, &wire_type);
	size_t index = (size_t)(field - f->descriptor->fields);

	if (index >= SEEN_BITS || !seen_before(f, field))
		charge(g, ALIGN - 1);
	if (value->wire_type == wire_type) {
		charge_elements(g, 1, size);
		scan_value(g, f, field, value->bytes);
	} else if (value->wire_type == PROTOBUF_SIZED) {
		charge_elements(g,
		    count_packed(g, field, wire_type, value->bytes), size);
	} else {
		fail(g, BECKET_X_BAD_STUB_DATA);
	}
}

static void
scan_singular(struct guard *g, struct frame *f,
    const ProtobufCFieldDescriptor *field, const struct protobuf_field *value)
{
	enum protobuf_wire_type wire_type;

	describe(field->type, &wire_type);
	if (value->wire_type != wire_type) {
		fail(g, BECKET_X_BAD_STUB_DATA);
		return;
	}
	/* protobuf-c loses values when it merges. */
	if (field->type == PROTOBUF_C_TYPE_MESSAGE && seen_before(f, field)) {
		fail(g, BECKET_X_BAD_STUB_DATA);
		return;
	}
	scan_value(g, f, field, value->bytes);
}

static void
scan_unknown(struct guard *g, size_t *count, const struct protobuf_field *value)
{
	if ((*count)++ == 0)
		charge(g, ALIGN - 1);
	charge_elements(g, 1, sizeof(ProtobufCMessageUnknownField));
	charge_block(g, value->size);
}

static void
scan_fields(struct guard *g, struct frame *f)
{
	const ProtobufCMessageDescriptor *descriptor = f->descriptor;
	const ProtobufCFieldDescriptor *field = NULL;
	struct cursor c = cursor_get(f->wire.data, f->wire.size, false);
	struct protobuf_field value;
	size_t unknown = 0;

	while (g->status == BECKET_S_OK && protobuf_next(&c, &value)) {
		charge_note(g, f);
		if (field == NULL || field->id != value.number)
			field =
			    protobuf_c_message_descriptor_get_field(descriptor,
			        value.number);
		if (field == NULL)
			scan_unknown(g, &unknown, &value);
		else if (field->label == PROTOBUF_C_LABEL_REPEATED)
			scan_repeated(g, f, field, &value);
		else
			scan_singular(g, f, field, &value);
		f->at = c.at;
	}
	if (c.status != BECKET_S_OK)
		fail(g, c.status);
}

/* Clears no more bits than there are fields: most messages have few. */
static void
frame_init(struct frame *f, const ProtobufCMessageDescriptor *descriptor,
    struct becket_bytes wire, uint32_t depth)
{
	size_t bits = descriptor->n_fields;

	f->descriptor = descriptor;
	f->wire = wire;
	f->depth = depth;
	f->at = 0;
	f->slab = FIRST_SLAB;
	f->in_slab = 0;
	if (bits > SEEN_BITS)
		bits = SEEN_BITS;
	memset(f->seen, 0, (bits + 63) / 64 * sizeof *f->seen);
}

static void
scan_message(struct guard *g, const ProtobufCMessageDescriptor *descriptor,
    struct becket_bytes wire, uint32_t depth)
{
	struct frame frame;
	size_t required = (descriptor->n_fields + 7) / 8;

	if (depth > g->budget->depth) {
		fail(g, BECKET_S_LIMIT_EXCEEDED);
		return;
	}
	frame_init(&frame, descriptor, wire, depth);
	charge_block(g, descriptor->sizeof_message);
	if (required > REQUIRED_ON_STACK)
		charge_block(g, required);
	scan_fields(g, &frame);
}

becket_status
protobuf_c_check(const ProtobufCMessageDescriptor *descriptor,
    struct becket_bytes wire, const struct budget *budget, size_t *ret_size)
{
	struct guard guard = { .budget = budget };

	/* as C++ has it; protobuf-c counts in int and unsigned */
	if (wire.size > INT32_MAX)
		return BECKET_S_LIMIT_EXCEEDED;
	scan_message(&guard, descriptor, wire, 0);
	if (guard.status == BECKET_S_OK)
		*ret_size = round_up(guard.size);
	return guard.status;
}
