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
struct becket_interface;
struct becket_server;

struct catalogue_entry {
	size_t at;      /* of the name, in the text */
	uint16_t major; /* the highest, which gRPC calls */
	size_t set;     /* of descriptors that it brought along */
};

struct catalogue {
	const struct becket_memory *memory;
	struct descriptors descriptors;
	struct buffer text;    /* the names, each with a NUL behind it */
	struct buffer entries; /* one for each name */
	becket_status status;
};

struct catalogue catalogue_empty(const struct becket_memory *memory);
void catalogue_fini(struct catalogue *catalogue);

/* Add an interface: its name, and what it has brought along. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status catalogue_add(struct catalogue *catalogue,
    const struct becket_interface *interface);

/* Fill it anew. S_OUT_OF_MEMORY: it is empty. */
BECKET_MUST_USE becket_status catalogue_make(struct catalogue *catalogue,
    struct becket_server *server);

/* The file that has a symbol: of an interface, and what is in it, in what that
 * has brought along, of others in any; NULL: none.
 */
const struct descriptor_file *
catalogue_find_symbol(const struct catalogue *catalogue, const char *symbol);

/* The names in their order, each once: room for count. Views, as long as the
 * catalogue is not made again.
 */
size_t catalogue_count(const struct catalogue *catalogue);
void catalogue_names(const struct catalogue *catalogue, const char **ret_names);

#endif
