/* SPDX-License-Identifier: MIT */
#include "idl/layout.h"

#include <string.h>

enum { WIDTH = 80, TAB = 8, MORE = 4 };

/* Columns that text takes: bytes that only continue a character take none. */
static size_t
width(const char *text, size_t size)
{
	size_t columns = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\t')
			columns += TAB;
		else
			columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return columns;
}

static void
put_line(struct buffer *text, const char *line, size_t size)
{
	text_put_bytes(text, line, size);
	text_put(text, "\n");
}

static void
put_indent(struct buffer *text, size_t tabs)
{
	for (size_t i = 0; i < tabs; i++)
		text_put(text, "\t");
	text_put(text, "    ");
}

/* What of the list fits into room columns, up to and with a comma; at least
 * the first element.
 */
static size_t
fit(const char *list, size_t size, size_t room)
{
	size_t fits = 0;

	if (width(list, size) <= room)
		return size;
	for (size_t i = 0; i + 1 < size; i++) {
		if (list[i] != ',' || list[i + 1] != ' ')
			continue;
		if (fits != 0 && width(list, i + 1) > room)
			break;
		fits = i + 1;
	}
	return fits == 0 ? size : fits;
}

/* Elements, as many on each line as fit, on lines of their own. */
static void
put_rest(struct buffer *text, size_t tabs, const char *list, size_t size)
{
	while (size > 0) {
		size_t fits = fit(list, size, WIDTH - TAB * tabs - MORE);

		put_indent(text, tabs);
		put_line(text, list, fits);
		fits += fits < size; /* the space behind the comma */
		list += fits;
		size -= fits;
	}
}

static void
put_list(struct buffer *text, size_t tabs, const char *line, size_t size)
{
	size_t fits = fit(line, size, WIDTH);

	put_line(text, line, fits);
	fits += fits < size;
	put_rest(text, tabs, line + fits, size - fits);
}

static size_t
find(const char *line, size_t size, const char *what)
{
	size_t what_size = strlen(what);

	for (size_t i = 0; i + what_size <= size; i++) {
		if (memcmp(line + i, what, what_size) == 0)
			return i;
	}
	return size;
}

/* "type name(a, b);" at the left margin: after the type, if not even the first
 * parameter fits; before the parameters, if there is but one.
 */
static void
put_declaration(struct buffer *text, const char *line, size_t size)
{
	size_t open = find(line, size, "(") + 1;
	size_t comma = find(line, size, ",") + 1;
	size_t name = open;

	while (name > 0 && line[name - 1] != ' ' && line[name - 1] != '*')
		name--;
	if (comma > size) {
		put_line(text, line, open);
		put_rest(text, 0, line + open, size - open);
	} else if (width(line, comma) <= WIDTH || name == 0) {
		put_list(text, 0, line, size);
	} else {
		put_line(text, line, name - 1);
		put_list(text, 0, line + name, size - name);
	}
}

static void
put_initialisation(struct buffer *text, size_t tabs, const char *line,
    size_t size)
{
	size_t value = find(line, size, " = ") + 3;

	put_line(text, line, value - 1);
	put_rest(text, tabs, line + value, size - value);
}

void
layout_line(struct buffer *text, const char *line, size_t size)
{
	size_t tabs = strspn(line, "\t");

	if (width(line, size) <= WIDTH)
		put_line(text, line, size);
	else if (find(line, size, "(") < size && tabs == 0)
		put_declaration(text, line, size);
	else if (find(line, size, "(") < size)
		put_list(text, tabs, line, size);
	else if (find(line, size, " = ") < size)
		put_initialisation(text, tabs, line, size);
	else
		put_list(text, tabs, line, size);
}
