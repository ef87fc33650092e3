/* SPDX-License-Identifier: MIT */
#include "grpc/session.h"

/*
 * PINGs, both ways. Those of a client that come too early, one behind the other
 * with no call between, are counted: libraries that measure how much a
 * connection carries send one with each piece of a response. Our own ask a
 * server that is silent while calls run whether it is there, if we are asked
 * to.
 */
enum { MOST_PINGS = 16, LEAST_PAUSE_MS = 5000 };

#define MILLISECOND UINT64_C(1000000)

static void
take_early(struct grpc *grpc)
{
	static const char calm[] = "too_many_pings";

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
		if (grpc->retire_at != 0)
			grpc->retire_at = grpc->now;
		return;
	}
	grpc->pings = is_early ? grpc->pings + 1 : 0;
	grpc->pinged = grpc->now;
	if (grpc->pings >= MOST_PINGS && grpc->role == &grpc_server_role)
		take_early(grpc);
}

/* ------------------------------------------------------------- our own -- */

static uint64_t
pause(const struct grpc *grpc)
{
	uint32_t ms = grpc->limits->ping_ms;

	return (ms > LEAST_PAUSE_MS ? ms : LEAST_PAUSE_MS) * MILLISECOND;
}

/* The time is counted from when the first of the calls that run is seen. */
uint64_t
ping_deadline(const struct grpc *grpc)
{
	if (grpc->limits->ping_ms == 0 || grpc->role != &grpc_client_role ||
	    list_is_empty(&grpc->streams))
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

void
ping_tick(struct grpc *grpc)
{
	uint64_t at = ping_deadline(grpc);

	if (at == 0 || at > grpc->now)
		return;
	if (grpc->heard == 0) {
		ping_heard(grpc);
	} else if (grpc->answer_by != 0) {
		grpc_close(grpc, BECKET_S_CALL_FAILED,
		    "the server does not answer a ping");
	} else {
		grpc->answer_by =
		    grpc->now + grpc->limits->stall_ms * MILLISECOND;
		if (nghttp2_submit_ping(grpc->http2, NGHTTP2_FLAG_NONE, NULL) !=
		    0)
			grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
			    "there is no memory for a ping");
	}
}
