/* SPDX-License-Identifier: MIT */
#ifndef BECKET_BASE_BYTES_H
#define BECKET_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/*
 * A view of bytes that somebody else owns. data may be NULL when size is 0.
 */
struct becket_bytes {
	const uint8_t *data;
	size_t size;
};

#endif
