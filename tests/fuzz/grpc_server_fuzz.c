/* SPDX-License-Identifier: MIT */
/*
 * A client of gRPC sends anything, cut anyhow. The session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, tells of each call
 * in order and ends with CLOSED. Of a stream it tells no more than there is
 * room for.
 *
 * One byte for the cut, one for what managers do, then what the client sends.
 */
#include <string.h>

#include "engine/registry.h"
#include "grpc_drive.h"
#include "wire/call_header.h"
#include "wire/status_message.h"

enum { MOST = 256, ECHO = 0, FAULT = 1, HOLD = 2, EARLY = 3 };

/* Beside one of those. */
enum { IS_STREAM = 0x10, HAS_HEAD = 0x20, IS_LAZY = 0x40 };

enum state {
	NONE,
	BEGUN,
	COMPLETE,
};

struct server {
	struct door_names names; /* first */
	const struct becket_memory *memory;
	struct registered registered;
	unsigned behaviour;
	bool is_stream, has_head, is_lazy;
	size_t window;
	enum state states[MOST];
	size_t held[MOST]; /* told and not consumed */
	bool has_put[MOST];
	struct buffer message;
	bool is_closed;
};

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	struct server *server = (struct server *)(uintptr_t)names;

	if (interface.size == 0 || operation.size == 0)
		return BECKET_S_UNKNOWN_IF;
	*ret_registered = &server->registered;
	*ret_opnum = 1;
	return BECKET_S_OK;
}

static struct buffer
make_metadata(const struct server *server)
{
	static const uint8_t key[] = "x-bin";
	const struct call_header_entry entry = { { key, sizeof key - 1 },
		{ key, sizeof key } };
	struct buffer metadata = buffer_empty(server->memory);

	EXPECT(buffer_reserve(&metadata, call_header_measure_entry(&entry)));
	metadata.size = call_header_put_entry(&entry, metadata.data);
	return metadata;
}

static void
head(struct session *session, const struct server *server, struct idmap_id id)
{
	struct buffer metadata = make_metadata(server);

	(void)!session->ops->head(session, id, buffer_bytes(&metadata));
	buffer_fini(&metadata);
}

static void
end(struct session *session, struct server *server, struct idmap_id id,
    becket_status status)
{
	static const char sentence[] = "no \n\xc3\xa4";
	const struct status_message fault = {
		.code = status,
		.sentence = { (const uint8_t *)sentence, sizeof sentence - 1 },
		.details = { (const uint8_t *)"\x1a\x03\x0a\x01x", 5 },
	};
	struct call_end how = { .status = status,
		.fault_data = buffer_empty(server->memory) };
	struct buffer metadata = make_metadata(server);

	how.metadata = buffer_bytes(&metadata);
	if (status != BECKET_S_OK) {
		size_t size = status_message_measure(&fault);

		EXPECT(buffer_reserve(&how.fault_data, size));
		status_message_encode(&fault, how.fault_data.data);
		how.fault_data.size = size;
	}
	EXPECT(session->ops->end(session, id, &how) == BECKET_S_OK);
	buffer_fini(&metadata);
	server->states[id.index] = NONE;
}

static void
echo(struct session *session, struct server *server, struct idmap_id id)
{
	struct buffer message = buffer_empty(server->memory);

	EXPECT(buffer_append(&message, server->message.data,
	    server->message.size));
	server->has_put[id.index] =
	    session->ops->put(session, id, &message) == BECKET_S_OK;
}

static void
consume(struct session *session, struct server *server, struct idmap_id id)
{
	session->ops->consumed(session, id, server->held[id.index]);
	server->held[id.index] = 0;
}

/* A lazy one is done with some of them only when it has answered. */
static void
take_piece(struct session *session, struct server *server, struct idmap_id id)
{
	EXPECT(server->held[id.index] < server->window);
	server->held[id.index] += server->message.size + SESSION_MESSAGE_COST;
	if (!server->is_lazy)
		consume(session, server, id);
	if (server->behaviour == ECHO)
		echo(session, server, id);
}

static void
begin(struct session *session, struct server *server, struct idmap_id id)
{
	server->held[id.index] = 0;
	server->has_put[id.index] = false;
	if (server->is_stream)
		session->ops->stream(session, id);
	if (server->has_head)
		head(session, server, id);
	if (server->behaviour == EARLY)
		end(session, server, id, BECKET_S_SERVER_TOO_BUSY);
}

static void
complete(struct session *session, struct server *server, struct idmap_id id)
{
	if (server->behaviour == HOLD) {
		server->states[id.index] = COMPLETE;
	} else if (server->behaviour == FAULT) {
		end(session, server, id, BECKET_S_NOT_FOUND);
	} else {
		echo(session, server, id);
		end(session, server, id, BECKET_S_OK);
	}
}

static void
take_event(struct session *session, struct server *server,
    struct session_event *event)
{
	enum state *state = &server->states[event->call.index];

	EXPECT(!server->is_closed);
	EXPECT(event->kind == SESSION_CLOSED || event->call.index < MOST);
	switch (event->kind) {
	case SESSION_CALL:
		EXPECT(*state == NONE);
		*state = BEGUN;
		check_metadata(&event->begun.metadata);
		begin(session, server, event->call);
		break;
	case SESSION_MESSAGE:
		EXPECT(*state == BEGUN);
		buffer_fini(&server->message);
		server->message = event->message;
		if (server->is_stream)
			take_piece(session, server, event->call);
		break;
	case SESSION_WRITABLE:
		EXPECT(*state != NONE && server->is_stream);
		EXPECT(server->has_put[event->call.index]);
		consume(session, server, event->call);
		break;
	case SESSION_END:
		EXPECT(*state == BEGUN);
		complete(session, server, event->call);
		break;
	case SESSION_CANCEL:
		EXPECT(*state != NONE);
		end(session, server, event->call, BECKET_S_CALL_CANCELLED);
		break;
	case SESSION_CLOSED:
		server->is_closed = true;
		EXPECT(event->closed.sentence != NULL);
		break;
	default:
		EXPECT(false);
	}
}

static bool
take(struct session *session, void *user)
{
	struct session_event event;
	bool any = false;

	while (session->ops->next(session, &event)) {
		any = true;
		take_event(session, user, &event);
	}
	return any;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	struct counted counted = counted_memory();
	struct server server = { .names = { find } };
	struct door_server_config config = {
		.limits = &limits,
		.names = &server.names,
		.now = 1,
	};
	struct session *session;

	if (size < 2)
		return 0;
	limits.streams_per_session = MOST;
	limits.stream_window = server.window = 16384;
	config.memory = server.memory = counted_start(&counted);
	server.behaviour = data[1] % 4;
	server.is_stream = (data[1] & IS_STREAM) != 0;
	server.has_head = (data[1] & HAS_HEAD) != 0;
	server.is_lazy = (data[1] & IS_LAZY) != 0;
	server.message = buffer_empty(server.memory);
	EXPECT(grpc_server_session_new(&config, &session) == BECKET_S_OK);
	drive_session(session, data + 2, size - 2,
	    data[0] == 0 ? SIZE_MAX : data[0], take, &server);
	EXPECT(server.is_closed);
	buffer_fini(&server.message);
	EXPECT(counted.bytes == 0);
	EXPECT(counted.peak <= MOST_MEMORY + MEMORY_PER_BYTE * size);
	return 0;
}
