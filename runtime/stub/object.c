/* SPDX-License-Identifier: MIT */
#include "stub/object.h"

#include <string.h>

#include "base/allocate.h"

enum { FIRST_ENTRIES = 8 };

void
objects_init(struct objects *objects, const struct becket_memory *memory,
    uint32_t limit)
{
	*objects = (struct objects){ .memory = memory, .limit = limit };
	pthread_rwlock_init(&objects->lock, NULL);
}

void
objects_fini(struct objects *objects)
{
	memory_free(objects->memory, objects->entries,
	    objects->capacity * sizeof *objects->entries);
	pthread_rwlock_destroy(&objects->lock);
}

/* Any order will do: a UUID has no padding. */
static int
compare(const struct becket_uuid *a, const struct becket_uuid *b)
{
	return memcmp(a, b, sizeof *a);
}

/* Where the object is, or would have to be put. */
static uint32_t
place_of(const struct objects *objects, const struct becket_uuid *object)
{
	uint32_t low = 0, high = objects->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare(&objects->entries[middle].object, object) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_there(const struct objects *objects, uint32_t place,
    const struct becket_uuid *object)
{
	return place < objects->count &&
	       compare(&objects->entries[place].object, object) == 0;
}

/* Move what begins at from, and all behind it, to to. */
static void
move_entries(struct objects *objects, uint32_t from, uint32_t to)
{
	memmove(objects->entries + to, objects->entries + from,
	    (objects->count - from) * sizeof *objects->entries);
}

static bool
grow(struct objects *objects)
{
	uint32_t capacity =
	    objects->capacity == 0 ? FIRST_ENTRIES : 2 * objects->capacity;
	struct object_entry *entries;

	if (objects->count < objects->capacity)
		return true;
	entries = memory_resize(objects->memory, objects->entries,
	    objects->capacity * sizeof *entries, capacity * sizeof *entries);
	if (entries == NULL)
		return false;
	objects->entries = entries;
	objects->capacity = capacity;
	return true;
}

/* With the lock held for writing, as the next two. */
static becket_status
add(struct objects *objects, uint32_t place, const struct becket_uuid *object,
    const struct becket_uuid *type)
{
	if (is_there(objects, place, object))
		return BECKET_S_ALREADY_REGISTERED;
	if (objects->count >= objects->limit)
		return BECKET_S_OUT_OF_RESOURCES;
	if (!grow(objects))
		return BECKET_S_OUT_OF_MEMORY;
	move_entries(objects, place, place + 1);
	objects->entries[place] = (struct object_entry){ *object, *type };
	objects->count++;
	return BECKET_S_OK;
}

static void
take_away(struct objects *objects, uint32_t place,
    const struct becket_uuid *object)
{
	if (!is_there(objects, place, object))
		return;
	move_entries(objects, place + 1, place);
	objects->count--;
}

becket_status
objects_set_type(struct objects *objects, const struct becket_uuid *object,
    const struct becket_uuid *type)
{
	becket_status status = BECKET_S_OK;
	uint32_t place;

	if (becket_uuid_equal(object, NULL))
		return BECKET_S_INVALID_OBJECT;
	pthread_rwlock_wrlock(&objects->lock);
	place = place_of(objects, object);
	if (becket_uuid_equal(type, NULL))
		take_away(objects, place, object);
	else
		status = add(objects, place, object, type);
	pthread_rwlock_unlock(&objects->lock);
	return status;
}

static becket_status
look_up(const struct objects *objects, const struct becket_uuid *object,
    struct becket_uuid *ret_type)
{
	uint32_t place = place_of(objects, object);

	if (!is_there(objects, place, object))
		return BECKET_S_OBJECT_NOT_FOUND;
	*ret_type = objects->entries[place].type;
	return BECKET_S_OK;
}

becket_status
objects_inq_type(struct objects *objects, const struct becket_uuid *object,
    struct becket_uuid *ret_type)
{
	becket_status status = BECKET_S_OK;
	struct becket_uuid type = { 0 };
	becket_object_inq_fn *inq;
	void *user;

	if (becket_uuid_equal(object, NULL))
		return BECKET_S_INVALID_OBJECT;
	pthread_rwlock_rdlock(&objects->lock);
	inq = objects->inq;
	user = objects->inq_user;
	if (inq == NULL)
		status = look_up(objects, object, &type);
	pthread_rwlock_unlock(&objects->lock);
	if (inq != NULL && (inq(user, object, &type) != BECKET_S_OK ||
	                       becket_uuid_is_nil(&type)))
		status = BECKET_S_OBJECT_NOT_FOUND;
	if (status == BECKET_S_OK)
		*ret_type = type;
	return status;
}

void
objects_set_inq_fn(struct objects *objects, becket_object_inq_fn *inq,
    void *user)
{
	pthread_rwlock_wrlock(&objects->lock);
	objects->inq = inq;
	objects->inq_user = user;
	pthread_rwlock_unlock(&objects->lock);
}
