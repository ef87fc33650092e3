/* SPDX-License-Identifier: MIT */
#ifndef STUB_CALL_H
#define STUB_CALL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/list.h"
#include "becket_stub.h"
#include "engine/session.h"
#include "stub/context.h"
#include "stub/hold.h"
#include "stub/manager.h"
#include "stub/object.h"
#include "stub/peer.h"
#include "stub/token.h"

/*
 * A call on the server, from the moment its request begins to arrive until it
 * is answered. It owns the request's bytes and the arena that request and
 * response live in, and it may outlive its session: the engine knows it only
 * by (conn, id), and drops the answer if nobody has that name any more.
 *
 *   request arrives ─► ready ───────► running ──────────────► answered ─► freed
 *                        └► waiting ─►┘  └─► deferred ─(token)─►┘
 *
 * It waits where its interface has a maximum of calls at once: stub/gate.h; and
 * for its turn with a context handle: stub/context.h.
 *
 * One thread at a time works on it, which hands it on: the loop, the manager
 * routine, after becket_call_defer() whoever has the token, then the loop.
 * Only is_cancelled and turns are shared.
 */

struct server_stream;

/* What a call needs of the server it runs on. */
struct call_host {
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	struct managers *managers;
	struct objects *objects;
	struct tokens *tokens;
	struct contexts *contexts;
	struct holds *holds;          /* NULL: there are none to join */
	struct becket_server *server; /* for tokens and management */
	uint64_t (*now)(void);        /* nanoseconds */
	/* Takes a deferred call that has been answered. Any thread. */
	void (*post)(struct call_host *host, struct becket_call *call);
	/* Takes a call that has waited and may run now. Any thread. false:
	 * nobody is there to run it.
	 */
	bool (*resume)(struct call_host *host, struct becket_call *call);
	becket_status (*entropy)(void *ret_bytes, size_t size);
	/* Has the loop look at a stream, and no more; any thread. */
	void (*attend)(struct call_host *host, struct server_stream *stream);
	void (*forget)(struct call_host *host, struct server_stream *stream);
	/* May this thread wait? NULL: all may. */
	bool (*may_wait)(void);
};

/* What goes back: a message, or with a status a fault and its data. In our
 * syntax that has call->answer in it, too; to a plain session it goes beside.
 */
struct call_reply {
	becket_status status;
	bool did_not_execute;
	struct buffer stub;
};

/* What a manager says beside its response, encoded. */
struct call_answer {
	struct buffer initial, trailing; /* metadata */
	struct buffer details;           /* of a failure */
	bool is_headed;                  /* the initial ones have gone */
};

enum { /* who has finished with a deferred call; the second one passes it on */
	CALL_TURN_RETURNED = 1, /* the manager routine */
	CALL_TURN_ANSWERED = 2, /* the token's holder */
};

enum call_packing { /* of the messages that are sent, where there is such */
	CALL_PACKS_AS_CAME,
	CALL_PACKS,
	CALL_PACKS_NOT,
};

struct becket_call {
	struct call_host *host;
	struct list node;          /* of whoever has the call in a queue */
	struct idmap_id conn;      /* whom it came from; meaningless here */
	struct idmap_id id;        /* of its session */
	struct session_call begun; /* without its interface */
	struct idmap_id interface_id;
	struct becket_uuid object_type; /* nil: none */
	struct manager_type *type;      /* held; NULL until ready */
	struct ticket ticket;           /* of the type's gate */
	struct peer *peer;

	uint32_t streams;             /* which: the flags of its operation */
	struct server_stream *stream; /* or NULL */
	struct buffer request;
	struct becket_bytes body; /* its message, once is_opened */
	bool is_opened;
	bool has_request;
	bool was_packed; /* the request's message */
	enum call_packing packing;
	struct arena arena;
	uint64_t began;
	uint64_t deadline; /* 0: not said */
	void *message;     /* the request, decoded, and an empty response */
	void *response;
	struct call_contexts contexts;
	struct hold *hold; /* an association of its own; mostly NULL */

	const struct metadata_view *metadata; /* of the request; NULL: none */
	struct call_answer answer;

	becket_status failed; /* becket_call_fail() */
	char *sentence;       /* in the arena */
	struct call_reply reply;

	atomic_bool is_cancelled;
	bool is_entered;  /* its manager routine */
	bool is_answered; /* as it comes by mail */
	bool is_deferred;
	bool
	    is_away; /* it waits, or is deferred and its routine has returned */
	atomic_uint turns;
	struct idmap_id token;
};

/* Within managers_enter(). peer is held by the call. NULL: no memory. */
struct becket_call *becket_call_new(struct call_host *host, struct peer *peer,
    const struct session_event *event, uint64_t now);

/* When the call is to be over, counted from when it began; 0: not said. The
 * client's clock is its own: it says how long, not until when; and it may say
 * anything.
 */
void becket_call_set_remaining(struct becket_call *call, uint64_t remaining_us);

/* The request's metadata have come; a copy. S_OUT_OF_MEMORY. */
BECKET_MUST_USE becket_status becket_call_set_metadata(struct becket_call *call,
    struct becket_bytes encoded);
/* The fields of a call header for what is still to be said of it; empty: there
 * is nothing, or no memory.
 */
struct buffer becket_call_fault_header(const struct becket_call *call);

/* Its place is the next call's: resume(). Any thread; NULL is fine. */
void becket_call_free(struct becket_call *call);

/* As becket_call_fail(). */
becket_status becket_call_vfail(struct becket_call *call, becket_status status,
    const char *format, va_list arguments) BECKET_PRINTF(3, 0);

const struct becket_operation *becket_call_operation(
    const struct becket_call *call);

#endif
