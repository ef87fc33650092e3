/* SPDX-License-Identifier: MIT */
#ifndef WIRE_SYNTAX_H
#define WIRE_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

/* An interface or a transfer syntax: C706 calls both p_syntax_id_t. */
struct syntax_id {
	struct becket_uuid uuid;
	uint16_t major;
	uint16_t minor;
};

/* The transfer syntaxes we know, best first; and what messages are in where
 * nothing is negotiated.
 */
enum transfer_syntax {
	SYNTAX_BECKET, /* protobuf with a call header: PROTOCOL.md section 3 */
	SYNTAX_NDR,    /* NDR20: C706 chapter 14 */
	SYNTAX_COUNT,
	SYNTAX_PROTOBUF = SYNTAX_COUNT, /* nothing but protobuf: gRPC */
};

extern const struct syntax_id transfer_syntaxes[SYNTAX_COUNT];

bool syntax_equal(const struct syntax_id *a, const struct syntax_id *b);

/* The rule of C706 6.1.1 and MS-RPCE: same UUID and major version, and the
 * server's minor version is at least the client's.
 */
bool syntax_serves(const struct syntax_id *server,
    const struct syntax_id *client);

/* Bind-time feature negotiation (MS-RPCE 2.2.2.14): is syntax that UUID, and
 * with which bits?
 */
enum {
	FEATURE_SECURITY_MULTIPLEXING = 1,
	FEATURE_KEEP_ON_ORPHAN = 2,
};
bool syntax_is_features(const struct syntax_id *syntax, uint8_t *ret_bits);
struct syntax_id syntax_from_features(uint8_t bits);

#endif
