/* SPDX-License-Identifier: MIT */
#ifndef IDL_WHOLE_H
#define IDL_WHOLE_H

#include "idl/model.h"

/* Has the request everything that protoc always gives: names, types? The rest
 * of the compiler relies on it.
 */
bool request_is_whole(const Request *request);

#endif
