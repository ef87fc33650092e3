/* SPDX-License-Identifier: MIT */
#include "becket_stub.h"

#include <string.h>

#include "base/allocate.h"
#include "io/binding.h"
#include "io/error.h"
#include "io/runtime.h"
#include "stub/invoke.h"
#include "wire/cursor.h"
#include "wire/mgmt.h"

/*
 * The mgmt interface of another's server: NDR over the bytes codec. A fault
 * fails the call; a status in an answer is the server's refusal, and then the
 * operation was executed.
 */
enum { LARGEST_NAME = 1024 };

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define OPERATION(text) \
	{ .name = text, .request = BYTES, .response = BYTES }

static const struct becket_operation operations[MGMT_OPERATIONS] = {
	[MGMT_INQ_IF_IDS] = OPERATION("inq_if_ids"),
	[MGMT_INQ_STATS] = OPERATION("inq_stats"),
	[MGMT_IS_SERVER_LISTENING] = OPERATION("is_server_listening"),
	[MGMT_STOP_SERVER_LISTENING] = OPERATION("stop_server_listening"),
	[MGMT_INQ_PRINC_NAME] = OPERATION("inq_princ_name"),
};
/* clang-format on */

struct answer {
	struct becket_bytes *bytes; /* free with becket_stub_free() */
	struct cursor cursor;
};

static becket_status
ask(struct becket_binding *binding, enum mgmt_operation opnum, const void *stub,
    size_t size, struct answer *ret_answer)
{
	const struct becket_interface mgmt = {
		.abi = BECKET_ABI,
		.flags = BECKET_INTERFACE_NDR,
		.name = "mgmt",
		.uuid = mgmt_interface.uuid,
		.major = mgmt_interface.major,
		.minor = mgmt_interface.minor,
		.operation_count = MGMT_OPERATIONS,
		.operations = operations,
	};
	struct becket_bytes request = { stub, size };
	void *response;
	becket_status status = becket_stub_call(binding, &mgmt, (uint16_t)opnum,
	    &request, &response);

	if (status != BECKET_S_OK)
		return status;
	ret_answer->bytes = response;
	ret_answer->cursor =
	    cursor_get(ret_answer->bytes->data, ret_answer->bytes->size, false);
	return BECKET_S_OK;
}

/* status: the server's own. What was decoded lives on only as a copy. */
static becket_status
conclude(const struct becket_binding *binding, enum mgmt_operation opnum,
    struct answer *answer, becket_status status)
{
	becket_status decoded = answer->cursor.status;
	struct error_place place = {
		.protseq = binding->protseq->name,
		.host = binding->host,
		.endpoint = binding->endpoint,
		.interface = "mgmt",
		.operation = operations[opnum].name,
	};

	becket_stub_free(answer->bytes);
	if (decoded != BECKET_S_OK)
		return error_set_call(decoded, BECKET_EXECUTED, &place,
		    "the response could not be decoded", NULL, 0);
	if (status != BECKET_S_OK)
		return error_set_call(status, BECKET_EXECUTED, &place, NULL,
		    NULL, 0);
	return BECKET_S_OK;
}

becket_status
becket_mgmt_is_server_listening(struct becket_binding *binding)
{
	enum mgmt_operation opnum = MGMT_IS_SERVER_LISTENING;
	struct mgmt_listening out = { 0 };
	struct answer answer;
	becket_status status = ask(binding, opnum, NULL, 0, &answer);

	if (status != BECKET_S_OK)
		return status;
	mgmt_is_server_listening_out(&answer.cursor, &out);
	if (out.status == BECKET_S_OK && !out.listening)
		out.status = BECKET_S_NOT_LISTENING;
	return conclude(binding, opnum, &answer, out.status);
}

becket_status
becket_mgmt_stop_server_listening(struct becket_binding *binding)
{
	enum mgmt_operation opnum = MGMT_STOP_SERVER_LISTENING;
	becket_status out = BECKET_S_OK;
	struct answer answer;
	becket_status status = ask(binding, opnum, NULL, 0, &answer);

	if (status != BECKET_S_OK)
		return status;
	mgmt_stop_server_listening_out(&answer.cursor, &out);
	return conclude(binding, opnum, &answer, out);
}

becket_status
becket_mgmt_inq_stats(struct becket_binding *binding,
    struct becket_stats *ret_stats)
{
	enum mgmt_operation opnum = MGMT_INQ_STATS;
	uint8_t stub[MGMT_SMALL_SIZE];
	struct cursor in = cursor_put(stub, sizeof stub);
	uint32_t count = MGMT_STATS;
	struct mgmt_stats out = { 0 };
	struct answer answer;
	becket_status status;

	mgmt_inq_stats_in(&in, &count);
	status = ask(binding, opnum, stub, in.at, &answer);
	if (status != BECKET_S_OK)
		return status;
	mgmt_inq_stats_out(&answer.cursor, &out);
	status = conclude(binding, opnum, &answer, out.status);
	if (status == BECKET_S_OK)
		*ret_stats = (struct becket_stats){
			.calls_in = out.values[MGMT_CALLS_IN],
			.calls_out = out.values[MGMT_CALLS_OUT],
			.packets_in = out.values[MGMT_PACKETS_IN],
			.packets_out = out.values[MGMT_PACKETS_OUT],
		};
	return status;
}

