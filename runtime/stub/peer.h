/* SPDX-License-Identifier: MIT */
#ifndef STUB_PEER_H
#define STUB_PEER_H

#include <stdatomic.h>

#include "base/memory.h"
#include "becket.h"

/*
 * Who calls, as managers see it. A connection and its calls share one, because
 * a call may outlive its connection. Counted; never changed once made.
 */
struct peer {
	atomic_uint references;
	const struct becket_memory *memory;
	struct becket_peer view;
	char text[];
};

/* view->text is copied, view->protseq is not. NULL: no memory. */
struct peer *peer_new(const struct becket_memory *memory,
    const struct becket_peer *view);

/* Any thread. */
struct peer *peer_hold(struct peer *peer);
/* Any thread; NULL is fine. */
void peer_release(struct peer *peer);

#endif
