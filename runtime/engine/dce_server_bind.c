/* SPDX-License-Identifier: MIT */
#include "engine/dce_server_private.h"

#include "base/allocate.h"
#include "base/trap.h"
#include "wire/fault.h"

enum {
	RESULT_SIZE = 4 + PDU_SYNTAX_SIZE,
	/* a bind_ack without address and results, three bytes padding */
	ANSWER_SIZE = 33,
	FRAGMENT_FLOOR = 2048, /* what Windows takes for the least it was
	                          offered */
};

/* What one element of a bind offers, as far as we know it. */
struct offer {
	struct pdu_element element;
	unsigned syntaxes; /* bit n: enum transfer_syntax n */
	bool is_features;
	uint8_t features;
};

static struct offer
next_offer(struct cursor *c, bool is_bind)
{
	struct offer offer = { 0 };
	struct cursor syntaxes;

	pdu_next_element(c, &offer.element);
	syntaxes = cursor_get(offer.element.syntaxes.data,
	    offer.element.syntaxes.size, c->big_endian);
	for (unsigned i = 0; i < offer.element.count; i++) {
		struct syntax_id id;

		pdu_next_syntax(&syntaxes, &id);
		if (i == 0 && is_bind)
			offer.is_features =
			    syntax_is_features(&id, &offer.features);
		for (unsigned k = 0; k < SYNTAX_COUNT; k++)
			if (syntax_equal(&id, &transfer_syntaxes[k]))
				offer.syntaxes |= 1u << k;
	}
	return offer;
}

static struct cursor
offers(const struct pdu *pdu)
{
	return cursor_get(pdu->bind.elements.data, pdu->bind.elements.size,
	    pdu->big_endian);
}

struct server_pctx *
dce_server_find_pctx(struct dce_server *server, uint16_t context)
{
	for (size_t i = 0; i < server->count; i++)
		if (server->contexts[i].context == context)
			return &server->contexts[i];
	return NULL;
}

/* Every element offers something, and features are offered once. */
static bool
is_well_formed(const struct pdu *pdu)
{
	struct cursor c = offers(pdu);
	unsigned features = 0;

	for (unsigned i = 0; i < pdu->bind.count; i++) {
		struct offer offer =
		    next_offer(&c, pdu->header.type == PDU_BIND);

		if (offer.element.count == 0)
			return false;
		features += offer.is_features;
	}
	return pdu->bind.count > 0 && features <= 1;
}

static bool
offers_ours(const struct pdu *pdu)
{
	struct cursor c = offers(pdu);
	unsigned syntaxes = 0;

	for (unsigned i = 0; i < pdu->bind.count; i++)
		syntaxes |= next_offer(&c, false).syntaxes;
	return syntaxes & 1u << SYNTAX_BECKET;
}

/* The syntaxes in which an offer could be accepted. */
static unsigned
matching(const struct dce_server *server, const struct offer *offer)
{
	struct registered *found =
	    registry_find(server->registry, &offer->element.interface);

	if (found == NULL || offer->is_features)
		return 0;
	return found->syntaxes & offer->syntaxes;
}

/* Which offer is to be accepted, and how. */
struct choice {
	unsigned index;
	enum transfer_syntax syntax;
};

static enum transfer_syntax
best(unsigned syntaxes)
{
	unsigned syntax = 0;

	while ((syntaxes & 1u << syntax) == 0)
		syntax++;
	return (enum transfer_syntax)syntax;
}

/*
 * One is accepted (MS-RPCE 3.3.1.5.6): the first that matches, but of several
 * for the same interface, as a client makes them to offer a syntax each, the
 * one whose syntax we like best.
 */
static struct choice
choose(struct dce_server *server, const struct pdu *pdu)
{
	struct choice choice = { .index = pdu->bind.count };
	struct syntax_id interface = { 0 };
	struct cursor c = offers(pdu);

	for (unsigned i = 0; i < pdu->bind.count; i++) {
		struct offer offer =
		    next_offer(&c, pdu->header.type == PDU_BIND);
		unsigned syntaxes = matching(server, &offer);
		bool first = choice.index == pdu->bind.count;

		if (syntaxes == 0 ||
		    dce_server_find_pctx(server, offer.element.context) != NULL)
			continue;
		if (!first &&
		    (!syntax_equal(&interface, &offer.element.interface) ||
		        best(syntaxes) >= choice.syntax))
			continue;
		choice = (struct choice){ i, best(syntaxes) };
		interface = offer.element.interface;
	}
	return choice;
}

