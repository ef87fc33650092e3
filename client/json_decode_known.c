/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base64.h"
#include "json_decode_private.h"
#include "json_path.h"
#include "json_time.h"
#include "quote.h"

/* Field numbers of google/protobuf/. */
enum {
	SECONDS = 1,
	NANOS = 2,
	MASK_PATH = 1,
	ANY_TYPE = 1,
	ANY_VALUE = 2,
	CONTENTS = 1, /* of a Struct, of a ListValue */
};

typedef bool print_moment(struct moment moment, char ret_text[MOMENT_TEXT]);

static bool
put_moment(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes, print_moment *print)
{
	struct moment moment = {
		.seconds = (int64_t)message_number(bytes, SECONDS, 0),
		.nanos = (int32_t)message_number(bytes, NANOS, 0),
	};
	char text[MOMENT_TEXT];

	if (!message_is_whole(bytes) || !print(moment, text))
		return decode_wrong(decode, "%s is out of its range",
		    message->full_name);
	quote_json(decode->out, decode_name(text));
	return true;
}

static bool
decode_timestamp(struct json_decode *decode,
    const struct proto_message *message, struct becket_bytes bytes)
{
	return put_moment(decode, message, bytes, timestamp_print);
}

static bool
decode_duration(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	return put_moment(decode, message, bytes, duration_print);
}

static bool
decode_mask(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	struct message_walk walk = message_walk(bytes);
	struct buffer text = buffer_empty(&idl_memory);
	struct protobuf_field field;
	bool done = message_is_whole(bytes), has_any = false;

	while (done && message_next(&walk, &field)) {
		if (field.number != MASK_PATH ||
		    field.wire_type != PROTOBUF_SIZED)
			continue;
		if (has_any)
			text_put(&text, ",");
		has_any = true;
		done = path_print(field.bytes, &text);
	}
	if (done)
		quote_json(decode->out, buffer_bytes(&text));
	buffer_fini(&text);
	return done || decode_wrong(decode, "%s has a name that JSON has not",
	                   message->full_name);
}

static bool
decode_wrapper(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	const struct proto_field *field = message_field(message, 1);
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field one, value;
	bool found = false;

	if (field == NULL || field->is_repeated || field->message != NULL ||
	    !message_is_whole(bytes))
		return decode_wrong(decode, "this is no %s",
		    message->full_name);
	while (message_next(&walk, &one))
		if (one.number == field->number &&
		    one.wire_type == type_wire_type(field->type)) {
			value = one;
			found = true;
		}
	decode_scalar(decode, field, found ? &value : NULL);
	return true;
}

/* ---------------------------------------------------------------- struct -- */

/* The fields of a Struct, the values of a ListValue: JSON without a name. */
static bool
decode_contents(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	const struct proto_field *field = message_field(message, CONTENTS);

	if (field == NULL || !field->is_repeated)
		return decode_wrong(decode, "this is no %s",
		    message->full_name);
	return decode_repeated_field(decode, field, bytes);
}

/* The last of the fields is the one that counts. */
static bool
find_kind(const struct proto_message *message, struct becket_bytes bytes,
    const struct proto_field **ret_field, struct protobuf_field *ret_value)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field one;
	bool found = false;

	while (message_next(&walk, &one)) {
		const struct proto_field *field =
		    message_field(message, one.number);

		if (field != NULL && !field->is_repeated &&
		    type_wire_type(field->type) == one.wire_type) {
			*ret_field = field;
			*ret_value = one;
			found = true;
		}
	}
	return found;
}

static bool
decode_value(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	const struct proto_field *field;
	struct protobuf_field value;

	if (!message_is_whole(bytes))
		return decode_wrong(decode, "this is no %s",
		    message->full_name);
	if (!find_kind(message, bytes, &field, &value))
		text_put(decode->out, "null");
	else if (field->message == message) /* there would be no brackets */
		return decode_wrong(decode, "a Value has a Value in it");
	else if (field->message != NULL)
		return decode_message(decode, field->message, value.bytes);
	else
		decode_scalar(decode, field, &value);
	return true;
}

/* ------------------------------------------------------------------- any -- */

/* Of a type that nothing here describes. */
static void
put_opaque(struct json_decode *decode, struct brackets *brackets,
    struct becket_bytes value)
{
	decode_next(decode, brackets, decode_name("value"));
	text_put(decode->out, "\"");
	base64_encode(value, decode->out);
	text_put(decode->out, "\"");
}

static bool
put_any(struct json_decode *decode, struct becket_bytes url,
    struct becket_bytes value, struct brackets *brackets)
{
	const char *type =
	    text_copy(decode->arena, (const char *)url.data, url.size);
	const char *slash = strrchr(type, '/');
	const struct proto_message *message =
	    pool_message(decode->pool, slash == NULL ? type : slash + 1);

	decode_next(decode, brackets, decode_name("@type"));
	quote_json(decode->out, url);
	if (message == NULL) {
		put_opaque(decode, brackets, value);
		return true;
	}
	if (decode_find_known(message) == NULL)
		return decode_members(decode, message, value, brackets);
	decode_next(decode, brackets, decode_name("value"));
	return decode_message(decode, message, value);
}

static bool
decode_any(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	struct becket_bytes url = { NULL, 0 }, value = { NULL, 0 };
	struct brackets brackets;
	bool done = true;

	if (!message_is_whole(bytes))
		return decode_wrong(decode, "this is no %s",
		    message->full_name);
	(void)message_find_bytes(bytes, ANY_TYPE, &url);
	(void)message_find_bytes(bytes, ANY_VALUE, &value);
	brackets = decode_open(decode, "{}");
	if (url.size > 0)
		done = put_any(decode, url, value, &brackets);
	decode_close(decode, &brackets);
	return done;
}

decode_known *
decode_find_known(const struct proto_message *message)
{
	static const struct {
		const char *name;
		decode_known *decode;
	} types[] = {
		{ "Any", decode_any },
		{ "BoolValue", decode_wrapper },
		{ "BytesValue", decode_wrapper },
		{ "DoubleValue", decode_wrapper },
		{ "Duration", decode_duration },
		{ "FieldMask", decode_mask },
		{ "FloatValue", decode_wrapper },
		{ "Int32Value", decode_wrapper },
		{ "Int64Value", decode_wrapper },
		{ "ListValue", decode_contents },
		{ "StringValue", decode_wrapper },
		{ "Struct", decode_contents },
		{ "Timestamp", decode_timestamp },
		{ "UInt32Value", decode_wrapper },
		{ "UInt64Value", decode_wrapper },
		{ "Value", decode_value },
	};

	if (!text_equal(message->file->package, "google.protobuf"))
		return NULL;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_equal(message->full_name + strlen("google.protobuf."),
		        types[i].name))
			return types[i].decode;
	return NULL;
}
