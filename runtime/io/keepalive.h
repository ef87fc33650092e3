/* SPDX-License-Identifier: MIT */
#ifndef IO_KEEPALIVE_H
#define IO_KEEPALIVE_H

#include "base/limits.h"

/*
 * Notice that a TCP peer's host is gone, which says nothing: within about
 * limits.silence_ms, whether something is on its way to it or not. Accepted
 * connections inherit it from what listens. Failure is of no interest: a
 * connection works without.
 */
void keepalive_set(int fd, const struct becket_limits *limits);

#endif
