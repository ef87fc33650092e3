/* SPDX-License-Identifier: MIT */
/*
 * A client sends anything, cut anyhow. The server session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, sends only PDUs, and
 * does the same however the bytes were cut.
 *
 * Two bytes of options, then what the client sends.
 */
#include <string.h>

#include "engine/dce.h"
#include "session_drive.h"

enum { MOST_HELD = 8, WINDOW = 1000, SOME = 10 };

/* What a manager does is said by the opnum, so that it depends on nothing
 * else.
 */
enum behaviour {
	ECHO,
	FAULT,
	HOLD,      /* until the next call begins, or a cancel */
	END_EARLY, /* as soon as it begins */
	STREAM,    /* two messages, and the end when they are sent */
	TAKE,      /* a stream: how many bytes it had */
	TAKE_SOME, /* a stream: ended when some have come */
	BEHAVIOURS,
};

struct server {
	struct drive drive;
	struct becket_limits limits;
	struct registry registry;
	struct registered calculator;
	struct associations associations;
	enum behaviour behaviour; /* of the call that comes in */
	struct buffer message;
	struct idmap_id taken; /* the stream that comes in */
	size_t got, owed;
	struct idmap_id held[MOST_HELD];
	size_t held_count;
};

static void
end_call(struct drive *drive, struct idmap_id id, becket_status status,
    struct buffer *data)
{
	struct call_end end = { .status = status, .did_not_execute = true };

	if (data != NULL)
		end.fault_data = buffer_take(data);
	(void)!drive->session->ops->end(drive->session, id, &end);
}

static void
answer(struct drive *drive, struct idmap_id id, struct buffer *message)
{
	(void)!drive->session->ops->put(drive->session, id, message);
	end_call(drive, id, BECKET_S_OK, NULL);
}

static void
answer_held(struct server *server)
{
	while (server->held_count > 0)
		end_call(&server->drive, server->held[--server->held_count],
		    BECKET_S_OK, NULL);
}

static bool
is_stream(struct drive *drive, struct idmap_id id)
{
	struct server *server = (struct server *)drive;

	return memcmp(&id, &server->taken, sizeof id) == 0;
}

static void
begin_stream(struct server *server, struct idmap_id id)
{
	server->taken = id;
	server->got = server->owed = 0;
	server->drive.session->ops->stream(server->drive.session, id);
}

/* Nothing is given back before the window is full, to the byte. */
static void
take_piece(struct server *server, struct session_event *event)
{
	struct drive *drive = &server->drive;
	size_t size = event->message.size;
	bool some = server->behaviour == TAKE_SOME;

	EXPECT(size > 0);
	drive_log(&drive->events, event->message.data,
	    some && size > SOME - server->got ? SOME - server->got : size);
	buffer_fini(&event->message);
	server->got += size;
	server->owed += size;
	EXPECT(server->owed <= WINDOW);
	if (some && server->got >= SOME) {
		end_call(drive, event->call, 0x1c000001, NULL);
	} else if (server->owed == WINDOW) {
		drive->session->ops->consumed(drive->session, event->call,
		    WINDOW);
		server->owed = 0;
	}
}

static void
begin(struct server *server, struct session_event *event)
{
	answer_held(server);
	server->taken = (struct idmap_id){ 0 };
	EXPECT(event->begun.interface == &server->calculator);
	server->behaviour = event->begun.opnum % BEHAVIOURS;
	if (server->behaviour >= TAKE)
		begin_stream(server, event->call);
	if (server->behaviour == END_EARLY)
		end_call(&server->drive, event->call,
		    BECKET_S_PROCNUM_OUT_OF_RANGE, NULL);
}

static void
stream(struct server *server, struct idmap_id id)
{
	struct drive *drive = &server->drive;
	struct buffer first = buffer_empty(&drive->memory);

	(void)!buffer_append(&first, "first", 5);
	(void)!drive->session->ops->put(drive->session, id, &first);
	(void)!drive->session->ops->put(drive->session, id, &server->message);
}

