/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "idl/emit.h"

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) \
	GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

/* The lines of idl/wireshark.lua. */
static const char *const engine[] = {
#include "idl/wireshark.inc"
};

/* The types that the messages of a file's rpcs are made of, in the order in
 * which they were met.
 */
struct types {
	const struct model *model;
	const struct type **list;
	size_t count;
};

static void
reach(struct types *types, const struct type *type)
{
	for (size_t i = 0; i < types->count; i++) {
		if (types->list[i] == type)
			return;
	}
	types->list[types->count++] = type;
	for (size_t i = 0; type->message != NULL && i < type->message->n_field;
	     i++) {
		const char *name = type->message->field[i]->type_name;
		const struct type *inner = NULL;

		if (name != NULL)
			inner = model_type(types->model, name);
		if (inner != NULL)
			reach(types, inner);
	}
}

static struct types
types_of(const struct model *model, const struct file *file)
{
	struct types types = { .model = model };
	size_t most = 0;

	for (const struct type *t = model->types; t != NULL; t = t->next)
		most++;
	types.list = text_alloc(model->arena, most * sizeof *types.list);
	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		for (size_t j = 0; j < service->operation_count; j++) {
			reach(&types, service->operations[j].request);
			reach(&types, service->operations[j].response);
		}
	}
	return types;
}

static const char *
type_word(const FieldProto *field)
{
	/* as descriptor.proto counts */
	static const char *const words[] = { "", "double", "float", "int64",
		"uint64", "int32", "fixed64", "fixed32", "bool", "string",
		"group", "message", "bytes", "uint32", "enum", "sfixed32",
		"sfixed64", "sint32", "sint64" };
	size_t type = (size_t)field->type;

	return type < sizeof words / sizeof *words ? words[type] : "bytes";
}

static void
put(struct out *out, const char *template)
{
	text_put(&out->text, out_expand(out, template));
}

static void
put_field(struct out *out, const struct types *types, const FieldProto *field)
{
	const struct type *of = NULL;

	if (field->type_name != NULL)
		of = model_type(types->model, field->type_name);
	out_set(out, "number", text_print(out->arena, "%d", field->number));
	out_set(out, "name", field->name);
	out_set(out, "type", type_word(field));
	out_set(out, "of",
	    of == NULL
	        ? ""
	        : text_print(out->arena, ", of = \"%s\"", of->full_name));
	out_set(out, "repeated",
	    field->label == LABEL(REPEATED) ? ", repeated = true" : "");
	put(out, "\t\t\t[$number$] = { name = \"$name$\", type = \"$type$\""
	         "$of$$repeated$ },\n");
}

static void
put_messages(struct out *out, const struct types *types)
{
	put(out, "\tmessages = {\n");
	for (size_t i = 0; i < types->count; i++) {
		const MessageProto *message = types->list[i]->message;

		if (message == NULL)
			continue;
		out_set(out, "message", types->list[i]->full_name);
		put(out, "\t\t[\"$message$\"] = { fields = {\n");
		for (size_t j = 0; j < message->n_field; j++)
			put_field(out, types, message->field[j]);
		put(out, "\t\t} },\n");
	}
	put(out, "\t},\n");
}

/* Two names for one value: the first is shown. */
static bool
is_alias(const EnumProto *proto, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (proto->value[i]->number == proto->value[index]->number)
			return true;
	}
	return false;
}

static void
put_enums(struct out *out, const struct types *types)
{
	put(out, "\tenums = {\n");
	for (size_t i = 0; i < types->count; i++) {
		const EnumProto *proto = types->list[i]->enumeration;

		if (proto == NULL)
			continue;
		out_set(out, "enum", types->list[i]->full_name);
		put(out, "\t\t[\"$enum$\"] = {\n");
		for (size_t j = 0; j < proto->n_value; j++) {
			out_set(out, "number",
			    text_print(out->arena, "%d",
			        proto->value[j]->number));
			out_set(out, "name", proto->value[j]->name);
			put(out, is_alias(proto, j)
			             ? ""
			             : "\t\t\t[$number$] = \"$name$\",\n");
		}
		put(out, "\t\t},\n");
	}
	put(out, "\t},\n");
}

static void
put_operation(struct out *out, const struct operation *operation)
{
	emit_operation(out, operation);
	out_set(out, "request", operation->request->full_name);
	out_set(out, "response", operation->response->full_name);
	out_set(out, "is_stream",
	    operation->streams ? "\t\t\t\t\tis_stream = true,\n" : "");
	put(out, "\t\t\t\t[$opnum$] = {\n"
	         "\t\t\t\t\tname = \"$rpc$\",\n"
	         "\t\t\t\t\trequest = \"$request$\",\n"
	         "\t\t\t\t\tresponse = \"$response$\",\n"
	         "$is_stream$"
	         "\t\t\t\t},\n");
}

static void
put_interface(struct out *out, const struct service *service)
{
	char uuid[BECKET_UUID_TEXT_SIZE];

	emit_service(out, service);
	becket_uuid_to_string(&service->uuid, uuid);
	out_set(out, "uuid", text_copy(out->arena, uuid, sizeof uuid - 1));
	out_set(out, "major", text_print(out->arena, "%d", service->major));
	put(out, "\t\t{\n"
	         "\t\t\tname = \"$service$\",\n"
	         "\t\t\tuuid = \"$uuid$\",\n"
	         "\t\t\tmajor = $major$,\n"
	         "\t\t\toperations = {\n");
	for (size_t i = 0; i < service->operation_count; i++)
		put_operation(out, &service->operations[i]);
	put(out, "\t\t\t},\n"
	         "\t\t},\n");
}

char *
emit_wireshark(const struct model *model, const struct file *file)
{
	struct out out = emit_begin_in(model, file, "-- ");
	struct types types = types_of(model, file);

	for (size_t i = 0; i < sizeof engine / sizeof *engine; i++)
		text_put(&out.text, engine[i]);
	put(&out, "\nbecket.add({\n");
	put_enums(&out, &types);
	put_messages(&out, &types);
	put(&out, "\tinterfaces = {\n");
	for (size_t i = 0; i < file->service_count; i++)
		put_interface(&out, &file->services[i]);
	put(&out, "\t},\n"
	          "})\n");
	return out_take(&out);
}
