/* SPDX-License-Identifier: MIT */
#ifndef IDL_VALUES_H
#define IDL_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "idl/text.h"

/*
 * The texts that options are given as. false: it is not one, and nothing has
 * been written.
 */
enum { VALUE_OPNUM_MAX = 4095 };

/* Any but nil. */
bool value_uuid(const char *text, struct becket_uuid *ret_uuid);
/* "1.0" */
bool value_version(const char *text, uint16_t *ret_major, uint16_t *ret_minor);
/* "250ms", "5s", "2m", "1h"; never 0. */
bool value_timeout(const char *text, uint32_t *ret_milliseconds);
/* NULL: it is one. Else why not: "it names a host". */
const char *value_endpoint(struct arena *arena, const char *text);

#endif
