/* SPDX-License-Identifier: MIT */
#include "json_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SECOND (-INT64_C(62135596800)) /* of year 1 */
#define LAST_SECOND  INT64_C(253402300799)   /* of year 9999 */
#define LONGEST      INT64_C(315576000000)   /* of a duration: 10000 years */

enum { BILLION = 1000000000, DAY = 86400, ENOUGH = 64, FRACTION = 16 };

/* ----------------------------------------------------------------- parts -- */

/* Exactly so many digits, and a number within bounds. */
static bool
take_number(const char **text, int count, int low, int high, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++, ++*text) {
		if (**text < '0' || **text > '9')
			return false;
		value = 10 * value + (**text - '0');
	}
	*ret_value = value;
	return value >= low && value <= high;
}

static bool
take(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* ".5", or nothing. */
static bool
take_fraction(const char **text, int32_t *ret_nanos)
{
	int32_t nanos = 0, unit = BILLION;

	*ret_nanos = 0;
	if (!take(text, '.'))
		return true;
	for (; **text >= '0' && **text <= '9'; ++*text) {
		unit /= 10;
		if (unit == 0)
			return false;
		nanos += unit * (**text - '0');
	}
	*ret_nanos = nanos;
	return unit < BILLION;
}

/* With as many digits as are needed, in threes. */
static void
print_fraction(int32_t nanos, char ret_text[FRACTION])
{
	int digits = nanos % 1000000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9;

	if (nanos == 0)
		*ret_text = '\0';
	else
		snprintf(ret_text, FRACTION, ".%09" PRId32, nanos);
	if (nanos != 0)
		ret_text[1 + digits] = '\0';
}

/* A copy with a NUL; false: it is too long to be any. */
static bool
copy(const char *text, size_t size, char ret_copy[ENOUGH])
{
	if (size >= ENOUGH || memchr(text, '\0', size) != NULL)
		return false;
	memcpy(ret_copy, text, size);
	ret_copy[size] = '\0';
	return true;
}

/* ------------------------------------------------------------ timestamps -- */

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* From 1970-01-01 on; years begin in March, so that the odd day is the last.
 */
static int64_t
days_from(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       1 - 719468;
}

static void
date_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t era_day = days + 719468;
	int64_t era = era_day / 146097;
	int64_t d = era_day % 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t m;

	d -= 365 * y + y / 4 - y / 100;
	m = (5 * d + 2) / 153;
	*ret_day = (int)(d - (153 * m + 2) / 5 + 1);
	*ret_month = (int)(m < 10 ? m + 3 : m - 9);
	*ret_year = (int)(y + era * 400 + (*ret_month <= 2));
}

/* "Z", "+01:30" */
static bool
take_offset(const char **text, int64_t *ret_seconds)
{
	int hours, minutes, sign = **text == '-' ? -1 : 1;

	*ret_seconds = 0;
	if (take(text, 'Z'))
		return true;
	if (!take(text, '+') && !take(text, '-'))
		return false;
	if (!take_number(text, 2, 0, 23, &hours) || !take(text, ':') ||
	    !take_number(text, 2, 0, 59, &minutes))
		return false;
	*ret_seconds = sign * (hours * INT64_C(3600) + minutes * 60);
	return true;
}

static bool
take_date(const char **text, int64_t *ret_days)
{
	int year, month, day;

	if (!take_number(text, 4, 1, 9999, &year) || !take(text, '-') ||
	    !take_number(text, 2, 1, 12, &month) || !take(text, '-') ||
	    !take_number(text, 2, 1, days_of_month(year, month), &day))
		return false;
	*ret_days = days_from(year, month, day);
	return true;
}

bool
timestamp_read(const char *text, size_t size, struct moment *ret_moment)
{
	char terminated[ENOUGH];
	const char *at = terminated;
	int64_t days, offset;
	int hour, minute, second;
	struct moment moment;

	if (!copy(text, size, terminated) || !take_date(&at, &days) ||
	    !take(&at, 'T') || !take_number(&at, 2, 0, 23, &hour) ||
	    !take(&at, ':') || !take_number(&at, 2, 0, 59, &minute) ||
	    !take(&at, ':') || !take_number(&at, 2, 0, 59, &second) ||
	    !take_fraction(&at, &moment.nanos) || !take_offset(&at, &offset) ||
	    *at != '\0')
		return false;
	moment.seconds =
	    days * DAY + hour * 3600 + minute * 60 + second - offset;
	if (moment.seconds < FIRST_SECOND || moment.seconds > LAST_SECOND)
		return false;
	*ret_moment = moment;
	return true;
}

bool
timestamp_print(struct moment moment, char ret_text[MOMENT_TEXT])
{
	char fraction[FRACTION];
	int year, month, day, rest;
	int64_t since;

	if (moment.seconds < FIRST_SECOND || moment.seconds > LAST_SECOND ||
	    moment.nanos < 0 || moment.nanos >= BILLION)
		return false;
	since = moment.seconds - FIRST_SECOND;
	rest = (int)(since % DAY);
	date_of(since / DAY + FIRST_SECOND / DAY, &year, &month, &day);
	print_fraction(moment.nanos, fraction);
	snprintf(ret_text, MOMENT_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
	    year, month, day, rest / 3600, rest / 60 % 60, rest % 60, fraction);
	return true;
}

/* ------------------------------------------------------------- durations -- */

bool
duration_read(const char *text, size_t size, struct moment *ret_moment)
{
	char terminated[ENOUGH];
	const char *at = terminated;
	struct moment moment = { 0 };
	bool is_negative;
	size_t digits;

	if (!copy(text, size, terminated))
		return false;
	is_negative = take(&at, '-');
	digits = strspn(at, "0123456789");
	if (digits == 0 || digits > 12)
		return false;
	for (; digits > 0; digits--)
		moment.seconds = 10 * moment.seconds + (*at++ - '0');
	if (!take_fraction(&at, &moment.nanos) || !take(&at, 's') ||
	    *at != '\0' || moment.seconds > LONGEST)
		return false;
	if (is_negative) {
		moment.seconds = -moment.seconds;
		moment.nanos = -moment.nanos;
	}
	*ret_moment = moment;
	return true;
}

bool
duration_print(struct moment moment, char ret_text[MOMENT_TEXT])
{
	bool is_negative = moment.seconds < 0 || moment.nanos < 0;
	char fraction[FRACTION];

	if (moment.seconds < -LONGEST || moment.seconds > LONGEST ||
	    moment.nanos <= -BILLION || moment.nanos >= BILLION ||
	    (moment.seconds > 0 && moment.nanos < 0) ||
	    (moment.seconds < 0 && moment.nanos > 0))
		return false;
	if (is_negative) {
		moment.seconds = -moment.seconds;
		moment.nanos = -moment.nanos;
	}
	print_fraction(moment.nanos, fraction);
	snprintf(ret_text, MOMENT_TEXT, "%s%" PRId64 "%ss",
	    is_negative ? "-" : "", moment.seconds, fraction);
	return true;
}
