/* SPDX-License-Identifier: MIT */
#include "descriptor_read.h"

#include <string.h>

#include "message_bytes.h"

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
	FILE_NAME = 1,
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

	NAME = 1, /* of everything within a file */

	MESSAGE_FIELD = 2,
	MESSAGE_MESSAGE = 3,
	MESSAGE_ENUM = 4,
	MESSAGE_RANGE = 5,
	MESSAGE_EXTENSION = 6,
	MESSAGE_OPTIONS = 7,
	MESSAGE_ONEOF = 8,
	MESSAGE_RESERVED = 9,
	MESSAGE_RESERVED_NAME = 10,
	MAP_ENTRY = 7,

	FIELD_EXTENDEE = 2,
	FIELD_NUMBER = 3,
	FIELD_LABEL = 4,
	FIELD_TYPE = 5,
	FIELD_TYPE_NAME = 6,
	FIELD_DEFAULT = 7,
	FIELD_OPTIONS = 8,
	FIELD_ONEOF = 9,
	FIELD_JSON_NAME = 10,
	FIELD_OPTIONAL3 = 17,
	PACKED = 2,
	LABEL_REQUIRED = 2,
	LABEL_REPEATED = 3,

	ENUM_VALUE = 2,
	ENUM_OPTIONS = 3,
	ENUM_RESERVED = 4,
	ENUM_RESERVED_NAME = 5,
	VALUE_NUMBER = 2,
	VALUE_OPTIONS = 3,

	SERVICE_METHOD = 2,
	SERVICE_OPTIONS = 3,
	METHOD_INPUT = 2,
	METHOD_OUTPUT = 3,
	METHOD_OPTIONS = 4,
	METHOD_CLIENT_STREAMS = 5,
	METHOD_SERVER_STREAMS = 6,

	RANGE_FIRST = 1,
	RANGE_END = 2,

	DEEPEST = 64,
	HIGHEST = 536870911, /* field number */
};

struct reader {
	struct arena *arena;
	struct proto_file *file;
	const char *sentence; /* the first that is wrong, or NULL */
};

/* What a name stands in. */
struct scope {
	const char *prefix; /* "pkg." or "pkg.Message.", or "" */
	struct proto_message *message;
	unsigned depth;
};

typedef void read_one(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_thing);

static void
wrong(struct reader *reader, const char *sentence)
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
static const char *
text_of(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	struct becket_bytes text;

	if (!message_find_bytes(bytes, number, &text))
		return NULL;
	if (memchr(text.data, '\0', text.size) != NULL)
		wrong(reader, "a text has a NUL");
	return text_copy(reader->arena, (const char *)text.data, text.size);
}

static const char *
word_of(struct reader *reader, struct becket_bytes bytes)
{
	const char *word = text_of(reader, bytes, NAME);

	if (word != NULL && is_word(word))
		return word;
	wrong(reader, "a name is none");
	return "";
}

/* The name of a type as another refers to it, ".pkg.Type"; NULL: absent. */
static const char *
type_of(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	const char *name = text_of(reader, bytes, number);

	if (name == NULL)
		return NULL;
	if (*name != '.' || !is_dotted(reader->arena, name + 1))
		wrong(reader, "the name of a type is no full name");
	return name;
}

static void *
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
				wrong(reader, "it is malformed");
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
		wrong(reader, "a text has a NUL");
	*(const char **)ret_text =
	    text_copy(reader->arena, (const char *)bytes.data, bytes.size);
}

/* Texts are no messages, so they are not looked into. */
static const char **
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

static void
read_range(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_range)
{
	struct proto_range *range = ret_range;

	(void)reader;
	(void)scope;
	range->first = (int32_t)message_number(bytes, RANGE_FIRST, 0);
	range->last = (int32_t)message_number(bytes, RANGE_END, 0);
}

static const char *
full_name(struct reader *reader, const struct scope *scope, const char *name)
{
	return text_print(reader->arena, "%s%s", scope->prefix, name);
}

/* Numbers and names, and bytes, whose odd ones are escaped. */
static bool
is_plain(const char *text)
{
	while (*text > ' ' - 1 && *text < 0x7f)
		text++;
	return *text == '\0';
}

