/* SPDX-License-Identifier: MIT */
#ifndef IO_NEXT_TIMEOUT_H
#define IO_NEXT_TIMEOUT_H

#include <stdint.h>

/*
 * The timeouts that this thread has set for its next call on a handle. A few
 * handles at once are remembered; who sets more loses the oldest. A handle is
 * known by its address and a serial, for its memory may be used again.
 */
struct becket_binding;

void next_timeout_set(const struct becket_binding *binding, uint64_t serial,
    uint32_t milliseconds);

/* And forget it. 0: none. */
uint32_t next_timeout_take(const struct becket_binding *binding,
    uint64_t serial);

#endif
