/* SPDX-License-Identifier: MIT */
#include "grpc/heap.h"
#include "grpc/probe.h"
#include "grpc/session.h"
#include "grpc/text.h"

/*
 * What nghttp2 asks and tells. Its callbacks never call out of the session:
 * they leave events.
 */
enum {
	LEAST_WINDOW = 16384,
	SESSION_WINDOW = 8 << 20,
	RESETS_AT_ONCE = 1000,
	RESETS_PER_SECOND = 100,
	MOST_CONTINUATIONS = 8,
};

int32_t
http2_window(const struct grpc *grpc)
{
	size_t window = grpc->limits->stream_window;

	if (window < LEAST_WINDOW)
		return LEAST_WINDOW;
	return window < INT32_MAX ? (int32_t)window : INT32_MAX;
}

/* Who does not read what we said last need not keep us. */
static void
leave(struct grpc *grpc, const char *sentence)
{
	grpc->closing_status = BECKET_S_PROTOCOL_ERROR;
	grpc->closing_sentence = sentence;
	grpc->leave_by = grpc->now + grpc->limits->stall_ms * UINT64_C(1000000);
}

void
http2_terminate(struct grpc *grpc, uint32_t error, const char *sentence)
{
	if (nghttp2_session_terminate_session(grpc->http2, error) != 0) {
		grpc_close(grpc, BECKET_S_OUT_OF_MEMORY, sentence);
		return;
	}
	leave(grpc, sentence);
}

static struct grpc_stream *
stream_of(nghttp2_session *http2, int32_t number)
{
	return nghttp2_session_get_stream_user_data(http2, number);
}

