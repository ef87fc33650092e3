/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base64.h"
#include "json_encode_private.h"
#include "json_number.h"
#include "message_bytes.h"

/* clang-format off */
static const char *const types[] = {
	[PROTO_DOUBLE]   = "a double",
	[PROTO_FLOAT]    = "a float",
	[PROTO_INT64]    = "an int64",
	[PROTO_UINT64]   = "a uint64",
	[PROTO_INT32]    = "an int32",
	[PROTO_FIXED64]  = "a fixed64",
	[PROTO_FIXED32]  = "a fixed32",
	[PROTO_BOOL]     = "a bool",
	[PROTO_STRING]   = "a string",
	[PROTO_MESSAGE]  = "a message",
	[PROTO_BYTES]    = "bytes in base64",
	[PROTO_UINT32]   = "a uint32",
	[PROTO_ENUM]     = "a value",
	[PROTO_SFIXED32] = "an sfixed32",
	[PROTO_SFIXED64] = "an sfixed64",
	[PROTO_SINT32]   = "an sint32",
	[PROTO_SINT64]   = "an sint64",
};
/* clang-format on */

/* As text, be it a number or a string of one. */
static bool
put_integer(enum proto_type type, const char *text, size_t size,
    struct buffer *out)
{
	bool is_64 = type == PROTO_INT64 || type == PROTO_SINT64 ||
	             type == PROTO_SFIXED64;
	int64_t value;

