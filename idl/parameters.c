/* SPDX-License-Identifier: MIT */
#include "idl/parameters.h"

#include "idl/member.h"
#include "idl/options.h"
#include "idl/problem.h"

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) \
	GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

static const struct type *
enumeration(const struct model *model, const FieldProto *field)
{
	const struct type *type = NULL;

	if (field->type == TYPE(ENUM) && field->type_name != NULL)
		type = model_type(model, field->type_name);
	return type != NULL && type->enumeration != NULL ? type : NULL;
}

/* NULL: no parameter can have this type. */
static const char *
c_type(const struct model *model, const FieldProto *field)
{
	const struct type *type;

	switch (field->type) {
	case TYPE(DOUBLE):
		return "double";
	case TYPE(FLOAT):
		return "float";
	case TYPE(INT32):
	case TYPE(SINT32):
	case TYPE(SFIXED32):
		return "int32_t";
	case TYPE(INT64):
	case TYPE(SINT64):
	case TYPE(SFIXED64):
		return "int64_t";
	case TYPE(UINT32):
	case TYPE(FIXED32):
		return "uint32_t";
	case TYPE(UINT64):
	case TYPE(FIXED64):
		return "uint64_t";
	case TYPE(BOOL):
		return "bool";
	case TYPE(STRING):
		return "const char *";
	case TYPE(ENUM):
		type = enumeration(model, field);
		return type == NULL ? NULL : type->names.type;
	default:
		return NULL;
	}
}

/* NULL: the field can be a parameter. Else what it is instead. */
static const char *
why_not_flat(struct model *model, const struct type *message, size_t index)
{
	const FieldProto *field = message->message->field[index];
	struct path path;
	const char *syntax = message->file->proto->syntax;
	bool proto3 = syntax != NULL && text_equal(syntax, "proto3");

	if (options_context(model, message, index, &path) != NULL)
		return "a context handle";
	if (field->label == LABEL(REPEATED))
		return "repeated";
	if (field->proto3_optional ||
	    (!proto3 && field->label == LABEL(OPTIONAL)))
		return "optional";
	if (field->has_oneof_index)
		return "in a oneof";
	if (field->type == TYPE(BYTES) || options_string_is_bytes(model, field))
		return "bytes";
	if (c_type(model, field) == NULL)
		return "a message";
	return NULL;
}

static void
make(struct model *model, struct operation *operation,
    const struct type *message, struct parameter *parameter, size_t i)
{
	const FieldProto *field = message->message->field[i];
	const char *why = why_not_flat(model, message, i);

	if (why != NULL) {
		problem_at(model, operation->service->file,
		    operation->parameters_path,
		    "rpc %s cannot have parameters: field %s of %s is %s",
		    operation->proto->name, field->name, message->full_name,
		    why);
		return;
	}
	parameter->proto = field;
	parameter->member = member_name(model->arena, message->message, field);
	parameter->type = c_type(model, field);
	parameter->enumeration = enumeration(model, field);
	parameter->is_string = field->type == TYPE(STRING);
	parameter->is_bool = field->type == TYPE(BOOL);
}

static struct parameter *
make_all(struct model *model, struct operation *operation,
    const struct type *message, size_t *ret_count)
{
	size_t count = message->message->n_field;
	struct parameter *parameters =
	    text_alloc(model->arena, count * sizeof *parameters);

	for (size_t i = 0; i < count; i++)
		make(model, operation, message, &parameters[i], i);
	*ret_count = count;
	return parameters;
}

void
parameters_make(struct model *model, struct operation *operation)
{
	size_t before = model->problem_count;

	operation->in = make_all(model, operation, operation->request,
	    &operation->in_count);
	/* what is wrong with both is told once */
	if (operation->response != operation->request ||
	    model->problem_count == before)
		operation->out = make_all(model, operation, operation->response,
		    &operation->out_count);
	if (model->problem_count > before)
		operation->in_count = operation->out_count = 0;
}
