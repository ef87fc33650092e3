/* SPDX-License-Identifier: MIT */
#include "server/lookups.h"
#include "server/map.h"

#include "test_memory.h"
#include "unit.h"

static const struct map_caller root = { MAP_ROOT, 1 };
static const struct map_caller ann = { 1000, 2 };
static const struct map_caller bob = { 1001, 3 };

static const struct becket_uuid object = { .time_low = 0x0b1ec7 };

/* A tower, made of what counts. */
struct place {
	uint16_t major, minor;
	const char *protseq, *endpoint;
	enum transfer_syntax syntax;
};

static struct tower
build(const struct place *place, struct tower_room *room)
{
	struct tower tower = {
		.interface = { { .time_low = 0x1f }, place->major,
		    place->minor },
		.transfer = transfer_syntaxes[place->syntax],
	};

	assert_int_equal(tower_build(&tower, place->protseq, "",
	                     place->endpoint, room),
	    BECKET_S_OK);
	return tower;
}

static struct becket_bytes
encode(const struct place *place, uint8_t bytes[TOWER_SIZE_MAX])
{
	struct tower_room room;
	struct tower tower = build(place, &room);
	size_t size;

	assert_int_equal(tower_encode(&tower, bytes, &size), BECKET_S_OK);
	return (struct becket_bytes){ bytes, size };
}

static uint32_t
insert(struct map *map, const struct map_caller *caller,
    const struct place *place, const struct becket_uuid *of, bool replace)
{
	uint8_t bytes[TOWER_SIZE_MAX];
	struct epm_entry entry = { .has_tower = true,
		.tower = encode(place, bytes),
		.annotation = text_bytes(place->endpoint) };
	const struct epm_entries entries = { &entry, 0, 1, 0 };

	if (of != NULL)
		entry.object = *of;
	return map_insert(map, caller, &entries, replace);
}

static uint32_t
remove_one(struct map *map, const struct map_caller *caller,
    const struct place *place)
{
	uint8_t bytes[TOWER_SIZE_MAX];
	struct epm_entry entry = { .has_tower = true,
		.tower = encode(place, bytes) };
	const struct epm_entries entries = { &entry, 0, 1, 0 };

	return map_delete(map, caller, &entries);
}

/* The annotations of what a query finds, one after the other. */
static void
assert_finds(const struct map *map, const struct map_query *query,
    const char *expected)
{
	struct map_position position = { 0 };
	const struct map_entry *entry;
	char found[256] = "";

	while ((entry = map_next(map, query, &position)) != NULL) {
		strcat(found, *found == '\0' ? "" : " ");
		strcat(found, entry->annotation);
	}
	assert_string_equal(found, expected);
}

static void
assert_maps(const struct map *map, const struct place *place,
    const struct becket_uuid *of, const char *expected)
{
	struct tower_room room;
	struct tower tower = build(place, &room);
	struct map_query query = { .tower = &tower };

	if (of != NULL)
		query.object = *of;
	assert_finds(map, &query, expected);
}

static void
assert_all(const struct map *map, const char *expected)
{
	assert_finds(map, &(struct map_query){ .inquiry = EPM_ALL_ELTS },
	    expected);
}

static struct test_memory memory;

static struct map *
new_map(void)
{
	static struct map map;

	memory = test_memory(TEST_MEMORY_NEVER);
	map_init(&map, test_memory_of(&memory), 32);
	return &map;
}

static void
end_map(struct map *map)
{
	map_fini(map);
	test_memory_end(&memory);
}

/* clang-format off */
#define TCP(major, minor, port) \
	(&(struct place){ major, minor, "ncacn_ip_tcp", port, SYNTAX_BECKET })
#define LOCAL(major, minor, name) \
	(&(struct place){ major, minor, "ncalrpc", name, SYNTAX_BECKET })
#define NDR(major, minor, port) \
	(&(struct place){ major, minor, "ncacn_ip_tcp", port, SYNTAX_NDR })
/* clang-format on */

static void
a_client_finds_a_server_of_its_major_version_and_at_least_its_minor(
    void **state)
{
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "10"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 2, "12"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(2, 0, "20"), NULL, false), 0);
	assert_maps(map, TCP(1, 1, ""), NULL, "12");
	assert_maps(map, TCP(1, 0, ""), NULL, "10 12");
	assert_maps(map, TCP(1, 3, ""), NULL, "");
	assert_maps(map, TCP(2, 0, ""), NULL, "20");
	end_map(map);
}

