/* SPDX-License-Identifier: MIT */
#ifndef WIRE_TOWER_H
#define WIRE_TOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "wire/cursor.h"
#include "wire/syntax.h"

/*
 * Protocol towers (C706 appendix L, PROTOCOL.md section 7.2): how the endpoint
 * map writes down where an interface is to be found. A tower is a stack of
 * floors, each with a left side, which names a protocol, and a right side,
 * its address:
 *
 *   1  the interface          UUID and major version | minor version
 *   2  the transfer syntax    UUID and major version | minor version
 *   3  the RPC protocol       ncacn                  | minor version
 *   4  the transport          tcp                    | port
 *   5  the network            ip                     | IPv4 address
 *
 * A tower is little-endian whatever the rest of the message is, and not
 * aligned; ports and addresses in it are big-endian. There is no floor for
 * IPv6: who asks the map takes the port alone, and keeps its own host.
 */
enum tower_protocol {
	TOWER_DNET = 0x04,
	TOWER_TCP = 0x07,
	TOWER_UDP = 0x08,
	TOWER_IP = 0x09,
	TOWER_NCADG = 0x0a,
	TOWER_NCACN = 0x0b,
	TOWER_NCALRPC = 0x0c,
	TOWER_UUID = 0x0d, /* of the first two floors */
	TOWER_PIPE = 0x0f,
	TOWER_LOCAL = 0x10, /* ncalrpc's endpoint */
	TOWER_NETBIOS = 0x11,
	TOWER_HTTP = 0x1f,
	TOWER_UNIX = 0x20,
};

enum {
	TOWER_UPPER = 2,       /* the floors of the interface and the syntax */
	TOWER_LOWER = 6,       /* more than any that exists has below them */
	TOWER_SIZE_MAX = 1024, /* likewise */
	TOWER_TEXT_SIZE = 256, /* an endpoint or a host, with its NUL */
};

/* One of the lower floors. */
struct tower_floor {
	uint8_t protocol;
	struct becket_bytes address; /* a view */
};

struct tower {
	struct syntax_id interface;
	struct syntax_id transfer;
	uint8_t floor_count; /* of the lower ones */
	struct tower_floor floors[TOWER_LOWER];
};

/* A tower from bytes, which its parts are views into, and back: at most
 * TOWER_SIZE_MAX of them. S_TRUNCATED, S_LIMIT_EXCEEDED; X_BAD_STUB_DATA: the
 * first two floors are none, or there are fewer than three or too many; bytes
 * behind the last are left unread, and the minor version of an RPC protocol may
 * be left out, as some do. S_NO_SPACE.
 */
BECKET_MUST_USE becket_status tower_decode(struct becket_bytes bytes,
    struct tower *ret_tower);
BECKET_MUST_USE becket_status tower_encode(const struct tower *tower,
    uint8_t ret_bytes[TOWER_SIZE_MAX], size_t *ret_size);

/* The lower floors of a protocol sequence, for address: "" or a text that is
 * no IPv4 address is 0.0.0.0. endpoint "": port 0, or the empty name. The
 * floors are views into room and endpoint. S_PROTSEQ_NOT_SUPPORTED: none but
 * ncacn_ip_tcp and ncalrpc are made here. S_INVALID_ENDPOINT_FORMAT: no port.
 */
struct tower_room {
	uint8_t minor[2], port[2], ip[4];
	char name[TOWER_TEXT_SIZE];
};
BECKET_MUST_USE becket_status tower_build(struct tower *tower,
    const char *protseq, const char *address, const char *endpoint,
    struct tower_room *room);

/* What a tower says, as a string binding has it. NULL: an unknown protocol
 * sequence. The texts are "" where the tower has none; what does not fit, or
 * has a NUL within, is none. 0.0.0.0 is no host.
 */
const char *tower_protseq(const struct tower *tower);
void tower_endpoint(const struct tower *tower, char ret_text[TOWER_TEXT_SIZE]);
void tower_host(const struct tower *tower, char ret_text[TOWER_TEXT_SIZE]);

/* Do they name the same protocols, whatever the addresses? */
bool tower_same_protocols(const struct tower *a, const struct tower *b);

#endif
