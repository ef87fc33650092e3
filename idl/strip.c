/* SPDX-License-Identifier: MIT */
#include "idl/strip.h"

#include <string.h>

struct strip {
	struct arena *arena;
	Request *request;
	bool *reached; /* of request->proto_file */
};

static size_t
find_file(const struct strip *strip, const char *name)
{
	size_t i = 0;

	while (i < strip->request->n_proto_file &&
	       !text_equal(strip->request->proto_file[i]->name, name))
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

static bool
message_uses(const MessageProto *message, const FileProto *file)
{
	for (size_t i = 0; i < message->n_field; i++) {
		const char *name = message->field[i]->type_name;

		if (name != NULL && *name == '.' && file_defines(file, name))
			return true;
	}
	for (size_t i = 0; i < message->n_nested_type; i++) {
		if (message_uses(message->nested_type[i], file))
			return true;
	}
	return false;
}

/* Does a field in file use a type of the import, or of what that import makes
 * public?
 */
static bool
file_uses(const struct strip *strip, const FileProto *file, size_t import)
{
	const FileProto *other;

	if (import >= strip->request->n_proto_file)
		return false;
	other = strip->request->proto_file[import];
	for (size_t i = 0; i < file->n_message_type; i++) {
		if (message_uses(file->message_type[i], other))
			return true;
	}
	for (size_t i = 0; i < other->n_public_dependency; i++) {
		size_t index = (size_t)other->public_dependency[i];
		size_t next = index < other->n_dependency
		                  ? find_file(strip, other->dependency[index])
		                  : strip->request->n_proto_file;

		/* imports come before what imports them: no circle */
		if (next < import && file_uses(strip, file, next))
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
is_needed(const struct strip *strip, const FileProto *file, size_t dependency)
{
	size_t import = find_file(strip, file->dependency[dependency]);

	return is_public(file, dependency) || file_uses(strip, file, import);
}

static void
strip_imports(struct strip *strip, FileProto *file)
{
	size_t kept = 0, kept_public = 0;
	char **names =
	    text_alloc(strip->arena, file->n_dependency * sizeof *names);
	int32_t *public =
	    text_alloc(strip->arena, file->n_dependency * sizeof *public);

	for (size_t i = 0; i < file->n_dependency; i++) {
		if (!is_needed(strip, file, i))
			continue;
		if (is_public(file, i))
		public[kept_public++] = (int32_t)kept;
		names[kept++] = file->dependency[i];
	}
	file->dependency = names;
	file->n_dependency = kept;
	file->public_dependency = public;
	file->n_public_dependency = kept_public;
	file->n_weak_dependency = 0;
}

static void
strip_message(MessageProto *message)
{
	message->n_extension = 0;
	for (size_t i = 0; i < message->n_nested_type; i++)
		strip_message(message->nested_type[i]);
}

static void
strip_file(struct strip *strip, size_t index)
{
	FileProto *file = strip->request->proto_file[index];

	strip->reached[index] = true;
	file->n_service = 0;
	file->n_extension = 0;
	for (size_t i = 0; i < file->n_message_type; i++)
		strip_message(file->message_type[i]);
	strip_imports(strip, file);
	for (size_t i = 0; i < file->n_dependency; i++) {
		size_t next = find_file(strip, file->dependency[i]);

		if (next < index && !strip->reached[next])
			strip_file(strip, next);
	}
}

static void
drop_unreached(struct strip *strip)
{
	Request *request = strip->request;
	size_t kept = 0;

	for (size_t i = 0; i < request->n_proto_file; i++) {
		if (strip->reached[i])
			request->proto_file[kept++] = request->proto_file[i];
	}
	request->n_proto_file = kept;
}

void
strip_request(struct arena *arena, Request *request, struct buffer *ret_bytes)
{
	struct strip strip = { .arena = arena, .request = request };
	uint8_t *bytes;
	size_t size;

	strip.reached =
	    text_alloc(arena, request->n_proto_file * sizeof *strip.reached);
	for (size_t i = 0; i < request->n_file_to_generate; i++) {
		size_t file = find_file(&strip, request->file_to_generate[i]);

		if (file < request->n_proto_file && !strip.reached[file])
			strip_file(&strip, file);
	}
	drop_unreached(&strip);
	request->parameter = NULL;
	size = protobuf_c_message_get_packed_size(&request->base);
	bytes = text_alloc(arena, size);
	protobuf_c_message_pack(&request->base, bytes);
	text_put_bytes(ret_bytes, bytes, size);
}
