/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "describe_options.h"
#include "describe_private.h"
#include "quote.h"

enum { HIGHEST = 536870911 };

/* ----------------------------------------------------------------- lines -- */

static void
begin_line(struct describer *writer)
{
	if (writer->wants_blank)
		text_put(writer->out, "\n");
	writer->wants_blank = false;
	for (unsigned i = 0; i < writer->indent; i++)
		text_put(writer->out, " ");
}

void
describe_line(struct describer *writer, const char *text)
{
	begin_line(writer);
	text_put(writer->out, text);
	text_put(writer->out, "\n");
}

void
describe_open(struct describer *writer, const char *text)
{
	describe_line(writer, text_print(writer->pool->arena, "%s {", text));
	writer->indent += DESCRIBE_STEP;
}

void
describe_close(struct describer *writer)
{
	writer->indent -= DESCRIBE_STEP;
	writer->wants_blank = false;
	describe_line(writer, "}");
}

const char *
describe_quoted(const struct describer *writer, const char *text)
{
	struct buffer quote = buffer_empty(&idl_memory);
	const char *copy;

	quote_proto(&quote,
	    (struct becket_bytes){ (const uint8_t *)text, strlen(text) });
	copy = text_copy(writer->pool->arena, (const char *)quote.data,
	    quote.size);
	buffer_fini(&quote);
	return copy;
}

/* --------------------------------------------------------------- options -- */

/* As statements. */
void
describe_put_options(struct describer *writer, const char *kind,
    struct becket_bytes options, const char *scope)
{
	struct texts texts = option_texts(writer->pool, kind, options, scope,
	    writer->indent, &writer->used);

	for (size_t i = 0; i < texts.count; i++)
		describe_line(writer, text_print(writer->pool->arena,
		                          "option %s;", texts.texts[i]));
	if (texts.count > 0)
		writer->wants_blank = true;
}

/* In brackets behind a field or value, with a blank in front; more are those
 * that have fields of their own in descriptors.
 */
static void
put_brackets(struct describer *writer, const char *kind,
    struct becket_bytes options, const char *scope, const char *const *more,
    size_t more_count)
{
	struct texts texts = option_texts(writer->pool, kind, options, scope,
	    writer->indent, &writer->used);
	const char *between = " [";

	for (size_t i = 0; i < more_count + texts.count; i++) {
		text_put(writer->out, between);
		text_put(writer->out,
		    i < more_count ? more[i] : texts.texts[i - more_count]);
		between = ", ";
	}
	if (more_count + texts.count > 0)
		text_put(writer->out, "]");
}

/* ---------------------------------------------------------------- fields -- */

static const char *
type_text(const struct describer *writer, const struct proto_field *field,
    const char *scope)
{
	static const char *const names[] = {
		[PROTO_DOUBLE] = "double",
		[PROTO_FLOAT] = "float",
		[PROTO_INT64] = "int64",
		[PROTO_UINT64] = "uint64",
		[PROTO_INT32] = "int32",
		[PROTO_FIXED64] = "fixed64",
		[PROTO_FIXED32] = "fixed32",
		[PROTO_BOOL] = "bool",
		[PROTO_STRING] = "string",
		[PROTO_BYTES] = "bytes",
		[PROTO_UINT32] = "uint32",
		[PROTO_SFIXED32] = "sfixed32",
		[PROTO_SFIXED64] = "sfixed64",
		[PROTO_SINT32] = "sint32",
		[PROTO_SINT64] = "sint64",
	};

	if (field_is_map(field))
		return text_print(writer->pool->arena, "map<%s, %s>",
		    type_text(writer, field->message->by_number[0], scope),
		    type_text(writer, field->message->by_number[1], scope));
	if (field->type == PROTO_GROUP)
		return "group";
	return field->type_name == NULL
	           ? names[field->type]
	           : name_within(writer->pool, scope, field->type_name + 1);
}

