/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "json_encode_private.h"
#include "json_number.h"
#include "json_path.h"
#include "json_time.h"
#include "message_bytes.h"

/* Field numbers of google/protobuf/. */
enum {
	SECONDS = 1,
	NANOS = 2,
	MASK_PATH = 1,
	ANY_TYPE = 1,
	ANY_VALUE = 2,
	STRUCT_FIELD = 1,
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2,
	LIST_VALUE = 1,
	VALUE_NULL = 1,
	VALUE_NUMBER = 2,
	VALUE_STRING = 3,
	VALUE_BOOL = 4,
	VALUE_STRUCT = 5,
	VALUE_LIST = 6,
};

typedef bool read_moment(const char *text, size_t size,
    struct moment *ret_moment);

static bool
put_moment(struct json_encode *encode, const json_t *value, read_moment *read,
    const char *what, struct buffer *out)
{
	size_t place = encode_take(encode);
	struct moment moment;

	if (!json_is_string(value) ||
	    !read(json_string_value(value), json_string_length(value), &moment))
		return encode_wrong(encode, place, "this is no %s", what);
	if (moment.seconds != 0) {
		message_put_tag(out, SECONDS, PROTOBUF_VARINT);
		message_put_varint(out, (uint64_t)moment.seconds);
	}
	if (moment.nanos != 0) {
		message_put_tag(out, NANOS, PROTOBUF_VARINT);
		message_put_varint(out, (uint64_t)(int64_t)moment.nanos);
	}
	return true;
}

static bool
encode_timestamp(struct json_encode *encode,
    const struct proto_message *message, const json_t *value,
    struct buffer *out)
{
	(void)message;
	return put_moment(encode, value, timestamp_read,
	    "time as in \"2026-11-20T14:00:00.5Z\"", out);
}

static bool
encode_duration(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	(void)message;
	return put_moment(encode, value, duration_read,
	    "duration as in \"1.5s\"", out);
}

static bool
put_path(const char *text, size_t size, struct buffer *out)
{
	struct buffer path = buffer_empty(&idl_memory);
	bool done = path_read(text, size, &path);

	if (done)
		message_put_sized(out, MASK_PATH, buffer_bytes(&path));
	buffer_fini(&path);
	return done;
}

static bool
encode_mask(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	size_t place = encode_take(encode), size;
	const char *at = json_string_value(value), *comma, *end;

	(void)message;
	if (at == NULL)
		return encode_wrong(encode, place,
		    "a field mask is a string: \"user.name,photo\"");
	end = at + json_string_length(value);
	while (at < end) {
		comma = memchr(at, ',', (size_t)(end - at));
		size = (size_t)((comma == NULL ? end : comma) - at);
		if (!put_path(at, size, out) ||
		    (comma != NULL && comma + 1 == end))
			return encode_wrong(encode, place,
			    "a field mask has names as JSON writes them, and "
			    "commas between");
		at += size + (comma != NULL);
	}
	return true;
}

static bool
encode_wrapper(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	const struct proto_field *field = message_field(message, 1);

	if (field == NULL || field->is_repeated || field->message != NULL)
		return encode_wrong(encode, encode->place,
		    "%s is not what it is elsewhere", message->full_name);
	message_put_tag(out, field->number, type_wire_type(field->type));
	return encode_scalar(encode, field, value, out);
}

/* ---------------------------------------------------------------- struct -- */

static bool put_value(struct json_encode *encode, const json_t *value,
    struct buffer *out);

static bool
put_struct(struct json_encode *encode, const json_t *object, struct buffer *out)
{
	json_t *mutable = (json_t *)object;
	bool done = true;

	encode_take(encode);
	for (void *at = json_object_iter(mutable); done && at != NULL;
	     at = json_object_iter_next(mutable, at)) {
		struct buffer entry = buffer_empty(&idl_memory);
		struct buffer value = buffer_empty(&idl_memory);

		message_put_sized(&entry, ENTRY_KEY,
		    (struct becket_bytes){
		        (const uint8_t *)json_object_iter_key(at),
		        json_object_iter_key_len(at) });
		done = put_value(encode, json_object_iter_value(at), &value);
		message_put_sized(&entry, ENTRY_VALUE, buffer_bytes(&value));
		message_put_sized(out, STRUCT_FIELD, buffer_bytes(&entry));
		buffer_fini(&entry);
		buffer_fini(&value);
	}
	return done;
}

static bool
put_list(struct json_encode *encode, const json_t *array, struct buffer *out)
{
	bool done = true;

	encode_take(encode);
	for (size_t i = 0; done && i < json_array_size(array); i++) {
		struct buffer value = buffer_empty(&idl_memory);

		done = put_value(encode, json_array_get(array, i), &value);
		message_put_sized(out, LIST_VALUE, buffer_bytes(&value));
		buffer_fini(&value);
	}
	return done;
}

static bool
put_container(struct json_encode *encode, const json_t *value,
    struct buffer *out)
{
	struct buffer inner = buffer_empty(&idl_memory);
	bool is_object = json_is_object(value);
	bool done;

	if (!encode_enter(encode))
		return false;
	done = is_object ? put_struct(encode, value, &inner)
	                 : put_list(encode, value, &inner);
	encode_leave(encode);
	message_put_sized(out, is_object ? VALUE_STRUCT : VALUE_LIST,
	    buffer_bytes(&inner));
	buffer_fini(&inner);
	return done;
}

