/* SPDX-License-Identifier: MIT */
#include "wire/syntax.h"

#include <string.h>

/* clang-format off */
const struct syntax_id transfer_syntaxes[SYNTAX_COUNT] = {
	/* 857a7d2a-712b-415f-8668-f858323b0a44: PROTOCOL.md section 3 */
	[SYNTAX_BECKET] = { { 0x857a7d2a, 0x712b, 0x415f,
		{ 0x86, 0x68, 0xf8, 0x58, 0x32, 0x3b, 0x0a, 0x44 } }, 1, 0 },
	/* 8a885d04-1ceb-11c9-9fe8-08002b104860: C706 appendix I */
	[SYNTAX_NDR] = { { 0x8a885d04, 0x1ceb, 0x11c9,
		{ 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60 } }, 2, 0 },
};
/* clang-format on */

/* 6cb71c2c-9812-4540-XXXX-XXXXXXXXXXXX, X being the bits. */
static const struct syntax_id features = {
	.uuid = { 0x6cb71c2c, 0x9812, 0x4540, { 0 } },
	.major = 1,
};

bool
syntax_equal(const struct syntax_id *a, const struct syntax_id *b)
{
	return becket_uuid_equal(&a->uuid, &b->uuid) && a->major == b->major &&
	       a->minor == b->minor;
}

bool
syntax_serves(const struct syntax_id *server, const struct syntax_id *client)
{
	return becket_uuid_equal(&server->uuid, &client->uuid) &&
	       server->major == client->major && server->minor >= client->minor;
}

bool
syntax_is_features(const struct syntax_id *syntax, uint8_t *ret_bits)
{
	struct syntax_id without = *syntax;

	memset(without.uuid.clock_node, 0, sizeof without.uuid.clock_node);
	if (!syntax_equal(&without, &features))
		return false;
	*ret_bits = syntax->uuid.clock_node[0];
	return true;
}

struct syntax_id
syntax_from_features(uint8_t bits)
{
	struct syntax_id syntax = features;

	syntax.uuid.clock_node[0] = bits;
	return syntax;
}
