/* SPDX-License-Identifier: MIT */
#ifndef SESSION_DRIVE_H
#define SESSION_DRIVE_H

#include <stdbool.h>

#include "engine/session.h"
#include "fuzz.h"

/*
 * Runs a session on bytes cut in some way, and logs what it says and sends, so
 * that runs can be compared. Its memory counts and may fail.
 */
struct log {
	uint8_t *data;
	size_t size, capacity;
};

enum cuts {
	CUT_NOT,    /* all at once */
	CUT_ONES,   /* byte by byte */
	CUT_ANYHOW, /* at random, by the seed */
};

struct drive {
	struct becket_memory memory;
	size_t blocks, bytes, peak, allocations, fail_at;
	struct session *session;
	/* What the owner does about an event, whose buffers are its to free. */
	void (*event)(struct drive *drive, struct session_event *event);
	/* Is it a stream? Its messages are cut as they come, so their owner
	 * logs them. NULL: no.
	 */
	bool (*is_stream)(struct drive *drive, struct idmap_id call);
	struct log events, output;
	size_t checked; /* output up to here is PDUs */
	uint32_t random;
	bool closed;
};

/* SIZE_MAX: no allocation fails. */
void drive_init(struct drive *drive, size_t fail_at, uint32_t seed);
/* The session and all that was made of the memory is freed by now. */
void drive_fini(struct drive *drive);
void drive_log(struct log *log, const void *data, size_t size);
/* Take all events and send all output until there is no more. */
void drive_pump(struct drive *drive);
void drive_feed(struct drive *drive, const uint8_t *data, size_t size,
    enum cuts cuts);
/* How long the PDU is that data begins with, at most size. */
size_t drive_pdu_size(const uint8_t *data, size_t size);
void drive_expect_same(const struct drive *a, const struct drive *b);

#endif
