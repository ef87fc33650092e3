/* SPDX-License-Identifier: MIT */
#include "idl/whole.h"

/* Of a file: it stands between quotes in what we generate. */
static bool
is_path(const char *name)
{
	if (name == NULL || *name == '\0')
		return false;
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < ' ' || *name == '"' ||
		    *name == '\\' || *name == 0x7f)
			return false;
	}
	return true;
}

static bool
enum_is_whole(const EnumProto *proto)
{
	for (size_t i = 0; i < proto->n_value; i++) {
		if (!names_is_word(proto->value[i]->name))
			return false;
	}
	return names_is_word(proto->name);
}

static bool
field_is_whole(const FieldProto *field, size_t oneofs)
{
	if (field->type_name != NULL && !names_is_dotted(field->type_name))
		return false;
	if (field->has_oneof_index &&
	    (field->oneof_index < 0 || (size_t)field->oneof_index >= oneofs))
		return false;
	return names_is_word(field->name) && field->has_label;
}

static bool
message_is_whole(const MessageProto *proto)
{
	for (size_t i = 0; i < proto->n_oneof_decl; i++) {
		if (!names_is_word(proto->oneof_decl[i]->name))
			return false;
	}
	for (size_t i = 0; i < proto->n_field; i++) {
		if (!field_is_whole(proto->field[i], proto->n_oneof_decl))
			return false;
	}
	for (size_t i = 0; i < proto->n_enum_type; i++) {
		if (!enum_is_whole(proto->enum_type[i]))
			return false;
	}
	for (size_t i = 0; i < proto->n_nested_type; i++) {
		if (!message_is_whole(proto->nested_type[i]))
			return false;
	}
	return names_is_word(proto->name);
}

static bool
service_is_whole(const ServiceProto *proto)
{
	for (size_t i = 0; i < proto->n_method; i++) {
		const MethodProto *method = proto->method[i];

		if (!names_is_word(method->name) ||
		    !names_is_dotted(method->input_type) ||
		    !names_is_dotted(method->output_type))
			return false;
	}
	return names_is_word(proto->name);
}

static bool
file_is_whole(const FileProto *proto)
{
	for (size_t i = 0; i < proto->n_message_type; i++) {
		if (!message_is_whole(proto->message_type[i]))
			return false;
	}
	for (size_t i = 0; i < proto->n_enum_type; i++) {
		if (!enum_is_whole(proto->enum_type[i]))
			return false;
	}
	for (size_t i = 0; i < proto->n_service; i++) {
		if (!service_is_whole(proto->service[i]))
			return false;
	}
	return is_path(proto->name) &&
	       (proto->package == NULL || *proto->package == '\0' ||
	           names_is_dotted(proto->package));
}

bool
request_is_whole(const Request *request)
{
	for (size_t i = 0; i < request->n_proto_file; i++) {
		if (!file_is_whole(request->proto_file[i]))
			return false;
	}
	return true;
}
