/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include "wire/mgmt.h"

/*
 * What every server offers besides its own interfaces: PROTOCOL.md section 7.
 * It speaks NDR, and its messages are bytes; wire/mgmt.c knows their layout.
 */

static bool
is_allowed(struct becket_call *call, enum becket_mgmt_operation operation)
{
	const struct becket_server *server = call->host->server;

	if (server->allow != NULL)
		return server->allow(server->allow_user, call, operation);
	return operation != BECKET_MGMT_STOP_SERVER_LISTENING;
}

static struct cursor
get(const struct becket_call *call, const void *request)
{
	const struct becket_bytes *bytes = request;

	return cursor_get(bytes->data, bytes->size, call->begun.big_endian);
}

/* Room for a response; what is put too much shows in put()'s verdict. */
static struct cursor
begin(struct becket_call *call, size_t size)
{
	void *data = becket_call_alloc(call, size);

	return cursor_put(data, data == NULL ? 0 : size);
}

static becket_status
put(const struct cursor *c, void *response)
{
	if (c->status != BECKET_S_OK)
		return BECKET_S_REMOTE_NO_MEMORY;
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ c->put, c->at };
	return BECKET_S_OK;
}

static becket_status
list_interfaces(struct becket_call *call, struct mgmt_if_ids *out)
{
	struct managers *managers = call->host->managers;
	uint32_t count = managers_list(managers, NULL, 0);

	if (count == 0) {
		out->status = BECKET_S_NO_INTERFACES;
		return BECKET_S_OK;
	}
	out->ids = becket_call_alloc(call, count * sizeof *out->ids);
	if (out->ids == NULL)
		return BECKET_S_REMOTE_NO_MEMORY;
	/* Some may have come or gone since they were counted. */
	out->count = managers_list(managers, out->ids, count);
	if (out->count > count)
		out->count = count;
	out->capacity = out->count;
	return BECKET_S_OK;
}

static becket_status
inq_if_ids(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct mgmt_if_ids out = { 0 };
	becket_status status = BECKET_S_OK;
	struct cursor c;

	(void)epv;
	(void)request;
	if (is_allowed(call, BECKET_MGMT_INQ_IF_IDS))
		status = list_interfaces(call, &out);
	else
		out.status = BECKET_S_ACCESS_DENIED;
	if (status != BECKET_S_OK)
		return status;
	c = begin(call, mgmt_inq_if_ids_size(out.count));
	mgmt_inq_if_ids_out(&c, &out);
	return put(&c, response);
}

static void
fill_stats(struct becket_server *server, struct mgmt_stats *out)
{
	struct becket_stats stats;

	becket_server_inq_stats(server, &stats);
	out->values[MGMT_CALLS_IN] = (uint32_t)stats.calls_in;
	out->values[MGMT_CALLS_OUT] = (uint32_t)stats.calls_out;
	out->values[MGMT_PACKETS_IN] = (uint32_t)stats.packets_in;
	out->values[MGMT_PACKETS_OUT] = (uint32_t)stats.packets_out;
}

static becket_status
inq_stats(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct mgmt_stats out = { 0 };
	struct cursor c = get(call, request);

	(void)epv;
	mgmt_inq_stats_in(&c, &out.count);
	if (c.status != BECKET_S_OK)
		return BECKET_X_BAD_STUB_DATA;
	if (out.count > MGMT_STATS)
		out.count = MGMT_STATS;
	if (is_allowed(call, BECKET_MGMT_INQ_STATS))
		fill_stats(call->host->server, &out);
	else
		out.status = BECKET_S_ACCESS_DENIED;
	c = begin(call, MGMT_SMALL_SIZE);
	mgmt_inq_stats_out(&c, &out);
	return put(&c, response);
}

static becket_status
is_server_listening(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	struct mgmt_listening out = { 0 };
	struct cursor c = begin(call, MGMT_SMALL_SIZE);

	(void)epv;
	(void)request;
	if (is_allowed(call, BECKET_MGMT_IS_SERVER_LISTENING))
		out.listening = server_is_listening(call->host->server);
	else
		out.status = BECKET_S_ACCESS_DENIED;
	mgmt_is_server_listening_out(&c, &out);
	return put(&c, response);
}

static becket_status
stop_server_listening(const void *epv, struct becket_call *call,
    const void *request, void *response)
{
	becket_status status = BECKET_S_ACCESS_DENIED;
	struct cursor c = begin(call, MGMT_SMALL_SIZE);

	(void)epv;
	(void)request;
	if (is_allowed(call, BECKET_MGMT_STOP_SERVER_LISTENING))
		status = becket_server_stop(call->host->server);
	mgmt_stop_server_listening_out(&c, &status);
	return put(&c, response);
}

/* There is no authentication service yet, so none is known. */
static becket_status
inq_princ_name(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct mgmt_princ_name out = {
		.status = BECKET_S_UNKNOWN_AUTHN_SERVICE,
	};
	struct mgmt_princ_name_in in = { 0 };
	struct cursor c = get(call, request);

	(void)epv;
	mgmt_inq_princ_name_in(&c, &in);
	if (c.status != BECKET_S_OK || in.size == 0)
		return BECKET_X_BAD_STUB_DATA;
	if (!is_allowed(call, BECKET_MGMT_INQ_PRINC_NAME))
		out.status = BECKET_S_ACCESS_DENIED;
	out.size = in.size;
	c = begin(call, MGMT_SMALL_SIZE);
	mgmt_inq_princ_name_out(&c, &out);
	return put(&c, response);
}

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define OPERATION(text) \
	{ .name = text, .request = BYTES, .response = BYTES }

static const struct becket_operation operations[MGMT_OPERATIONS] = {
	[MGMT_INQ_IF_IDS]           = OPERATION("inq_if_ids"),
	[MGMT_INQ_STATS]            = OPERATION("inq_stats"),
	[MGMT_IS_SERVER_LISTENING]  = OPERATION("is_server_listening"),
	[MGMT_STOP_SERVER_LISTENING] = OPERATION("stop_server_listening"),
	[MGMT_INQ_PRINC_NAME]       = OPERATION("inq_princ_name"),
};

static becket_routine *const routines[MGMT_OPERATIONS] = {
	[MGMT_INQ_IF_IDS]           = inq_if_ids,
	[MGMT_INQ_STATS]            = inq_stats,
	[MGMT_IS_SERVER_LISTENING]  = is_server_listening,
	[MGMT_STOP_SERVER_LISTENING] = stop_server_listening,
	[MGMT_INQ_PRINC_NAME]       = inq_princ_name,
};
/* clang-format on */

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.flags = BECKET_INTERFACE_NDR,
	.name = "mgmt",
	.uuid = { 0xafa8bd80, 0x7d8a, 0x11c9,
	    { 0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89 } },
	.major = 1,
	.operation_count = MGMT_OPERATIONS,
	.operations = operations,
};

static const struct becket_routines table = {
	.abi = BECKET_ABI,
	.count = MGMT_OPERATIONS,
	.routines = routines,
};

becket_status
management_register(struct becket_server *server)
{
	return managers_add(&server->managers, &(struct manager_offer){
	                                           .interface = &interface,
	                                           .routines = &table,
	                                           .epv = server,
	                                           .is_hidden = true,
	                                       });
}
