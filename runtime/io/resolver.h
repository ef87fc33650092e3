/* SPDX-License-Identifier: MIT */
#ifndef IO_RESOLVER_H
#define IO_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "io/runtime.h"

/*
 * From a host's name to its addresses, without waiting: c-ares asks the files
 * and the name servers that the system is configured with (or those of the
 * runtime), and descriptor and deadline say when to go on. What is a numeric
 * address, or empty (this host), is known at once and nobody is asked.
 *
 *   resolver_start; while !is_done: wait for resolver_fd() until
 *   resolver_deadline(), resolver_step; then addresses; resolver_fini
 *
 * One thread at a time.
 */
enum { RESOLVER_ADDRESSES = 32 }; /* more of one host are not tried */

struct resolver_address {
	struct sockaddr_storage address;
	socklen_t size;
};

struct ares_channeldata;

struct resolver {
	struct ares_channeldata *channel; /* NULL: nobody is asked */
	int epoll;                        /* its descriptors */
	bool is_done;
	becket_status status; /* when it is done */
	const char *why;      /* static; NULL: errno is in error */
	int error;
	uint32_t count;
	struct resolver_address addresses[RESOLVER_ADDRESSES];
};

/* port: decimal. S_SERVER_UNAVAILABLE is told by the fields. */
void resolver_start(struct resolver *resolver,
    const struct becket_runtime *runtime, const char *host, const char *port);
/* To wait until it is readable. */
int resolver_fd(const struct resolver *resolver);
uint64_t resolver_deadline(const struct resolver *resolver, uint64_t now);
void resolver_step(struct resolver *resolver);
void resolver_fini(struct resolver *resolver);

#endif
