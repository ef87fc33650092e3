/* SPDX-License-Identifier: MIT */
#include "mapper_private.h"

#include <inttypes.h>

#include "log.h"

static becket_status
put_status(struct becket_call *call, uint32_t status, void *response)
{
	struct cursor c = mapper_begin(call, EPM_SMALL_SIZE);

	epm_status_out(&c, &status);
	return mapper_put(&c, response);
}

/* false: it comes from who knows where. */
static bool
is_local(const struct becket_call *call, struct map_caller *ret_caller)
{
	const struct becket_peer *peer = becket_call_peer(call);

	if (!peer->has_credentials)
		return false;
	*ret_caller = (struct map_caller){ peer->uid, peer->connection };
	return true;
}

/* Twice over the same bytes: to count the entries, and to keep them. */
static becket_status
take_entries(struct becket_call *call, const void *request,
    struct epm_insert *in,
    void (*layout)(struct cursor *c, struct epm_insert *in))
{
	struct cursor c = mapper_get(call, request);

	layout(&c, in);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	if (in->entries.count > EPM_MOST)
		return becket_call_fail(call, BECKET_S_INVALID_BOUND,
		    "%" PRIu32 " entries at once are too many: %d are allowed",
		    in->entries.count, (int)EPM_MOST);
	in->entries.capacity = in->entries.count;
	in->entries.entries = becket_call_alloc(call,
	    in->entries.count * sizeof *in->entries.entries);
	if (in->entries.entries == NULL)
		return BECKET_S_REMOTE_NO_MEMORY;
	c = mapper_get(call, request);
	layout(&c, in);
	return BECKET_S_OK;
}

static void
log_change(const struct becket_call *call, const char *verb,
    const struct epm_insert *in, uint32_t status)
{
	const char *reason = becket_status_text(epm_status_local(status));

	log_line(status == EPM_OK ? BECKET_LOG_DEBUG : BECKET_LOG_WARNING,
	    "%s %s %" PRIu32 " entries of the endpoint map: %s",
	    becket_call_peer(call)->text, verb, in->entries.count, reason);
}

becket_status
mapper_insert(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct mapper *mapper = mapper_of(epv);
	struct epm_insert in = { 0 };
	struct map_caller caller;
	becket_status status = take_entries(call, request, &in, epm_insert_in);
	uint32_t verdict = MAP_ACCESS_DENIED;

	if (status != BECKET_S_OK)
		return status;
	if (is_local(call, &caller)) {
		pthread_mutex_lock(&mapper->lock);
		verdict = mapper_watch(mapper, call)
		              ? map_insert(&mapper->map, &caller, &in.entries,
		                    in.replace)
		              : (uint32_t)EPM_NO_MEMORY;
		pthread_mutex_unlock(&mapper->lock);
	}
	log_change(call, "registers", &in, verdict);
	return put_status(call, verdict, response);
}

static void
delete_layout(struct cursor *c, struct epm_insert *in)
{
	epm_delete_in(c, &in->entries);
}

becket_status
mapper_delete(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct mapper *mapper = mapper_of(epv);
	struct epm_insert in = { 0 };
	struct map_caller caller;
	becket_status status = take_entries(call, request, &in, delete_layout);
	uint32_t verdict = MAP_ACCESS_DENIED;

	if (status != BECKET_S_OK)
		return status;
	if (is_local(call, &caller)) {
		pthread_mutex_lock(&mapper->lock);
		verdict = map_delete(&mapper->map, &caller, &in.entries);
		pthread_mutex_unlock(&mapper->lock);
	}
	log_change(call, "deletes", &in, verdict);
	return put_status(call, verdict, response);
}

becket_status
mapper_mgmt_delete(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	struct mapper *mapper = mapper_of(epv);
	struct cursor c = mapper_get(call, request);
	struct epm_mgmt_delete in = { 0 };
	struct map_caller caller;
	uint32_t verdict = MAP_ACCESS_DENIED;

	epm_mgmt_delete_in(&c, &in);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	if (!in.has_tower)
		verdict = EPM_INVALID_ENTRY;
	else if (is_local(call, &caller)) {
		pthread_mutex_lock(&mapper->lock);
		verdict = map_mgmt_delete(&mapper->map, &caller,
		    in.by_object ? &in.object : NULL, in.tower);
		pthread_mutex_unlock(&mapper->lock);
	}
	return put_status(call, verdict, response);
}
