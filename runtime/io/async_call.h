/* SPDX-License-Identifier: MIT */
#ifndef IO_ASYNC_CALL_H
#define IO_ASYNC_CALL_H

#include "becket.h"
#include "io/client_call.h"
#include "io/client_context.h"

/*
 * A call that nobody waits for, from its start until it is finished. It keeps
 * its encoded request, for what was not read is begun again, and so needs
 * neither the caller's message nor the binding handle any more.
 *
 *   started --> on a line --> over --> finished, freed
 *      ^           |  |
 *      |           |  +-- cut off, and idempotent --> pausing
 *      +-----------+                                     |
 *      +-------------------------------------------------+
 *
 * Guarded by the lock of the hub.
 */
struct hub;
struct line;
struct becket_async_call;

/* What calls on a line do each in its own way; streams are of another kind
 * (io/client_stream.h). With the lock held.
 */
struct async_call_kind {
	bool is_stream;
	/* On an open session. What invoke_begin_encoded() says. */
	becket_status (*begin)(struct becket_async_call *call,
	    struct session *session, uint64_t now);
	/* Takes the event; afterwards invoke.is_over or not. */
	void (*event)(struct becket_async_call *call,
	    struct session_event *event);
	/* Can it be begun again, once that is known to do no harm? */
	bool (*may_retry)(const struct becket_async_call *call);
	void (*retry)(struct becket_async_call *call);
	/* Lets go of the lock, and the call may be gone afterwards. */
	void (*call_back)(struct becket_async_call *call);
};

struct becket_async_call {
	const struct async_call_kind *kind;
	struct list node;  /* in its line's, or in the hub's pausing */
	struct list due;   /* in the hub's, when its callback is due */
	struct line *line; /* NULL: it is on none */
	struct hub *hub;
	struct client_association *association; /* a reference */
	struct invoke invoke;
	char *authority, *user_agent; /* copies, for the invoke; or NULL */
	struct buffer stub;           /* the encoded request */
	struct client_contexts
	    contexts; /* pin the association, if it has some */
	/* In which they are. As long as it is not over: a connection of this
	 * group and no other, or 0; over gRPC the session that it has entered,
	 * or 0, and the metadata that say so.
	 */
	uint32_t group;
	struct buffer metadata;
	bool is_ordered;
	bool is_mute; /* nothing of it can be sent any more */
	bool is_cancelled;
	bool is_over;
	uint64_t connect_by;
	uint64_t not_before; /* while pausing */
	uint64_t end_by;     /* it was cancelled: how long to wait; or 0 */
	uint32_t rebinds, repeats;
	enum becket_outcome outcome; /* of the tries before the last */
	becket_status early;         /* why it was not sent, or S_OK */
	char *why;                   /* more of that, or NULL */
	int error;                   /* errno of a connection that was lost */
	bool has_callback;
	void (*done)(void *user, struct becket_async *async);
	void *user;
};

/* Takes the reference to the association, also on failure. request is encoded.
 * S_OUT_OF_MEMORY, S_LIMIT_EXCEEDED.
 */
BECKET_MUST_USE becket_status async_call_new(struct hub *hub,
    struct client_association *association, const struct invoke *invoke,
    const void *request, struct becket_async_call **ret_call);
/* On no line. */
void async_call_free(struct becket_async_call *call);

/* The binding handle may be gone when the call begins: copy what the invoke
 * points to in there. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status async_call_keep_names(
    struct becket_async_call *call);

/* For calls that are part of something else: everything but the memory. */
void async_call_init(struct becket_async_call *call, struct hub *hub,
    struct client_association *association, const struct invoke *invoke);
void async_call_fini(struct becket_async_call *call);

/* What starts of both kinds have in common, each with its error record: the
 * association for a call, a reference; and the way onto a line. What is kept
 * the call has taken, till its end.
 */
BECKET_MUST_USE becket_status
async_call_find_association(struct becket_binding *binding,
    const struct invoke *invoke, const struct client_contexts *contexts,
    uint64_t deadline, struct client_association **ret_association);
void async_call_keep_contexts(struct becket_async_call *call,
    struct client_contexts *contexts);
/* Has it context handles, which over gRPC are those of a session, and has not
 * entered that?
 */
bool async_call_must_enter(const struct becket_async_call *call);
BECKET_MUST_USE becket_status async_call_place(struct becket_async_call *call);
becket_status async_call_fail_start(const struct becket_binding *binding,
    const struct invoke *invoke, becket_status status, const char *why);

/* S_ASYNC_CALL_PENDING, or how it ended. */
becket_status async_call_status(const struct becket_async_call *call);

/* It was not sent, and will not be. It is over then. */
void async_call_fail(struct becket_async_call *call, becket_status status,
    const char *why);
/* Now, whatever it does; what is done with its line is still to be settled. */
void async_call_end_at_once(struct becket_async_call *call);
/* invoke.end says how it ended. */
void async_call_over(struct becket_async_call *call);

/* The error record of a call that did not end well; returns its status. */
becket_status async_call_say_why(const struct becket_async_call *call);
/* Where it is, for other records. */
struct call_failure async_call_failure(const struct becket_async_call *call);

/* It has gone well: handles are what the response says. X_BAD_STUB_DATA: that
 * cannot be, and the response is freed.
 */
BECKET_MUST_USE becket_status
async_call_take_contexts(struct becket_async_call *call, void **handles,
    void *response);

/* The response of a call that is over, and the context handles that come out,
 * or the error record.
 */
BECKET_MUST_USE becket_status async_call_result(struct becket_async_call *call,
    void **handles, void **ret_response);

#endif
