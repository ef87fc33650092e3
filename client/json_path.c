/* SPDX-License-Identifier: MIT */
#include "json_path.h"

#include "idl/text.h"

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Without what JSON writes otherwise: "_a" there is "A". */
static bool
is_plain(char c)
{
	return is_lower(c) || (c >= '0' && c <= '9') || c == '.';
}

bool
path_read(const char *text, size_t size, struct buffer *out)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (is_upper(c)) {
			text_put(out, "_");
			c = (char)(c - 'A' + 'a');
		}
		if (!is_plain(c))
			return false;
		text_put_bytes(out, &c, 1);
	}
	return size > 0;
}

bool
path_print(struct becket_bytes path, struct buffer *out)
{
	for (size_t i = 0; i < path.size; i++) {
		char c = (char)path.data[i];
		bool is_upper_there = c == '_';

		if (is_upper_there && ++i < path.size)
			c = (char)path.data[i];
		if (is_upper_there ? !is_lower(c) : !is_plain(c))
			return false;
		if (is_upper_there)
			c = (char)(c - 'a' + 'A');
		text_put_bytes(out, &c, 1);
	}
	return true;
}
