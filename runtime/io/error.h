/* SPDX-License-Identifier: MIT */
#ifndef IO_ERROR_H
#define IO_ERROR_H

#include "becket.h"

/*
 * The error record of a thread, which becket_error_last() shows: written here
 * and nowhere else, by whatever public function fails with something worth a
 * sentence. Its texts are bounded copies, so it takes no memory and outlives
 * all that it speaks of; what is cut ends in "...".
 */

/* Where it failed; NULL or "": unknown, or of no interest. */
struct error_place {
	const char *protseq, *host, *endpoint;
	const char *interface, *operation;
};

enum { ERROR_STATUS_SIZE = 48 };

/* A status in words. One without a name is an application's own, which came
 * from the server: then its number, written to text.
 */
const char *error_status_text(becket_status status,
    char text[ERROR_STATUS_SIZE]);

/* Write the record. what: why it failed, NULL: error_status_text(). detail: the
 * server's sentence, size bytes; control characters become '?'. Returns status.
 */
becket_status error_set_call(becket_status status, enum becket_outcome outcome,
    const struct error_place *place, const char *what, const char *detail,
    size_t detail_size);

/* Add the server's details: wire/status_message.h. */
void error_set_details(struct becket_bytes details);

/* Failures that are no call's: NOT_SENT, and the sentence as given. */
becket_status error_set(becket_status status, const char *format, ...)
    BECKET_PRINTF(2, 3);

/* The same with the status's own text; S_OK is returned and nothing else. */
becket_status error_say(becket_status status);

/* The status's own text, and of places what people miss. */
const char *error_place_text(becket_status status);

/* The same for a string binding. why: NULL: error_place_text(). */
becket_status error_set_string(becket_status status, const char *string,
    const char *why);

#endif
