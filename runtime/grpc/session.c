/* SPDX-License-Identifier: MIT */
#include "grpc/session.h"

#include "base/allocate.h"
#include "base/trap.h"

enum {
	SMALL_INPUT = 16384,
	LARGE_INPUT = 65536,
	MOST_FRAMES = 4096, /* that wait, beside some of each stream */
	FRAMES_OF_STREAM = 4,
};

#define SECOND UINT64_C(1000000000)

struct grpc *
grpc_of(struct session *session)
{
	return container_of(session, struct grpc, session);
}

static const struct grpc *
grpc_of_const(const struct session *session)
{
	return (const struct grpc *)(const void *)session;
}

becket_status
grpc_init(struct grpc *grpc, const struct grpc_role *role,
    const struct becket_memory *memory, const struct becket_limits *limits,
    uint64_t now)
{
	grpc->session.ops = role->ops;
	grpc->role = role;
	grpc->memory = memory;
	grpc->limits = limits;
	grpc->now = now;
	grpc->greet_by = now + limits->stall_ms * UINT64_C(1000000);
	grpc->out = buffer_empty(memory);
	grpc->authority = buffer_empty(memory);
	grpc->ids = idmap_empty(memory, role == &grpc_client_role
	                                    ? limits->calls_per_session
	                                    : limits->streams_per_session);
	list_init(&grpc->streams);
	list_init(&grpc->ready);
	return http2_new(grpc);
}

void
grpc_free(struct session *session)
{
	struct grpc *grpc = grpc_of(session);

	grpc->is_ending = grpc->is_closing = true;
	nghttp2_session_del(grpc->http2);
	list_for_each (node, &grpc->streams)
		stream_free(container_of(node, struct grpc_stream, node));
	idmap_fini(&grpc->ids);
	buffer_fini(&grpc->out);
	buffer_fini(&grpc->authority);
	memory_free(grpc->memory, grpc->in, grpc->in_size);
	memory_free(grpc->memory, grpc, sizeof *grpc);
}

void
grpc_close(struct grpc *grpc, becket_status status, const char *sentence)
{
	if (grpc->is_ending)
		return;
	grpc->is_ending = true;
	grpc->closing_status = status;
	grpc->closing_sentence = sentence;
	list_for_each (node, &grpc->streams)
		stream_take_rest(container_of(node, struct grpc_stream, node));
	grpc->is_closing = true;
	list_for_each (node, &grpc->streams)
		grpc->role->cut(container_of(node, struct grpc_stream, node));
}

/* --------------------------------------------------------------- input -- */

/* Who sends much is read in larger pieces. Failing to is no harm. */
static void
resize_input(struct grpc *grpc, size_t size)
{
	uint8_t *in =
	    size == 0 ? NULL : memory_resize(grpc->memory, NULL, 0, size);

	if (in == NULL && size != 0)
		return;
	memory_free(grpc->memory, grpc->in, grpc->in_size);
	grpc->in = in;
	grpc->in_size = size;
}

size_t
grpc_recv_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	struct grpc *grpc = grpc_of(session);

	if (count == 0 || grpc->is_closing || grpc->has_eof ||
	    !nghttp2_session_want_read(grpc->http2))
		return 0;
	if (grpc->in == NULL)
		resize_input(grpc, SMALL_INPUT);
	if (grpc->in == NULL) {
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to read");
		return 0;
	}
	vecs[0] = (struct session_vec){ grpc->in, grpc->in_size };
	return 1;
}

static void
take_failure(struct grpc *grpc, ssize_t error)
{
	switch (error) {
	case NGHTTP2_ERR_NOMEM:
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory for what the peer sent");
		break;
	case NGHTTP2_ERR_FLOODED:
		grpc_close(grpc, BECKET_S_PROTOCOL_ERROR,
		    "the peer floods the connection");
		break;
	default:
		grpc_close(grpc, BECKET_S_PROTOCOL_ERROR,
		    "the peer does not speak HTTP/2");
		break;
	}
}

/* Who sends and does not read has what refuses his streams wait here. */
static bool
is_flooded(const struct grpc *grpc)
{
	size_t most =
	    MOST_FRAMES + FRAMES_OF_STREAM * grpc->limits->streams_per_session;

	return grpc->role == &grpc_server_role &&
	       nghttp2_session_get_outbound_queue_size(grpc->http2) > most;
}

void
grpc_received(struct session *session, size_t size, uint64_t now)
{
	struct grpc *grpc = grpc_of(session);
	ssize_t taken;

	grpc->now = now;
	session->stats.bytes_in += size;
	if (grpc->is_closing)
		return;
	ping_heard(grpc);
	if (grpc->role == &grpc_server_role)
		stall_follow(grpc, grpc->in, size);
	taken = nghttp2_session_mem_recv(grpc->http2, grpc->in, size);
	if (taken < 0)
		take_failure(grpc, taken);
	else if (is_flooded(grpc))
		take_failure(grpc, NGHTTP2_ERR_FLOODED);
	if (size == grpc->in_size && size < LARGE_INPUT)
		resize_input(grpc, LARGE_INPUT);
	if (grpc->rest_at == 0)
		grpc->rest_at = now + SECOND;
	grpc_settle(grpc);
}

