/* SPDX-License-Identifier: MIT */
#include "io/client_hold.h"

/* One at a time looks after the session of an association. */

bool
client_hold_claim(struct client_association *association, uint64_t deadline)
{
	bool is_in_time = true;

	pool_lock(association->pool);
	while (association->is_hold_claimed && is_in_time)
		is_in_time = client_association_await(association, deadline);
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
