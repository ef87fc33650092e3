/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_BUILTIN_H
#define BECKET_CLIENT_BUILTIN_H

#include <stddef.h>

/*
 * A FileDescriptorSet of what servers leave out of their descriptors, and files
 * import without it being anywhere: google/protobuf/, becket/options.proto.
 * Made when the tool is built.
 */
extern const unsigned char builtin_set[];
extern const size_t builtin_size;

#endif
