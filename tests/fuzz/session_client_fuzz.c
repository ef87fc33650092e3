/* SPDX-License-Identifier: MIT */
/*
 * A server sends anything, cut anyhow. The client session traps at nothing,
 * leaks nothing, takes memory in proportion to what came, sends only PDUs,
 * ends every call once, and does the same however each PDU was cut. (How PDUs
 * come together may matter: an answer may not come before its question.)
 *
 * Two bytes of options, then what the server sends.
 */
#include <string.h>

#include "engine/dce.h"
#include "session_drive.h"

enum { MOST_CALLS = 12, FIRST_CALLS = 4, WINDOW = 1000 };

struct client {
	struct drive drive;
	struct becket_limits limits;
	struct idmap_id calls[MOST_CALLS];
	bool ended[MOST_CALLS];
	size_t owed[MOST_CALLS];
	size_t count;
};

static const struct syntax_id calculator = {
	.uuid = { .time_low = 0xca1c, .clock_node = { [7] = 7 } },
	.major = 1,
	.minor = 2,
};

static size_t
index_of(const struct client *client, struct idmap_id id)
{
	size_t n = 0;

	while (
	    n < client->count && memcmp(&client->calls[n], &id, sizeof id) != 0)
		n++;
	EXPECT(n < client->count);
	return n;
}

/* Some are; 6 and 10 are not ended by us, and of 10 nothing is put. */
static bool
is_stream_number(size_t n)
{
	return n % 4 == 2;
}

static bool
is_stream(struct drive *drive, struct idmap_id id)
{
	return is_stream_number(index_of((struct client *)drive, id));
}

/* Nothing is given back before the window is full, to the byte. */
static void
take_piece(struct client *client, const struct session_event *event)
{
	struct session *session = client->drive.session;
	size_t n = index_of(client, event->call);

	if (!is_stream_number(n))
		return;
	EXPECT(event->message.size > 0 && !client->ended[n]);
	drive_log(&client->drive.events, event->message.data,
	    event->message.size);
	client->owed[n] += event->message.size;
	EXPECT(client->owed[n] <= WINDOW);
	if (client->owed[n] == WINDOW) {
		session->ops->consumed(session, event->call, WINDOW);
		client->owed[n] = 0;
	}
}

static void
make_call(struct client *client)
{
	struct session *session = client->drive.session;
	struct buffer message = buffer_empty(&client->drive.memory);
	struct call_end end = { .status = BECKET_S_OK };
	size_t n = client->count;
	struct call_start start = {
		.interface = calculator,
		.syntax = n % 4 == 3 ? SYNTAX_BECKET : SYNTAX_NDR,
		.opnum = (uint16_t)n,
		.maybe = n == 5,
		.is_stream = is_stream_number(n),
		.deadline = n % 2 ? 1000000000 : 0,
	};

	if (n == MOST_CALLS || session->ops->begin(session, &start,
	                           &client->calls[n]) != BECKET_S_OK)
		return;
	client->count++;
	if (n == 2 && buffer_reserve(&message, 10000)) {
		memset(message.data, 'x', 10000);
		message.size = 10000;
	}
	if (n != 10)
		(void)!session->ops->put(session, client->calls[n], &message);
	if (n != 6 && n != 10)
		(void)!session->ops->end(session, client->calls[n], &end);
}

static void
end_call(struct client *client, struct session_event *event)
{
	size_t n = index_of(client, event->call);

	EXPECT(!client->ended[n]);
	client->ended[n] = true;
	drive_log(&client->drive.events, &event->end.status, 4);
	drive_log(&client->drive.events, &event->end.outcome, 1);
	drive_log(&client->drive.events, event->end.fault_data.data,
	    event->end.fault_data.size);
	buffer_fini(&event->end.fault_data);
	make_call(client);
	if (n == 1 || n == 5)
		client->drive.session->ops->cancel(client->drive.session,
		    client->calls[n == 1 ? 0 : 6 % client->count]);
}

static void
on_event(struct drive *drive, struct session_event *event)
{
	struct client *client = (struct client *)drive;

	if (event->kind == SESSION_MESSAGE) {
		take_piece(client, event);
		buffer_fini(&event->message);
	} else if (event->kind == SESSION_END)
		end_call(client, event);
	else
		EXPECT(event->kind == SESSION_WRITABLE ||
		       event->kind == SESSION_CLOSED);
}

static void
open_client(struct client *client)
{
	struct dce_client_config config = { &client->drive.memory,
		&client->limits, 0, 1 };

	client->drive.event = on_event;
	client->drive.is_stream = is_stream;
	client->limits = (struct becket_limits)BECKET_LIMITS_DEFAULT;
	client->limits.response_size = 50000;
	client->limits.stream_window = WINDOW;
	(void)!dce_client_session_new(&config, &client->drive.session);
}

static void
end_of_input(struct client *client, uint8_t options)
{
	struct drive *drive = &client->drive;
	struct session *session = drive->session;

	if (options & 0x10)
		session->ops->drain(session);
	if (options & 0x08 && client->count > 0)
		session->ops->abandon(session, client->calls[0]);
	client->ended[0] |= (options & 0x08) != 0;
	drive_pump(drive);
	if (options & 0x20)
		session->ops->tick(session, 1000000000000);
	drive_pump(drive);
	if (options & 0x40)
		session->ops->lost(session);
	else
		session->ops->eof(session);
	drive_pump(drive);
	EXPECT(drive->closed);
	for (size_t i = 0; i < client->count; i++)
		EXPECT(client->ended[i]);
}

static void
run(struct client *client, const uint8_t *data, size_t size, uint8_t options,
    enum cuts cuts)
{
	struct drive *drive = &client->drive;
	size_t left = size;

	open_client(client);
	if (drive->session == NULL)
		return;
	for (int i = 0; i < FIRST_CALLS; i++)
		make_call(client);
	drive_pump(drive);
	while (left > 0) {
		size_t pdu = cuts == CUT_NOT && options & 0x80
		                 ? left
		                 : drive_pdu_size(data, left);

		drive_feed(drive, data, pdu, cuts);
		data += pdu;
		left -= pdu;
	}
	end_of_input(client, options);
	drive->session->ops->free(drive->session);
	EXPECT(drive->peak < 200000 + 8 * size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client whole, other;
	bool same;

	if (size < 2)
		return 0;
	same = !(data[0] & 0x81);
	memset(&whole, 0, sizeof whole);
	memset(&other, 0, sizeof other);
	drive_init(&whole.drive, SIZE_MAX, data[1]);
	run(&whole, data + 2, size - 2, data[0], CUT_NOT);
	drive_init(&other.drive, data[0] & 1 ? data[1] : SIZE_MAX,
	    data[1] * 77777u);
	run(&other, data + 2, size - 2, data[0],
	    data[0] & 2 ? CUT_ONES : CUT_ANYHOW);
	if (same)
		drive_expect_same(&whole.drive, &other.drive);
	drive_fini(&whole.drive);
	drive_fini(&other.drive);
	return 0;
}
