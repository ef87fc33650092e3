/* SPDX-License-Identifier: MIT */
#include "stub/context.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "stub/call.h"
#include "stub/manager.h"

static struct context *
context_of(struct list *node)
{
	return container_of(node, struct context, node);
}

static struct list *
bucket_of(struct contexts *contexts, uint32_t association)
{
	/* The low half counts the associations. */
	return &contexts->groups[association % CONTEXT_BUCKETS];
}

void
contexts_init(struct contexts *contexts, struct call_host *host, uint32_t limit)
{
	contexts->host = host;
	contexts->table = idmap_empty(host->memory, limit);
	for (size_t i = 0; i < CONTEXT_BUCKETS; i++)
		list_init(&contexts->groups[i]);
	pthread_mutex_init(&contexts->lock, NULL);
}

/* -------------------------------------------------------------- chores -- */

void
context_chores_init(struct context_chores *chores)
{
	list_init(&chores->dead);
	list_init(&chores->calls);
}

static void
bury(struct contexts *contexts, struct context *context)
{
	struct manager_type *type = context->type;

	if (context->is_doomed)
		type->routines->rundowns[context->kind](type->epv,
		    context->user);
	managers_release(contexts->host->managers, type);
	memory_free(contexts->host->memory, context, sizeof *context);
}

void
context_chores_do(struct contexts *contexts, struct context_chores *chores)
{
	list_for_each (node, &chores->calls) {
		struct becket_call *call =
		    container_of(node, struct becket_call, node);

		list_remove(node);
		if (!call->host->resume(call->host, call))
			becket_call_free(call);
	}
	list_for_each (node, &chores->dead) {
		list_remove(node);
		bury(contexts, context_of(node));
	}
}

/* ------------------------------------------------------------ contexts -- */

void
context_remove(struct contexts *contexts, struct context *context,
    bool is_doomed)
{
	if (context->is_gone) {
		/* Doomed while its writer was at work, who closes it. */
		context->is_doomed = context->is_doomed && is_doomed;
		return;
	}
	idmap_remove(&contexts->table, context->id);
	list_remove(&context->node);
	context->group->count--;
	context->is_gone = true;
	context->is_doomed = is_doomed;
}

static void
bury_if_unknown(struct context *context, struct context_chores *chores)
{
	if (context->is_gone && context->references == 0)
		list_append(&chores->dead, &context->node);
}

void
context_drop(struct context *context, struct context_chores *chores)
{
	TRAP_UNLESS(context->references > 0);
	context->references--;
	bury_if_unknown(context, chores);
}

/* -------------------------------------------------------------- groups -- */

static struct context_group *
find_group(struct contexts *contexts, uint32_t association)
{
	list_for_each (node, bucket_of(contexts, association)) {
		struct context_group *group =
		    container_of(node, struct context_group, node);

		if (group->association == association)
			return group;
	}
	return NULL;
}

struct context_group *
context_group_hold(struct contexts *contexts, uint32_t association)
{
	struct context_group *group = find_group(contexts, association);

	if (group == NULL) {
		group = memory_new(contexts->host->memory, sizeof *group);
		if (group == NULL)
			return NULL;
		group->association = association;
		list_init(&group->contexts);
		list_append(bucket_of(contexts, association), &group->node);
	}
	group->holders++;
	return group;
}

/* Nobody holds it: it goes if it has ended, with all contexts, and if it has
 * none.
 */
static void
settle_group(struct contexts *contexts, struct context_group *group,
    struct context_chores *chores)
{
	if (group->holders > 0 || (!group->has_ended && group->count > 0))
		return;
	list_for_each (node, &group->contexts) {
		struct context *context = context_of(node);

		context_remove(contexts, context, true);
		bury_if_unknown(context, chores);
	}
	list_remove(&group->node);
	memory_free(contexts->host->memory, group, sizeof *group);
}

void
context_group_release(struct contexts *contexts, struct context_group *group,
    struct context_chores *chores)
{
	TRAP_UNLESS(group->holders > 0);
	group->holders--;
	settle_group(contexts, group, chores);
}

/* From here on a new association may have its number. */
static void
end_group(struct contexts *contexts, struct context_group *group,
    struct context_chores *chores)
{
	list_remove(&group->node);
	group->has_ended = true;
	settle_group(contexts, group, chores);
}

void
contexts_end(struct contexts *contexts, uint32_t association)
{
	struct context_chores chores;
	struct context_group *group;

	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	group = find_group(contexts, association);
	if (group != NULL)
		end_group(contexts, group, &chores);
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
}

void
contexts_fini(struct contexts *contexts)
{
	struct context_chores chores;

	context_chores_init(&chores);
	for (size_t i = 0; i < CONTEXT_BUCKETS; i++)
		list_for_each (node, &contexts->groups[i])
			end_group(contexts,
			    container_of(node, struct context_group, node),
			    &chores);
	context_chores_do(contexts, &chores);
	TRAP_UNLESS(contexts->table.used == 0);
	idmap_fini(&contexts->table);
	pthread_mutex_destroy(&contexts->lock);
}

/* With the lock held. */
static void
doom(struct contexts *contexts, struct context *context,
    struct context_chores *chores)
{
	struct context_group *group = context->group;

	context_remove(contexts, context, true);
	context_advance(context, chores);
	bury_if_unknown(context, chores);
	settle_group(contexts, group, chores);
}

void
contexts_lose(struct contexts *contexts, const struct buffer *ids)
{
	struct context_chores chores;

	if (ids->size == 0)
		return;
	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	for (size_t at = 0; at < ids->size; at += sizeof(struct idmap_id)) {
		struct context *context;
		struct idmap_id id;

		memcpy(&id, ids->data + at, sizeof id);
		context = idmap_get(&contexts->table, id);
		if (context != NULL)
			doom(contexts, context, &chores);
	}
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
}

/* ------------------------------------------------------- all contexts -- */

void
contexts_sweep(struct contexts *contexts)
{
	struct context_chores chores;

	context_chores_init(&chores);
	pthread_mutex_lock(&contexts->lock);
	for (uint32_t i = 0; i < contexts->table.capacity; i++) {
		struct context *context = idmap_at(&contexts->table, i);

		if (context != NULL && atomic_load(&context->type->is_leaving))
			doom(contexts, context, &chores);
	}
	pthread_mutex_unlock(&contexts->lock);
	context_chores_do(contexts, &chores);
}

uint32_t
contexts_count(struct contexts *contexts,
    const struct becket_interface *interface, const char *type)
{
	uint32_t count = 0;

	pthread_mutex_lock(&contexts->lock);
	for (uint32_t i = 0; i < contexts->table.capacity; i++) {
		const struct context *context = idmap_at(&contexts->table, i);
		const struct becket_interface *its;

		if (context == NULL)
			continue;
		its = context->type->interface;
		if ((interface == NULL || its == interface) &&
		    (type == NULL ||
		        strcmp(its->context_types[context->kind], type) == 0))
			count++;
	}
	pthread_mutex_unlock(&contexts->lock);
	return count;
}
