/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/idmap.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/uuid.h"
#include "wire/syntax.h"

/*
 * A session is the protocol state of one connection, of either role and any
 * protocol, behind one small table of operations. It does no I/O: whoever owns
 * the connection moves bytes in and out, tells the time, and pulls events.
 *
 *   fill                     events                       flush
 *   recv_vec, received  -->  next, next, ... false   -->  send_vec, sent
 *
 * A call is a stream of messages each way with a status at the end; a unary
 * call is one message and one end. A message and what else is large moves in a
 * struct buffer: who gets the buffer owns it.
 *
 * A call that is a stream in either direction is one in both to the session
 * (stream(), call_start.is_stream): what the peer sends is told as it comes,
 * and no more than limits.stream_window of it is taken before the owner has
 * said, with consumed(), that he is done with what he got. Where messages begin
 * and end in it only plain sessions know, which tell each whole; to others it
 * is bytes, and a SESSION_MESSAGE is as many of them as there were.
 *
 * Pull events until there is none after whatever was done: received(), sent(),
 * end(), tick() and the rest may each let what waited go on.
 *
 * One thread at a time; nothing is called back. Times are nanoseconds of a
 * monotonic clock; 0 means "never" where a deadline is meant.
 */
struct session;
struct registered;

/* Of a plain session: what a message counts for beside its bytes when it is
 * consumed, for empty ones take room, too.
 */
enum { SESSION_MESSAGE_COST = 256 };

enum session_event_kind {
	SESSION_CALL,    /* server: a call has begun */
	SESSION_HEAD,    /* client, plain: the initial metadata have come */
	SESSION_MESSAGE, /* a message of the peer's, or a piece of a stream; its
	                  * buffer is the taker's
	                  */
	SESSION_END,     /* server: the last message has come.
	                    client: the call is over; its id is dead */
	SESSION_WRITABLE, /* all that was put on the call has been sent, and its
	                     last message is not put yet */
	SESSION_CANCEL,   /* server: the client wants the call to end early, or
	                     is gone. It is still to be ended */
	SESSION_CLOSED,   /* the last event: flush, half-close, drain, close.
	                     Calls not ended by now need no end */
};

/* A call that has begun on a server. */
struct session_call {
	struct registered *interface; /* until it is unregistered */
	enum transfer_syntax syntax;
	uint16_t opnum;
	bool big_endian;           /* of NDR stub data */
	uint32_t association;      /* the client's group, as on the wire */
	bool maybe;                /* no reply is wanted: end it all the same */
	struct becket_uuid object; /* nil: none */
	uint64_t remaining_us;     /* of the caller's time; 0: not said here */
	struct buffer metadata;    /* plain: encoded entries; the taker's */
};

/* How a call ended, as a client is told. */
struct session_end {
	becket_status status; /* ours: mapped from the wire */
	uint32_t wire_status; /* as the fault carried it, or 0 */
	enum becket_outcome outcome;
	struct buffer fault_data; /* the taker's */
	struct buffer metadata;   /* plain: trailing, encoded; the taker's */
	const char *sentence;     /* static, or NULL: what the engine knows */
};

struct session_event {
	enum session_event_kind kind;
	struct idmap_id call; /* not of SESSION_CLOSED */
	bool big_endian;      /* SESSION_MESSAGE: of NDR stub data */
	bool is_packed;       /* SESSION_MESSAGE, plain: it came compressed */
	union {
		struct session_call begun; /* SESSION_CALL */
		struct buffer metadata;    /* SESSION_HEAD: encoded; the
		                            * taker's */
		struct buffer message;     /* SESSION_MESSAGE */
		struct session_end end;    /* SESSION_END on a client */
		struct {
			becket_status status; /* S_OK: as intended */
			const char *sentence; /* static; never NULL */
		} closed;
	};
};

/* What a client says to begin a call. */
struct call_start {
	struct syntax_id interface;
	enum transfer_syntax syntax;
	uint16_t opnum;
	const struct becket_uuid *object; /* NULL or nil: none */
	bool maybe;                       /* PFC_MAYBE: no reply */
	bool ordered; /* not sent before another such call that began earlier */
	uint64_t deadline;
	/* For protocols that speak in names: static. */
	const char *interface_name, *operation_name;
	uint64_t remaining_us; /* until the deadline; 0: there is none */
	bool is_stream;
	bool packs;            /* plain: messages may go compressed */
	bool is_unattended;    /* plain: nobody is there to answer a PING */
	bool has_one_response; /* plain: a second message is an error at once */
	struct becket_bytes metadata; /* plain: encoded entries */
	/* Plain; NULL or "": what goes without saying. */
	const char *authority, *user_agent;
};