static struct becket_if_id_vector *
if_id_vector_new(struct becket_runtime *runtime, size_t count)
{
	struct becket_if_id_vector *vector =
	    memory_new(&runtime->memory, sizeof *vector);

	if (vector == NULL)
		return NULL;
	*vector = (struct becket_if_id_vector){
		.count = count,
		.runtime = runtime,
		.ids =
		    memory_new(&runtime->memory, count * sizeof *vector->ids),
	};
	if (vector->ids == NULL) {
		memory_free(&runtime->memory, vector, sizeof *vector);
		return NULL;
	}
	return vector;
}

void
becket_if_id_vector_free(struct becket_if_id_vector **vector)
{
	struct becket_if_id_vector *old = vector == NULL ? NULL : *vector;

	if (old == NULL)
		return;
	*vector = NULL;
	memory_free(&old->runtime->memory, old->ids,
	    old->count * sizeof *old->ids);
	memory_free(&old->runtime->memory, old, sizeof *old);
}

/* Twice over the same bytes: to count, and to keep. There are as many ids as
 * there are bytes to hold them, so the count is no way to take much memory.
 */
static becket_status
take_if_ids(struct becket_runtime *runtime, struct answer *answer,
    struct becket_if_id_vector **ret_vector)
{
	struct cursor again = answer->cursor;
	struct mgmt_if_ids out = { 0 };
	struct becket_if_id_vector *vector;
	struct syntax_id *ids;
	size_t size;

	mgmt_inq_if_ids_out(&answer->cursor, &out);
	if (answer->cursor.status != BECKET_S_OK || out.status != BECKET_S_OK)
		return out.status;
	if (out.count == 0)
		return BECKET_S_NO_INTERFACES;
	size = out.count * sizeof *ids;
	ids = memory_new(&runtime->memory, size);
	vector = if_id_vector_new(runtime, out.count);
	if (ids == NULL || vector == NULL) {
		memory_free(&runtime->memory, ids, size);
		becket_if_id_vector_free(&vector);
		return BECKET_S_OUT_OF_MEMORY;
	}
	out = (struct mgmt_if_ids){ .ids = ids, .capacity = out.count };
	mgmt_inq_if_ids_out(&again, &out);
	for (size_t i = 0; i < out.count; i++)
		vector->ids[i] = (struct becket_if_id){
			.uuid = ids[i].uuid,
			.major = ids[i].major,
			.minor = ids[i].minor,
		};
	memory_free(&runtime->memory, ids, size);
	*ret_vector = vector;
	return BECKET_S_OK;
}

becket_status
becket_mgmt_inq_if_ids(struct becket_binding *binding,
    struct becket_if_id_vector **ret_vector)
{
	enum mgmt_operation opnum = MGMT_INQ_IF_IDS;
	struct becket_if_id_vector *vector = NULL;
	struct answer answer;
	becket_status status = ask(binding, opnum, NULL, 0, &answer);

	if (status != BECKET_S_OK)
		return status;
	status = take_if_ids(binding->runtime, &answer, &vector);
	status = conclude(binding, opnum, &answer, status);
	if (status == BECKET_S_OK)
		*ret_vector = vector;
	return status;
}

/* The name comes as a view that need not end in a NUL. */
static becket_status
copy_name(const struct becket_runtime *runtime, struct becket_bytes name,
    char **ret_name)
{
	char text[LARGEST_NAME + 1];
	size_t size = name.size < LARGEST_NAME ? name.size : LARGEST_NAME;

	if (size > 0)
		memcpy(text, name.data, size);
	text[size] = '\0';
	*ret_name = runtime_copy_text(runtime, text);
	return *ret_name == NULL ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK;
}

becket_status
becket_mgmt_inq_server_princ_name(struct becket_binding *binding,
    uint32_t authn_service, char **ret_name)
{
	enum mgmt_operation opnum = MGMT_INQ_PRINC_NAME;
	struct mgmt_princ_name_in asked = { authn_service, LARGEST_NAME };
	struct mgmt_princ_name out = { 0 };
	uint8_t stub[MGMT_SMALL_SIZE];
	struct cursor in = cursor_put(stub, sizeof stub);
	char *name = NULL;
	struct answer answer;
	becket_status status;

	mgmt_inq_princ_name_in(&in, &asked);
	status = ask(binding, opnum, stub, in.at, &answer);
	if (status != BECKET_S_OK)
		return status;
	mgmt_inq_princ_name_out(&answer.cursor, &out);
	status = out.status;
	if (answer.cursor.status == BECKET_S_OK && status == BECKET_S_OK)
		status = copy_name(binding->runtime, out.name, &name);
	status = conclude(binding, opnum, &answer, status);
	if (status == BECKET_S_OK)
		*ret_name = name;
	return status;
}
