/* SPDX-License-Identifier: MIT */
#include "stub/context_call.h"

#include <string.h>

#include "payload/protobuf_c.h"

static bool
is_shared(const struct becket_call *call)
{
	return becket_call_operation(call)->flags & BECKET_OPERATION_SHARED;
}

becket_status
contexts_hold(struct becket_call *call)
{
	struct contexts *contexts = contexts_of(call);

	if (count_of(call) == 0)
		return BECKET_S_OK;
	/* Without a group of the client's own nothing could run it down. */
	if (call->begun.association == 0)
		return hold_join(call);
	pthread_mutex_lock(&contexts->lock);
	call->contexts.group =
	    context_group_hold(contexts, call->begun.association);
	pthread_mutex_unlock(&contexts->lock);
	return call->contexts.group == NULL ? BECKET_S_OUT_OF_MEMORY
	                                    : BECKET_S_OK;
}

/* -------------------------------------------------------------- let in -- */

static bool
has_room(const struct context *context, bool is_shared)
{
	return !context->has_writer && (is_shared || context->readers == 0);
}

/* The first context that keeps the call waiting, or NULL. Who is new waits
 * behind those who wait already.
 */
static struct context *
find_obstacle(const struct becket_call *call, bool is_new)
{
	for (size_t i = 0; i < count_of(call); i++) {
		struct context *context = call->contexts.rows[i].context;

		if (context == NULL)
			continue;
		if (!has_room(context, is_shared(call)) ||
		    (is_new && !list_is_empty(&context->waiting)))
			return context;
	}
	return NULL;
}

static becket_status
go_in(struct becket_call *call)
{
	for (size_t i = 0; i < count_of(call); i++) {
		struct call_context *row = &call->contexts.rows[i];

		if (row->context == NULL)
			continue;
		if (is_shared(call))
			row->context->readers++;
		else
			row->context->has_writer = true;
		row->given = row->returned = row->context->user;
	}
	call->contexts.is_inside = true;
	return BECKET_S_OK;
}

/* What it waited for, or also wants, may have gone meanwhile. */
static bool
has_lost_one(const struct becket_call *call)
{
	for (size_t i = 0; i < count_of(call); i++) {
		const struct context *context = call->contexts.rows[i].context;

		if (context != NULL && context->is_gone)
			return true;
	}
	return false;
}

/* With the lock held. All of its contexts or none, so that two calls never
 * wait for each other. S_ASYNC_CALL_PENDING: it waits.
 */
static becket_status
try_to_go_in(struct becket_call *call, bool is_new)
{
	struct context *obstacle;

	list_remove(&call->node);
	call->contexts.line = NULL;
	if (has_lost_one(call))
		return BECKET_X_SS_CONTEXT_MISMATCH;
	obstacle = find_obstacle(call, is_new);
	if (obstacle == NULL)
		return go_in(call);
	call->contexts.line = obstacle;
	list_append(&obstacle->waiting, &call->node);
	return BECKET_S_ASYNC_CALL_PENDING;
}

void
context_advance(struct context *context, struct context_chores *chores)
{
	while (!list_is_empty(&context->waiting)) {
		struct becket_call *call = container_of(context->waiting.next,
		    struct becket_call, node);

		/* It is first in line, and stays so. */
		if (!context->is_gone && !has_room(context, is_shared(call)))
			return;
		call->contexts.verdict = try_to_go_in(call, false);
		if (call->contexts.verdict != BECKET_S_ASYNC_CALL_PENDING)
			list_append(&chores->calls, &call->node);
	}
}

/* --------------------------------------------------------------- enter -- */

/* The first four bytes of the UUID say where in the table it stands, once the
 * next four are taken off them. The last twelve are what nobody can guess.
 */
static uint32_t
index_of(const uint8_t *wire)
{
	uint32_t index, random;

	memcpy(&index, wire + CONTEXT_HANDLE_UUID, sizeof index);
	memcpy(&random, wire + CONTEXT_HANDLE_UUID + sizeof index,
	    sizeof random);
	return index ^ random;
}

/* Where a handle is good for nothing, it is as good as none. */
static bool
is_good_for(const struct context *context, const struct becket_call *call,
    const struct becket_context_parameter *parameter)
{
	const struct becket_peer *peer = &call->peer->view;

	return context->group == call->contexts.group &&
	       context->type == call->type &&
	       context->kind == parameter->type &&
	       context->has_credentials == peer->has_credentials &&
	       (!peer->has_credentials ||
	           (context->uid == peer->uid && context->gid == peer->gid));
}

