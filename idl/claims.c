/* SPDX-License-Identifier: MIT */
/* What check_clashes() of idl/clash.h looks at. */
#include <string.h>

#include "idl/clash.h"
#include "idl/problem.h"

enum { NAME = 1 }; /* field number of the name of anything */

static struct path
name_of(struct model *model, struct path path)
{
	return path_add(model->arena, path, NAME);
}

static void
refuse_reserved(struct model *model, const struct file *file, struct path path,
    const char *words, const char *name)
{
	const char *why = names_reserved(name);

	if (why != NULL)
		problem_at(model, file, name_of(model, path),
		    "%s is \"%s\" in C, which is %s", words, name, why);
}

/* Parameters of one function: the members of both messages, the results with
 * ret_ in front.
 */
static void
claim_parameters(struct model *model, const struct operation *operation)
{
	struct clashes clashes = clashes_empty(model);
	const struct file *file = operation->service->file;

	for (size_t i = 0; i < operation->in_count; i++)
		clash_claim(&clashes, operation->in[i].member,
		    owner_new(model, file, operation->parameters_path,
		        "request field", operation->in[i].proto->name));
	for (size_t i = 0; i < operation->out_count; i++)
		clash_claim(&clashes,
		    text_print(model->arena, "ret_%s",
		        operation->out[i].member),
		    owner_new(model, file, operation->parameters_path,
		        "response field", operation->out[i].proto->name));
	clash_report(&clashes);
}

/* Members of an EPV clash if stubs do, but for those that have been changed. */
static void
claim_member(struct clashes *clashes, const struct operation *operation,
    const struct owner *owner)
{
	const char *member = operation->names.member;

	if (text_ends(member, "_"))
		clash_claim(clashes,
		    text_print(clashes->model->arena, "%s in struct %s", member,
		        operation->service->names.epv),
		    owner);
}

static void
claim_free(struct clashes *clashes, const struct type *type)
{
	if (type != NULL)
		clash_claim(clashes, type->names.free, type->owner);
}

static void
claim_stream(struct clashes *clashes, const struct operation *operation,
    const struct owner *owner)
{
	const struct operation_names *names = &operation->names;

	clash_claim(clashes, names->open, owner);
	clash_claim(clashes, names->finish, owner);
	if (operation->request_streams) {
		clash_claim(clashes, names->send, owner);
		clash_claim(clashes, names->pull, owner);
		claim_free(clashes, operation->request);
	}
	if (operation->response_streams) {
		clash_claim(clashes, names->receive, owner);
		clash_claim(clashes, names->push, owner);
	}
}

static void
claim_operation(struct clashes *clashes, const struct operation *operation)
{
	struct model *model = clashes->model;
	const struct operation_names *names = &operation->names;
	const struct owner *owner = owner_new(model, operation->service->file,
	    name_of(model, operation->path), "rpc", operation->proto->name);

	claim_member(clashes, operation, owner);
	refuse_reserved(model, operation->service->file, operation->path,
	    owner->words, names->stub);
	clash_claim(clashes, names->routine, owner);
	clash_claim(clashes, names->answer, owner);
	if (operation->context_count > 0)
		clash_claim(clashes, names->contexts, owner);
	if (operation->streams)
		claim_stream(clashes, operation, owner);
	else
		clash_claim(clashes, names->stub, owner);
	if (operation_is_async(operation)) {
		clash_claim(clashes, names->start, owner);
		clash_claim(clashes, names->finish, owner);
	}
	if (operation->parameters)
		claim_parameters(model, operation);
	else
		claim_free(clashes, operation->response);
}

/* Services may share a type of context handles by name: it is claimed once. */
static bool
has_type(const struct service *service, const char *type)
{
	for (size_t i = 0; i < service->context_type_count; i++) {
		if (text_equal(service->context_types[i], type))
			return true;
	}
	return false;
}

static bool
is_first(const struct model *model, const struct service *service,
    const char *type)
{
	for (size_t i = 0; i < model->file_count; i++) {
		const struct file *file = &model->files[i];

		for (size_t j = 0; j < file->service_count; j++) {
			if (&file->services[j] == service)
				return true;
			if (has_type(&file->services[j], type))
				return false;
		}
	}
	return true;
}

static void
claim_contexts(struct clashes *clashes, const struct service *service)
{
	struct model *model = clashes->model;

	for (size_t i = 0; i < service->context_type_count; i++) {
		const char *type = service->context_types[i];
		const struct owner *owner;

		owner = owner_new(model, service->file,
		    name_of(model, service->path), "context handle", type);
		clash_claim(clashes,
		    names_run_down(model->arena, service->names.prefix, type),
		    owner);
		if (!is_first(model, service, type))
			continue;
		clash_claim(clashes, type, owner);
		clash_claim(clashes, names_context_destroy(model->arena, type),
		    owner);
	}
}

static void
claim_service(struct clashes *clashes, const struct service *service)
{
	struct model *model = clashes->model;
	const struct service_names *names = &service->names;
	const struct owner *owner = owner_new(model, service->file,
	    name_of(model, service->path), "service", service->proto->name);
	/* no name, but it tells best that all others clash, too */
	const char *any = text_print(model->arena, "%s_*", names->prefix);
	const char *const all[] = { any, names->interface, names->operations,
		names->endpoints, names->routines, names->by_opnum,
		names->context_types, names->rundowns, names->epv,
		names->register_, names->register_ex, names->unregister };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		clash_claim(clashes, all[i], owner);
	for (size_t i = 0; i < service->operation_count; i++)
		claim_operation(clashes, &service->operations[i]);
	claim_contexts(clashes, service);
	if (strcmp(names->prefix, "becket") == 0 ||
	    strncmp(names->prefix, "becket_", 7) == 0)
		problem_at(model, service->file, owner->path,
		    "%s would have names that begin with becket_, which are "
		    "the library's: give it a prefix",
		    owner->words);
}

/* protobuf-c's own names; an enum's descriptor, too, is named after it. */
static void
claim_type(struct clashes *clashes, struct type *type)
{
	struct model *model = clashes->model;

	type->owner = owner_new(model, type->file, name_of(model, type->path),
	    type->message != NULL ? "message" : "enum", type->full_name);
	if (!type->file->wanted)
		return;
	clash_claim(clashes, type->names.type, type->owner);
	clash_claim(clashes, type->names.descriptor, type->owner);
	for (size_t i = 0;
	     type->message != NULL && i < type->message->n_oneof_decl; i++)
		clash_claim(clashes,
		    names_case_type(model->arena, type->protobuf_c_name,
		        type->message->oneof_decl[i]->name),
		    type->owner);
}

static void
claim_guard(struct clashes *clashes, const struct file *file)
{
	struct model *model = clashes->model;

	clash_claim(clashes, names_guard(model->arena, file->stem, "_BECKET_H"),
	    owner_new(model, file, (struct path){ NULL, 0 }, "file",
	        file->name));
}

void
check_clashes(struct model *model)
{
	struct clashes clashes = clashes_empty(model);

	for (struct type *t = model->types; t != NULL; t = t->next)
		claim_type(&clashes, t);
	for (size_t i = 0; i < model->file_count; i++) {
		const struct file *file = &model->files[i];

		if (file->service_count > 0)
			claim_guard(&clashes, file);
		for (size_t j = 0; j < file->service_count; j++)
			claim_service(&clashes, &file->services[j]);
	}
	clash_report(&clashes);
}
