/* SPDX-License-Identifier: MIT */
#ifndef GRPC_TEXT_H
#define GRPC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/bytes.h"

/*
 * The texts that gRPC puts into header fields: percent-encoded sentences,
 * binary values in base64, times with a unit, numbers.
 */

/* grpc-message: all but printable ASCII, and '%', becomes %XX. Appends to
 * ret_text, which is the caller's also on failure; false: no memory.
 */
bool text_percent_encode(struct becket_bytes sentence, struct buffer *ret_text);
/* Never fails for what it reads: what is no %XX stays as it is. What comes out
 * is UTF-8 without NUL; bytes that are neither become '?'.
 */
bool text_percent_decode(struct becket_bytes text, struct buffer *ret_sentence);

/* "-bin" values: written without padding, read with and without. Text that has
 * room for text_base64_size() more does not move.
 */
size_t text_base64_size(size_t size);
bool text_base64_encode(struct becket_bytes bytes, struct buffer *ret_text);
/* false: no memory, or no base64. */
bool text_base64_decode(struct becket_bytes text, struct buffer *ret_bytes);

/* A number of at most 10 decimal digits that fits. */
bool text_get_number(struct becket_bytes text, uint32_t *ret_number);
/* Of at most 18 digits. */
bool text_get_size(struct becket_bytes text, uint64_t *ret_size);
enum { TEXT_NUMBER_SIZE = 11 };
/* Decimal, with a NUL; returns its size without. */
size_t text_put_number(uint64_t number, char ret_text[TEXT_NUMBER_SIZE]);

/* grpc-timeout: at most 8 digits and a unit. Microseconds, rounded up; 0 stays
 * 0. false: malformed.
 */
bool text_get_timeout(struct becket_bytes text, uint64_t *ret_us);
enum { TEXT_TIMEOUT_SIZE = TEXT_NUMBER_SIZE + 1 };
/* As exact as 8 digits can be, rounded up; with a NUL. */
size_t text_put_timeout(uint64_t us, char ret_text[TEXT_TIMEOUT_SIZE]);

/* Names are in lower case as they are; this one is cheap for a literal. */
static inline bool
text_is(struct becket_bytes bytes, const char *word)
{
	size_t size = strlen(word);

	return bytes.size == size && memcmp(bytes.data, word, size) == 0;
}

/* Without regard to the case of ASCII. */
bool text_equal(struct becket_bytes bytes, const char *text);
bool text_begins(struct becket_bytes bytes, const char *text);
struct becket_bytes text_trim(struct becket_bytes text);
/* Take the first word off a list with commas, trimmed; false: that was all. */
bool text_next_of_list(struct becket_bytes *list,
    struct becket_bytes *ret_word);
/* Is word one of a list with commas? */
bool text_lists(struct becket_bytes list, const char *word);

#endif
