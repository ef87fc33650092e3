/* SPDX-License-Identifier: MIT */
#include "grpc_drive.h"

#include <string.h>

#include "wire/call_header.h"

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct counted *counted = user;
	void *block = NULL;

	if (new_size == 0) {
		free(old);
	} else {
		block = realloc(old, new_size);
		EXPECT(block != NULL);
	}
	EXPECT(counted->bytes >= old_size);
	counted->bytes += new_size - old_size;
	if (counted->bytes > counted->peak)
		counted->peak = counted->bytes;
	return block;
}

struct counted
counted_memory(void)
{
	return (struct counted){ .memory = { .resize = resize } };
}

const struct becket_memory *
counted_start(struct counted *counted)
{
	counted->memory.user = counted;
	return &counted->memory;
}

bool
is_ending(struct session *session)
{
	struct session_vec vec;

	return session->ops->recv_vec(session, &vec, 1) == 0;
}

void
check_metadata(struct buffer *metadata)
{
	struct becket_bytes left = buffer_bytes(metadata);
	struct call_header_entry entry;
	size_t size = 0;

	while (call_header_next(&left, &entry)) {
		size += call_header_measure_entry(&entry);
		EXPECT(entry.key.size > 0);
	}
	EXPECT(size == metadata->size);
	buffer_fini(metadata);
}

static void
flush(struct session *session, size_t cut)
{
	struct session_vec vec;

	while (session->ops->send_vec(session, &vec, 1) == 1) {
		EXPECT(vec.size > 0);
		session->ops->sent(session, vec.size < cut ? vec.size : cut);
	}
}

/* As the pump of a connection does it. */
static void
pump(struct session *session, size_t cut, take_events *take, void *user)
{
	do
		flush(session, cut);
	while (take(session, user));
}

void
drive_session(struct session *session, const uint8_t *data, size_t size,
    size_t cut, take_events *take, void *user)
{
	uint64_t now = 2;
	struct session_vec vec;

	pump(session, cut, take, user);
	while (size > 0 && session->ops->recv_vec(session, &vec, 1) == 1) {
		size_t step = size < cut ? size : cut;

		if (step > vec.size)
			step = vec.size;
		memcpy(vec.data, data, step);
		data += step;
		size -= step;
		session->ops->received(session, step, now++);
		pump(session, cut, take, user);
	}
	for (int i = 0; i < 4; i++) { /* what is late is not all late at once */
		now = session->ops->deadline(session);
		if (now != 0)
			session->ops->tick(session, now);
		pump(session, cut, take, user);
	}
	session->ops->drain(session);
	pump(session, cut, take, user);
	session->ops->eof(session);
	pump(session, cut, take, user);
	session->ops->lost(session);
	pump(session, cut, take, user);
	session->ops->free(session);
}
