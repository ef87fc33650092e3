/* SPDX-License-Identifier: MIT */
#include "stub/peer.h"

#include <string.h>

#include "base/allocate.h"

static size_t
size_for(const struct becket_peer *view)
{
	return sizeof(struct peer) + strlen(view->text) + 1 +
	       strlen(view->address) + 1;
}

struct peer *
peer_new(const struct becket_memory *memory, const struct becket_peer *view)
{
	struct peer *peer = memory_new(memory, size_for(view));
	char *address;

	if (peer == NULL)
		return NULL;
	if (pthread_mutex_init(&peer->lock, NULL) != 0) {
		memory_free(memory, peer, size_for(view));
		return NULL;
	}
	atomic_init(&peer->references, 1);
	peer->memory = memory;
	peer->view = *view;
	peer->view.text = strcpy(peer->text, view->text);
	address = peer->text + strlen(peer->text) + 1;
	peer->view.address = strcpy(address, view->address);
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
	if (peer == NULL || atomic_fetch_sub(&peer->references, 1) != 1)
		return;
	pthread_mutex_destroy(&peer->lock);
	memory_free(peer->memory, peer, size_for(&peer->view));
}

becket_status
peer_watch(struct peer *peer, void (*gone)(void *user, uint64_t connection),
    void *user)
{
	struct peer_watch *watch = memory_new(peer->memory, sizeof *watch);
	bool is_gone;

	if (watch == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	pthread_mutex_lock(&peer->lock);
	is_gone = peer->is_gone;
	*watch = (struct peer_watch){ peer->watches, gone, user };
	if (!is_gone)
		peer->watches = watch;
	pthread_mutex_unlock(&peer->lock);
	if (!is_gone)
		return BECKET_S_OK;
	memory_free(peer->memory, watch, sizeof *watch);
	return BECKET_S_COMM_FAILURE;
}

void
peer_gone(struct peer *peer)
{
	struct peer_watch *watch;

	if (peer == NULL)
		return;
	pthread_mutex_lock(&peer->lock);
	watch = peer->watches;
	peer->watches = NULL;
	peer->is_gone = true;
	pthread_mutex_unlock(&peer->lock);
	while (watch != NULL) {
		struct peer_watch *next = watch->next;

		watch->gone(watch->user, peer->view.connection);
		memory_free(peer->memory, watch, sizeof *watch);
		watch = next;
	}
}
