/* SPDX-License-Identifier: MIT */
#ifndef IO_STRING_PARTS_H
#define IO_STRING_PARTS_H

#include "io/runtime.h"

/*
 * The parts of a string binding as texts of their own, without escapes but for
 * options, which is several: "name=value,name=value". Absent ones are "". What
 * the grammar means is wire/string_binding.h's; what the parts mean is not
 * looked at here.
 */
struct string_parts {
	char *object, *protseq, *netaddr, *endpoint, *options;
};

/* Free with string_parts_fini(). S_INVALID_STRING_BINDING,
 * S_INVALID_STRING_UUID, S_STRING_TOO_LONG, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
string_parts_split(const struct becket_runtime *runtime, const char *text,
    struct string_parts *ret_parts);

/* The text, with escapes where they are needed. NULL parts are absent. Free
 * with runtime_free_text(). S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
string_parts_join(const struct becket_runtime *runtime,
    const struct string_parts *parts, char **ret_text);

void string_parts_fini(const struct becket_runtime *runtime,
    struct string_parts *parts);

#endif
