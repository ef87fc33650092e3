/* SPDX-License-Identifier: MIT */
#include "idl/imports.h"

#include <string.h>

size_t
imports_find(const Request *request, const char *name)
{
	size_t i = 0;

	while (i < request->n_proto_file &&
	       !text_equal(request->proto_file[i]->name, name))
		i++;
	return i;
}

static bool message_defines(const MessageProto *message, const char *name);

/* Is name that of one of these, or of one inside? */
static bool
defines(MessageProto *const *messages, size_t message_count,
    EnumProto *const *enums, size_t enum_count, const char *name)
{
	for (size_t i = 0; i < message_count; i++) {
		if (message_defines(messages[i], name))
			return true;
	}
	for (size_t i = 0; i < enum_count; i++) {
		if (text_equal(enums[i]->name, name))
			return true;
	}
	return false;
}

/* name without scope, if it begins with it; else NULL. */
static const char *
inside(const char *name, const char *scope)
{
	size_t size = strlen(scope);

	return strncmp(name, scope, size) == 0 && name[size] == '.'
	           ? name + size + 1
	           : NULL;
}

static bool
message_defines(const MessageProto *message, const char *name)
{
	const char *rest = inside(name, message->name);

	if (text_equal(message->name, name))
		return true;
	return rest != NULL &&
	       defines(message->nested_type, message->n_nested_type,
	           message->enum_type, message->n_enum_type, rest);
}

/* name begins with a dot, as in descriptors. */
static bool
file_defines(const FileProto *file, const char *name)
{
	const char *package = file->package;

	name++;
	if (package != NULL && *package != '\0')
		name = inside(name, package);
	return name != NULL && defines(file->message_type, file->n_message_type,
	                           file->enum_type, file->n_enum_type, name);
}

/* name: of a type, or NULL. */
static bool
names_one_of(const char *name, const FileProto *file)
{
	return name != NULL && *name == '.' && file_defines(file, name);
}

static bool
fields_use(FieldProto *const *fields, size_t count, const FileProto *file)
{
	for (size_t i = 0; i < count; i++) {
		if (names_one_of(fields[i]->type_name, file) ||
		    names_one_of(fields[i]->extendee, file))
			return true;
	}
	return false;
}

static bool
message_uses(const MessageProto *message, const FileProto *file)
{
	if (fields_use(message->field, message->n_field, file) ||
	    fields_use(message->extension, message->n_extension, file))
		return true;
	for (size_t i = 0; i < message->n_nested_type; i++) {
		if (message_uses(message->nested_type[i], file))
			return true;
	}
	return false;
}

static bool
service_uses(const ServiceProto *service, const FileProto *file)
{
	for (size_t i = 0; i < service->n_method; i++) {
		if (names_one_of(service->method[i]->input_type, file) ||
		    names_one_of(service->method[i]->output_type, file))
			return true;
	}
	return false;
}

static bool
uses(const FileProto *file, const FileProto *other)
{
	for (size_t i = 0; i < file->n_message_type; i++) {
		if (message_uses(file->message_type[i], other))
			return true;
	}
	for (size_t i = 0; i < file->n_service; i++) {
		if (service_uses(file->service[i], other))
			return true;
	}
	return fields_use(file->extension, file->n_extension, other);
}

/* Does file use a type of the import, or of what that import makes public? */
static bool
file_uses(const Request *request, const FileProto *file, size_t import)
{
	const FileProto *other;

	if (import >= request->n_proto_file)
		return false;
	other = request->proto_file[import];
	if (uses(file, other))
		return true;
	for (size_t i = 0; i < other->n_public_dependency; i++) {
		size_t index = (size_t)other->public_dependency[i];
		size_t next =
		    index < other->n_dependency
		        ? imports_find(request, other->dependency[index])
		        : request->n_proto_file;

		/* imports come before what imports them: no circle */
		if (next < import && file_uses(request, file, next))
			return true;
	}
	return false;
}

static bool
is_public(const FileProto *file, size_t dependency)
{
	for (size_t i = 0; i < file->n_public_dependency; i++) {
		if (file->public_dependency[i] == (int32_t)dependency)
			return true;
	}
	return false;
}

/* A public import is kept unasked: other files may use it through this one. */
static bool
is_needed(const Request *request, const FileProto *file, size_t dependency)
{
	size_t import = imports_find(request, file->dependency[dependency]);

	return is_public(file, dependency) || file_uses(request, file, import);
}

void
imports_prune(struct arena *arena, const Request *request, FileProto *file)
{
	size_t kept = 0, kept_public = 0;
	char **names = text_alloc(arena, file->n_dependency * sizeof *names);
	int32_t *publics =
	    text_alloc(arena, file->n_dependency * sizeof *publics);

	for (size_t i = 0; i < file->n_dependency; i++) {
		if (!is_needed(request, file, i))
			continue;
		if (is_public(file, i))
			publics[kept_public++] = (int32_t)kept;
		names[kept++] = file->dependency[i];
	}
	file->dependency = names;
	file->n_dependency = kept;
	file->public_dependency = publics;
	file->n_public_dependency = kept_public;
	file->n_weak_dependency = 0;
}
