/* SPDX-License-Identifier: MIT */
#ifndef IDL_MEMBER_H
#define IDL_MEMBER_H

#include "idl/model.h"

/* The member of a message's struct that a field is, and the name under which
 * protoc-gen-c makes that of it. Besides what names_member() says: a field base
 * is base_ beside protobuf-c's own base.
 */
char *member_name(struct arena *arena, const MessageProto *message,
    const FieldProto *field);
char *member_told(struct arena *arena, const MessageProto *message,
    const FieldProto *field);

#endif
