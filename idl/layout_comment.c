/* SPDX-License-Identifier: MIT */
#include "idl/layout.h"

#include <string.h>

enum { COLUMNS = 80, CLOSE = 3 };

/* A comment on its way out, a line at a time. */
struct comment {
	struct buffer *text;
	const char *indent;
	struct buffer line; /* not written yet */
	size_t lines;       /* written */
};

static size_t
columns(const struct comment *comment, const struct buffer *line)
{
	size_t count = 3; /* of the frame */

	for (const char *at = comment->indent; *at != '\0'; at++)
		count += *at == '\t' ? 8 : 1;
	for (size_t i = 0; i < line->size; i++)
		count += (line->data[i] & 0xc0) != 0x80;
	return count;
}

/* What neither ends a comment nor looks like the beginning of another. */
static void
put_harmless(struct buffer *line, uint8_t c)
{
	uint8_t last = line->size == 0 ? 0 : line->data[line->size - 1];

	if ((c == '/' && last == '*') || (c == '*' && last == '/'))
		text_put(line, " ");
	if (c >= ' ' && c != 0x7f)
		text_put_bytes(line, &c, 1);
}

static void
end_line(struct comment *comment)
{
	struct buffer *line = &comment->line;

	while (line->size > 0 && line->data[line->size - 1] == ' ')
		line->size--;
	text_put(comment->text, comment->indent);
	text_put(comment->text, comment->lines == 0 ? "/*" : " *");
	if (line->size > 0)
		text_put(comment->text, " ");
	text_put_bytes(comment->text, line->data, line->size);
	line->size = 0;
	comment->lines++;
}

/* Append a word with the spaces before it; on the next line, if it is too
 * long for this one.
 */
static void
put_word(struct comment *comment, const char *word, size_t spaces, size_t size)
{
	struct buffer *line = &comment->line;
	size_t before = line->size;

	for (size_t i = 0; i < spaces; i++)
		text_put(line, " ");
	for (size_t i = 0; i < size; i++)
		put_harmless(line, (uint8_t)word[spaces + i]);
	if (before == 0 || columns(comment, line) <= COLUMNS)
		return;
	line->size = before;
	end_line(comment);
	text_put(comment->text, "\n");
	for (size_t i = 0; i < size; i++)
		put_harmless(line, (uint8_t)word[spaces + i]);
}

static void
put_words(struct comment *comment, const char *line, size_t size)
{
	while (size > 0) {
		size_t spaces = 0, word = 0;

		while (spaces < size && (unsigned char)line[spaces] <= ' ')
			spaces++;
		while (spaces + word < size &&
		       (unsigned char)line[spaces + word] > ' ')
			word++;
		if (word > 0)
			put_word(comment, line, spaces, word);
		line += spaces + word;
		size -= spaces + word;
	}
}

/* The end: on the same line where there is room, if it is the only one. */
static void
close_comment(struct comment *comment)
{
	bool fits = comment->lines == 0 &&
	            columns(comment, &comment->line) + CLOSE <= COLUMNS;

	end_line(comment);
	if (!fits) {
		text_put(comment->text, "\n");
		text_put(comment->text, comment->indent);
	}
	text_put(comment->text, " */\n");
}

void
layout_comment(struct buffer *text, const char *indent, const char *comment)
{
	struct comment c = {
		.text = text,
		.indent = indent,
		.line = buffer_empty(&idl_memory),
	};
	size_t size = strlen(comment);

	/* the second star of a Javadoc comment */
	if (comment[0] == '*' && comment[1] == '\n') {
		comment += 2;
		size -= 2;
	}
	while (size > 0 && (unsigned char)comment[size - 1] <= ' ')
		size--;
	while (size > 0) {
		const char *end = memchr(comment, '\n', size);
		size_t line = end == NULL ? size : (size_t)(end - comment);
		size_t skip = line > 0 && *comment == ' ';

		put_words(&c, comment + skip, line - skip);
		if (end == NULL)
			break;
		end_line(&c);
		text_put(text, "\n");
		comment += line + 1;
		size -= line + 1;
	}
	close_comment(&c);
	buffer_fini(&c.line);
}
