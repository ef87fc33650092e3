/* SPDX-License-Identifier: MIT */
#ifndef IO_BINDING_H
#define IO_BINDING_H

#include <pthread.h>
#include <stdint.h>

#include "base/list.h"
#include "becket.h"
#include "io/client_association.h"
#include "io/options.h"
#include "io/protseq.h"

/*
 * Binding handles. What is above the lock never changes; what is below is
 * guarded by it, so that any thread may use the handle.
 *
 * A handle refers to the associations that its calls have used, one for each
 * endpoint. Handles for the same server share them, through the runtime's pool;
 * one with BECKET_OPTION_UNIQUE_BINDING has its own. A reset lets go of them.
 */
struct becket_binding {
	struct becket_runtime *runtime;
	const struct protseq *protseq;
	char *host;
	char *endpoint;    /* "": partially bound */
	char *option_text; /* as struct string_parts has it */
	const struct binding_options *options;
	uint64_t serial; /* tells it from one that lay at its address */

	pthread_mutex_t lock;
	struct becket_uuid object;
	uint32_t timeout; /* ms; 0: none of its own */
	bool is_unique;
	bool is_noncausal, packs;
	struct list uses;        /* of struct binding_use */
	struct list resolutions; /* of struct resolution: io/resolve.h */
};

struct binding_use {
	struct list node;
	struct client_association *association;
};

/* Is it a handle, and of this process? S_INVALID_BINDING, S_STALE_AFTER_FORK,
 * with the error record written.
 */
BECKET_MUST_USE becket_status binding_check(
    const struct becket_binding *binding);

/* With the lock held. */
void binding_drop_uses(struct becket_binding *binding);

/* A handle for what is known already: becket_server_inq_bindings() makes one
 * per listener. host and endpoint are copied; "" for none. No I/O. Free with
 * becket_binding_free(). S_OUT_OF_MEMORY, and what protseq's checks say.
 */
BECKET_MUST_USE becket_status binding_new(struct becket_runtime *runtime,
    const struct protseq *protseq, const char *host, const char *endpoint,
    struct becket_binding **ret_binding);

/* What a call needs of the handle, at one moment. */
struct binding_view {
	struct becket_uuid object;
	uint32_t timeout; /* ms: the thread's, else the handle's, else 0 */
	bool is_noncausal, packs;
	struct becket_metadata *metadata; /* the thread's, or NULL */
};

/* Takes what the thread has set for its next call: it is for this call alone.
 */
struct binding_view binding_view(struct becket_binding *binding);

/* The association for a call to endpoint, which need not be the handle's own; a
 * reference. S_OUT_OF_MEMORY. Any thread.
 */
BECKET_MUST_USE becket_status
binding_association(struct becket_binding *binding, const char *endpoint,
    struct client_association **ret_association);

#endif
