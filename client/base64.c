/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789+/";

static int
value_of(char c, bool is_url)
{
	const char *at;

	if (is_url && (c == '+' || c == '/'))
		return -1;
	if (is_url && c == '-')
		c = '+';
	else if (is_url && c == '_')
		c = '/';
	at = c == '\0' ? NULL : strchr(letters, c);
	return at == NULL ? -1 : (int)(at - letters);
}

/* Two to four letters are one to three bytes; bits that are left over must be
 * none.
 */
static bool
decode_group(const char *text, size_t size, bool is_url, struct buffer *bytes)
{
	uint32_t bits = 0;
	uint8_t group[3];

	if (size < 2)
		return size == 0;
	for (size_t i = 0; i < 4; i++) {
		int value = i < size ? value_of(text[i], is_url) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		group[i] = (uint8_t)(bits >> (16 - 8 * i));
	if (size < 4 && (group[2] != 0 || (size < 3 && group[1] != 0)))
		return false;
	text_put_bytes(bytes, group, size - 1);
	return true;
}

bool
base64_decode(const char *text, size_t size, struct buffer *bytes)
{
	size_t before = bytes->size;
	bool is_url =
	    memchr(text, '-', size) != NULL || memchr(text, '_', size) != NULL;

	if (size % 4 == 0)
		for (int i = 0; i < 2 && size > 0 && text[size - 1] == '='; i++)
			size--;
	for (size_t at = 0; at < size; at += 4)
		if (!decode_group(text + at, size - at < 4 ? size - at : 4,
		        is_url, bytes)) {
			bytes->size = before;
			return false;
		}
	return true;
}

void
base64_encode(struct becket_bytes bytes, struct buffer *text)
{
	for (size_t at = 0; at < bytes.size; at += 3) {
		size_t size = bytes.size - at < 3 ? bytes.size - at : 3;
		uint32_t bits = (uint32_t)bytes.data[at] << 16;
		char group[4];

		if (size > 1)
			bits |= (uint32_t)bytes.data[at + 1] << 8;
		if (size > 2)
			bits |= bytes.data[at + 2];
		for (size_t i = 0; i < 4; i++)
			group[i] =
			    i > size ? '=' : letters[bits >> (18 - 6 * i) & 63];
		text_put_bytes(text, group, sizeof group);
	}
}
