/* SPDX-License-Identifier: MIT */
#include "descriptor_read.h"

#include <string.h>

#include "descriptor_read_private.h"

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
	NAME = 1, /* of everything within a file, and of a file */
	FILE_PACKAGE = 2,
	FILE_IMPORT = 3,
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	FILE_EXTENSION = 7,
	FILE_OPTIONS = 8,
	FILE_PUBLIC = 10,
	FILE_WEAK = 11,
	FILE_SYNTAX = 12,

	SERVICE_METHOD = 2,
	SERVICE_OPTIONS = 3,
	METHOD_INPUT = 2,
	METHOD_OUTPUT = 3,
	METHOD_OPTIONS = 4,
	METHOD_CLIENT_STREAMS = 5,
	METHOD_SERVER_STREAMS = 6,
};

void
read_wrong(struct reader *reader, const char *sentence)
{
	if (reader->sentence == NULL)
		reader->sentence = sentence;
}

static bool
is_word(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz_";

	return *text != '\0' && strchr(letters, *text) != NULL &&
	       text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                         "abcdefghijklmnopqrstuvwxyz_0123456789")] ==
	           '\0';
}

/* Words with dots between. */
static bool
is_dotted(struct arena *arena, const char *text)
{
	for (;;) {
		size_t size = strcspn(text, ".");

		if (!is_word(text_copy(arena, text, size)))
			return false;
		if (text[size] == '\0')
			return true;
		text += size + 1;
	}
}

/* NULL: it is not there. */
const char *
read_text_of(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	struct becket_bytes text;

	if (!message_find_bytes(bytes, number, &text))
		return NULL;
	if (memchr(text.data, '\0', text.size) != NULL)
		read_wrong(reader, "a text has a NUL");
	return text_copy(reader->arena, (const char *)text.data, text.size);
}

const char *
read_word(struct reader *reader, struct becket_bytes bytes)
{
	const char *word = read_text_of(reader, bytes, NAME);

	if (word != NULL && is_word(word))
		return word;
	read_wrong(reader, "a name is none");
	return "";
}

/* The name of a type as another refers to it, ".pkg.Type"; NULL: absent. */
const char *
read_type_name(struct reader *reader, struct becket_bytes bytes,
    uint32_t number)
{
	const char *name = read_text_of(reader, bytes, number);

	if (name == NULL)
		return NULL;
	if (*name != '.' || !is_dotted(reader->arena, name + 1))
		read_wrong(reader, "the name of a type is no full name");
	return name;
}

void *
read_all(struct reader *reader, struct becket_bytes bytes, uint32_t number,
    size_t size, read_one *read, const struct scope *scope, size_t *ret_count)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	size_t count = message_count(bytes, number), at = 0;
	char *things = text_alloc(reader->arena, count * size);

	while (message_next(&walk, &field))
		if (field.number == number &&
		    field.wire_type == PROTOBUF_SIZED) {
			if (!message_is_whole(field.bytes))
				read_wrong(reader, "it is malformed");
			read(reader, field.bytes, scope, things + size * at++);
		}
	*ret_count = count;
	return things;
}

static void
read_text(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_text)
{
	(void)scope;
	if (memchr(bytes.data, '\0', bytes.size) != NULL)
		read_wrong(reader, "a text has a NUL");
	*(const char **)ret_text =
	    text_copy(reader->arena, (const char *)bytes.data, bytes.size);
}

/* Texts are no messages, so they are not looked into. */
const char **
read_texts(struct reader *reader, struct becket_bytes bytes, uint32_t number,
    size_t *ret_count)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	size_t count = message_count(bytes, number), at = 0;
	const char **texts = text_alloc(reader->arena, count * sizeof *texts);

	while (message_next(&walk, &field))
		if (field.number == number && field.wire_type == PROTOBUF_SIZED)
			read_text(reader, field.bytes, NULL, &texts[at++]);
	*ret_count = count;
	return texts;
}

const char *
read_full_name(struct reader *reader, const struct scope *scope,
    const char *name)
{
	return text_print(reader->arena, "%s%s", scope->prefix, name);
}

static const char *
required_type(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	const char *name = read_type_name(reader, bytes, number);

	if (name == NULL)
		read_wrong(reader, "a method has no request or no response");
	return name;
}

