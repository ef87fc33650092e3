/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_OUTPUT_H
#define BECKET_CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "becket.h"

/*
 * What `becket` writes. Text that came from a server is never trusted: on a
 * terminal its control characters become '?', in JSON they are escaped, and
 * what is no UTF-8 becomes U+FFFD.
 */

/* One JSON object on a line of its own, made field by field; objects and
 * arrays nest. Commas take care of themselves.
 *
 *   line_begin(&line);
 *   line_string(&line, "name", name);
 *   line_end(&line);
 */
struct line {
	unsigned depth;
	bool comma;
};

/* name is NULL inside an array. */
void line_begin(struct line *line, const char *name);
void line_end(struct line *line); /* of the outermost: a newline, too */
void line_array_begin(struct line *line, const char *name);
void line_array_end(struct line *line);
void line_string(struct line *line, const char *name, const char *value);
void line_number(struct line *line, const char *name, uint64_t value);
void line_milliseconds(struct line *line, const char *name, uint64_t ns);
void line_bool(struct line *line, const char *name, bool value);

/* Fields "status", "code", "outcome", "sentence", "detail" of a failure. */
void line_error(struct line *line, const struct becket_error *error);

/* Text and blanks behind it, up to a width and two more; 0: none. */
void print_column(const char *text, int width);

/* A line on stderr: "becket: sentence". */
void print_failure(const char *sentence);

/* Is all that was written really out? */
bool output_is_complete(void);

#endif
