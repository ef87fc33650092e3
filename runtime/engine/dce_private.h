/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_DCE_PRIVATE_H
#define ENGINE_DCE_PRIVATE_H

#include "base/buffer.h"
#include "base/limits.h"
#include "base/list.h"
#include "engine/session.h"
#include "wire/pdu.h"

/*
 * What the two roles of a DCE session share: how bytes become PDUs
 * (dce_input.c), how messages become fragments (dce_output.c), what is
 * otherwise with streams (dce_stream.c), and how it all ends (dce.c). A role is
 * a table of handlers, [state][PDU type], and some hooks; an empty slot of the
 * table is a violation.
 *
 *                   server                            client
 *
 *                UNBOUND                             UNBOUND
 *                   | bind                              | first call: bind
 *                   v                                   v
 *                 BOUND                              BINDING
 *                   |                                   | bind_ack
 *                   |                   alter_context   v
 *                   |              ALTERING <-------- BOUND
 *                   |                 |   ---------->   |
 *                   |                 | alter_context_resp
 *                   |                 |                 |
 *                   +--------+--------+--------+--------+
 *                            | violation, nak, end of input, lost, drained,
 *                            v no memory: from every state
 *                         CLOSING    calls are told, nothing is parsed
 *                            |
 *                            v
 *                         CLOSED     SESSION_CLOSED has been taken
 *
 * Input. Bytes go to a window that exists only while it holds something. Once
 * the head of a fragment has been understood, the bytes of its body go right
 * to the end of the message they belong to. Those of a stream are told as they
 * come; while the owner owes us more of them than limits.stream_window the
 * session is full: it parses and takes nothing, whoever it would be for.
 *
 * Output. A queue of items, each a packet (a small PDU, ready to go) or a call
 * with bytes to send. The next few fragments are planned as slices: a header
 * of their own and a reference into the message. Planned is as good as sent.
 * A fault may stand behind what was put before it, in one buffer with it.
 * A call stays at the head of the queue up to its last fragment, so that
 * fragments of calls never mix.
 *
 * A call is alive while its owner may name it: its id is then in the map. When
 * no longer alive it stays until its planned fragments are sent and its events
 * are taken: dce_call_settle().
 */
enum dce_state {
	DCE_UNBOUND,
	DCE_BINDING,
	DCE_BOUND,
	DCE_ALTERING,
	DCE_CLOSING,
	DCE_CLOSED,
	DCE_STATES,
};

/* Why a role is asked to refuse a PDU. */
enum dce_offence {
	DCE_TOO_SHORT,  /* shorter than its own header or body */
	DCE_BAD_HEADER, /* version, data representation, auth_length */
	DCE_UNEXPECTED, /* not in this state, not from this side, or unknown */
	DCE_TOO_LONG,   /* a fragment beyond what was negotiated */
	DCE_BAD_VERIFIER, /* not negotiated, or it overlaps the body */
};

enum {
	DCE_SLICES = 16, /* fragments planned at most */
	DCE_HEAD_SIZE = PDU_REQUEST_SIZE + PDU_OBJECT_SIZE,
	DCE_WINDOW_SMALL = 4096,
	DCE_WINDOW_LARGE = 65536, /* holds any PDU */
	DCE_BODY_FIRST = 16384, /* reserved for a body none of which is here */
	DCE_AHEAD = 1 << 20,    /* reserved for what a header promises, */
	DCE_AHEAD_TIMES = 7,    /* and so many times what has come */
	DCE_NDR_FRAGMENT = 5840,
	DCE_LEAST_FRAGMENT = 1432,  /* C706: everyone takes this much */
	DCE_FRAGMENT_MASK = 0xfff8, /* sizes are multiples of 8 */
	DCE_CONTEXT_MASK = 0xff,    /* Windows and Samba answer with 8 bits */
};

struct dce;

struct dce_item {
	struct list link;
	bool is_packet;
};

/* A whole PDU that waits to be sent. */
struct dce_packet {
	struct dce_item item;
	size_t size;
	size_t capacity; /* of bytes */
	uint8_t bytes[];
};

struct dce_call {
	struct dce_item item; /* in the output queue */
	struct list all;      /* in dce.calls, oldest first */
	struct list event;    /* in dce.events while events is not 0 */
	unsigned events;      /* bit n: enum session_event_kind n */
	struct idmap_id id;
	uint32_t wire; /* call_id of its PDUs */
	bool alive;

