/* SPDX-License-Identifier: MIT */
/*
 * A server of gRPC sends anything, cut anyhow. The session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, and ends every call
 * once.
 *
 * One byte for the cut, one for how many calls, then what the server sends.
 */
#include <string.h>

#include "grpc_drive.h"
#include "wire/status_message.h"

enum { MOST = 4 };

struct client {
	struct idmap_id ids[MOST];
	bool is_over[MOST], is_abandoned[MOST];
	unsigned count;
	bool is_closed;
};

static unsigned
index_of(const struct client *client, struct idmap_id id)
{
	for (unsigned i = 0; i < client->count; i++)
		if (client->ids[i].index == id.index &&
		    client->ids[i].generation == id.generation)
			return i;
	abort();
}

static void
take_end(struct session_end *end)
{
	struct status_message message;

	if (end->status == BECKET_S_OK)
		EXPECT(end->outcome == BECKET_EXECUTED);
	if (end->fault_data.size > 0)
		EXPECT(status_message_decode(buffer_bytes(&end->fault_data),
		           &message) == BECKET_S_OK);
	buffer_fini(&end->fault_data);
}

static bool
take(struct session *session, void *user)
{
	struct client *client = user;
	struct session_event event;
	bool any = false;

	while (session->ops->next(session, &event)) {
		unsigned i;

		any = true;
		EXPECT(!client->is_closed);
		if (event.kind == SESSION_CLOSED) {
			client->is_closed = true;
			continue;
		}
		i = index_of(client, event.call);
		EXPECT(!client->is_over[i] && !client->is_abandoned[i]);
		if (event.kind == SESSION_MESSAGE) {
			buffer_fini(&event.message);
			continue;
		}
		EXPECT(event.kind == SESSION_END);
		client->is_over[i] = true;
		take_end(&event.end);
	}
	return any;
}

static void
call(struct session *session, struct client *client,
    const struct becket_memory *memory)
{
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.deadline = 1000000,
		.remaining_us = 1000 };
	struct call_end end = { .status = BECKET_S_OK };
	struct buffer message = buffer_empty(memory);
	struct idmap_id *id = &client->ids[client->count++];

	EXPECT(buffer_append(&message, "hello", 5));
	EXPECT(session->ops->begin(session, &start, id) == BECKET_S_OK);
	EXPECT(session->ops->put(session, *id, &message) == BECKET_S_OK);
	EXPECT(session->ops->end(session, *id, &end) == BECKET_S_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct counted counted = counted_memory();
	struct client client = { .count = 0 };
	struct door_client_config config = {
		.limits = &limits,
		.authority = "host:1",
		.now = 1,
	};
	struct session *session;

	if (size < 2)
		return 0;
	config.memory = counted_start(&counted);
	EXPECT(grpc_client_session_new(&config, &session) == BECKET_S_OK);
	for (unsigned i = 0; i <= data[1] % MOST; i++)
		call(session, &client, config.memory);
	if (data[1] & 0x40) {
		session->ops->abandon(session, client.ids[0]);
		client.is_abandoned[0] = true;
	}
	drive_session(session, data + 2, size - 2,
	    data[0] == 0 ? SIZE_MAX : data[0], take, &client);
	EXPECT(client.is_closed);
	for (unsigned i = 0; i < client.count; i++)
		EXPECT(client.is_over[i] != client.is_abandoned[i]);
	EXPECT(counted.bytes == 0);
	EXPECT(counted.peak <= MOST_MEMORY + MEMORY_PER_BYTE * size);
	return 0;
}
