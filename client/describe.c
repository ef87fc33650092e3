/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include "describe_options.h"
#include "describe_private.h"

/* -------------------------------------------------------------- services -- */

static void
put_method(struct describer *writer, const struct proto_method *method)
{
	const struct pool *pool = writer->pool;
	const char *scope = method->service->full_name;
	const char *line =
	    text_print(pool->arena, "rpc %s(%s%s) returns (%s%s)", method->name,
	        method->client_streams ? "stream " : "",
	        name_within(pool, scope, method->input->full_name),
	        method->server_streams ? "stream " : "",
	        name_within(pool, scope, method->output->full_name));
	struct texts texts = option_texts(pool, "MethodOptions",
	    method->options, scope, writer->indent + DESCRIBE_STEP);

	if (texts.count == 0) {
		describe_line(writer, text_print(pool->arena, "%s;", line));
		return;
	}
	describe_open(writer, line);
	describe_put_options(writer, "MethodOptions", method->options, scope);
	describe_close(writer);
}

static void
put_service(struct describer *writer, const struct proto_service *service)
{
	describe_open(writer,
	    text_print(writer->pool->arena, "service %s", service->name));
	describe_put_options(writer, "ServiceOptions", service->options,
	    service->full_name);
	for (size_t i = 0; i < service->method_count; i++)
		put_method(writer, &service->methods[i]);
	describe_close(writer);
}

/* ----------------------------------------------------------------- files -- */

static void
put_imports(struct describer *writer, const struct proto_file *file)
{
	for (size_t i = 0; i < file->import_count; i++)
		describe_line(writer,
		    text_print(writer->pool->arena, "import %s%s;",
		        file->is_public[i] ? "public "
		        : file->is_weak[i] ? "weak "
		                           : "",
		        describe_quoted(writer, file->imports[i])));
	writer->wants_blank = true;
}

static bool
is_group_at_top(const struct proto_file *file,
    const struct proto_message *message)
{
	return describe_is_group(message, file->extensions,
	    file->extension_count);
}

void
describe_file(const struct pool *pool, const struct proto_file *file,
    struct buffer *out)
{
	struct describer writer = { .pool = pool, .out = out };

	describe_line(&writer,
	    text_print(pool->arena, "syntax = \"%s\";", file->syntax));
	writer.wants_blank = true;
	if (*file->package != '\0')
		describe_line(&writer,
		    text_print(pool->arena, "package %s;", file->package));
	writer.wants_blank = true;
	put_imports(&writer, file);
	describe_put_options(&writer, "FileOptions", file->options,
	    file->package);
	for (size_t i = 0; i < file->service_count; i++) {
		writer.wants_blank = true;
		put_service(&writer, &file->services[i]);
	}
	for (size_t i = 0; i < file->message_count; i++) {
		writer.wants_blank = true;
		if (!is_group_at_top(file, &file->messages[i]))
			describe_message(&writer, &file->messages[i]);
	}
	for (size_t i = 0; i < file->enum_count; i++) {
		writer.wants_blank = true;
		describe_enum(&writer, &file->enums[i]);
	}
	describe_extensions(&writer, file->extensions, file->extension_count,
	    file->package);
}

static void
put_one_field(struct describer *writer, const struct proto_field *field)
{
	const char *scope = field->parent->full_name;

	if (field->extendee != NULL)
		describe_extensions(writer, field, 1, field->file->package);
	else
		describe_field(writer, field, scope);
}

void
describe_symbol(const struct pool *pool, const struct symbol *symbol,
    struct buffer *out)
{
	struct describer writer = { .pool = pool, .out = out };

	switch ((enum symbol_kind)symbol->kind) {
	case SYMBOL_MESSAGE:
		describe_message(&writer, symbol->thing);
		break;
	case SYMBOL_ENUM:
	case SYMBOL_VALUE:
		describe_enum(&writer, symbol->thing);
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
