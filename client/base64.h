/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_BASE64_H
#define BECKET_CLIENT_BASE64_H

#include "idl/text.h"

/* Append the bytes of a text in base64, or in its form for URLs, with or
 * without '=' at the end; false: it is neither, and nothing is appended.
 */
bool base64_decode(const char *text, size_t size, struct buffer *bytes);

/* Append the standard form, with '='. */
void base64_encode(struct becket_bytes bytes, struct buffer *text);

#endif
