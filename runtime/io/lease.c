/* SPDX-License-Identifier: MIT */
#include "io/lease.h"

#include <inttypes.h>
#include <stdio.h>

#include "io/clock.h"
#include "io/memory_cache.h"

/* With the lock held, as all functions from here to reserve(). The one that
 * was used last: it is warm, and the others may go cold.
 */
static struct client_conn *
last_idle(struct client_association *association)
{
	struct client_conn *conn;

	if (list_is_empty(&association->idle))
		return NULL;
	conn =
	    container_of(association->idle.previous, struct client_conn, node);
	pool_take_idle(association->pool, conn);
	return conn;
}

static bool
may_connect(const struct client_association *association)
{
	uint32_t limit =
	    association->pool->runtime->limits.connections_per_association;

	return association->connections < limit &&
	       !association->is_being_founded;
}

static void
make_room(struct client_association *association)
{
	struct client_conn *conn = last_idle(association);

	if (conn != NULL)
		client_association_drop(association, conn);
}

static void
begin_connect(struct lease *lease)
{
	struct client_association *association = lease->association;

	association->connections++;
	if (association->id != 0) {
		association->members++;
		lease->origin = LEASE_JOINED;
	} else {
		association->is_being_founded = true;
		lease->origin = LEASE_FOUNDED;
	}
}

static bool
await_turn(struct client_association *association,
    const struct lease_wish *wish)
{
	return client_association_await(association,
	    association->is_being_founded ? wish->connect_deadline
	                                  : wish->deadline);
}

static void
explain(const struct client_association *association,
    char why[CONNECT_WHY_SIZE])
{
	if (association->is_being_founded)
		snprintf(why, CONNECT_WHY_SIZE,
		    "no answer yet to the first connection's bind");
	else
		snprintf(why, CONNECT_WHY_SIZE,
		    "all %" PRIu32 " connections to the server are busy",
		    association->connections);
}

static becket_status
give_up(const struct client_association *association, uint64_t deadline,
    char why[CONNECT_WHY_SIZE])
{
	explain(association, why);
	return clock_now() < deadline ? BECKET_S_SERVER_UNAVAILABLE
	                              : BECKET_S_CALL_CANCELLED;
}

/* Something lives as long as the group, and the only connection of it is idle.
 */
static bool
must_leave_idle(const struct client_association *association,
    const struct lease_wish *wish)
{
	return wish->is_alone && client_association_is_needed(association) &&
	       may_connect(association);
}

/* Take an idle connection, or the right to make one, if there is one now. */
static becket_status
reserve_now(struct lease *lease, const struct lease_wish *wish)
{
	struct client_association *association = lease->association;

	if (wish->group != 0 && wish->group != association->id)
		return BECKET_X_SS_CONTEXT_MISMATCH;
	lease->conn = NULL;
	lease->origin = LEASE_REUSED;
	if (!wish->must_be_new && !must_leave_idle(association, wish))
		lease->conn = last_idle(association);
	else if (!may_connect(association))
		make_room(association);
	if (lease->conn == NULL && !may_connect(association))
		return BECKET_S_ASYNC_CALL_PENDING;
	if (lease->conn == NULL)
		begin_connect(lease);
	lease->is_alone = wish->is_alone;
	association->alone += lease->is_alone;
	return BECKET_S_OK;
}

static becket_status
reserve(struct lease *lease, const struct lease_wish *wish,
    char why[CONNECT_WHY_SIZE])
{
	struct client_association *association = lease->association;
	becket_status status;

	while (
	    (status = reserve_now(lease, wish)) == BECKET_S_ASYNC_CALL_PENDING)
		if (!await_turn(association, wish))
			return give_up(association, wish->deadline, why);
	return status;
}

/* What the hub has goes on only while somebody drives. */
static void
note_driven(struct lease *lease)
{
	lease->is_driven = true;
	lease->association->driven++;
}

static void
note_over(struct lease *lease)
{
	lease->association->alone -= lease->is_alone;
	lease->association->driven -= lease->is_driven;
	lease->is_alone = lease->is_driven = false;
}

static void
end_founding(struct client_association *association)
{
	association->is_being_founded = false;
	client_association_changed(association);
}

bool
lease_is_refused(const struct lease *lease)
{
	const struct client_conn *conn = lease->conn;

	return lease->origin == LEASE_JOINED && !conn->is_lost && !conn->is_eof;
}

becket_status
lease_adopt(struct lease *lease, int fd, uint32_t group)
{
	struct becket_runtime *runtime = lease->association->pool->runtime;
	const struct connect_target target =
	    client_association_target(lease->association);
	becket_status status =
	    client_conn_new(runtime, &target, fd, group, &lease->conn);

	if (status == BECKET_S_OK)
		lease->conn->owner = lease->association;
	return status;
}

