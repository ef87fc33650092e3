/* SPDX-License-Identifier: MIT */
#include "io/client_context.h"

#include <string.h>

#include "base/allocate.h"
#include "io/async_call.h"
#include "io/error.h"
#include "payload/protobuf_c.h"

static void
context_unref(struct client_context *context)
{
	const struct becket_memory *memory;

	if (context == NULL || atomic_fetch_sub(&context->references, 1) > 1)
		return;
	memory = &context->binding->runtime->memory;
	if (context->association != NULL)
		client_association_unpin(context->association);
	becket_binding_free(&context->binding);
	memory_free(memory, context, sizeof *context);
}

static struct client_context *
context_ref(struct client_context *context)
{
	atomic_fetch_add(&context->references, 1);
	return context;
}

void
becket_context_destroy(void *handle)
{
	struct client_context *context = handle;

	if (context == NULL)
		return;
	pool_lock(context->association->pool);
	context->is_closed = true;
	pool_unlock(context->association->pool);
	context_unref(context);
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

bool
client_contexts_come_out(const struct becket_operation *operation)
{
	for (size_t i = 0; i < operation->context_count; i++) {
		if (comes_out(&operation->contexts[i]))
			return true;
	}
	return false;
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

/* Which of them says where the call goes? */
static becket_status
judge(struct client_contexts *contexts, void *const *handles,
    const char **ret_why)
{
	const struct becket_operation *operation = contexts->operation;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *row =
		    &operation->contexts[i];
		struct client_context *context = handles[i];

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

static becket_status
refuse(const struct client_contexts *contexts, becket_status status,
    const char *why)
{
	const struct error_place place = {
		.interface = contexts->interface->name,
		.operation = contexts->operation->name,
	};

	return error_set_call(status, BECKET_NOT_SENT, &place, why, NULL, 0);
}

static struct client_context *
context_new(const struct client_contexts *contexts, uint16_t type,
    struct becket_binding *binding)
{
	struct client_context *context =
	    memory_new(contexts->memory, sizeof *context);

	if (context == NULL)
		return NULL;
	atomic_init(&context->references, 1);
	context->interface = contexts->interface;
	context->type = type;
	if (becket_binding_copy(binding, &context->binding) == BECKET_S_OK)
		return context;
	memory_free(contexts->memory, context, sizeof *context);
	return NULL;
}

/* Its bytes may be changed by another call that is done before. */
static void
give(struct client_context_row *row, struct client_context *context)
{
	row->given = context_ref(context);
	pool_lock(context->association->pool);
	memcpy(row->wire, context->wire, sizeof row->wire);
	pool_unlock(context->association->pool);
}

/* What may come out is made now, so that what the server opens is never lost
 * for want of memory.
 */
static becket_status
make_rows(struct client_contexts *contexts, void *const *handles,
    struct becket_binding *binding)
{
	const struct becket_operation *operation = contexts->operation;

	contexts->rows = memory_new(contexts->memory,
	    operation->context_count * sizeof *contexts->rows);
	if (contexts->rows == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *parameter =
		    &operation->contexts[i];
		struct client_context_row *row = &contexts->rows[i];

		if (goes_in(parameter) && handles[i] != NULL) {
			give(row, handles[i]);
			continue;
		}
		if (!comes_out(parameter))
			continue;
		row->fresh = context_new(contexts, parameter->type, binding);
		if (row->fresh == NULL)
			return BECKET_S_OUT_OF_MEMORY;
	}
	return BECKET_S_OK;
}

static void
name_all(const struct client_contexts *contexts)
{
	const struct becket_operation *operation = contexts->operation;

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct client_context_row *row = &contexts->rows[i];
		struct becket_bytes wire = { 0 };

		if (!goes_in(&operation->contexts[i]))
			continue;
		if (row->given != NULL)
			wire = (struct becket_bytes){ row->wire,
				sizeof row->wire };
		protobuf_c_set_bytes(contexts->request,
		    operation->contexts[i].request, wire);
	}
}

static becket_status
copy_request(struct client_contexts *contexts, const void *request)
{
	size_t size = contexts->operation->request.size;

	if (request == NULL)
		return BECKET_S_OK;
	contexts->request = memory_new(contexts->memory, size);
	if (contexts->request == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	memcpy(contexts->request, request, size);
	name_all(contexts);
	return BECKET_S_OK;
}

becket_status
client_contexts_begin(struct client_contexts *contexts, void *const *handles,
    struct becket_binding **binding, const struct invoke *invoke,
    const void *request, client_contexts_check *check)
{
	const char *why = NULL;
	becket_status status;

	contexts->interface = invoke->interface;
	contexts->operation = &invoke->interface->operations[invoke->opnum];
	status = judge(contexts, handles, &why);
	if (status != BECKET_S_OK)
		return refuse(contexts, status, why);
	if (*binding == NULL && contexts->used != NULL)
		*binding = contexts->used->binding;
	status = check(*binding, invoke, true);
	if (status != BECKET_S_OK)
		return status;
	contexts->memory = &(*binding)->runtime->memory;
	status = make_rows(contexts, handles, *binding);
	if (status == BECKET_S_OK)
		status = copy_request(contexts, request);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	client_contexts_fini(contexts);
	return async_call_fail_start(*binding, invoke, status, NULL);
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
open_context(struct client_context_row *row, struct becket_bytes wire,
    struct client_association *association, uint32_t group)
{
	struct client_context *context = row->fresh;

	row->fresh = NULL;
	client_association_pin(association);
	context->association = association;
	context->group = group;
	memcpy(context->wire, wire.data, sizeof context->wire);
	return context;
}

/* NULL: it is closed, by this call or by now. */
static struct client_context *
change_context(struct client_context *context, struct becket_bytes wire)
{
	struct pool *pool = context->association->pool;
	bool is_null = context_handle_is_null(wire);
	bool was_closed;

	pool_lock(pool);
	was_closed = context->is_closed;
	if (is_null)
		context->is_closed = true;
	else
		memcpy(context->wire, wire.data, sizeof context->wire);
	pool_unlock(pool);
	if (is_null && !was_closed)
		context_unref(context); /* the holder's */
	return is_null || was_closed ? NULL : context;
}

becket_status
client_contexts_take(struct client_contexts *contexts, void **handles,
    const void *response, struct client_association *association,
    uint32_t group)
{
	const struct becket_operation *operation = contexts->operation;

	if (!is_well_formed(contexts, response))
		return BECKET_X_BAD_STUB_DATA;
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct becket_context_parameter *parameter =
		    &operation->contexts[i];
		struct client_context_row *row = &contexts->rows[i];
		struct becket_bytes wire;

		if (!comes_out(parameter))
			continue;
		wire = protobuf_c_get_bytes(response, parameter->response);
		if (row->given != NULL)
			handles[i] = change_context(row->given, wire);
		else if (context_handle_is_null(wire))
			handles[i] = NULL;
		else
			handles[i] =
			    open_context(row, wire, association, group);
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
	     contexts->rows != NULL && i < operation->context_count; i++) {
		context_unref(contexts->rows[i].given);
		context_unref(contexts->rows[i].fresh);
	}
	memory_free(contexts->memory, contexts->rows,
	    operation->context_count * sizeof *contexts->rows);
	memory_free(contexts->memory, contexts->request,
	    operation->request.size);
	contexts->memory = NULL;
}