static const char *
label_text(const struct proto_field *field)
{
	if (field_is_map(field))
		return "";
	if (field->is_repeated)
		return "repeated ";
	if (field->is_required)
		return "required ";
	if (field->is_optional3 ||
	    (!field->file->is_proto3 && field->oneof < 0))
		return "optional ";
	return "";
}

static const char *
default_text(const struct describer *writer, const struct proto_field *field)
{
	const char *text = field->default_text;

	if (field->type == PROTO_STRING)
		text = describe_quoted(writer, text);
	else if (field->type == PROTO_BYTES)
		text = text_print(writer->pool->arena, "\"%s\"", text);
	return text_print(writer->pool->arena, "default = %s", text);
}

static void
put_field_options(struct describer *writer, const struct proto_field *field,
    const char *scope)
{
	struct arena *arena = writer->pool->arena;
	const char *more[2];
	size_t count = 0;

	if (field->default_text != NULL)
		more[count++] = default_text(writer, field);
	if (!text_equal(field->json_name, json_name_of(arena, field->name)) &&
	    field->extendee == NULL)
		more[count++] = text_print(arena, "json_name = %s",
		    describe_quoted(writer, field->json_name));
	put_brackets(writer, "FieldOptions", field->options, scope, more,
	    count);
}

static void put_body(struct describer *writer,
    const struct proto_message *message);

void
describe_field(struct describer *writer, const struct proto_field *field,
    const char *scope)
{
	bool is_group = field->type == PROTO_GROUP;

	begin_line(writer);
	text_put(writer->out,
	    text_print(writer->pool->arena, "%s%s %s = %u", label_text(field),
	        type_text(writer, field, scope),
	        is_group ? field->message->name : field->name,
	        (unsigned)field->number));
	put_field_options(writer, field, scope);
	text_put(writer->out, is_group ? " {\n" : ";\n");
	if (!is_group)
		return;
	writer->indent += DESCRIBE_STEP;
	put_body(writer, field->message);
	describe_close(writer);
}

static void
put_oneof(struct describer *writer, const struct proto_message *message,
    const struct proto_oneof *oneof)
{
	describe_open(writer,
	    text_print(writer->pool->arena, "oneof %s", oneof->name));
	for (const struct proto_field *field = oneof->first; field != NULL;
	     field = field->other)
		describe_field(writer, field, message->full_name);
	describe_close(writer);
}

static void
put_fields(struct describer *writer, const struct proto_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct proto_field *field = &message->fields[i];
		const struct proto_oneof *oneof =
		    field->oneof < 0 ? NULL : &message->oneofs[field->oneof];

		if (oneof == NULL || oneof->is_synthetic)
			describe_field(writer, field, message->full_name);
		else if (oneof->first == field)
			put_oneof(writer, message, oneof);
	}
}

/* Those that extend the same message stand together. */
void
describe_extensions(struct describer *writer, const struct proto_field *fields,
    size_t count, const char *scope)
{
	for (size_t i = 0; i < count; i++) {
		writer->wants_blank = true;
		describe_open(writer,
		    text_print(writer->pool->arena, "extend %s",
		        name_within(writer->pool, scope,
		            fields[i].extendee + 1)));
		for (;; i++) {
			describe_field(writer, &fields[i], scope);
			if (i + 1 == count || !text_equal(fields[i].extendee,
			                          fields[i + 1].extendee))
				break;
		}
		describe_close(writer);
	}
}

/* -------------------------------------------------------------- messages -- */

static const char *
range_text(const struct describer *writer, struct proto_range range,
    int64_t most)
{
	struct arena *arena = writer->pool->arena;

	if (range.first == range.last)
		return text_print(arena, "%lld", (long long)range.first);
	if (range.last >= most)
		return text_print(arena, "%lld to max", (long long)range.first);
	return text_print(arena, "%lld to %lld", (long long)range.first,
	    (long long)range.last);
}

