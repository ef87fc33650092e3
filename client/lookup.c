/* SPDX-License-Identifier: MIT */
#include "lookup.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "headers.h"
#include "output.h"
#include "reflection.h"

enum { ASKING_MS = 10000 };

static int
complain(const char *sentence)
{
	if (*sentence != '\0')
		print_failure(sentence);
	return EXIT_USAGE;
}

struct asking {
	struct becket_metadata *metadata;
	struct reflection *reflection;
	uint64_t deadline_ms;
};

/* Of a question to the server. */
static int
failed(const struct command *command, const struct asking *asking,
    becket_status status)
{
	const char *sentence = asking->reflection == NULL
	                           ? NULL
	                           : reflection_sentence(asking->reflection);

	if (sentence != NULL)
		print_failure(sentence);
	if (!command->formats_errors && (status == BECKET_S_NOT_IMPLEMENTED ||
	                                    status == BECKET_S_UNKNOWN_IF))
		print_failure("the server does not say what it serves: a "
		              ".proto (--proto) or a set of descriptors "
		              "(--protoset) is needed");
	return sentence != NULL
	           ? EXIT_REFUSED
	           : call_failed(command, NULL, status, asking->deadline_ms);
}

static void
end(struct asking *asking)
{
	reflection_end(asking->reflection);
	becket_metadata_free(&asking->metadata);
}

static int
begin(const struct command *command, struct asking *asking)
{
	uint32_t timeout_ms =
	    command->timeout_ms > 0 ? command->timeout_ms : ASKING_MS;
	becket_status status;

	*asking =
	    (struct asking){ .deadline_ms = call_deadline_ms(timeout_ms) };
	if (command->binding == NULL)
		return complain("neither a string binding is given nor a file "
		                "to look into");
	if (command->sources.without_reflection)
		return complain("neither a file to look into is given nor may "
		                "the server be asked");
	if (command->asking_headers.count > 0 &&
	    !headers_make(command, &command->asking_headers, &asking->metadata))
		return EXIT_USAGE;
	status = reflection_begin(command->arena, command->binding,
	    asking->metadata, timeout_ms, &asking->reflection);
	if (status == BECKET_S_OK)
		return EXIT_OK;
	end(asking);
	return failed(command, asking, status);
}

/* -------------------------------------------------------------- services -- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
services_of(const struct command *command, const struct pool *pool,
    struct texts *ret_services)
{
	for (const struct proto_file *file = pool->files; file != NULL;
	     file = file->next)
		for (size_t i = 0; !file->is_ours && i < file->service_count;
		     i++)
			texts_add(command->arena, ret_services,
			    file->services[i].full_name);
}

static int
ask_services(const struct command *command, struct texts *ret_services)
{
	struct asking asking;
	becket_status status;
	int result = begin(command, &asking);

	if (result != EXIT_OK)
		return result;
	status = reflection_list(asking.reflection, ret_services);
	if (status != BECKET_S_OK)
		result = failed(command, &asking, status);
	end(&asking);
	return result;
}

/* In order, each once. */
static void
sort(struct texts *texts)
{
	size_t count = 0;

	if (texts->count > 1)
		qsort(texts->texts, texts->count, sizeof *texts->texts,
		    by_name);
	for (size_t i = 0; i < texts->count; i++)
		if (i == 0 || !text_equal(texts->texts[i], texts->texts[i - 1]))
			texts->texts[count++] = texts->texts[i];
	texts->count = count;
}

int
lookup_services(const struct command *command, struct pool *pool,
    struct texts *ret_services)
{
	bool has_files = sources_are_files(&command->sources);
	const char *sentence;
	int result = EXIT_OK;

	if (has_files) {
		sentence = sources_read(&command->sources, pool);
		if (sentence != NULL)
			return complain(sentence);
		services_of(command, pool, ret_services);
	}
	if (!has_files || command->sources.with_reflection)
		result = ask_services(command, ret_services);
	sort(ret_services);
	return result;
}

/* --------------------------------------------------------------- symbols -- */

static bool
is_end_of(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);

	return size > end_size && name[size - end_size - 1] == '.' &&
	       text_equal(name + size - end_size, end);
}

/* By the end of its full name; what is built in does not count. */
static const struct symbol *
find_end(const struct pool *pool, const char *name, const char **ret_other)
{
	const struct symbol *found = NULL;

	for (size_t i = 0; i < pool->symbols.capacity; i++) {
		const struct symbol *symbol = &pool->symbols.slots[i];

		if (symbol->name == NULL || symbol->kind == SYMBOL_PACKAGE ||
		    symbol_file(symbol)->is_ours ||
		    !is_end_of(symbol->name, name))
			continue;
		if (found != NULL)
			*ret_other = found->name;
		found = symbol;
	}
	return found;
}

static bool
is_known(const struct pool *pool, const char *name)
{
	const char *other;

	return name != NULL && (pool_find(pool, name) != NULL ||
	                           find_end(pool, name, &other) != NULL);
}

/* Of all services, or those that a name may end with or be in. Those that the
 * server lists and then does not know are its own affair.
 */