static bool
add_pctx(struct dce_server *server, const struct offer *offer,
    enum transfer_syntax syntax)
{
	size_t size = sizeof *server->contexts;
	size_t capacity = server->capacity == 0 ? 1 : 2 * server->capacity;
	struct server_pctx *grown;

	if (server->count >= server->dce.limits->contexts_per_session)
		return false;
	if (server->count == server->capacity) {
		grown = memory_resize(server->dce.memory, server->contexts,
		    server->capacity * size, capacity * size);
		if (grown == NULL)
			return false;
		server->contexts = grown;
		server->capacity = capacity;
	}
	server->contexts[server->count++] = (struct server_pctx){
		.context = offer->element.context,
		.syntax = syntax,
		.interface =
		    registry_find(server->registry, &offer->element.interface)
		        ->id,
		.asked = offer->element.interface,
	};
	return true;
}

static struct pdu_result
rejected(uint16_t reason)
{
	return (struct pdu_result){ .result = PDU_PROVIDER_REJECTION,
		.reason = reason };
}

static struct pdu_result
accepted(enum transfer_syntax syntax)
{
	return (
	    struct pdu_result){ PDU_ACCEPTANCE, 0, transfer_syntaxes[syntax] };
}

/* A context is offered once more. false: as something that it is not. */
static bool
answer_again(const struct server_pctx *pctx, const struct offer *offer,
    struct pdu_result *ret_result)
{
	if (!syntax_equal(&pctx->asked, &offer->element.interface))
		return false;
	if (offer->syntaxes & 1u << pctx->syntax)
		*ret_result = accepted(pctx->syntax);
	else if (offer->syntaxes != 0)
		return false;
	else
		*ret_result = rejected(PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED);
	return true;
}

static struct pdu_result
answer(struct dce_server *server, const struct offer *offer,
    const struct choice *choice, unsigned index)
{
	if (registry_find(server->registry, &offer->element.interface) == NULL)
		return rejected(PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	if (index != choice->index)
		return rejected(PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED);
	if (!add_pctx(server, offer, choice->syntax))
		return rejected(PDU_LOCAL_LIMIT_EXCEEDED);
	return accepted(choice->syntax);
}

static struct pdu_result
answer_features(struct dce_server *server, const struct offer *offer)
{
	uint8_t granted = offer->features & FEATURE_KEEP_ON_ORPHAN;

	server->keep_on_orphan = granted != 0;
	return (struct pdu_result){ .result = PDU_NEGOTIATE_ACK,
		.reason = granted };
}

/* Judge every element in turn. false: a violation. */
static bool
answer_all(struct dce_server *server, const struct pdu *pdu,
    struct cursor *results)
{
	struct choice choice = choose(server, pdu);
	struct cursor c = offers(pdu);

	for (unsigned i = 0; i < pdu->bind.count; i++) {
		struct offer offer =
		    next_offer(&c, pdu->header.type == PDU_BIND);
		struct server_pctx *known =
		    dce_server_find_pctx(server, offer.element.context);
		struct pdu_result result;

		if (offer.is_features)
			result = answer_features(server, &offer);
		else if (known == NULL)
			result = answer(server, &offer, &choice, i);
		else if (!answer_again(known, &offer, &result))
			return false;
		pdu_next_result(results, &result);
	}
	return true;
}

/* The answer to a bind or alter_context. false: a violation. */
static bool
send_answer(struct dce_server *server, const struct pdu *pdu,
    enum pdu_type type, uint8_t flags, struct becket_bytes address)
{
	struct dce *dce = &server->dce;
	size_t size = pdu->bind.count * (size_t)RESULT_SIZE;
	uint8_t results[UINT8_MAX * RESULT_SIZE];
	struct cursor c = cursor_put(results, sizeof results);
	struct pdu ack = { .header = { .type = (uint8_t)type,
		               .flags = PDU_FIRST | PDU_LAST | flags,
		               .call = pdu->header.call } };

	if (!answer_all(server, pdu, &c))
		return false;
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == size);
	ack.bind_ack = (struct pdu_bind_ack){ .max_xmit = server->fragment_size,
		.max_recv = server->fragment_size,
		.association = association_wire_id(server->association),
		.address = address,
		.count = pdu->bind.count,
		.results = { results, size } };
	dce_output_pdu(dce, &dce->output.queue, &ack,
	    ANSWER_SIZE + address.size + size);
	return true;
}

