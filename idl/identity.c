/* SPDX-License-Identifier: MIT */
#include "idl/identity.h"

#include <string.h>

#include "idl/sha1.h"
#include "idl/text.h"

/* 7c7fd652-0c09-4b3f-88ed-ead5eb028c6f */
static const struct becket_uuid becket_space = { 0x7c7fd652, 0x0c09, 0x4b3f,
	{ 0x88, 0xed, 0xea, 0xd5, 0xeb, 0x02, 0x8c, 0x6f } };

enum { UUID_SIZE = 16 };

/* RFC 4122 section 4.1.2: fields most significant byte first. */
static void
put_uuid(struct buffer *buffer, const struct becket_uuid *uuid)
{
	const uint8_t head[] = { (uint8_t)(uuid->time_low >> 24),
		(uint8_t)(uuid->time_low >> 16), (uint8_t)(uuid->time_low >> 8),
		(uint8_t)uuid->time_low, (uint8_t)(uuid->time_mid >> 8),
		(uint8_t)uuid->time_mid, (uint8_t)(uuid->time_high >> 8),
		(uint8_t)uuid->time_high };

	text_put_bytes(buffer, head, sizeof head);
	text_put_bytes(buffer, uuid->clock_node, sizeof uuid->clock_node);
}

static struct becket_uuid
get_uuid(const uint8_t bytes[UUID_SIZE])
{
	struct becket_uuid uuid = {
		.time_low = (uint32_t)bytes[0] << 24 |
		            (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		            bytes[3],
		.time_mid = (uint16_t)(bytes[4] << 8 | bytes[5]),
		.time_high = (uint16_t)(bytes[6] << 8 | bytes[7]),
	};

	memcpy(uuid.clock_node, bytes + 8, sizeof uuid.clock_node);
	return uuid;
}

struct becket_uuid
identity_derive_in(const struct becket_uuid *space, const char *name)
{
	struct buffer input = buffer_empty(&idl_memory);
	uint8_t digest[SHA1_SIZE];

	put_uuid(&input, space);
	text_put(&input, name);
	sha1(input.data, input.size, digest);
	buffer_fini(&input);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50); /* version 5 */
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* RFC 4122's */
	return get_uuid(digest);
}

struct becket_uuid
identity_derive(const char *full_name)
{
	return identity_derive_in(&becket_space, full_name);
}
