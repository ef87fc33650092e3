/* SPDX-License-Identifier: MIT */
#include "idl/model.h"

#include <string.h>

#include "idl/identity.h"
#include "idl/options.h"
#include "idl/problem.h"

/* Field numbers of descriptor.proto that paths are made of. */
enum {
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	MESSAGE_NESTED = 3,
	MESSAGE_ENUM = 4,
	SERVICE_METHOD = 2,
};

struct path
path_add(struct arena *arena, struct path path, int32_t field)
{
	int32_t *at = text_alloc(arena, (path.size + 1) * sizeof *at);

	if (path.size > 0)
		memcpy(at, path.at, path.size * sizeof *at);
	at[path.size] = field;
	return (struct path){ at, path.size + 1 };
}

struct path
path_item(struct arena *arena, struct path path, int32_t field, size_t index)
{
	return path_add(arena, path_add(arena, path, field), (int32_t)index);
}

static const char *
join(struct arena *arena, const char *scope, const char *name)
{
	return text_print(arena, "%s%s%s", scope, *scope == '\0' ? "" : ".",
	    name);
}

/* The full name as protobuf-c sees it: with another package, if it is told. */
static const char *
protobuf_c_name(struct arena *arena, const struct file *file,
    const char *full_name)
{
	const char *package = file->proto->package;
	size_t cut = package == NULL ? 0 : strlen(package);

	if (file->c_package == NULL)
		return full_name;
	return text_print(arena, "%s%s%s", file->c_package, cut == 0 ? "." : "",
	    full_name + cut);
}

static struct type *
add_type(struct model *model, const struct file *file, const char *full_name,
    struct path path)
{
	struct type *type = text_alloc(model->arena, sizeof *type);

	type->file = file;
	type->full_name = full_name;
	type->protobuf_c_name = protobuf_c_name(model->arena, file, full_name);
	type->path = path;
	type->names = names_message(model->arena, type->protobuf_c_name);
	*model->types_end = type;
	model->types_end = &type->next;
	return type;
}

static void
add_enum(struct model *model, const struct file *file, const char *scope,
    const EnumProto *proto, struct path path)
{
	const char *name = join(model->arena, scope, proto->name);

	add_type(model, file, name, path)->enumeration = proto;
}

static void
add_message(struct model *model, const struct file *file, const char *scope,
    const MessageProto *proto, struct path path)
{
	const char *name = join(model->arena, scope, proto->name);

	add_type(model, file, name, path)->message = proto;
	for (size_t i = 0; i < proto->n_nested_type; i++)
		add_message(model, file, name, proto->nested_type[i],
		    path_item(model->arena, path, MESSAGE_NESTED, i));
	for (size_t i = 0; i < proto->n_enum_type; i++)
		add_enum(model, file, name, proto->enum_type[i],
		    path_item(model->arena, path, MESSAGE_ENUM, i));
}

static void
add_types(struct model *model, const struct file *file)
{
	const FileProto *proto = file->proto;
	const char *package = proto->package == NULL ? "" : proto->package;
	const struct path root = { NULL, 0 };

	for (size_t i = 0; i < proto->n_message_type; i++)
		add_message(model, file, package, proto->message_type[i],
		    path_item(model->arena, root, FILE_MESSAGE, i));
	for (size_t i = 0; i < proto->n_enum_type; i++)
		add_enum(model, file, package, proto->enum_type[i],
		    path_item(model->arena, root, FILE_ENUM, i));
}

static const struct type *
rpc_type(struct model *model, const struct operation *operation,
    const char *name)
{
	const struct type *type = model_type(model, name);

	if (type != NULL && type->message != NULL)
		return type;
	problem_at(model, operation->service->file, operation->path,
	    "message %s of rpc %s is not in the request", name,
	    operation->proto->name);
	return NULL;
}

/* The standard option that says so. */
static void
set_idempotency(struct operation *operation)
{
	const Google__Protobuf__MethodOptions *options =
	    operation->proto->options;

	if (options == NULL)
		return;
	operation->idempotent =
	    options->idempotency_level ==
	    GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENT;
	operation->no_side_effects =
	    options->idempotency_level ==
	    GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS;
}

