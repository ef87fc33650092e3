/* SPDX-License-Identifier: MIT */
#ifndef STUB_HOLD_H
#define STUB_HOLD_H

#include <pthread.h>

#include "base/idmap.h"
#include "engine/association.h"

/*
 * A connection of gRPC is nobody's: proxies share one among clients, and lay
 * one client's calls on several. So a client that wants context handles there
 * holds an association by a call (becket.v1.Session/Hold): as long as that goes
 * on, calls with its id in their metadata are of this association. When it
 * ends, however that comes, the context handles are run down as those of a
 * client of DCE/RPC are when its last connection is gone.
 *
 *   call of Hold --> hold --> association <-- calls that say becket-session
 *
 * Any thread.
 */
struct becket_call;
struct call_host;

enum {
	HOLD_ID_SIZE = 16,
	HOLD_TEXT_SIZE = 2 * HOLD_ID_SIZE, /* hexadecimal */
};

#define HOLD_METADATA "becket-session"

struct hold {
	struct idmap_id place;
	struct association *association;
	char text[HOLD_TEXT_SIZE + 1];
};

struct holds {
	struct call_host *host;
	struct associations *associations;
	pthread_mutex_t lock; /* before that of contexts */
	struct idmap table;   /* struct hold */
};

void holds_init(struct holds *holds, struct call_host *host,
    struct associations *associations, uint32_t limit);
/* There are no calls any more. */
void holds_fini(struct holds *holds);

/* The call is over: whatever it holds is held no more. */
void hold_end(struct becket_call *call);

/* A call without association may say one: then hold its contexts, as
 * contexts_hold(). S_FAILED_PRECONDITION: it says none, or one that has ended;
 * call->sentence says so. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status hold_join(struct becket_call *call);

#endif
