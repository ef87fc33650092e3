/* SPDX-License-Identifier: MIT */
#ifndef IDL_CHECK_MESSAGE_H
#define IDL_CHECK_MESSAGE_H

#include "idl/model.h"

/* What protobuf-c makes of messages is C only if these keep to some rules; and
 * some of protobuf it cannot do, or not without harm.
 */
void check_messages(struct model *model, const struct file *file);

#endif
