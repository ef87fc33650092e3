/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_CATALOGUE_H
#define SERVICES_CATALOGUE_H

#include "base/buffer.h"
#include "services/descriptors.h"

/*
 * What a server offers now: the names of its interfaces and the descriptors
 * that they have brought along. It is made again when they have changed and
 * somebody asks.
 *
 * One thread at a time.
 */
struct becket_server;

struct catalogue {
	const struct becket_memory *memory;
	struct descriptors descriptors;
	struct buffer text; /* the names, each with a NUL behind it */
	size_t count;       /* of names */
	becket_status status;
};

struct catalogue catalogue_empty(const struct becket_memory *memory);
void catalogue_fini(struct catalogue *catalogue);

/* Fill it anew. S_OUT_OF_MEMORY: it is empty. */
BECKET_MUST_USE becket_status catalogue_make(struct catalogue *catalogue,
    struct becket_server *server);

/* The names in their order, each once: room for count. Views, as long as the
 * catalogue is not made again.
 */
void catalogue_names(const struct catalogue *catalogue, const char **ret_names);

#endif
