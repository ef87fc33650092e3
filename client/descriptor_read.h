/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIPTOR_READ_H
#define BECKET_CLIENT_DESCRIPTOR_READ_H

#include "descriptor.h"

/* What a FileDescriptorProto says, with names that are not looked up yet. NULL:
 * *ret_sentence says what is wrong with it.
 */
struct proto_file *descriptor_read(struct arena *arena,
    struct becket_bytes bytes, const char **ret_sentence);

#endif
