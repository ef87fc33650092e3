/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/allocate.h"
#include "becket_stub.h"
#include "io/binding.h"
#include "io/epm_client.h"
#include "io/error.h"
#include "io/mapper_address.h"
#include "io/string_parts.h"
#include "wire/tower.h"

enum {
	BATCH = 64,
	/* In a row: then it is not a map that we are told. */
	MOST_NONSENSE = 64,
};

/*
 * A walk through an endpoint map. The mapper is asked for some entries at a
 * time; what it answered stays until the next of its answers.
 */
struct becket_ep_inquiry {
	struct becket_runtime *runtime;
	struct becket_binding *mapper;
	struct epm_lookup_in asked; /* with the handle of the last answer */
	bool is_over;               /* no more answers */
	struct becket_bytes *bytes; /* of the last one */
	struct epm_entry entries[BATCH];
	uint32_t count, at;
	uint32_t told;     /* entries, in all answers */
	uint32_t nonsense; /* of the last of them */
	char annotation[EPM_ANNOTATION_SIZE];
	char *binding;
};

/* --------------------------------------------------------- begin, done -- */

static becket_status
check(enum becket_ep_inquiry_type type, const struct becket_if_id *interface,
    enum becket_vers_option versions, const struct becket_uuid *object)
{
	bool by_interface =
	    type == BECKET_EP_MATCH_BY_IF || type == BECKET_EP_MATCH_BY_BOTH;
	bool by_object =
	    type == BECKET_EP_MATCH_BY_OBJ || type == BECKET_EP_MATCH_BY_BOTH;

	if ((unsigned)type > BECKET_EP_MATCH_BY_BOTH ||
	    (by_interface && interface == NULL) ||
	    (by_object && object == NULL))
		return BECKET_S_INVALID_ARG;
	if (by_interface &&
	    (versions < BECKET_VERS_ALL || versions > BECKET_VERS_UPTO))
		return BECKET_S_INVALID_VERS_OPTION;
	return BECKET_S_OK;
}

becket_status
becket_mgmt_ep_elt_inq_begin(struct becket_runtime *runtime,
    struct becket_binding *mapper, enum becket_ep_inquiry_type type,
    const struct becket_if_id *interface, enum becket_vers_option versions,
    const struct becket_uuid *object, struct becket_ep_inquiry **ret_inquiry)
{
	struct becket_ep_inquiry *new;
	becket_status status = check(type, interface, versions, object);

	if (runtime == NULL || ret_inquiry == NULL)
		status = BECKET_S_INVALID_ARG;
	if (status != BECKET_S_OK)
		return error_set(status, "%s", becket_status_text(status));
	new = memory_new(&runtime->memory, sizeof *new);
	if (new == NULL)
		return error_set(BECKET_S_OUT_OF_MEMORY, "%s",
		    becket_status_text(BECKET_S_OUT_OF_MEMORY));
	new->runtime = runtime;
	new->asked = (struct epm_lookup_in){
		.inquiry = (uint32_t)type,
		.versions =
		    interface == NULL ? EPM_VERS_ALL : (uint32_t)versions,
		.has_interface = interface != NULL,
		.has_object = object != NULL,
		.max = BATCH,
	};
	if (interface != NULL)
		new->asked.interface = (struct syntax_id){ interface->uuid,
			interface->major, interface->minor };
	if (object != NULL)
		new->asked.object = *object;
	status = mapper == NULL ? mapper_bind_here(runtime, &new->mapper)
	                        : becket_binding_copy(mapper, &new->mapper);
	if (status != BECKET_S_OK) {
		becket_mgmt_ep_elt_inq_done(&new);
		return status;
	}
	*ret_inquiry = new;
	return BECKET_S_OK;
}

void
becket_mgmt_ep_elt_inq_done(struct becket_ep_inquiry **inquiry)
{
	struct becket_ep_inquiry *old = inquiry == NULL ? NULL : *inquiry;

	if (old == NULL)
		return;
	*inquiry = NULL;
	if (!old->is_over && old->mapper != NULL)
		epm_free_handle(old->mapper, old->asked.handle);
	becket_stub_free(old->bytes);
	runtime_free_text(old->runtime, old->binding);
	becket_binding_free(&old->mapper);
	memory_free(&old->runtime->memory, old, sizeof *old);
}

/* ---------------------------------------------------------------- next -- */

/* Some mappers say "not registered" with the last entries, some after them,
 * and some never; one that has nothing to add is not asked for ever.
 */
