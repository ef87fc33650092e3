/* SPDX-License-Identifier: MIT */
#ifndef GRPC_SESSION_H
#define GRPC_SESSION_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "engine/door.h"
#include "grpc/deframe.h"
#include "grpc/fields.h"

/*
 * A session of gRPC over HTTP/2, for both roles: an adapter between nghttp2 and
 * the table of session operations. nghttp2 takes all input it is given and
 * calls back; here that becomes events that wait with their streams until they
 * are pulled. What it has to send is gathered in one piece at a time.
 *
 *   in ──► nghttp2 ──callbacks──► stream: deframe ──► events ──► next()
 *   out ◄── nghttp2 ◄─stream_read── stream: chunks ◄── put(), end()
 *    ◄─────────────stream_send─────────┘
 *
 * A stream of HTTP/2 is a call. It has two owners: nghttp2, until the stream is
 * closed, and who pulled the call (or began it), until it is over for him; it
 * goes with the second.
 *
 * Flow control: the window of the connection opens as bytes come, so that no
 * stream waits for another. That of a stream stays closed by as much as there
 * is in whole messages that nobody has taken: pulled or, where the call is a
 * stream (of messages), consumed. If that is stream_window already, what comes
 * stays as it is: small messages take more room than their bytes. A message
 * that is on its way always may come: so an end keeps stream_window bytes and a
 * message.
 *
 * What bounds a peer: streams_per_session, of streams that are closed and still
 * have a call running too; stream_memory for messages on their way in; the
 * limits of metadata and messages; nghttp2's own of resets, CONTINUATIONs,
 * SETTINGS and answers; how many frames wait to be sent. While more than
 * send_queue_size waits to be sent, no new call is told; but we go on reading,
 * for else no window would open.
 */
struct grpc_event {
	struct list node; /* of the stream */
	struct session_event told;
};

/* A message on its way out, in its frame. */
struct grpc_chunk {
	struct list node;
	uint8_t head[FRAME_HEAD_SIZE];
	struct buffer message;
	size_t at; /* of head and message together */
};

struct grpc_stream {
	struct list node;  /* of the session's streams */
	struct list ready; /* of those that have events */
	struct grpc *grpc;
	int32_t number;     /* of HTTP/2 */
	struct idmap_id id; /* generation 0: nobody has it */
	bool is_open;       /* nghttp2 has it */
	bool is_told;       /* server: CALL has been pulled */
	bool is_begun;      /* client: HEADERS are sent */
	bool is_stream;     /* of messages: consumed() is called */
	uint64_t deadline;
	uint64_t slack; /* client: what a server may be early by */

	struct fields fields;
	struct deframe in;
	struct buffer pending; /* bytes that are not looked at yet */
	size_t pending_at;
	size_t counted;   /* of grpc.assembling */
	size_t kept;      /* whole messages that are not taken, bytes */
	size_t owed;      /* bytes that the window is closed by */
	uint64_t come;    /* bytes in all */
	uint64_t moved;   /* when the last came */
	bool is_excused;  /* its window may have been closed meanwhile */
	bool is_deaf;     /* what still comes is thrown away */
	bool is_in_ended; /* the peer has ended its side */
	struct list events;

	struct list out;  /* of chunks */
	size_t queued;    /* bytes in them */
	bool is_waiting;  /* nghttp2 wants to be told of more */
	bool is_writable; /* WRITABLE is to be told */
	bool is_headed;   /* server: the response has begun */
	bool may_pack;    /* the peer takes gzip, and we say that we use it */
	bool is_packing;  /* and do: as the request came, or as is wished */
	bool is_maybe;    /* client: nobody waits for the answer */
	bool has_one_response; /* client: there is to be */
	bool has_response;     /* and it has come */
	bool is_ended;         /* there will be no more from us */
	bool is_over;          /* client: END is there. server: answered */

