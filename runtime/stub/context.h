/* SPDX-License-Identifier: MIT */
#ifndef STUB_CONTEXT_H
#define STUB_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/idmap.h"
#include "base/list.h"
#include "becket_stub.h"
#include "wire/context_handle.h"

/*
 * The context handles of a server: what its managers keep for clients, who
 * hold it by bytes that nobody can guess.
 *
 *   contexts -- group, one per association that has some, or calls that may
 *                  -- context: a manager's pointer, of one type of one EPV
 *
 *                            a client opens: the reply is under way
 *                                          |
 *                                          v
 *             +------------------------> OPEN, nobody in it
 *             | the last leaves            |        |
 *             |                            v        |
 *          one writer, or any number of readers     |
 *             |  others wait in line       |        |
 *             |                            |        |
 *             | the writer makes it NULL   | its association has ended, its EPV
 *             v                            v is unregistered, its reply is lost
 *           CLOSED                       DOOMED
 *             | nobody has it              | nobody has it
 *             v                            v
 *           freed                     rundown, freed
 *
 * Closed or doomed, it is not found any more; who waits for it is told
 * X_SS_CONTEXT_MISMATCH. A rundown routine thus runs once, and never beside a
 * routine that uses the same context.
 *
 * Calls that may have to do with contexts hold the group, so that it outlives
 * the association's last session until the last of them is done.
 *
 * Any thread; one lock for all, never held while a rundown routine or anything
 * else of another's runs.
 */
struct becket_call;
struct call_host;
struct manager_type;

enum { CONTEXT_BUCKETS = 256 };

struct contexts {
	struct call_host *host;
	pthread_mutex_t lock;
	struct idmap table;                  /* struct context */
	struct list groups[CONTEXT_BUCKETS]; /* by association */
};

struct context_group {
	struct list node;     /* of its bucket; alone once it has ended */
	uint32_t association; /* as on the wire */
	uint32_t holders;     /* calls */
	bool has_ended;
	struct list contexts;
	uint32_t count;
};

struct context {
	struct list node; /* of its group, while it is open */
	struct idmap_id id;
	struct context_group *group;
	struct manager_type *type; /* held: whose routines know the pointer */
	uint16_t kind;             /* of the interface's context_types */
	bool has_credentials;      /* who has opened it */
	uint32_t uid, gid;
	uint8_t wire[CONTEXT_HANDLE_SIZE];
	void *user; /* the manager's pointer */
	uint32_t readers;
	bool has_writer;
	struct list waiting; /* of calls, in line */
	uint32_t references; /* calls that know it */
	bool is_gone;        /* closed or doomed */
	bool is_doomed;
};

void contexts_init(struct contexts *contexts, struct call_host *host,
    uint32_t limit);
/* There are no calls any more; what is left is run down. */
void contexts_fini(struct contexts *contexts);

/* The association's last session is gone: its contexts are run down as soon as
 * the last call of it is done, which may be now.
 */
void contexts_end(struct contexts *contexts, uint32_t association);

/* EPVs have been unregistered: their contexts are run down as soon as no call
 * uses them.
 */
void contexts_sweep(struct contexts *contexts);

/* becket_server_inq_contexts() */
uint32_t contexts_count(struct contexts *contexts,
    const struct becket_interface *interface, const char *type);

/* ------------------------------------------- a call's way, context_call.c */

/* What a call has of a context handle: one per row of its operation. */
struct call_context {
	struct context *context; /* NULL: NULL, or it only comes out */
	void *given;             /* what the routine gets */
	void *returned;          /* what it has made of it */
	bool is_new;             /* opened by this call */
};

struct call_contexts {
	struct context_group *group;
	struct call_context *rows; /* in the call's arena */
	struct context *line;      /* which it waits for */
	bool is_inside;
	becket_status verdict; /* of a call that has waited */
};

/* The association is alive: keep its contexts until contexts_leave() and
 * contexts_finish() are through. S_OUT_OF_MEMORY; where there is no
 * association, what hold_join() says.
 */
BECKET_MUST_USE becket_status contexts_hold(struct becket_call *call);

/* Find the contexts that the request names, and go in; NULL where that is a
 * stream, which names none. S_ASYNC_CALL_PENDING:
 * the call waits in line; when it is its turn, the host resumes it, and
 * call->contexts.verdict says how it went. The rest is why not; the call is
 * then not to be run. X_SS_IN_NULL_CONTEXT, X_SS_CONTEXT_MISMATCH,
 * X_BAD_STUB_DATA, S_OUT_OF_RESOURCES (too many), S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status contexts_enter(struct becket_call *call,
    const void *request);

/* Take a call that waits out of its line. false: it does not wait. */
bool contexts_unpark(struct becket_call *call);

/* The routine has succeeded: close, change and open what its results say, and
 * name them in a response of one's own, to be given back with memory_free().
 * results: one per row, or NULL: as becket_call_set_context() said. On failure
 * what it has opened is run down. S_OUT_OF_RESOURCES, S_OUT_OF_MEMORY,
 * S_UNKNOWN_IF.
 */
BECKET_MUST_USE becket_status contexts_answer(struct becket_call *call,
    void *const *results, const void *response, void **ret_response);

/* The routine is done: let others in. Again: nothing happens. */
void contexts_leave(struct becket_call *call);

/* The same, but others come in only with context_chores_do(): when the call has
 * been passed on, so that its answer goes before theirs.
 */
struct context_chores;
void contexts_let_out(struct becket_call *call, struct context_chores *chores);

/* The reply is on its way, or cannot be. Again: nothing happens. */
void contexts_finish(struct becket_call *call, bool is_delivered);

/* Before that: add the ids of what it has opened, for contexts_lose() should
 * the reply turn out never to have been sent. Without memory they are left out.
 */
void contexts_note_new(const struct becket_call *call, struct buffer *ids);
/* Run those down that are still open, as soon as no call uses them. */
void contexts_lose(struct contexts *contexts, const struct buffer *ids);

/* ------------------------------------------------------- what they share -- */

/* Contexts that nobody has any more, and calls whose turn it is: to be dealt
 * with when the lock is let go.
 */
struct context_chores {
	struct list dead;
	struct list calls;
};

void context_chores_init(struct context_chores *chores);
/* Without the lock. */
void context_chores_do(struct contexts *contexts,
    struct context_chores *chores);

/* With the lock, as all from here: it is found no more. */
void context_remove(struct contexts *contexts, struct context *context,
    bool is_doomed);
/* One call knows it no more. */
void context_drop(struct context *context, struct context_chores *chores);
/* Let those in whose turn it is. */
void context_advance(struct context *context, struct context_chores *chores);
/* NULL: no memory. */
struct context_group *context_group_hold(struct contexts *contexts,
    uint32_t association);
void context_group_release(struct contexts *contexts,
    struct context_group *group, struct context_chores *chores);

#endif