static void
protocols_and_transfer_syntaxes_have_to_be_those_asked_for(void **state)
{
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, LOCAL(1, 0, "l"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, NDR(1, 0, "2"), NULL, false), 0);
	assert_maps(map, TCP(1, 0, ""), NULL, "1");
	assert_maps(map, NDR(1, 0, "135"), NULL, "2");
	assert_maps(map, LOCAL(1, 0, ""), NULL, "l");
	end_map(map);
}

static void
an_objects_own_entries_come_first(void **state)
{
	const struct becket_uuid other = { .time_low = 2 };
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), &object, false), 0);
	assert_maps(map, TCP(1, 0, ""), NULL, "1");
	assert_maps(map, TCP(1, 0, ""), &object, "2 1");
	assert_maps(map, TCP(1, 0, ""), &other, "1");
	end_map(map);
}

static void
lookups_know_their_version_options(void **state)
{
	static const struct {
		enum epm_versions versions;
		const char *found;
	} rows[] = {
		{ EPM_VERS_ANY, "10 12 20" },
		{ EPM_VERS_ALL, "10 12 20" },
		{ EPM_VERS_COMPATIBLE, "12" },
		{ EPM_VERS_EXACT, "" },
		{ EPM_VERS_MAJOR_ONLY, "10 12" },
		{ EPM_VERS_UPTO, "10" },
	};
	struct map *map = new_map();
	struct map_query query = { .inquiry = EPM_BY_IF,
		.interface = { { .time_low = 0x1f }, 1, 1 } };

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "10"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 2, "12"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(2, 0, "20"), NULL, false), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		query.versions = rows[i].versions;
		assert_finds(map, &query, rows[i].found);
	}
	query.interface.uuid.time_low++;
	assert_finds(map, &query, "");
	end_map(map);
}

static void
lookups_by_object_want_that_object(void **state)
{
	struct map *map = new_map();
	struct map_query query = { .inquiry = EPM_BY_OBJECT, .object = object };

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), &object, false), 0);
	assert_finds(map, &query, "2");
	query.inquiry = EPM_BY_BOTH;
	query.versions = EPM_VERS_EXACT;
	query.interface = (struct syntax_id){ { .time_low = 0x1f }, 1, 0 };
	assert_finds(map, &query, "2");
	query.interface.major = 2;
	assert_finds(map, &query, "");
	end_map(map);
}

static void
to_replace_takes_away_what_is_alike_and_nothing_else(void **state)
{
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, true), 0);
	assert_int_equal(insert(map, &ann, LOCAL(1, 0, "l"), NULL, true), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), &object, true), 0);
	assert_int_equal(insert(map, &ann, NDR(1, 0, "3"), NULL, true), 0);
	assert_int_equal(insert(map, &ann, TCP(2, 0, "4"), NULL, true), 0);
	assert_all(map, "1 l 2 3 4");
	assert_int_equal(insert(map, &ann, TCP(1, 0, "5"), NULL, true), 0);
	assert_all(map, "l 2 3 4 5");
	assert_int_equal(insert(map, &ann, TCP(1, 0, "6"), NULL, false), 0);
	assert_all(map, "l 2 3 4 5 6");
	end_map(map);
}

static void
entries_that_come_together_do_not_replace_each_other(void **state)
{
	uint8_t bytes[3][TOWER_SIZE_MAX];
	struct epm_entry entries[3] = {
		{ .has_tower = true,
		    .tower = encode(TCP(1, 0, "1"), bytes[0]),
		    .annotation = text_bytes("1") },
		{ .has_tower = true,
		    .tower = encode(TCP(1, 0, "2"), bytes[1]),
		    .annotation = text_bytes("2") },
		{ .has_tower = true,
		    .tower = encode(TCP(1, 0, "1"), bytes[2]),
		    .annotation = text_bytes("twin") },
	};
	struct map *map = new_map();

	(void)state;
	assert_int_equal(map_insert(map, &ann,
	                     &(struct epm_entries){ entries, 0, 3, 0 }, true),
	    0);
	assert_all(map, "1 2");
	end_map(map);
}

static void
others_entries_cannot_be_replaced_but_by_root(void **state)
{
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, true), 0);
	assert_int_equal(insert(map, &bob, TCP(1, 0, "2"), NULL, true), 0);
	assert_all(map, "1 2");
	assert_int_equal(insert(map, &root, TCP(1, 0, "3"), NULL, true), 0);
	assert_all(map, "3");
	end_map(map);
}

