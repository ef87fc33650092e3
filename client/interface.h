/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_INTERFACE_H
#define BECKET_CLIENT_INTERFACE_H

#include "becket_stub.h"
#include "descriptor.h"

/*
 * The interface that a service is, at run time: its messages are bytes. UUID,
 * version, opnums and the rest are those of becket's options in the .proto, or
 * follow from the name, as becketc has it.
 */

/* It lives in the pool's arena. NULL: *ret_sentence says what is wrong with the
 * options.
 */
const struct becket_interface *interface_of(const struct pool *pool,
    const struct proto_service *service, const char **ret_sentence);

/* The operation that a method of the service is. */
uint16_t interface_opnum(const struct becket_interface *interface,
    const struct proto_method *method);

#endif
