/* SPDX-License-Identifier: MIT */
#include "json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAGS = JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY |
	        JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL |
	        JSON_DECODE_INT_AS_REAL,
};

static const char space[] = " \t\r\n";

struct json_source
json_source(struct arena *arena, FILE *file)
{
	return (struct json_source){
		.arena = arena,
		.file = file,
		.text = buffer_empty(&idl_memory),
		.line = 1,
		.column = 1,
	};
}

void
json_source_fini(struct json_source *source)
{
	buffer_fini(&source->text);
}

void
json_text_fini(struct json_text *text)
{
	json_decref(text->root);
	free(text->places);
	text->root = NULL;
	text->places = NULL;
}

/* --------------------------------------------------------------- reading -- */

static int
get(struct json_source *source)
{
	if (source->ahead_at < source->ahead_size)
		return source->ahead[source->ahead_at++];
	return getc_unlocked(source->file); /* one thread alone reads it */
}

/* Right after get(). */
static void
unget(struct json_source *source, int c)
{
	if (source->ahead_at == 0)
		source->ahead_size = source->ahead_at = 1;
	source->ahead[--source->ahead_at] = (unsigned char)c;
}

/* Columns are counted in characters, as an editor does. */
static void
pass(size_t *line, size_t *column, int c)
{
	if (c == '\n') {
		++*line;
		*column = 1;
	} else if ((c & 0xc0) != 0x80) {
		++*column;
	}
}

/* One character at a time, so that nothing of the next value is read, which may
 * be long in coming.
 */
static size_t
get_for_jansson(void *block, size_t size, void *source_)
{
	struct json_source *source = source_;
	int c = get(source);
	char byte = (char)c;

	(void)size;
	if (c == EOF)
		return 0;
	text_put_bytes(&source->text, &byte, 1);
	memcpy(block, &byte, 1);
	return 1;
}

/* false: the end. */
static bool
skip_space(struct json_source *source)
{
	int c;

	while ((c = get(source)) != EOF) {
		if (c == '\0' || strchr(space, c) == NULL) {
			unget(source, c);
			return true;
		}
		pass(&source->line, &source->column, c);
	}
	return false;
}

const char *
json_text_where(struct arena *arena, const struct json_text *text, size_t at)
{
	size_t line = text->line, column = text->column;

	for (size_t i = 0; i < at && i < text->size; i++)
		pass(&line, &column, (unsigned char)text->text[i]);
	return text_print(arena, "line %zu, column %zu", line, column);
}

/* ---------------------------------------------------------------- places -- */

struct scan {
	const char *text;
	size_t size, at;
	struct json_place *places;
	size_t count;
};

/* From a quote to behind the next that is not escaped. */
static void
skip_string(struct scan *scan)
{
	for (scan->at++; scan->at < scan->size; scan->at++) {
		if (scan->text[scan->at] == '\\')
			scan->at++;
		else if (scan->text[scan->at] == '"')
			break;
	}
	scan->at++;
}

static bool
is_at(const struct scan *scan, const char *characters)
{
	return scan->at < scan->size && scan->text[scan->at] != '\0' &&
	       strchr(characters, scan->text[scan->at]) != NULL;
}

static void
skip(struct scan *scan, const char *characters)
{
	while (is_at(scan, characters))
		scan->at++;
}

static void
add_place(struct scan *scan, size_t key)
{
	size_t size = sizeof *scan->places;

	if ((scan->count & (scan->count + 1)) == 0) /* 2^n - 1 are full */
		scan->places = idl_memory.resize(NULL, scan->places,
		    scan->count * size, 2 * (scan->count + 1) * size);
	scan->places[scan->count++] = (struct json_place){ scan->at, key };
}

/* What jansson has found to be JSON needs no stack to be walked through: a
 * string with a colon behind it is a name, everything else a value.
 */
static bool
is_name(struct scan *scan)
{
	size_t at = scan->at;
	bool is;

	if (!is_at(scan, "\""))
		return false;
	skip_string(scan);
	skip(scan, space);
	is = is_at(scan, ":");
	if (!is)
		scan->at = at;
	return is;
}

static void
skip_value(struct scan *scan)
{
	if (is_at(scan, "\""))
		skip_string(scan);
	else if (is_at(scan, "{["))
		scan->at++;
	else
		while (scan->at < scan->size && !is_at(scan, " \t\r\n,]}"))
			scan->at++;
}

static void
find_places(struct json_text *text)
{
	struct scan scan = { .text = text->text, .size = text->size };
	size_t begin;

	for (;;) {
		skip(&scan, " \t\r\n,:]}");
		if (scan.at >= scan.size)
			break;
		begin = scan.at;
		if (is_name(&scan))
			skip(&scan, " \t\r\n:");
		add_place(&scan, begin);
		skip_value(&scan);
	}
	text->places = scan.places;
	text->place_count = scan.count;
}

/* Which looks like its end. */
static bool
cannot_be_read(struct json_source *source)
{
	if (!ferror(source->file))
		return false;
	source->sentence = text_print(source->arena,
	    "the requests cannot be read: %s", strerror(errno));
	return true;
}

static void
complain(struct json_source *source, struct json_text *text,
    const json_error_t *error)
{
	size_t at = error->position > 0 ? (size_t)error->position - 1 : 0;

	if (cannot_be_read(source))
		return;
	text->size = source->text.size;
	source->sentence = text_print(source->arena, "%s: %s",
	    json_text_where(source->arena, text, at), error->text);
}

/* What jansson had to see behind the value belongs to the next. */
static void
put_back(struct json_source *source, size_t size)
{
	source->ahead_at = 0;
	source->ahead_size = source->text.size - size;
	if (source->ahead_size > 0)
		memcpy(source->ahead, source->text.data + size,
		    source->ahead_size);
	source->text.size = size;
}

bool
json_source_next(struct json_source *source, struct json_text *ret_text)
{
	json_error_t error;
	struct json_text text = { 0 };

	source->sentence = NULL;
	source->text.size = 0;
	if (!skip_space(source)) {
		(void)cannot_be_read(source);
		return false;
	}
	text.line = source->line;
	text.column = source->column;
	text.root = json_load_callback(get_for_jansson, source, FLAGS, &error);
	text.text = (const char *)source->text.data;
	if (text.root == NULL) {
		complain(source, &text, &error);
		return false;
	}
	put_back(source, (size_t)error.position);
	text.size = source->text.size;
	for (size_t i = 0; i < text.size; i++)
		pass(&source->line, &source->column,
		    (unsigned char)text.text[i]);
	find_places(&text);
	*ret_text = text;
	return true;
}
