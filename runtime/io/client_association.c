/* SPDX-License-Identifier: MIT */
#include "io/client_association.h"

#include <string.h>
#include <time.h>

#include "base/allocate.h"
#include "io/client_conn.h"
#include "io/client_hold.h"
#include "io/clock.h"
#include "io/hub.h"

static bool
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	bool is_done;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	is_done =
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(condition, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	return is_done;
}

static struct client_association *
association_new(struct pool *pool, const struct protseq *protseq,
    const char *host, const char *endpoint)
{
	struct becket_runtime *runtime = pool->runtime;
	struct client_association *new =
	    memory_new(&runtime->memory, sizeof *new);

	if (new == NULL)
		return NULL;
	*new = (struct client_association){
		.pool = pool,
		.protseq = protseq,
		.host = runtime_copy_text(runtime, host),
		.endpoint = runtime_copy_text(runtime, endpoint),
		.references = 1,
	};
	list_init(&new->node);
	list_init(&new->idle);
	if (new->host != NULL &&new->endpoint != NULL &&
	    init_condition(&new->changed))
		return new;
	runtime_free_text(runtime, new->host);
	runtime_free_text(runtime, new->endpoint);
	memory_free(&runtime->memory, new, sizeof *new);
	return NULL;
}

void
client_association_free(struct client_association *association)
{
	struct becket_runtime *runtime = association->pool->runtime;

	list_remove(&association->node);
	client_association_drop_idle(association);
	client_hold_free(association->hold);
	pthread_cond_destroy(&association->changed);
	runtime_free_text(runtime, association->host);
	runtime_free_text(runtime, association->endpoint);
	memory_free(&runtime->memory, association, sizeof *association);
}

static struct client_association *
find(struct pool *pool, const struct protseq *protseq, const char *host,
    const char *endpoint)
{
	list_for_each (node, &pool->associations) {
		struct client_association *old =
		    container_of(node, struct client_association, node);

		if (old->protseq == protseq && strcmp(old->host, host) == 0 &&
		    strcmp(old->endpoint, endpoint) == 0)
			return old;
	}
	return NULL;
}

becket_status
client_association_get(struct pool *pool, const struct protseq *protseq,
    const char *host, const char *endpoint, bool is_private,
    struct client_association **ret_association)
{
	struct client_association *association = NULL;

	pool_lock(pool);
	if (!is_private)
		association = find(pool, protseq, host, endpoint);
	if (association != NULL) {
		association->references++;
	} else {
		association = association_new(pool, protseq, host, endpoint);
		if (association != NULL && !is_private)
			list_append(&pool->associations, &association->node);
	}
	pool_unlock(pool);
	if (association == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*ret_association = association;
	return BECKET_S_OK;
}

struct client_association *
client_association_ref(struct client_association *association)
{
	pool_lock(association->pool);
	association->references++;
	pool_unlock(association->pool);
	return association;
}

void
client_association_settle(struct client_association *association)
{
	if (association->references > 0)
		return;
	if (list_is_empty(&association->node) || association->does_not_linger)
		client_association_drop_idle(association);
	if (list_is_empty(&association->idle))
		client_association_free(association);
}

static void
unref(struct client_association *association)
{
	association->references--;
	client_association_settle(association);
}

void
client_association_unref(struct client_association *association)
{
	struct pool *pool;

	if (association == NULL)
		return;
	pool = association->pool;
	pool_lock(pool);
	unref(association);
	pool_unlock(pool);
}

struct connect_target
client_association_target(const struct client_association *association)
{
	return (struct connect_target){
		.protseq = association->protseq,
		.host = association->host,
		.endpoint = association->endpoint,
	};
}

void
client_association_unlist(struct client_association *association)
{
	pool_lock(association->pool);
	list_remove(&association->node);
	pool_unlock(association->pool);
}

void
client_association_pin(struct client_association *association)
{
	pool_lock(association->pool);
	association->references++;
	association->pins++;
	pool_unlock(association->pool);
}

void
client_association_unpin(struct client_association *association)
{
	struct pool *pool = association->pool;

	pool_lock(pool);
	association->pins--;
	unref(association);
	pool_unlock(pool);
}

void
client_association_set_linger(struct client_association *association,
    bool lingers)
{
	pool_lock(association->pool);
	association->does_not_linger = !lingers;
	pool_unlock(association->pool);
}

bool
client_association_lingers(struct client_association *association)
{
	bool lingers;

	pool_lock(association->pool);
	lingers = !association->does_not_linger;
	pool_unlock(association->pool);
	return lingers;
}

uint32_t
client_association_group(struct client_association *association)
{
	uint32_t group;

	pool_lock(association->pool);
	group = association->id;
	pool_unlock(association->pool);
	return group;
}

bool
client_association_is_needed(const struct client_association *association)
{
	return association->pins > 0 &&
	       association->connections - association->alone == 1;
}

void
client_association_changed(struct client_association *association)
{
	association->changes++;
	if (association->waiting > 0)
		pthread_cond_broadcast(&association->changed);
	if (association->does_hub_wait)
		hub_wake(association->pool->runtime->hub);
	association->does_hub_wait = false;
}

static bool
await_others(struct client_association *association, uint64_t deadline)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000000),
		.tv_nsec = (long)(deadline % 1000000000),
	};
	int error;

	association->waiting++;
	error = pthread_cond_timedwait(&association->changed,
	    &association->pool->lock, &until);
	association->waiting--;
	return error == 0;
}

struct change {
	struct client_association *association;
	uint32_t since;
};

static bool
has_changed(const void *what)
{
	const struct change *change = what;
	struct client_association *association = change->association;
	bool has;

	pool_lock(association->pool);
	has = association->changes != change->since;
	association->does_hub_wait |= !has;
	pool_unlock(association->pool);
	return has;
}

static bool
await_hub(struct client_association *association, uint64_t deadline)
{
	const struct change change = { association, association->changes };
	struct hub *hub = association->pool->runtime->hub;

	pool_unlock(association->pool);
	pthread_mutex_lock(&hub->lock);
	hub_await(hub, NULL, has_changed, &change, deadline);
	pthread_mutex_unlock(&hub->lock);
	pool_lock(association->pool);
	return clock_now() < deadline;
}

bool
client_association_await(struct client_association *association,
    uint64_t deadline)
{
	return association->driven > 0 || association->is_hold_claimed_by_hub
	           ? await_hub(association, deadline)
	           : await_others(association, deadline);
}

/* A group dies with its last connection, at the server too. */
void
client_association_leave(struct client_association *association, uint32_t id)
{
	association->connections--;
	if (id != 0 && id == association->id && --association->members == 0)
		association->id = 0;
	client_association_changed(association);
}

void
client_association_drop(struct client_association *association,
    struct client_conn *conn)
{
	client_association_leave(association, conn->association);
	client_conn_free(conn);
}

void
client_association_drop_idle(struct client_association *association)
{
	list_for_each (node, &association->idle) {
		struct client_conn *conn =
		    container_of(node, struct client_conn, node);

		pool_take_idle(association->pool, conn);
		client_association_drop(association, conn);
	}
}
