/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "json_decode_private.h"

struct entry {
	struct becket_bytes key;
	bool has_value;
	struct protobuf_field value;
	struct becket_bytes whole; /* of a message */
	size_t index;
};

static int
by_key(const void *a_, const void *b_)
{
	const struct entry *a = a_, *b = b_;
	size_t least = a->key.size < b->key.size ? a->key.size : b->key.size;
	int order = memcmp(a->key.data, b->key.data, least);

	if (order == 0 && a->key.size != b->key.size)
		order = a->key.size < b->key.size ? -1 : 1;
	if (order == 0)
		order = a->index < b->index ? -1 : 1;
	return order;
}

static bool
read_entry(struct json_decode *decode, const struct proto_field *map,
    struct becket_bytes bytes, struct entry *ret_entry)
{
	const struct proto_field *of_key = map->message->by_number[0];
	const struct proto_field *of_value = map->message->by_number[1];
	struct protobuf_field key;
	struct spots spots;
	struct spread keys, values;

	if (!spots_find(decode, map->message, bytes, &spots))
		return decode_wrong(decode, "%s is malformed", map->full_name);
	keys = spots_of(&spots, 1);
	values = spots_of(&spots, 2);
	ret_entry->key = decode_key(decode, of_key,
	    spread_last(&keys, of_key->type, &key) ? &key : NULL);
	if (of_value->message != NULL)
		ret_entry->has_value = spread_whole(decode, &values,
		    of_value->type, &ret_entry->whole);
	else
		ret_entry->has_value =
		    spread_last(&values, of_value->type, &ret_entry->value);
	spots_fini(&spots);
	return true;
}

static bool
write_entries(struct json_decode *decode, const struct proto_field *of_value,
    const struct entry *entries, size_t count)
{
	struct brackets brackets = decode_open(decode, "{}");
	bool done = true;

	for (size_t i = 0; done && i < count; i++) {
		const struct entry *entry = &entries[i];

		if (i + 1 < count && entry->key.size == entry[1].key.size &&
		    memcmp(entry->key.data, entry[1].key.data,
		        entry->key.size) == 0)
			continue; /* the last one counts */
		decode_next(decode, &brackets, entry->key);
		if (of_value->message != NULL)
			done = decode_message(decode, of_value->message,
			    entry->whole);
		else
			decode_scalar(decode, of_value,
			    entry->has_value ? &entry->value : NULL);
	}
	decode_close(decode, &brackets);
	return done;
}

bool
decode_map(struct json_decode *decode, const struct proto_field *field,
    const struct spread *spread)
{
	struct entry *entries = text_alloc(decode->arena,
	    (spread->end - spread->begin) * sizeof *entries);
	size_t count = 0;

	for (size_t i = spread->begin; i < spread->end; i++) {
		struct protobuf_field one = spread_at(spread, i);

		if (one.wire_type != PROTOBUF_SIZED)
			continue;
		entries[count].index = count;
		if (!read_entry(decode, field, one.bytes, &entries[count++]))
			return false;
	}
	qsort(entries, count, sizeof *entries, by_key);
	return write_entries(decode, field->message->by_number[1], entries,
	    count);
}
