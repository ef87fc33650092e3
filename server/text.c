/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *memory)
{
	if (memory == NULL) {
		fputs("becketd: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}

void *
text_alloc(size_t size)
{
	return must(calloc(1, size));
}

char *
text_copy(const char *text)
{
	return must(strdup(text));
}

char *
text_vformat(const char *format, va_list arguments)
{
	char *text = NULL;
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	return must(text);
}

char *
text_format(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_vformat(format, arguments);
	va_end(arguments);
	return text;
}
