/* SPDX-License-Identifier: MIT */
#include "mapper_private.h"

#include <string.h>

/* One call of a lookup: what it asks for, and the entries that it gets. */
struct search {
	struct map_query query;
	struct epm_handle handle; /* in and out */
	uint32_t max;
	const struct map_entry **found;
	uint32_t count;
	size_t bytes; /* of the towers found */
	uint32_t status;
};

/* The rule at the end of the list, which serves all clients that there are:
 * PROTOCOL.md section 7.2.
 */
static void
conclude(struct mapper *mapper, struct becket_call *call, struct search *search,
    struct lookup *lookup, const struct map_position *position)
{
	const struct lookups_client client = {
		becket_call_association(call),
		becket_call_peer(call)->connection,
	};
	struct becket_uuid uuid;
	bool is_first = lookup == NULL;
	bool goes_on = search->count == search->max && search->count > 0;

	if (goes_on && is_first && mapper_random_uuid(&uuid) &&
	    mapper_watch(mapper, call))
		lookup = lookups_add(&mapper->lookups, &client, &uuid);
	search->handle = (struct epm_handle){ 0 };
	if (goes_on && lookup != NULL) {
		lookup->position = *position;
		search->handle.uuid = lookup->uuid;
		return;
	}
	if (!is_first)
		lookups_remove(&mapper->lookups, lookup);
	if (!is_first || search->count == 0)
		search->status = EPM_NOT_REGISTERED;
}

/* With the lock held, which guards what has been found, too. */
static becket_status
search_map(struct mapper *mapper, struct becket_call *call,
    struct search *search)
{
	const struct lookups_client client = {
		.association = becket_call_association(call),
	};
	struct map_position position = { 0 };
	struct lookup *lookup = NULL;

	if (!becket_uuid_is_nil(&search->handle.uuid)) {
		lookup = lookups_find(&mapper->lookups, &client,
		    &search->handle.uuid);
		if (lookup == NULL)
			return BECKET_X_SS_CONTEXT_MISMATCH;
		position = lookup->position;
	}
	while (search->count < search->max) {
		const struct map_entry *entry =
		    map_next(&mapper->map, &search->query, &position);

		if (entry == NULL)
			break;
		search->found[search->count++] = entry;
		search->bytes += entry->size;
	}
	conclude(mapper, call, search, lookup, &position);
	return BECKET_S_OK;
}

static becket_status
prepare(struct becket_call *call, struct search *search)
{
	if (search->max > EPM_MOST)
		search->max = EPM_MOST;
	search->found = becket_call_alloc(call,
	    (search->max + 1) * sizeof(struct map_entry *));
	return search->found == NULL ? BECKET_S_REMOTE_NO_MEMORY : BECKET_S_OK;
}

static struct becket_bytes
tower_of(const struct map_entry *entry)
{
	return (struct becket_bytes){ entry->bytes, entry->size };
}

static becket_status
put_entries(struct becket_call *call, const struct search *search, uint32_t max,
    void *response)
{
	struct epm_lookup_out out = {
		.handle = search->handle,
		.entries = { .count = search->count, .max = max },
		.status = search->status,
	};
	struct cursor c =
	    mapper_begin(call, epm_entries_size(search->count, search->bytes));

	out.entries.entries = becket_call_alloc(call,
	    (search->count + 1) * sizeof *out.entries.entries);
	if (out.entries.entries == NULL)
		return BECKET_S_REMOTE_NO_MEMORY;
	for (uint32_t i = 0; i < search->count; i++) {
		const struct map_entry *entry = search->found[i];
		const uint8_t *text = (const uint8_t *)entry->annotation;

		out.entries.entries[i] = (struct epm_entry){
			.object = entry->object,
			.has_tower = true,
			.tower = tower_of(entry),
			.annotation = { text, strlen(entry->annotation) },
		};
	}
	epm_lookup_out(&c, &out);
	return mapper_put(&c, response);
}

static becket_status
put_towers(struct becket_call *call, const struct search *search, uint32_t max,
    void *response)
{
	struct epm_map_out out = {
		.handle = search->handle,
		.count = search->count,
		.max = max,
		.status = search->status,
	};
	struct cursor c =
	    mapper_begin(call, epm_entries_size(search->count, search->bytes));

	out.towers =
	    becket_call_alloc(call, (search->count + 1) * sizeof *out.towers);
	if (out.towers == NULL)
		return BECKET_S_REMOTE_NO_MEMORY;
	for (uint32_t i = 0; i < search->count; i++)
		out.towers[i] = tower_of(search->found[i]);
	epm_map_out(&c, &out);
	return mapper_put(&c, response);
}

/* Search and put under one lock: what is found may be gone after it. */
static becket_status
answer(struct mapper *mapper, struct becket_call *call, struct search *search,
    void *response)
{
	bool is_map = search->query.tower != NULL;
	uint32_t max = search->max;
	becket_status status = prepare(call, search);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&mapper->lock);
	if (search->status == EPM_OK)
		status = search_map(mapper, call, search);
	if (status == BECKET_S_OK)
		status = is_map ? put_towers(call, search, max, response)
		                : put_entries(call, search, max, response);
	pthread_mutex_unlock(&mapper->lock);
	return status;
}

becket_status
mapper_lookup(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct cursor c = mapper_get(call, request);
	struct epm_lookup_in in = { 0 };
	struct search search;

	epm_lookup_in(&c, &in);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	search = (struct search){
		.query = { .inquiry = (enum epm_inquiry)in.inquiry,
		    .versions = (enum epm_versions)in.versions,
		    .interface = in.interface,
		    .object = in.object },
		.handle = in.handle,
		.max = in.max,
	};
	if (in.inquiry > EPM_BY_BOTH || in.versions > EPM_VERS_UPTO)
		search.status = EPM_CANT_PERFORM_OP;
	return answer(mapper_of(epv), call, &search, response);
}

becket_status
mapper_map(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct cursor c = mapper_get(call, request);
	struct tower tower = { 0 };
	struct epm_map_in in = { 0 };
	struct search search;

	epm_map_in(&c, &in);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	search = (struct search){
		.query = { .tower = &tower, .object = in.object },
		.handle = in.handle,
		.max = in.max,
	};
	if (!in.has_tower || tower_decode(in.tower, &tower) != BECKET_S_OK)
		search.status = EPM_INVALID_ENTRY;
	return answer(mapper_of(epv), call, &search, response);
}

becket_status
mapper_lookup_handle_free(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	struct mapper *mapper = mapper_of(epv);
	const struct lookups_client client = {
		.association = becket_call_association(call),
	};
	struct cursor c = mapper_get(call, request);
	struct epm_handle handle = { 0 };
	uint32_t status = EPM_OK;
	struct lookup *old;

	epm_handle_layout(&c, &handle);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	pthread_mutex_lock(&mapper->lock);
	old = lookups_find(&mapper->lookups, &client, &handle.uuid);
	if (old != NULL)
		lookups_remove(&mapper->lookups, old);
	pthread_mutex_unlock(&mapper->lock);
	if (old == NULL && !becket_uuid_is_nil(&handle.uuid))
		return BECKET_X_SS_CONTEXT_MISMATCH;
	handle = (struct epm_handle){ 0 };
	c = mapper_begin(call, EPM_SMALL_SIZE);
	epm_handle_out(&c, &handle, &status);
	return mapper_put(&c, response);
}