static void
make_operation(struct model *model, const struct service *service, size_t i)
{
	struct operation *operation = &service->operations[i];
	const MethodProto *proto = service->proto->method[i];

	operation->service = service;
	operation->index = i;
	operation->proto = proto;
	operation->path =
	    path_item(model->arena, service->path, SERVICE_METHOD, i);
	operation->comment = problem_comment(service->file, operation->path);
	operation->request = rpc_type(model, operation, proto->input_type);
	operation->response = rpc_type(model, operation, proto->output_type);
	operation->request_streams = proto->client_streaming;
	operation->response_streams = proto->server_streaming;
	operation->streams = proto->client_streaming || proto->server_streaming;
	operation->opnum = (uint32_t)i;
	set_idempotency(operation);
	operation->names =
	    names_operation(model->arena, service->names.prefix, proto->name);
	options_of_operation(model, operation);
}

static void
make_service(struct model *model, const struct file *file, size_t i)
{
	struct service *service = &file->services[i];
	const char *package = file->proto->package;

	service->file = file;
	service->proto = file->proto->service[i];
	service->path =
	    path_item(model->arena, (struct path){ NULL, 0 }, FILE_SERVICE, i);
	service->comment = problem_comment(file, service->path);
	service->full_name = join(model->arena, package == NULL ? "" : package,
	    service->proto->name);
	service->uuid = identity_derive(service->full_name);
	service->uuid_path = service->path;
	service->major = 1;
	service->names.prefix = names_snake(model->arena,
	    protobuf_c_name(model->arena, file, service->full_name));
	options_of_service(model, service);
	service->names =
	    names_service(model->arena, service->names.prefix, service->major);
	service->operation_count = service->proto->n_method;
	service->operations = text_alloc(model->arena,
	    service->operation_count * sizeof *service->operations);
	for (size_t j = 0; j < service->operation_count; j++)
		make_operation(model, service, j);
}

static bool
is_wanted(const Request *request, const char *name)
{
	for (size_t i = 0; i < request->n_file_to_generate; i++) {
		if (text_equal(request->file_to_generate[i], name))
			return true;
	}
	return false;
}

static void
make_file(struct model *model, struct file *file, const FileProto *proto)
{
	size_t size = strlen(proto->name);

	file->proto = proto;
	file->name = proto->name;
	if (text_ends(proto->name, ".proto"))
		size -= strlen(".proto");
	file->stem = text_copy(model->arena, proto->name, size);
	file->wanted = is_wanted(model->request, proto->name);
	options_of_file(model, file);
	add_types(model, file);
}

static void
make_services(struct model *model, struct file *file)
{
	file->service_count = file->proto->n_service;
	file->services = text_alloc(model->arena,
	    file->service_count * sizeof *file->services);
	for (size_t i = 0; i < file->service_count; i++)
		make_service(model, file, i);
}

struct model *
model_new(struct arena *arena, const Request *request)
{
	struct model *model = text_alloc(arena, sizeof *model);

	model->arena = arena;
	model->request = request;
	model->types_end = &model->types;
	model->file_count = request->n_proto_file;
	model->files =
	    text_alloc(arena, model->file_count * sizeof *model->files);
	for (size_t i = 0; i < model->file_count; i++)
		make_file(model, &model->files[i], request->proto_file[i]);
	for (size_t i = 0; i < model->file_count; i++) {
		if (model->files[i].wanted)
			make_services(model, &model->files[i]);
	}
	return model;
}

const struct type *
model_type(const struct model *model, const char *full_name)
{
	if (*full_name == '.')
		full_name++;
	for (const struct type *t = model->types; t != NULL; t = t->next) {
		if (text_equal(t->full_name, full_name))
			return t;
	}
	return NULL;
}

uint16_t
service_opnums(const struct service *service)
{
	uint32_t count = 0;

	for (size_t i = 0; i < service->operation_count; i++) {
		if (service->operations[i].opnum >= count)
			count = service->operations[i].opnum + 1;
	}
	return (uint16_t)count;
}