static void
put_ranges(struct describer *writer, const char *what,
    const struct proto_range *ranges, size_t count, int64_t most)
{
	if (count == 0)
		return;
	begin_line(writer);
	text_put(writer->out, what);
	for (size_t i = 0; i < count; i++) {
		text_put(writer->out, i == 0 ? " " : ", ");
		text_put(writer->out, range_text(writer, ranges[i], most));
	}
	text_put(writer->out, ";\n");
}

static void
put_reserved_names(struct describer *writer, const char *const *names,
    size_t count)
{
	if (count == 0)
		return;
	begin_line(writer);
	text_put(writer->out, "reserved");
	for (size_t i = 0; i < count; i++) {
		text_put(writer->out, i == 0 ? " " : ", ");
		text_put(writer->out, describe_quoted(writer, names[i]));
	}
	text_put(writer->out, ";\n");
}

/* One that stands in a field of its own. */
bool
describe_is_group(const struct proto_message *inner,
    const struct proto_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == PROTO_GROUP && fields[i].message == inner)
			return true;
	return false;
}

static void
put_nested(struct describer *writer, const struct proto_message *message)
{
	for (size_t i = 0; i < message->message_count; i++) {
		const struct proto_message *inner = &message->messages[i];

		if (inner->is_map_entry ||
		    describe_is_group(inner, message->fields,
		        message->field_count) ||
		    describe_is_group(inner, message->extensions,
		        message->extension_count))
			continue;
		writer->wants_blank = true;
		describe_message(writer, inner);
	}
	for (size_t i = 0; i < message->enum_count; i++) {
		writer->wants_blank = true;
		describe_enum(writer, &message->enums[i]);
	}
}

static void
put_body(struct describer *writer, const struct proto_message *message)
{
	writer->wants_blank = false;
	describe_put_options(writer, "MessageOptions", message->options,
	    message->full_name);
	put_ranges(writer, "reserved", message->reserved,
	    message->reserved_count, HIGHEST);
	put_reserved_names(writer, message->reserved_names,
	    message->reserved_name_count);
	put_ranges(writer, "extensions", message->ranges, message->range_count,
	    HIGHEST);
	put_fields(writer, message);
	put_nested(writer, message);
	describe_extensions(writer, message->extensions,
	    message->extension_count, message->full_name);
}

void
describe_message(struct describer *writer, const struct proto_message *message)
{
	size_t before;

	describe_open(writer,
	    text_print(writer->pool->arena, "message %s", message->name));
	before = writer->out->size;
	put_body(writer, message);
	if (writer->out->size == before) {
		writer->out->size--; /* the newline */
		writer->indent -= DESCRIBE_STEP;
		text_put(writer->out, "}\n");
	} else {
		describe_close(writer);
	}
}

void
describe_enum(struct describer *writer, const struct proto_enum *enumeration)
{
	size_t scope =
	    strlen(enumeration->full_name) - strlen(enumeration->name);
	const char *outer = text_copy(writer->pool->arena,
	    enumeration->full_name, scope > 0 ? scope - 1 : 0);

	describe_open(writer,
	    text_print(writer->pool->arena, "enum %s", enumeration->name));
	describe_put_options(writer, "EnumOptions", enumeration->options,
	    outer);
	put_ranges(writer, "reserved", enumeration->reserved,
	    enumeration->reserved_count, INT32_MAX);
	put_reserved_names(writer, enumeration->reserved_names,
	    enumeration->reserved_name_count);
	for (size_t i = 0; i < enumeration->value_count; i++) {
		const struct proto_value *value = &enumeration->values[i];

		begin_line(writer);
		text_put(writer->out, text_print(writer->pool->arena, "%s = %d",
		                          value->name, (int)value->number));
		put_brackets(writer, "EnumValueOptions", value->options, outer,
		    NULL, 0);
		text_put(writer->out, ";\n");
	}
	describe_close(writer);
}
