/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "wire/mgmt.h"

/*
 * The NDR of management, both directions, both byte orders: what decodes must
 * encode and decode to the same. The first byte says which layout.
 */
enum { IDS = 64, ROOM = 1 << 16 };

static uint8_t out[ROOM];

static struct cursor
again(const struct cursor *put)
{
	EXPECT(put->status == BECKET_S_OK);
	return cursor_get(out, put->at, false);
}

static void
if_ids(struct cursor *get)
{
	static struct syntax_id ids[IDS], other_ids[IDS];
	struct mgmt_if_ids v = { .ids = ids, .capacity = IDS };
	struct mgmt_if_ids w = { .ids = other_ids, .capacity = IDS };
	struct cursor c = cursor_put(out, sizeof out);

	mgmt_inq_if_ids_out(get, &v);
	EXPECT((size_t)v.count * 20 <= get->size);
	if (get->status != BECKET_S_OK || v.count > IDS)
		return;
	mgmt_inq_if_ids_out(&c, &v);
	EXPECT(c.at <= mgmt_inq_if_ids_size(v.count));
	c = again(&c);
	mgmt_inq_if_ids_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.count == w.count && v.status == w.status);
	for (uint32_t i = 0; i < v.count; i++)
		EXPECT(syntax_equal(&ids[i], &other_ids[i]));
}

static void
stats(struct cursor *get)
{
	struct mgmt_stats v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, MGMT_SMALL_SIZE);

	mgmt_inq_stats_out(get, &v);
	EXPECT(v.count <= MGMT_STATS);
	if (get->status != BECKET_S_OK)
		return;
	mgmt_inq_stats_out(&c, &v);
	c = again(&c);
	mgmt_inq_stats_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.count == w.count && v.status == w.status);
	EXPECT(memcmp(v.values, w.values, v.count * sizeof *v.values) == 0);
}

static void
listening(struct cursor *get)
{
	struct mgmt_listening v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, MGMT_SMALL_SIZE);

	mgmt_is_server_listening_out(get, &v);
	if (get->status != BECKET_S_OK)
		return;
	mgmt_is_server_listening_out(&c, &v);
	c = again(&c);
	mgmt_is_server_listening_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.listening == w.listening && v.status == w.status);
}

static void
princ_name(struct cursor *get)
{
	struct mgmt_princ_name v = { 0 }, w = { 0 };
	struct cursor c = cursor_put(out, sizeof out);

	mgmt_inq_princ_name_out(get, &v);
	if (get->status != BECKET_S_OK || v.name.size > ROOM / 2)
		return;
	EXPECT(v.name.size < v.size);
	mgmt_inq_princ_name_out(&c, &v);
	EXPECT(c.at <= MGMT_SMALL_SIZE + v.name.size);
	c = again(&c);
	mgmt_inq_princ_name_out(&c, &w);
	EXPECT(cursor_end(&c) == BECKET_S_OK);
	EXPECT(v.size == w.size && v.status == w.status);
	EXPECT(v.name.size == w.name.size);
	EXPECT(v.name.size == 0 ||
	       memcmp(v.name.data, w.name.data, v.name.size) == 0);
}

static void
requests(struct cursor *get)
{
	struct cursor stats_in = *get;
	struct mgmt_princ_name_in in = { 0 };
	uint32_t count = 0;

	mgmt_inq_stats_in(&stats_in, &count);
	EXPECT((stats_in.status == BECKET_S_OK) == (get->size >= 4));
	mgmt_inq_princ_name_in(get, &in);
	EXPECT(get->status != BECKET_S_OK || in.size > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const layouts[])(struct cursor *) = {
		if_ids,
		stats,
		listening,
		princ_name,
		requests,
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
