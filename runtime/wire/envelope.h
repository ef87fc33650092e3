/* SPDX-License-Identifier: MIT */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include <stdint.h>

#include "wire/cursor.h"

/*
 * A message in NDR, for peers that know no transfer syntax but that one: it
 * is an array of bytes to them, whatever the operation. PROTOCOL.md section
 * 3.1 has the IDL that says the same.
 *
 *   request    size | max_count | message
 *   response   size | referent | max_count | message
 *
 * The layouts are those of the heads. The message of *size bytes follows, and
 * nothing behind it. On get, in either byte order, so many are there:
 * S_TRUNCATED, X_BAD_STUB_DATA. The cursor begins where the stub data begins.
 */
enum {
	ENVELOPE_REQUEST_HEAD = 8,
	ENVELOPE_RESPONSE_HEAD = 12,
};

void envelope_request(struct cursor *c, uint32_t *size);
void envelope_response(struct cursor *c, uint32_t *size);

#endif