static void
check_field(struct reader *reader, const struct proto_field *field)
{
	bool is_named = field->type == PROTO_MESSAGE ||
	                field->type == PROTO_GROUP || field->type == PROTO_ENUM;

	if (field->type < PROTO_DOUBLE || field->type > PROTO_SINT64 ||
	    is_named != (field->type_name != NULL) || field->number == 0 ||
	    field->number > HIGHEST ||
	    (field->default_text != NULL && field->type != PROTO_STRING &&
	        !is_plain(field->default_text)))
		wrong(reader,
		    text_print(reader->arena,
		        "field %s has no type, no number or no such default",
		        field->full_name));
}

static bool
is_packed(const struct proto_field *field)
{
	return field->is_repeated && type_is_packable(field->type) &&
	       message_number(field->options, PACKED, field->file->is_proto3);
}

static void
read_field(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_field)
{
	struct proto_field *field = ret_field;
	uint64_t label = message_number(bytes, FIELD_LABEL, 1);

	field->file = reader->file;
	field->parent = scope->message;
	field->name = word_of(reader, bytes);
	field->full_name = full_name(reader, scope, field->name);
	field->json_name = text_of(reader, bytes, FIELD_JSON_NAME);
	if (field->json_name == NULL)
		field->json_name = json_name_of(reader->arena, field->name);
	field->number = (uint32_t)message_number(bytes, FIELD_NUMBER, 0);
	field->type = (enum proto_type)message_number(bytes, FIELD_TYPE, 0);
	field->type_name = type_of(reader, bytes, FIELD_TYPE_NAME);
	field->extendee = type_of(reader, bytes, FIELD_EXTENDEE);
	field->default_text = text_of(reader, bytes, FIELD_DEFAULT);
	field->options = message_gather(reader->arena, bytes, FIELD_OPTIONS);
	field->is_required = label == LABEL_REQUIRED;
	field->is_repeated = label == LABEL_REPEATED;
	field->is_optional3 = message_number(bytes, FIELD_OPTIONAL3, 0) != 0;
	field->is_packed = is_packed(field);
	field->oneof =
	    (int32_t)message_number(bytes, FIELD_ONEOF, (uint64_t)-1);
	field->has_presence =
	    !field->is_repeated &&
	    (!reader->file->is_proto3 || field->oneof >= 0 ||
	        field->type == PROTO_MESSAGE || field->extendee != NULL);
	check_field(reader, field);
}

static void
read_oneof(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_oneof)
{
	struct proto_oneof *oneof = ret_oneof;

	(void)scope;
	oneof->name = word_of(reader, bytes);
}

static void
read_value(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_value)
{
	struct proto_value *value = ret_value;

	(void)scope;
	value->name = word_of(reader, bytes);
	value->number = (int32_t)message_number(bytes, VALUE_NUMBER, 0);
	value->options = message_gather(reader->arena, bytes, VALUE_OPTIONS);
}

static void
read_enum(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_enum)
{
	struct proto_enum *enumeration = ret_enum;

	enumeration->file = reader->file;
	enumeration->parent = scope->message;
	enumeration->name = word_of(reader, bytes);
	enumeration->full_name = full_name(reader, scope, enumeration->name);
	enumeration->values =
	    read_all(reader, bytes, ENUM_VALUE, sizeof *enumeration->values,
	        read_value, scope, &enumeration->value_count);
	enumeration->reserved = read_all(reader, bytes, ENUM_RESERVED,
	    sizeof *enumeration->reserved, read_range, scope,
	    &enumeration->reserved_count);
	enumeration->reserved_names = read_texts(reader, bytes,
	    ENUM_RESERVED_NAME, &enumeration->reserved_name_count);
	enumeration->options =
	    message_gather(reader->arena, bytes, ENUM_OPTIONS);
	if (enumeration->value_count == 0)
		wrong(reader, "an enum has no values");
}

/* Message ranges end one beyond their last. */
static struct proto_range *
read_ranges(struct reader *reader, struct becket_bytes bytes, uint32_t number,
    size_t *ret_count)
{
	struct proto_range *ranges = read_all(reader, bytes, number,
	    sizeof *ranges, read_range, NULL, ret_count);

	for (size_t i = 0; i < *ret_count; i++)
		ranges[i].last--;
	return ranges;
}

