/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_PATH_H
#define BECKET_CLIENT_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Paths of google.protobuf.FieldMask: "user.firstName" in JSON is
 * user.first_name in the message. false: it has no form there, and out may have
 * got a part.
 */
bool path_read(const char *text, size_t size, struct buffer *out);
bool path_print(struct becket_bytes path, struct buffer *out);

#endif
