/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quote.h"

/* ------------------------------------------------------------------ JSON -- */

static void
put_quoted(const char *text)
{
	struct buffer quoted = buffer_empty(&idl_memory);

	quote_json(&quoted,
	    (struct becket_bytes){ (const uint8_t *)text, strlen(text) });
	fwrite(quoted.data, 1, quoted.size, stdout);
	buffer_fini(&quoted);
}

static void
put_name(struct line *line, const char *name)
{
	if (line->comma)
		putchar(',');
	line->comma = true;
	if (name == NULL)
		return;
	put_quoted(name);
	putchar(':');
}

static void
open_bracket(struct line *line, const char *name, char bracket)
{
	put_name(line, name);
	putchar(bracket);
	line->depth++;
	line->comma = false;
}

static void
close_bracket(struct line *line, char bracket)
{
	putchar(bracket);
	line->depth--;
	line->comma = line->depth > 0;
	if (line->depth == 0)
		putchar('\n');
}

void
line_begin(struct line *line, const char *name)
{
	open_bracket(line, name, '{');
}

void
line_end(struct line *line)
{
	close_bracket(line, '}');
}

void
line_array_begin(struct line *line, const char *name)
{
	open_bracket(line, name, '[');
}

void
line_array_end(struct line *line)
{
	close_bracket(line, ']');
}

void
line_string(struct line *line, const char *name, const char *value)
{
	put_name(line, name);
	put_quoted(value);
}

void
line_number(struct line *line, const char *name, uint64_t value)
{
	put_name(line, name);
	printf("%" PRIu64, value);
}

void
line_milliseconds(struct line *line, const char *name, uint64_t ns)
{
	put_name(line, name);
	printf("%" PRIu64 ".%06" PRIu64, ns / 1000000, ns % 1000000);
}

void
line_bool(struct line *line, const char *name, bool value)
{
	put_name(line, name);
	fputs(value ? "true" : "false", stdout);
}

/* "S_ACCESS_DENIED", or the number. */
static const char *
status_name(becket_status status)
{
	static char number[16];
	const char *name = becket_status_name(status);
	if (name != NULL)
		return name;
	snprintf(number, sizeof number, "%#" PRIx32, status);
	return number;
}

void
line_error(struct line *line, const struct becket_error *error)
{
	static const char *const outcomes[] = {
		[BECKET_NOT_SENT] = "not sent",
		[BECKET_MAYBE_EXECUTED] = "maybe executed",
		[BECKET_EXECUTED] = "executed",
	};
	line_string(line, "status", status_name(error->status));
	line_number(line, "code", error->status);
	line_string(line, "outcome", outcomes[error->outcome]);
	line_string(line, "sentence", error->sentence);
	line_string(line, "detail", error->detail);
}

/* ------------------------------------------------------------------ text -- */

static size_t
put_plain(const char *text, FILE *file)
{
	struct buffer plain = buffer_empty(&idl_memory);
	size_t count = quote_plain(&plain, text);

	if (plain.size > 0)
		fwrite(plain.data, 1, plain.size, file);
	buffer_fini(&plain);
	return count;
}

void
print_column(const char *text, int width)
{
	int written = (int)put_plain(text, stdout);
	for (; width > 0 && written < width + 2; written++)
		putchar(' ');
}

void
print_failure(const char *sentence)
{
	fputs("becket: ", stderr);
	(void)put_plain(sentence, stderr);
	putc('\n', stderr);
}

bool
output_is_complete(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}