	/* What the peer sends. */
	struct buffer in;
	bool in_begun;
	bool in_big_endian;
	bool is_stream;
	bool in_ended;   /* nothing more of a stream comes */
	bool in_full;    /* counted in dce_input.full */
	size_t in_owed;  /* told and not consumed */
	size_t in_piece; /* how much of it is read at once */

	/* What we send. */
	struct buffer out;
	size_t out_at; /* planned up to here */
	uint8_t out_type;
	uint8_t out_flags; /* on every fragment */
	uint16_t context;
	uint16_t opnum;
	uint32_t fault; /* status of a fault */
	bool fails;     /* the fault is still to come, at fault_at of out */
	uint8_t fault_flags;
	size_t fault_at;
	uint8_t cancels;  /* co_cancels received */
	bool out_begun;   /* the first fragment is planned */
	bool out_ended;   /* what is in out is all there is */
	bool out_planned; /* the last fragment is planned */
	bool out_any;     /* a byte has gone to the transport */
	unsigned slices;  /* that refer to this call */
	struct becket_uuid object;

	/* Server. */
	struct session_call begun;
	bool maybe;    /* no answer is wanted */
	bool orphaned; /* no answer is wanted any more */

	/* Client. */
	struct list wait; /* for a context, or for its turn */
	struct list due;  /* by deadline */
	uint64_t deadline;
	size_t pctx;        /* index of its presentation context */
	bool ordered;       /* does not overtake another such */
	bool cancel_wanted; /* a co_cancel follows the request */
	bool in_flight;     /* handed to the output queue */
	bool in_fault;      /* what comes in is a fault */
	bool is_amid;       /* counted in dce_client.amid */
	struct session_end end;
};

struct dce_slice {
	struct dce_item *item;
	uint8_t head[DCE_HEAD_SIZE];
	uint8_t head_size;
	bool last; /* nothing of the item follows */
	size_t body_at;
	size_t body_size;
};

struct dce_input {
	uint8_t *window;
	size_t capacity;
	size_t start, end; /* what the window holds */
	size_t capacity_wanted;
	size_t direct; /* bytes offered behind the message itself */

	bool in_body;            /* of a fragment whose head is understood: */
	size_t body_left;        /* bytes of it to come */
	struct dce_call *target; /* whose message it is; NULL: swallow it */
	bool body_last;          /* the message ends with it */

	unsigned full; /* streams whose owners owe us a window */
	uint16_t fragment_limit;
	uint64_t last; /* when bytes last came */
	bool paused;   /* we took none meanwhile */
	bool eof;
};

struct dce_output {
	struct list queue;  /* of items, in order */
	struct list urgent; /* of packets that may go between fragments */
	struct dce_slice slices[DCE_SLICES];
	unsigned first, count; /* a ring */
	size_t done;           /* bytes of the first slice that are sent */
	size_t queued;         /* bytes that wait, about */
	uint16_t fragment_size;
};

typedef void dce_handler(struct dce *dce, const struct pdu *pdu);

struct dce_role {
	/* Of a request, response or fault the handler sees the head alone, and
	 * sets input.target.
	 */
	dce_handler *handlers[DCE_STATES][PDU_TYPES];
	void (*refuse)(struct dce *dce, const struct pdu_header *header,
	    enum dce_offence offence);
	/* false: leave further PDUs unread for now. */
	bool (*may_parse)(const struct dce *dce);
	/* A message has begun, is no stream, and has not ended. */
	bool (*is_amid)(const struct dce *dce);
	/* All bytes of a fragment's body have come. */
	void (*fragment)(struct dce *dce);
	/* The last fragment of a call has gone to the transport. */
	void (*sent)(struct dce *dce, struct dce_call *call);
	/* Nothing more can be parsed now: is it time to close? */
	void (*idle)(struct dce *dce);
	/* CLOSING has begun: tell the calls. */
	void (*closing)(struct dce *dce);
};