	/* What the trailers will say. */
	uint32_t code;
	becket_status status;
	bool is_not_executed;
	struct buffer sentence, details; /* encoded for header fields */
	struct buffer trailing;          /* metadata */
};

enum { FRAME_START_SIZE = 9 };

/* Server: the frame of HTTP/2 that is on its way. */
struct stall_frame {
	uint8_t head[FRAME_START_SIZE];
	uint8_t head_size; /* 0: between two frames */
	uint32_t left;     /* behind the head */
	uint64_t moved;    /* when the last byte came */
	uint64_t block_by; /* the end of its fields; 0: none is begun */
};

struct grpc {
	struct session session;
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	const struct grpc_role *role;
	nghttp2_session *http2;
	nghttp2_mem heap;

	uint8_t *in; /* NULL: idle */
	size_t in_size;
	struct buffer out;
	size_t out_at;
	uint64_t rest_at; /* to give both back if nothing has moved */

	struct list streams;
	struct list ready;
	struct idmap ids;
	size_t assembling; /* announced and not pulled, bytes */
	size_t queued;     /* put and not taken by nghttp2, of no streams */
	uint64_t now;
	uint64_t greet_by; /* the peer's SETTINGS; 0: they are there */
	uint64_t leave_by; /* read or not, our last GOAWAY; 0: none is said */

	unsigned pings;     /* too early ones, one behind the other */
	uint64_t pinged;    /* the last */
	uint64_t heard;     /* the last byte; 0: idle */
	uint64_t answer_by; /* to a ping; 0: none is out */
	uint64_t retire_at; /* drain: the second GOAWAY at the latest */
	bool is_draining;   /* ours, or the peer's GOAWAY */
	bool is_retired;    /* the last GOAWAY is sent or come */
	bool has_eof;
	bool is_ending; /* what is complete is told, and then it is closing */
	bool is_closing;
	bool is_closed; /* and CLOSED is pulled */
	becket_status closing_status;
	const char *closing_sentence;

	/* server */
	const struct door_names *names;
	struct stall_frame frame;
	/* client */
	struct buffer authority;
	const char *farewell; /* why the server goes, if it has said; or NULL */
};

/* What the roles do otherwise. */
struct grpc_role {
	const struct session_ops *ops;
	/* The fields of a HEADERS frame have come. */
	void (*headers)(struct grpc_stream *stream, const nghttp2_frame *frame);
	/* The peer has ended its side properly. */
	void (*ended)(struct grpc_stream *stream);
	/* The stream cannot go on as it is: what to tell whom. */
	void (*failed)(struct grpc_stream *stream, becket_status status,
	    const char *sentence);
	/* nghttp2 lets go of the stream. */
	void (*closed)(struct grpc_stream *stream, uint32_t error);
	/* The session ends with the stream on it. */
	void (*cut)(struct grpc_stream *stream);
	/* Its deadline has passed. */
	void (*expired)(struct grpc_stream *stream);
	/* The last byte of our side has been taken; set flags. */
	int (*finish)(struct grpc_stream *stream, uint32_t *flags);
	/* Its next event is to be pulled: false: not now, or no more. */
	bool (*may_tell)(struct grpc_stream *stream);
};

extern const struct grpc_role grpc_server_role, grpc_client_role;

/* session.c */
becket_status grpc_init(struct grpc *grpc, const struct grpc_role *role,
    const struct becket_memory *memory, const struct becket_limits *limits,
    uint64_t now);
struct grpc *grpc_of(struct session *session);
void grpc_close(struct grpc *grpc, becket_status status, const char *sentence);
/* After anything that may have been the last. */
void grpc_settle(struct grpc *grpc);

void grpc_free(struct session *session);
size_t grpc_recv_vec(struct session *session, struct session_vec *vecs,
    size_t count);
void grpc_received(struct session *session, size_t size, uint64_t now);
size_t grpc_send_vec(struct session *session, struct session_vec *vecs,
    size_t count);
