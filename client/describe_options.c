/* SPDX-License-Identifier: MIT */
#include "describe_options.h"

#include <string.h>

#include "json_decode_private.h"
#include "quote.h"

enum { WIDTH = 80, STEP = 2, DEEPEST = 50 };

/* ----------------------------------------------------------------- names -- */

/* What protoc takes a name for: the innermost scope that has its first word
 * decides.
 */
static bool
means(const struct pool *pool, const char *scope, const char *name,
    const char *full_name)
{
	size_t first = strcspn(name, "."), size = strlen(scope);

	for (;;) {
		const char *dot = size == 0 ? "" : ".";
		const char *word = text_print(pool->arena, "%.*s%s%.*s",
		    (int)size, scope, dot, (int)first, name);

		if (pool_find(pool, word) != NULL)
			return text_equal(full_name,
			    text_print(pool->arena, "%.*s%s%s", (int)size,
			        scope, dot, name));
		if (size == 0)
			return false;
		while (size > 0 && scope[--size] != '.')
			;
	}
}

static size_t
common_scope(const char *scope, const char *full_name)
{
	size_t common = 0;

	for (size_t i = 0; full_name[i] != '\0'; i++) {
		if ((scope[i] == '\0' || scope[i] == '.') &&
		    full_name[i] == '.')
			common = i + 1;
		if (scope[i] != full_name[i])
			break;
	}
	return common;
}

const char *
name_within(const struct pool *pool, const char *scope, const char *full_name)
{
	const char *name = full_name + common_scope(scope, full_name);
	const struct symbol *symbol;
	const struct proto_message *message;
	const char *package;

	if (means(pool, scope, name, full_name))
		symbol = pool_find(pool, full_name);
	else
		return means(pool, scope, full_name, full_name)
		           ? full_name
		           : text_print(pool->arena, ".%s", full_name);
	if (symbol == NULL || symbol->kind != SYMBOL_MESSAGE)
		return name;
	message = symbol->thing;
	package = message->file->package;
	/* Half a package says less than all of it. */
	return strlen(full_name) - strlen(name) < strlen(package) &&
	               means(pool, scope, full_name, full_name)
	           ? full_name
	           : name;
}

/* ---------------------------------------------------------------- values -- */

struct writer {
	const struct pool *pool;
	struct buffer *out;
	bool is_long;    /* over several lines */
	unsigned indent; /* columns */
	unsigned depth;
};

static void
separate(const struct writer *writer)
{
	text_put(writer->out, writer->is_long ? "\n" : " ");
	for (unsigned i = 0; writer->is_long && i < writer->indent; i++)
		text_put(writer->out, " ");
}

/* A number as JSON has it, without the quotes of large ones. */
static void
write_number(const struct writer *writer, const struct proto_field *field,
    const struct protobuf_field *value)
{
	struct buffer json = buffer_empty(&idl_memory);
	struct json_decode decode = {
		.pool = writer->pool,
		.arena = writer->pool->arena,
		.out = &json,
	};
	const char *text;

	decode_scalar(&decode, field, value);
	text =
	    text_copy(writer->pool->arena, (const char *)json.data, json.size);
	buffer_fini(&json);
	if (*text == '"')
		text =
		    text_copy(writer->pool->arena, text + 1, strlen(text) - 2);
	text_put(writer->out, text_equal(text, "NaN")         ? "nan"
	                      : text_equal(text, "Infinity")  ? "inf"
	                      : text_equal(text, "-Infinity") ? "-inf"
	                                                      : text);
}

static void write_message(struct writer *writer,
    const struct proto_message *message, struct becket_bytes bytes);

static void
write_value(struct writer *writer, const struct proto_field *field,
    const struct protobuf_field *value)
{
	if (field->message != NULL)
		write_message(writer, field->message, value->bytes);
	else if (field->type == PROTO_STRING || field->type == PROTO_BYTES)
		quote_proto(writer->out, value->bytes);
	else
		write_number(writer, field, value);
}

static const struct proto_field *
field_of(const struct pool *pool, const struct proto_message *message,
    uint32_t number)
{
	const struct proto_field *field = message_field(message, number);

	return field != NULL ? field : pool_extension(pool, message, number);
}

/* Each value of a field, those that are packed too. */
static bool
next_value(struct cursor *packed, const struct proto_field *field,
    const struct protobuf_field *value, struct protobuf_field *ret_one)
{
	if (packed->get == NULL) {
		*packed =
		    cursor_get(value->bytes.data, value->bytes.size, false);
		if (value->wire_type == type_wire_type(field->type)) {
			*ret_one = *value;
			packed->at = packed->size;
			return true;
		}
		if (value->wire_type != PROTOBUF_SIZED || !field->is_repeated)
			packed->at = packed->size;
	}
	return decode_unpack(packed, field->type, ret_one);
}

