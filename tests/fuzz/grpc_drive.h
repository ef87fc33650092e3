/* SPDX-License-Identifier: MIT */
#ifndef GRPC_DRIVE_H
#define GRPC_DRIVE_H

#include "fuzz.h"
#include "grpc/door.h"

/*
 * Memory that is counted, and a peer that sends anything, cut anyhow. What is
 * to be sent is thrown away, all of it or as much as cut says.
 */
enum {
	MOST_MEMORY = 1 << 20, /* a session without what came */
	MEMORY_PER_BYTE = 600, /* a frame of 9 bytes may begin a stream */
};

struct counted {
	struct becket_memory memory;
	size_t bytes, peak;
};

struct counted counted_memory(void);
/* What to give to the session. */
const struct becket_memory *counted_start(struct counted *counted);

/* At its end it tells what is complete, room or not. */
bool is_ending(struct session *session);

/* They are entries and nothing else; frees them. */
void check_metadata(struct buffer *metadata);

/* Take all events; false when there is none. */
typedef bool take_events(struct session *session, void *user);

void drive_session(struct session *session, const uint8_t *data, size_t size,
    size_t cut, take_events *take, void *user);

#endif
