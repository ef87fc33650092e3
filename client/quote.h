/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_QUOTE_H
#define BECKET_CLIENT_QUOTE_H

#include "idl/text.h"

/* Append text as a string of JSON. Control characters are escaped, so that a
 * terminal is safe, and what is no UTF-8 becomes U+FFFD.
 */
void quote_json(struct buffer *buffer, struct becket_bytes text);

/* The same as a string of a .proto, where any byte can be written. */
void quote_proto(struct buffer *buffer, struct becket_bytes text);

/* As it is, but with '?' for what a terminal could take for a command, and for
 * what is no UTF-8. Returns how many characters that are.
 */
size_t quote_plain(struct buffer *buffer, const char *text);

#endif
