/* SPDX-License-Identifier: MIT */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "io/binding.h"
#include "wire/syntax.h"

/*
 * From a partially bound handle to an endpoint (C706 2.2.3): the interface may
 * say where it lives; else the endpoint map of the server's host is asked, and
 * the handle remembers what it said, for each interface and object, until it is
 * reset. Nothing else makes it forget: a server that has moved is found again
 * after becket_binding_reset().
 */
struct resolution {
	struct list node; /* of the handle */
	struct syntax_id interface;
	struct becket_uuid object;
	char *endpoint;
};

enum { RESOLVE_WHY_SIZE = 512 };

/* Where a call has to go; NULL: to the handle's own endpoint. Free with
 * runtime_free_text(). On failure ret_why has a sentence, or is "".
 * S_NO_ENDPOINT_FOUND, S_NOT_REGISTERED, S_SERVER_UNAVAILABLE (the mapper),
 * S_CALL_CANCELLED, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status resolve(struct becket_binding *binding,
    const struct becket_interface *interface, const struct becket_uuid *object,
    uint64_t deadline, char **ret_endpoint, char ret_why[RESOLVE_WHY_SIZE]);

/* With the lock of the handle held, or while it is nobody else's. */
void resolve_forget(struct becket_binding *binding);
BECKET_MUST_USE becket_status resolve_copy(const struct becket_binding *from,
    struct becket_binding *to);
/* What was found first; NULL: nothing yet. */
const char *resolve_first(const struct becket_binding *binding);

#endif
