/* SPDX-License-Identifier: MIT */
#ifndef IDL_FILE_SET_H
#define IDL_FILE_SET_H

#include "idl/model.h"

/*
 * What a server tells of its types: a file and those it imports, imports first,
 * as a serialised FileDescriptorSet in the arena. Left out is what nobody
 * misses: positions and comments, imports that are there for their options
 * alone, and JSON names that follow from the names. Options stay, so that
 * opnums can be read from it.
 */
struct becket_bytes file_set_make(const struct model *model,
    const struct file *file);

/* The same bytes in pieces that a reader can tell apart: each of them is called
 * with a piece, and whether that begins something: a message, a field, an rpc.
 */
typedef void file_set_piece(void *user, struct becket_bytes piece, bool begins);
void file_set_walk(struct becket_bytes set, file_set_piece *put, void *user);

#endif
