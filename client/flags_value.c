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

/* A flag without a value is true; Go writes --flag=false. */
bool
parse_bool(const char *text)
{
	if (text == NULL || strcmp(text, "true") == 0)
		return true;
	if (strcmp(text, "false") != 0)
		wrong_usage("this is neither true nor false: ", text);
	return false;
}
