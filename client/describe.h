/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIBE_H
#define BECKET_CLIENT_DESCRIBE_H

#include "descriptor.h"

/*
 * Descriptors as .proto text again; what a file is described as means the same
 * to protoc. Comments are not in descriptors, and neither is the order of
 * things of different kinds.
 */
void describe_file(const struct pool *pool, const struct proto_file *file,
    struct buffer *out);

/* A message, enum, service, method, extension or field on its own. */
void describe_symbol(const struct pool *pool, const struct symbol *symbol,
    struct buffer *out);

#endif
