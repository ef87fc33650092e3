/* SPDX-License-Identifier: MIT */
#include "io/pool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "io/clock.h"

static bool
init_lock(struct pool *pool)
{
	pthread_condattr_t attributes;
	bool is_done;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	is_done =
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&pool->founded, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	if (is_done && pthread_mutex_init(&pool->lock, NULL) != 0) {
		pthread_cond_destroy(&pool->founded);
		is_done = false;
	}
	return is_done;
}

becket_status
pool_new(struct becket_runtime *runtime, const struct protseq *protseq,
    const char *host, struct pool **ret_pool)
{
	struct pool *pool = memory_new(&runtime->memory, sizeof *pool);

	if (pool == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	pool->runtime = runtime;
	pool->protseq = protseq;
	pool->references = 1;
	list_init(&pool->associations);
	pool->host = runtime_copy_text(runtime, host);
	if (pool->host == NULL || !init_lock(pool)) {
		runtime_free_text(runtime, pool->host);
		memory_free(&runtime->memory, pool, sizeof *pool);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*ret_pool = pool;
	return BECKET_S_OK;
}

struct pool *
pool_ref(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->references++;
	pthread_mutex_unlock(&pool->lock);
	return pool;
}

static void
free_idle(struct client_association *association)
{
	list_for_each (node, &association->idle) {
		list_remove(node);
		client_conn_free(container_of(node, struct client_conn, node));
	}
}

static void
free_association(struct becket_runtime *runtime,
    struct client_association *association)
{
	list_remove(&association->node);
	free_idle(association);
	runtime_free_text(runtime, association->endpoint);
	memory_free(&runtime->memory, association, sizeof *association);
}

static void
pool_free(struct pool *pool)
{
	struct becket_runtime *runtime = pool->runtime;

	list_for_each (node, &pool->associations)
		free_association(runtime,
		    container_of(node, struct client_association, node));
	pthread_cond_destroy(&pool->founded);
	pthread_mutex_destroy(&pool->lock);
	runtime_free_text(runtime, pool->host);
	memory_free(&runtime->memory, pool, sizeof *pool);
}

/* In a forked child, a thread that is not there may hold the lock. */
void
pool_unref(struct pool *pool)
{
	uint32_t left;

	if (pool == NULL)
		return;
	if (runtime_is_stale(pool->runtime)) {
		left = --pool->references;
	} else {
		pthread_mutex_lock(&pool->lock);
		left = --pool->references;
		pthread_mutex_unlock(&pool->lock);
	}
	if (left == 0)
		pool_free(pool);
}

/* With the lock held, as all functions from here to lease_take(). */
static struct client_association *
find_association(struct pool *pool, const char *endpoint)
{
	struct client_association *new;

	list_for_each (node, &pool->associations) {
		struct client_association *old =
		    container_of(node, struct client_association, node);

		if (strcmp(old->endpoint, endpoint) == 0)
			return old;
	}
	new = memory_new(&pool->runtime->memory, sizeof *new);
	if (new == NULL)
		return NULL;
	new->endpoint = runtime_copy_text(pool->runtime, endpoint);
	if (new->endpoint == NULL) {
		memory_free(&pool->runtime->memory, new, sizeof *new);
		return NULL;
	}
	list_init(&new->idle);
	list_append(&pool->associations, &new->node);
	return new;
}

static void
leave(struct client_association *association, uint32_t id)
{
	/* A group dies with its last connection, at the server too. */
	if (id != 0 && id == association->id && --association->members == 0)
		association->id = 0;
}

static void
drop(struct client_association *association, struct client_conn *conn)
{
	leave(association, conn->association);
	client_conn_free(conn);
}

/* The one that was used last: it is warm, and the others may go cold. */
static struct client_conn *
take_idle(struct client_association *association)
{
	while (!list_is_empty(&association->idle)) {
		struct client_conn *conn =
		    container_of(association->idle.previous, struct client_conn,
		        node);

		list_remove(&conn->node);
		if (client_conn_is_alive(conn))
			return conn;
		drop(association, conn);
	}
	return NULL;
}

/* Let go of the lock until a group is founded, or not; false: too late. */
static bool
await_founding(struct pool *pool, uint64_t deadline)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000000),
		.tv_nsec = (long)(deadline % 1000000000),
	};

	return pthread_cond_timedwait(&pool->founded, &pool->lock, &until) == 0;
}

