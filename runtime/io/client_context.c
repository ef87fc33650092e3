/* SPDX-License-Identifier: MIT */
#include "io/client_context.h"

#include <string.h>

#include "base/allocate.h"
#include "payload/protobuf_c.h"

static void
context_free(struct client_context *context)
{
	const struct becket_memory *memory;

	if (context == NULL)
		return;
	memory = &context->binding->runtime->memory;
	if (context->association != NULL)
		client_association_unpin(context->association);
	becket_binding_free(&context->binding);
	memory_free(memory, context, sizeof *context);
}

void
becket_context_destroy(void *context)
{
	context_free(context);
}

static bool
goes_in(const struct becket_context_parameter *row)
{
	return row->request != BECKET_CONTEXT_NOWHERE;
}

static bool
comes_out(const struct becket_context_parameter *row)
{
	return row->response != BECKET_CONTEXT_NOWHERE;
}

/* --------------------------------------------------------------- begin -- */

static const char *
why_not_good(const struct client_contexts *contexts,
    const struct becket_context_parameter *row,
    const struct client_context *context)
{
	const struct client_context *used = contexts->used;

	if (context->interface != contexts->interface)
		return "it was opened through another interface";
	if (context->type != row->type)
		return "it is of another type";
	if (used != NULL && (used->association != context->association ||
	                        used->group != context->group))
		return "another context handle of the call is not of the same "
		       "association";
	return NULL;
}

becket_status
client_contexts_begin(struct client_contexts *contexts, const char **ret_why)
{
	const struct becket_operation *operation = contexts->operation;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];
		struct client_context *context = contexts->handles[i];

		if (!goes_in(row))
			continue;
		if (context == NULL && !comes_out(row))
			return BECKET_X_SS_IN_NULL_CONTEXT;
		if (context == NULL)
			continue;
		*ret_why = why_not_good(contexts, row, context);
		if (*ret_why != NULL)
			return BECKET_X_SS_CONTEXT_MISMATCH;
		contexts->used = context;
	}
	return BECKET_S_OK;
}

/* ------------------------------------------------------------- prepare -- */

static struct client_context *
context_new(const struct client_contexts *contexts, uint16_t type,
    struct becket_binding *binding)
{
	struct client_context *context =
	    memory_new(contexts->memory, sizeof *context);

	if (context == NULL)
		return NULL;
	context->interface = contexts->interface;
	context->type = type;
	if (becket_binding_copy(binding, &context->binding) == BECKET_S_OK)
		return context;
	memory_free(contexts->memory, context, sizeof *context);
	return NULL;
}

/* So that what the server opens is never lost for want of memory. */
static bool
make_fresh(struct client_contexts *contexts, struct becket_binding *binding)
{
	const struct becket_operation *operation = contexts->operation;

	contexts->fresh = memory_new(contexts->memory,
	    operation->context_count * sizeof *contexts->fresh);
	if (contexts->fresh == NULL)
		return false;
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];

		if (!comes_out(row) ||
		    (goes_in(row) && contexts->handles[i] != NULL))
			continue;
		contexts->fresh[i] = context_new(contexts, row->type, binding);
		if (contexts->fresh[i] == NULL)
			return false;
	}
	return true;
}

static void
name_all(const struct client_contexts *contexts)
{
	const struct becket_operation *operation = contexts->operation;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];
		const struct client_context *context = contexts->handles[i];
		struct becket_bytes wire = { 0 };

		if (!goes_in(row))
			continue;
		if (context != NULL)
			wire = (struct becket_bytes){ context->wire,
				sizeof context->wire };
		protobuf_c_set_bytes(contexts->request, row->request, wire);
	}
}

becket_status
client_contexts_prepare(struct client_contexts *contexts,
    struct becket_binding *binding, const void *request)
{
	size_t size = contexts->operation->request.size;

	contexts->memory = &binding->runtime->memory;
	if (!make_fresh(contexts, binding))
		return BECKET_S_OUT_OF_MEMORY;
	contexts->request = memory_new(contexts->memory, size);
	if (contexts->request == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	memcpy(contexts->request, request, size);
	name_all(contexts);
	return BECKET_S_OK;
}

/* ---------------------------------------------------------------- take -- */

static bool
is_well_formed(const struct client_contexts *contexts, const void *response)
{
	const struct becket_operation *operation = contexts->operation;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];

		if (comes_out(row) &&
		    !context_handle_has_size(
		        protobuf_c_get_bytes(response, row->response)))
			return false;
	}
	return true;
}

static struct client_context *
open_context(struct client_context *context,
    struct client_association *association, uint32_t group)
{
	client_association_pin(association);
	context->association = association;
	context->group = group;
	return context;
}

becket_status
client_contexts_take(struct client_contexts *contexts, const void *response,
    struct client_association *association, uint32_t group)
{
	const struct becket_operation *operation = contexts->operation;

	if (!is_well_formed(contexts, response))
		return BECKET_X_BAD_STUB_DATA;
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];
		struct client_context *context = contexts->handles[i];
		struct becket_bytes wire;

		if (!comes_out(row))
			continue;
		wire = protobuf_c_get_bytes(response, row->response);
		if (!goes_in(row))
			context = NULL;
		if (context_handle_is_null(wire)) {
			context_free(context);
			contexts->handles[i] = NULL;
			continue;
		}
		if (context == NULL) {
			context = open_context(contexts->fresh[i], association,
			    group);
			contexts->fresh[i] = NULL;
		}
		memcpy(context->wire, wire.data, sizeof context->wire);
		contexts->handles[i] = context;
	}
	return BECKET_S_OK;
}

void
client_contexts_fini(struct client_contexts *contexts)
{
	const struct becket_operation *operation = contexts->operation;

	if (contexts->memory == NULL)
		return;
	for (size_t i = 0;
	     contexts->fresh != NULL && i < operation->context_count; i++)
		context_free(contexts->fresh[i]);
	memory_free(contexts->memory, contexts->fresh,
	    operation->context_count * sizeof *contexts->fresh);
	memory_free(contexts->memory, contexts->request,
	    operation->request.size);
}
