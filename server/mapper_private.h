/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MAPPER_PRIVATE_H
#define BECKETD_MAPPER_PRIVATE_H

#include <pthread.h>

#include "base/list.h"
#include "becket_stub.h"
#include "lookups.h"
#include "mapper.h"
#include "wire/cursor.h"

/*
 * The mapper in its files: mapper.c has who comes and goes, mapper_change.c
 * what adds and deletes, mapper_search.c what looks.
 */
struct mapper {
	struct becket_memory memory;
	struct becket_uuid object; /* this mapper's own */
	pthread_mutex_t lock;      /* of all below */
	struct map map;
	struct lookups lookups;
	/* Connections with entries or lookups: those that will be told of. */
	struct list watched;
};

static inline struct mapper *
mapper_of(const void *epv)
{
	return (struct mapper *)(uintptr_t)epv;
}

/* With the lock held: see to it that what the client has is given back when
 * its connection is gone. false: better keep nothing for it.
 */
bool mapper_watch(struct mapper *mapper, struct becket_call *call);

bool mapper_random_uuid(struct becket_uuid *ret_uuid);

/* The stub data of a request; and room for a response, where what is put too
 * much shows in mapper_put()'s verdict.
 */
struct cursor mapper_get(const struct becket_call *call, const void *request);
struct cursor mapper_begin(struct becket_call *call, size_t size);
BECKET_MUST_USE becket_status mapper_put(const struct cursor *c,
    void *response);

becket_routine mapper_insert, mapper_delete, mapper_mgmt_delete;
becket_routine mapper_lookup, mapper_map, mapper_lookup_handle_free;

#endif
