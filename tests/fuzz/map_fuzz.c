/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "server/map.h"

/*
 * The endpoint map against a plain list that does what map.h says. The input
 * is a list of orders, two bytes each and what they need; few towers, objects,
 * users and connections, so that they meet.
 */
enum { PLACES = 11, OBJECTS = 3, CAPACITY = 20, MANY = 8, NO_TOWER = 15 };

struct place {
	uint32_t interface;
	uint16_t major, minor;
	const char *protseq, *endpoint;
	enum transfer_syntax syntax;
};

static const struct place places[PLACES] = {
	{ 1, 1, 0, "ncacn_ip_tcp", "100", SYNTAX_BECKET },
	{ 1, 1, 0, "ncacn_ip_tcp", "200", SYNTAX_BECKET },
	{ 1, 1, 1, "ncacn_ip_tcp", "100", SYNTAX_BECKET },
	{ 1, 1, 2, "ncacn_ip_tcp", "100", SYNTAX_BECKET },
	{ 1, 2, 0, "ncacn_ip_tcp", "100", SYNTAX_BECKET },
	{ 1, 1, 0, "ncacn_ip_tcp", "100", SYNTAX_NDR },
	{ 2, 1, 0, "ncacn_ip_tcp", "100", SYNTAX_BECKET },
	{ 1, 1, 0, "ncalrpc", "a", SYNTAX_BECKET },
	{ 1, 1, 0, "ncalrpc", "b", SYNTAX_BECKET },
	{ 1, 1, 0, "ncacn_ip_tcp", "", SYNTAX_BECKET },
	{ 1, 1, 0, "ncalrpc", "", SYNTAX_BECKET },
};

struct item {
	unsigned place, object;
	uint32_t owner;
	uint64_t connection;
};

struct model {
	struct item items[CAPACITY];
	unsigned count;
};

static struct tower_room rooms[PLACES];
static struct tower towers[PLACES];
static uint8_t encoded[PLACES][TOWER_SIZE_MAX];
static size_t sizes[PLACES];

/* Blocks know their size, so that what is freed can be checked. */
static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	size_t *block = old == NULL ? NULL : (size_t *)old - 2;
	size_t *in_use = user;

	EXPECT((block == NULL ? 0 : *block) == old_size);
	*in_use += new_size - old_size;
	if (new_size == 0) {
		free(block);
		return NULL;
	}
	block = realloc(block, 2 * sizeof *block + new_size);
	EXPECT(block != NULL);
	*block = new_size;
	return block + 2;
}

static void
make_towers(void)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place *place = &places[i];

		towers[i] = (struct tower){
			.interface = { { .time_low = place->interface },
			    place->major, place->minor },
			.transfer = transfer_syntaxes[place->syntax],
		};
		EXPECT(tower_build(&towers[i], place->protseq, "",
		           place->endpoint, &rooms[i]) == BECKET_S_OK);
		EXPECT(tower_encode(&towers[i], encoded[i], &sizes[i]) ==
		       BECKET_S_OK);
	}
}

static struct becket_uuid
object_of(unsigned object)
{
	return (struct becket_uuid){ .time_low = object };
}

static bool
is_alike(const struct place *a, const struct place *b)
{
	return a->interface == b->interface && a->major == b->major &&
	       a->minor == b->minor && a->syntax == b->syntax &&
	       strcmp(a->protseq, b->protseq) == 0;
}

/* -------------------------------------------------------------- orders -- */

struct order {
	unsigned kind, option; /* four bits each */
	struct map_caller caller;
	struct item items[MANY];
	unsigned count;
};

static bool
next_order(const uint8_t **at, size_t *size, struct order *ret_order)
{
	struct order order = { 0 };
	uint8_t who, item;

	if (*size < 2)
		return false;
	order.kind = (*at)[0] >> 4;
	order.option = (*at)[0] & 15;
	who = (*at)[1];
	order.caller.uid = who & 3;
	order.caller.connection = who >> 2 & 3;
	*at += 2;
	*size -= 2;
	for (; order.count < (who >> 4 & 7u) && *size > 0; (*at)++, (*size)--) {
		item = **at;
		order.items[order.count++] = (struct item){
			.place = (item & 15) < PLACES ? item & 15 : NO_TOWER,
			.object = (item >> 4) % OBJECTS,
			.owner = order.caller.uid,
			.connection = order.caller.connection,
		};
	}
	*ret_order = order;
	return true;
}

static struct epm_entries
entries_of(const struct order *order, struct epm_entry room[MANY])
{
	for (unsigned i = 0; i < order->count; i++) {
		unsigned place = order->items[i].place;

		room[i] = (struct epm_entry){
			.object = object_of(order->items[i].object),
			.has_tower = place != NO_TOWER,
		};
		if (place != NO_TOWER)
			room[i].tower = (struct becket_bytes){ encoded[place],
				sizes[place] };
	}
	return (struct epm_entries){ room, 0, order->count, 0 };
}

