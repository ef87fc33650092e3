/* SPDX-License-Identifier: MIT */
#include "wire/pdu.h"

#include <stddef.h>
#include <string.h>

#include "base/trap.h"

enum {
	VERSION = 5,
	SIZE_AT = 8, /* offset of the size field: header_layout() below */
	LITTLE_ENDIAN_DREP = 0x10,
};

/* PROTOCOL.md 2.1: the header every PDU starts with. */
static void
header_layout(struct cursor *c, struct pdu_header *h)
{
	cursor_u8(c, &h->version);
	cursor_u8(c, &h->version_minor);
	cursor_u8(c, &h->type);
	cursor_u8(c, &h->flags);
	cursor_fixed(c, h->drep, sizeof h->drep);
	if (!c->put)
		c->big_endian = pdu_header_is_big_endian(h);
	cursor_u16(c, &h->size);
	cursor_u16(c, &h->auth_size);
	cursor_u32(c, &h->call);
}

/* C706 12.6.3.1: major in the low half of a 32-bit version. */
static void
syntax_layout(struct cursor *c, struct syntax_id *s)
{
	uint32_t version = (uint32_t)s->minor << 16 | s->major;

	cursor_uuid(c, &s->uuid);
	cursor_u32(c, &version);
	s->major = (uint16_t)version;
	s->minor = (uint16_t)(version >> 16);
}

void
pdu_next_syntax(struct cursor *c, struct syntax_id *syntax)
{
	syntax_layout(c, syntax);
}

void
pdu_next_element(struct cursor *c, struct pdu_element *element)
{
	cursor_u16(c, &element->context);
	cursor_u8(c, &element->count);
	cursor_reserved(c, 1);
	syntax_layout(c, &element->interface);
	cursor_bytes(c, &element->syntaxes,
	    element->count * (size_t)PDU_SYNTAX_SIZE);
}

void
pdu_next_result(struct cursor *c, struct pdu_result *result)
{
	cursor_u16(c, &result->result);
	cursor_u16(c, &result->reason);
	syntax_layout(c, &result->syntax);
}

/* The list behind a count: a view on get, a copy on put. Walked on get, so
 * that whoever walks it again cannot fail.
 */
