/* SPDX-License-Identifier: MIT */
#include "json_encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_encode_private.h"
#include "json_number.h"
#include "message_bytes.h"

enum { DEEPEST = 100 };

size_t
encode_take(struct json_encode *encode)
{
	return encode->place++;
}

void
encode_skip(struct json_encode *encode, const json_t *value)
{
	const char *key;
	json_t *member, *mutable = (json_t *)value;
	size_t i;

	encode_take(encode);
	json_object_foreach(mutable, key, member) encode_skip(encode, member);
	json_array_foreach(mutable, i, member) encode_skip(encode, member);
}

bool
encode_wrong(struct json_encode *encode, size_t place, const char *format, ...)
{
	size_t at = 0;
	char sentence[600];
	va_list arguments;

	if (place < encode->text->place_count)
		at = encode->text->places[place].key;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	if (encode->sentence == NULL)
		encode->sentence = text_print(encode->arena, "%s: %s",
		    json_text_where(encode->arena, encode->text, at), sentence);
	return false;
}

bool
encode_enter(struct json_encode *encode)
{
	if (encode->depth == DEEPEST)
		return encode_wrong(encode, encode->place,
		    "messages stand more than %d deep in each other", DEEPEST);
	encode->depth++;
	return true;
}

void
encode_leave(struct json_encode *encode)
{
	encode->depth--;
}

struct becket_bytes
encode_digits(const struct json_encode *encode, size_t place)
{
	const struct json_text *text = encode->text;
	size_t at = place < text->place_count ? text->places[place].at : 0;
	size_t size = 0;

	while (at + size < text->size &&
	       strchr("0123456789+-.eE", text->text[at + size]) != NULL &&
	       text->text[at + size] != '\0')
		size++;
	return (struct becket_bytes){ (const uint8_t *)text->text + at, size };
}

/* ---------------------------------------------------------------- fields -- */

static const struct proto_field *
find_extension(struct json_encode *encode, const struct proto_message *message,
    const char *key, size_t size)
{
	const struct symbol *symbol;
	const struct proto_field *field;

	if (size < 2 || key[0] != '[' || key[size - 1] != ']')
		return NULL;
	symbol = pool_find(encode->pool,
	    text_copy(encode->arena, key + 1, size - 2));
	if (symbol == NULL || symbol->kind != SYMBOL_FIELD)
		return NULL;
	field = symbol->thing;
	return field->extendee != NULL && field->parent == message ? field
	                                                           : NULL;
}

/* By its name in JSON, or else by that in the .proto. */
static const struct proto_field *
find_field(struct json_encode *encode, const struct proto_message *message,
    const char *key, size_t size)
{
	const struct proto_field *found = NULL;

	if (strlen(key) != size)
		return NULL;
	for (size_t i = 0; i < message->field_count; i++) {
		if (text_equal(message->fields[i].json_name, key))
			return &message->fields[i];
		if (text_equal(message->fields[i].name, key))
			found = &message->fields[i];
	}
	return found != NULL ? found
	                     : find_extension(encode, message, key, size);
}

static bool
takes_null(const struct proto_field *field)
{
	if (field->message != NULL)
		return text_equal(field->message->full_name,
		    "google.protobuf.Value");
	return field->enumeration != NULL && encode_is_null(field->enumeration);
}

/* With number and size in front. */
static bool
encode_sized(struct json_encode *encode, uint32_t number,
    const struct proto_message *message, const json_t *value,
    struct buffer *out)
{
	struct buffer inner = buffer_empty(&idl_memory);
	bool done = encode_message(encode, message, value, &inner);

	if (done)
		message_put_sized(out, number, buffer_bytes(&inner));
	buffer_fini(&inner);
	return done;
}

/* A message to JSON, without a size on the wire. */
static bool
encode_group(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, struct buffer *out)
{
	message_put_tag(out, field->number, type_wire_type(field->type));
	if (!encode_message(encode, field->message, value, out))
		return false;
	message_put_tag(out, field->number,
	    (enum protobuf_wire_type)MESSAGE_GROUP_END);
	return true;
}

static bool
encode_value(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, struct buffer *out)
{
	if (field->type == PROTO_GROUP)
		return encode_group(encode, field, value, out);
	if (field->message != NULL)
		return encode_sized(encode, field->number, field->message,
		    value, out);
	message_put_tag(out, field->number, type_wire_type(field->type));
	return encode_scalar(encode, field, value, out);
}

static bool
encode_packed(struct json_encode *encode, const struct proto_field *field,
    const json_t *array, struct buffer *out)
{
	struct buffer packed = buffer_empty(&idl_memory);
	bool done = true;

	for (size_t i = 0; done && i < json_array_size(array); i++)
		done = encode_scalar(encode, field, json_array_get(array, i),
		    &packed);
	if (done && packed.size > 0)
		message_put_sized(out, field->number, buffer_bytes(&packed));
	buffer_fini(&packed);
	return done;
}

static bool
encode_repeated(struct json_encode *encode, const struct proto_field *field,
    const json_t *array, struct buffer *out)
{
	size_t place = encode_take(encode);

	if (!json_is_array(array))
		return encode_wrong(encode, place, "%s takes an array",
		    field->full_name);
	if (field->is_packed)
		return encode_packed(encode, field, array, out);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = json_array_get(array, i);

		if (json_is_null(value) && !takes_null(field))
			return encode_wrong(encode, encode->place,
			    "null is no element of %s", field->full_name);
		if (!encode_value(encode, field, value, out))
			return false;
	}
	return true;
}