static void
read_method(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_method)
{
	struct proto_method *method = ret_method;

	method->name = read_word(reader, bytes);
	method->full_name = read_full_name(reader, scope, method->name);
	method->input_name = required_type(reader, bytes, METHOD_INPUT);
	method->output_name = required_type(reader, bytes, METHOD_OUTPUT);
	method->client_streams =
	    message_number(bytes, METHOD_CLIENT_STREAMS, 0) != 0;
	method->server_streams =
	    message_number(bytes, METHOD_SERVER_STREAMS, 0) != 0;
	method->options = message_gather(reader->arena, bytes, METHOD_OPTIONS);
}

static void
read_service(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_service)
{
	struct proto_service *service = ret_service;
	struct scope inner = { .depth = scope->depth + 1 };

	service->file = reader->file;
	service->name = read_word(reader, bytes);
	service->full_name = read_full_name(reader, scope, service->name);
	inner.prefix = text_print(reader->arena, "%s.", service->full_name);
	service->methods =
	    read_all(reader, bytes, SERVICE_METHOD, sizeof *service->methods,
	        read_method, &inner, &service->method_count);
	service->options =
	    message_gather(reader->arena, bytes, SERVICE_OPTIONS);
	for (size_t i = 0; i < service->method_count; i++)
		service->methods[i].service = service;
}

static bool *
read_marks(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	struct message_walk walk = message_walk(bytes);
	struct protobuf_field field;
	bool *marks = text_alloc(reader->arena, reader->file->import_count);

	while (message_next(&walk, &field))
		if (field.number == number &&
		    field.wire_type == PROTOBUF_VARINT &&
		    field.value < reader->file->import_count)
			marks[field.value] = true;
	return marks;
}

static void
read_head(struct reader *reader, struct becket_bytes bytes)
{
	struct proto_file *file = reader->file;

	file->name = read_text_of(reader, bytes, NAME);
	file->package = read_text_of(reader, bytes, FILE_PACKAGE);
	file->syntax = read_text_of(reader, bytes, FILE_SYNTAX);
	if (file->name == NULL || *file->name == '\0')
		read_wrong(reader, "it has no name");
	if (file->syntax == NULL || *file->syntax == '\0')
		file->syntax = "proto2";
	file->is_proto3 = text_equal(file->syntax, "proto3");
	if (!file->is_proto3 && !text_equal(file->syntax, "proto2"))
		read_wrong(reader, "its syntax is neither proto2 nor proto3");
	if (file->package == NULL)
		file->package = "";
	else if (*file->package != '\0' &&
	         !is_dotted(reader->arena, file->package))
		read_wrong(reader, "its package is no name");
	file->imports =
	    read_texts(reader, bytes, FILE_IMPORT, &file->import_count);
	file->is_public = read_marks(reader, bytes, FILE_PUBLIC);
	file->is_weak = read_marks(reader, bytes, FILE_WEAK);
	file->is_lost = text_alloc(reader->arena, file->import_count);
	file->options = message_gather(reader->arena, bytes, FILE_OPTIONS);
}

static void
read_body(struct reader *reader, struct becket_bytes bytes)
{
	struct proto_file *file = reader->file;
	struct scope scope = { .prefix = "" };

	if (*file->package != '\0')
		scope.prefix = text_print(reader->arena, "%s.", file->package);
	file->messages = read_all(reader, bytes, FILE_MESSAGE,
	    sizeof *file->messages, read_message, &scope, &file->message_count);
	file->enums = read_all(reader, bytes, FILE_ENUM, sizeof *file->enums,
	    read_enum, &scope, &file->enum_count);
	file->services = read_all(reader, bytes, FILE_SERVICE,
	    sizeof *file->services, read_service, &scope, &file->service_count);
	file->extensions =
	    read_all(reader, bytes, FILE_EXTENSION, sizeof *file->extensions,
	        read_field, &scope, &file->extension_count);
}

struct proto_file *
descriptor_read(struct arena *arena, struct becket_bytes bytes,
    const char **ret_sentence)
{
	struct proto_file *file = text_alloc(arena, sizeof *file);
	struct reader reader = { .arena = arena, .file = file };

	file->bytes = bytes;
	if (!message_is_whole(bytes))
		read_wrong(&reader, "it is malformed");
	read_head(&reader, bytes);
	read_body(&reader, bytes);
	if (reader.sentence == NULL)
		return file;
	*ret_sentence = text_print(arena, "the descriptor of file %s: %s",
	    file->name == NULL ? "?" : file->name, reader.sentence);
	return NULL;
}