static void
elements_layout(struct cursor *c, uint8_t count, struct becket_bytes *elements)
{
	struct cursor start = *c;
	struct pdu_element element;

	if (c->put) {
		cursor_rest(c, elements);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		pdu_next_element(c, &element);
	if (c->status == BECKET_S_OK)
		*elements = (struct becket_bytes){ start.get + start.at,
			c->at - start.at };
}

/* PROTOCOL.md 2.2 */
static void
bind_layout(struct cursor *c, struct pdu *p)
{
	struct pdu_bind *b = &p->bind;

	cursor_u16(c, &b->max_xmit);
	cursor_u16(c, &b->max_recv);
	cursor_u32(c, &b->association);
	cursor_u8(c, &b->count);
	cursor_reserved(c, 3);
	elements_layout(c, b->count, &b->elements);
}

/* PROTOCOL.md 2.3 */
static void
bind_ack_layout(struct cursor *c, struct pdu *p)
{
	struct pdu_bind_ack *b = &p->bind_ack;
	uint16_t address_size = (uint16_t)b->address.size;

	cursor_u16(c, &b->max_xmit);
	cursor_u16(c, &b->max_recv);
	cursor_u32(c, &b->association);
	cursor_u16(c, &address_size);
	cursor_bytes(c, &b->address, address_size);
	cursor_align(c, 4);
	cursor_u8(c, &b->count);
	cursor_reserved(c, 3);
	cursor_bytes(c, &b->results, b->count * (size_t)(4 + PDU_SYNTAX_SIZE));
}

/* PROTOCOL.md 2.4: one version of ours, padded to four. */
static void
bind_nak_layout(struct cursor *c, struct pdu *p)
{
	uint8_t count = 1;
	uint8_t major = VERSION;

	cursor_u16(c, &p->bind_nak.reason);
	if (!c->put)
		return; /* the list of versions is of no use to us */
	cursor_u8(c, &count);
	cursor_u8(c, &major);
	cursor_reserved(c, 1);
	cursor_align(c, 4);
}

/* PROTOCOL.md 2.5 */
static void
request_layout(struct cursor *c, struct pdu *p)
{
	cursor_u32(c, &p->request.alloc_hint);
	cursor_u16(c, &p->request.context);
	cursor_u16(c, &p->request.opnum);
	if (p->header.flags & PDU_OBJECT)
		cursor_uuid(c, &p->request.object);
}

/* PROTOCOL.md 2.6 */
static void
response_layout(struct cursor *c, struct pdu *p)
{
	cursor_u32(c, &p->response.alloc_hint);
	cursor_u16(c, &p->response.context);
	cursor_u8(c, &p->response.cancel_count);
	cursor_reserved(c, 1);
}

/* PROTOCOL.md 2.7 */
static void
fault_layout(struct cursor *c, struct pdu *p)
{
	cursor_u32(c, &p->fault.alloc_hint);
	cursor_u16(c, &p->fault.context);
	cursor_u8(c, &p->fault.cancel_count);
	cursor_u8(c, &p->fault.fault_flags);
	cursor_u32(c, &p->fault.status);
	cursor_reserved(c, 4);
}

/* PROTOCOL.md 2.8: shutdown, co_cancel, orphaned. */
static void
header_only_layout(struct cursor *c, struct pdu *p)
{
	(void)c;
	(void)p;
}

#define STUB_AT(member) (1 + offsetof(struct pdu, member))

/* clang-format off */
static const struct {
	const char *name;
	void (*body)(struct cursor *, struct pdu *);
	size_t stub; /* where struct pdu keeps the stub data, plus one */
} pdus[PDU_TYPES] = {
	[PDU_REQUEST]            = { "request",            request_layout,     STUB_AT(request.stub) },
	[PDU_RESPONSE]           = { "response",           response_layout,    STUB_AT(response.stub) },
	[PDU_FAULT]              = { "fault",              fault_layout,       STUB_AT(fault.stub) },
	[PDU_BIND]               = { "bind",               bind_layout,        0 },
	[PDU_BIND_ACK]           = { "bind_ack",           bind_ack_layout,    0 },
	[PDU_BIND_NAK]           = { "bind_nak",           bind_nak_layout,    0 },
	[PDU_ALTER_CONTEXT]      = { "alter_context",      bind_layout,        0 },
	[PDU_ALTER_CONTEXT_RESP] = { "alter_context_resp", bind_ack_layout,    0 },
	[PDU_AUTH3]              = { "auth3",              header_only_layout, 0 },
	[PDU_SHUTDOWN]           = { "shutdown",           header_only_layout, 0 },
	[PDU_CO_CANCEL]          = { "co_cancel",          header_only_layout, 0 },
	[PDU_ORPHANED]           = { "orphaned",           header_only_layout, 0 },
};
/* clang-format on */

static bool
is_known(uint8_t type)
{
	return type < PDU_TYPES && pdus[type].name != NULL;
}

static struct becket_bytes *
stub_of(struct pdu *p)
{
	size_t stub = pdus[p->header.type].stub;

	return stub ? (struct becket_bytes *)(void *)((char *)p + stub - 1)
	            : NULL;
}

const char *
pdu_name(uint8_t type)
{
	return is_known(type) ? pdus[type].name : "unknown";
}

struct pdu_header
pdu_decode_header(const uint8_t bytes[PDU_HEADER_SIZE])
{
	struct cursor c = cursor_get(bytes, PDU_HEADER_SIZE, false);
	struct pdu_header header = { 0 };

	header_layout(&c, &header);
	return header;
}

bool
pdu_header_is_big_endian(const struct pdu_header *header)
{
	return (header->drep[0] & 0xf0) == 0;
}

static size_t
verifier_size(const struct pdu_header *header)
{
	if (header->auth_size == 0)
		return 0;
	return (size_t)header->auth_size + PDU_VERIFIER_SIZE;
}

bool
pdu_header_is_sane(const struct pdu_header *header)
{
	bool drep =
	    (header->drep[0] == 0 || header->drep[0] == LITTLE_ENDIAN_DREP) &&
	    header->drep[1] == 0 && header->drep[2] == 0 &&
	    header->drep[3] == 0;

	return header->version == VERSION && header->version_minor == 0 &&
	       drep && PDU_HEADER_SIZE + verifier_size(header) <= header->size;
}

uint16_t
pdu_body_offset(const struct pdu_header *header)
{
	switch (header->type) {
	case PDU_REQUEST:
		return header->flags & PDU_OBJECT
		           ? PDU_REQUEST_SIZE + PDU_OBJECT_SIZE
		           : PDU_REQUEST_SIZE;
	case PDU_RESPONSE:
		return PDU_RESPONSE_SIZE;
	case PDU_FAULT:
		return PDU_FAULT_SIZE;
	default:
		return PDU_HEADER_SIZE;
	}
}

becket_status
pdu_decode(const uint8_t *data, size_t size, struct pdu *ret_pdu)
{
	struct cursor c = cursor_get(data, size, false);
	struct pdu p = { 0 };
	struct becket_bytes *stub;
	size_t verifier;

	header_layout(&c, &p.header);
	if (c.status != BECKET_S_OK)
		return c.status;
	if (!is_known(p.header.type))
		return BECKET_S_PROTOCOL_ERROR;
	p.big_endian = c.big_endian;
	verifier = verifier_size(&p.header);
	TRAP_UNLESS(verifier <= size - PDU_HEADER_SIZE);
	p.verifier = (struct becket_bytes){ data + size - verifier, verifier };
	c.size = size - verifier;
	pdus[p.header.type].body(&c, &p);
	stub = stub_of(&p);
	if (stub != NULL)
		cursor_rest(&c, stub);
	if (c.status == BECKET_S_OK)
		*ret_pdu = p;
	return c.status;
}

becket_status
pdu_encode_head(struct pdu *pdu, void *data, size_t capacity, size_t *ret_size)
{
	struct cursor c = cursor_put(data, capacity);
	struct becket_bytes *stub;
	struct cursor size_at;
	size_t size;

	TRAP_UNLESS(is_known(pdu->header.type));
	pdu->header.version = VERSION;
	pdu->header.version_minor = 0;
	memset(pdu->header.drep, 0, sizeof pdu->header.drep);
	pdu->header.drep[0] = LITTLE_ENDIAN_DREP;
	pdu->header.auth_size = 0;

	header_layout(&c, &pdu->header);
	pdus[pdu->header.type].body(&c, pdu);
	if (cursor_end(&c) != BECKET_S_OK)
		return c.status;
	stub = stub_of(pdu);
	size = c.at + (stub ? stub->size : 0);
	if (size > UINT16_MAX)
		return BECKET_S_NO_SPACE;

	pdu->header.size = (uint16_t)size;
	size_at = cursor_put((uint8_t *)data + SIZE_AT, 2);
	cursor_u16(&size_at, &pdu->header.size);
	*ret_size = c.at;
	return BECKET_S_OK;
}

becket_status
pdu_encode(struct pdu *pdu, void *data, size_t capacity, size_t *ret_size)
{
	struct becket_bytes *stub;
	size_t head;
	becket_status status = pdu_encode_head(pdu, data, capacity, &head);

	if (status != BECKET_S_OK)
		return status;
	if (pdu->header.size > capacity)
		return BECKET_S_NO_SPACE;
	stub = stub_of(pdu);
	if (stub != NULL && stub->size > 0)
		memcpy((uint8_t *)data + head, stub->data, stub->size);
	*ret_size = pdu->header.size;
	return BECKET_S_OK;
}
