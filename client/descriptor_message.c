/* SPDX-License-Identifier: MIT */
#include "descriptor_read_private.h"

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
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

	RANGE_FIRST = 1,
	RANGE_END = 2,

	DEEPEST = 64,
	HIGHEST = 536870911, /* field number */
};

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

	if (field->extendee != NULL && field->oneof >= 0)
		read_wrong(reader, "an extension is in a oneof");
	if (field->type < PROTO_DOUBLE || field->type > PROTO_SINT64 ||
	    is_named != (field->type_name != NULL) || field->number == 0 ||
	    field->number > HIGHEST ||
	    (field->default_text != NULL && field->type != PROTO_STRING &&
	        !is_plain(field->default_text)))
		read_wrong(reader,
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

void
read_field(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_field)
{
	struct proto_field *field = ret_field;
	uint64_t label = message_number(bytes, FIELD_LABEL, 1);

	field->file = reader->file;
	field->parent = scope->message;
	field->name = read_word(reader, bytes);
	field->full_name = read_full_name(reader, scope, field->name);
	field->json_name = read_text_of(reader, bytes, FIELD_JSON_NAME);
	if (field->json_name == NULL)
		field->json_name = json_name_of(reader->arena, field->name);
	field->number = (uint32_t)message_number(bytes, FIELD_NUMBER, 0);
	field->type = (enum proto_type)message_number(bytes, FIELD_TYPE, 0);
	field->type_name = read_type_name(reader, bytes, FIELD_TYPE_NAME);
	field->extendee = read_type_name(reader, bytes, FIELD_EXTENDEE);
	field->default_text = read_text_of(reader, bytes, FIELD_DEFAULT);
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
	oneof->name = read_word(reader, bytes);
}

static void
read_value(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_value)
{
	struct proto_value *value = ret_value;

	(void)scope;
	value->name = read_word(reader, bytes);
	value->number = (int32_t)message_number(bytes, VALUE_NUMBER, 0);
	value->options = message_gather(reader->arena, bytes, VALUE_OPTIONS);
}

void
read_enum(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_enum)
{
	struct proto_enum *enumeration = ret_enum;

	enumeration->file = reader->file;
	enumeration->parent = scope->message;
	enumeration->name = read_word(reader, bytes);
	enumeration->full_name =
	    read_full_name(reader, scope, enumeration->name);
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
		read_wrong(reader, "an enum has no values");
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
	for (size_t i = message->field_count; i-- > 0;) {
		struct proto_field *field = &message->fields[i];
		struct proto_oneof *oneof;

		if (field->oneof < 0)
			continue;
		if ((size_t)field->oneof >= message->oneof_count) {
			read_wrong(reader, "a field is in a oneof that is not");
			continue;
		}
		oneof = &message->oneofs[field->oneof];
		oneof->is_synthetic |= field->is_optional3;
		field->other = oneof->first;
		oneof->first = field;
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

void
read_message(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_message)
{
	struct proto_message *message = ret_message;
	struct scope inner = { .message = message, .depth = scope->depth + 1 };

	if (inner.depth > DEEPEST) {
		read_wrong(reader, "messages stand too deep in each other");
		return;
	}
	message->file = reader->file;
	message->parent = scope->message;
	message->name = read_word(reader, bytes);
	message->full_name = read_full_name(reader, scope, message->name);
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
