/* SPDX-License-Identifier: MIT */
#ifndef IO_PEER_LIMIT_H
#define IO_PEER_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/status.h"

/*
 * How many connections each peer of a server has, so that none takes them all.
 * Who is one peer:
 *
 *   IPv4      an address, also where it came mapped into IPv6
 *   IPv6      the /64, for a host has as many addresses in it as it likes; of
 *             link-local ones the address, as all hosts of a link share theirs
 *   local     a user
 *
 * A table that is sorted, as its order is nothing a peer could make slow. Any
 * thread, for everything but init and fini.
 */
struct peer_key {
	uint8_t bytes[20]; /* all zero: nobody that is counted */
};

struct peer_key peer_key_of_address(const struct sockaddr *address);
struct peer_key peer_key_of_user(uint32_t uid);

/* "192.0.2.7", "2001:db8:1:2::/64", "uid 1000", for people. */
enum { PEER_KEY_TEXT_SIZE = 64 };
void peer_key_to_text(const struct peer_key *key,
    char ret_text[PEER_KEY_TEXT_SIZE]);

struct peer_entry {
	struct peer_key key;
	uint32_t connections; /* at least 1 */
};

struct peer_limit {
	const struct becket_memory *memory;
	uint32_t most; /* of each */
	pthread_mutex_t lock;
	struct peer_entry *entries; /* sorted */
	uint32_t count, capacity;
};

void peer_limit_init(struct peer_limit *limit,
    const struct becket_memory *memory, uint32_t most);
void peer_limit_fini(struct peer_limit *limit);

/* Count a connection; false: there are as many as may be. Without memory it is
 * not counted, and the key becomes nobody's.
 */
bool peer_limit_enter(struct peer_limit *limit, struct peer_key *key);
/* One that was counted is gone. */
void peer_limit_leave(struct peer_limit *limit, const struct peer_key *key);

#endif
