/* SPDX-License-Identifier: MIT */
#ifndef IDL_PARAMETERS_H
#define IDL_PARAMETERS_H

#include "idl/model.h"

/*
 * (becket.operation).parameters: the fields of flat messages as parameters of
 * C functions. Fills in operation->in and out, or says why it cannot be.
 */
void parameters_make(struct model *model, struct operation *operation);

#endif
