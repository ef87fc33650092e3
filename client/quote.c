/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 sequence that text begins with; 0: it is none.
 * Overlong forms, surrogates and what is past U+10FFFF are none.
 */
static size_t
sequence_length(struct becket_bytes text)
{
	uint8_t c = text.data[0];
	uint8_t low = 0x80, high = 0xbf;
	size_t length = c < 0x80   ? 1
	                : c < 0xc2 ? 0
	                : c < 0xe0 ? 2
	                : c < 0xf0 ? 3
	                : c < 0xf5 ? 4
	                           : 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (length > text.size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (text.data[i] < low || text.data[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static bool
is_control(const uint8_t *at, size_t length)
{
	return (length == 1 && (*at < 0x20 || *at == 0x7f)) ||
	       (length == 2 && at[0] == 0xc2 && at[1] < 0xa0);
}

static void
put_escaped(struct buffer *buffer, const uint8_t *at, size_t length)
{
	static const char named[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *name =
	    *at == '\0' || length > 1 ? NULL : strchr(named, *at);
	char escape[8];

	if (name != NULL)
		snprintf(escape, sizeof escape, "\\%c", letters[name - named]);
	else
		snprintf(escape, sizeof escape, "\\u%04x",
		    (unsigned)at[length - 1]);
	text_put(buffer, escape);
}

void
quote_json(struct buffer *buffer, struct becket_bytes text)
{
	text_put(buffer, "\"");
	while (text.size > 0) {
		size_t length = sequence_length(text);

		if (length == 0)
			text_put(buffer, "\\ufffd");
		else if (is_control(text.data, length) || *text.data == '"' ||
		         *text.data == '\\')
			put_escaped(buffer, text.data, length);
		else
			text_put_bytes(buffer, text.data, length);
		length += length == 0;
		text.data += length;
		text.size -= length;
	}
	text_put(buffer, "\"");
}

void
quote_proto(struct buffer *buffer, struct becket_bytes text)
{
	char escape[8];

	text_put(buffer, "\"");
	while (text.size > 0) {
		size_t length = sequence_length(text);

		if (length == 1 && (*text.data == '"' || *text.data == '\\')) {
			put_escaped(buffer, text.data, length);
		} else if (length == 0 || is_control(text.data, length)) {
			length = 1;
			snprintf(escape, sizeof escape, "\\%03o",
			    (unsigned)*text.data);
			text_put(buffer, escape);
		} else {
			text_put_bytes(buffer, text.data, length);
		}
		text.data += length;
		text.size -= length;
	}
	text_put(buffer, "\"");
}

size_t
quote_plain(struct buffer *buffer, const char *text)
{
	struct becket_bytes rest = { (const uint8_t *)text, strlen(text) };
	size_t count = 0;

	for (; rest.size > 0; count++) {
		size_t length = sequence_length(rest);

		if (length == 0 || is_control(rest.data, length))
			text_put(buffer, "?");
		else
			text_put_bytes(buffer, rest.data, length);
		length += length == 0;
		rest.data += length;
		rest.size -= length;
	}
	return count;
}
