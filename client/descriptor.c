/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "descriptor_read.h"
#include "message_bytes.h"

enum { SET_FILE = 1 };

struct pool *
pool_new(struct arena *arena)
{
	struct pool *pool = text_alloc(arena, sizeof *pool);

	pool->arena = arena;
	pool->files_end = &pool->files;
	pool->symbols.arena = pool->names.arena = pool->extensions.arena =
	    arena;
	return pool;
}

/* ---------------------------------------------------------------- adding -- */

/* Names of a file, put in the table; the first that is taken, or NULL. */
struct entry {
	struct pool *pool;
	const char *taken;
};

static void
enter(struct entry *entry, const char *name, enum symbol_kind kind, void *thing)
{
	struct symbol symbol = { name, (int)kind, thing };

	if (!symbols_put(&entry->pool->symbols, symbol) && entry->taken == NULL)
		entry->taken = name;
}

static void
enter_package(struct entry *entry, struct proto_file *file)
{
	const char *name = file->package;
	size_t size = strlen(name);
	const struct symbol *there;

	while (size > 0) {
		const char *part = text_copy(entry->pool->arena, name, size);

		there = symbols_find(&entry->pool->symbols, part);
		if (there == NULL)
			enter(entry, part, SYMBOL_PACKAGE, file);
		else if (there->kind != SYMBOL_PACKAGE)
			entry->taken = part;
		while (size > 0 && name[--size] != '.')
			;
	}
}

static void
enter_enum(struct entry *entry, struct proto_enum *enumeration)
{
	struct arena *arena = entry->pool->arena;
	size_t scope =
	    strlen(enumeration->full_name) - strlen(enumeration->name);

	enter(entry, enumeration->full_name, SYMBOL_ENUM, enumeration);
	for (size_t i = 0; i < enumeration->value_count; i++)
		enter(entry,
		    text_print(arena, "%.*s%s", (int)scope,
		        enumeration->full_name, enumeration->values[i].name),
		    SYMBOL_VALUE, enumeration);
}

static void
enter_extensions(struct entry *entry, struct proto_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		enter(entry, fields[i].full_name, SYMBOL_FIELD, &fields[i]);
}

static void
enter_message(struct entry *entry, struct proto_message *message)
{
	enter(entry, message->full_name, SYMBOL_MESSAGE, message);
	for (size_t i = 0; i < message->field_count; i++)
		enter(entry, message->fields[i].full_name, SYMBOL_FIELD,
		    &message->fields[i]);
	for (size_t i = 0; i < message->enum_count; i++)
		enter_enum(entry, &message->enums[i]);
	for (size_t i = 0; i < message->message_count; i++)
		enter_message(entry, &message->messages[i]);
	enter_extensions(entry, message->extensions, message->extension_count);
}

static void
enter_service(struct entry *entry, struct proto_service *service)
{
	enter(entry, service->full_name, SYMBOL_SERVICE, service);
	for (size_t i = 0; i < service->method_count; i++)
		enter(entry, service->methods[i].full_name, SYMBOL_METHOD,
		    &service->methods[i]);
}

static const char *
enter_file(struct pool *pool, struct proto_file *file)
{
	struct entry entry = { .pool = pool };

	enter_package(&entry, file);
	for (size_t i = 0; i < file->message_count; i++)
		enter_message(&entry, &file->messages[i]);
	for (size_t i = 0; i < file->enum_count; i++)
		enter_enum(&entry, &file->enums[i]);
	for (size_t i = 0; i < file->service_count; i++)
		enter_service(&entry, &file->services[i]);
	enter_extensions(&entry, file->extensions, file->extension_count);
	if (entry.taken == NULL || file->is_ours)
		return NULL;
	return text_print(pool->arena,
	    "%s is defined twice, the second time in %s", entry.taken,
	    file->name);
}

/* The first one of a name stays. What is built in, or of another compiler, may
 * well differ; so it matters only to who misses something.
 */
static void
note_other(struct pool *pool, const struct proto_file *file, bool is_ours)
{
	struct becket_bytes first = pool_file(pool, file->name)->bytes;

	if (!is_ours &&
	    (first.size != file->bytes.size ||
	        memcmp(first.data, file->bytes.data, first.size) != 0))
		pool->other = file->name;
}

