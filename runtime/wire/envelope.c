/* SPDX-License-Identifier: MIT */
#include "wire/envelope.h"

#include "wire/ndr.h"

/* size_is(size): a peer whose two numbers differ means neither. */
static void
array(struct cursor *c, uint32_t size)
{
	uint32_t max = size;

	ndr_conformance(c, &max, 1);
	if (max != size)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
}

void
envelope_request(struct cursor *c, uint32_t *size)
{
	ndr_u32(c, size);
	array(c, *size);
}

void
envelope_response(struct cursor *c, uint32_t *size)
{
	uint32_t referents = 0;
	bool present = true;

	ndr_u32(c, size);
	ndr_pointer(c, &referents, &present);
	if (!present)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	array(c, *size);
}
