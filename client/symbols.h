/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_SYMBOLS_H
#define BECKET_CLIENT_SYMBOLS_H

#include <stddef.h>

#include "idl/text.h"

/*
 * Names and what they stand for. Names are views, and so are the things; the
 * table lives in an arena.
 */
struct symbol {
	const char *name; /* NULL: an empty slot */
	int kind;         /* the user's */
	void *thing;
};

struct symbols {
	struct arena *arena;
	struct symbol *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* NULL: there is none. The view lives until something is put. */
const struct symbol *symbols_find(const struct symbols *symbols,
    const char *name);

/* false: there is one of that name, which stays. */
bool symbols_put(struct symbols *symbols, struct symbol symbol);

#endif