/* How a call is ended. A client says S_OK: its last message is put. */
struct call_end {
	becket_status status;         /* not S_OK: answer with a fault */
	bool did_not_execute;         /* of a fault */
	struct buffer fault_data;     /* the session's from here on */
	struct becket_bytes metadata; /* plain: trailing, encoded entries */
	bool is_read; /* server, written by end(): it is on its way to a client
	                 that waits for it */
};

struct session_vec {
	void *data;
	size_t size;
};

struct session_stats {
	uint64_t calls_in, calls_out;
	uint64_t pdus_in, pdus_out;
	uint64_t bytes_in, bytes_out;
};

struct session_ops {
	/* Messages are SYNTAX_PROTOBUF, and no others can be had. */
	bool is_plain;

	void (*free)(struct session *);

	/* Where the peer's bytes are to go; at most count vectors. 0: do not
	 * read now (back-pressure, or the end). The vectors are good until
	 * any other operation; likewise those of send_vec.
	 */
	size_t (*recv_vec)(struct session *, struct session_vec *vecs,
	    size_t count);
	/* size bytes have been put there. */
	void (*received)(struct session *, size_t size, uint64_t now);
	/* What wants to be sent; 0: nothing now. */
	size_t (*send_vec)(struct session *, struct session_vec *vecs,
	    size_t count);
	/* size bytes of it are sent. */
	void (*sent)(struct session *, size_t size);
	/* The peer has half-closed: what it sent before is still served. */
	void (*eof)(struct session *);
	/* The connection broke. */
	void (*lost)(struct session *);
	/* Finish what was begun, take nothing new, then close. */
	void (*drain)(struct session *);
	/* When tick() is wanted. */
	uint64_t (*deadline)(const struct session *);
	void (*tick)(struct session *, uint64_t now);

	/* The next event; false: feed me. */
	bool (*next)(struct session *, struct session_event *ret_event);

	/* Client: begin a call. It is bound, sent and so on by itself. */
	becket_status (*begin)(struct session *, const struct call_start *,
	    struct idmap_id *ret_call);
	/* Server, right after SESSION_CALL: it is a stream. */
	void (*stream)(struct session *, struct idmap_id call);
	/* Of a stream: so many bytes of what SESSION_MESSAGE has given are
	 * dealt with; plain: SESSION_MESSAGE_COST more for each message.
	 */
	void (*consumed)(struct session *, struct idmap_id call, size_t size);
	/* Server, plain; NULL in others: initial metadata, encoded entries,
	 * before the first message. S_NO_CALL_ACTIVE, S_OUT_OF_MEMORY.
	 */
	becket_status (*head)(struct session *, struct idmap_id call,
	    struct becket_bytes metadata);
	/* Messages that are put from here on are compressed, or not, if the
	 * peer takes that and has been told: by call_start.packs; on a server
	 * before head() and the first message. NULL: the protocol has no such
	 * thing.
	 */
	void (*pack)(struct session *, struct idmap_id call, bool on);
	/* Add a message, whose buffer is the session's from here on, also on
	 * failure. Of a stream that is not plain: bytes that go out as soon as
	 * they can. S_NO_CALL_ACTIVE: the call is over.
	 */
	becket_status (*put)(struct session *, struct idmap_id call,
	    struct buffer *message);
	/* The last message is put, or the call has failed. */
	becket_status (
	    *end)(struct session *, struct idmap_id call, struct call_end *end);
	/* Client: ask the server to end the call early (co_cancel), also a
	 * stream whose last message is not put yet. It still ends with
	 * SESSION_END.
	 */
	void (*cancel)(struct session *, struct idmap_id call);
	/* Client: forget the call (orphaned): no event for it comes any more.
	 */
	void (*abandon)(struct session *, struct idmap_id call);
	/* The association group, as the server named it; 0: not yet, or the
	 * protocol has none.
	 */
	uint32_t (*association)(const struct session *);
};

/* The first member of every session. */
struct session {
	const struct session_ops *ops;
	struct session_stats stats;
};

#endif
