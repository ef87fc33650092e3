/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include <string.h>

#include "describe_options.h"
#include "quote.h"

enum { STEP = 2, WIDTH = 80, HIGHEST = 536870911 };

struct writer {
	const struct pool *pool;
	struct buffer *out;
	unsigned indent;
	bool wants_blank; /* a blank line before what comes next */
};

/* ------------------------------------------------------------------ lines --
 */

static void
begin_line(struct writer *writer)
{
	if (writer->wants_blank)
		text_put(writer->out, "\n");
	writer->wants_blank = false;
	for (unsigned i = 0; i < writer->indent; i++)
		text_put(writer->out, " ");
}

static void
put_line(struct writer *writer, const char *text)
{
	begin_line(writer);
	text_put(writer->out, text);
	text_put(writer->out, "\n");
}

static void
open_block(struct writer *writer, const char *text)
{
	put_line(writer, text_print(writer->pool->arena, "%s {", text));
	writer->indent += STEP;
}

static void
close_block(struct writer *writer)
{
	writer->indent -= STEP;
	writer->wants_blank = false;
	put_line(writer, "}");
}

static const char *
quoted(const struct writer *writer, const char *text)
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

/* ---------------------------------------------------------------- options --
 */

/* As statements. */
static void
put_options(struct writer *writer, const char *kind,
    struct becket_bytes options, const char *scope)
{
	struct option_texts texts =
	    option_texts(writer->pool, kind, options, scope, writer->indent);

	for (size_t i = 0; i < texts.count; i++)
		put_line(writer, text_print(writer->pool->arena, "option %s;",
		                     texts.texts[i]));
	if (texts.count > 0)
		writer->wants_blank = true;
}

/* In brackets behind a field or value, with a blank in front; more are those
 * that have fields of their own in descriptors.
 */
static void
put_brackets(struct writer *writer, const char *kind,
    struct becket_bytes options, const char *scope, const char *const *more,
    size_t more_count)
{
	struct option_texts texts =
	    option_texts(writer->pool, kind, options, scope, writer->indent);
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

/* ----------------------------------------------------------------- fields --
 */

static const char *
type_text(const struct writer *writer, const struct proto_field *field,
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
default_text(const struct writer *writer, const struct proto_field *field)
{
	const char *text = field->default_text;

	if (field->type == PROTO_STRING)
		text = quoted(writer, text);
	else if (field->type == PROTO_BYTES)
		text = text_print(writer->pool->arena, "\"%s\"", text);
	return text_print(writer->pool->arena, "default = %s", text);
}

static void
put_field_options(struct writer *writer, const struct proto_field *field,
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
		    quoted(writer, field->json_name));
	put_brackets(writer, "FieldOptions", field->options, scope, more,
	    count);
}

static void put_body(struct writer *writer,
    const struct proto_message *message);

static void
put_field(struct writer *writer, const struct proto_field *field,
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
	writer->indent += STEP;
	put_body(writer, field->message);
	close_block(writer);
}

static void
put_oneof(struct writer *writer, const struct proto_message *message,
    int32_t index)
{
	open_block(writer, text_print(writer->pool->arena, "oneof %s",
	                       message->oneofs[index].name));
	for (size_t i = 0; i < message->field_count; i++)
		if (message->fields[i].oneof == index)
			put_field(writer, &message->fields[i],
			    message->full_name);
	close_block(writer);
}

static bool
is_first_of_oneof(const struct proto_message *message, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (message->fields[i].oneof == message->fields[index].oneof)
			return false;
	return true;
}

static void
put_fields(struct writer *writer, const struct proto_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct proto_field *field = &message->fields[i];

		if (field->oneof < 0 ||
		    message->oneofs[field->oneof].is_synthetic)
			put_field(writer, field, message->full_name);
		else if (is_first_of_oneof(message, i))
			put_oneof(writer, message, field->oneof);
	}
}

