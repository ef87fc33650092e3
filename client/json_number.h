/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_NUMBER_H
#define BECKET_CLIENT_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as JSON writes them, exactly: 18446744073709551615 and 1.8e19 are
 * integers, and 1.5 is none.
 */

/* All of text is a number, an integer, and within the bounds. */
bool number_signed(const char *text, size_t size, int64_t low, int64_t high,
    int64_t *ret_value);
bool number_unsigned(const char *text, size_t size, uint64_t high,
    uint64_t *ret_value);

/* All of text is a number, and not too large; also NaN, Infinity, -Infinity. */
bool number_double(const char *text, size_t size, double *ret_value);
bool number_float(const char *text, size_t size, float *ret_value);

/* The shortest text that reads as the same number; finite ones are JSON. */
enum { NUMBER_TEXT = 40 };
void number_print_double(double value, char ret_text[NUMBER_TEXT]);
void number_print_float(float value, char ret_text[NUMBER_TEXT]);

#endif