void
lease_give_up(struct lease *lease, uint32_t group)
{
	struct client_association *association = lease->association;

	pool_lock(association->pool);
	note_over(lease);
	client_association_leave(association, group);
	if (lease->origin == LEASE_FOUNDED)
		end_founding(association);
	pool_unlock(association->pool);
}

static becket_status
open_conn(struct lease *lease, uint32_t id, uint64_t deadline,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct client_association *association = lease->association;
	struct becket_runtime *runtime = association->pool->runtime;
	const struct connect_target target =
	    client_association_target(association);
	int fd;
	becket_status status =
	    connect_to(runtime, &target, deadline, &fd, ret_why);

	return status != BECKET_S_OK ? status : lease_adopt(lease, fd, id);
}

/* What reserve() has allowed, without the lock. */
static becket_status
lease_open(struct lease *lease, uint32_t id, uint64_t deadline,
    char ret_why[CONNECT_WHY_SIZE])
{
	becket_status status = open_conn(lease, id, deadline, ret_why);

	if (status != BECKET_S_OK)
		lease_give_up(lease, id);
	return status;
}

static void
drop_dead(struct lease *lease)
{
	struct pool *pool = lease->association->pool;

	pool_lock(pool);
	note_over(lease);
	client_association_drop(lease->association, lease->conn);
	pool_unlock(pool);
	lease->conn = NULL;
}

becket_status
lease_take(const struct lease_wish *wish, struct lease *ret_lease,
    char ret_why[CONNECT_WHY_SIZE])
{
	struct lease lease = { .association = wish->association };
	struct pool *pool = wish->association->pool;
	becket_status status;
	uint32_t id;

	ret_why[0] = '\0';
	do {
		if (lease.conn != NULL)
			drop_dead(&lease);
		pool_lock(pool);
		status = reserve(&lease, wish, ret_why);
		id = lease.association->id;
		pool_clean(pool, clock_now());
		pool_unlock(pool);
	} while (lease.conn != NULL && !client_conn_is_alive(lease.conn));
	if (status == BECKET_S_OK && lease.conn == NULL)
		status =
		    lease_open(&lease, id, wish->connect_deadline, ret_why);
	if (status == BECKET_S_OK)
		*ret_lease = lease;
	return status;
}

becket_status
lease_try(const struct lease_wish *wish, struct lease *ret_lease,
    uint32_t *ret_group)
{
	struct lease lease = { .association = wish->association };
	struct pool *pool = wish->association->pool;
	becket_status status;

	do {
		if (lease.conn != NULL)
			drop_dead(&lease);
		pool_lock(pool);
		status = reserve_now(&lease, wish);
		if (status == BECKET_S_ASYNC_CALL_PENDING)
			lease.association->does_hub_wait = true;
		if (status == BECKET_S_OK)
			note_driven(&lease);
		*ret_group = lease.association->id;
		pool_clean(pool, clock_now());
		pool_unlock(pool);
	} while (lease.conn != NULL && !client_conn_is_alive(lease.conn));
	if (status == BECKET_S_OK)
		*ret_lease = lease;
	return status;
}

void
lease_explain(const struct client_association *association,
    char ret_why[CONNECT_WHY_SIZE])
{
	pool_lock(association->pool);
	explain(association, ret_why);
	pool_unlock(association->pool);
}

void
lease_note_association(struct lease *lease)
{
	struct client_conn *conn = lease->conn;

	if (conn->association != 0)
		return;
	conn->association = conn->session->ops->association(conn->session);
	if (conn->association == 0)
		return;
	pool_lock(lease->association->pool);
	lease->association->id = conn->association;
	lease->association->members = 1;
	end_founding(lease->association);
	pool_unlock(lease->association->pool);
}

void
lease_return(struct lease *lease)
{
	struct client_association *association = lease->association;
	struct client_conn *conn = lease->conn;
	bool has_failed_to_found =
	    lease->origin == LEASE_FOUNDED && conn->association == 0;
	uint64_t now;

	client_conn_settle(conn);
	now = conn->idle_since;
	pool_lock(association->pool);
	note_over(lease);
	if (has_failed_to_found)
		end_founding(association);
	if (conn->is_dead || conn->association == 0 ||
	    conn->association != association->id)
		client_association_drop(association, conn);
	else
		pool_put_idle(association->pool, conn);
	pool_unlock(association->pool);
	memory_cache_sweep(association->pool->runtime->memory_cache, now);
}

void
lease_forget_association(struct lease *lease)
{
	struct client_association *association = lease->association;

	pool_lock(association->pool);
	if (lease->conn->association == association->id) {
		association->id = 0;
		association->members = 0;
		client_association_drop_idle(association);
	}
	pool_unlock(association->pool);
}