void grpc_sent(struct session *session, size_t size);
void grpc_eof(struct session *session);
void grpc_lost(struct session *session);
void grpc_drain(struct session *session);
bool grpc_next(struct session *session, struct session_event *ret_event);
uint64_t grpc_deadline(const struct session *session);
void grpc_tick(struct session *session, uint64_t now);

enum { GRPC_PIECE = 65536 }; /* of output, about */

/* http2.c */
becket_status http2_new(struct grpc *grpc);
/* What a stream's window is; a message larger than that opens it further. */
int32_t http2_window(const struct grpc *grpc);
/* Tell the peer why, and end when that is sent. */
void http2_terminate(struct grpc *grpc, uint32_t error, const char *sentence);

/* ping.c */
#define PING_TOO_MANY "too_many_pings" /* what a farewell says of them */
void ping_take(struct grpc *grpc, const nghttp2_frame *frame);
/* The peer has said something; there are no calls any more. */
void ping_heard(struct grpc *grpc);
void ping_rest(struct grpc *grpc);
uint64_t ping_deadline(const struct grpc *grpc);
void ping_tick(struct grpc *grpc);

/* stall.c: what clients begin and do not go on with */
struct stall_frame stall_frame_first(uint64_t now);
/* These bytes have come. */
void stall_follow(struct grpc *grpc, const uint8_t *bytes, size_t size);
uint64_t stall_deadline(const struct grpc *grpc);
void stall_tick(struct grpc *grpc);

/* stream.c */
struct grpc_stream *stream_new(struct grpc *grpc, int32_t number);
void stream_free(struct grpc_stream *stream);
/* NULL: nobody's any more. */
struct grpc_stream *stream_get(const struct grpc *grpc, struct idmap_id id);
/* Its owner wants it no longer. */
void stream_release(struct grpc_stream *stream);
/* Free it if both owners have let go. */
void stream_settle(struct grpc_stream *stream);
/* false: there is no memory, and the session is closing. */
bool stream_tell(struct grpc_stream *stream, const struct session_event *event);
void stream_tell_writable(struct grpc_stream *stream);
/* Nothing that has not been pulled is to be. */
void stream_forget_events(struct grpc_stream *stream);
/* What would be next; NULL: only WRITABLE. */
struct session_event *stream_first_event(const struct grpc_stream *stream);
bool stream_next_event(struct grpc_stream *stream,
    struct session_event *ret_event);

/* input.c */
/* Bytes of the stream's have come. */
void stream_data(struct grpc_stream *stream, struct becket_bytes bytes);
/* And those were the last. */
void stream_end_input(struct grpc_stream *stream);
/* The session ends: look at what has come, room or not, of a response that is
 * complete.
 */
void stream_take_rest(struct grpc_stream *stream);
/* Let go of what is half there, and listen no more. */
void stream_deafen(struct grpc_stream *stream);
/* A message has been pulled, or forgotten. */
void stream_taken(struct grpc_stream *stream, size_t size);
/* From now on a stream of messages. */
void stream_set_stream(struct grpc_stream *stream);
void stream_consumed(struct session *session, struct idmap_id id, size_t size);

/* output.c */
becket_status stream_put(struct grpc_stream *stream, struct buffer *message);
void stream_drop_output(struct grpc_stream *stream);
/* nghttp2 shall ask again. */
void stream_resume(struct grpc_stream *stream);
void stream_reset(struct grpc_stream *stream, uint32_t error);
/* For nghttp2: how much there is to send; and it is to be sent, now. */
ssize_t stream_read(nghttp2_session *http2, int32_t number, uint8_t *bytes,
    size_t size, uint32_t *flags, nghttp2_data_source *source, void *user);
int stream_send(nghttp2_session *http2, nghttp2_frame *frame,
    const uint8_t *head, size_t size, nghttp2_data_source *source, void *user);

#endif
