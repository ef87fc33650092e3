/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

static bool
is_ascii(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return (word & 0x8080808080808080u) == 0;
}

/* The size of a sequence by its first byte, and what its second may be; the
 * others are 80..bf. 0: nothing begins so.
 */
static size_t
sequence(uint8_t first, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first == 0xe0)
		*ret_low = 0xa0;
	if (first == 0xed)
		*ret_high = 0x9f;
	if (first == 0xf0)
		*ret_low = 0x90;
	if (first == 0xf4)
		*ret_high = 0x8f;
	return first < 0xf0 ? 3 : 4;
}

bool
utf8_is_valid(struct becket_bytes text)
{
	const uint8_t *at = text.data;
	size_t left = text.size;

	while (left > 0) {
		uint8_t low, high;
		size_t size;

		if (left >= 8 && is_ascii(at)) {
			at += 8;
			left -= 8;
			continue;
		}
		size = sequence(at[0], &low, &high);
		if (size == 0 || size > left)
			return false;
		if (size > 1 && (at[1] < low || at[1] > high))
			return false;
		for (size_t i = 2; i < size; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		at += size;
		left -= size;
	}
	return true;
}
