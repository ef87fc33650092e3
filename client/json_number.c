/* SPDX-License-Identifier: MIT */
#include "json_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 20, LONGEST = 2000, UNREASONABLE = 100000 };

static size_t
digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* How many characters in front of text are a number by the grammar of JSON; 0:
 * it begins with none. Behind text is a NUL or something else that ends it.
 */
static size_t
number_length(const char *text)
{
	const char *at = text + (*text == '-');
	size_t more = digits(at);

	if (more == 0 || (*at == '0' && more > 1))
		return 0;
	at += more;
	if (*at == '.') {
		more = digits(at + 1);
		if (more == 0)
			return 0;
		at += 1 + more;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '-' || *at == '+';
		more = digits(at);
		if (more == 0)
			return 0;
		at += more;
	}
	return (size_t)(at - text);
}

/* A number as its digits, without those that change nothing, times ten to the
 * power.
 */
struct decimal {
	bool is_negative;
	char digits[MOST_DIGITS + 1];
	size_t count; /* 0: zero */
	long power;
	bool is_long; /* more digits than there is room for */
};

static void
add_digit(struct decimal *decimal, char digit)
{
	if (decimal->count == 0 && digit == '0')
		return;
	if (decimal->count < MOST_DIGITS)
		decimal->digits[decimal->count++] = digit;
	else if (digit == '0')
		decimal->power++;
	else
		decimal->is_long = true;
}

/* One that is beyond reason is as good as any such. */
static long
exponent(const char *text)
{
	long value = strtol(text, NULL, 10);

	return value > UNREASONABLE    ? UNREASONABLE
	       : value < -UNREASONABLE ? -UNREASONABLE
	                               : value;
}

static struct decimal
read_decimal(const char *text)
{
	struct decimal decimal = { .is_negative = *text == '-' };
	size_t whole, part = 0;

	text += decimal.is_negative;
	whole = digits(text);
	for (size_t i = 0; i < whole; i++)
		add_digit(&decimal, text[i]);
	text += whole;
	if (*text == '.') {
		part = digits(++text);
		decimal.power -= (long)part;
		for (size_t i = 0; i < part; i++)
			add_digit(&decimal, text[i]);
		text += part;
	}
	if (*text == 'e' || *text == 'E')
		decimal.power += exponent(text + 1);
	while (decimal.count > 0 && decimal.digits[decimal.count - 1] == '0' &&
	       !decimal.is_long) {
		decimal.count--;
		decimal.power++;
	}
	return decimal;
}

static bool
magnitude(const struct decimal *decimal, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (decimal->count == 0) {
		*ret_value = 0;
		return true;
	}
	if (decimal->is_long || decimal->power < 0 ||
	    decimal->power > MOST_DIGITS)
		return false;
	for (size_t i = 0; i < decimal->count + (size_t)decimal->power; i++) {
		unsigned digit =
		    i < decimal->count ? (unsigned)decimal->digits[i] - '0' : 0;

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = 10 * value + digit;
	}
	*ret_value = value;
	return true;
}

/* A copy with a NUL, if it is a number from end to end. */
static bool
copy_number(const char *text, size_t size, char ret_copy[LONGEST])
{
	if (size >= LONGEST)
		return false;
	memcpy(ret_copy, text, size);
	ret_copy[size] = '\0';
	return size > 0 && number_length(ret_copy) == size;
}

bool
number_signed(const char *text, size_t size, int64_t low, int64_t high,
    int64_t *ret_value)
{
	char copy[LONGEST];
	struct decimal decimal;
	uint64_t value;
	int64_t number;

	if (!copy_number(text, size, copy))
		return false;
	decimal = read_decimal(copy);
	if (!magnitude(&decimal, &value) ||
	    value > (uint64_t)INT64_MAX + decimal.is_negative)
		return false;
	number = decimal.is_negative ? (int64_t)(0 - value) : (int64_t)value;
	if (number < low || number > high)
		return false;
	*ret_value = number;
	return true;
}

bool
number_unsigned(const char *text, size_t size, uint64_t high,
    uint64_t *ret_value)
{
	char copy[LONGEST];
	struct decimal decimal;
	uint64_t value;

	if (!copy_number(text, size, copy))
		return false;
	decimal = read_decimal(copy);
	if (!magnitude(&decimal, &value) || value > high ||
	    (decimal.is_negative && value > 0))
		return false;
	*ret_value = value;
	return true;
}

static bool
special(const char *text, size_t size, double *ret_value)
{
	static const struct {
		const char *name;
		double value;
	} specials[] = { { "NaN", (double)NAN }, { "Infinity", HUGE_VAL },
		{ "-Infinity", -HUGE_VAL } };

	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (size == strlen(specials[i].name) &&
		    memcmp(text, specials[i].name, size) == 0) {
			*ret_value = specials[i].value;
			return true;
		}
	return false;
}

bool
number_double(const char *text, size_t size, double *ret_value)
{
	char copy[LONGEST];
	double value;

	if (special(text, size, ret_value))
		return true;
	if (!copy_number(text, size, copy))
		return false;
	value = strtod(copy, NULL);
	if (!isfinite(value))
		return false;
	*ret_value = value;
	return true;
}

bool
number_float(const char *text, size_t size, float *ret_value)
{
	char copy[LONGEST];
	double other;
	float value;

	if (special(text, size, &other)) {
		*ret_value = (float)other;
		return true;
	}
	if (!copy_number(text, size, copy))
		return false;
	value = strtof(copy, NULL);
	if (!isfinite(value))
		return false;
	*ret_value = value;
	return true;
}

void
number_print_double(double value, char ret_text[NUMBER_TEXT])
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(ret_text, NUMBER_TEXT, "%.*g", digits, value);
		if (!(strtod(ret_text, NULL) < value) &&
		    !(strtod(ret_text, NULL) > value))
			return;
	}
}

void
number_print_float(float value, char ret_text[NUMBER_TEXT])
{
	for (int digits = 6; digits <= 9; digits++) {
		snprintf(ret_text, NUMBER_TEXT, "%.*g", digits, (double)value);
		if (!(strtof(ret_text, NULL) < value) &&
		    !(strtof(ret_text, NULL) > value))
			return;
	}
}