struct dce {
	struct session session;
	const struct dce_role *role;
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	enum dce_state state;
	uint64_t now;
	bool draining;
	becket_status closed_status;
	const char *closed_sentence;
	struct idmap ids;    /* of calls that are alive */
	struct list calls;   /* all */
	uint32_t call_count; /* of these: alive, or not sent yet */
	struct list events;  /* of calls that have some */
	struct dce_input input;
	struct dce_output output;
};

static inline struct dce *
dce_of(struct session *session)
{
	return (struct dce *)(void *)session;
}

static inline const struct dce *
dce_of_const(const struct session *session)
{
	return (const struct dce *)(const void *)session;
}

/* dce.c */
void dce_init(struct dce *dce, const struct dce_role *role,
    const struct becket_memory *memory, const struct becket_limits *limits,
    uint64_t now);
void dce_fini(struct dce *dce);
void dce_move(struct dce *dce, enum dce_state to);
/* The session is over; later calls of this change nothing. */
void dce_close(struct dce *dce, becket_status status, const char *sentence);
void dce_no_memory(struct dce *dce);
bool dce_next(struct session *session, struct session_event *ret_event);
uint64_t dce_stall_deadline(const struct dce *dce);
void dce_check_stall(struct dce *dce);
uint64_t dce_earlier(uint64_t a, uint64_t b); /* 0 is never */

/* NULL: no memory, or too many. */
struct dce_call *dce_call_new(struct dce *dce);
struct dce_call *dce_call_get(const struct dce *dce, struct idmap_id id);
void dce_call_event(struct dce *dce, struct dce_call *call,
    enum session_event_kind kind);
/* Forget its events but for those in keep. */
void dce_call_quiet(struct dce_call *call, unsigned keep);
/* The owner's id means nothing from here on. */
void dce_call_die(struct dce *dce, struct dce_call *call);
/* Free the call unless something still needs it. */
void dce_call_settle(struct dce *dce, struct dce_call *call);

/* dce_input.c */
/* Is there anybody to take a further PDU? */
bool dce_may_parse(const struct dce *dce);
size_t dce_recv_vec(struct session *session, struct session_vec *vecs,
    size_t count);
void dce_received(struct session *session, size_t size, uint64_t now);
void dce_eof(struct session *session);
/* Take one step: a PDU, or the end of a body. false: more bytes are needed. */
bool dce_input_step(struct dce *dce);
/* Forget what was received, and what was to come. */
void dce_input_stop(struct dce *dce);
/* Give back what an idle session does not need. */
void dce_input_rest(struct dce *dce);
bool dce_input_is_partial(const struct dce *dce);

/* dce_output.c */
size_t dce_send_vec(struct session *session, struct session_vec *vecs,
    size_t count);
void dce_sent(struct session *session, size_t size);
/* Encode pdu in a packet. false: no memory, and the session is closing. */
bool dce_output_pdu(struct dce *dce, struct list *queue, struct pdu *pdu,
    size_t capacity);
/* Only a header: shutdown, co_cancel, orphaned. */
void dce_output_header(struct dce *dce, struct list *queue, enum pdu_type type,
    uint32_t wire);
/* Add a message to what the call sends; takes the buffer. */
becket_status dce_output_put(struct dce *dce, struct dce_call *call,
    struct buffer *message);
void dce_output_enqueue(struct dce *dce, struct dce_call *call);
/* Send no more of it than is planned. */
void dce_output_drop(struct dce *dce, struct dce_call *call);
/* Likewise, and an empty last fragment if the peer
 * would else wait for one.
 */
void dce_output_cut(struct dce *dce, struct dce_call *call);
/* What is planned of its answer is followed by a fault; of a stream, all that
 * was put.
 */
void dce_output_become_fault(struct dce *dce, struct dce_call *call,
    uint32_t fault, uint8_t flags);
void dce_output_fini(struct dce *dce);

/* dce_stream.c */
void dce_consumed(struct session *session, struct idmap_id id, size_t size);
/* How many more bytes a call may be sent now. */
size_t dce_stream_room(const struct dce *dce, const struct dce_call *call);
/* Tell the owner of a stream what has come; false: nothing. */
bool dce_stream_tell(struct dce *dce, struct dce_call *call);
/* The owner has been told of so many bytes. */
void dce_stream_told(struct dce *dce, struct dce_call *call, size_t size);
/* Nothing more of it comes, or is wanted. */
void dce_stream_end_input(struct dce *dce, struct dce_call *call);

#endif
