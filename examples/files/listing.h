/* SPDX-License-Identifier: MIT */
#ifndef FILES_LISTING_H
#define FILES_LISTING_H

#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files.becket.h"

/*
 * What a directory has, ordered by the bytes of its names, as one end of Sync
 * tells it the other. Functions return 0 or a negative errno value.
 */
enum { LISTING_MAX = 100000 }; /* of more nothing is said: -E2BIG */

struct item {
	char *name;
	Files__Type type;
	uint64_t size;
	uint32_t mode;
	int64_t changed_ns;
	bool has_digest;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	bool wanted; /* by the server */
	int failure; /* that it was not kept */
};

struct listing {
	struct item *items;
	size_t count, capacity;
};

int listing_read(struct listing *listing, int directory);
/* One of the other end's. -EPROTO: no name that can be, or not behind the last.
 */
int listing_add(struct listing *listing, const Files__SyncEntry *entry);
void listing_free(struct listing *listing);

/* NULL: there is none. */
struct item *listing_find(const struct listing *listing, const char *name);

/* As a message; it points into item. */
void item_entry(const struct item *item, Files__Entry *ret_entry);

/* A regular file below a directory, for reading, and what is said of it. */
int item_open(int directory, const char *name, struct item *ret_item);
/* Its SHA-256. */
int item_sum(int directory, struct item *item);

#endif
