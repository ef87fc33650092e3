/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "json_decode_private.h"
#include "json_number.h"
#include "quote.h"

bool
decode_unpack(struct cursor *cursor, enum proto_type type,
    struct protobuf_field *ret_value)
{
	struct protobuf_field value = { .wire_type = type_wire_type(type) };

	if (cursor->status != BECKET_S_OK || cursor->at == cursor->size)
		return false;
	if (value.wire_type == PROTOBUF_VARINT)
		protobuf_varint(cursor, &value.value);
	else
		cursor_bytes(cursor, &value.bytes,
		    value.wire_type == PROTOBUF_FIXED64 ? 8 : 4);
	*ret_value = value;
	return cursor->status == BECKET_S_OK;
}

/* The bits of a number, from however it is encoded. */
static uint64_t
bits_of(const struct protobuf_field *value)
{
	struct cursor cursor;
	uint64_t bits = 0;
	uint32_t half = 0;

	if (value == NULL)
		return 0;
	cursor = cursor_get(value->bytes.data, value->bytes.size, false);
	switch (value->wire_type) {
	case PROTOBUF_FIXED64:
		cursor_u64(&cursor, &bits);
		return bits;
	case PROTOBUF_FIXED32:
		cursor_u32(&cursor, &half);
		return half;
	default:
		return value->value;
	}
}

/* An unsigned number, or the bits of a signed one, of 64 bits. */
static uint64_t
integer_of(enum proto_type type, const struct protobuf_field *value)
{
	uint64_t bits = bits_of(value);

	switch (type) {
	case PROTO_INT32:
	case PROTO_SFIXED32:
	case PROTO_ENUM:
		return (uint64_t)(int64_t)(int32_t)bits;
	case PROTO_SINT32:
		bits = (uint32_t)bits;
		return (
		    uint64_t)(int64_t)(int32_t)(bits >> 1 ^ (0 - (bits & 1)));
	case PROTO_SINT64:
		return bits >> 1 ^ (0 - (bits & 1));
	case PROTO_UINT32:
	case PROTO_FIXED32:
		return (uint32_t)bits;
	default:
		return bits;
	}
}

static double
double_of(enum proto_type type, const struct protobuf_field *value)
{
	uint64_t bits = bits_of(value);
	uint32_t half = (uint32_t)bits;
	double number;
	float single;

	if (type == PROTO_FLOAT) {
		memcpy(&single, &half, sizeof single);
		return (double)single;
	}
	memcpy(&number, &bits, sizeof number);
	return number;
}

bool
decode_is_default(const struct proto_field *field,
    const struct protobuf_field *value)
{
	if (value->wire_type == PROTOBUF_SIZED)
		return value->bytes.size == 0;
	if (field->type == PROTO_BOOL)
		return value->value == 0;
	return field->type == PROTO_FLOAT || field->type == PROTO_DOUBLE
	           ? bits_of(value) == 0
	           : integer_of(field->type, value) == 0;
}

static void
put_double(struct json_decode *decode, enum proto_type type, double number)
{
	char text[NUMBER_TEXT];

	if (isnan(number)) {
		text_put(decode->out, "\"NaN\"");
		return;
	}
	if (isinf(number)) {
		text_put(decode->out,
		    number < 0 ? "\"-Infinity\"" : "\"Infinity\"");
		return;
	}
	/* "-0" is an integer to some, and loses its sign. */
	if (number >= 0 && number <= 0 && signbit(number))
		snprintf(text, sizeof text, "-0.0");
	else if (type == PROTO_FLOAT)
		number_print_float((float)number, text);
	else
		number_print_double(number, text);
	text_put(decode->out, text);
}

/* What JavaScript would round is in quotes. */
static void
put_integer(struct json_decode *decode, enum proto_type type, uint64_t value)
{
	char text[NUMBER_TEXT];

	switch (type) {
	case PROTO_INT64:
	case PROTO_SINT64:
	case PROTO_SFIXED64:
		snprintf(text, sizeof text, "\"%" PRId64 "\"", (int64_t)value);
		break;
	case PROTO_UINT64:
	case PROTO_FIXED64:
		snprintf(text, sizeof text, "\"%" PRIu64 "\"", value);
		break;
	default:
		snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
	}
	text_put(decode->out, text);
}

static void
put_enum(struct json_decode *decode, const struct proto_enum *enumeration,
    int32_t number)
{
	const char *name = enum_name(enumeration, number);

	if (text_equal(enumeration->full_name, "google.protobuf.NullValue"))
		text_put(decode->out, "null");
	else if (name != NULL)
		quote_json(decode->out, decode_name(name));
	else
		put_integer(decode, PROTO_ENUM, (uint64_t)(int64_t)number);
}

static void
put_bytes(struct json_decode *decode, const struct protobuf_field *value)
{
	text_put(decode->out, "\"");
	if (value != NULL)
		base64_encode(value->bytes, decode->out);
	text_put(decode->out, "\"");
}

void
decode_scalar(struct json_decode *decode, const struct proto_field *field,
    const struct protobuf_field *value)
{
	switch (field->type) {
	case PROTO_BOOL:
		text_put(decode->out,
		    value != NULL && value->value != 0 ? "true" : "false");
		break;
	case PROTO_STRING:
		quote_json(decode->out,
		    value == NULL ? (struct becket_bytes){ 0 } : value->bytes);
		break;
	case PROTO_BYTES:
		put_bytes(decode, value);
		break;
	case PROTO_DOUBLE:
	case PROTO_FLOAT:
		put_double(decode, field->type, double_of(field->type, value));
		break;
	case PROTO_ENUM:
		put_enum(decode, field->enumeration,
		    value == NULL ? field->enumeration->values[0].number
		                  : (int32_t)integer_of(field->type, value));
		break;
	default:
		put_integer(decode, field->type,
		    integer_of(field->type, value));
	}
}

struct becket_bytes
decode_key(struct json_decode *decode, const struct proto_field *field,
    const struct protobuf_field *value)
{
	uint64_t number = integer_of(field->type, value);
	bool is_unsigned =
	    field->type == PROTO_UINT64 || field->type == PROTO_FIXED64;

	if (field->type == PROTO_STRING)
		return value == NULL || value->bytes.size == 0 ? decode_name("")
		                                               : value->bytes;
	if (field->type == PROTO_BOOL)
		return decode_name(number != 0 ? "true" : "false");
	return decode_name(
	    is_unsigned
	        ? text_print(decode->arena, "%" PRIu64, number)
	        : text_print(decode->arena, "%" PRId64, (int64_t)number));
}