/* Those that extend the same message stand together. */
static void
put_extensions(struct writer *writer, const struct proto_field *fields,
    size_t count, const char *scope)
{
	for (size_t i = 0; i < count; i++) {
		writer->wants_blank = true;
		open_block(writer, text_print(writer->pool->arena, "extend %s",
		                       name_within(writer->pool, scope,
		                           fields[i].extendee + 1)));
		for (;; i++) {
			put_field(writer, &fields[i], scope);
			if (i + 1 == count || !text_equal(fields[i].extendee,
			                          fields[i + 1].extendee))
				break;
		}
		close_block(writer);
	}
}

/* --------------------------------------------------------------- messages --
 */

static const char *
range_text(const struct writer *writer, struct proto_range range, int64_t most)
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
put_ranges(struct writer *writer, const char *what,
    const struct proto_range *ranges, size_t count, int64_t most)
{
	const char *line = what;

	for (size_t i = 0; i < count; i++)
		line = text_print(writer->pool->arena, "%s%s%s", line,
		    i == 0 ? " " : ", ", range_text(writer, ranges[i], most));
	if (count > 0)
		put_line(writer, text_print(writer->pool->arena, "%s;", line));
}

static void
put_reserved_names(struct writer *writer, const char *const *names,
    size_t count)
{
	const char *line = "reserved";

	for (size_t i = 0; i < count; i++)
		line = text_print(writer->pool->arena, "%s%s%s", line,
		    i == 0 ? " " : ", ", quoted(writer, names[i]));
	if (count > 0)
		put_line(writer, text_print(writer->pool->arena, "%s;", line));
}

static void put_enum(struct writer *writer,
    const struct proto_enum *enumeration);
static void put_message(struct writer *writer,
    const struct proto_message *message);

/* One that stands in a field of its own. */
static bool
is_group_of(const struct proto_message *inner, const struct proto_field *fields,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == PROTO_GROUP && fields[i].message == inner)
			return true;
	return false;
}

static void
put_nested(struct writer *writer, const struct proto_message *message)
{
	for (size_t i = 0; i < message->message_count; i++) {
		const struct proto_message *inner = &message->messages[i];

		if (inner->is_map_entry ||
		    is_group_of(inner, message->fields, message->field_count) ||
		    is_group_of(inner, message->extensions,
		        message->extension_count))
			continue;
		writer->wants_blank = true;
		put_message(writer, inner);
	}
	for (size_t i = 0; i < message->enum_count; i++) {
		writer->wants_blank = true;
		put_enum(writer, &message->enums[i]);
	}
}

static void
put_body(struct writer *writer, const struct proto_message *message)
{
	writer->wants_blank = false;
	put_options(writer, "MessageOptions", message->options,
	    message->full_name);
	put_ranges(writer, "reserved", message->reserved,
	    message->reserved_count, HIGHEST);
	put_reserved_names(writer, message->reserved_names,
	    message->reserved_name_count);
	put_ranges(writer, "extensions", message->ranges, message->range_count,
	    HIGHEST);
	put_fields(writer, message);
	put_nested(writer, message);
	put_extensions(writer, message->extensions, message->extension_count,
	    message->full_name);
}

static void
put_message(struct writer *writer, const struct proto_message *message)
{
	size_t before;

	open_block(writer,
	    text_print(writer->pool->arena, "message %s", message->name));
	before = writer->out->size;
	put_body(writer, message);
	if (writer->out->size == before) {
		writer->out->size--; /* the newline */
		writer->indent -= STEP;
		text_put(writer->out, "}\n");
	} else {
		close_block(writer);
	}
}

static void
put_enum(struct writer *writer, const struct proto_enum *enumeration)
{
	size_t scope =
	    strlen(enumeration->full_name) - strlen(enumeration->name);
	const char *outer = text_copy(writer->pool->arena,
	    enumeration->full_name, scope > 0 ? scope - 1 : 0);

	open_block(writer,
	    text_print(writer->pool->arena, "enum %s", enumeration->name));
	put_options(writer, "EnumOptions", enumeration->options, outer);
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
	close_block(writer);
}