/* A message that was set piece by piece comes in pieces: the first of them
 * stands for all.
 */
static bool
is_first_piece(const struct pool *pool, struct becket_bytes message,
    const struct proto_field *field, struct protobuf_field *value)
{
	struct message_walk walk = message_walk(message);
	struct protobuf_field first = { 0 };

	if (field->message == NULL || field->is_repeated ||
	    value->wire_type != type_wire_type(field->type))
		return true;
	while (message_next(&walk, &first) &&
	       (first.number != value->number ||
	           first.wire_type != value->wire_type))
		;
	if (first.bytes.data != value->bytes.data)
		return false;
	value->bytes = message_gather_as(pool->arena, message, value->number,
	    value->wire_type);
	return true;
}

/* A group goes by the name of its type. */
static const char *
member_name(const struct writer *writer, const struct proto_field *field)
{
	if (field->extendee != NULL)
		return text_print(writer->pool->arena, "[%s]",
		    field->full_name);
	return field->type == PROTO_GROUP ? field->message->name : field->name;
}

static void
write_member(struct writer *writer, const struct proto_field *field,
    const struct protobuf_field *value)
{
	struct cursor packed = { 0 };
	struct protobuf_field one;

	while (next_value(&packed, field, value, &one)) {
		separate(writer);
		text_put(writer->out, member_name(writer, field));
		text_put(writer->out, field->message == NULL ? ": " : " ");
		write_value(writer, field, &one);
	}
}

static void
write_message(struct writer *writer, const struct proto_message *message,
    struct becket_bytes bytes)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field value;

	if (writer->depth == DEEPEST || bytes.size == 0) {
		text_put(writer->out, "{}");
		return;
	}
	text_put(writer->out, "{");
	writer->depth++;
	writer->indent += STEP;
	while (message_next(&walk, &value)) {
		const struct proto_field *field =
		    field_of(writer->pool, message, value.number);

		if (field != NULL &&
		    is_first_piece(writer->pool, bytes, field, &value))
			write_member(writer, field, &value);
	}
	writer->indent -= STEP;
	writer->depth--;
	separate(writer);
	text_put(writer->out, "}");
}

/* --------------------------------------------------------------- options -- */

static const char *
write_text(const struct pool *pool, const char *name,
    const struct proto_field *field, const struct protobuf_field *value,
    unsigned indent, bool is_long)
{
	struct buffer out = buffer_empty(&idl_memory);
	struct writer writer = { pool, &out, is_long, indent, 0 };
	const char *text;

	text_put(&out, name);
	text_put(&out, " = ");
	write_value(&writer, field, value);
	text = text_copy(pool->arena, (const char *)out.data, out.size);
	buffer_fini(&out);
	return text;
}

static const char *
one_text(const struct pool *pool, const char *scope,
    const struct proto_field *field, const struct protobuf_field *value,
    unsigned indent)
{
	const char *name = field->name, *text;

	if (field->extendee != NULL)
		name = text_print(pool->arena, "(%s)",
		    name_within(pool, scope, field->full_name));
	text = write_text(pool, name, field, value, indent, false);
	if (field->message != NULL &&
	    indent + strlen("option ;") + strlen(text) > WIDTH)
		text = write_text(pool, name, field, value, indent, true);
	return text;
}

struct texts
option_texts(const struct pool *pool, const char *kind,
    struct becket_bytes options, const char *scope, unsigned indent,
    struct symbols *used)
{
	const struct proto_message *message = pool_message(pool,
	    text_print(pool->arena, "google.protobuf.%s", kind));
	struct message_walk walk = message_walk(options);
	struct texts texts = { 0 };
	struct protobuf_field value;

	while (message != NULL && message_next(&walk, &value)) {
		const struct proto_field *field =
		    field_of(pool, message, value.number);
		struct cursor packed = { 0 };
		struct protobuf_field one;

		if (field == NULL ||
		    text_equal(field->name, "uninterpreted_option") ||
		    !is_first_piece(pool, options, field, &value))
			continue;
		if (field->extendee != NULL)
			(void)symbols_put(used,
			    (struct symbol){ field->file->name, 0, NULL });
		while (next_value(&packed, field, &value, &one))
			texts_add(pool->arena, &texts,
			    one_text(pool, scope, field, &one, indent));
	}
	return texts;
}