static becket_status
take_answer(struct becket_ep_inquiry *inquiry, struct epm_answer *answer)
{
	struct epm_lookup_out out = { .entries = { .entries = inquiry->entries,
		                          .capacity = BATCH } };

	epm_lookup_out(&answer->cursor, &out);
	inquiry->bytes = answer->bytes;
	if (answer->cursor.status != BECKET_S_OK || out.entries.count > BATCH)
		return error_set(BECKET_X_BAD_STUB_DATA,
		    "the answer of the endpoint mapper could not be decoded");
	inquiry->count = out.entries.count;
	inquiry->told += out.entries.count;
	inquiry->asked.handle = out.handle;
	inquiry->is_over = out.status != EPM_OK || out.entries.count == 0 ||
	                   becket_uuid_is_nil(&out.handle.uuid);
	if (out.status == EPM_OK || out.status == EPM_NOT_REGISTERED)
		return BECKET_S_OK;
	return error_set(epm_status_local(out.status),
	    "the endpoint mapper: %s",
	    becket_status_text(epm_status_local(out.status)));
}

static becket_status
ask(struct becket_ep_inquiry *inquiry)
{
	uint8_t stub[EPM_SMALL_SIZE];
	struct cursor c = cursor_put(stub, sizeof stub);
	struct epm_answer answer;
	becket_status status;

	becket_stub_free(inquiry->bytes);
	inquiry->bytes = NULL;
	inquiry->count = inquiry->at = 0;
	epm_lookup_in(&c, &inquiry->asked);
	status = epm_ask(inquiry->mapper, EPM_LOOKUP, stub, c.at, &answer);
	if (status == BECKET_S_OK)
		status = take_answer(inquiry, &answer);
	if (status != BECKET_S_OK)
		inquiry->is_over = true;
	return status;
}

/* No mapper is asked for ever. */
static becket_status
check_patience(const struct becket_ep_inquiry *inquiry)
{
	uint32_t most = inquiry->runtime->limits.map_entries;

	if (inquiry->nonsense >= MOST_NONSENSE)
		return error_set(BECKET_X_BAD_STUB_DATA,
		    "the endpoint mapper tells entries that make no sense");
	if (inquiry->told > most)
		return error_set(BECKET_S_LIMIT_EXCEEDED,
		    "the endpoint mapper has more than %" PRIu32
		    " entries (limits.map_entries)",
		    most);
	return BECKET_S_OK;
}

static struct becket_if_id
if_id_of(const struct syntax_id *id)
{
	return (struct becket_if_id){ id->uuid, id->major, id->minor };
}

/* A tower without a host means the one that was asked. */
static becket_status
make_binding(struct becket_ep_inquiry *inquiry, const struct tower *tower,
    const struct becket_uuid *object)
{
	char uuid[BECKET_UUID_TEXT_SIZE] = "";
	char endpoint[TOWER_TEXT_SIZE], host[TOWER_TEXT_SIZE];
	const char *protseq = tower_protseq(tower);
	bool is_local = protseq != NULL && strcmp(protseq, "ncalrpc") == 0;
	struct string_parts parts = {
		.object = uuid,
		.protseq = (char *)(uintptr_t)protseq,
		.netaddr = host,
		.endpoint = endpoint,
	};
	char *text = NULL;
	becket_status status = BECKET_S_OK;

	if (!becket_uuid_is_nil(object))
		becket_uuid_to_string(object, uuid);
	tower_endpoint(tower, endpoint);
	tower_host(tower, host);
	if (*host == '\0' && !is_local)
		parts.netaddr = inquiry->mapper->host;
	if (protseq != NULL)
		status = string_parts_join(inquiry->runtime, &parts, &text);
	runtime_free_text(inquiry->runtime, inquiry->binding);
	inquiry->binding = text;
	return status;
}

/* false: nothing to make sense of. */
static bool
take_entry(struct becket_ep_inquiry *inquiry, const struct epm_entry *entry,
    struct becket_ep_element *ret_element)
{
	struct tower tower;

	if (!entry->has_tower ||
	    tower_decode(entry->tower, &tower) != BECKET_S_OK ||
	    make_binding(inquiry, &tower, &entry->object) != BECKET_S_OK)
		return false;
	if (entry->annotation.size > 0)
		memcpy(inquiry->annotation, entry->annotation.data,
		    entry->annotation.size);
	inquiry->annotation[entry->annotation.size] = '\0';
	*ret_element = (struct becket_ep_element){
		.interface = if_id_of(&tower.interface),
		.transfer_syntax = if_id_of(&tower.transfer),
		.object = entry->object,
		.binding = inquiry->binding == NULL ? "" : inquiry->binding,
		.annotation = inquiry->annotation,
	};
	return true;
}