/* --------------------------------------------------------------- services --
 */

static void
put_method(struct writer *writer, const struct proto_method *method)
{
	const struct pool *pool = writer->pool;
	const char *scope = method->service->full_name;
	const char *line =
	    text_print(pool->arena, "rpc %s(%s%s) returns (%s%s)", method->name,
	        method->client_streams ? "stream " : "",
	        name_within(pool, scope, method->input->full_name),
	        method->server_streams ? "stream " : "",
	        name_within(pool, scope, method->output->full_name));
	struct option_texts texts = option_texts(pool, "MethodOptions",
	    method->options, scope, writer->indent + STEP);

	if (texts.count == 0) {
		put_line(writer, text_print(pool->arena, "%s;", line));
		return;
	}
	open_block(writer, line);
	put_options(writer, "MethodOptions", method->options, scope);
	close_block(writer);
}

static void
put_service(struct writer *writer, const struct proto_service *service)
{
	open_block(writer,
	    text_print(writer->pool->arena, "service %s", service->name));
	put_options(writer, "ServiceOptions", service->options,
	    service->full_name);
	for (size_t i = 0; i < service->method_count; i++)
		put_method(writer, &service->methods[i]);
	close_block(writer);
}

/* ------------------------------------------------------------------ files --
 */

static void
put_imports(struct writer *writer, const struct proto_file *file)
{
	for (size_t i = 0; i < file->import_count; i++)
		put_line(writer, text_print(writer->pool->arena, "import %s%s;",
		                     file->is_public[i] ? "public "
		                     : file->is_weak[i] ? "weak "
		                                        : "",
		                     quoted(writer, file->imports[i])));
	writer->wants_blank = true;
}

static bool
is_group_at_top(const struct proto_file *file,
    const struct proto_message *message)
{
	return is_group_of(message, file->extensions, file->extension_count);
}

void
describe_file(const struct pool *pool, const struct proto_file *file,
    struct buffer *out)
{
	struct writer writer = { .pool = pool, .out = out };

	put_line(&writer,
	    text_print(pool->arena, "syntax = \"%s\";", file->syntax));
	writer.wants_blank = true;
	if (*file->package != '\0')
		put_line(&writer,
		    text_print(pool->arena, "package %s;", file->package));
	writer.wants_blank = true;
	put_imports(&writer, file);
	put_options(&writer, "FileOptions", file->options, file->package);
	for (size_t i = 0; i < file->service_count; i++) {
		writer.wants_blank = true;
		put_service(&writer, &file->services[i]);
	}
	for (size_t i = 0; i < file->message_count; i++) {
		writer.wants_blank = true;
		if (!is_group_at_top(file, &file->messages[i]))
			put_message(&writer, &file->messages[i]);
	}
	for (size_t i = 0; i < file->enum_count; i++) {
		writer.wants_blank = true;
		put_enum(&writer, &file->enums[i]);
	}
	put_extensions(&writer, file->extensions, file->extension_count,
	    file->package);
}

static void
put_one_field(struct writer *writer, const struct proto_field *field)
{
	const char *scope = field->parent->full_name;

	if (field->extendee != NULL)
		put_extensions(writer, field, 1, field->file->package);
	else
		put_field(writer, field, scope);
}

void
describe_symbol(const struct pool *pool, const struct symbol *symbol,
    struct buffer *out)
{
	struct writer writer = { .pool = pool, .out = out };

	switch ((enum symbol_kind)symbol->kind) {
	case SYMBOL_MESSAGE:
		put_message(&writer, symbol->thing);
		break;
	case SYMBOL_ENUM:
	case SYMBOL_VALUE:
		put_enum(&writer, symbol->thing);
		break;
	case SYMBOL_SERVICE:
		put_service(&writer, symbol->thing);
		break;
	case SYMBOL_METHOD:
		put_method(&writer, symbol->thing);
		break;
	case SYMBOL_FIELD:
		put_one_field(&writer, symbol->thing);
		break;
	case SYMBOL_PACKAGE:
		break;
	}
}
