/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_REFLECTION_H
#define BECKET_CLIENT_REFLECTION_H

#include "becket.h"
#include "sources.h"

/*
 * A server that is asked what it serves: grpc.reflection.v1, or v1alpha where
 * it is older, over DCE/RPC as over gRPC.
 */
struct reflection;

/* In the arena; end it with reflection_end(). metadata: to go along, or NULL;
 * they must live until then. What becket_stub_open() says.
 */
BECKET_MUST_USE becket_status reflection_begin(struct arena *arena,
    struct becket_binding *binding, struct becket_metadata *metadata,
    uint32_t timeout_ms, struct reflection **ret_reflection);
void reflection_end(struct reflection *reflection);

/* The full names of its services. */
BECKET_MUST_USE becket_status reflection_list(struct reflection *reflection,
    struct texts *ret_services);

/* Put the file that has a symbol into the pool, and all that this imports, as
 * far as the server knows it. S_NOT_FOUND: the server does not know it.
 * S_DATA_LOSS: its answer makes no sense, and reflection_sentence() says why.
 */
BECKET_MUST_USE becket_status reflection_fetch(struct reflection *reflection,
    const char *symbol, struct pool *pool);

/* What went wrong that was no failure of the call; or NULL. */
const char *reflection_sentence(const struct reflection *reflection);

#endif
