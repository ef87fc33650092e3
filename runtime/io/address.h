/* SPDX-License-Identifier: MIT */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/status.h"
#include "io/runtime.h"

/* The socket of a local endpoint: a file in the runtime's directory, or where a
 * path says, as protseq's check has found fit. S_STRING_TOO_LONG: the path does
 * not fit.
 */
BECKET_MUST_USE becket_status
address_local(const struct becket_runtime *runtime, const char *endpoint,
    struct sockaddr_un *ret_address);

/* "127.0.0.1:50312", "[::1]:50312", for people. Always ends in a NUL. Here and
 * below IPv4 mapped into IPv6 is IPv4.
 */
enum { ADDRESS_TEXT_SIZE = 72 };
void address_to_text(const struct sockaddr *address, socklen_t size,
    char ret_text[ADDRESS_TEXT_SIZE]);
/* "127.0.0.1", "::1"; "" where it has none. */
void address_to_host(const struct sockaddr *address, socklen_t size,
    char ret_host[ADDRESS_TEXT_SIZE]);

#endif
