/* SPDX-License-Identifier: MIT */
#include "idl/contexts.h"

#include <string.h>

#include "idl/member.h"
#include "idl/options.h"
#include "idl/problem.h"

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) \
	GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

enum { MESSAGE_FIELD = 2 }; /* field number of descriptor.proto */

/* -------------------------------------------------------------- fields -- */

/* NULL: the field can be a context handle. Else what it is instead. */
static const char *
why_not(const struct type *message, const FieldProto *field)
{
	const char *syntax = message->file->proto->syntax;
	bool proto3 = syntax != NULL && text_equal(syntax, "proto3");

	if (field->type != TYPE(BYTES))
		return "is not of bytes";
	if (field->label == LABEL(REPEATED))
		return "is repeated";
	if (field->proto3_optional ||
	    (!proto3 && field->label == LABEL(OPTIONAL)))
		return "is optional, but an empty one is NULL already";
	if (field->has_oneof_index)
		return "is in a oneof";
	return NULL;
}

static const char *
why_no_type(const struct model *model, const char *type)
{
	if (!names_is_prefix(type))
		return "it begins with a small letter and has small letters, "
		       "digits and underscores";
	if (names_reserved(type) != NULL)
		return text_print(model->arena, "it is %s",
		    names_reserved(type));
	if (strncmp(type, "becket_", strlen("becket_")) == 0)
		return "names that begin with becket_ are the library's";
	return NULL;
}

static void
check_field(struct model *model, const struct type *message, size_t index)
{
	const FieldProto *field = message->message->field[index];
	struct path path;
	const char *type = options_context(model, message, index, &path);
	const char *why;

	if (type == NULL)
		return;
	why = why_not(message, field);
	if (why != NULL)
		problem_at(model, message->file, path,
		    "field %s of %s cannot be a context handle: it %s",
		    field->name, message->full_name, why);
	why = why_no_type(model, type);
	if (why != NULL)
		problem_at(model, message->file, path,
		    "\"%s\" cannot be a type of context handles: %s", type,
		    why);
	for (size_t i = 0; i < index; i++) {
		struct path other;
		const char *before = options_context(model, message, i, &other);

		if (before != NULL && text_equal(before, type))
			problem_at(model, message->file, path,
			    "fields %s and %s of %s are both a %s: a message "
			    "has one context handle of a type",
			    message->message->field[i]->name, field->name,
			    message->full_name, type);
	}
}

static bool
has_context(struct model *model, const struct type *message)
{
	struct path path;

	for (size_t i = 0; i < message->message->n_field; i++) {
		if (options_context(model, message, i, &path) != NULL)
			return true;
	}
	return false;
}

/* Deeper down nobody would lift it out of the message. */
static void
check_depth(struct model *model, const struct type *message, size_t index)
{
	const FieldProto *field = message->message->field[index];
	const struct type *inner = NULL;

	if (field->type == TYPE(MESSAGE) && field->type_name != NULL)
		inner = model_type(model, field->type_name);
	if (inner == NULL || inner->message == NULL ||
	    !has_context(model, inner))
		return;
	problem_at(model, message->file,
	    path_item(model->arena, message->path, MESSAGE_FIELD, index),
	    "field %s of %s has a context handle in it, which stands in the "
	    "message of an rpc itself",
	    field->name, message->full_name);
}

void
contexts_check_file(struct model *model, const struct file *file)
{
	for (const struct type *t = model->types; t != NULL; t = t->next) {
		if (t->file != file || t->message == NULL)
			continue;
		for (size_t i = 0; i < t->message->n_field; i++) {
			check_field(model, t, i);
			check_depth(model, t, i);
		}
	}
}

/* ---------------------------------------------------------------- rpcs -- */

static size_t
type_index(struct model *model, struct service *service, const char *type)
{
	size_t count = service->context_type_count;
	const char **types;

	for (size_t i = 0; i < count; i++) {
		if (text_equal(service->context_types[i], type))
			return i;
	}
	types = text_alloc(model->arena, (count + 1) * sizeof *types);
	if (count > 0)
		memcpy(types, service->context_types, count * sizeof *types);
	types[count] = type;
	service->context_types = types;
	service->context_type_count = count + 1;
	return count;
}

