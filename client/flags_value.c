/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags_private.h"

_Noreturn void
wrong_usage(const char *sentence, const char *what)
{
	if (sentence != NULL)
		fprintf(stderr, "becket: %s%s\n", sentence, what);
	fputs("Try becket --help.\n", stderr);
	exit(EXIT_USAGE);
}

uint64_t
parse_count(const char *text)
{
	char *end;
	errno = 0;
	unsigned long long count = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    count == 0)
		wrong_usage("a count is a number from 1 on, not ", text);
	return count;
}

/* With a fraction if you like. */
uint64_t
parse_ms(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);
	if (((*text < '0' || *text > '9') && *text != '.') || *end != '\0' ||
	    !(seconds <= 1e6))
		wrong_usage("this is not a number of seconds: ", text);
	return (uint64_t)(seconds * 1000 + 0.5);
}

uint32_t
parse_timeout(const char *text)
{
	uint64_t ms = parse_ms(text);
	if (ms == 0)
		wrong_usage("a timeout is at least a millisecond, not ", text);
	return (uint32_t)ms;
}

/* A flag without a value is true; Go writes --flag=false, or one of these. */
bool
parse_bool(const char *text)
{
	static const char *const words[][2] = {
		{ "true", "false" },
		{ "1", "0" },
		{ "t", "f" },
		{ "T", "F" },
		{ "TRUE", "FALSE" },
		{ "True", "False" },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text == NULL || strcmp(text, words[i][0]) == 0)
			return true;
		else if (strcmp(text, words[i][1]) == 0)
			return false;
	wrong_usage("this is neither true nor false: ", text);
}
