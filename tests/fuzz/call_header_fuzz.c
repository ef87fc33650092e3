/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "stub/metadata.h"
#include "wire/call_header.h"
#include "wire/status_message.h"

/*
 * The two protobuf messages of our own: what decodes must measure as it
 * encodes, decode again, and to the same; and what is shown of them.
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

static struct becket_bytes
copy_entries(struct becket_bytes metadata)
{
	size_t size = put_entries(metadata, NULL);
	uint8_t *entries = room(size);

	EXPECT(put_entries(metadata, entries) == size);
	return (struct becket_bytes){ entries, size };
}

/* What is shown of entries is what they say, and in memory of its size. */
static void
look_at(struct becket_bytes entries)
{
	size_t size = metadata_view_size(entries);
	struct metadata_view *view;
	struct call_header_entry entry;
	struct becket_metadata_entry shown;
	size_t i = 0;

	EXPECT((size == 0) == (entries.size == 0));
	if (size == 0)
		return;
	view = metadata_view_make(entries, room(size));
	for (; call_header_next(&entries, &entry); i++) {
		EXPECT(metadata_view_at(view, i, &shown));
		expect_same((struct becket_bytes){ (const uint8_t *)shown.name,
		                strlen(shown.name) },
		    entry.key);
		expect_same(shown.value, entry.value);
		EXPECT(shown.value.data[shown.value.size] == 0);
		EXPECT(metadata_view_find(view, shown.name, &shown.value));
	}
	EXPECT(!metadata_view_at(view, i, &shown));
	free(view);
}

static void
call_header(struct becket_bytes stub)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct call_header header, again;
	uint8_t *bytes;
	size_t size;

	if (call_header_decode(stub, &limits, &header) != BECKET_S_OK)
		return;
	EXPECT(header.size >= 1 && header.size <= stub.size);
	look_at(header.metadata);
	look_at(header.trailing);
	header.metadata = copy_entries(header.metadata);
	header.trailing = copy_entries(header.trailing);

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
	expect_same(again.trailing, header.trailing);
	free(bytes);
	free((void *)(uintptr_t)header.metadata.data);
	free((void *)(uintptr_t)header.trailing.data);
}

/* Each, put again, is read as the same. */
static void
walk_details(struct becket_bytes details)
{
	struct status_detail detail, again;

	while (status_detail_next(&details, &detail)) {
		size_t size = status_detail_measure(&detail);
		uint8_t *bytes = room(size);
		struct becket_bytes one = { bytes, size };

		status_detail_encode(&detail, bytes);
		EXPECT(status_detail_next(&one, &again));
		EXPECT(one.size == 0);
		expect_same(again.type, detail.type);
		expect_same(again.message, detail.message);
		free(bytes);
	}
}

static void
status_message(struct becket_bytes data)
{
	struct status_message message, again;
	uint8_t *bytes;
	size_t size;

	if (status_message_decode(data, &message) != BECKET_S_OK)
		return;
	walk_details(message.details);
	size = status_message_measure(&message);
	bytes = room(size);
	status_message_encode(&message, bytes);
	EXPECT(status_message_decode((struct becket_bytes){ bytes, size },
	           &again) == BECKET_S_OK);
	EXPECT(again.code == message.code);
	expect_same(again.sentence, message.sentence);
	expect_same(again.details, message.details);
	expect_same(again.header, message.header);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	call_header((struct becket_bytes){ data, size });
	status_message((struct becket_bytes){ data, size });
	return 0;
}
