/* SPDX-License-Identifier: MIT */
#include "io/next_call.h"

#include <stddef.h>

enum { SLOTS = 8 };

struct slot {
	const struct becket_binding *binding; /* NULL: free */
	uint64_t serial;
	struct next_call next;
};

static _Thread_local struct slot slots[SLOTS];
static _Thread_local unsigned used, oldest;

static struct slot *
find(const struct becket_binding *binding, uint64_t serial)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].binding == binding && slots[i].serial == serial)
			return &slots[i];
	return NULL;
}

static struct slot *
claim(void)
{
	struct slot *slot = find(NULL, 0);

	if (slot == NULL) {
		slot = &slots[oldest];
		oldest = (oldest + 1) % SLOTS;
		used--;
	}
	used++;
	return slot;
}

static struct next_call *
find_or_claim(const struct becket_binding *binding, uint64_t serial)
{
	struct slot *slot = find(binding, serial);

	if (slot == NULL) {
		slot = claim();
		*slot = (struct slot){ binding, serial, { 0 } };
	}
	return &slot->next;
}

void
next_call_set_timeout(const struct becket_binding *binding, uint64_t serial,
    uint32_t milliseconds)
{
	find_or_claim(binding, serial)->timeout = milliseconds;
}

void
next_call_set_metadata(const struct becket_binding *binding, uint64_t serial,
    struct becket_metadata *metadata)
{
	find_or_claim(binding, serial)->metadata = metadata;
}

struct next_call
next_call_take(const struct becket_binding *binding, uint64_t serial)
{
	struct slot *slot = used == 0 ? NULL : find(binding, serial);
	struct next_call next;

	if (slot == NULL)
		return (struct next_call){ 0 };
	next = slot->next;
	*slot = (struct slot){ 0 };
	used--;
	return next;
}
