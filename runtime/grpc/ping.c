/* SPDX-License-Identifier: MIT */
#include "grpc/session.h"

/*
 * PINGs, both ways. Those of a client that come too early, one behind the other
 * with no call between, are counted: libraries that measure how much a
 * connection carries send one with each piece of a response. Our own ask a
 * peer that is silent while calls run whether it is there, if we are asked to;
 * not for the sake of calls whose client has said that nobody attends to them.
 */
enum { MOST_PINGS = 16, LEAST_PAUSE_MS = 5000 };

/* The first byte of our own; that of a drain has 0. */
enum { ASKED = 1 };

#define MILLISECOND UINT64_C(1000000)

static void
take_early(struct grpc *grpc)
{
	static const char calm[] = PING_TOO_MANY;

	(void)nghttp2_submit_goaway(grpc->http2, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(grpc->http2),
	    NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)calm, sizeof calm - 1);
	http2_terminate(grpc, NGHTTP2_ENHANCE_YOUR_CALM,
	    "the client sends too many pings");
}

void
ping_take(struct grpc *grpc, const nghttp2_frame *frame)
{
	bool is_early = grpc->now - grpc->pinged < LEAST_PAUSE_MS * MILLISECOND;

	if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
		if (grpc->retire_at != 0 && frame->ping.opaque_data[0] != ASKED)
			grpc->retire_at = grpc->now;
		return;
	}
	grpc->pings = is_early ? grpc->pings + 1 : 0;
	grpc->pinged = grpc->now;
	if (grpc->pings >= MOST_PINGS && grpc->role == &grpc_server_role)
		take_early(grpc);
}

/* ------------------------------------------------------------- our own -- */

/* Servers mind to be asked too often. */
static uint64_t
pause(const struct grpc *grpc)
{
	uint32_t ms = grpc->limits->ping_ms;

	if (grpc->role == &grpc_client_role && ms < LEAST_PAUSE_MS)
		ms = LEAST_PAUSE_MS;
	return ms * MILLISECOND;
}

static bool
is_worth_asking(const struct grpc *grpc)
{
	if (grpc->limits->ping_ms == 0 || grpc->has_eof ||
	    grpc->closing_sentence != NULL)
		return false;
	for (const struct list *node = grpc->streams.next;
	     node != &grpc->streams; node = node->next) {
		const struct grpc_stream *stream =
		    (const struct grpc_stream *)(const void *)node;

		if (!stream->fields.is_unattended)
			return true;
	}
	return false;
}

/* The time is counted from when the first of the calls that run is seen. */
uint64_t
ping_deadline(const struct grpc *grpc)
{
	if (!is_worth_asking(grpc))
		return 0;
	if (grpc->heard == 0)
		return grpc->now;
	return grpc->answer_by != 0 ? grpc->answer_by
	                            : grpc->heard + pause(grpc);
}

void
ping_heard(struct grpc *grpc)
{
	grpc->heard = grpc->now;
	grpc->answer_by = 0;
}

void
ping_rest(struct grpc *grpc)
{
	grpc->heard = grpc->answer_by = 0;
}

static void
ask(struct grpc *grpc)
{
	static const uint8_t data[8] = { ASKED };

	grpc->answer_by = grpc->now + grpc->limits->stall_ms * MILLISECOND;
	if (nghttp2_submit_ping(grpc->http2, NGHTTP2_FLAG_NONE, data) != 0)
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for a ping");
}

void
ping_tick(struct grpc *grpc)
{
	uint64_t at = ping_deadline(grpc);

	if (at == 0 || at > grpc->now)
		return;
	if (grpc->heard == 0)
		ping_heard(grpc);
	else if (grpc->answer_by == 0)
		ask(grpc);
	else
		grpc_close(grpc, BECKET_S_CALL_FAILED,
		    "the peer does not answer a ping");
}
