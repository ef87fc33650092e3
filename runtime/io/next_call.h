/* SPDX-License-Identifier: MIT */
#ifndef IO_NEXT_CALL_H
#define IO_NEXT_CALL_H

#include <stdint.h>

/*
 * What this thread has set for its next call on a handle. A few handles at once
 * are remembered; who sets more loses the oldest. A handle is known by its
 * address and a serial, for its memory may be used again.
 */
struct becket_binding;
struct becket_metadata;

struct next_call {
	uint32_t timeout; /* ms; 0: none */
	struct becket_metadata *metadata;
};

void next_call_set_timeout(const struct becket_binding *binding,
    uint64_t serial, uint32_t milliseconds);
void next_call_set_metadata(const struct becket_binding *binding,
    uint64_t serial, struct becket_metadata *metadata);

/* And forget it. Zeroed: nothing. */
struct next_call next_call_take(const struct becket_binding *binding,
    uint64_t serial);

#endif
