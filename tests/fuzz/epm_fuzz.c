/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "wire/epm.h"

/*
 * The NDR of the endpoint map, both directions, both byte orders: what decodes
 * must encode, within the size that is said, and decode to the same. The first
 * byte says which layout.
 */
enum { MANY = 64, ROOM = 1 << 17 };

static uint8_t out[ROOM];

static struct cursor
again(const struct cursor *put)
{
	EXPECT(put->status == BECKET_S_OK);
	return cursor_get(out, put->at, false);
}

static void
expect_same_bytes(struct becket_bytes a, struct becket_bytes b)
{
	EXPECT(a.size == b.size);
	EXPECT(a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void
expect_same_entries(const struct epm_entries *a, const struct epm_entries *b)
{
	EXPECT(a->count == b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		const struct epm_entry *x = &a->entries[i];
		const struct epm_entry *y = &b->entries[i];

		EXPECT(becket_uuid_equal(&x->object, &y->object));
		EXPECT(x->has_tower == y->has_tower);
		expect_same_bytes(x->tower, y->tower);
		expect_same_bytes(x->annotation, y->annotation);
	}
}

static size_t
tower_bytes(const struct epm_entries *entries)
{
	size_t size = 0;

	for (uint32_t i = 0; i < entries->count; i++)
		size += entries->entries[i].tower.size;
	return size;
}

static void
insert(struct cursor *get)
{
	static struct epm_entry entries[MANY], others[MANY];
	struct epm_insert v = { { entries, MANY, 0, 0 }, false };
	struct epm_insert w = { { others, MANY, 0, 0 }, false };
	struct cursor c = cursor_put(out, sizeof out);

	epm_insert_in(get, &v);
	EXPECT((size_t)v.entries.count * 29 <= get->size);
	if (get->status != BECKET_S_OK || v.entries.count > MANY)
		return;
	epm_insert_in(&c, &v);
	EXPECT(
	    c.at <= epm_entries_size(v.entries.count, tower_bytes(&v.entries)));
	c = again(&c);
	epm_insert_in(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.replace == w.replace);
	expect_same_entries(&v.entries, &w.entries);
}

static void
lookup(struct cursor *get)
{
	static struct epm_entry entries[MANY], others[MANY];
	struct epm_lookup_out v = { .entries = { entries, MANY, 0, 0 } };
	struct epm_lookup_out w = { .entries = { others, MANY, 0, 0 } };
	struct cursor c = cursor_put(out, sizeof out);

	epm_lookup_out(get, &v);
	EXPECT((size_t)v.entries.count * 29 <= get->size);
	if (get->status != BECKET_S_OK || v.entries.count > MANY)
		return;
	epm_lookup_out(&c, &v);
	EXPECT(
	    c.at <= epm_entries_size(v.entries.count, tower_bytes(&v.entries)));
	c = again(&c);
	epm_lookup_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.status == w.status && v.entries.max == w.entries.max);
	EXPECT(becket_uuid_equal(&v.handle.uuid, &w.handle.uuid));
	expect_same_entries(&v.entries, &w.entries);
}

static void
map(struct cursor *get)
{
	static struct becket_bytes towers[MANY], others[MANY];
	struct epm_map_out v = { .towers = towers, .capacity = MANY };
	struct epm_map_out w = { .towers = others, .capacity = MANY };
	struct cursor c = cursor_put(out, sizeof out);
	size_t size = 0;

	epm_map_out(get, &v);
	EXPECT((size_t)v.count * 4 <= get->size);
	if (get->status != BECKET_S_OK || v.count > MANY)
		return;
	for (uint32_t i = 0; i < v.count; i++)
		size += towers[i].size;
	epm_map_out(&c, &v);
	EXPECT(c.at <= epm_entries_size(v.count, size));
	c = again(&c);
	epm_map_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.count == w.count && v.max == w.max && v.status == w.status);
	for (uint32_t i = 0; i < v.count; i++)
		expect_same_bytes(towers[i], others[i]);
}

static void
lookup_request(struct cursor *get)
{
	struct epm_lookup_in v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, EPM_SMALL_SIZE);

	epm_lookup_in(get, &v);
	if (get->status != BECKET_S_OK)
		return;
	epm_lookup_in(&c, &v);
	c = again(&c);
	epm_lookup_in(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.inquiry == w.inquiry && v.versions == w.versions);
	EXPECT(v.has_object == w.has_object && v.max == w.max);
	EXPECT(syntax_equal(&v.interface, &w.interface));
}

static void
map_request(struct cursor *get)
{
	struct epm_map_in v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, sizeof out);

	epm_map_in(get, &v);
	if (get->status != BECKET_S_OK)
		return;
	epm_map_in(&c, &v);
	EXPECT(c.at <= EPM_SMALL_SIZE + v.tower.size);
	c = again(&c);
	epm_map_in(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.has_tower == w.has_tower && v.max == w.max);
	expect_same_bytes(v.tower, w.tower);
}

static void
mgmt_delete(struct cursor *get)
{
	struct epm_mgmt_delete v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, sizeof out);

	epm_mgmt_delete_in(get, &v);
	if (get->status != BECKET_S_OK)
		return;
	epm_mgmt_delete_in(&c, &v);
	EXPECT(c.at <= EPM_SMALL_SIZE + v.tower.size);
	c = again(&c);
	epm_mgmt_delete_in(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.by_object == w.by_object && v.has_object == w.has_object);
	expect_same_bytes(v.tower, w.tower);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const layouts[])(struct cursor *) = {
		insert,
		lookup,
		map,
		lookup_request,
		map_request,
		mgmt_delete,
	};
	struct cursor c;
	uint8_t *exact;

	if (size == 0)
		return 0;
	exact = malloc(size);
	EXPECT(exact != NULL);
	memcpy(exact, data + 1, size - 1);
	c = cursor_get(exact, size - 1, data[0] & 0x80);
	layouts[(data[0] & 0x7f) % (sizeof layouts / sizeof *layouts)](&c);
	free(exact);
	return 0;
}
