/* SPDX-License-Identifier: MIT */
#include "io/pool.h"

#include "base/allocate.h"
#include "io/client_association.h"
#include "io/client_conn.h"
#include "io/clock.h"

becket_status
pool_new(struct becket_runtime *runtime, struct pool **ret_pool)
{
	struct pool *pool = memory_new(&runtime->memory, sizeof *pool);

	if (pool == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	pool->runtime = runtime;
	list_init(&pool->associations);
	list_init(&pool->idle);
	if (pthread_mutex_init(&pool->lock, NULL) != 0) {
		memory_free(&runtime->memory, pool, sizeof *pool);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*ret_pool = pool;
	return BECKET_S_OK;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	list_for_each (node, &pool->associations)
		client_association_free(
		    container_of(node, struct client_association, node));
	pthread_mutex_destroy(&pool->lock);
	memory_free(&pool->runtime->memory, pool, sizeof *pool);
}

void
pool_lock(struct pool *pool)
{
	if (!runtime_is_stale(pool->runtime))
		pthread_mutex_lock(&pool->lock);
}

void
pool_unlock(struct pool *pool)
{
	if (!runtime_is_stale(pool->runtime))
		pthread_mutex_unlock(&pool->lock);
}

void
pool_take_idle(struct pool *pool, struct client_conn *conn)
{
	list_remove(&conn->node);
	list_remove(&conn->recency);
	pool->idle_count--;
}

static void
close_idle(struct pool *pool, struct client_conn *conn)
{
	struct client_association *association = conn->owner;

	pool_take_idle(pool, conn);
	client_association_drop(association, conn);
	client_association_settle(association);
}

void
pool_clean(struct pool *pool, uint64_t now)
{
	const struct becket_limits *limits = &pool->runtime->limits;
	uint64_t linger = clock_from_ms(limits->linger_ms);

	list_for_each (node, &pool->idle) {
		struct client_conn *conn =
		    container_of(node, struct client_conn, recency);

		if (pool->idle_count <= limits->idle_connections &&
		    now < conn->idle_since + linger)
			return;
		if (!client_association_is_needed(conn->owner))
			close_idle(pool, conn);
	}
}

void
pool_put_idle(struct pool *pool, struct client_conn *conn)
{
	list_append(&conn->owner->idle, &conn->node);
	list_append(&pool->idle, &conn->recency);
	pool->idle_count++;
	client_association_changed(conn->owner);
	pool_clean(pool, conn->idle_since);
}
