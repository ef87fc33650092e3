/* SPDX-License-Identifier: MIT */
#ifndef TESTS_JSON_BOTH_H
#define TESTS_JSON_BOTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* JSON and messages by client/, for programs in C++. Descriptors first. */
bool json_ready(const void *set, size_t size);

/* The one value in text as a message. false: refused. Free *ret_bytes. */
bool json_to_bytes(const char *type, const char *text, size_t size,
    uint8_t **ret_bytes, size_t *ret_size);

/* NULL: refused. Free the text. */
char *json_from_bytes(const char *type, const void *bytes, size_t size,
    bool is_pretty);

#ifdef __cplusplus
}
#endif

#endif