static void
only_the_owner_and_root_delete(void **state)
{
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, true), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), NULL, false), 0);
	assert_int_equal(remove_one(map, &bob, TCP(1, 0, "1")),
	    MAP_ACCESS_DENIED);
	assert_int_equal(remove_one(map, &bob, TCP(1, 0, "9")),
	    EPM_NOT_REGISTERED);
	assert_all(map, "1 2");
	assert_int_equal(remove_one(map, &ann, TCP(1, 0, "1")), 0);
	assert_int_equal(remove_one(map, &root, TCP(1, 0, "2")), 0);
	assert_all(map, "");
	end_map(map);
}

static void
management_deletes_by_tower_and_object(void **state)
{
	uint8_t any[TOWER_SIZE_MAX], one[TOWER_SIZE_MAX];
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "3"), &object, false), 0);
	assert_int_equal(map_mgmt_delete(map, &bob, NULL,
	                     encode(TCP(1, 0, "2"), one)),
	    MAP_ACCESS_DENIED);
	assert_int_equal(map_mgmt_delete(map, &ann, NULL,
	                     encode(TCP(1, 0, "2"), one)),
	    0);
	assert_all(map, "1 3");
	assert_int_equal(map_mgmt_delete(map, &ann, &object,
	                     encode(TCP(1, 0, ""), any)),
	    0);
	assert_all(map, "1");
	assert_int_equal(map_mgmt_delete(map, &ann, &object,
	                     encode(TCP(1, 0, ""), any)),
	    EPM_NOT_REGISTERED);
	assert_int_equal(map_mgmt_delete(map, &ann, NULL,
	                     text_bytes("no tower")),
	    EPM_INVALID_ENTRY);
	end_map(map);
}

static void
entries_go_with_their_connection(void **state)
{
	const struct map_caller second = { 1000, 7 };
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &bob, TCP(1, 0, "2"), NULL, false), 0);
	/* taken over by another connection of its owner's */
	assert_int_equal(insert(map, &second, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(map_disconnect(map, ann.connection), 0);
	assert_all(map, "2 1");
	assert_int_equal(map_disconnect(map, second.connection), 1);
	assert_all(map, "2");
	end_map(map);
}

static void
what_is_no_tower_leaves_the_map_as_it_was(void **state)
{
	uint8_t bytes[TOWER_SIZE_MAX];
	struct epm_entry entries[2] = {
		{ .has_tower = true, .tower = encode(TCP(1, 0, "1"), bytes) },
		{ .has_tower = true, .tower = text_bytes("no tower") },
	};
	const struct epm_entries two = { entries, 0, 2, 0 };
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "0"), NULL, false), 0);
	assert_int_equal(map_insert(map, &ann, &two, true), EPM_INVALID_ENTRY);
	entries[1].has_tower = false;
	assert_int_equal(map_insert(map, &ann, &two, true), EPM_INVALID_ENTRY);
	assert_all(map, "0");
	end_map(map);
}

static void
a_full_map_takes_no_more(void **state)
{
	struct map *map = new_map();
	char port[2] = "0";

	(void)state;
	for (int i = 0; i < 8; i++, port[0]++)
		assert_int_equal(insert(map, &ann, TCP(1, 0, port), NULL,
		                     false),
		    0);
	/* a quarter is enough for one user */
	assert_int_equal(insert(map, &ann, TCP(1, 0, port), NULL, false),
	    EPM_CANT_CREATE);
	assert_all(map, "0 1 2 3 4 5 6 7");
	for (uint16_t minor = 1; minor <= 24; minor++)
		assert_int_equal(insert(map, &root, TCP(1, minor, "1"), NULL,
		                     false),
		    0);
	assert_int_equal(insert(map, &root, TCP(2, 0, "1"), NULL, false),
	    EPM_CANT_CREATE);
	assert_int_equal(insert(map, &bob, TCP(2, 0, "1"), NULL, false),
	    EPM_CANT_CREATE);
	end_map(map);
}

static void
without_memory_the_map_stays_as_it_was(void **state)
{
	struct map *map = new_map();

	(void)state;
	memory.fail_at = 1;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &ann, TCP(1, 0, "2"), NULL, true),
	    EPM_NO_MEMORY);
	assert_all(map, "1");
	end_map(map);
}

