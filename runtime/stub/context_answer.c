/* SPDX-License-Identifier: MIT */
#include "stub/context_call.h"

#include <string.h>

#include "base/allocate.h"
#include "payload/protobuf_c.h"

/* -------------------------------------------------------------- answer -- */

static void
name_context(struct context *context,
    const uint8_t random[CONTEXT_HANDLE_UUID_SIZE])
{
	uint8_t *uuid = context->wire + CONTEXT_HANDLE_UUID;
	uint32_t index = context->id.index, more;

	memcpy(uuid, random, CONTEXT_HANDLE_UUID_SIZE);
	memcpy(&more, uuid + sizeof index, sizeof more);
	index ^= more;
	memcpy(uuid, &index, sizeof index);
}

/* With the lock held. It is the call's, too, until contexts_finish(). */
static becket_status
add_context(struct becket_call *call, struct context *context)
{
	struct contexts *contexts = contexts_of(call);
	struct context_group *group = call->contexts.group;

	if (atomic_load(&call->type->is_leaving))
		return BECKET_S_UNKNOWN_IF;
	if (group->count >= call->host->limits->contexts_per_association)
		return BECKET_S_OUT_OF_RESOURCES;
	context->id = idmap_add(&contexts->table, context);
	if (context->id.generation == 0)
		return BECKET_S_OUT_OF_RESOURCES;
	context->group = group;
	group->count++;
	list_append(&group->contexts, &context->node);
	return BECKET_S_OK;
}

static struct context *
make_context(const struct becket_call *call, size_t row, void *user)
{
	struct context *context =
	    memory_new(call->host->memory, sizeof *context);
	const struct becket_peer *peer = &call->peer->view;

	if (context == NULL)
		return NULL;
	*context = (struct context){
		.kind = parameter_of(call, row)->type,
		.has_credentials = peer->has_credentials,
		.uid = peer->uid,
		.gid = peer->gid,
		.user = user,
		.references = 1,
	};
	list_init(&context->node);
	list_init(&context->waiting);
	return context;
}

static becket_status
open_context(struct becket_call *call, size_t row, void *user)
{
	struct contexts *contexts = contexts_of(call);
	uint8_t random[CONTEXT_HANDLE_UUID_SIZE];
	struct context *context = make_context(call, row, user);
	becket_status status;

	if (context == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = call->host->entropy(random, sizeof random);
	pthread_mutex_lock(&contexts->lock);
	if (status == BECKET_S_OK)
		status = add_context(call, context);
	if (status == BECKET_S_OK) {
		name_context(context, random);
		context->type = manager_hold(call->type);
		/* The routine's thread may write what else is in the row. */
		call->contexts.rows[row].context = context;
		call->contexts.rows[row].is_new = true;
	}
	pthread_mutex_unlock(&contexts->lock);
	if (status != BECKET_S_OK)
		memory_free(call->host->memory, context, sizeof *context);
	return status;
}

/* With the lock held: what it has closed is closed, whatever becomes of the
 * reply.
 */
static void
change_context(struct becket_call *call, struct context *context, void *user)
{
	if (user == NULL)
		context_remove(contexts_of(call), context, false);
	else
		context->user = user;
}

static void *
result_of(const struct becket_call *call, void *const *results, size_t row)
{
	return results == NULL ? call->contexts.rows[row].returned
	                       : results[row];
}

static bool
comes_out(const struct becket_call *call, size_t row)
{
	return parameter_of(call, row)->response != BECKET_CONTEXT_NOWHERE;
}

static void
change_all(struct becket_call *call, void *const *results)
{
	struct contexts *contexts = contexts_of(call);

	pthread_mutex_lock(&contexts->lock);
	for (size_t i = 0; i < count_of(call); i++) {
		struct context *context = call->contexts.rows[i].context;

		if (comes_out(call, i) && context != NULL)
			change_context(call, context,
			    result_of(call, results, i));
	}
	pthread_mutex_unlock(&contexts->lock);
}

/* What could not be opened is run down here, for there is no context of it. */
static becket_status
open_all(struct becket_call *call, void *const *results)
{
	const struct manager_type *type = call->type;
	becket_status status = BECKET_S_OK;

	for (size_t i = 0; i < count_of(call); i++) {
		void *user = result_of(call, results, i);

		if (!comes_out(call, i) || user == NULL ||
		    call->contexts.rows[i].context != NULL)
			continue;
		if (status == BECKET_S_OK)
			status = open_context(call, i, user);
		if (status != BECKET_S_OK)
			type->routines
			    ->rundowns[parameter_of(call, i)->type](type->epv,
			        user);
	}
	return status;
}

/* The bytes stay good until the call has left and finished. */
static void *
name_all(struct becket_call *call, const void *response)
{
	size_t size = becket_call_operation(call)->response.size;
	void *copy = memory_new(call->host->memory, size);

	if (copy == NULL)
		return NULL;
	memcpy(copy, response, size);
	pthread_mutex_lock(&contexts_of(call)->lock);
	for (size_t i = 0; i < count_of(call); i++) {
		struct context *context = call->contexts.rows[i].context;
		struct becket_bytes wire = { 0 };

		if (context != NULL && !context->is_gone)
			wire = (struct becket_bytes){ context->wire,
				sizeof context->wire };
		if (comes_out(call, i))
			protobuf_c_set_bytes(copy,
			    parameter_of(call, i)->response, wire);
	}
	pthread_mutex_unlock(&contexts_of(call)->lock);
	return copy;
}

becket_status
contexts_answer(struct becket_call *call, void *const *results,
    const void *response, void **ret_response)
{
	becket_status status;
	void *copy;

	change_all(call, results);
	status = open_all(call, results);
	if (status != BECKET_S_OK)
		return status;
	copy = name_all(call, response);
	if (copy == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*ret_response = copy;
	return BECKET_S_OK;
}

/* -------------------------------------------------------------- finish -- */

void
contexts_note_new(const struct becket_call *call, struct buffer *ids)
{
	for (size_t i = 0; call->contexts.rows != NULL && i < count_of(call);
	     i++) {
		const struct call_context *row = &call->contexts.rows[i];

		if (row->is_new)
			(void)!buffer_append(ids, &row->context->id,
			    sizeof row->context->id);
	}
}

/* With the lock held. */
static void
finish_rows(struct becket_call *call, bool is_delivered,
    struct context_chores *chores)
{
	for (size_t i = 0; i < count_of(call); i++) {
		struct call_context *row = &call->contexts.rows[i];

		if (row->context == NULL)
			continue;
		if (row->is_new && !is_delivered)
			context_remove(contexts_of(call), row->context, true);
		context_drop(row->context, chores);
		row->context = NULL;
	}
}

void
contexts_finish(struct becket_call *call, bool is_delivered)
{
	struct contexts *contexts = contexts_of(call);
	struct context_chores chores;

	if (call->contexts.group == NULL)
		return;
	contexts_leave(call);
	(void)contexts_unpark(call);
	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	if (call->contexts.rows != NULL)
		finish_rows(call, is_delivered, &chores);
	context_group_release(contexts, call->contexts.group, &chores);
	call->contexts.group = NULL;
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
}

/* ------------------------------------------- for the ways into an EPV -- */

void *
becket_call_context(const struct becket_call *call, uint16_t index)
{
	return call->contexts.rows == NULL || index >= count_of(call)
	           ? NULL
	           : call->contexts.rows[index].given;
}

void
becket_call_set_context(struct becket_call *call, uint16_t index, void *context)
{
	if (call->contexts.rows != NULL && index < count_of(call))
		call->contexts.rows[index].returned = context;
}
