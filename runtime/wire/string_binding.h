/* SPDX-License-Identifier: MIT */
#ifndef WIRE_STRING_BINDING_H
#define WIRE_STRING_BINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"

/*
 * The grammar of string bindings (C706 3.1.4, PROTOCOL.md section 5):
 *
 *   [uuid@]protseq:[netaddr][[item{,item}]]    item = endpoint | name=value
 *
 * with "\" before any character that is to stand for itself. The text is cut
 * in its escaped form and each part is unescaped once.
 *
 * Only the first item may be empty. White space stands in values and in the
 * endpoint, nowhere else.
 */
struct string_binding {
	/* Views into the text, still escaped. */
	struct becket_bytes object, protseq, netaddr, endpoint;
	/* The items that are not the endpoint, one after the other; walk them
	 * with string_binding_next_option().
	 */
	struct becket_bytes options;
	bool has_object, has_endpoint;
};

/* S_INVALID_STRING_BINDING: syntax. S_INVALID_STRING_UUID: the object.
 * S_INVALID_NETWORK_OPTIONS: a second item without "=".
 */
BECKET_MUST_USE becket_status string_binding_parse(struct becket_bytes text,
    struct string_binding *ret_binding);

/* The next option, still escaped, or false. Empties options on the way. An
 * "endpoint=" item and the bare endpoint are passed over.
 */
bool string_binding_next_option(struct becket_bytes *options,
    struct becket_bytes *ret_name, struct becket_bytes *ret_value);

/* Take the escapes out. Writes at most part.size bytes and returns how many. */
size_t string_binding_unescape(struct becket_bytes part, char *ret_text);

/* Put escapes in. Writes at most 2 * part.size bytes; NULL: only count. */
size_t string_binding_escape(struct becket_bytes part, char *ret_text);

#endif
