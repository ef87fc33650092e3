/* SPDX-License-Identifier: MIT */
#include "io/sniff.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "io/clock.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { PREFACE_SIZE = sizeof preface - 1, LARGEST_VERSION = 15 };

enum found {
	FOUND_NOTHING, /* yet */
	FOUND_DCE,
	FOUND_DOOR,
	FOUND_FOREIGN,
	FOUND_END,
};

struct sniff {
	struct session session;
	const struct becket_runtime *runtime;
	struct door_server_config config;
	struct session *dce;
	uint8_t head[PREFACE_SIZE];
	size_t size;
	uint64_t until;
	enum found found;
	bool is_told;
	becket_status status; /* of the end */
	const char *sentence;
};

static struct sniff *
sniff_of(struct session *session)
{
	return container_of(session, struct sniff, session);
}

static void
sniff_free(struct session *session)
{
	struct sniff *sniff = sniff_of(session);

	if (sniff->dce != NULL)
		sniff->dce->ops->free(sniff->dce);
	memory_free(sniff->config.memory, sniff, sizeof *sniff);
}

static void
end(struct sniff *sniff, enum found found, becket_status status,
    const char *sentence)
{
	if (sniff->found != FOUND_NOTHING)
		return;
	sniff->found = found;
	sniff->status = status;
	sniff->sentence = sentence;
}

static size_t
recv_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	struct sniff *sniff = sniff_of(session);

	if (count == 0 || sniff->found != FOUND_NOTHING)
		return 0;
	vecs[0] = (struct session_vec){ sniff->head + sniff->size,
		PREFACE_SIZE - sniff->size };
	return 1;
}

static void
received(struct session *session, size_t size, uint64_t now)
{
	struct sniff *sniff = sniff_of(session);

	(void)now;
	sniff->size += size;
	if (sniff->head[0] > 0 && sniff->head[0] <= LARGEST_VERSION)
		sniff->found = FOUND_DCE;
	else if (memcmp(sniff->head, preface, sniff->size) != 0)
		end(sniff, FOUND_FOREIGN, BECKET_S_PROTOCOL_ERROR,
		    "the client speaks neither DCE/RPC nor HTTP/2");
	else if (sniff->size == PREFACE_SIZE)
		sniff->found = FOUND_DOOR;
}

static size_t
send_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	(void)session;
	(void)vecs;
	(void)count;
	return 0;
}

static void
sent(struct session *session, size_t size)
{
	(void)session;
	TRAP_UNLESS(size == 0);
}

static void
eof(struct session *session)
{
	struct sniff *sniff = sniff_of(session);

	end(sniff, FOUND_END, BECKET_S_OK, "the client has closed");
}

static void
lost(struct session *session)
{
	end(sniff_of(session), FOUND_END, BECKET_S_CALL_FAILED,
	    "the connection broke");
}

static void
drain(struct session *session)
{
	end(sniff_of(session), FOUND_END, BECKET_S_OK,
	    "the server is shutting down");
}

static uint64_t
deadline(const struct session *session)
{
	return ((const struct sniff *)(const void *)session)->until;
}

static void
tick(struct session *session, uint64_t now)
{
	if (now >= sniff_of(session)->until)
		end(sniff_of(session), FOUND_END, BECKET_S_PROTOCOL_ERROR,
		    "the client did not begin in time");
}

static bool
next(struct session *session, struct session_event *ret_event)
{
	struct sniff *sniff = sniff_of(session);

	if (sniff->is_told || sniff->sentence == NULL)
		return false;
	sniff->is_told = true;
	*ret_event = (struct session_event){ .kind = SESSION_CLOSED };
	ret_event->closed.status = sniff->status;
	ret_event->closed.sentence = sniff->sentence;
	return true;
}

static uint32_t
association(const struct session *session)
{
	(void)session;
	return 0;
}

static const struct session_ops ops = {
	.free = sniff_free,
	.recv_vec = recv_vec,
	.received = received,
	.send_vec = send_vec,
	.sent = sent,
	.eof = eof,
	.lost = lost,
	.drain = drain,
	.deadline = deadline,
	.tick = tick,
	.next = next,
	.association = association,
};

becket_status
sniff_new(const struct becket_runtime *runtime,
    const struct door_server_config *config, struct session *dce,
    struct session **ret_session)
{
	struct sniff *sniff = memory_new(config->memory, sizeof *sniff);

	if (sniff == NULL) {
		dce->ops->free(dce);
		return BECKET_S_OUT_OF_MEMORY;
	}
	sniff->session.ops = &ops;
	sniff->runtime = runtime;
	sniff->config = *config;
	sniff->dce = dce;
	sniff->until = config->now + clock_from_ms(config->limits->stall_ms);
	*ret_session = &sniff->session;
	return BECKET_S_OK;
}

/* A session may want them in pieces. */
static void
hand_over(struct session *session, const uint8_t *bytes, size_t size,
    uint64_t now)
{
	struct session_vec vec;

	while (size > 0 && session->ops->recv_vec(session, &vec, 1) == 1) {
		size_t step = vec.size < size ? vec.size : size;

		memcpy(vec.data, bytes, step);
		session->ops->received(session, step, now);
		bytes += step;
		size -= step;
	}
}

static struct session *
open_door(struct sniff *sniff, uint64_t now)
{
	struct session *session = NULL;

	sniff->config.now = now;
	if (sniff->runtime->door->server_session_new(&sniff->config,
	        &session) == BECKET_S_OK)
		return session;
	sniff->found = FOUND_NOTHING;
	end(sniff, FOUND_END, BECKET_S_OUT_OF_MEMORY,
	    "there is no memory for a session");
	return NULL;
}

bool
sniff_resolve(struct session **session, uint64_t now)
{
	struct sniff *sniff = sniff_of(*session);
	struct session *found = NULL;
	bool is_door;

	if ((*session)->ops != &ops)
		return false;
	is_door = sniff->found == FOUND_DOOR;
	if (is_door)
		found = open_door(sniff, now);
	else if (sniff->found == FOUND_DCE)
		found = sniff->dce;
	if (found == NULL)
		return false;
	if (!is_door)
		sniff->dce = NULL;
	hand_over(found, sniff->head, sniff->size, now);
	sniff_free(*session);
	*session = found;
	return is_door;
}
