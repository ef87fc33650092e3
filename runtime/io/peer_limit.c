/* SPDX-License-Identifier: MIT */
#include "io/peer_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/allocate.h"

enum { FIRST_ENTRIES = 8 };

/* The first byte of a key. */
enum { NOBODY, IPV4, IPV6_NETWORK, IPV6_LINK, USER };

enum { NETWORK_SIZE = 8 };

static struct peer_key
make_key(uint8_t kind, const void *bytes, size_t size)
{
	struct peer_key key = { { kind } };

	memcpy(key.bytes + 1, bytes, size);
	return key;
}

static struct peer_key
key_of_ipv6(const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return make_key(IPV4, address->s6_addr + 12, 4);
	if (IN6_IS_ADDR_LINKLOCAL(address))
		return make_key(IPV6_LINK, address, sizeof *address);
	return make_key(IPV6_NETWORK, address, NETWORK_SIZE);
}

struct peer_key
peer_key_of_address(const struct sockaddr *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->sa_family == AF_INET)
		return make_key(IPV4, &four->sin_addr, sizeof four->sin_addr);
	if (address->sa_family == AF_INET6)
		return key_of_ipv6(&six->sin6_addr);
	return (struct peer_key){ { NOBODY } };
}

struct peer_key
peer_key_of_user(uint32_t uid)
{
	return make_key(USER, &uid, sizeof uid);
}

void
peer_key_to_text(const struct peer_key *key, char ret_text[PEER_KEY_TEXT_SIZE])
{
	int family = key->bytes[0] == IPV4 ? AF_INET : AF_INET6;
	char address[INET6_ADDRSTRLEN] = "";
	uint32_t uid;

	memcpy(&uid, key->bytes + 1, sizeof uid);
	if (key->bytes[0] == USER) {
		snprintf(ret_text, PEER_KEY_TEXT_SIZE, "uid %u", uid);
		return;
	}
	(void)!inet_ntop(family, key->bytes + 1, address, sizeof address);
	snprintf(ret_text, PEER_KEY_TEXT_SIZE, "%s%s", address,
	    key->bytes[0] == IPV6_NETWORK ? "/64" : "");
}

void
peer_limit_init(struct peer_limit *limit, const struct becket_memory *memory,
    uint32_t most)
{
	*limit = (struct peer_limit){ .memory = memory, .most = most };
	pthread_mutex_init(&limit->lock, NULL);
}

static void
free_entries(struct peer_limit *limit)
{
	memory_free(limit->memory, limit->entries,
	    limit->capacity * sizeof *limit->entries);
	limit->entries = NULL;
	limit->capacity = 0;
}

void
peer_limit_fini(struct peer_limit *limit)
{
	free_entries(limit);
	pthread_mutex_destroy(&limit->lock);
}

/* With the lock held, all that follow. Where the key is, or would be. */
static uint32_t
place_of(const struct peer_limit *limit, const struct peer_key *key)
{
	uint32_t low = 0, high = limit->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(&limit->entries[middle].key, key, sizeof *key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_there(const struct peer_limit *limit, uint32_t place,
    const struct peer_key *key)
{
	return place < limit->count &&
	       memcmp(&limit->entries[place].key, key, sizeof *key) == 0;
}

static bool
grow(struct peer_limit *limit)
{
	uint32_t capacity =
	    limit->capacity == 0 ? FIRST_ENTRIES : 2 * limit->capacity;
	struct peer_entry *entries;

	if (limit->count < limit->capacity)
		return true;
	entries = memory_resize(limit->memory, limit->entries,
	    limit->capacity * sizeof *entries, capacity * sizeof *entries);
	if (entries == NULL)
		return false;
	limit->entries = entries;
	limit->capacity = capacity;
	return true;
}

/* Move what begins at from, and all behind it, to to. */
static void
move_entries(struct peer_limit *limit, uint32_t from, uint32_t to)
{
	memmove(limit->entries + to, limit->entries + from,
	    (limit->count - from) * sizeof *limit->entries);
}

static void
add(struct peer_limit *limit, uint32_t place, struct peer_key *key)
{
	if (!grow(limit)) {
		*key = (struct peer_key){ { NOBODY } };
		return;
	}
	move_entries(limit, place, place + 1);
	limit->entries[place] = (struct peer_entry){ *key, 1 };
	limit->count++;
}

static void
take_away(struct peer_limit *limit, uint32_t place)
{
	move_entries(limit, place + 1, place);
	limit->count--;
	if (limit->count == 0)
		free_entries(limit);
}

bool
peer_limit_enter(struct peer_limit *limit, struct peer_key *key)
{
	bool is_let_in = true;
	uint32_t place;

	if (key->bytes[0] == NOBODY)
		return true;
	pthread_mutex_lock(&limit->lock);
	place = place_of(limit, key);
	if (!is_there(limit, place, key))
		add(limit, place, key);
	else if (limit->entries[place].connections < limit->most)
		limit->entries[place].connections++;
	else
		is_let_in = false;
	pthread_mutex_unlock(&limit->lock);
	return is_let_in;
}

void
peer_limit_leave(struct peer_limit *limit, const struct peer_key *key)
{
	uint32_t place;

	if (key->bytes[0] == NOBODY)
		return;
	pthread_mutex_lock(&limit->lock);
	place = place_of(limit, key);
	if (is_there(limit, place, key) &&
	    --limit->entries[place].connections == 0)
		take_away(limit, place);
	pthread_mutex_unlock(&limit->lock);
}
