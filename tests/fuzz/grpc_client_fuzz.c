/* SPDX-License-Identifier: MIT */
/*
 * A server of gRPC sends anything, cut anyhow. The session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, and ends every call
 * once. Of a stream it tells no more than there is room for.
 *
 * One byte for the cut, one for how many calls of what kind, then what the
 * server sends.
 */
#include <string.h>

#include "grpc_drive.h"
#include "wire/status_message.h"

enum { MOST = 4 };

/* Beside the number of calls. */
enum { IS_STREAM = 0x10, IS_LAZY = 0x20, IS_ABANDONED = 0x40, PACKS = 0x80 };

struct client {
	struct idmap_id ids[MOST];
	bool is_over[MOST], is_abandoned[MOST];
	size_t held[MOST]; /* told and not consumed */
	unsigned count, behaviour;
	bool is_closed;
	const struct becket_memory *memory;
	size_t window;
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
	check_metadata(&end->metadata);
}

static void
say(struct session *session, const struct client *client, struct idmap_id id)
{
	struct buffer message = buffer_empty(client->memory);

	EXPECT(buffer_append(&message, "hello, hello, hello, hello", 26));
	EXPECT(session->ops->put(session, id, &message) == BECKET_S_OK);
}

static void
take_message(struct session *session, struct client *client, unsigned i,
    struct buffer *message)
{
	size_t size = message->size + SESSION_MESSAGE_COST;

	buffer_fini(message);
	if ((client->behaviour & IS_STREAM) == 0)
		return;
	EXPECT(client->held[i] < client->window || is_ending(session));
	client->held[i] += size;
	if (client->behaviour & IS_LAZY)
		return;
	session->ops->consumed(session, client->ids[i], client->held[i]);
	client->held[i] = 0;
}

/* It goes on, and ends by chance. */
static void
take_writable(struct session *session, struct client *client, unsigned i)
{
	struct call_end end = { .status = BECKET_S_OK };

	EXPECT(client->behaviour & IS_STREAM);
	session->ops->consumed(session, client->ids[i], client->held[i]);
	client->held[i] = 0;
	if (i % 2 == 0)
		EXPECT(session->ops->end(session, client->ids[i], &end) ==
		       BECKET_S_OK);
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
			take_message(session, client, i, &event.message);
			continue;
		}
		if (event.kind == SESSION_WRITABLE) {
			take_writable(session, client, i);
			continue;
		}
		if (event.kind == SESSION_HEAD) {
			check_metadata(&event.metadata);
			continue;
		}
		EXPECT(event.kind == SESSION_END);
		client->is_over[i] = true;
		take_end(&event.end);
	}
	return any;
}

static void
call(struct session *session, struct client *client)
{
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.deadline = 1000000,
		.remaining_us = 1000,
		.is_stream = (client->behaviour & IS_STREAM) != 0,
		.packs = (client->behaviour & PACKS) != 0 };
	struct call_end end = { .status = BECKET_S_OK };
	struct idmap_id *id = &client->ids[client->count++];

	EXPECT(session->ops->begin(session, &start, id) == BECKET_S_OK);
	say(session, client, *id);
	if (!start.is_stream)
		EXPECT(session->ops->end(session, *id, &end) == BECKET_S_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
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
	limits.stream_window = client.window = 16384;
	config.memory = client.memory = counted_start(&counted);
	client.behaviour = data[1];
	EXPECT(grpc_client_session_new(&config, &session) == BECKET_S_OK);
	for (unsigned i = 0; i <= data[1] % MOST; i++)
		call(session, &client);
	if (data[1] & IS_ABANDONED) {
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
