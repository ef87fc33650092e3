/* SPDX-License-Identifier: MIT */
#include "io/epm_client.h"

#include "io/epm_interface.h"
#include "io/error.h"
#include "stub/reply.h"
#include "wire/tower.h"

enum { MOST_TOWERS = 4 };

becket_status
epm_ask(struct becket_binding *mapper, enum epm_operation opnum,
    const void *stub, size_t size, struct epm_answer *ret_answer)
{
	const struct becket_bytes request = { stub, size };
	void *response;
	becket_status status = becket_stub_call(mapper, &epm_client_interface,
	    (uint16_t)opnum, &request, &response);

	if (status != BECKET_S_OK)
		return status;
	ret_answer->bytes = response;
	ret_answer->cursor = cursor_get(ret_answer->bytes->data,
	    ret_answer->bytes->size, reply_is_big_endian(response));
	return BECKET_S_OK;
}

void
epm_free_handle(struct becket_binding *mapper, struct epm_handle handle)
{
	uint8_t stub[EPM_SMALL_SIZE];
	struct cursor c = cursor_put(stub, sizeof stub);
	struct epm_answer answer;

	if (becket_uuid_is_nil(&handle.uuid))
		return;
	epm_handle_layout(&c, &handle);
	if (epm_ask(mapper, EPM_LOOKUP_HANDLE_FREE, stub, c.at, &answer) ==
	    BECKET_S_OK)
		becket_stub_free(answer.bytes);
}

static becket_status
put_map_request(const struct epm_wish *wish,
    uint8_t stub[EPM_SMALL_SIZE + TOWER_SIZE_MAX], size_t *ret_size)
{
	struct cursor c = cursor_put(stub, EPM_SMALL_SIZE + TOWER_SIZE_MAX);
	uint8_t bytes[TOWER_SIZE_MAX];
	struct tower tower = {
		.interface = wish->interface,
		.transfer = transfer_syntaxes[wish->syntax],
	};
	struct epm_map_in in = {
		.has_object = true,
		.object = wish->object,
		.has_tower = true,
		.max = MOST_TOWERS,
	};
	struct tower_room room;
	size_t size;
	becket_status status =
	    tower_build(&tower, wish->protseq->name, "", "", &room);

	if (status == BECKET_S_OK)
		status = tower_encode(&tower, bytes, &size);
	if (status != BECKET_S_OK)
		return status;
	in.tower = (struct becket_bytes){ bytes, size };
	epm_map_in(&c, &in);
	*ret_size = c.at;
	return c.status;
}

/* The first of the towers that says where. */
static becket_status
take_endpoint(const struct becket_runtime *runtime, const struct epm_wish *wish,
    const struct epm_map_out *out, char **ret_endpoint)
{
	for (uint32_t i = 0; i < out->count && i < out->capacity; i++) {
		char endpoint[TOWER_TEXT_SIZE];
		struct tower tower;

		if (tower_decode(out->towers[i], &tower) != BECKET_S_OK)
			continue;
		tower_endpoint(&tower, endpoint);
		if (wish->protseq->check_endpoint(endpoint) != BECKET_S_OK)
			continue;
		*ret_endpoint = runtime_copy_text(runtime, endpoint);
		return *ret_endpoint == NULL ? BECKET_S_OUT_OF_MEMORY
		                             : BECKET_S_OK;
	}
	return BECKET_S_NOT_REGISTERED;
}

becket_status
epm_find_endpoint(struct becket_binding *mapper, const struct epm_wish *wish,
    char **ret_endpoint)
{
	uint8_t stub[EPM_SMALL_SIZE + TOWER_SIZE_MAX];
	struct becket_bytes towers[MOST_TOWERS];
	struct epm_map_out out = { .towers = towers, .capacity = MOST_TOWERS };
	struct epm_answer answer;
	size_t size;
	becket_status status = put_map_request(wish, stub, &size);

	if (status == BECKET_S_OK)
		status = epm_ask(mapper, EPM_MAP, stub, size, &answer);
	if (status != BECKET_S_OK)
		return status;
	epm_map_out(&answer.cursor, &out);
	if (answer.cursor.status != BECKET_S_OK)
		status = error_set(BECKET_X_BAD_STUB_DATA,
		    "the answer of the endpoint mapper could not be decoded");
	else
		status =
		    take_endpoint(mapper->runtime, wish, &out, ret_endpoint);
	becket_stub_free(answer.bytes);
	epm_free_handle(mapper, out.handle);
	return status;
}
