/* SPDX-License-Identifier: MIT */
#ifndef UNIT_H
#define UNIT_H

/* What every test includes behind the header under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* The bytes that hex digits stand for; blanks and '|' are for the reader.
 * Returns how many.
 */
static inline size_t
from_hex(const char *hex, uint8_t *ret_bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t nibbles = 0;

	for (; *hex != '\0'; hex++) {
		const char *digit = strchr(digits, *hex);
		unsigned value;

		if (*hex == ' ' || *hex == '|')
			continue;
		assert_non_null(digit);
		value = (unsigned)(digit - digits);
		if (nibbles % 2 == 0)
			ret_bytes[nibbles / 2] = (uint8_t)(value << 4);
		else
			ret_bytes[nibbles / 2] |= (uint8_t)value;
		nibbles++;
	}
	assert_int_equal(nibbles % 2, 0);
	return nibbles / 2;
}

static inline struct becket_bytes
text_bytes(const char *text)
{
	return (struct becket_bytes){ (const uint8_t *)text, strlen(text) };
}

static inline void
assert_bytes(struct becket_bytes bytes, const void *expected, size_t size)
{
	assert_int_equal(bytes.size, size);
	if (size > 0)
		assert_memory_equal(bytes.data, expected, size);
}

static inline void
assert_text(struct becket_bytes bytes, const char *text)
{
	assert_bytes(bytes, text, strlen(text));
}

/* A copy that ends where its memory ends, so that sanitizers see one byte too
 * far. Never NULL; free() it.
 */
static inline uint8_t *
exact_copy(const void *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

#endif