static const char *
add(struct pool *pool, struct becket_bytes bytes, bool is_ours)
{
	const char *sentence = NULL;
	struct proto_file *file =
	    descriptor_read(pool->arena, bytes, &sentence);

	if (file == NULL)
		return sentence;
	if (!symbols_put(&pool->names,
	        (struct symbol){ file->name, 0, file })) {
		note_other(pool, file, is_ours);
		return NULL;
	}
	file->is_ours = is_ours;
	*pool->files_end = file;
	pool->files_end = &file->next;
	return enter_file(pool, file);
}

const char *
pool_add(struct pool *pool, struct becket_bytes file)
{
	const char *copy =
	    text_copy(pool->arena, (const char *)file.data, file.size);

	file.data = (const uint8_t *)copy;
	return add(pool, file, false);
}

static const char *
add_set(struct pool *pool, struct becket_bytes set, bool is_ours)
{
	struct message_walk walk = message_walk(set);
	struct protobuf_field field;
	const char *sentence = NULL;

	if (!message_is_whole(set))
		return "this is no set of descriptors";
	while (sentence == NULL && message_next(&walk, &field))
		if (field.number == SET_FILE &&
		    field.wire_type == PROTOBUF_SIZED)
			sentence = is_ours ? add(pool, field.bytes, true)
			                   : pool_add(pool, field.bytes);
	return sentence;
}

const char *
pool_add_set(struct pool *pool, struct becket_bytes set)
{
	return add_set(pool, set, false);
}

const char *
pool_missing(const struct pool *pool)
{
	for (const struct proto_file *file = pool->files; file != NULL;
	     file = file->next)
		for (size_t i = 0; i < file->import_count; i++)
			if (!file->is_weak[i] && !file->is_lost[i] &&
			    pool_file(pool, file->imports[i]) == NULL)
				return file->imports[i];
	return NULL;
}

void
pool_do_without(struct pool *pool, const char *name)
{
	for (struct proto_file *file = pool->files; file != NULL;
	     file = file->next)
		for (size_t i = 0; i < file->import_count; i++)
			if (text_equal(file->imports[i], name))
				file->is_lost[i] = true;
}

/* --------------------------------------------------------------- linking -- */

static const char *
no_type(struct pool *pool, const char *who, const char *what)
{
	return text_print(pool->arena,
	    "%s refers to %s, which is not there%s%s%s", who, what + 1,
	    pool->other == NULL ? "" : "; there are two files ",
	    pool->other == NULL ? "" : pool->other,
	    pool->other == NULL ? "" : " that differ");
}

static const char *
link_extendee(struct pool *pool, struct proto_field *field)
{
	const char *key;

	if (field->extendee == NULL)
		return NULL;
	field->parent = pool_message(pool, field->extendee + 1);
	if (field->parent == NULL)
		return no_type(pool, field->full_name, field->extendee);
	key = text_print(pool->arena, "%s %u", field->parent->full_name,
	    (unsigned)field->number);
	(void)symbols_put(&pool->extensions,
	    (struct symbol){ key, SYMBOL_FIELD, field });
	return NULL;
}

/* "Group group = 1 { ... }" */
static bool
is_group_of(const struct proto_field *field)
{
	const struct proto_message *group = field->message;
	const char *name = field->name;

	for (const char *c = group->name; *c != '\0'; c++, name++)
		if (*name != (*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c))
			return false;
	return *name == '\0' && group->parent == field->parent &&
	       group->file == field->file;
}

/* What nobody can write may have no end: maps that are their own values, groups
 * that stand in themselves.
 */
static const char *
check_shape(struct pool *pool, const struct proto_field *field)
{
	if (field->message == NULL ||
	    ((!field->message->is_map_entry || field->is_repeated) &&
	        (field->type != PROTO_GROUP || is_group_of(field))))
		return NULL;
	return text_print(pool->arena, "%s is neither a map nor a group",
	    field->full_name);
}

static const char *
link_field(struct pool *pool, struct proto_field *field)
{
	const struct symbol *symbol;
	const char *sentence;

	if (field->type_name != NULL) {
		symbol = symbols_find(&pool->symbols, field->type_name + 1);
		if (symbol == NULL || symbol->kind != (field->type == PROTO_ENUM
		                                              ? SYMBOL_ENUM
		                                              : SYMBOL_MESSAGE))
			return no_type(pool, field->full_name,
			    field->type_name);
		if (field->type == PROTO_ENUM)
			field->enumeration = symbol->thing;
		else
			field->message = symbol->thing;
	}
	sentence = check_shape(pool, field);
	return sentence == NULL ? link_extendee(pool, field) : sentence;
}