static void
a_walk_goes_on_where_it_was_whatever_comes_and_goes(void **state)
{
	const struct map_query query = { .inquiry = EPM_ALL_ELTS };
	struct map_position position = { 0 };
	struct map *map = new_map();

	(void)state;
	assert_int_equal(insert(map, &ann, TCP(1, 0, "1"), NULL, false), 0);
	assert_int_equal(insert(map, &bob, TCP(1, 0, "2"), NULL, false), 0);
	assert_string_equal(map_next(map, &query, &position)->annotation, "1");
	assert_int_equal(map_disconnect(map, ann.connection), 1);
	assert_string_equal(map_next(map, &query, &position)->annotation, "2");
	assert_null(map_next(map, &query, &position));
	assert_int_equal(insert(map, &ann, TCP(1, 0, "3"), NULL, false), 0);
	assert_string_equal(map_next(map, &query, &position)->annotation, "3");
	map_fini(map);
}

/* ------------------------------------------------------------- lookups -- */

static struct lookup *
add(struct lookups *lookups, uint32_t association, uint64_t connection,
    uint32_t name)
{
	const struct lookups_client client = { association, connection };
	const struct becket_uuid uuid = { .time_low = name };

	return lookups_add(lookups, &client, &uuid);
}

static bool
is_there(struct lookups *lookups, uint32_t association, uint32_t name)
{
	const struct lookups_client client = { .association = association };
	const struct becket_uuid uuid = { .time_low = name };

	return lookups_find(lookups, &client, &uuid) != NULL;
}

static void
a_lookup_is_of_use_to_its_association_alone(void **state)
{
	struct lookups lookups;

	(void)state;
	memory = test_memory(TEST_MEMORY_NEVER);
	lookups_init(&lookups, test_memory_of(&memory), 4);
	assert_non_null(add(&lookups, 1, 1, 1));
	assert_true(is_there(&lookups, 1, 1));
	assert_false(is_there(&lookups, 2, 1));
	lookups_disconnect(&lookups, 1);
	assert_false(is_there(&lookups, 1, 1));
	lookups_fini(&lookups);
	test_memory_end(&memory);
}

static void
one_lookup_too_many_ends_the_oldest(void **state)
{
	struct lookups lookups;

	(void)state;
	memory = test_memory(TEST_MEMORY_NEVER);
	lookups_init(&lookups, test_memory_of(&memory),
	    2 * LOOKUPS_OF_CONNECTION);
	for (uint32_t i = 0; i <= LOOKUPS_OF_CONNECTION; i++)
		assert_non_null(add(&lookups, 1, 1, i));
	assert_int_equal(lookups.count, LOOKUPS_OF_CONNECTION);
	assert_false(is_there(&lookups, 1, 0));
	assert_true(is_there(&lookups, 1, 1));
	for (uint32_t i = 0; i <= LOOKUPS_OF_CONNECTION; i++)
		assert_non_null(add(&lookups, 2, 2 + i, 100 + i));
	assert_int_equal(lookups.count, 2 * LOOKUPS_OF_CONNECTION);
	assert_false(is_there(&lookups, 1, 1));
	assert_true(is_there(&lookups, 2, 100));
	lookups_fini(&lookups);
	test_memory_end(&memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_client_finds_a_server_of_its_major_version_and_at_least_its_minor),
		cmocka_unit_test(
		    protocols_and_transfer_syntaxes_have_to_be_those_asked_for),
		cmocka_unit_test(an_objects_own_entries_come_first),
		cmocka_unit_test(lookups_know_their_version_options),
		cmocka_unit_test(lookups_by_object_want_that_object),
		cmocka_unit_test(
		    to_replace_takes_away_what_is_alike_and_nothing_else),
		cmocka_unit_test(
		    entries_that_come_together_do_not_replace_each_other),
		cmocka_unit_test(others_entries_cannot_be_replaced_but_by_root),
		cmocka_unit_test(only_the_owner_and_root_delete),
		cmocka_unit_test(management_deletes_by_tower_and_object),
		cmocka_unit_test(entries_go_with_their_connection),
		cmocka_unit_test(what_is_no_tower_leaves_the_map_as_it_was),
		cmocka_unit_test(a_full_map_takes_no_more),
		cmocka_unit_test(without_memory_the_map_stays_as_it_was),
		cmocka_unit_test(
		    a_walk_goes_on_where_it_was_whatever_comes_and_goes),
		cmocka_unit_test(a_lookup_is_of_use_to_its_association_alone),
		cmocka_unit_test(one_lookup_too_many_ends_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
