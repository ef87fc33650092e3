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

/* false: not even the first element fits. */
static bool
put_list(struct buffer *text, size_t tabs, const char *line, size_t size)
{
	size_t fits = fit(line, size, WIDTH);
	bool done = width(line, fits) <= WIDTH;

	put_line(text, line, fits);
	fits += fits < size;
	put_rest(text, tabs, line + fits, size - fits);
	return done;
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

static void
put_initialisation(struct buffer *text, size_t tabs, const char *line,
    size_t size)
{
	size_t value = find(line, size, " = ") + 3;

	put_line(text, line, value - 1);
	put_rest(text, tabs, line + value, size - value);
}

/* "name(a, b);" or "name(a, b)" at the left margin. */
static bool
put_function(struct buffer *text, const char *line, size_t size)
{
	size_t open = find(line, size, "(") + 1;
	size_t comma = find(line, size, ",") + 1;

	if (width(line, size) <= WIDTH) {
		put_line(text, line, size);
		return true;
	}
	if (comma <= size && width(line, comma) <= WIDTH)
		return put_list(text, 0, line, size);
	put_line(text, line, open);
	put_rest(text, 0, line + open, size - open);
	return comma > size;
}

/* "type name(a, b);" at the left margin. What cannot have its first parameter
 * on the line of its type goes to the next, unless there is but one.
 */
static bool
put_declaration(struct buffer *text, const char *line, size_t size)
{
	size_t open = find(line, size, "(") + 1;
	size_t comma = find(line, size, ",") + 1;
	size_t first = comma > size ? open : comma;
	size_t name = open;

	while (name > 0 && line[name - 1] != ' ')
		name--;
	if (name == 0 || width(line, first) <= WIDTH)
		return put_function(text, line, size);
	put_line(text, line, name - 1);
	return put_function(text, line + name, size - name);
}

/* "extern const struct type name;". Not "static const struct type name = {":
 * clang-format would put all that follows deeper.
 */
static bool
put_object(struct buffer *text, const char *line, size_t size)
{
	size_t name = size;

	while (name > 0 && line[name - 1] != ' ')
		name--;
	if (name == 0 || line[size - 1] != ';') {
		put_line(text, line, size);
		return false;
	}
	put_line(text, line, name - 1);
	put_rest(text, 0, line + name, size - name);
	return true;
}

/* "status = name(a, b);": what is assigned goes to a line of its own if it is
 * whole there.
 */
static bool
put_call(struct buffer *text, size_t tabs, const char *line, size_t size)
{
	size_t value = find(line, size, " = ") + 3;

	if (value > find(line, size, "(") ||
	    size - value > WIDTH - TAB * tabs - MORE)
		return put_list(text, tabs, line, size);
	put_initialisation(text, tabs, line, size);
	return true;
}

/* "becket_status (*name)(a, b);" in a struct: clang-format would rather break
 * in the first parenthesis than in the second.
 */
static bool
put_pointer(struct buffer *text, size_t tabs, const char *line, size_t size)
{
	size_t open = find(line, size, "(*") + 1;
	size_t comma = find(line, size, ",") + 1;
	size_t room = WIDTH - TAB * tabs - MORE;

	if (width(line + open, size - open) > room && comma <= size &&
	    width(line, comma) <= WIDTH)
		return put_list(text, tabs, line, size);
	put_line(text, line, open);
	put_rest(text, tabs, line + open, size - open);
	return true;
}

bool
layout_line(struct buffer *text, const char *line, size_t size)
{
	size_t tabs = strspn(line, "\t");
	bool call = find(line, size, "(") < size;

	if (width(line, size) <= WIDTH)
		put_line(text, line, size);
	else if (call && tabs == 0)
		return put_declaration(text, line, size);
	else if (call && find(line, size, " (*") < size)
		return put_pointer(text, tabs, line, size);
	else if (call)
		return put_call(text, tabs, line, size);
	else if (tabs == 0)
		return put_object(text, line, size);
	else
		put_initialisation(text, tabs, line, size);
	return true;
}
