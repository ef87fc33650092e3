/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ JSON -- */

/* The length of the UTF-8 sequence at text; 0: it is none. Overlong forms,
 * surrogates and what is past U+10FFFF are none.
 */
static size_t
sequence_length(const unsigned char *text)
{
	unsigned char c = text[0];
	unsigned char low = 0x80, high = 0xbf;
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
	for (size_t i = 1; i < length; i++) {
		if (text[i] < low || text[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static void
put_quoted(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	putchar('"');
	while (*p != '\0') {
		size_t length = sequence_length(p);
		if (length == 0)
			fputs("\\ufffd", stdout);
		else if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			fwrite(p, 1, length, stdout);
		p += length == 0 ? 1 : length;
	}
	putchar('"');
}

static void
put_name(struct json *json, const char *name)
{
	if (json->comma)
		putchar(',');
	json->comma = true;
	if (name == NULL)
		return;
	put_quoted(name);
	putchar(':');
}

static void
open_bracket(struct json *json, const char *name, char bracket)
{
	put_name(json, name);
	putchar(bracket);
	json->depth++;
	json->comma = false;
}

static void
close_bracket(struct json *json, char bracket)
{
	putchar(bracket);
	json->depth--;
	json->comma = json->depth > 0;
	if (json->depth == 0)
		putchar('\n');
}

void
json_begin(struct json *json, const char *name)
{
	open_bracket(json, name, '{');
}

void
json_end(struct json *json)
{
	close_bracket(json, '}');
}

void
json_array_begin(struct json *json, const char *name)
{
	open_bracket(json, name, '[');
}

void
json_array_end(struct json *json)
{
	close_bracket(json, ']');
}

void
json_string(struct json *json, const char *name, const char *value)
{
	put_name(json, name);
	put_quoted(value);
}

void
json_number(struct json *json, const char *name, uint64_t value)
{
	put_name(json, name);
	printf("%" PRIu64, value);
}

void
json_milliseconds(struct json *json, const char *name, uint64_t ns)
{
	put_name(json, name);
	printf("%" PRIu64 ".%06" PRIu64, ns / 1000000, ns % 1000000);
}

void
json_bool(struct json *json, const char *name, bool value)
{
	put_name(json, name);
	fputs(value ? "true" : "false", stdout);
}

void
json_error(struct json *json, const struct becket_error *error)
{
	static const char *const outcomes[] = {
		[BECKET_NOT_SENT] = "not sent",
		[BECKET_MAYBE_EXECUTED] = "maybe executed",
		[BECKET_EXECUTED] = "executed",
	};
	json_string(json, "status", status_name(error->status));
	json_number(json, "code", error->status);
	json_string(json, "outcome", outcomes[error->outcome]);
	json_string(json, "sentence", error->sentence);
	json_string(json, "detail", error->detail);
}

/* ------------------------------------------------------------------ text -- */

void
print_column(const char *text, int width)
{
	int written = 0;
	for (const char *p = text; *p != '\0'; p++, written++) {
		unsigned char c = (unsigned char)*p;
		putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
	for (; width > 0 && written < width + 2; written++)
		putchar(' ');
}

void
print_failure(const char *sentence)
{
	fputs("becket: ", stderr);
	for (const char *p = sentence; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		putc(c < 0x20 || c == 0x7f ? '?' : c, stderr);
	}
	putc('\n', stderr);
}

const char *
status_name(becket_status status)
{
	static char number[16];
	const char *name = becket_status_name(status);
	if (name != NULL)
		return name;
	snprintf(number, sizeof number, "%#" PRIx32, status);
	return number;
}

bool
output_is_complete(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}
