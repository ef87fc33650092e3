/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <string.h>

/* Where a dash stands in the text. */
static bool
is_dash(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The sixteen bytes in the order in which the text writes them. */
static bool
parse(const char *text, uint8_t bytes[16])
{
	size_t nibble = 0;

	for (size_t at = 0; at < BECKET_UUID_TEXT_SIZE - 1; at++) {
		int value = digit(text[at]);

		if (is_dash(at) ? text[at] != '-' : value < 0)
			return false;
		if (is_dash(at))
			continue;
		bytes[nibble / 2] = (uint8_t)((bytes[nibble / 2] << 4) | value);
		nibble++;
	}
	return true;
}

becket_status
becket_uuid_from_string(const char *text, size_t size,
    struct becket_uuid *ret_uuid)
{
	uint8_t b[16] = { 0 };

	if (size != BECKET_UUID_TEXT_SIZE - 1 || !parse(text, b))
		return BECKET_S_INVALID_STRING_UUID;
	ret_uuid->time_low = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	                     (uint32_t)b[2] << 8 | b[3];
	ret_uuid->time_mid = (uint16_t)(b[4] << 8 | b[5]);
	ret_uuid->time_high = (uint16_t)(b[6] << 8 | b[7]);
	memcpy(ret_uuid->clock_node, b + 8, 8);
	return BECKET_S_OK;
}

void
becket_uuid_to_string(const struct becket_uuid *uuid,
    char ret_text[BECKET_UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t b[16] = {
		(uint8_t)(uuid->time_low >> 24),
		(uint8_t)(uuid->time_low >> 16),
		(uint8_t)(uuid->time_low >> 8),
		(uint8_t)uuid->time_low,
		(uint8_t)(uuid->time_mid >> 8),
		(uint8_t)uuid->time_mid,
		(uint8_t)(uuid->time_high >> 8),
		(uint8_t)uuid->time_high,
	};
	size_t nibble = 0;

	memcpy(b + 8, uuid->clock_node, 8);
	for (size_t at = 0; at < BECKET_UUID_TEXT_SIZE - 1; at++) {
		if (is_dash(at)) {
			ret_text[at] = '-';
			continue;
		}
		ret_text[at] =
		    digits[b[nibble / 2] >> (nibble % 2 ? 0 : 4) & 0xf];
		nibble++;
	}
	ret_text[BECKET_UUID_TEXT_SIZE - 1] = '\0';
}

bool
becket_uuid_equal(const struct becket_uuid *a, const struct becket_uuid *b)
{
	static const struct becket_uuid nil;

	a = a ? a : &nil;
	b = b ? b : &nil;
	return a->time_low == b->time_low && a->time_mid == b->time_mid &&
	       a->time_high == b->time_high &&
	       memcmp(a->clock_node, b->clock_node, sizeof a->clock_node) == 0;
}

bool
becket_uuid_is_nil(const struct becket_uuid *uuid)
{
	return becket_uuid_equal(uuid, NULL);
}
