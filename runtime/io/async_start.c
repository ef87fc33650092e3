/* SPDX-License-Identifier: MIT */
#include "io/async_call.h"

#include "io/hub.h"
#include "io/resolve.h"

becket_status
async_call_fail_start(const struct becket_binding *binding,
    const struct invoke *invoke, becket_status status, const char *why)
{
	struct error_place place = {
		.protseq = binding->protseq->name,
		.host = binding->host,
		.endpoint = binding->endpoint,
		.interface = invoke->interface->name,
		.operation = invoke_operation_name(invoke),
	};

	return error_set_call(status, BECKET_NOT_SENT, &place,
	    why == NULL || *why == '\0' ? NULL : why, NULL, 0);
}

static becket_status
find_by_binding(struct becket_binding *binding, const struct invoke *invoke,
    uint64_t deadline, struct client_association **ret_association)
{
	char why[RESOLVE_WHY_SIZE];
	char *endpoint;
	becket_status status = resolve(binding, invoke->interface,
	    &invoke->object, deadline, &endpoint, why);

	if (status != BECKET_S_OK)
		return async_call_fail_start(binding, invoke, status, why);
	status = binding_association(binding,
	    endpoint != NULL ? endpoint : binding->endpoint, ret_association);
	runtime_free_text(binding->runtime, endpoint);
	return status == BECKET_S_OK
	           ? status
	           : async_call_fail_start(binding, invoke, status, NULL);
}

/* A context handle knows its association. */
becket_status
async_call_find_association(struct becket_binding *binding,
    const struct invoke *invoke, const struct client_contexts *contexts,
    uint64_t deadline, struct client_association **ret_association)
{
	if (contexts == NULL || contexts->used == NULL)
		return find_by_binding(binding, invoke, deadline,
		    ret_association);
	*ret_association = client_association_ref(contexts->used->association);
	return BECKET_S_OK;
}

becket_status
async_call_place(struct becket_async_call *call)
{
	struct hub *hub = call->hub;
	becket_status status;

	pthread_mutex_lock(&hub->lock);
	status = hub_open(hub);
	if (status == BECKET_S_OK) {
		hub_place(hub, call, false);
		hub_settle(hub);
	}
	pthread_mutex_unlock(&hub->lock);
	return status;
}
