/* SPDX-License-Identifier: MIT */
#ifndef TESTS_DESCRIBE_TEXT_H
#define TESTS_DESCRIBE_TEXT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file as .proto text, from its descriptor, by client/. NULL: refused. Free
 * it.
 */
char *describe_text(const void *file, size_t size);

#ifdef __cplusplus
}
#endif

#endif
