/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIBE_OPTIONS_H
#define BECKET_CLIENT_DESCRIBE_OPTIONS_H

#include "descriptor.h"
#include "texts.h"

/*
 * Options as a .proto writes them: "deprecated = true",
 * "(becket.operation) = { opnum: 0 }". What nothing here describes is left out.
 */

/* kind: "FileOptions" and its like. scope: where names are looked up from. A
 * value that is too long for a line is broken, and what follows is indented.
 * used: gets the names of the files that extensions come from.
 */
struct texts option_texts(const struct pool *pool, const char *kind,
    struct becket_bytes options, const char *scope, unsigned indent,
    struct symbols *used);

/* How a type or extension is called within scope, the full name of a message,
 * service or package: without what goes without saying.
 */
const char *name_within(const struct pool *pool, const char *scope,
    const char *full_name);

#endif
