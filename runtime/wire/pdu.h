/* SPDX-License-Identifier: MIT */
#ifndef WIRE_PDU_H
#define WIRE_PDU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/uuid.h"
#include "wire/cursor.h"
#include "wire/syntax.h"

/*
 * The protocol data units of connection-oriented DCE/RPC (C706 chapter 12,
 * MS-RPCE 2.2.2), as C structs: one union member per PDU type, one layout
 * function per member (pdu.c), in the field order of PROTOCOL.md section 2.
 * This file knows bytes; it does not know sessions, calls or sockets.
 *
 * Lists whose length a peer chooses (the elements of a bind, the results of
 * its answer) are kept as views, walked with pdu_next_element() and friends;
 * pdu_decode() has then walked them once and found them well-formed.
 */
enum pdu_type {
	PDU_REQUEST = 0,
	PDU_RESPONSE = 2,
	PDU_FAULT = 3,
	PDU_BIND = 11,
	PDU_BIND_ACK = 12,
	PDU_BIND_NAK = 13,
	PDU_ALTER_CONTEXT = 14,
	PDU_ALTER_CONTEXT_RESP = 15,
	PDU_AUTH3 = 16,
	PDU_SHUTDOWN = 17,
	PDU_CO_CANCEL = 18,
	PDU_ORPHANED = 19,
	PDU_TYPES = 20,
};

/* pfc_flags */
enum {
	PDU_FIRST = 0x01,
	PDU_LAST = 0x02,
	PDU_PENDING_CANCEL = 0x04,
	PDU_CONC_MPX = 0x10,
	PDU_DID_NOT_EXECUTE = 0x20,
	PDU_MAYBE = 0x40,
	PDU_OBJECT = 0x80,
};

enum {
	PDU_HEADER_SIZE = 16,
	PDU_REQUEST_SIZE = 24, /* 40 with an object */
	PDU_RESPONSE_SIZE = 24,
	PDU_FAULT_SIZE = 32,
	PDU_OBJECT_SIZE = 16,
	PDU_SYNTAX_SIZE = 20,
	PDU_VERIFIER_SIZE = 8, /* in front of the auth value */
};

/* What a bind element asks and its result says: MS-RPCE 2.2.2.4. */
enum {
	PDU_ACCEPTANCE = 0,
	PDU_USER_REJECTION = 1,
	PDU_PROVIDER_REJECTION = 2,
	PDU_NEGOTIATE_ACK = 3,
};

enum {
	PDU_REASON_NOT_SPECIFIED = 0,
	PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED = 1,
	PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED = 2,
	PDU_LOCAL_LIMIT_EXCEEDED = 3,
};

enum {
	PDU_NAK_NOT_SPECIFIED = 0,
	PDU_NAK_TEMPORARY_CONGESTION = 1,
	PDU_NAK_LOCAL_LIMIT = 2,
	PDU_NAK_PROTOCOL_VERSION = 4,
	PDU_NAK_AUTH_TYPE = 8,
};

/* The common header, which is decoded before the rest has arrived. */
struct pdu_header {
	uint8_t version;       /* 5 */
	uint8_t version_minor; /* 0 */
	uint8_t type;          /* enum pdu_type, or anything a peer sends */
	uint8_t flags;
	uint8_t drep[4];
	uint16_t size; /* whole PDU, header and verifier included */
	uint16_t auth_size;
	uint32_t call;
};

struct pdu_bind {
	uint16_t max_xmit;
	uint16_t max_recv;
	uint32_t association;
	uint8_t count;
	struct becket_bytes elements; /* pdu_next_element() */
};

/* bind_ack and alter_context_resp */
struct pdu_bind_ack {
	uint16_t max_xmit;
	uint16_t max_recv;
	uint32_t association;
	struct becket_bytes address; /* with its NUL; empty in alter */
	uint8_t count;
	struct becket_bytes results; /* pdu_next_result() */
};

struct pdu_bind_nak {
	uint16_t reason;
};

struct pdu_request {
	uint32_t alloc_hint;
	uint16_t context;
	uint16_t opnum;
	struct becket_uuid object; /* with PDU_OBJECT */
	struct becket_bytes stub;
};

struct pdu_response {
	uint32_t alloc_hint;
	uint16_t context;
	uint8_t cancel_count;
	struct becket_bytes stub;
};

struct pdu_fault {
	uint32_t alloc_hint;
	uint16_t context;
	uint8_t cancel_count;
	uint8_t fault_flags; /* 1: extended error information */
	uint32_t status;
	struct becket_bytes stub;
};

struct pdu {
	struct pdu_header header;
	bool big_endian;              /* from drep */
	struct becket_bytes verifier; /* header and value; empty: none */
	union {
		struct pdu_request request;
		struct pdu_response response;
		struct pdu_fault fault;
		struct pdu_bind bind; /* and alter_context */
		struct pdu_bind_ack bind_ack;
		struct pdu_bind_nak bind_nak;
	};
};

/* One element of a bind or alter_context. */
struct pdu_element {
	uint16_t context;
	uint8_t count;
	struct syntax_id interface;
	struct becket_bytes syntaxes; /* pdu_next_syntax() */
};

/* One result of a bind_ack or alter_context_resp. */
struct pdu_result {
	uint16_t result;
	uint16_t reason;
	struct syntax_id syntax;
};

/* The name of a PDU type for logs; never NULL. */
const char *pdu_name(uint8_t type);

/*
 * Decode the 16 bytes every PDU starts with. Whatever can be wrong with them
 * is the caller's to judge: see pdu_header_is_sane().
 */
struct pdu_header pdu_decode_header(const uint8_t bytes[PDU_HEADER_SIZE]);

/* Version 5.0, a data representation we can read (ASCII, IEEE; either byte
 * order), and an auth_size that fits in size.
 */
bool pdu_header_is_sane(const struct pdu_header *header);
bool pdu_header_is_big_endian(const struct pdu_header *header);

/*
 * Decode one PDU whose header is sane, from the size bytes of it that have
 * arrived; all of them unless it is a request, response or fault without a
 * verifier, for which pdu_body_offset() bytes are enough: its stub is then
 * what has arrived. Views point into data. BECKET_S_PROTOCOL_ERROR: a type
 * that CO knows not. BECKET_S_TRUNCATED: the body does not hold what it must.
 * Trailing bytes behind a body are allowed (padding).
 */
BECKET_MUST_USE becket_status pdu_decode(const uint8_t *data, size_t size,
    struct pdu *ret_pdu);

/* Where the stub data of a request, response or fault begins. */
uint16_t pdu_body_offset(const struct pdu_header *header);

/*
 * Encode pdu, little-endian, setting version, drep, size and no verifier. The
 * stub data of a request, response or fault may be left out (stub.size bytes
 * are counted in header.size but not written) with encode_head, for writing
 * them with a vector.
 */
BECKET_MUST_USE becket_status pdu_encode(struct pdu *pdu, void *data,
    size_t capacity, size_t *ret_size);
BECKET_MUST_USE becket_status pdu_encode_head(struct pdu *pdu, void *data,
    size_t capacity, size_t *ret_size);

/* Walk the lists: cursor from pdu_elements() and so on. One layout for both
 * directions: with a put cursor they write.
 */
void pdu_next_element(struct cursor *c, struct pdu_element *element);
void pdu_next_syntax(struct cursor *c, struct syntax_id *syntax);
void pdu_next_result(struct cursor *c, struct pdu_result *result);

#endif
