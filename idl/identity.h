/* SPDX-License-Identifier: MIT */
#ifndef IDL_IDENTITY_H
#define IDL_IDENTITY_H

#include "base/uuid.h"

/* The UUID of a service that gives none: version 5 of RFC 4122, over the full
 * name ("calc.Calculator") in Becket's namespace (PROTOCOL.md section 6).
 */
struct becket_uuid identity_derive(const char *full_name);

/* The same in any namespace. */
struct becket_uuid identity_derive_in(const struct becket_uuid *space,
    const char *name);

#endif
