/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

#include "base/bytes.h"

/* Is text well-formed UTF-8 (Unicode 3.9, table 3-7)? No surrogates, nothing
 * overlong, nothing beyond U+10FFFF. U+0000 is well-formed.
 */
bool utf8_is_valid(struct becket_bytes text);

#endif
