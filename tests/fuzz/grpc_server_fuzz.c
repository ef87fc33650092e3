/* SPDX-License-Identifier: MIT */
/*
 * A client of gRPC sends anything, cut anyhow. The session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, tells of each call
 * in order and ends with CLOSED.
 *
 * One byte for the cut, one for what managers do, then what the client sends.
 */
#include <string.h>

#include "engine/registry.h"
#include "grpc_drive.h"
#include "wire/status_message.h"

enum { MOST = 256, ECHO = 0, FAULT = 1, HOLD = 2, EARLY = 3 };

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
	enum state states[MOST];
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

	if (status != BECKET_S_OK) {
		size_t size = status_message_measure(&fault);

		EXPECT(buffer_reserve(&how.fault_data, size));
		status_message_encode(&fault, how.fault_data.data);
		how.fault_data.size = size;
	}
	EXPECT(session->ops->end(session, id, &how) == BECKET_S_OK);
	server->states[id.index] = NONE;
}

static void
complete(struct session *session, struct server *server, struct idmap_id id)
{
	struct buffer message = buffer_empty(server->memory);

	if (server->behaviour == HOLD) {
		server->states[id.index] = COMPLETE;
	} else if (server->behaviour == FAULT) {
		end(session, server, id, BECKET_S_NOT_FOUND);
	} else {
		EXPECT(buffer_append(&message, server->message.data,
		    server->message.size));
		(void)!session->ops->put(session, id, &message);
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
		if (server->behaviour == EARLY)
			end(session, server, event->call,
			    BECKET_S_SERVER_TOO_BUSY);
		break;
	case SESSION_MESSAGE:
		EXPECT(*state == BEGUN);
		buffer_fini(&server->message);
		server->message = event->message;
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
	config.memory = server.memory = counted_start(&counted);
	server.behaviour = data[1] % 4;
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
