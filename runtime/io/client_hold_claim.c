/* SPDX-License-Identifier: MIT */
#include "io/client_hold.h"

#include <time.h>

#include "io/clock.h"
#include "io/hub.h"

/* One at a time looks after the session of an association. */

static bool
is_left_by_hub(const void *what)
{
	struct client_association *association =
	    *(struct client_association *const *)what;
	bool is_it;

	pool_lock(association->pool);
	is_it = !association->is_hold_claimed_by_hub;
	if (!is_it)
		association->does_hub_wait = true;
	pool_unlock(association->pool);
	return is_it;
}

/* With the lock held, which is let go. Nobody else may be there to drive. */
static bool
await_hub(struct client_association *association, uint64_t deadline)
{
	struct hub *hub = association->pool->runtime->hub;

	pool_unlock(association->pool);
	pthread_mutex_lock(&hub->lock);
	hub_await(hub, NULL, is_left_by_hub, &association, deadline);
	pthread_mutex_unlock(&hub->lock);
	pool_lock(association->pool);
	return clock_now() < deadline;
}

static bool
await_claimant(struct client_association *association, uint64_t deadline)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000000),
		.tv_nsec = (long)(deadline % 1000000000),
	};
	int error;

	if (association->is_hold_claimed_by_hub)
		return await_hub(association, deadline);
	association->waiting++;
	error = pthread_cond_timedwait(&association->changed,
	    &association->pool->lock, &until);
	association->waiting--;
	return error == 0;
}

bool
client_hold_claim(struct client_association *association, uint64_t deadline)
{
	bool is_in_time = true;

	pool_lock(association->pool);
	while (association->is_hold_claimed && is_in_time)
		is_in_time = await_claimant(association, deadline);
	if (is_in_time)
		association->is_hold_claimed = true;
	pool_unlock(association->pool);
	return is_in_time;
}

bool
client_hold_claim_now(struct client_association *association)
{
	bool is_mine;

	pool_lock(association->pool);
	is_mine = !association->is_hold_claimed;
	association->is_hold_claimed = true;
	association->is_hold_claimed_by_hub |= is_mine;
	association->does_hub_wait |= !is_mine;
	pool_unlock(association->pool);
	return is_mine;
}

void
client_hold_unclaim(struct client_association *association)
{
	pool_lock(association->pool);
	association->is_hold_claimed = false;
	association->is_hold_claimed_by_hub = false;
	client_association_changed(association);
	pool_unlock(association->pool);
}