/* The one of its type, or a new one. */
static struct context *
context_of(struct model *model, struct service *service,
    struct operation *operation, const char *type)
{
	struct context *context = operation->contexts;

	for (size_t i = 0; i < operation->context_count; i++, context++) {
		if (text_equal(context->type, type))
			return context;
	}
	operation->context_count++;
	context->type = type;
	context->index = type_index(model, service, type);
	return context;
}

static void
add(struct model *model, struct service *service, struct operation *operation,
    const struct type *message, bool is_request)
{
	for (size_t i = 0; i < message->message->n_field; i++) {
		const FieldProto *field = message->message->field[i];
		struct path path;
		const char *type = options_context(model, message, i, &path);
		const char *member =
		    member_name(model->arena, message->message, field);
		struct context *context;

		if (type == NULL || why_not(message, field) != NULL)
			continue;
		context = context_of(model, service, operation, type);
		if (is_request)
			context->in = member;
		else
			context->out = member;
		if (context->name == NULL)
			context->name = member;
	}
}

/* Who sends many messages cannot say in each of them what the call is about,
 * nor open something with each.
 */
static void
refuse_streamed(struct model *model, const struct operation *operation,
    const struct type *message)
{
	struct path path;

	for (size_t i = 0; i < message->message->n_field; i++) {
		if (options_context(model, message, i, &path) == NULL)
			continue;
		problem_at(model, operation->service->file, operation->path,
		    "rpc %s cannot stream %s: its field %s is a context "
		    "handle, and those stand in messages that are not "
		    "streamed",
		    operation->proto->name, message->full_name,
		    message->message->field[i]->name);
	}
}

/* Parameters beside it that are not context handles have these names. */
static bool
is_taken(const char *name)
{
	static const char *const words[] = { "binding", "call", "request",
		"request_", "response_", "epv_", "stream", "ret_stream",
		"response", "ret_response", "token", "status", "contexts",
		"epv", "async", "ret_async" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_equal(name, words[i]))
			return true;
	}
	return false;
}

static void
name_apart(struct model *model, struct operation *operation, size_t index)
{
	struct context *context = &operation->contexts[index];

	while (is_taken(context->name))
		context->name = text_print(model->arena, "%s_", context->name);
	for (size_t i = 0; i < index; i++) {
		if (text_equal(operation->contexts[i].name, context->name))
			context->name = context->type;
	}
}

static void
check_shared(struct model *model, const struct operation *operation)
{
	size_t in = 0;

	for (size_t i = 0; i < operation->context_count; i++)
		in += operation->contexts[i].in != NULL;
	if (operation->shared && in == 0)
		problem_at(model, operation->service->file,
		    operation->shared_path,
		    "rpc %s cannot be shared: its request has no context "
		    "handle",
		    operation->proto->name);
}

static void
make(struct model *model, struct service *service, struct operation *operation)
{
	size_t most = operation->request->message->n_field +
	              operation->response->message->n_field;

	operation->contexts =
	    text_alloc(model->arena, most * sizeof *operation->contexts);
	if (operation->request_streams)
		refuse_streamed(model, operation, operation->request);
	else
		add(model, service, operation, operation->request, true);
	if (operation->response_streams)
		refuse_streamed(model, operation, operation->response);
	else
		add(model, service, operation, operation->response, false);
	for (size_t i = 0; i < operation->context_count; i++)
		name_apart(model, operation, i);
	check_shared(model, operation);
}

/* EPVs have a member for each rpc, and one for each rundown routine. */
static void
check_rundown(struct model *model, const struct service *service,
    const struct operation *operation)
{
	for (size_t i = 0; i < service->context_type_count; i++) {
		const char *rundown =
		    names_rundown(model->arena, service->context_types[i]);

		if (text_equal(rundown, operation->names.member))
			problem_at(model, service->file, operation->path,
			    "rpc %s and the rundown routine of %s are both %s "
			    "in C",
			    operation->proto->name, service->context_types[i],
			    rundown);
	}
}

void
contexts_make(struct model *model, struct service *service)
{
	for (size_t i = 0; i < service->operation_count; i++) {
		struct operation *operation = &service->operations[i];

		if (operation->request != NULL && operation->response != NULL)
			make(model, service, operation);
	}
	for (size_t i = 0; i < service->operation_count; i++)
		check_rundown(model, service, &service->operations[i]);
}
