/* SPDX-License-Identifier: MIT */
#include "io/next_timeout.h"

#include <stddef.h>

enum { SLOTS = 8 };

struct slot {
	const struct becket_binding *binding; /* NULL: free */
	uint64_t serial;
	uint32_t milliseconds;
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

void
next_timeout_set(const struct becket_binding *binding, uint64_t serial,
    uint32_t milliseconds)
{
	struct slot *slot = find(binding, serial);

	if (slot == NULL)
		slot = claim();
	*slot = (struct slot){ binding, serial, milliseconds };
}

uint32_t
next_timeout_take(const struct becket_binding *binding, uint64_t serial)
{
	struct slot *slot = used == 0 ? NULL : find(binding, serial);
	uint32_t milliseconds;

	if (slot == NULL)
		return 0;
	milliseconds = slot->milliseconds;
	*slot = (struct slot){ 0 };
	used--;
	return milliseconds;
}