static void
negotiate_size(struct dce_server *server, const struct pdu *pdu)
{
	struct dce *dce = &server->dce;
	uint16_t size = pdu->bind.max_xmit < pdu->bind.max_recv
	                    ? pdu->bind.max_xmit
	                    : pdu->bind.max_recv;
	uint16_t most =
	    server->is_ours ? dce->limits->fragment_size : DCE_NDR_FRAGMENT;

	if (size < FRAGMENT_FLOOR)
		size = FRAGMENT_FLOOR;
	if (most < DCE_LEAST_FRAGMENT)
		most = DCE_LEAST_FRAGMENT;
	if (size > most)
		size = most;
	server->fragment_size = size & DCE_FRAGMENT_MASK;
	dce->output.fragment_size = server->fragment_size;
	/* What is sent is agreed on; what is taken is always our most. */
	if (most > dce->input.fragment_limit)
		dce->input.fragment_limit = most & DCE_FRAGMENT_MASK;
}

/* A bind asks for security, of which we have none: what is wrong with it? */
static uint16_t
judge_verifier(const struct pdu *pdu)
{
	const struct becket_bytes *verifier = &pdu->verifier;
	size_t at = pdu->header.size - verifier->size;
	uint8_t level = verifier->data[1];

	if (at % 4 != 0 || level < 2 || level > 6)
		return PDU_NAK_NOT_SPECIFIED;
	return PDU_NAK_AUTH_TYPE;
}

static bool
join(struct dce_server *server, const struct pdu *pdu)
{
	struct association *group = association_join(server->associations,
	    pdu->bind.association, server->transport);

	if (group != NULL)
		server->association = group;
	else if (pdu->bind.association == 0)
		dce_server_nak(&server->dce, pdu->header.call,
		    PDU_NAK_LOCAL_LIMIT,
		    "there are too many association groups");
	else
		dce_server_nak(&server->dce, pdu->header.call,
		    PDU_NAK_NOT_SPECIFIED,
		    "the client asks for an association group that is not");
	return group != NULL;
}

static void
accept_bind(struct dce_server *server, const struct pdu *pdu)
{
	struct dce *dce = &server->dce;
	uint8_t echo = pdu->header.flags & (PDU_CONC_MPX | PDU_PENDING_CANCEL);
	struct becket_bytes address = { (uint8_t *)server->address,
		server->address_size };

	server->is_ours = offers_ours(pdu);
	server->multiplexing = pdu->header.flags & PDU_CONC_MPX;
	negotiate_size(server, pdu);
	dce_move(dce, DCE_BOUND);
	if (!send_answer(server, pdu, PDU_BIND_ACK, echo, address))
		dce_server_nak(dce, pdu->header.call, PDU_NAK_NOT_SPECIFIED,
		    "the client offers one context as two things");
}

void
dce_server_bind(struct dce *dce, const struct pdu *pdu)
{
	struct dce_server *server = server_of(dce);

	if (dce->draining)
		dce_server_nak(dce, pdu->header.call,
		    PDU_NAK_TEMPORARY_CONGESTION,
		    "the server is shutting down");
	else if (pdu->verifier.size > 0)
		dce_server_nak(dce, pdu->header.call, judge_verifier(pdu),
		    "the client asks for security, which is not supported");
	else if (!is_well_formed(pdu))
		dce_server_nak(dce, pdu->header.call, PDU_NAK_NOT_SPECIFIED,
		    "the client offers nothing, or features twice");
	else if (join(server, pdu))
		accept_bind(server, pdu);
}

void
dce_server_bind_again(struct dce *dce, const struct pdu *pdu)
{
	dce_server_nak(dce, pdu->header.call, PDU_NAK_NOT_SPECIFIED,
	    "the client binds a second time");
}

void
dce_server_alter(struct dce *dce, const struct pdu *pdu)
{
	struct dce_server *server = server_of(dce);
	uint8_t echo = pdu->header.flags & PDU_PENDING_CANCEL;
	struct becket_bytes none = { 0 };

	if (pdu->verifier.size > 0) {
		dce_server_violation(dce, pdu->header.call, 0,
		    fault_from_status(BECKET_S_ACCESS_DENIED),
		    "the client asks for security, which is not supported");
		return;
	}
	server->is_ours |= offers_ours(pdu);
	if (!is_well_formed(pdu) ||
	    !send_answer(server, pdu, PDU_ALTER_CONTEXT_RESP, echo, none))
		dce_server_violation(dce, pdu->header.call, 0,
		    NCA_S_PROTO_ERROR,
		    "the client offers nothing, or a context it has as "
		    "something else");
}