static becket_status
fetch_some(struct reflection *reflection, struct pool *pool,
    const struct texts *services, const char *name, const char *scope)
{
	becket_status status = BECKET_S_OK;

	for (size_t i = 0; status == BECKET_S_OK && i < services->count; i++) {
		const char *service = services->texts[i];

		if (name != NULL && !is_end_of(service, name) &&
		    !is_end_of(service, scope))
			continue;
		status = reflection_fetch(reflection, service, pool);
		if (status == BECKET_S_NOT_FOUND)
			status = BECKET_S_OK;
	}
	return status;
}

/* Services may not go together: who wants one need not have the others. */
static becket_status
fetch_by_end(struct reflection *reflection, struct pool *pool, const char *name,
    const char *scope)
{
	struct texts services = { 0 };
	becket_status status = reflection_list(reflection, &services);

	if (status == BECKET_S_OK && scope != name)
		status = fetch_some(reflection, pool, &services, name, scope);
	if (status == BECKET_S_OK && !is_known(pool, name))
		status = fetch_some(reflection, pool, &services, NULL, NULL);
	return status;
}

/* What a name is in, or itself. */
static const char *
scope_of(struct arena *arena, const char *name)
{
	const char *dot = name == NULL ? NULL : strrchr(name, '.');

	return dot == NULL ? name
	                   : text_copy(arena, name, (size_t)(dot - name));
}

static int
ask(const struct command *command, struct pool *pool, const char *name)
{
	const char *scope = scope_of(command->arena, name);
	struct asking asking;
	struct reflection *reflection;
	becket_status status = BECKET_S_NOT_FOUND;
	int result = begin(command, &asking);

	if (result != EXIT_OK)
		return result;
	reflection = asking.reflection;
	if (name != NULL)
		status = reflection_fetch(reflection, name, pool);
	if (status == BECKET_S_NOT_FOUND && scope != name)
		status = reflection_fetch(reflection, scope, pool);
	if (status == BECKET_S_NOT_FOUND)
		status = fetch_by_end(reflection, pool, name, scope);
	if (status != BECKET_S_OK)
		result = failed(command, &asking, status);
	end(&asking);
	return result;
}

/* Where there are files the server is asked for what they have not, and only
 * if it is to be.
 */
static int
fill(const struct command *command, struct pool *pool, const char *name)
{
	bool has_files = sources_are_files(&command->sources);
	const char *sentence = NULL;
	int result;

	if (has_files)
		sentence = sources_read(&command->sources, pool);
	if (sentence == NULL &&
	    (!has_files ||
	        (command->sources.with_reflection && !is_known(pool, name)))) {
		result = ask(command, pool, name);
		if (result != EXIT_OK)
			return result;
	}
	if (sentence == NULL)
		sentence = pool_link(pool);
	return sentence == NULL ? EXIT_OK : complain(sentence);
}

int
lookup_all(const struct command *command, struct pool *pool)
{
	return fill(command, pool, NULL);
}

/* "/pkg.Service/Operation" is what gRPC calls it. */
static char *
plain(struct arena *arena, const char *typed)
{
	char *name, *slash;

	if (*typed == '.' || *typed == '/')
		typed++;
	name = text_copy(arena, typed, strlen(typed));
	slash = strrchr(name, '/');
	if (slash != NULL)
		*slash = '.';
	return name;
}

/* Who has mistyped an operation is told those that there are. */
static const char *
explain(const struct pool *pool, const char *typed, const char *name)
{
	const char *scope = scope_of(pool->arena, name), *other = NULL;
	const char *leaf = name + strlen(scope) + (scope == name ? 0 : 1);
	const struct symbol *symbol = pool_find(pool, name);
	const struct proto_service *service;
	struct buffer names = buffer_empty(&idl_memory);
	const char *sentence;

	if (symbol != NULL) /* or it would have been found */
		return text_print(pool->arena,
		    "%s is a package, and what is in it has longer names",
		    typed);
	symbol = pool_find(pool, scope);
	if (symbol == NULL)
		symbol = find_end(pool, scope, &other);
	if (symbol == NULL || symbol->kind != SYMBOL_SERVICE || other != NULL)
		return text_print(pool->arena, "there is no %s", typed);
	service = symbol->thing;
	for (size_t i = 0; i < service->method_count; i++) {
		text_put(&names, i == 0 ? "; it has " : ", ");
		text_put(&names, service->methods[i].name);
	}
	sentence = text_print(pool->arena, "there is no %s in %s%.*s", leaf,
	    symbol->name, (int)names.size, (const char *)names.data);
	buffer_fini(&names);
	return sentence;
}

int
lookup_symbol(const struct command *command, struct pool *pool,
    const char *typed, const struct symbol **ret_symbol)
{
	const char *name = plain(command->arena, typed), *other = NULL;
	const struct symbol *symbol;
	int result = fill(command, pool, name);

	if (result != EXIT_OK)
		return result;
	symbol = pool_find(pool, name);
	if (symbol == NULL || symbol->kind == SYMBOL_PACKAGE)
		symbol = find_end(pool, name, &other);
	if (symbol == NULL)
		return complain(explain(pool, typed, name));
	if (other != NULL)
		return complain(text_print(command->arena,
		    "%s could be %s or %s", typed, other, symbol->name));
	*ret_symbol = symbol;
	return EXIT_OK;
}
