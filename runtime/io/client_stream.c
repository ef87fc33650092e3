/* SPDX-License-Identifier: MIT */
#include "io/client_stream.h"

#include "base/allocate.h"
#include "io/clock.h"
#include "io/hub.h"
#include "io/line.h"

enum {
	FIRST_PIECES = 8,
	/* Pieces below are put together: each takes more than its bytes. */
	SMALL_PIECE = 1024,
};

struct kept_piece {
	struct list node;
	struct buffer bytes;
	bool packs;
};

static const struct becket_memory *
memory_of(const struct client_stream *stream)
{
	return stream->call.invoke.memory;
}

/* ---------------------------------------------------------------- kept -- */

static becket_status
keep(struct client_stream *stream, struct buffer *bytes)
{
	struct kept_piece *piece = memory_new(memory_of(stream), sizeof *piece);

	if (piece == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	piece->bytes = buffer_take(bytes);
	piece->packs = stream->packs;
	stream->kept_size += piece->bytes.size;
	list_append(&stream->kept, &piece->node);
	return BECKET_S_OK;
}

static void
drop_piece(struct client_stream *stream, struct kept_piece *piece)
{
	stream->kept_size -= piece->bytes.size;
	list_remove(&piece->node);
	buffer_fini(&piece->bytes);
	memory_free(memory_of(stream), piece, sizeof *piece);
}

/* From here on the call cannot be begun again. */
static void
stop_keeping(struct client_stream *stream)
{
	stream->is_keeping = false;
	list_for_each (node, &stream->kept)
		drop_piece(stream, container_of(node, struct kept_piece, node));
}

static size_t
window_of(const struct client_stream *stream)
{
	return stream->call.invoke.limits->stream_window;
}

static becket_status
put_bytes(struct client_stream *stream, struct session *session,
    struct buffer *bytes, bool packs)
{
	struct idmap_id id = stream->call.invoke.call;

	if (session->ops->pack != NULL)
		session->ops->pack(session, id, packs);
	return session->ops->put(session, id, bytes);
}

static becket_status
put_copy(struct client_stream *stream, struct session *session,
    const struct buffer *bytes, bool packs)
{
	struct buffer copy = buffer_empty(memory_of(stream));

	if (!buffer_append(&copy, bytes->data, bytes->size))
		return BECKET_S_OUT_OF_MEMORY;
	return put_bytes(stream, session, &copy, packs);
}

/* -------------------------------------------------------------- sending -- */

/* Who waits for room also waits for the connection, for there is nobody else to
 * bring it about; who does not wait fills the window meanwhile.
 */
bool
client_stream_has_room(const struct client_stream *stream)
{
	return stream->unsent < window_of(stream) &&
	       (stream->is_started || stream->is_nonblocking ||
	           (stream->is_plain && line_session(&stream->call) != NULL));
}

/* The end of the call tells what became of a message that it does not take. */
static becket_status
forgive(becket_status status)
{
	return status == BECKET_S_NO_CALL_ACTIVE ? BECKET_S_OK : status;
}

/* Also what came too late for this try, for there may be another. */
static becket_status
put_and_keep(struct client_stream *stream, struct session *session,
    struct buffer *bytes)
{
	becket_status status =
	    forgive(put_copy(stream, session, bytes, stream->packs));

	if (status == BECKET_S_OK && keep(stream, bytes) != BECKET_S_OK)
		stop_keeping(stream);
	return status;
}

/* While the socket is full there is no sense in trying each time. */
static void
send_put(const struct client_stream *stream, size_t size)
{
	struct line *line = stream->call.line;

	if (stream->gathers || line->is_blocked)
		line_gather(line, size);
	else
		line_touch(line);
}

static becket_status
put_now(struct client_stream *stream, struct session *session,
    struct buffer *bytes)
{
	size_t size = bytes->size;
	becket_status status;

	if (stream->is_keeping &&
	    bytes->size > window_of(stream) - stream->kept_size)
		stop_keeping(stream);
	status = stream->is_keeping
	             ? put_and_keep(stream, session, bytes)
	             : put_bytes(stream, session, bytes, stream->packs);
	send_put(stream, size);
	return forgive(status);
}

becket_status
client_stream_put(struct client_stream *stream, struct buffer *bytes)
{
	struct session *session = line_session(&stream->call);
	size_t size = bytes->size;
	becket_status status = session == NULL
	                           ? keep(stream, bytes)
	                           : put_now(stream, session, bytes);

	buffer_fini(bytes);
	if (status == BECKET_S_OK)
		stream->unsent += size;
	return status;
}

void
client_stream_flush(struct client_stream *stream)
{
	struct line *line = stream->call.line;

	if (line != NULL && line->gathered > 0)
		line_touch(line);
}

void
client_stream_half_close(struct client_stream *stream)
{
	struct session *session = line_session(&stream->call);
	struct call_end end = { .status = BECKET_S_OK };

	if (stream->is_half_closed)
		return;
	stream->is_half_closed = true;
	if (session == NULL)
		return;
	/* It may be over already, and then an event says why. */
	(void)!session->ops->end(session, stream->call.invoke.call, &end);
	line_touch(stream->call.line);
}

/* ------------------------------------------------------------- the line -- */

static struct client_stream *
stream_of(struct becket_async_call *call)
{
	return container_of(call, struct client_stream, call);
}

/* What is larger than a window is not kept any longer. */
static becket_status
put_kept(struct client_stream *stream, struct session *session)
{
	bool is_large = stream->kept_size > window_of(stream);
	becket_status status = BECKET_S_OK;

	list_for_each (node, &stream->kept) {
		struct kept_piece *piece =
		    container_of(node, struct kept_piece, node);

		if (is_large)
			status = put_bytes(stream, session, &piece->bytes,
			    piece->packs);
		else
			status = put_copy(stream, session, &piece->bytes,
			    piece->packs);
		if (status != BECKET_S_OK)
			break;
	}
	if (is_large)
		stop_keeping(stream);
	return forgive(status);
}

static void
tell_of_room(struct client_stream *stream)
{
	if (!stream->wants_room || !client_stream_has_room(stream))
		return;
	stream->wants_room = false;
	hub_tell(stream->call.hub, &stream->call);
}

static becket_status
begin(struct becket_async_call *call, struct session *session, uint64_t now)
{
	struct client_stream *stream = stream_of(call);
	struct call_end end = { .status = BECKET_S_OK };
	becket_status status =
	    invoke_begin_stream(&call->invoke, session, call->is_ordered, now);

	if (status != BECKET_S_OK)
		return status;
	status = put_kept(stream, session);
	if (status == BECKET_S_OK && stream->is_half_closed)
		status = forgive(
		    session->ops->end(session, call->invoke.call, &end));
	if (status != BECKET_S_OK) {
		session->ops->abandon(session, call->invoke.call);
		call->invoke.is_begun = false;
		return status;
	}
	/* A plain session says nothing of a call without a message. */
	tell_of_room(stream);
	return BECKET_S_OK;
}

static bool
grow(struct inbox *inbox, const struct becket_memory *memory)
{
	size_t capacity =
	    inbox->capacity == 0 ? FIRST_PIECES : 2 * inbox->capacity;
	struct buffer *pieces;

	if (inbox->count < inbox->capacity)
		return true;
	pieces = memory_resize(memory, inbox->pieces,
	    inbox->capacity * sizeof *pieces, capacity * sizeof *pieces);
	if (pieces == NULL)
		return false;
	inbox->pieces = pieces;
	inbox->capacity = capacity;
	return true;
}

/* true: it has been put to the last one. */
static bool
join(const struct client_stream *stream, const struct buffer *piece)
{
	const struct inbox *inbox = &stream->inbox;
	struct buffer *last =
	    inbox->count == 0 ? NULL : &inbox->pieces[inbox->count - 1];

	return last != NULL && !stream->is_plain && piece->size < SMALL_PIECE &&
	       last->size < SMALL_PIECE &&
	       buffer_append(last, piece->data, piece->size);
}

/* Without memory the stream breaks off where it is. */
static void
take_piece(struct client_stream *stream, struct buffer *piece)
{
	struct inbox *inbox = &stream->inbox;

	stream->has_input = true;
	if (stream->is_keeping)
		stop_keeping(stream);
	if (stream->has_lost_input || join(stream, piece))
		buffer_fini(piece);
	else if (grow(inbox, memory_of(stream)))
		inbox->pieces[inbox->count++] = buffer_take(piece);
	else
		stream->has_lost_input = true;
	buffer_fini(piece);
	hub_tell(stream->call.hub, &stream->call);
}

static void
note_sent(struct client_stream *stream)
{
	stream->unsent = 0;
	stream->is_started = true;
	if (stream->is_keeping && !stream->is_plain)
		stop_keeping(stream);
	tell_of_room(stream);
}

static void
take_event(struct becket_async_call *call, struct session_event *event)
{
	struct client_stream *stream = stream_of(call);
	bool is_mine = invoke_owns(&call->invoke, event);

	if (is_mine && event->kind == SESSION_MESSAGE) {
		take_piece(stream, &event->message);
	} else if (is_mine && event->kind == SESSION_WRITABLE) {
		note_sent(stream);
	} else {
		if (is_mine && event->kind == SESSION_HEAD &&
		    stream->is_keeping)
			stop_keeping(stream);
		invoke_event(&call->invoke, event);
	}
}

static bool
may_retry(const struct becket_async_call *call)
{
	const struct client_stream *stream =
	    container_of(call, const struct client_stream, call);

	return stream->is_keeping && !stream->has_input;
}

static void
retry(struct becket_async_call *call)
{
	struct client_stream *stream = stream_of(call);

	invoke_retry(&call->invoke);
	stream->unsent = stream->kept_size;
}

static void
call_back(struct becket_async_call *call)
{
	struct client_stream *stream = stream_of(call);
	struct hub *hub = call->hub;
	void (*ready)(void *, struct becket_stream *) = stream->ready;
	void *user = stream->user;

	pthread_mutex_unlock(&hub->lock);
	ready(user, &stream->stream);
	pthread_mutex_lock(&hub->lock);
}

static const struct async_call_kind kind = {
	.is_stream = true,
	.begin = begin,
	.event = take_event,
	.may_retry = may_retry,
	.retry = retry,
	.call_back = call_back,
};

/* ------------------------------------------------------------ new, free -- */

static struct client_stream *
allocate(struct hub *hub, struct client_association *association,
    const struct invoke *invoke)
{
	struct client_stream *stream =
	    memory_new(invoke->memory, sizeof *stream);

	if (stream == NULL) {
		client_association_unref(association);
		return NULL;
	}
	async_call_init(&stream->call, hub, association, invoke);
	stream->call.kind = &kind;
	stream->stream = (struct becket_stream){ &client_stream_ops,
		invoke->interface, invoke->opnum };
	stream->is_plain = association->protseq->is_grpc;
	stream->packs = invoke->packs;
	stream->is_keeping = true;
	stream->next = stream->response = buffer_empty(invoke->memory);
	stream->in = (struct stream_in){
		.memory = invoke->memory,
		.limits = invoke->limits,
		.limit = invoke->limits->response_size,
		.is_plain = stream->is_plain,
	};
	stream_in_init(&stream->in);
	list_init(&stream->kept);
	return stream;
}

/* Over a plain session there is nothing to send where there is no message. */
static becket_status
encode_head(struct client_stream *stream, const void *request)
{
	struct buffer head;
	becket_status status = invoke_encode_head(&stream->call.invoke,
	    stream->is_plain, request, clock_now(), &head);

	if (status != BECKET_S_OK)
		return status;
	if (!stream->is_plain || request != NULL)
		status = client_stream_put(stream, &head);
	buffer_fini(&head);
	if (request != NULL)
		client_stream_half_close(stream);
	return status;
}

becket_status
client_stream_new(struct hub *hub, struct client_association *association,
    const struct invoke *invoke, const void *request,
    struct client_stream **ret_stream)
{
	struct client_stream *stream = allocate(hub, association, invoke);
	becket_status status;

	if (stream == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = async_call_keep_names(&stream->call);
	if (status == BECKET_S_OK)
		status = encode_head(stream, request);
	if (status != BECKET_S_OK) {
		client_stream_free(stream);
		return status;
	}
	*ret_stream = stream;
	return BECKET_S_OK;
}

static void
inbox_fini(struct inbox *inbox, size_t from, const struct becket_memory *memory)
{
	for (size_t i = from; i < inbox->count; i++)
		buffer_fini(&inbox->pieces[i]);
	memory_free(memory, inbox->pieces,
	    inbox->capacity * sizeof *inbox->pieces);
}

void
client_stream_free(struct client_stream *stream)
{
	const struct becket_memory *memory = memory_of(stream);

	stop_keeping(stream);
	inbox_fini(&stream->inbox, 0, memory);
	inbox_fini(&stream->taken, stream->taken_at, memory);
	buffer_fini(&stream->next);
	buffer_fini(&stream->response);
	stream_in_fini(&stream->in);
	async_call_fini(&stream->call);
	memory_free(memory, stream, sizeof *stream);
}