static int
on_begin_headers(nghttp2_session *http2, const nghttp2_frame *frame, void *user)
{
	struct grpc *grpc = user;
	struct grpc_stream *stream;

	if (frame->hd.type != NGHTTP2_HEADERS ||
	    frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	stream = stream_new(grpc, frame->hd.stream_id);
	if (stream == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	stream->is_open = true;
	return nghttp2_session_set_stream_user_data(http2, frame->hd.stream_id,
	    stream);
}

/* A server is to be told little, a client may be told why it failed. */
static size_t
fields_limit(const struct grpc *grpc)
{
	size_t limit = grpc->limits->call_header_size;

	return grpc->role == &grpc_client_role
	           ? limit + grpc->limits->fault_size
	           : limit;
}

static int
on_header(nghttp2_session *http2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_size, const uint8_t *value,
    size_t value_size, uint8_t flags, void *user)
{
	struct grpc_stream *stream = stream_of(http2, frame->hd.stream_id);
	const struct becket_bytes field = { name, name_size };
	const struct becket_bytes content = { value, value_size };
	struct grpc *grpc = user;

	(void)flags;
	if (stream == NULL || stream->is_over)
		return 0;
	if (grpc->role == &grpc_server_role)
		fields_check(&stream->fields, field, content);
	if (grpc->role == &grpc_client_role ||
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		fields_take(&stream->fields, field, content,
		    fields_limit(grpc));
	return 0;
}

static void
take_farewell(struct grpc *grpc, const nghttp2_goaway *farewell)
{
	const struct becket_bytes why = { farewell->opaque_data,
		farewell->opaque_data_len };

	grpc->is_draining = grpc->is_retired = true;
	if (farewell->error_code == NGHTTP2_ENHANCE_YOUR_CALM &&
	    text_is(why, PING_TOO_MANY))
		grpc->farewell = "limits.ping_ms is less than the server "
		                 "wants, and it has closed the connection";
}

static void
take_control(struct grpc *grpc, const nghttp2_frame *frame)
{
	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		grpc->greet_by = 0;
		break;
	case NGHTTP2_PING:
		ping_take(grpc, frame);
		break;
	case NGHTTP2_GOAWAY:
		if (grpc->role == &grpc_client_role)
			take_farewell(grpc, &frame->goaway);
		break;
	default:
		break;
	}
}

static void
take_stream_frame(struct grpc_stream *stream, const nghttp2_frame *frame)
{
	const struct grpc_role *role = stream->grpc->role;

	stream->grpc->pings = 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		role->headers(stream, frame);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		stream_end_input(stream);
}

static int
on_frame_recv(nghttp2_session *http2, const nghttp2_frame *frame, void *user)
{
	struct grpc *grpc = user;
	struct grpc_stream *stream;

	grpc->session.stats.pdus_in++;
	if (grpc->is_closing)
		return 0;
	if (frame->hd.type != NGHTTP2_HEADERS &&
	    frame->hd.type != NGHTTP2_DATA) {
		take_control(grpc, frame);
		return 0;
	}
	stream = stream_of(http2, frame->hd.stream_id);
	if (stream != NULL)
		take_stream_frame(stream, frame);
	return 0;
}

static int
on_data_chunk(nghttp2_session *http2, uint8_t flags, int32_t number,
    const uint8_t *data, size_t size, void *user)
{
	struct grpc_stream *stream = stream_of(http2, number);

	(void)flags;
	(void)user;
	if (nghttp2_session_consume_connection(http2, size) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (stream != NULL)
		stream_data(stream, (struct becket_bytes){ data, size });
	return 0;
}

/* A server that has said all need not hear the rest (RFC 9113 8.1). */
static void
cut_rest(struct grpc_stream *stream)
{
	if (!stream->is_in_ended)
		stream_reset(stream, NGHTTP2_NO_ERROR);
}

static int
on_frame_send(nghttp2_session *http2, const nghttp2_frame *frame, void *user)
{
	struct grpc *grpc = user;
	struct grpc_stream *stream;

	grpc->session.stats.pdus_out++;
	if (frame->hd.type == NGHTTP2_GOAWAY &&
	    frame->goaway.error_code != NGHTTP2_NO_ERROR &&
	    grpc->closing_sentence == NULL)
		leave(grpc, "the peer broke HTTP/2");
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	grpc->pings = 0;
	stream = stream_of(http2, frame->hd.stream_id);
	if (stream == NULL)
		return 0;
	if (grpc->role == &grpc_client_role)
		stream->is_begun = true;
	else if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		cut_rest(stream);
	return 0;
}

static int
on_stream_close(nghttp2_session *http2, int32_t number, uint32_t error,
    void *user)
{
	struct grpc_stream *stream = stream_of(http2, number);

	(void)user;
	if (stream == NULL)
		return 0;
	stream->is_open = false;
	stream->is_waiting = false;
	stream_drop_output(stream);
	stream->grpc->role->closed(stream, error);
	return 0;
}

/* ------------------------------------------------------------ creation -- */

static void *
allocate(size_t size, void *memory)
{
	return heap_malloc(memory, size);
}

static void
release(void *block, void *memory)
{
	heap_free(memory, block);
}

static void *
allocate_zeroed(size_t count, size_t size, void *memory)
{
	return heap_calloc(memory, count, size);
}

static void *
reallocate(void *block, size_t size, void *memory)
{
	return heap_realloc(memory, block, size);
}

static nghttp2_session_callbacks *
make_callbacks(void)
{
	nghttp2_session_callbacks *it;

	if (nghttp2_session_callbacks_new(&it) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(it,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(it, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(it, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(it,
	    on_data_chunk);
	nghttp2_session_callbacks_set_send_data_callback(it, stream_send);
	nghttp2_session_callbacks_set_on_frame_send_callback(it, on_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(it,
	    on_stream_close);
	return it;
}

/* A server looks at the fields itself, for nghttp2 wants an :authority. */
static nghttp2_option *
make_options(const struct grpc *grpc)
{
	nghttp2_option *it;

	if (nghttp2_option_new(&it) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(it, 1);
	nghttp2_option_set_no_closed_streams(it, 1);
	if (grpc->role == &grpc_server_role)
		nghttp2_option_set_no_http_messaging(it, 1);
#ifdef HAVE_nghttp2_option_set_stream_reset_rate_limit
	nghttp2_option_set_stream_reset_rate_limit(it, RESETS_AT_ONCE,
	    RESETS_PER_SECOND);
#endif
#ifdef HAVE_nghttp2_option_set_max_continuations
	nghttp2_option_set_max_continuations(it, MOST_CONTINUATIONS);
#endif
	return it;
}

static int
make_session(struct grpc *grpc, const nghttp2_session_callbacks *callbacks,
    const nghttp2_option *options)
{
	if (callbacks == NULL || options == NULL)
		return NGHTTP2_ERR_NOMEM;
	if (grpc->role == &grpc_client_role)
		return nghttp2_session_client_new3(&grpc->http2, callbacks,
		    grpc, options, &grpc->heap);
	return nghttp2_session_server_new3(&grpc->http2, callbacks, grpc,
	    options, &grpc->heap);
}

/* The last one is for clients alone. */
static int
greet(struct grpc *grpc)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
		    grpc->limits->streams_per_session },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
		    (uint32_t)http2_window(grpc) },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		    (uint32_t)fields_limit(grpc) },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	};
	size_t count = sizeof settings / sizeof *settings;

	if (grpc->role == &grpc_server_role)
		count--;
	if (nghttp2_submit_settings(grpc->http2, NGHTTP2_FLAG_NONE, settings,
	        count) != 0)
		return NGHTTP2_ERR_NOMEM;
	return nghttp2_session_set_local_window_size(grpc->http2,
	    NGHTTP2_FLAG_NONE, 0, SESSION_WINDOW);
}

becket_status
http2_new(struct grpc *grpc)
{
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *options = make_options(grpc);
	int error;

	grpc->heap = (nghttp2_mem){
		.mem_user_data = (void *)(uintptr_t)grpc->memory,
		.malloc = allocate,
		.free = release,
		.calloc = allocate_zeroed,
		.realloc = reallocate,
	};
	error = make_session(grpc, callbacks, options);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(options);
	if (error == 0)
		error = greet(grpc);
	return error == 0 ? BECKET_S_OK : BECKET_S_OUT_OF_MEMORY;
}
