/* SPDX-License-Identifier: MIT */
#ifndef IO_EP_REQUEST_H
#define IO_EP_REQUEST_H

#include "io/server.h"

/*
 * What a server asks to have in the endpoint map, and the registrations that it
 * comes to: one for each interface, object and endpoint, with a tower for each
 * transfer syntax.
 */
struct ep_request {
	struct becket_server *server;
	const struct becket_interface *interface; /* NULL: all */
	const struct becket_binding_vector *vector;
	const struct becket_uuid_vector *objects;
	const char *annotation;
	bool replace;
	bool forgets;     /* what is not in it */
	struct list made; /* of registrations */
};

/* Make them all; on failure, some. S_UNKNOWN_IF, S_INVALID_ENTRY,
 * S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status ep_request_make(struct ep_request *request);
/* Free those that nobody has adopted. */
void ep_request_fini(struct ep_request *request);

/* No object, too, is one: the nil UUID. */
size_t ep_object_count(const struct becket_uuid_vector *objects);
const struct becket_uuid *ep_object_at(const struct becket_uuid_vector *objects,
    size_t index);

#endif