/* Take an idle connection, or the right to make one. */
static becket_status
reserve(struct lease *lease, bool must_be_new, uint64_t deadline,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct client_association *association = lease->association;

	for (;;) {
		if (!must_be_new)
			lease->conn = take_idle(association);
		if (lease->conn != NULL) {
			lease->origin = LEASE_REUSED;
			return BECKET_S_OK;
		}
		if (association->id != 0) {
			association->members++;
			lease->origin = LEASE_JOINED;
			return BECKET_S_OK;
		}
		if (!association->is_being_founded) {
			association->is_being_founded = true;
			lease->origin = LEASE_FOUNDED;
			return BECKET_S_OK;
		}
		if (!await_founding(lease->pool, deadline)) {
			snprintf(ret_why, CONNECT_WHY_SIZE,
			    "no answer yet to the first connection's bind");
			return BECKET_S_SERVER_UNAVAILABLE;
		}
	}
}

static void
end_founding(struct lease *lease)
{
	lease->association->is_being_founded = false;
	pthread_cond_broadcast(&lease->pool->founded);
}

static becket_status
open_conn(struct lease *lease, uint32_t id, uint64_t deadline,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct pool *pool = lease->pool;
	struct connect_target target = {
		.protseq = pool->protseq,
		.host = pool->host,
		.endpoint = lease->association->endpoint,
	};
	int fd;
	becket_status status =
	    connect_to(pool->runtime, &target, deadline, &fd, ret_why);

	if (status == BECKET_S_OK)
		status = client_conn_new(pool->runtime, fd, id, &lease->conn);
	return status;
}

/* What reserve() has allowed, without the lock. */
static becket_status
lease_open(struct lease *lease, uint32_t id, uint64_t deadline,
    char ret_why[CONNECT_WHY_SIZE])
{
	becket_status status = open_conn(lease, id, deadline, ret_why);

	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	pthread_mutex_lock(&lease->pool->lock);
	if (lease->origin == LEASE_FOUNDED)
		end_founding(lease);
	else
		leave(lease->association, id);
	pthread_mutex_unlock(&lease->pool->lock);
	return status;
}

becket_status
lease_take(struct pool *pool, const char *endpoint, bool must_be_new,
    uint64_t connect_deadline, struct lease *ret_lease,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct lease lease = { .pool = pool };
	becket_status status = BECKET_S_OUT_OF_MEMORY;
	uint32_t id = 0;

	ret_why[0] = '\0';
	pthread_mutex_lock(&pool->lock);
	lease.association = find_association(pool, endpoint);
	if (lease.association != NULL) {
		status =
		    reserve(&lease, must_be_new, connect_deadline, ret_why);
		id = lease.association->id;
	}
	pthread_mutex_unlock(&pool->lock);
	if (status == BECKET_S_OK && lease.conn == NULL)
		status = lease_open(&lease, id, connect_deadline, ret_why);
	if (status == BECKET_S_OK)
		*ret_lease = lease;
	return status;
}

void
lease_note_association(struct lease *lease)
{
	struct client_conn *conn = lease->conn;

	if (conn->association != 0)
		return;
	conn->association = dce_client_association(conn->session);
	if (conn->association == 0)
		return;
	pthread_mutex_lock(&lease->pool->lock);
	lease->association->id = conn->association;
	lease->association->members = 1;
	end_founding(lease);
	pthread_mutex_unlock(&lease->pool->lock);
}

void
lease_return(struct lease *lease)
{
	struct client_conn *conn = lease->conn;
	bool has_failed_to_found =
	    lease->origin == LEASE_FOUNDED && conn->association == 0;

	client_conn_settle(conn);
	pthread_mutex_lock(&lease->pool->lock);
	if (has_failed_to_found)
		end_founding(lease);
	if (conn->is_dead || conn->association == 0 ||
	    conn->association != lease->association->id)
		drop(lease->association, conn);
	else
		list_append(&lease->association->idle, &conn->node);
	pthread_mutex_unlock(&lease->pool->lock);
}

void
lease_forget_association(struct lease *lease)
{
	struct client_association *association = lease->association;

	pthread_mutex_lock(&lease->pool->lock);
	if (lease->conn->association == association->id) {
		association->id = 0;
		association->members = 0;
		free_idle(association);
	}
	pthread_mutex_unlock(&lease->pool->lock);
}
