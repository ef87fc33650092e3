/* SPDX-License-Identifier: MIT */
#include "stub/peer.h"

#include <string.h>

#include "base/allocate.h"

static size_t
size_for(const char *text)
{
	return sizeof(struct peer) + strlen(text) + 1;
}

struct peer *
peer_new(const struct becket_memory *memory, const struct becket_peer *view)
{
	struct peer *peer = memory_new(memory, size_for(view->text));

	if (peer == NULL)
		return NULL;
	atomic_init(&peer->references, 1);
	peer->memory = memory;
	peer->view = *view;
	strcpy(peer->text, view->text);
	peer->view.text = peer->text;
	return peer;
}

struct peer *
peer_hold(struct peer *peer)
{
	atomic_fetch_add(&peer->references, 1);
	return peer;
}

void
peer_release(struct peer *peer)
{
	if (peer != NULL && atomic_fetch_sub(&peer->references, 1) == 1)
		memory_free(peer->memory, peer, size_for(peer->text));
}
