/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_TEXT_H
#define BECKETD_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "becket.h"

/*
 * Strings of the configuration: what is made here is freed with free(). A
 * daemon that has no memory for its configuration says so and exits with 1.
 */
void *text_alloc(size_t size); /* zeroed */
char *text_copy(const char *text);
char *text_format(const char *format, ...) BECKET_PRINTF(1, 2);
char *text_vformat(const char *format, va_list arguments) BECKET_PRINTF(1, 0);

#endif
