/* SPDX-License-Identifier: MIT */
#ifndef WIRE_NDR_H
#define WIRE_NDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/cursor.h"
#include "wire/syntax.h"

/*
 * NDR20 (C706 chapter 14), as far as the standard interfaces need it: cursor
 * calls that align first. A layout of them serves both ways, as all layouts
 * over a cursor do, in both byte orders on get.
 *
 * The cursor must begin where the stub data begins: NDR aligns from there. The
 * bytes of padding are put as zero and ignored on get. Trailing bytes are for
 * the caller to judge: peers send them (look at status, not at cursor_end()).
 *
 * Pointers are full or unique; what they point at follows, at the latest
 * behind the construct they stand in. Pointers that are [ref] and at the top
 * have no bytes.
 */
void ndr_u16(struct cursor *c, uint16_t *value);
void ndr_u32(struct cursor *c, uint32_t *value);
void ndr_u64(struct cursor *c, uint64_t *value);
void ndr_uuid(struct cursor *c, struct becket_uuid *uuid);
/* What C706 calls rpc_if_id_t. */
void ndr_if_id(struct cursor *c, struct syntax_id *id);

/* A pointer's place: is something behind it? referents counts those of one
 * stub, from 0, to give each its id on put.
 */
void ndr_pointer(struct cursor *c, uint32_t *referents, bool *present);

/* What stands before a conformant array: how many elements follow, of at least
 * element_size bytes each. S_TRUNCATED where there cannot be as many.
 */
void ndr_conformance(struct cursor *c, uint32_t *count, size_t element_size);

/* What stands before a varying array: from the first element on (the offset is
 * 0, else X_BAD_STUB_DATA), how many follow.
 */
void ndr_variance(struct cursor *c, uint32_t *count, size_t element_size);

/* [string] char, conformant and varying, in room for max characters with its
 * NUL. text has no NUL: a view on get. X_BAD_STUB_DATA: there is no NUL, or
 * one too early, or more than max. S_BUFFER_TOO_SMALL: put more than max.
 */
void ndr_string(struct cursor *c, uint32_t *max, struct becket_bytes *text);

/* [string] char in an array of fixed size: the same without its conformance.
 */
void ndr_varying_string(struct cursor *c, uint32_t max,
    struct becket_bytes *text);

#endif