static void
settle_oneofs(struct reader *reader, struct proto_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct proto_field *field = &message->fields[i];

		if (field->oneof >= 0 &&
		    (size_t)field->oneof >= message->oneof_count)
			wrong(reader, "a field is in a oneof that is not");
		else if (field->oneof >= 0 && field->is_optional3)
			message->oneofs[field->oneof].is_synthetic = true;
	}
}

static void
read_fields(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, struct proto_message *message)
{
	message->oneofs = read_all(reader, bytes, MESSAGE_ONEOF,
	    sizeof *message->oneofs, read_oneof, scope, &message->oneof_count);
	message->fields = read_all(reader, bytes, MESSAGE_FIELD,
	    sizeof *message->fields, read_field, scope, &message->field_count);
	message->extensions = read_all(reader, bytes, MESSAGE_EXTENSION,
	    sizeof *message->extensions, read_field, scope,
	    &message->extension_count);
	message->ranges =
	    read_ranges(reader, bytes, MESSAGE_RANGE, &message->range_count);
	message->reserved = read_ranges(reader, bytes, MESSAGE_RESERVED,
	    &message->reserved_count);
	message->reserved_names = read_texts(reader, bytes,
	    MESSAGE_RESERVED_NAME, &message->reserved_name_count);
	settle_oneofs(reader, message);
}

static void
read_message(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_message)
{
	struct proto_message *message = ret_message;
	struct scope inner = { .message = message, .depth = scope->depth + 1 };

	if (inner.depth > DEEPEST) {
		wrong(reader, "messages stand too deep in each other");
		return;
	}
	message->file = reader->file;
	message->parent = scope->message;
	message->name = word_of(reader, bytes);
	message->full_name = full_name(reader, scope, message->name);
	inner.prefix = text_print(reader->arena, "%s.", message->full_name);
	message->options =
	    message_gather(reader->arena, bytes, MESSAGE_OPTIONS);
	message->is_map_entry =
	    message_number(message->options, MAP_ENTRY, 0) != 0;
	read_fields(reader, bytes, &inner, message);
	message->messages =
	    read_all(reader, bytes, MESSAGE_MESSAGE, sizeof *message->messages,
	        read_message, &inner, &message->message_count);
	message->enums = read_all(reader, bytes, MESSAGE_ENUM,
	    sizeof *message->enums, read_enum, &inner, &message->enum_count);
}

static const char *
required_type(struct reader *reader, struct becket_bytes bytes, uint32_t number)
{
	const char *name = type_of(reader, bytes, number);

	if (name == NULL)
		wrong(reader, "a method has no request or no response");
	return name;
}

static void
read_method(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_method)
{
	struct proto_method *method = ret_method;

	method->name = word_of(reader, bytes);
	method->full_name = full_name(reader, scope, method->name);
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
	service->name = word_of(reader, bytes);
	service->full_name = full_name(reader, scope, service->name);
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

	file->name = text_of(reader, bytes, FILE_NAME);
	file->package = text_of(reader, bytes, FILE_PACKAGE);
	file->syntax = text_of(reader, bytes, FILE_SYNTAX);
	if (file->name == NULL || *file->name == '\0')
		wrong(reader, "it has no name");
	if (file->syntax == NULL || *file->syntax == '\0')
		file->syntax = "proto2";
	file->is_proto3 = text_equal(file->syntax, "proto3");
	if (!file->is_proto3 && !text_equal(file->syntax, "proto2"))
		wrong(reader, "its syntax is neither proto2 nor proto3");
	if (file->package == NULL)
		file->package = "";
	else if (*file->package != '\0' &&
	         !is_dotted(reader->arena, file->package))
		wrong(reader, "its package is no name");
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
		wrong(&reader, "it is malformed");
	read_head(&reader, bytes);
	read_body(&reader, bytes);
	if (reader.sentence == NULL)
		return file;
	*ret_sentence = text_print(arena, "the descriptor of file %s: %s",
	    file->name == NULL ? "?" : file->name, reader.sentence);
	return NULL;
}
