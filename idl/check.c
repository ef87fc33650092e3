/* SPDX-License-Identifier: MIT */
#include "idl/check.h"

#include <stdlib.h>

#include "idl/check_message.h"
#include "idl/clash.h"
#include "idl/contexts.h"
#include "idl/parameters.h"
#include "idl/problem.h"
#include "idl/values.h"

/* Either all rpcs of a service say their opnum or none does. */
static void
check_opnums_given(struct model *model, const struct service *service)
{
	size_t given = 0;

	for (size_t i = 0; i < service->operation_count; i++)
		given += service->operations[i].has_opnum;
	for (size_t i = 0; given > 0 && i < service->operation_count; i++) {
		const struct operation *operation = &service->operations[i];

		if (!operation->has_opnum)
			problem_at(model, service->file, operation->path,
			    "rpc %s has no opnum, but others of service %s do",
			    operation->proto->name, service->proto->name);
	}
	if (given == 0 && service->operation_count > VALUE_OPNUM_MAX + 1)
		problem_at(model, service->file, service->path,
		    "service %s has %zu rpcs, but opnums end at %d",
		    service->proto->name, service->operation_count,
		    VALUE_OPNUM_MAX);
}

/* By opnum, and those of one opnum by where they stand. */
static int
by_opnum(const void *a_, const void *b_)
{
	const struct operation *a = a_, *b = b_;

	if (a->opnum != b->opnum)
		return a->opnum < b->opnum ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Of sorted operations. Opnums that were not given cannot be what is wrong. */
static void
check_opnums_differ(struct model *model, const struct service *service)
{
	const struct operation *before = NULL;

	for (size_t i = 0; i < service->operation_count; i++) {
		const struct operation *operation = &service->operations[i];

		if (!operation->has_opnum)
			continue;
		if (before != NULL && before->opnum == operation->opnum)
			problem_at(model, service->file, operation->opnum_path,
			    "rpc %s has opnum %u, which is that of rpc %s",
			    operation->proto->name, (unsigned)operation->opnum,
			    before->proto->name);
		before = operation;
	}
}

static void
check_maybe(struct model *model, const struct operation *operation)
{
	const char *why = NULL;

	if (operation->streams)
		why = "it streams";
	else if (operation->response != NULL &&
	         operation->response->message->n_field > 0)
		why = "its response has fields, and nobody waits for them";
	if (operation->maybe && why != NULL)
		problem_at(model, operation->service->file,
		    operation->maybe_path, "rpc %s cannot be maybe: %s",
		    operation->proto->name, why);
}

static void
check_operation(struct model *model, struct operation *operation)
{
	check_maybe(model, operation);
	if (!operation->parameters)
		return;
	if (operation->streams)
		problem_at(model, operation->service->file,
		    operation->parameters_path,
		    "rpc %s cannot have parameters: it streams",
		    operation->proto->name);
	else if (operation->request != NULL && operation->response != NULL)
		parameters_make(model, operation);
}

static void
check_service(struct model *model, struct service *service)
{
	for (size_t i = 0; i < service->operation_count; i++)
		check_operation(model, &service->operations[i]);
	check_opnums_given(model, service);
	qsort(service->operations, service->operation_count,
	    sizeof *service->operations, by_opnum);
	check_opnums_differ(model, service);
	contexts_make(model, service);
}

/* Versions of one interface that differ in their major share its UUID. */
static bool
is_same_interface(const struct service *a, const struct service *b)
{
	return becket_uuid_equal(&a->uuid, &b->uuid) && a->major == b->major;
}

/* Against all services before it. */
static void
check_uuid(struct model *model, const struct service *service)
{
	for (size_t i = 0; i < model->file_count; i++) {
		const struct file *file = &model->files[i];

		for (size_t j = 0; j < file->service_count; j++) {
			const struct service *other = &file->services[j];

			if (other == service)
				return;
			if (!is_same_interface(other, service))
				continue;
			problem_at(model, service->file, service->uuid_path,
			    "service %s has the UUID and major version of "
			    "service %s",
			    service->full_name, other->full_name);
			return;
		}
	}
}

void
model_check(struct model *model)
{
	for (size_t i = 0; i < model->file_count; i++) {
		struct file *file = &model->files[i];

		check_messages(model, file);
		contexts_check_file(model, file);
		for (size_t j = 0; j < file->service_count; j++) {
			check_service(model, &file->services[j]);
			check_uuid(model, &file->services[j]);
		}
	}
	check_clashes(model);
}
