/* SPDX-License-Identifier: MIT */
#ifndef IDL_CHECK_H
#define IDL_CHECK_H

#include "idl/model.h"

/* Hold the model to every rule that stands between files, services and rpcs;
 * what is broken becomes a problem. Sorts the operations of each service by
 * opnum.
 */
void model_check(struct model *model);

#endif
