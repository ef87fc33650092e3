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
 *   json_begin(&json);
 *   json_string(&json, "name", name);
 *   json_end(&json);
 */
struct json {
	unsigned depth;
	bool comma;
};

/* name is NULL inside an array. */
void json_begin(struct json *json, const char *name);
void json_end(struct json *json); /* of the outermost: a newline, too */
void json_array_begin(struct json *json, const char *name);
void json_array_end(struct json *json);
void json_string(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, uint64_t value);
void json_milliseconds(struct json *json, const char *name, uint64_t ns);
void json_bool(struct json *json, const char *name, bool value);

/* Fields "status", "code", "outcome", "sentence", "detail" of a failure. */
void json_error(struct json *json, const struct becket_error *error);

/* Text and blanks behind it, up to a width and two more; 0: none. */
void print_column(const char *text, int width);

/* A line on stderr: "becket: sentence". */
void print_failure(const char *sentence);

/* "S_ACCESS_DENIED", or the number. */
const char *status_name(becket_status status);

/* Is all that was written really out? */
bool output_is_complete(void);

#endif
