/* SPDX-License-Identifier: MIT */
#ifndef IDL_SHA1_H
#define IDL_SHA1_H

#include <stddef.h>
#include <stdint.h>

/*
 * SHA-1 (RFC 3174), for name-based UUIDs alone: it is not fit to protect
 * anything. Here because what Debian has it in (libcrypto, nettle) is a large
 * dependency for one hash of one short string, of a compiler.
 */
enum { SHA1_SIZE = 20 };

void sha1(const void *data, size_t size, uint8_t ret_digest[SHA1_SIZE]);

#endif