static const char *
link_fields(struct pool *pool, struct proto_field *fields, size_t count,
    bool are_extensions)
{
	const char *sentence = NULL;

	for (size_t i = 0; sentence == NULL && i < count; i++)
		sentence =
		    are_extensions == (fields[i].extendee != NULL)
		        ? link_field(pool, &fields[i])
		        : text_print(pool->arena, "%s stands where it cannot",
		              fields[i].full_name);
	return sentence;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t first = (*(struct proto_field *const *)a)->number;
	uint32_t second = (*(struct proto_field *const *)b)->number;

	return (first > second) - (first < second);
}

static const char *
sort_fields(struct pool *pool, struct proto_message *message)
{
	struct proto_field **sorted = text_alloc(pool->arena,
	    (message->field_count + 1) * sizeof *sorted);

	for (size_t i = 0; i < message->field_count; i++)
		sorted[i] = &message->fields[i];
	qsort(sorted, message->field_count, sizeof *sorted, by_number);
	for (size_t i = 1; i < message->field_count; i++)
		if (sorted[i]->number == sorted[i - 1]->number)
			return text_print(pool->arena,
			    "%s and %s have the same number",
			    sorted[i - 1]->full_name, sorted[i]->full_name);
	message->by_number = sorted;
	return NULL;
}

static bool
is_key(enum proto_type type)
{
	return type != PROTO_DOUBLE && type != PROTO_FLOAT &&
	       type != PROTO_BYTES && type != PROTO_MESSAGE &&
	       type != PROTO_GROUP && type != PROTO_ENUM;
}

/* Others rely on the shape of entries of maps. */
static const char *
check_entry(struct pool *pool, const struct proto_message *message)
{
	if (!message->is_map_entry ||
	    (message->field_count == 2 && message->by_number[0]->number == 1 &&
	        message->by_number[1]->number == 2 &&
	        is_key(message->by_number[0]->type) &&
	        !message->by_number[0]->is_repeated &&
	        !message->by_number[1]->is_repeated &&
	        message->by_number[1]->type != PROTO_GROUP))
		return NULL;
	return text_print(pool->arena, "%s is no entry of a map",
	    message->full_name);
}

static const char *
link_message(struct pool *pool, struct proto_message *message)
{
	const char *sentence =
	    link_fields(pool, message->fields, message->field_count, false);

	if (sentence == NULL)
		sentence = link_fields(pool, message->extensions,
		    message->extension_count, true);
	if (sentence == NULL)
		sentence = sort_fields(pool, message);
	if (sentence == NULL)
		sentence = check_entry(pool, message);
	for (size_t i = 0; sentence == NULL && i < message->message_count; i++)
		sentence = link_message(pool, &message->messages[i]);
	return sentence;
}

static const char *
link_service(struct pool *pool, struct proto_service *service)
{
	for (size_t i = 0; i < service->method_count; i++) {
		struct proto_method *method = &service->methods[i];

		method->input = pool_message(pool, method->input_name + 1);
		method->output = pool_message(pool, method->output_name + 1);
		if (method->input == NULL)
			return no_type(pool, method->full_name,
			    method->input_name);
		if (method->output == NULL)
			return no_type(pool, method->full_name,
			    method->output_name);
	}
	return NULL;
}

static const char *
link_file(struct pool *pool, struct proto_file *file)
{
	const char *sentence =
	    link_fields(pool, file->extensions, file->extension_count, true);

	for (size_t i = 0; sentence == NULL && i < file->message_count; i++)
		sentence = link_message(pool, &file->messages[i]);
	for (size_t i = 0; sentence == NULL && i < file->service_count; i++)
		sentence = link_service(pool, &file->services[i]);
	return sentence;
}

const char *
pool_link(struct pool *pool)
{
	const char *sentence = add_set(pool,
	    (struct becket_bytes){ builtin_set, builtin_size }, true);

	for (struct proto_file *file = pool->files;
	     sentence == NULL && file != NULL; file = file->next)
		sentence = link_file(pool, file);
	return sentence;
}
