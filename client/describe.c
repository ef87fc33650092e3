/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include "describe_options.h"
#include "describe_private.h"

enum { DEEPEST_IMPORT = 100 };

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
	struct texts texts =
	    option_texts(pool, "MethodOptions", method->options, scope,
	        writer->indent + DESCRIBE_STEP, &writer->used);

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
put_import(struct describer *writer, const char *word, const char *name)
{
	describe_line(writer, text_print(writer->pool->arena, "import %s%s;",
	                          word, describe_quoted(writer, name)));
}

/* Is it imported, or in public by what is? Each file is looked at once. */
static bool
is_visible(const struct pool *pool, const struct proto_file *file,
    const char *name, struct symbols *seen, unsigned depth)
{
	if (file == NULL || depth == DEEPEST_IMPORT ||
	    !symbols_put(seen, (struct symbol){ file->name, 0, NULL }))
		return false;
	for (size_t i = 0; i < file->import_count; i++)
		if ((depth == 0 || file->is_public[i]) &&
		    (text_equal(file->imports[i], name) ||
		        is_visible(pool, pool_file(pool, file->imports[i]),
		            name, seen, depth + 1)))
			return true;
	return false;
}

/* Servers leave out of a descriptor the imports that only its options need. */
static void
put_imports(struct describer *writer, const struct proto_file *file,
    const struct symbols *used)
{
	for (size_t i = 0; i < file->import_count; i++)
		put_import(writer,
		    file->is_public[i] ? "public "
		    : file->is_weak[i] ? "weak "
		                       : "",
		    file->imports[i]);
	for (size_t i = 0; i < used->capacity; i++) {
		const char *name = used->slots[i].name;
		struct symbols seen = { .arena = writer->pool->arena };

		if (name != NULL && !text_equal(name, file->name) &&
		    !is_visible(writer->pool, file, name, &seen, 0))
			put_import(writer, "", name);
	}
	writer->wants_blank = true;
}

static bool
is_group_at_top(const struct proto_file *file,
    const struct proto_message *message)
{
	return describe_is_group(message, file->extensions,
	    file->extension_count);
}

static void
put_head(struct describer *writer, const struct proto_file *file,
    const struct symbols *used)
{
	struct arena *arena = writer->pool->arena;

	describe_line(writer,
	    text_print(arena, "syntax = \"%s\";", file->syntax));
	writer->wants_blank = true;
	if (*file->package != '\0')
		describe_line(writer,
		    text_print(arena, "package %s;", file->package));
	writer->wants_blank = true;
	put_imports(writer, file, used);
}

static void
put_rest(struct describer *writer, const struct proto_file *file)
{
	describe_put_options(writer, "FileOptions", file->options,
	    file->package);
	for (size_t i = 0; i < file->service_count; i++) {
		writer->wants_blank = true;
		put_service(writer, &file->services[i]);
	}
	for (size_t i = 0; i < file->message_count; i++) {
		writer->wants_blank = true;
		if (!is_group_at_top(file, &file->messages[i]))
			describe_message(writer, &file->messages[i]);
	}
	for (size_t i = 0; i < file->enum_count; i++) {
		writer->wants_blank = true;
		describe_enum(writer, &file->enums[i]);
	}
	describe_extensions(writer, file->extensions, file->extension_count,
	    file->package);
}

void
describe_file(const struct pool *pool, const struct proto_file *file,
    struct buffer *out)
{
	struct buffer rest = buffer_empty(&idl_memory);
	struct describer head = { .pool = pool, .out = out };
	struct describer writer = {
		.pool = pool,
		.out = &rest,
		.wants_blank = true,
		.used = { .arena = pool->arena },
	};

	put_rest(&writer, file);
	put_head(&head, file, &writer.used);
	if (rest.size > 0)
		text_put_bytes(out, rest.data, rest.size);
	buffer_fini(&rest);
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
	struct describer writer = {
		.pool = pool,
		.out = out,
		.used = { .arena = pool->arena },
	};

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
