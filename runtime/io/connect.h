/* SPDX-License-Identifier: MIT */
#ifndef IO_CONNECT_H
#define IO_CONNECT_H

#include <stdint.h>

#include "io/connector.h"

/*
 * A connector (io/connector.h), and somebody who waits for it.
 */

/* A socket that blocks. On failure, no descriptor is left and ret_why is
 * written. Statuses: connector_step(). Any thread.
 */
BECKET_MUST_USE becket_status connect_to(const struct becket_runtime *runtime,
    const struct connect_target *target, uint64_t deadline, int *ret_fd,
    char ret_why[CONNECT_WHY_SIZE]);

/* What a connector has made, for those who wait in recv(). */
BECKET_MUST_USE bool connect_make_blocking(int fd);

#endif
