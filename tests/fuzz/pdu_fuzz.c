/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "wire/pdu.h"

/*
 * What decodes must encode, and then decode to the same and encode to the same
 * bytes again. A list in big-endian must be put anew on the way.
 */
enum { PDU_MAX = UINT16_MAX };

static struct becket_bytes
put_elements(const struct pdu *pdu, uint8_t *out)
{
	const struct becket_bytes *list = &pdu->bind.elements;
	struct cursor from =
	    cursor_get(list->data, list->size, pdu->big_endian);
	struct cursor to = cursor_put(out, PDU_MAX);

	for (unsigned i = 0; i < pdu->bind.count; i++) {
		static uint8_t syntaxes[255 * PDU_SYNTAX_SIZE];
		struct cursor from_syntaxes, to_syntaxes;
		struct pdu_element element;

		pdu_next_element(&from, &element);
		from_syntaxes = cursor_get(element.syntaxes.data,
		    element.syntaxes.size, pdu->big_endian);
		to_syntaxes = cursor_put(syntaxes, sizeof syntaxes);
		for (unsigned s = 0; s < element.count; s++) {
			struct syntax_id syntax;

			pdu_next_syntax(&from_syntaxes, &syntax);
			pdu_next_syntax(&to_syntaxes, &syntax);
		}
		EXPECT(cursor_end(&from_syntaxes) == BECKET_S_OK);
		element.syntaxes =
		    (struct becket_bytes){ syntaxes, to_syntaxes.at };
		pdu_next_element(&to, &element);
	}
	EXPECT(cursor_end(&from) == BECKET_S_OK);
	EXPECT(to.status == BECKET_S_OK && to.at == list->size);
	return (struct becket_bytes){ out, to.at };
}

static struct becket_bytes
put_results(const struct pdu *pdu, uint8_t *out)
{
	const struct becket_bytes *list = &pdu->bind_ack.results;
	struct cursor from =
	    cursor_get(list->data, list->size, pdu->big_endian);
	struct cursor to = cursor_put(out, PDU_MAX);

	for (unsigned i = 0; i < pdu->bind_ack.count; i++) {
		struct pdu_result result;

		pdu_next_result(&from, &result);
		pdu_next_result(&to, &result);
	}
	EXPECT(cursor_end(&from) == BECKET_S_OK);
	EXPECT(to.status == BECKET_S_OK && to.at == list->size);
	return (struct becket_bytes){ out, to.at };
}

static void
put_lists(struct pdu *pdu, uint8_t *out)
{
	switch (pdu->header.type) {
	case PDU_BIND:
	case PDU_ALTER_CONTEXT:
		pdu->bind.elements = put_elements(pdu, out);
		break;
	case PDU_BIND_ACK:
	case PDU_ALTER_CONTEXT_RESP:
		pdu->bind_ack.results = put_results(pdu, out);
		break;
	default:
		break;
	}
}

static void
expect_same_header(const struct pdu_header *a, const struct pdu_header *b)
{
	EXPECT(a->type == b->type);
	EXPECT(a->flags == b->flags);
	EXPECT(a->call == b->call);
}

static void
round_trip(struct pdu *pdu)
{
	static uint8_t first[PDU_MAX], second[PDU_MAX], list[PDU_MAX];
	struct pdu again;
	size_t first_size, second_size;

	put_lists(pdu, list);
	EXPECT(
	    pdu_encode(pdu, first, sizeof first, &first_size) == BECKET_S_OK);
	EXPECT(pdu_header_is_sane(&pdu->header));
	EXPECT(first_size == pdu->header.size);
	EXPECT(pdu_decode(first, first_size, &again) == BECKET_S_OK);
	expect_same_header(&pdu->header, &again.header);
	EXPECT(!again.big_endian && again.verifier.size == 0);
	EXPECT(pdu_encode(&again, second, sizeof second, &second_size) ==
	       BECKET_S_OK);
	EXPECT(first_size == second_size);
	EXPECT(memcmp(first, second, first_size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdu_header header;
	struct pdu pdu;
	uint8_t *exact;
	uint16_t body;

	if (size < PDU_HEADER_SIZE)
		return 0;
	header = pdu_decode_header(data);
	EXPECT(pdu_name(header.type) != NULL);
	if (!pdu_header_is_sane(&header))
		return 0;
	body = pdu_body_offset(&header);
	/* A request whose stub is on its way. */
	if (header.auth_size == 0 && size < header.size && size < body &&
	    body > PDU_HEADER_SIZE)
		EXPECT(pdu_decode(data, size, &pdu) == BECKET_S_TRUNCATED);
	if (size < header.size)
		return 0;
	size = header.size;
	exact = malloc(size);
	EXPECT(exact != NULL);
	memcpy(exact, data, size);
	if (pdu_decode(exact, size, &pdu) == BECKET_S_OK)
		round_trip(&pdu);
	free(exact);
	return 0;
}
