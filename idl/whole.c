/* SPDX-License-Identifier: MIT */
#include "idl/whole.h"

/* Something that will be part of a C name or of a path. */
static bool
is_name(const char *name)
{
	if (name == NULL || *name == '\0')
		return false;
	for (; *name != '\0'; name++) {
		bool letter = (*name >= 'a' && *name <= 'z') ||
		              (*name >= 'A' && *name <= 'Z') || *name == '_';

		if (!letter && !(*name >= '0' && *name <= '9'))
			return false;
	}
	return true;
}

/* Names with dots between them, and perhaps one in front. */
static bool
is_full_name(const char *name)
{
	if (name == NULL || *name == '\0')
		return false;
	for (; *name != '\0'; name++) {
		char c[2] = { *name, '\0' };

		if (*name != '.' && !is_name(c))
			return false;
	}
	return true;
}

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
		if (!is_name(proto->value[i]->name))
			return false;
	}
	return is_name(proto->name);
}

static bool
field_is_whole(const FieldProto *field, size_t oneofs)
{
	if (field->type_name != NULL && !is_full_name(field->type_name))
		return false;
	if (field->has_oneof_index &&
	    (field->oneof_index < 0 || (size_t)field->oneof_index >= oneofs))
		return false;
	return is_name(field->name) && field->has_label;
}

static bool
message_is_whole(const MessageProto *proto)
{
	for (size_t i = 0; i < proto->n_oneof_decl; i++) {
		if (!is_name(proto->oneof_decl[i]->name))
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
	return is_name(proto->name);
}

static bool
service_is_whole(const ServiceProto *proto)
{
	for (size_t i = 0; i < proto->n_method; i++) {
		const MethodProto *method = proto->method[i];

		if (!is_name(method->name) ||
		    !is_full_name(method->input_type) ||
		    !is_full_name(method->output_type))
			return false;
	}
	return is_name(proto->name);
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
	           is_full_name(proto->package));
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
