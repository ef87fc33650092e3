/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "describe.h"
#include "export.h"
#include "json_decode.h"
#include "lookup.h"
#include "output.h"
#include "quote.h"

static void
show_names(const struct command *command, const char *title,
    const struct texts *names)
{
	struct line line = { 0 };
	if (!command->json) {
		for (size_t i = 0; i < names->count; i++) {
			print_column(names->texts[i], 0);
			putchar('\n');
		}
		return;
	}
	line_begin(&line, NULL);
	line_array_begin(&line, title);
	for (size_t i = 0; i < names->count; i++)
		line_string(&line, NULL, names->texts[i]);
	line_array_end(&line);
	line_end(&line);
}

static int
list_operations(const struct command *command)
{
	struct pool *pool = pool_new(command->arena);
	struct texts names = { 0 };
	const struct symbol *symbol;
	const struct proto_service *service;
	int result = lookup_symbol(command, pool, command->symbol, &symbol);
	if (result != EXIT_OK)
		return result;
	if (symbol->kind != SYMBOL_SERVICE) {
		print_failure(text_print(command->arena, "%s is no service",
		    symbol->name));
		return EXIT_USAGE;
	}
	service = symbol->thing;
	for (size_t i = 0; i < service->method_count; i++)
		texts_add(command->arena, &names,
		    service->methods[i].full_name);
	show_names(command, "operations", &names);
	return export_files(command, pool);
}

/* To list them their files need not be known. */
static int
export_services(const struct command *command)
{
	struct pool *pool = pool_new(command->arena);
	int result = lookup_all(command, pool);
	return result == EXIT_OK ? export_files(command, pool) : result;
}

int
command_list(const struct command *command)
{
	struct texts services = { 0 };
	int result;
	if (command->symbol != NULL)
		return list_operations(command);
	result = lookup_services(command, pool_new(command->arena), &services);
	if (result != EXIT_OK)
		return result;
	show_names(command, "services", &services);
	return export_is_wanted(command) ? export_services(command) : EXIT_OK;
}

/* -------------------------------------------------------------- describe -- */

static void
show_text(struct buffer *text)
{
	fwrite(text->data, 1, text->size, stdout);
	buffer_fini(text);
}

static void
show_symbol(const struct pool *pool, const char *name, int kind, void *thing)
{
	const struct symbol symbol = { name, kind, thing };
	struct buffer text = buffer_empty(&idl_memory);
	text_put(&text, "// ");
	text_put(&text, name);
	text_put(&text, ", in ");
	(void)quote_plain(&text, symbol_file(&symbol)->name);
	text_put(&text, "\n");
	describe_symbol(pool, &symbol, &text);
	show_text(&text);
}

static void
show_message(const struct pool *pool, struct proto_message *message)
{
	putchar('\n');
	show_symbol(pool, message->full_name, SYMBOL_MESSAGE, message);
}

static int
describe_all(const struct command *command, const struct pool *pool)
{
	bool is_first = true;
	for (struct proto_file *file = pool->files; file != NULL;
	     file = file->next)
		for (size_t i = 0; !file->is_ours && i < file->service_count;
		     i++) {
			if (!is_first)
				putchar('\n');
			is_first = false;
			show_symbol(pool, file->services[i].full_name,
			    SYMBOL_SERVICE, &file->services[i]);
		}
	(void)command;
	return EXIT_OK;
}

/* A message with all that it may have, as JSON to be filled in. */
static int
show_template(const struct command *command, const struct pool *pool,
    const struct symbol *symbol)
{
	struct buffer json = buffer_empty(&idl_memory);
	struct json_decode decode = {
		.pool = pool,
		.arena = command->arena,
		.emits_defaults = true,
		.is_template = true,
		.is_pretty = true,
	};
	const struct proto_message *message = symbol->thing;
	if (symbol->kind == SYMBOL_METHOD)
		message = ((struct proto_method *)symbol->thing)->input;
	else if (symbol->kind != SYMBOL_MESSAGE) {
		print_failure(text_print(command->arena,
		    "%s is neither a message nor an operation", symbol->name));
		return EXIT_USAGE;
	}
	(void)json_decode(&decode, message, (struct becket_bytes){ 0 }, &json);
	text_put(&json, "\n");
	show_text(&json);
	return EXIT_OK;
}

static int
describe_one(const struct command *command, struct pool *pool)
{
	const struct symbol *symbol;
	const struct proto_method *method;
	int result = lookup_symbol(command, pool, command->symbol, &symbol);
	if (result != EXIT_OK)
		return result;
	if (command->wants_template)
		return show_template(command, pool, symbol);
	show_symbol(pool, symbol->name, symbol->kind, symbol->thing);
	if (symbol->kind != SYMBOL_METHOD)
		return EXIT_OK;
	method = symbol->thing;
	show_message(pool, method->input);
	if (method->output != method->input)
		show_message(pool, method->output);
	return EXIT_OK;
}

/* By its name, or the end of it. */
static const struct proto_file *
find_file(const struct pool *pool, const char *name)
{
	const char *end = text_print(pool->arena, "/%s", name);
	const struct proto_file *file = pool_file(pool, name);
	for (const struct proto_file *one = pool->files;
	     file == NULL && one != NULL; one = one->next)
		if (text_ends(one->name, end))
			file = one;
	return file;
}

static int
describe(const struct command *command, struct pool *pool)
{
	struct buffer text = buffer_empty(&idl_memory);
	const char *name = command->symbol;
	const struct proto_file *file;
	int result;
	if (name != NULL && !text_ends(name, ".proto"))
		return describe_one(command, pool);
	result = lookup_all(command, pool);
	if (result != EXIT_OK)
		return result;
	if (name == NULL)
		return describe_all(command, pool);
	file = find_file(pool, name);
	if (file == NULL) {
		print_failure(
		    text_print(command->arena, "there is no file %s", name));
		return EXIT_USAGE;
	}
	describe_file(pool, file, &text);
	show_text(&text);
	return EXIT_OK;
}

int
command_describe(const struct command *command)
{
	struct pool *pool = pool_new(command->arena);
	int result = describe(command, pool);
	return result == EXIT_OK ? export_files(command, pool) : result;
}
