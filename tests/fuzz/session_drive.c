/* SPDX-License-Identifier: MIT */
#include "session_drive.h"

#include <string.h>

#include "wire/pdu.h"

struct head {
	_Alignas(max_align_t) size_t size;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct drive *drive = user;
	struct head *head = old ? (struct head *)old - 1 : NULL;

	EXPECT((head ? head->size : 0) == old_size);
	if (new_size > 0 && drive->allocations++ == drive->fail_at)
		return NULL;
	drive->bytes += new_size - old_size;
	if (drive->bytes > drive->peak)
		drive->peak = drive->bytes;
	if (new_size == 0) {
		drive->blocks -= head != NULL;
		free(head);
		return NULL;
	}
	drive->blocks += head == NULL;
	head = realloc(head, sizeof *head + new_size);
	EXPECT(head != NULL);
	head->size = new_size;
	return head + 1;
}

void
drive_init(struct drive *drive, size_t fail_at, uint32_t seed)
{
	*drive = (struct drive){ .fail_at = fail_at, .random = seed };
	drive->memory = (struct becket_memory){ resize, drive };
}

void
drive_fini(struct drive *drive)
{
	EXPECT(drive->blocks == 0 && drive->bytes == 0);
	free(drive->events.data);
	free(drive->output.data);
}

void
drive_log(struct log *log, const void *data, size_t size)
{
	if (size == 0)
		return;
	if (size > log->capacity - log->size) {
		log->capacity = 2 * (log->capacity + size);
		log->data = realloc(log->data, log->capacity);
		EXPECT(log->data != NULL);
	}
	memcpy(log->data + log->size, data, size);
	log->size += size;
}

/* xorshift */
static uint32_t
next_random(struct drive *drive)
{
	drive->random |= drive->random == 0;
	drive->random ^= drive->random << 13;
	drive->random ^= drive->random >> 17;
	drive->random ^= drive->random << 5;
	return drive->random;
}

static size_t
up_to(struct drive *drive, size_t most)
{
	uint32_t random = next_random(drive);

	return 1 + random % (random & 0x100000 ? most : (most + 15) / 16);
}

size_t
drive_pdu_size(const uint8_t *data, size_t size)
{
	size_t said = PDU_HEADER_SIZE;

	if (size >= PDU_HEADER_SIZE)
		said = pdu_decode_header(data).size;
	if (said < PDU_HEADER_SIZE)
		said = PDU_HEADER_SIZE;
	return said < size ? said : size;
}

/* What is sent is PDUs from the first byte to the last. */
static void
check_output(struct drive *drive)
{
	while (drive->output.size - drive->checked >= PDU_HEADER_SIZE) {
		const uint8_t *at = drive->output.data + drive->checked;
		struct pdu_header header = pdu_decode_header(at);
		struct pdu pdu;

		EXPECT(pdu_header_is_sane(&header));
		if (drive->output.size - drive->checked < header.size)
			return;
		EXPECT(pdu_decode(at, header.size, &pdu) == BECKET_S_OK);
		drive->checked += header.size;
	}
}

static bool
flush(struct drive *drive)
{
	const struct session_ops *ops = drive->session->ops;
	struct session_vec vecs[6];
	size_t most = 1 + next_random(drive) % 6;
	size_t count = ops->send_vec(drive->session, vecs, most);
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		size_t size = vecs[i].size;

		EXPECT(size > 0);
		if (i + 1 == count)
			size = up_to(drive, size);
		drive_log(&drive->output, vecs[i].data, size);
		sent += size;
	}
	if (count > 0)
		ops->sent(drive->session, sent);
	check_output(drive);
	return count > 0;
}

static void
log_event(struct drive *drive, const struct session_event *event)
{
	bool is_message = event->kind == SESSION_MESSAGE;

	if (is_message && drive->is_stream != NULL &&
	    drive->is_stream(drive, event->call))
		return;
	drive_log(&drive->events, &event->kind, sizeof event->kind);
	drive_log(&drive->events, &event->call, sizeof event->call);
	if (is_message)
		drive_log(&drive->events, event->message.data,
		    event->message.size);
	if (event->kind == SESSION_CLOSED)
		drive_log(&drive->events, &event->closed.status,
		    sizeof event->closed.status);
}

static void
take(struct drive *drive, struct session_event *event)
{
	EXPECT(!drive->closed);
	drive->closed = event->kind == SESSION_CLOSED;
	log_event(drive, event);
	drive->event(drive, event);
}

void
drive_pump(struct drive *drive)
{
	struct session_event event;
	bool any = true;

	while (any) {
		any = drive->session->ops->next(drive->session, &event);
		if (any)
			take(drive, &event);
		while (flush(drive))
			any = true;
	}
}

static size_t
put(const struct session_vec *vecs, size_t count, const uint8_t *data,
    size_t size)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < size; i++) {
		size_t part = vecs[i].size;

		EXPECT(part > 0);
		if (part > size - done)
			part = size - done;
		memcpy(vecs[i].data, data + done, part);
		done += part;
	}
	return done;
}

void
drive_feed(struct drive *drive, const uint8_t *data, size_t size,
    enum cuts cuts)
{
	const struct session_ops *ops = drive->session->ops;
	size_t at = 0;

	while (at < size) {
		struct session_vec vecs[2];
		size_t count = ops->recv_vec(drive->session, vecs,
		    cuts == CUT_ANYHOW ? 1 + next_random(drive) % 2 : 2);
		size_t most = size - at;

		if (count == 0)
			break;
		if (cuts == CUT_ONES)
			most = 1;
		if (cuts == CUT_ANYHOW)
			most = up_to(drive, most);
		most = put(vecs, count, data + at, most);
		ops->received(drive->session, most, 1);
		at += most;
		drive_pump(drive);
	}
}

static void
expect_same_log(const struct log *a, const struct log *b)
{
	EXPECT(a->size == b->size);
	EXPECT(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

void
drive_expect_same(const struct drive *a, const struct drive *b)
{
	expect_same_log(&a->events, &b->events);
	expect_same_log(&a->output, &b->output);
}
