/* SPDX-License-Identifier: MIT */
#ifndef IDL_CONTEXTS_H
#define IDL_CONTEXTS_H

#include "idl/model.h"

/* Find the context handles of a service's rpcs, and its types of them; what
 * cannot be one becomes a problem. After the parameters are made.
 */
void contexts_make(struct model *model, struct service *service);

/* Everything about context handles that does not depend on an rpc. */
void contexts_check_file(struct model *model, const struct file *file);

#endif