/* -------------------------------------------------------------- output -- */

static void
fill_output(struct grpc *grpc)
{
	const uint8_t *bytes;
	ssize_t size;

	while (grpc->out.size < GRPC_PIECE) {
		size = nghttp2_session_mem_send(grpc->http2, &bytes);
		if (size == 0)
			return;
		if (size < 0 ||
		    !buffer_append(&grpc->out, bytes, (size_t)size)) {
			grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
			    "there is no memory for what is to be sent");
			return;
		}
	}
}

size_t
grpc_send_vec(struct session *session, struct session_vec *vecs, size_t count)
{
	struct grpc *grpc = grpc_of(session);

	if (count == 0)
		return 0;
	if (grpc->out_at == grpc->out.size && !grpc->is_closing)
		fill_output(grpc);
	if (grpc->out_at == grpc->out.size) {
		grpc_settle(grpc);
		return 0;
	}
	vecs[0] = (struct session_vec){ grpc->out.data + grpc->out_at,
		grpc->out.size - grpc->out_at };
	return 1;
}

void
grpc_sent(struct session *session, size_t size)
{
	struct grpc *grpc = grpc_of(session);

	session->stats.bytes_out += size;
	grpc->out_at += size;
	if (grpc->out_at == grpc->out.size)
		grpc->out_at = grpc->out.size = 0;
	if (grpc->rest_at == 0)
		grpc->rest_at = grpc->now + SECOND;
	grpc_settle(grpc);
}

/* -------------------------------------------------------------- ending -- */

/* The second GOAWAY says which streams were taken. */
static void
retire(struct grpc *grpc)
{
	grpc->is_retired = true;
	grpc->retire_at = 0;
	if (nghttp2_submit_goaway(grpc->http2, NGHTTP2_FLAG_NONE,
	        nghttp2_session_get_last_proc_stream_id(grpc->http2),
	        NGHTTP2_NO_ERROR, NULL, 0) != 0)
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY,
		    "there is no memory to say farewell");
}

static bool
has_output(const struct grpc *grpc)
{
	return grpc->out_at < grpc->out.size ||
	       nghttp2_session_want_write(grpc->http2);
}

static bool
has_calls(const struct grpc *grpc)
{
	for (const struct list *node = grpc->streams.next;
	     node != &grpc->streams; node = node->next) {
		const struct grpc_stream *stream =
		    (const struct grpc_stream *)(const void *)node;

		if (stream->id.generation != 0 && !stream->is_over)
			return true;
	}
	return false;
}

/* Behind the peer's end no window opens: what has not gone by then never will.
 */
static void
judge_end(struct grpc *grpc)
{
	bool has_streams = !list_is_empty(&grpc->streams);

	if (grpc->closing_sentence != NULL)
		grpc_close(grpc, grpc->closing_status, grpc->closing_sentence);
	else if (grpc->has_eof && !has_calls(grpc))
		grpc_close(grpc, BECKET_S_OK, "the peer has closed");
	else if (grpc->is_retired && !has_streams)
		grpc_close(grpc, BECKET_S_OK,
		    "one end is shutting down, and all is done");
	else if (!nghttp2_session_want_read(grpc->http2) && !has_streams)
		grpc_close(grpc, BECKET_S_OK, "the session has ended");
}

/* An idle session keeps no buffers. */
static void
give_buffers_back(struct grpc *grpc)
{
	grpc->rest_at = 0;
	resize_input(grpc, 0);
	if (grpc->out.size == 0)
		buffer_fini(&grpc->out);
}

static void
rest(struct grpc *grpc)
{
	if (!list_is_empty(&grpc->streams))
		return;
	ping_rest(grpc);
	give_buffers_back(grpc);
}

/* Nor does one whose calls go on for hours, and rarely say something. */
static void
rest_if_quiet(struct grpc *grpc)
{
	if (grpc->now - grpc->heard >= SECOND)
		give_buffers_back(grpc);
	else
		grpc->rest_at = grpc->now + SECOND;
}

/* Asked for each event, and nghttp2 is slower to answer. */
static bool
may_end(const struct grpc *grpc)
{
	return grpc->closing_sentence != NULL || grpc->has_eof ||
	       list_is_empty(&grpc->streams);
}

void
grpc_settle(struct grpc *grpc)
{
	if (grpc->is_closing)
		return;
	rest(grpc);
	if (grpc->retire_at != 0 && list_is_empty(&grpc->streams))
		retire(grpc);
	if (!may_end(grpc))
		return;
	/* A client has nothing to say to a server that is going. */
	if (!has_output(grpc) ||
	    (grpc->is_retired && grpc->role == &grpc_client_role))
		judge_end(grpc);
}

