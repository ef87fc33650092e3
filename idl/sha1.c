/* SPDX-License-Identifier: MIT */
#include "idl/sha1.h"

#include <string.h>

enum { BLOCK = 64, LENGTH = 8 };

static uint32_t
rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static void
put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* RFC 3174 section 5: f(t; B, C, D) + K(t). */
static uint32_t
mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

/* RFC 3174 section 6.1, for one block. */
static void
digest_block(uint32_t h[5], const uint8_t *block)
{
	uint32_t w[80], v[5], next;

	for (unsigned t = 0; t < 16; t++)
		w[t] = get_u32(block + 4 * t);
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, h, sizeof v);
	for (unsigned t = 0; t < 80; t++) {
		next = rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + w[t];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (unsigned i = 0; i < 5; i++)
		h[i] += v[i];
}

/* What is left of the data, a one bit, zeros, and the length in bits. */
static void
digest_end(uint32_t h[5], const uint8_t *rest, size_t rest_size, size_t size)
{
	uint8_t last[2 * BLOCK] = { 0 };
	size_t last_size = rest_size + 1 + LENGTH <= BLOCK ? BLOCK : 2 * BLOCK;

	if (rest_size > 0)
		memcpy(last, rest, rest_size);
	last[rest_size] = 0x80;
	put_u32(last + last_size - 8, (uint32_t)((uint64_t)size >> 29));
	put_u32(last + last_size - 4, (uint32_t)((uint64_t)size << 3));
	for (size_t at = 0; at < last_size; at += BLOCK)
		digest_block(h, last + at);
}

void
sha1(const void *data, size_t size, uint8_t ret_digest[SHA1_SIZE])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
		0xc3d2e1f0 };
	const uint8_t *at = data;
	size_t rest = size;

	for (; rest >= BLOCK; at += BLOCK, rest -= BLOCK)
		digest_block(h, at);
	digest_end(h, at, rest, size);
	for (unsigned i = 0; i < 5; i++)
		put_u32(ret_digest + 4 * i, h[i]);
}
