/* SPDX-License-Identifier: MIT */
#ifndef STUB_OBJECT_H
#define STUB_OBJECT_H

#include <pthread.h>

#include "base/memory.h"
#include "becket.h"

/*
 * Which type an object has, on one server: a table that the application fills,
 * or a function of its own instead. A call for an object is served by the EPV
 * that is registered for the object's type.
 *
 * Any thread, for everything but init and fini.
 */
struct object_entry {
	struct becket_uuid object, type;
};

struct objects {
	const struct becket_memory *memory;
	uint32_t limit;
	pthread_rwlock_t lock;
	struct object_entry *entries; /* sorted */
	uint32_t count, capacity;
	becket_object_inq_fn *inq; /* NULL: the table */
	void *inq_user;
};

void objects_init(struct objects *objects, const struct becket_memory *memory,
    uint32_t limit);
void objects_fini(struct objects *objects);

/* becket_object_set_type(), becket_object_inq_type(),
 * becket_object_set_inq_fn(). The application's function is called without a
 * lock.
 */
BECKET_MUST_USE becket_status objects_set_type(struct objects *objects,
    const struct becket_uuid *object, const struct becket_uuid *type);
BECKET_MUST_USE becket_status objects_inq_type(struct objects *objects,
    const struct becket_uuid *object, struct becket_uuid *ret_type);
void objects_set_inq_fn(struct objects *objects, becket_object_inq_fn *inq,
    void *user);

#endif