/* The next entry that makes some; false: not in this answer. */
static bool
take_sense(struct becket_ep_inquiry *inquiry,
    struct becket_ep_element *ret_element)
{
	while (inquiry->at < inquiry->count) {
		inquiry->nonsense++;
		if (!take_entry(inquiry, &inquiry->entries[inquiry->at++],
		        ret_element))
			continue;
		inquiry->nonsense = 0;
		return true;
	}
	return false;
}

becket_status
becket_mgmt_ep_elt_inq_next(struct becket_ep_inquiry *inquiry,
    struct becket_ep_element *ret_element)
{
	becket_status status = BECKET_S_OK;

	if (inquiry == NULL || ret_element == NULL)
		return error_set(BECKET_S_INVALID_ARG, "there is no inquiry");
	while (status == BECKET_S_OK) {
		if (take_sense(inquiry, ret_element))
			return BECKET_S_OK;
		if (inquiry->is_over)
			return error_set(BECKET_S_NO_MORE_ELEMENTS, "%s",
			    becket_status_text(BECKET_S_NO_MORE_ELEMENTS));
		status = check_patience(inquiry);
		if (status == BECKET_S_OK)
			status = ask(inquiry);
	}
	return status;
}

/* ---------------------------------------------------------- unregister -- */

static becket_status
delete_one(struct becket_binding *mapper, const struct tower *tower,
    const struct becket_uuid *object)
{
	uint8_t stub[EPM_SMALL_SIZE + TOWER_SIZE_MAX], bytes[TOWER_SIZE_MAX];
	struct cursor c = cursor_put(stub, sizeof stub);
	struct epm_mgmt_delete in = {
		.by_object = object != NULL,
		.has_object = object != NULL,
		.has_tower = true,
	};
	struct epm_answer answer;
	uint32_t verdict = 0;
	size_t size;
	becket_status status = tower_encode(tower, bytes, &size);

	if (status != BECKET_S_OK)
		return status;
	in.tower = (struct becket_bytes){ bytes, size };
	if (object != NULL)
		in.object = *object;
	epm_mgmt_delete_in(&c, &in);
	status = epm_ask(mapper, EPM_MGMT_DELETE, stub, c.at, &answer);
	if (status != BECKET_S_OK)
		return status;
	epm_status_out(&answer.cursor, &verdict);
	status = answer.cursor.status;
	becket_stub_free(answer.bytes);
	return status == BECKET_S_OK ? epm_status_local(verdict) : status;
}

/* In every transfer syntax; that some are not there is no failure. */
static becket_status
delete_all(struct becket_binding *mapper, const struct becket_if_id *interface,
    const struct becket_binding *binding, const struct becket_uuid *object)
{
	becket_status verdict = BECKET_S_NOT_REGISTERED;

	for (int i = 0; i < SYNTAX_COUNT; i++) {
		struct tower tower = {
			.interface = { interface->uuid, interface->major,
			    interface->minor },
			.transfer = transfer_syntaxes[i],
		};
		struct tower_room room;
		becket_status status =
		    tower_build(&tower, binding->protseq->name, binding->host,
		        binding->endpoint, &room);

		if (status == BECKET_S_OK)
			status = delete_one(mapper, &tower, object);
		if (status != BECKET_S_OK && status != BECKET_S_NOT_REGISTERED)
			return status;
		if (status == BECKET_S_OK)
			verdict = BECKET_S_OK;
	}
	return verdict;
}

becket_status
becket_mgmt_ep_unregister(struct becket_binding *mapper,
    const struct becket_if_id *interface, struct becket_binding *binding,
    const struct becket_uuid *object)
{
	struct becket_binding *here = NULL;
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	if (interface == NULL)
		return error_set(BECKET_S_INVALID_ARG,
		    "there is no interface to unregister");
	if (mapper == NULL) {
		status = mapper_bind_here(binding->runtime, &here);
		mapper = here;
	}
	if (status == BECKET_S_OK)
		status = delete_all(mapper, interface, binding, object);
	becket_binding_free(&here);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	return error_set(status, "endpoint map: %s",
	    becket_status_text(status));
}
