/* SPDX-License-Identifier: MIT */
#include "io/client_call.h"

/* The names of tables that are not ours are not for reading. */
static struct error_place
safe_place_of(const struct becket_binding *binding, const struct invoke *invoke,
    becket_status status)
{
	if (status == BECKET_S_STREAMS_NOT_SUPPORTED)
		return (struct error_place){
			.protseq = binding->protseq->name,
			.host = binding->host,
			.endpoint = binding->endpoint,
			.interface = invoke->interface->name,
			.operation = invoke_operation_name(invoke),
		};
	return (struct error_place){
		.interface = status == BECKET_S_PROCNUM_OUT_OF_RANGE
		                 ? invoke->interface->name
		                 : NULL,
	};
}

static becket_status
check(const struct becket_binding *binding, const struct invoke *invoke,
    bool is_complete, becket_status (*check_table)(const struct invoke *))
{
	struct error_place place;
	becket_status status = BECKET_S_OK;

	if (!is_complete || binding == NULL)
		status = BECKET_S_INVALID_ARG;
	else if (runtime_is_stale(binding->runtime))
		status = BECKET_S_STALE_AFTER_FORK;
	else
		status = check_table(invoke);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	place = safe_place_of(binding, invoke, status);
	return error_set_call(status, BECKET_NOT_SENT, &place,
	    binding == NULL ? "there is no binding handle" : NULL, NULL, 0);
}

becket_status
client_call_check(const struct becket_binding *binding,
    const struct invoke *invoke, bool is_complete)
{
	return check(binding, invoke, is_complete, invoke_check);
}

becket_status
client_call_check_stream(const struct becket_binding *binding,
    const struct invoke *invoke, bool is_complete)
{
	return check(binding, invoke, is_complete, invoke_check_stream);
}

void
client_call_follow(struct invoke *invoke, const struct becket_binding *binding,
    const struct binding_view *view)
{
	invoke->memory = &binding->runtime->memory;
	invoke->limits = &binding->runtime->limits;
	invoke->object = view->object;
	invoke->packs = view->packs;
	invoke->authority = binding->options->authority;
	invoke->user_agent = binding->options->user_agent;
	invoke_set_metadata(invoke, view->metadata);
}