static void
complete(struct server *server, struct idmap_id id)
{
	struct drive *drive = &server->drive;

	if (server->behaviour >= TAKE)
		(void)!buffer_append(&server->message, &server->got,
		    sizeof server->got);
	if (server->behaviour == ECHO || server->behaviour >= TAKE)
		answer(drive, id, &server->message);
	else if (server->behaviour == FAULT)
		end_call(drive, id, 0x1c000001, &server->message);
	else if (server->behaviour == STREAM)
		stream(server, id);
	else if (server->held_count < MOST_HELD)
		server->held[server->held_count++] = id;
	else
		end_call(drive, id, BECKET_S_OK, NULL);
	buffer_fini(&server->message);
}

static void
on_event(struct drive *drive, struct session_event *event)
{
	struct server *server = (struct server *)drive;

	switch (event->kind) {
	case SESSION_CALL:
		begin(server, event);
		break;
	case SESSION_MESSAGE:
		if (is_stream(drive, event->call))
			take_piece(server, event);
		else
			server->message = event->message;
		break;
	case SESSION_END:
		complete(server, event->call);
		break;
	case SESSION_WRITABLE:
	case SESSION_CANCEL:
		end_call(drive, event->call, BECKET_S_CALL_CANCELLED, NULL);
		break;
	case SESSION_CLOSED:
	case SESSION_HEAD:
		break;
	}
}

static void
open_server(struct server *server)
{
	struct dce_server_config config = { &server->drive.memory,
		&server->limits, &server->registry, &server->associations,
		"4747", 1, 1 };

	server->drive.event = on_event;
	server->drive.is_stream = is_stream;
	server->limits = (struct becket_limits)BECKET_LIMITS_DEFAULT;
	server->limits.request_size = 100000;
	server->limits.calls_per_session = 4;
	server->limits.contexts_per_session = 4;
	server->limits.send_queue_size = 5000;
	server->limits.stream_window = WINDOW;
	server->message = buffer_empty(&server->drive.memory);
	server->registry = registry_empty(&server->drive.memory, 2);
	server->associations = associations_empty(&server->drive.memory, 2);
	server->calculator = (struct registered){ .syntaxes = 3 };
	server->calculator.interface = (struct syntax_id){
		.uuid = { .time_low = 0xca1c, .clock_node = { [7] = 7 } },
		.major = 1,
		.minor = 2,
	};
	(void)!registry_add(&server->registry, &server->calculator);
	(void)!dce_server_session_new(&config, &server->drive.session);
}

static void
end_of_input(struct server *server, uint8_t options)
{
	struct drive *drive = &server->drive;
	struct session *session = drive->session;

	if (options & 0x10)
		session->ops->drain(session);
	drive_pump(drive);
	if (options & 0x20)
		session->ops->tick(session, 1000000000000);
	else if (options & 0x40)
		session->ops->lost(session);
	else
		session->ops->eof(session);
	drive_pump(drive);
	answer_held(server);
	drive_pump(drive);
	EXPECT(drive->closed || options & 0x20);
}

static void
run(struct server *server, const uint8_t *data, size_t size, uint8_t options,
    enum cuts cuts)
{
	struct drive *drive = &server->drive;

	open_server(server);
	if (drive->session != NULL) {
		drive_feed(drive, data, size, cuts);
		end_of_input(server, options);
		drive->session->ops->free(drive->session);
	}
	buffer_fini(&server->message);
	EXPECT(server->associations.groups.used == 0);
	associations_fini(&server->associations);
	registry_fini(&server->registry);
	/* A window, and what was received: as message, doubled, echoed. */
	EXPECT(drive->peak < 200000 + 8 * size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server whole, other;

	if (size < 2)
		return 0;
	memset(&whole, 0, sizeof whole);
	memset(&other, 0, sizeof other);
	drive_init(&whole.drive, SIZE_MAX, data[1]);
	run(&whole, data + 2, size - 2, data[0], CUT_NOT);
	drive_init(&other.drive, data[0] & 1 ? data[1] : SIZE_MAX,
	    data[1] * 77777u);
	run(&other, data + 2, size - 2, data[0],
	    data[0] & 2 ? CUT_ONES : CUT_ANYHOW);
	if (!(data[0] & 1))
		drive_expect_same(&whole.drive, &other.drive);
	drive_fini(&whole.drive);
	drive_fini(&other.drive);
	return 0;
}
