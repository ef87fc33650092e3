/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_LIMIT_H
#define BECKETD_LIMIT_H

#include "becket.h"

/* Set the limit called name, as in limits.h, from text: a number, with K, M or
 * G behind it times 1024, 1024^2 or 1024^3. NULL: done; else a sentence.
 */
const char *limit_set(struct becket_limits *limits, const char *name,
    const char *text);

bool limits_equal(const struct becket_limits *one,
    const struct becket_limits *other);

#endif