/* --------------------------------------------------------------- model -- */

static void
take_out(struct model *model, unsigned i)
{
	memmove(model->items + i, model->items + i + 1,
	    (--model->count - i) * sizeof *model->items);
}

static bool
is_same(const struct item *a, const struct item *b)
{
	return a->place == b->place && a->object == b->object;
}

static bool
gives_way(const struct item *old, const struct item *new, bool replace)
{
	bool is_own = old->owner == new->owner;

	if (!is_own && !(replace && new->owner == MAP_ROOT))
		return false;
	return is_same(old, new) ||
	       (replace &&
	           old->object == new->object &&is_alike(&places[old->place],
	                              &places[new->place]));
}

static bool
has_room(const struct model *model, uint32_t owner, unsigned more)
{
	unsigned own = more;

	for (unsigned i = 0; i < model->count; i++)
		own += model->items[i].owner == owner;
	return model->count + more < CAPACITY &&
	       (owner == MAP_ROOT || own < CAPACITY / MAP_SHARES);
}

static uint32_t
model_insert(struct model *model, const struct order *order, bool replace)
{
	struct model made = { 0 };

	for (unsigned i = 0; i < order->count; i++) {
		const struct item *new = &order->items[i];
		bool is_twin = false;

		if (new->place == NO_TOWER)
			return EPM_INVALID_ENTRY;
		for (unsigned k = 0; k < made.count; k++)
			is_twin |= is_same(&made.items[k], new);
		if (is_twin)
			continue;
		if (!has_room(model, order->caller.uid, made.count))
			return EPM_CANT_CREATE;
		made.items[made.count++] = *new;
	}
	for (unsigned k = 0; k < made.count; k++)
		for (unsigned i = model->count; i-- > 0;)
			if (gives_way(&model->items[i], &made.items[k],
			        replace))
				take_out(model, i);
	memcpy(model->items + model->count, made.items,
	    sizeof made.items[0] * made.count);
	model->count += made.count;
	return EPM_OK;
}

static bool
may(const struct map_caller *caller, const struct item *item)
{
	return caller->uid == MAP_ROOT || caller->uid == item->owner;
}

static uint32_t
model_delete_one(struct model *model, const struct map_caller *caller,
    const struct item *old)
{
	uint32_t status = EPM_NOT_REGISTERED;

	if (old->place == NO_TOWER)
		return EPM_INVALID_ENTRY;
	for (unsigned i = 0; i < model->count; i++) {
		if (!is_same(&model->items[i], old))
			continue;
		if (may(caller, &model->items[i])) {
			take_out(model, i);
			return EPM_OK;
		}
		status = MAP_ACCESS_DENIED;
	}
	return status;
}

static uint32_t
model_delete(struct model *model, const struct order *order)
{
	uint32_t all = EPM_OK;

	for (unsigned i = 0; i < order->count; i++) {
		uint32_t one =
		    model_delete_one(model, &order->caller, &order->items[i]);

		if (all != MAP_ACCESS_DENIED && one != EPM_OK)
			all = one;
	}
	return all;
}

static uint32_t
model_mgmt_delete(struct model *model, const struct order *order, bool any)
{
	const struct item *old = &order->items[0];
	const struct place *asked = &places[old->place];
	bool is_done = false, is_denied = false;

	for (unsigned i = 0; i < model->count; i++) {
		const struct item *item = &model->items[i];
		const struct place *place = &places[item->place];

		if (!is_alike(place, asked) ||
		    (*asked->endpoint != '\0' &&
		        strcmp(place->endpoint, asked->endpoint) != 0) ||
		    (!any && item->object != old->object))
			continue;
		if (may(&order->caller, item)) {
			take_out(model, i--);
			is_done = true;
		} else {
			is_denied = true;
		}
	}
	if (is_denied)
		return MAP_ACCESS_DENIED;
	return is_done ? EPM_OK : EPM_NOT_REGISTERED;
}

static uint32_t
model_disconnect(struct model *model, uint64_t connection)
{
	uint32_t gone = 0;

	for (unsigned i = model->count; i-- > 0;)
		if (model->items[i].connection == connection) {
			take_out(model, i);
			gone++;
		}
	return gone;
}

/* ------------------------------------------------------------- compare -- */

static void
expect_entry(const struct map_entry *entry, const struct item *item)
{
	struct becket_uuid object = object_of(item->object);

	EXPECT(entry != NULL);
	EXPECT(becket_uuid_equal(&entry->object, &object));
	EXPECT(entry->owner == item->owner);
	EXPECT(entry->connection == item->connection);
	EXPECT(entry->size == sizes[item->place]);
	EXPECT(memcmp(entry->bytes, encoded[item->place], entry->size) == 0);
}

