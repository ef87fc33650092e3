/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_CONTEXT_H
#define IO_CLIENT_CONTEXT_H

#include <stdatomic.h>

#include "becket_stub.h"
#include "io/binding.h"
#include "io/client_association.h"
#include "stub/invoke.h"
#include "wire/context_handle.h"

/*
 * A client's context handles, and what a call does with them.
 *
 * A context handle is the server's bytes and the association they are good
 * for, by the number of its group: should the group be gone, so is what the
 * handle stands for, and another group that the association founds does not
 * know it. While it is there it keeps a connection of the group open, and with
 * its own copy of the binding handle it can be called through when that has
 * been freed.
 *
 * It never changes but for the bytes, and that it is closed. Calls that were
 * given it keep it in memory, whatever becomes of it meanwhile: two of them may
 * be under way, and the first to be done may close it.
 */
struct client_context {
	atomic_uint references; /* whoever holds the handle, and calls */
	struct becket_binding *binding;
	struct client_association *association; /* pinned, once it is open */
	uint32_t group;
	const struct becket_interface *interface;
	uint16_t type;
	/* -------------------------------- guarded by the pool's lock */
	bool is_closed; /* nobody holds the handle */
	uint8_t wire[CONTEXT_HANDLE_SIZE];
};

/* One call's, of a row of its operation. */
struct client_context_row {
	struct client_context *given;      /* a reference; NULL: none goes in */
	struct client_context *fresh;      /* for one that may come out */
	uint8_t wire[CONTEXT_HANDLE_SIZE]; /* of given, as it goes in */
};

/* What one call has of them; zeroed: nothing. It may be moved. */
struct client_contexts {
	const struct becket_interface *interface;
	const struct becket_operation *operation;
	struct client_context *used; /* one that goes in, or NULL */
	struct client_context_row *rows;
	void *request; /* a copy that names them */
	const struct becket_memory *memory;
};

/* What becket_stub_call_contexts() and its like begin with; the table has been
 * checked. *binding may be NULL if a handle says where the call goes, and is
 * that one's then; check looks at it. Then all is made ready that the call
 * needs, and contexts->request is what it sends. On failure the error record is
 * written, and there is nothing to give back: X_SS_IN_NULL_CONTEXT,
 * X_SS_CONTEXT_MISMATCH, S_OUT_OF_MEMORY, and what check says.
 */
typedef becket_status
client_contexts_check(const struct becket_binding *binding,
    const struct invoke *invoke, bool is_complete);
BECKET_MUST_USE becket_status
client_contexts_begin(struct client_contexts *contexts, void *const *handles,
    struct becket_binding **binding, const struct invoke *invoke,
    const void *request, client_contexts_check *check);

/* The call has gone well, in this group of association: handles are what the
 * response says. X_BAD_STUB_DATA: it says nothing that can be one.
 */
BECKET_MUST_USE becket_status
client_contexts_take(struct client_contexts *contexts, void **handles,
    const void *response, struct client_association *association,
    uint32_t group);

void client_contexts_fini(struct client_contexts *contexts);

/* Have the operation's results one? */
bool client_contexts_come_out(const struct becket_operation *operation);

#endif