/* With the lock held, as the next two. */
static becket_status
find_context(struct becket_call *call, size_t row, struct becket_bytes wire)
{
	struct contexts *contexts = contexts_of(call);
	struct context *context;

	context = idmap_at(&contexts->table, index_of(wire.data));
	if (context == NULL ||
	    !context_handle_equal(context->wire, wire.data) ||
	    !is_good_for(context, call, parameter_of(call, row)))
		return BECKET_X_SS_CONTEXT_MISMATCH;
	context->references++;
	call->contexts.rows[row].context = context;
	return BECKET_S_OK;
}

static becket_status
find_row(struct becket_call *call, size_t row, const void *request)
{
	const struct becket_context_parameter *parameter =
	    parameter_of(call, row);
	struct becket_bytes wire = { 0 };

	if (parameter->request != BECKET_CONTEXT_NOWHERE)
		wire = protobuf_c_get_bytes(request, parameter->request);
	if (!context_handle_has_size(wire))
		return BECKET_X_BAD_STUB_DATA;
	if (!context_handle_is_null(wire))
		return find_context(call, row, wire);
	if (parameter->response == BECKET_CONTEXT_NOWHERE)
		return BECKET_X_SS_IN_NULL_CONTEXT;
	if (call->contexts.group->count >=
	    call->host->limits->contexts_per_association)
		return BECKET_S_OUT_OF_RESOURCES;
	return BECKET_S_OK;
}

static void
drop_rows(struct becket_call *call, struct context_chores *chores)
{
	for (size_t i = 0; i < count_of(call); i++) {
		struct call_context *row = &call->contexts.rows[i];

		if (row->context == NULL || row->is_new)
			continue;
		context_drop(row->context, chores);
		row->context = NULL;
	}
}

static becket_status
find_all(struct becket_call *call, const void *request,
    struct context_chores *chores)
{
	becket_status status = BECKET_S_OK;

	for (size_t i = 0; status == BECKET_S_OK && i < count_of(call); i++)
		status = find_row(call, i, request);
	if (status != BECKET_S_OK)
		drop_rows(call, chores);
	return status;
}

becket_status
contexts_enter(struct becket_call *call, const void *request)
{
	struct contexts *contexts = contexts_of(call);
	size_t size = count_of(call) * sizeof *call->contexts.rows;
	struct context_chores chores;
	becket_status status;

	if (size == 0)
		return BECKET_S_OK;
	call->contexts.rows = arena_alloc(&call->arena, size);
	if (call->contexts.rows == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	memset(call->contexts.rows, 0, size);
	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	status = find_all(call, request, &chores);
	if (status == BECKET_S_OK)
		status = try_to_go_in(call, true);
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
	return status;
}

bool
contexts_unpark(struct becket_call *call)
{
	struct contexts *contexts = contexts_of(call);
	struct context_chores chores;
	struct context *line;

	if (count_of(call) == 0)
		return false;
	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	line = call->contexts.line;
	if (line != NULL) {
		call->contexts.line = NULL;
		list_remove(&call->node);
		context_advance(line, &chores);
		drop_rows(call, &chores);
	}
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
	return line != NULL;
}

/* --------------------------------------------------------------- leave -- */

static void
let_out(struct becket_call *call, struct context_chores *chores)
{
	call->contexts.is_inside = false;
	for (size_t i = 0; i < count_of(call); i++) {
		struct call_context *row = &call->contexts.rows[i];

		if (row->context == NULL || row->is_new)
			continue;
		if (is_shared(call))
			row->context->readers--;
		else
			row->context->has_writer = false;
		context_advance(row->context, chores);
	}
	drop_rows(call, chores);
}

void
contexts_let_out(struct becket_call *call, struct context_chores *chores)
{
	struct contexts *contexts = contexts_of(call);

	context_chores_init(chores);
	if (!call->contexts.is_inside)
		return;
	pthread_mutex_lock(&contexts->lock);
	let_out(call, chores);
	pthread_mutex_unlock(&contexts->lock);
}

void
contexts_leave(struct becket_call *call)
{
	struct context_chores chores;

	contexts_let_out(call, &chores);
	context_chores_do(contexts_of(call), &chores);
}