	if (!number_signed(text, size, is_64 ? INT64_MIN : INT32_MIN,
	        is_64 ? INT64_MAX : INT32_MAX, &value))
		return false;
	if (type == PROTO_SFIXED32)
		message_put_fixed32(out, (uint32_t)value);
	else if (type == PROTO_SFIXED64)
		message_put_fixed64(out, (uint64_t)value);
	else if (type == PROTO_SINT32 || type == PROTO_SINT64)
		message_put_varint(out,
		    (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
	else
		message_put_varint(out, (uint64_t)value);
	return true;
}

static bool
put_unsigned(enum proto_type type, const char *text, size_t size,
    struct buffer *out)
{
	bool is_64 = type == PROTO_UINT64 || type == PROTO_FIXED64;
	uint64_t value;

	if (!number_unsigned(text, size, is_64 ? UINT64_MAX : UINT32_MAX,
	        &value))
		return false;
	if (type == PROTO_FIXED32)
		message_put_fixed32(out, (uint32_t)value);
	else if (type == PROTO_FIXED64)
		message_put_fixed64(out, value);
	else
		message_put_varint(out, value);
	return true;
}

static bool
put_double(const char *text, size_t size, struct buffer *out)
{
	double value;
	uint64_t bits;

	if (!number_double(text, size, &value))
		return false;
	memcpy(&bits, &value, sizeof bits);
	message_put_fixed64(out, bits);
	return true;
}

static bool
put_float(const char *text, size_t size, struct buffer *out)
{
	float value;
	uint32_t bits;

	if (!number_float(text, size, &value))
		return false;
	memcpy(&bits, &value, sizeof bits);
	message_put_fixed32(out, bits);
	return true;
}

static bool
put_number(enum proto_type type, const char *text, size_t size,
    struct buffer *out)
{
	switch (type) {
	case PROTO_DOUBLE:
		return put_double(text, size, out);
	case PROTO_FLOAT:
		return put_float(text, size, out);
	case PROTO_UINT32:
	case PROTO_UINT64:
	case PROTO_FIXED32:
	case PROTO_FIXED64:
		return put_unsigned(type, text, size, out);
	default:
		return put_integer(type, text, size, out);
	}
}

static bool
put_bytes(const char *text, size_t size, struct buffer *out)
{
	struct buffer bytes = buffer_empty(&idl_memory);
	bool done = base64_decode(text, size, &bytes);

	if (done)
		message_put_bytes(out, buffer_bytes(&bytes));
	buffer_fini(&bytes);
	return done;
}

bool
encode_is_null(const struct proto_enum *enumeration)
{
	return text_equal(enumeration->full_name, "google.protobuf.NullValue");
}

/* By name or number; a number without a name only where enums are open. */
static bool
encode_enum(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, size_t place, struct buffer *out)
{
	const struct proto_enum *enumeration = field->enumeration;
	const struct proto_value *named = NULL;
	struct becket_bytes digits = encode_digits(encode, place);
	int64_t number;

	if (json_is_null(value)) /* google.protobuf.NullValue's only */
		named = &enumeration->values[0];
	else if (json_is_string(value))
		named = enum_value(enumeration, json_string_value(value));
	if (named != NULL) {
		message_put_varint(out, (uint64_t)(int64_t)named->number);
		return true;
	}
	if (!json_is_number(value) ||
	    !number_signed((const char *)digits.data, digits.size, INT32_MIN,
	        INT32_MAX, &number) ||
	    ((!enumeration->file->is_proto3 || encode_is_null(enumeration)) &&
	        enum_name(enumeration, (int32_t)number) == NULL))
		return encode_wrong(encode, place, "%s takes a value of %s%s%s",
		    field->full_name, enumeration->full_name,
		    json_is_string(value) ? ", which has no " : "",
		    json_is_string(value) ? json_string_value(value) : "");
	message_put_varint(out, (uint64_t)number);
	return true;
}

/* A JSON string, or the digits of a number. */
static struct becket_bytes
text_of(const struct json_encode *encode, const json_t *value, size_t place)
{
	if (!json_is_string(value))
		return encode_digits(encode, place);
	return (struct becket_bytes){ (const uint8_t *)json_string_value(value),
		json_string_length(value) };
}

static bool
put_scalar(const struct json_encode *encode, enum proto_type type,
    const json_t *value, size_t place, struct buffer *out)
{
	struct becket_bytes text = text_of(encode, value, place);

	if (type == PROTO_BOOL) {
		if (!json_is_boolean(value))
			return false;
		message_put_varint(out, json_is_true(value));
		return true;
	}
	if (type == PROTO_STRING && json_is_string(value)) {
		message_put_bytes(out, text);
		return true;
	}
	if (type == PROTO_STRING)
		return false;
	if (type == PROTO_BYTES)
		return json_is_string(value) &&
		       put_bytes((const char *)text.data, text.size, out);
	return (json_is_string(value) || json_is_number(value)) &&
	       put_number(type, (const char *)text.data, text.size, out);
}

bool
encode_scalar(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, struct buffer *out)
{
	size_t place = encode_take(encode);

	if (field->type == PROTO_ENUM &&
	    (!json_is_null(value) || encode_is_null(field->enumeration)))
		return encode_enum(encode, field, value, place, out);
	if (field->type != PROTO_ENUM && !json_is_object(value) &&
	    !json_is_array(value) &&
	    put_scalar(encode, field->type, value, place, out))
		return true;
	return encode_wrong(encode, place, "%s takes %s", field->full_name,
	    types[field->type]);
}

/* Written in the one way that it can be, so that no key comes twice. */
static bool
is_digits(const char *text, size_t size)
{
	size_t minus = size > 0 && text[0] == '-';

	for (size_t i = minus; i < size; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return minus == 0 || text[1] != '0';
}

bool
encode_key(struct json_encode *encode, size_t place,
    const struct proto_field *field, const char *key, size_t size,
    struct buffer *out)
{
	bool is_true = size == 4 && memcmp(key, "true", 4) == 0;
	bool is_false = size == 5 && memcmp(key, "false", 5) == 0;

	if (field->type == PROTO_STRING) {
		message_put_bytes(out,
		    (struct becket_bytes){ (const uint8_t *)key, size });
		return true;
	}
	if (field->type == PROTO_BOOL && (is_true || is_false)) {
		message_put_varint(out, is_true);
		return true;
	}
	if (field->type != PROTO_BOOL && is_digits(key, size) &&
	    put_number(field->type, key, size, out))
		return true;
	return encode_wrong(encode, place, "%s is a key, and takes %s",
	    field->full_name, types[field->type]);
}