static void
lose(struct grpc *grpc, const char *sentence)
{
	grpc_close(grpc, BECKET_S_CALL_FAILED,
	    grpc->farewell != NULL ? grpc->farewell : sentence);
}

/* Requests that are not complete never will be. */
void
grpc_eof(struct session *session)
{
	struct grpc *grpc = grpc_of(session);

	grpc->has_eof = true;
	if (grpc->role == &grpc_client_role) {
		lose(grpc, "the server has closed the connection");
		return;
	}
	list_for_each (node, &grpc->streams) {
		struct grpc_stream *stream =
		    container_of(node, struct grpc_stream, node);

		if (!stream->is_in_ended)
			stream_reset(stream, NGHTTP2_CANCEL);
	}
	grpc_settle(grpc);
}

void
grpc_lost(struct session *session)
{
	grpc_of(session)->has_eof = true;
	lose(grpc_of(session), "the connection broke");
}

void
grpc_drain(struct session *session)
{
	struct grpc *grpc = grpc_of(session);

	if (grpc->is_closing || grpc->is_draining)
		return;
	grpc->is_draining = true;
	if (grpc->role == &grpc_client_role) {
		grpc->is_retired = true;
	} else if (list_is_empty(&grpc->streams)) {
		retire(grpc);
	} else {
		grpc->retire_at = grpc->now + SECOND;
		if (nghttp2_submit_shutdown_notice(grpc->http2) != 0 ||
		    nghttp2_submit_ping(grpc->http2, NGHTTP2_FLAG_NONE, NULL) !=
		        0)
			retire(grpc);
	}
	grpc_settle(grpc);
}

/* ---------------------------------------------------------------- time -- */

static void
note(uint64_t at, uint64_t *earliest)
{
	if (at != 0 && (*earliest == 0 || at < *earliest))
		*earliest = at;
}

uint64_t
grpc_deadline(const struct session *session)
{
	const struct grpc *grpc = grpc_of_const(session);
	uint64_t earliest = 0;

	if (grpc->is_closing)
		return 0;
	note(grpc->greet_by, &earliest);
	note(grpc->leave_by, &earliest);
	note(grpc->retire_at, &earliest);
	note(grpc->rest_at, &earliest);
	note(ping_deadline(grpc), &earliest);
	note(stall_deadline(grpc), &earliest);
	for (const struct list *node = grpc->streams.next;
	     node != &grpc->streams; node = node->next) {
		const struct grpc_stream *stream =
		    (const struct grpc_stream *)(const void *)node;

		if (!stream->is_over)
			note(stream->deadline, &earliest);
	}
	return earliest;
}

static bool
is_due(uint64_t at, uint64_t now)
{
	return at != 0 && at <= now;
}

void
grpc_tick(struct session *session, uint64_t now)
{
	struct grpc *grpc = grpc_of(session);

	grpc->now = now;
	if (grpc->is_closing)
		return;
	list_for_each (node, &grpc->streams) {
		struct grpc_stream *stream =
		    container_of(node, struct grpc_stream, node);

		if (!stream->is_over && is_due(stream->deadline, now))
			grpc->role->expired(stream);
	}
	if (is_due(grpc->greet_by, now)) {
		grpc->greet_by = 0;
		http2_terminate(grpc, NGHTTP2_SETTINGS_TIMEOUT,
		    "the peer did not greet in time");
	}
	if (is_due(grpc->retire_at, now))
		retire(grpc);
	if (is_due(grpc->rest_at, now))
		rest_if_quiet(grpc);
	ping_tick(grpc);
	stall_tick(grpc);
	if (is_due(grpc->leave_by, now))
		grpc_close(grpc, grpc->closing_status, grpc->closing_sentence);
	grpc_settle(grpc);
}

/* -------------------------------------------------------------- events -- */

static bool
next_of_streams(struct grpc *grpc, struct session_event *ret_event)
{
	list_for_each (node, &grpc->ready) {
		struct grpc_stream *stream =
		    container_of(node, struct grpc_stream, ready);

		if (grpc->role->may_tell(stream) &&
		    stream_next_event(stream, ret_event))
			return true;
	}
	return false;
}

/* What role->may_tell() does is the last that is done with a stream before its
 * event goes; what the event ends is let go of here.
 */
bool
grpc_next(struct session *session, struct session_event *ret_event)
{
	struct grpc *grpc = grpc_of(session);
	struct grpc_stream *stream;

	if (next_of_streams(grpc, ret_event)) {
		stream = stream_get(grpc, ret_event->call);
		if (stream != NULL && grpc->role == &grpc_client_role &&
		    ret_event->kind == SESSION_END)
			stream_release(stream);
		grpc_settle(grpc);
		return true;
	}
	if (!grpc->is_closing || grpc->is_closed)
		return false;
	grpc->is_closed = true;
	*ret_event = (struct session_event){ .kind = SESSION_CLOSED };
	ret_event->closed.status = grpc->closing_status;
	ret_event->closed.sentence = grpc->closing_sentence;
	return true;
}
