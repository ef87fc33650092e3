/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "wire/call_header.h"
#include "wire/status_message.h"

/*
 * The two protobuf messages of our own: what decodes must measure as it
 * encodes, decode again, and to the same.
 */
static void
expect_same(struct becket_bytes a, struct becket_bytes b)
{
	EXPECT(a.size == b.size);
	EXPECT(a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint8_t *
room(size_t size)
{
	uint8_t *bytes = malloc(size > 0 ? size : 1);

	EXPECT(bytes != NULL);
	return bytes;
}

/* The entries, one by one, put again. */
static size_t
put_entries(struct becket_bytes metadata, uint8_t *out)
{
	struct call_header_entry entry;
	size_t size = 0;

	while (call_header_next(&metadata, &entry)) {
		size_t measured = call_header_measure_entry(&entry);

		EXPECT(entry.key.size > 0);
		if (out == NULL)
			size += measured;
		else
			size += call_header_put_entry(&entry, out + size);
	}
	EXPECT(metadata.size == 0);
	return size;
}

static void
call_header(struct becket_bytes stub)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct call_header header, again;
	uint8_t *bytes, *entries;
	size_t size;

	if (call_header_decode(stub, &limits, &header) != BECKET_S_OK)
		return;
	EXPECT(header.size >= 1 && header.size <= stub.size);
	size = put_entries(header.metadata, NULL);
	entries = room(size);
	EXPECT(put_entries(header.metadata, entries) == size);
	header.metadata = (struct becket_bytes){ entries, size };

	size = call_header_measure(&header);
	bytes = room(size);
	call_header_encode(&header, bytes);
	EXPECT(call_header_decode((struct becket_bytes){ bytes, size }, &limits,
	           &again) == BECKET_S_OK);
	EXPECT(again.size == size);
	EXPECT((again.flags & CALL_HEADER_STREAM) ==
	       (header.flags & CALL_HEADER_STREAM));
	EXPECT(again.remaining_us == header.remaining_us);
	expect_same(again.metadata, header.metadata);
	free(bytes);
	free(entries);
}

static void
status_message(struct becket_bytes data)
{
	struct status_message message, again;
	uint8_t *bytes;
	size_t size;

	if (status_message_decode(data, &message) != BECKET_S_OK)
		return;
	size = status_message_measure(&message);
	bytes = room(size);
	status_message_encode(&message, bytes);
	EXPECT(status_message_decode((struct becket_bytes){ bytes, size },
	           &again) == BECKET_S_OK);
	EXPECT(again.code == message.code);
	expect_same(again.sentence, message.sentence);
	expect_same(again.details, message.details);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	call_header((struct becket_bytes){ data, size });
	status_message((struct becket_bytes){ data, size });
	return 0;
}
