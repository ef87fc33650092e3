/* SPDX-License-Identifier: MIT */
#ifndef CHECK_DECODE_H
#define CHECK_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum check_decode_type {
	CHECK_DECODE_EVERYTHING,
	CHECK_DECODE_STRICT,
	CHECK_DECODE_TYPES,
};

/* Through the guard and protobuf-c, and back into bytes: free() them. false:
 * refused.
 */
bool check_decode(enum check_decode_type type, const uint8_t *data, size_t size,
    uint8_t **ret_bytes, size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
