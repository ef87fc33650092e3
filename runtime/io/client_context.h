/* SPDX-License-Identifier: MIT */
#ifndef IO_CLIENT_CONTEXT_H
#define IO_CLIENT_CONTEXT_H

#include "becket_stub.h"
#include "io/binding.h"
#include "io/client_association.h"
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
 * It never changes but for the bytes.
 */
struct client_context {
	struct becket_binding *binding;
	struct client_association *association; /* pinned, once it is open */
	uint32_t group;
	const struct becket_interface *interface;
	uint16_t type;
	uint8_t wire[CONTEXT_HANDLE_SIZE];
};

/* What one call has of them. */
struct client_contexts {
	const struct becket_interface *interface;
	const struct becket_operation *operation;
	void **handles;                /* the stub's: one per row */
	struct client_context *used;   /* one that goes in, or NULL */
	struct client_context **fresh; /* for those that may come out */
	void *request;                 /* a copy that names them */
	const struct becket_memory *memory;
};

/* Which handle says where the call goes; the operation has been checked.
 * binding may be NULL if there is one. X_SS_IN_NULL_CONTEXT;
 * X_SS_CONTEXT_MISMATCH: *ret_why says why.
 */
BECKET_MUST_USE becket_status
client_contexts_begin(struct client_contexts *contexts, const char **ret_why);

/* Make ready all that a call needs; binding is that which it goes by.
 * S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
client_contexts_prepare(struct client_contexts *contexts,
    struct becket_binding *binding, const void *request);

/* The call has gone well, in this group of association: handles are what the
 * response says. X_BAD_STUB_DATA: it says nothing that can be one.
 */
BECKET_MUST_USE becket_status
client_contexts_take(struct client_contexts *contexts, const void *response,
    struct client_association *association, uint32_t group);

void client_contexts_fini(struct client_contexts *contexts);

#endif
