/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "becket_stub.h"
#include "io/epm_interface.h"
#include "wire/epm.h"
#include "wire/tower.h"

/*
 * Looking through the map of a mapper that has no end.
 */
enum { MOST_ENTRIES = 300 };

struct place {
	struct becket_runtime *runtime;
	struct becket_server *server;
	struct becket_binding *mapper;
	unsigned batch; /* entries in an answer */
	bool has_towers;
	unsigned end_after; /* entries; 0: never */
	atomic_uint told, lookups, freed;
};

static struct becket_bytes
make_tower(uint8_t bytes[TOWER_SIZE_MAX])
{
	struct tower tower = {
		.interface = { .uuid = { .time_low = 1 }, .major = 1 },
		.transfer = transfer_syntaxes[SYNTAX_NDR],
	};
	struct tower_room room;
	size_t size;

	assert_int_equal(tower_build(&tower, "ncacn_ip_tcp", "", "1", &room),
	    BECKET_S_OK);
	assert_int_equal(tower_encode(&tower, bytes, &size), BECKET_S_OK);
	return (struct becket_bytes){ bytes, size };
}

static becket_status
lookup(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	enum { CAPACITY = 65536 };
	struct place *place = (struct place *)(uintptr_t)epv;
	struct cursor c =
	    cursor_put(becket_call_alloc(call, CAPACITY), CAPACITY);
	struct epm_entry entries[64] = { { .has_tower = false } };
	struct epm_lookup_out out = {
		.handle.uuid.time_low = 1,
		.entries = { .entries = entries,
		    .count = place->batch,
		    .max = 64 },
	};
	uint8_t bytes[TOWER_SIZE_MAX];

	(void)request;
	for (size_t i = 0; i < place->batch; i++)
		if ((entries[i].has_tower = place->has_towers))
			entries[i].tower = make_tower(bytes);
	atomic_fetch_add(&place->lookups, 1);
	if (atomic_fetch_add(&place->told, place->batch) + place->batch ==
	    place->end_after)
		out.handle = (struct epm_handle){ 0 };
	epm_lookup_out(&c, &out);
	*(struct becket_bytes *)response = (struct becket_bytes){ c.put, c.at };
	return c.status;
}

static becket_status
free_handle(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct place *place = (struct place *)(uintptr_t)epv;

	(void)call;
	atomic_fetch_add(&place->freed, 1);
	*(struct becket_bytes *)response =
	    *(const struct becket_bytes *)request;
	return BECKET_S_OK;
}

static void
begin(struct place *place)
{
	static becket_routine *const routines[EPM_OPERATIONS] = {
		[EPM_LOOKUP] = lookup,
		[EPM_LOOKUP_HANDLE_FREE] = free_handle,
	};
	static const struct becket_routines all = {
		.abi = BECKET_ABI,
		.count = EPM_OPERATIONS,
		.routines = routines,
	};
	struct becket_limits limits = { .map_entries = MOST_ENTRIES };
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &limits,
	};
	struct becket_binding_vector *vector;

	assert_int_equal(becket_runtime_new(&options, &place->runtime),
	    BECKET_S_OK);
	assert_int_equal(becket_server_new(place->runtime, NULL,
	                     &place->server),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if(place->server,
	                     &epm_client_interface, &all, NULL, place, 0),
	    BECKET_S_OK);
	assert_int_equal(becket_server_use_protseq(place->server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(place->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(becket_server_inq_bindings(place->server, &vector),
	    BECKET_S_OK);
	assert_int_equal(becket_binding_copy(vector->bindings[0],
	                     &place->mapper),
	    BECKET_S_OK);
	becket_binding_vector_free(&vector);
}

static void
end(struct place *place)
{
	becket_binding_free(&place->mapper);
	assert_int_equal(becket_server_stop(place->server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(place->server), BECKET_S_OK);
	becket_server_free(place->server);
	becket_runtime_free(place->runtime);
}

/* How many elements there are, and with what it ended. */
static unsigned
look_through(struct place *place, becket_status expected)
{
	struct becket_ep_inquiry *inquiry;
	struct becket_ep_element element;
	becket_status status;
	unsigned count = 0;

	assert_int_equal(becket_mgmt_ep_elt_inq_begin(place->runtime,
	                     place->mapper, BECKET_EP_ALL_ELTS, NULL,
	                     BECKET_VERS_ALL, NULL, &inquiry),
	    BECKET_S_OK);
	while ((status = becket_mgmt_ep_elt_inq_next(inquiry, &element)) ==
	           BECKET_S_OK &&
	       count < 100 * MOST_ENTRIES)
		count++;
	assert_int_equal(status, expected);
	assert_int_equal(becket_error_last()->status, expected);
	/* It stays so, and nobody is asked again. */
	atomic_store(&place->told, atomic_load(&place->lookups));
	assert_int_equal(becket_mgmt_ep_elt_inq_next(inquiry, &element),
	    expected);
	assert_int_equal(atomic_load(&place->lookups),
	    atomic_load(&place->told));
	becket_mgmt_ep_elt_inq_done(&inquiry);
	return count;
}

static void
a_map_without_end_is_left(void **state)
{
	struct place place = { .batch = 64, .has_towers = true };

	(void)state;
	begin(&place);
	assert_int_equal(look_through(&place, BECKET_S_LIMIT_EXCEEDED), 320);
	assert_int_equal(atomic_load(&place.freed), 1);
	end(&place);
}

static void
a_map_may_be_as_large_as_the_limit(void **state)
{
	struct place place = { .batch = 50,
		.has_towers = true,
		.end_after = MOST_ENTRIES };

	(void)state;
	begin(&place);
	assert_int_equal(look_through(&place, BECKET_S_NO_MORE_ELEMENTS),
	    MOST_ENTRIES);
	assert_int_equal(atomic_load(&place.freed), 0);
	end(&place);
}

static void
a_mapper_that_tells_nonsense_is_left(void **state)
{
	struct place place = { .batch = 1 };

	(void)state;
	begin(&place);
	assert_int_equal(look_through(&place, BECKET_X_BAD_STUB_DATA), 0);
	assert_int_equal(atomic_load(&place.lookups), 64);
	assert_int_equal(atomic_load(&place.freed), 1);
	end(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_without_end_is_left),
		cmocka_unit_test(a_map_may_be_as_large_as_the_limit),
		cmocka_unit_test(a_mapper_that_tells_nonsense_is_left),
	};

	return cmocka_run_group_tests_name("ep inquiry", tests, NULL, NULL);
}