static bool
put_number(struct json_encode *encode, size_t place, struct buffer *out)
{
	struct becket_bytes digits = encode_digits(encode, place);
	double number;
	uint64_t bits;

	if (!number_double((const char *)digits.data, digits.size, &number))
		return encode_wrong(encode, place, "this is no number");
	memcpy(&bits, &number, sizeof bits);
	message_put_tag(out, VALUE_NUMBER, PROTOBUF_FIXED64);
	message_put_fixed64(out, bits);
	return true;
}

/* The fields of a google.protobuf.Value. */
static bool
put_value(struct json_encode *encode, const json_t *value, struct buffer *out)
{
	size_t place;

	if (json_is_object(value) || json_is_array(value))
		return put_container(encode, value, out);
	place = encode_take(encode);
	if (json_is_number(value))
		return put_number(encode, place, out);
	if (json_is_string(value)) {
		message_put_sized(out, VALUE_STRING,
		    (struct becket_bytes){
		        (const uint8_t *)json_string_value(value),
		        json_string_length(value) });
		return true;
	}
	message_put_tag(out, json_is_null(value) ? VALUE_NULL : VALUE_BOOL,
	    PROTOBUF_VARINT);
	message_put_varint(out, json_is_true(value));
	return true;
}

static bool
encode_struct(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	(void)message;
	if (!json_is_object(value))
		return encode_wrong(encode, encode->place, "%s takes an object",
		    message->full_name);
	return put_struct(encode, value, out);
}

static bool
encode_list(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	(void)message;
	if (!json_is_array(value))
		return encode_wrong(encode, encode->place, "%s takes an array",
		    message->full_name);
	return put_list(encode, value, out);
}

static bool
encode_any_value(struct json_encode *encode,
    const struct proto_message *message, const json_t *value,
    struct buffer *out)
{
	(void)message;
	return put_value(encode, value, out);
}

/* ------------------------------------------------------------------- any -- */

/* Of a type with JSON of its own: {"@type": ..., "value": ...}. */
static bool
put_known(struct json_encode *encode, const struct proto_message *message,
    const json_t *object, struct buffer *out)
{
	json_t *mutable = (json_t *)object;

	encode_take(encode);
	for (void *at = json_object_iter(mutable); at != NULL;
	     at = json_object_iter_next(mutable, at)) {
		const char *key = json_object_iter_key(at);

		if (text_equal(key, "@type"))
			encode_skip(encode, json_object_iter_value(at));
		else if (!text_equal(key, "value"))
			return encode_wrong(encode, encode->place,
			    "%s in an Any has \"@type\" and \"value\", and no "
			    "\"%s\"",
			    message->full_name, key);
		else if (!encode_message(encode, message,
		             json_object_iter_value(at), out))
			return false;
	}
	return true;
}

static bool
put_any(struct json_encode *encode, const char *url,
    const struct proto_message *message, const json_t *object,
    struct buffer *out)
{
	struct buffer inner = buffer_empty(&idl_memory);
	bool done;

	message_put_sized(out, ANY_TYPE,
	    (struct becket_bytes){ (const uint8_t *)url, strlen(url) });
	done = encode_find_known(message) != NULL
	           ? put_known(encode, message, object, &inner)
	           : encode_members(encode, message, object, "@type", &inner);
	if (done && inner.size > 0)
		message_put_sized(out, ANY_VALUE, buffer_bytes(&inner));
	buffer_fini(&inner);
	return done;
}

static bool
encode_any(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	const char *url = json_string_value(json_object_get(value, "@type"));
	const char *slash = url == NULL ? NULL : strrchr(url, '/');
	size_t place = encode->place;

	if (json_is_object(value) && json_object_size(value) == 0) {
		encode_take(encode);
		return true;
	}
	if (slash == NULL)
		return encode_wrong(encode, place,
		    "an Any is an object with a member \"@type\": "
		    "\"type.googleapis.com/full.Name\"");
	message = pool_message(encode->pool, slash + 1);
	if (message == NULL)
		return encode_wrong(encode, place, "there is no message %s",
		    slash + 1);
	return put_any(encode, url, message, value, out);
}

encode_known *
encode_find_known(const struct proto_message *message)
{
	static const struct {
		const char *name;
		encode_known *encode;
	} types[] = {
		{ "Any", encode_any },
		{ "BoolValue", encode_wrapper },
		{ "BytesValue", encode_wrapper },
		{ "DoubleValue", encode_wrapper },
		{ "Duration", encode_duration },
		{ "FieldMask", encode_mask },
		{ "FloatValue", encode_wrapper },
		{ "Int32Value", encode_wrapper },
		{ "Int64Value", encode_wrapper },
		{ "ListValue", encode_list },
		{ "StringValue", encode_wrapper },
		{ "Struct", encode_struct },
		{ "Timestamp", encode_timestamp },
		{ "UInt32Value", encode_wrapper },
		{ "UInt64Value", encode_wrapper },
		{ "Value", encode_any_value },
	};

	if (!text_equal(message->file->package, "google.protobuf"))
		return NULL;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_equal(message->full_name + strlen("google.protobuf."),
		        types[i].name))
			return types[i].encode;
	return NULL;
}