static void
expect_all(const struct map *map, const struct model *model)
{
	const struct map_query query = { .inquiry = EPM_ALL_ELTS };
	struct map_position position = { 0 };

	EXPECT(map->count == model->count);
	for (unsigned i = 0; i < model->count; i++)
		expect_entry(map_next(map, &query, &position),
		    &model->items[i]);
	EXPECT(map_next(map, &query, &position) == NULL);
}

static bool
is_mapped(const struct item *item, const struct item *asked, unsigned object)
{
	const struct place *have = &places[item->place];
	const struct place *want = &places[asked->place];

	return item->object == object && have->interface == want->interface &&
	       have->major == want->major && have->minor >= want->minor &&
	       have->syntax == want->syntax &&
	       strcmp(have->protseq, want->protseq) == 0;
}

/* The object's own first, then those for any. */
static void
expect_mapped(const struct map *map, const struct model *model,
    const struct item *asked)
{
	const struct map_query query = { .tower = &towers[asked->place],
		.object = object_of(asked->object) };
	struct map_position position = { 0 };

	for (unsigned turn = asked->object == 0; turn < 2; turn++)
		for (unsigned i = 0; i < model->count; i++)
			if (is_mapped(&model->items[i], asked,
			        turn ? 0 : asked->object))
				expect_entry(map_next(map, &query, &position),
				    &model->items[i]);
	EXPECT(map_next(map, &query, &position) == NULL);
}

static bool
has_version(const struct place *have, const struct place *want, unsigned option)
{
	bool is_major = have->major == want->major;

	switch (option) {
	case EPM_VERS_COMPATIBLE:
		return is_major && have->minor >= want->minor;
	case EPM_VERS_EXACT:
		return is_major && have->minor == want->minor;
	case EPM_VERS_MAJOR_ONLY:
		return is_major;
	case EPM_VERS_UPTO:
		return have->major < want->major ||
		       (is_major && have->minor <= want->minor);
	default:
		return true;
	}
}

static void
expect_looked_up(const struct map *map, const struct model *model,
    const struct item *asked, unsigned inquiry, unsigned versions)
{
	const struct place *want = &places[asked->place];
	const struct map_query query = { .inquiry = inquiry,
		.versions = versions,
		.interface = towers[asked->place].interface,
		.object = object_of(asked->object) };
	struct map_position position = { 0 };

	for (unsigned i = 0; i < model->count; i++) {
		const struct item *item = &model->items[i];
		const struct place *have = &places[item->place];

		if ((inquiry == EPM_BY_OBJECT || inquiry == EPM_BY_BOTH) &&
		    item->object != asked->object)
			continue;
		if ((inquiry == EPM_BY_IF || inquiry == EPM_BY_BOTH) &&
		    (have->interface != want->interface ||
		        !has_version(have, want, versions)))
			continue;
		expect_entry(map_next(map, &query, &position), item);
	}
	EXPECT(map_next(map, &query, &position) == NULL);
}

static void
change(struct map *map, struct model *model, const struct order *order)
{
	bool option = order->option & 1;
	struct epm_entry room[MANY];
	struct epm_entries entries = entries_of(order, room);
	struct becket_uuid object = object_of(order->items[0].object);

	if (order->kind < 6)
		EXPECT(map_insert(map, &order->caller, &entries, option) ==
		       model_insert(model, order, option));
	else if (order->kind < 9)
		EXPECT(map_delete(map, &order->caller, &entries) ==
		       model_delete(model, order));
	else if (order->kind < 11)
		EXPECT(map_disconnect(map, order->caller.connection) ==
		       model_disconnect(model, order->caller.connection));
	else if (order->count > 0 && order->items[0].place != NO_TOWER)
		EXPECT(map_mgmt_delete(map, &order->caller,
		           option ? NULL : &object, room[0].tower) ==
		       model_mgmt_delete(model, order, option));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t in_use = 0;
	const struct becket_memory memory = { resize, &in_use };
	struct model model = { 0 };
	struct order order;
	struct map map;

	if (sizes[0] == 0)
		make_towers();
	map_init(&map, &memory, CAPACITY);
	while (next_order(&data, &size, &order)) {
		const struct item *asked = &order.items[0];

		if (order.kind < 13)
			change(&map, &model, &order);
		else if (order.count > 0 && asked->place != NO_TOWER) {
			expect_mapped(&map, &model, asked);
			expect_looked_up(&map, &model, asked, order.option & 3,
			    order.option >> 2 | (order.kind & 1) << 2);
		}
		expect_all(&map, &model);
	}
	map_fini(&map);
	EXPECT(in_use == 0);
	return 0;
}
