/* SPDX-License-Identifier: MIT */
#include "idl/check.h"

#include <stdlib.h>

#include "idl/parameters.h"
#include "idl/problem.h"

static int
by_opnum(const void *a_, const void *b_)
{
	const struct operation *a = a_, *b = b_;

	return a->opnum < b->opnum ? -1 : a->opnum > b->opnum;
}

static void
check_operation(struct model *model, struct operation *operation)
{
	if (operation->parameters && !operation->streams &&
	    operation->request != NULL && operation->response != NULL)
		parameters_make(model, operation);
}

static void
check_service(struct model *model, struct service *service)
{
	for (size_t i = 0; i < service->operation_count; i++)
		check_operation(model, &service->operations[i]);
	qsort(service->operations, service->operation_count,
	    sizeof *service->operations, by_opnum);
}

void
model_check(struct model *model)
{
	for (size_t i = 0; i < model->file_count; i++) {
		struct file *file = &model->files[i];

		for (size_t j = 0; j < file->service_count; j++)
			check_service(model, &file->services[j]);
	}
}
