/* SPDX-License-Identifier: MIT */
#ifndef BECKET_BASE_UUID_H
#define BECKET_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A UUID, as C706 appendix A and RFC 4122 lay it out: the first three fields
 * are integers, in the byte order of whatever carries them. The zero value is
 * the nil UUID.
 */
struct becket_uuid {
	uint32_t time_low;
	uint16_t time_mid;
	uint16_t time_high;
	uint8_t clock_node[8];
};

enum { BECKET_UUID_TEXT_SIZE = 37 }; /* 36 characters and a NUL */

/* 36 characters, any case, no braces; else BECKET_S_INVALID_STRING_UUID. text
 * need not end in a NUL. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_uuid_from_string(const char *text, size_t size,
    struct becket_uuid *ret_uuid);

/* Lower case, with a NUL. Any thread. */
BECKET_API void becket_uuid_to_string(const struct becket_uuid *uuid,
    char ret_text[BECKET_UUID_TEXT_SIZE]);

/* NULL equals the nil UUID. Any thread. */
BECKET_API bool becket_uuid_equal(const struct becket_uuid *a,
    const struct becket_uuid *b);
BECKET_API bool becket_uuid_is_nil(const struct becket_uuid *uuid);

#ifdef __cplusplus
}
#endif

#endif
