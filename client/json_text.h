/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_TEXT_H
#define BECKET_CLIENT_JSON_TEXT_H

#include <jansson.h>
#include <stdio.h>

#include "idl/text.h"

/*
 * JSON values out of a text, one behind the other, as jansson reads them; and
 * beside that what jansson forgets: where each value stands, for complaints,
 * and the digits of its number, of which a double would lose some.
 *
 * The values of a tree are counted from 0, a container before what is in it,
 * in the order of the text. That is also the order in which jansson walks
 * through an object.
 */
struct json_place {
	size_t at; /* of the value */
	size_t
	    key; /* of the name in front of it; the same where there is none */
};

struct json_text {
	json_t *root;
	const char *text; /* from its first character to its last */
	size_t size;
	struct json_place *places;
	size_t place_count;
	size_t line, column; /* where it begins, from 1 */
};

/* Where values come from. */
struct json_source {
	struct arena *arena; /* for sentences */
	FILE *file;
	struct buffer text; /* of the value that is read */
	size_t line, column;
	unsigned char ahead[8]; /* what was read too early: a character */
	size_t ahead_at, ahead_size;
	const char *sentence;
};

struct json_source json_source(struct arena *arena, FILE *file);
void json_source_fini(struct json_source *source);

/* Read the next value; false: there is none, and source->sentence is NULL if
 * that is the end, else says what is wrong and where. *ret_text lives until the
 * next is read; give it back with json_text_fini().
 */
bool json_source_next(struct json_source *source, struct json_text *ret_text);
void json_text_fini(struct json_text *text);

/* "line 2, column 7" of a byte of the value's text. */
const char *json_text_where(struct arena *arena, const struct json_text *text,
    size_t at);

#endif