static bool
encode_entry(struct json_encode *encode, const struct proto_field *field,
    const char *key, size_t size, const json_t *value, struct buffer *out)
{
	const struct proto_field *of_key = field->message->by_number[0];
	const struct proto_field *of_value = field->message->by_number[1];
	struct buffer entry = buffer_empty(&idl_memory);
	bool done;

	message_put_tag(&entry, 1, type_wire_type(of_key->type));
	done = encode_key(encode, encode->place, of_key, key, size, &entry);
	if (done && json_is_null(value) && !takes_null(of_value))
		done = encode_wrong(encode, encode->place,
		    "null is no value of %s", field->full_name);
	done = done && encode_value(encode, of_value, value, &entry);
	if (done)
		message_put_sized(out, field->number, buffer_bytes(&entry));
	buffer_fini(&entry);
	return done;
}

static bool
encode_map(struct json_encode *encode, const struct proto_field *field,
    const json_t *object, struct buffer *out)
{
	json_t *mutable = (json_t *)object;
	size_t place = encode_take(encode);
	bool done = true;

	if (!json_is_object(object))
		return encode_wrong(encode, place, "%s takes an object",
		    field->full_name);
	if (!encode_enter(encode)) /* an entry is a message, too */
		return false;
	for (void *at = json_object_iter(mutable); done && at != NULL;
	     at = json_object_iter_next(mutable, at))
		done = encode_entry(encode, field, json_object_iter_key(at),
		    json_object_iter_key_len(at), json_object_iter_value(at),
		    out);
	encode_leave(encode);
	return done;
}

static bool
encode_field(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, struct buffer *out)
{
	if (field_is_map(field))
		return encode_map(encode, field, value, out);
	if (field->is_repeated)
		return encode_repeated(encode, field, value, out);
	return encode_value(encode, field, value, out);
}

/* -------------------------------------------------------------- messages -- */

/* Which fields and oneofs of a message have been met. */
struct met {
	const struct proto_message *message;
	bool *fields, *oneofs;
};

static bool
note(struct json_encode *encode, struct met *met,
    const struct proto_field *field)
{
	size_t index = (size_t)(field - met->message->fields);

	if (field->extendee != NULL)
		return true;
	if (met->fields[index])
		return encode_wrong(encode, encode->place, "%s comes twice",
		    field->full_name);
	met->fields[index] = true;
	if (field->oneof < 0)
		return true;
	if (met->oneofs[field->oneof])
		return encode_wrong(encode, encode->place,
		    "%s: another field of oneof %s is there already",
		    field->full_name, met->message->oneofs[field->oneof].name);
	met->oneofs[field->oneof] = true;
	return true;
}

static bool
check_required(struct json_encode *encode, size_t place, const struct met *met)
{
	for (size_t i = 0; i < met->message->field_count; i++)
		if (met->message->fields[i].is_required && !met->fields[i])
			return encode_wrong(encode, place,
			    "%s is required and not there",
			    met->message->fields[i].full_name);
	return true;
}

static bool
encode_member(struct json_encode *encode, struct met *met, const char *key,
    size_t size, const json_t *value, struct buffer *out)
{
	const struct proto_field *field =
	    find_field(encode, met->message, key, size);

	if (field == NULL && !encode->ignores_unknown)
		return encode_wrong(encode, encode->place,
		    "%s has no field \"%s\"", met->message->full_name, key);
	if (field == NULL || (json_is_null(value) &&
	                         (!takes_null(field) || field->is_repeated))) {
		encode_skip(encode, value);
		return true;
	}
	return note(encode, met, field) &&
	       encode_field(encode, field, value, out);
}

bool
encode_members(struct json_encode *encode, const struct proto_message *message,
    const json_t *object, const char *except, struct buffer *out)
{
	struct met met = {
		.message = message,
		.fields = text_alloc(encode->arena, message->field_count),
		.oneofs = text_alloc(encode->arena, message->oneof_count),
	};
	json_t *mutable = (json_t *)object;
	size_t place = encode_take(encode);

	if (!json_is_object(object))
		return encode_wrong(encode, place, "%s takes an object",
		    message->full_name);
	for (void *at = json_object_iter(mutable); at != NULL;
	     at = json_object_iter_next(mutable, at)) {
		const char *key = json_object_iter_key(at);
		const json_t *value = json_object_iter_value(at);

		if (except != NULL && text_equal(key, except))
			encode_skip(encode, value);
		else if (!encode_member(encode, &met, key,
		             json_object_iter_key_len(at), value, out))
			return false;
	}
	return check_required(encode, place, &met);
}

bool
encode_message(struct json_encode *encode, const struct proto_message *message,
    const json_t *value, struct buffer *out)
{
	encode_known *known = encode_find_known(message);
	bool done;

	if (!encode_enter(encode))
		return false;
	done = known != NULL
	           ? known(encode, message, value, out)
	           : encode_members(encode, message, value, NULL, out);
	encode_leave(encode);
	return done;
}

bool
json_encode(struct json_encode *encode, const struct proto_message *message,
    const struct json_text *text, struct buffer *out)
{
	encode->text = text;
	encode->place = 0;
	encode->depth = 0;
	encode->sentence = NULL;
	return encode_message(encode, message, text->root, out);
}
