/* SPDX-License-Identifier: MIT */
#ifndef IDL_STREAM_H
#define IDL_STREAM_H

#include "idl/text.h"

/* Append what comes until the end; false: errno says why not. */
bool stream_read(int fd, struct buffer *ret_bytes);

/* All of it; false: errno says why not. */
bool stream_write(int fd, struct becket_bytes bytes);

#endif
