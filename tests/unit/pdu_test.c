/* SPDX-License-Identifier: MIT */
#include "wire/pdu.h"

#include "unit.h"

/* clang-format off */

/* PROTOCOL.md 2.2: the smallest useful bind, mgmt over NDR, both orders. */
static const char bind_little[] =
	"05 00 0b 03 10000000 4800 0000 07000000 | d016 d016 00000000"
	"01 00 0000 | 0000 01 00"
	"80bda8af 8a7d c911 bef408002b102989 01000000"
	"045d888a eb1c c911 9fe808002b104860 02000000";
static const char bind_big[] =
	"05 00 0b 03 00000000 0048 0000 00000007 | 16d0 16d0 00000000"
	"01 00 0000 | 0000 01 00"
	"afa8bd80 7d8a 11c9 bef408002b102989 00000001"
	"8a885d04 1ceb 11c9 9fe808002b104860 00000002";

static const char bind_ack_little[] =
	"05 00 0c 03 10000000 3c00 0000 07000000 | d016 d016 11223344"
	"0500 34373437 00 | 00"
	"01 00 0000 | 0000 0000 045d888a eb1c c911 9fe808002b104860 02000000";
static const char bind_ack_big[] =
	"05 00 0c 03 00000000 003c 0000 00000007 | 16d0 16d0 44332211"
	"0005 34373437 00 | 00"
	"01 00 0000 | 0000 0000 8a885d04 1ceb 11c9 9fe808002b104860 00000002";

static const char alter_resp_little[] =
	"05 00 0f 03 10000000 3800 0000 07000000 | d016 d016 11223344"
	"0000 | 0000"
	"01 00 0000 | 0200 0200 00000000 0000 0000 0000000000000000 00000000";

static const char bind_nak_little[] =
	"05 00 0d 03 10000000 1800 0000 07000000 | 0400 01 05 00 000000";
static const char bind_nak_windows[] = /* with a signature behind */
	"05 00 0d 03 10000000 2800 0000 07000000 | 0400 01 05 00 000000"
	"00112233445566778899aabbccddeeff";

static const char request_little[] =
	"05 00 00 03 10000000 1d00 0000 09000000 | 05000000 0100 0200"
	"0102030405";
static const char request_big[] =
	"05 00 00 03 00000000 001d 0000 00000009 | 00000005 0001 0002"
	"0102030405";
static const char request_object_little[] =
	"05 00 00 83 10000000 2a00 0000 09000000 | 02000000 0100 0200"
	"e00c6b90 0bc7 6710 b31700dd010662da | aabb";
static const char request_object_big[] =
	"05 00 00 83 00000000 002a 0000 00000009 | 00000002 0001 0002"
	"906b0ce0 c70b 1067 b31700dd010662da | aabb";
static const char request_verified_little[] = /* stub, pad, verifier */
	"05 00 00 03 10000000 2c00 0400 09000000 | 05000000 0100 0200"
	"01020304 00000000 | 0a 05 04 00 00000000 | cafebabe";

static const char response_little[] =
	"05 00 02 03 10000000 1b00 0000 09000000 | 03000000 0100 02 00 | 0a0b0c";
static const char response_big[] =
	"05 00 02 03 00000000 001b 0000 00000009 | 00000003 0001 02 00 | 0a0b0c";

static const char fault_little[] =
	"05 00 03 23 10000000 2200 0000 09000000 | 20000000 0100 00 00"
	"0200011c 00000000 | 0102";
static const char fault_big[] =
	"05 00 03 23 00000000 0022 0000 00000009 | 00000020 0001 00 00"
	"1c010002 00000000 | 0102";

static const char shutdown_little[] = "05 00 11 03 10000000 1000 0000 00000000";
static const char co_cancel_big[] = "05 00 12 03 00000000 0010 0000 00000009";
static const char orphaned_little[] = "05 00 13 03 10000000 1000 0000 09000000";
static const char auth3_little[] = /* body ignored */
	"05 00 10 03 10000000 2000 0400 09000000 | 00000000"
	"0a 05 00 00 00000000 | cafebabe";

/* clang-format on */

enum { PDU_MAX = 256 };

/* In memory of its own size; free() the data. */
static struct becket_bytes
wire(const char *hex)
{
	uint8_t bytes[PDU_MAX];
	size_t size = from_hex(hex, bytes);

	return (struct becket_bytes){ exact_copy(bytes, size), size };
}

static struct pdu
decoded(struct becket_bytes bytes)
{
	struct pdu pdu;

	assert_int_equal(pdu_decode(bytes.data, bytes.size, &pdu), BECKET_S_OK);
	assert_int_equal(pdu.header.size, bytes.size);
	return pdu;
}

static void
release(struct becket_bytes bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

static void
assert_encodes_to(struct pdu *pdu, const char *hex)
{
	struct becket_bytes expected = wire(hex);
	uint8_t bytes[PDU_MAX];
	size_t size = 0;

	assert_int_equal(pdu_encode(pdu, bytes, sizeof bytes, &size),
	    BECKET_S_OK);
	assert_bytes((struct becket_bytes){ bytes, size }, expected.data,
	    expected.size);
	for (size_t room = 1; room < size; room++) {
		uint8_t *exact = exact_copy(bytes, room);
		size_t untouched = 4711;

		assert_int_equal(pdu_encode(pdu, exact, room, &untouched),
		    BECKET_S_NO_SPACE);
		assert_int_equal(untouched, 4711);
		free(exact);
	}
	release(expected);
}

static void
check_bind(const char *hex, bool big_endian)
{
	struct becket_bytes bytes = wire(hex);
	struct pdu pdu = decoded(bytes);
	struct cursor c = cursor_get(pdu.bind.elements.data,
	    pdu.bind.elements.size, pdu.big_endian);
	struct pdu_element element;
	struct syntax_id syntax;

	assert_int_equal(pdu.header.type, PDU_BIND);
	assert_int_equal(pdu.header.flags, PDU_FIRST | PDU_LAST);
	assert_int_equal(pdu.header.call, 7);
	assert_int_equal(pdu.big_endian, big_endian);
	assert_int_equal(pdu.bind.max_xmit, 5840);
	assert_int_equal(pdu.bind.max_recv, 5840);
	assert_int_equal(pdu.bind.association, 0);
	assert_int_equal(pdu.bind.count, 1);
	pdu_next_element(&c, &element);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(element.context, 0);
	assert_int_equal(element.count, 1);
	assert_int_equal(element.interface.uuid.time_low, 0xafa8bd80);
	assert_int_equal(element.interface.uuid.clock_node[7], 0x89);
	assert_int_equal(element.interface.major, 1);
	assert_int_equal(element.interface.minor, 0);
	c = cursor_get(element.syntaxes.data, element.syntaxes.size,
	    pdu.big_endian);
	pdu_next_syntax(&c, &syntax);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_true(syntax_equal(&syntax, &transfer_syntaxes[SYNTAX_NDR]));
	release(bytes);
}

static void
bind_decodes_in_both_byte_orders(void **state)
{
	(void)state;
	check_bind(bind_little, false);
	check_bind(bind_big, true);
}

static void
bind_encodes_to_the_worked_bytes(void **state)
{
	uint8_t list[PDU_MAX], syntax_list[PDU_MAX];
	struct syntax_id ndr = transfer_syntaxes[SYNTAX_NDR];
	struct pdu_element element = {
		.count = 1,
		.interface = { { 0xafa8bd80, 0x7d8a, 0x11c9,
		                   { 0xbe, 0xf4, 8, 0, 0x2b, 0x10, 0x29,
		                       0x89 } },
		    1, 0 },
		.syntaxes = { syntax_list, PDU_SYNTAX_SIZE },
	};
	struct cursor c = cursor_put(syntax_list, sizeof syntax_list);
	struct pdu pdu = {
		.header = { .type = PDU_BIND, .flags = 3, .call = 7 },
		.bind = { .max_xmit = 5840, .max_recv = 5840, .count = 1 },
	};

	(void)state;
	pdu_next_syntax(&c, &ndr);
	c = cursor_put(list, sizeof list);
	pdu_next_element(&c, &element);
	assert_int_equal(c.status, BECKET_S_OK);
	pdu.bind.elements = (struct becket_bytes){ list, c.at };
	assert_encodes_to(&pdu, bind_little);
}

static void
version_halves_are_major_and_minor(void **state)
{
	struct syntax_id id = { .major = 1, .minor = 2 };
	uint8_t bytes[PDU_SYNTAX_SIZE];
	struct cursor c = cursor_put(bytes, sizeof bytes);
	static const uint8_t little[] = { 1, 0, 2, 0 };
	static const uint8_t big[] = { 0, 2, 0, 1 };

	(void)state;
	pdu_next_syntax(&c, &id);
	assert_memory_equal(bytes + 16, little, 4);
	memcpy(bytes + 16, big, 4);
	c = cursor_get(bytes, sizeof bytes, true);
	pdu_next_syntax(&c, &id);
	assert_int_equal(id.major, 1);
	assert_int_equal(id.minor, 2);
}

static void
check_bind_ack(const char *hex)
{
	struct becket_bytes bytes = wire(hex);
	struct pdu pdu = decoded(bytes);
	struct cursor c = cursor_get(pdu.bind_ack.results.data,
	    pdu.bind_ack.results.size, pdu.big_endian);
	struct pdu_result result;

	assert_int_equal(pdu.bind_ack.association, 0x44332211);
	assert_bytes(pdu.bind_ack.address, "4747", 5);
	assert_int_equal(pdu.bind_ack.count, 1);
	pdu_next_result(&c, &result);
	assert_int_equal(cursor_end(&c), BECKET_S_OK);
	assert_int_equal(result.result, PDU_ACCEPTANCE);
	assert_int_equal(result.reason, 0);
	assert_true(
	    syntax_equal(&result.syntax, &transfer_syntaxes[SYNTAX_NDR]));
	release(bytes);
}

static void
bind_ack_decodes_in_both_byte_orders(void **state)
{
	(void)state;
	check_bind_ack(bind_ack_little);
	check_bind_ack(bind_ack_big);
}

static void
acks_encode_as_they_decoded(void **state)
{
	static const char *const acks[] = { bind_ack_little,
		alter_resp_little };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct becket_bytes bytes = wire(acks[i]);
		struct pdu pdu = decoded(bytes);

		assert_encodes_to(&pdu, acks[i]);
		release(bytes);
	}
}

static void
alter_context_resp_without_address_has_aligned_results(void **state)
{
	struct becket_bytes bytes = wire(alter_resp_little);
	struct pdu pdu = decoded(bytes);

	(void)state;
	assert_int_equal(pdu.header.type, PDU_ALTER_CONTEXT_RESP);
	assert_int_equal(pdu.bind_ack.address.size, 0);
	assert_int_equal(pdu.bind_ack.count, 1);
	assert_int_equal(pdu.bind_ack.results.data[0], PDU_PROVIDER_REJECTION);
	release(bytes);
}

static void
bind_nak_names_our_version_and_takes_any_tail(void **state)
{
	struct becket_bytes bytes = wire(bind_nak_windows);
	struct pdu pdu = decoded(bytes);

	(void)state;
	assert_int_equal(pdu.bind_nak.reason, PDU_NAK_PROTOCOL_VERSION);
	assert_encodes_to(&pdu, bind_nak_little);
	release(bytes);
}

static void
requests_decode_in_both_byte_orders(void **state)
{
	static const char *const requests[] = { request_little, request_big };
	static const char *const with_object[] = { request_object_little,
		request_object_big };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct becket_bytes bytes = wire(requests[i]);
		struct pdu pdu = decoded(bytes);

		assert_int_equal(pdu.header.call, 9);
		assert_int_equal(pdu.request.alloc_hint, 5);
		assert_int_equal(pdu.request.context, 1);
		assert_int_equal(pdu.request.opnum, 2);
		assert_true(becket_uuid_is_nil(&pdu.request.object));
		assert_bytes(pdu.request.stub, "\1\2\3\4\5", 5);
		assert_int_equal(pdu_body_offset(&pdu.header), 24);
		assert_encodes_to(&pdu, request_little);
		release(bytes);

		bytes = wire(with_object[i]);
		pdu = decoded(bytes);
		assert_int_equal(pdu.request.object.time_low, 0x906b0ce0);
		assert_int_equal(pdu.request.object.clock_node[7], 0xda);
		assert_bytes(pdu.request.stub, "\xaa\xbb", 2);
		assert_int_equal(pdu_body_offset(&pdu.header), 40);
		assert_encodes_to(&pdu, request_object_little);
		release(bytes);
	}
}

static void
responses_and_faults_decode_in_both_byte_orders(void **state)
{
	static const char *const responses[] = { response_little,
		response_big };
	static const char *const faults[] = { fault_little, fault_big };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct becket_bytes bytes = wire(responses[i]);
		struct pdu pdu = decoded(bytes);

		assert_int_equal(pdu.response.alloc_hint, 3);
		assert_int_equal(pdu.response.context, 1);
		assert_int_equal(pdu.response.cancel_count, 2);
		assert_bytes(pdu.response.stub, "\x0a\x0b\x0c", 3);
		assert_int_equal(pdu_body_offset(&pdu.header), 24);
		assert_encodes_to(&pdu, response_little);
		release(bytes);

		bytes = wire(faults[i]);
		pdu = decoded(bytes);
		assert_int_equal(pdu.fault.status, 0x1c010002);
		assert_int_equal(pdu.fault.fault_flags, 0);
		assert_true(pdu.header.flags & PDU_DID_NOT_EXECUTE);
		assert_bytes(pdu.fault.stub, "\1\2", 2);
		assert_int_equal(pdu_body_offset(&pdu.header), 32);
		assert_encodes_to(&pdu, fault_little);
		release(bytes);
	}
}

static void
pdus_that_are_a_header_decode(void **state)
{
	static const struct {
		const char *hex;
		uint8_t type;
		uint32_t call;
	} pdus[] = {
		{ shutdown_little, PDU_SHUTDOWN, 0 },
		{ co_cancel_big, PDU_CO_CANCEL, 9 },
		{ orphaned_little, PDU_ORPHANED, 9 },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct becket_bytes bytes = wire(pdus[i].hex);
		struct pdu pdu = decoded(bytes);

		assert_int_equal(pdu.header.type, pdus[i].type);
		assert_int_equal(pdu.header.call, pdus[i].call);
		assert_int_equal(pdu_body_offset(&pdu.header), 16);
		release(bytes);
	}
}

static void
a_verifier_is_no_part_of_the_stub(void **state)
{
	struct becket_bytes bytes = wire(request_verified_little);
	struct pdu pdu = decoded(bytes);

	(void)state;
	assert_int_equal(pdu.request.stub.size, 8);
	assert_int_equal(pdu.verifier.size, PDU_VERIFIER_SIZE + 4);
	assert_int_equal(pdu.verifier.data[0], 0x0a);
	assert_int_equal(pdu.verifier.data[2], 4);
	assert_bytes(pdu.verifier, bytes.data + bytes.size - 12, 12);
	release(bytes);

	bytes = wire(auth3_little);
	pdu = decoded(bytes);
	assert_int_equal(pdu.header.type, PDU_AUTH3);
	assert_int_equal(pdu.verifier.size, 12);
	release(bytes);
}

static void
an_encoded_pdu_has_no_verifier(void **state)
{
	struct becket_bytes bytes = wire(request_verified_little);
	struct pdu pdu = decoded(bytes);
	uint8_t again[PDU_MAX];
	size_t size;

	(void)state;
	assert_int_equal(pdu_encode(&pdu, again, sizeof again, &size),
	    BECKET_S_OK);
	release(bytes);
	bytes = (struct becket_bytes){ again, size };
	pdu = decoded(bytes);
	assert_int_equal(pdu.verifier.size, 0);
	assert_int_equal(pdu.header.auth_size, 0);
	assert_int_equal(pdu.request.stub.size, 8);
}

/* Cut where a body must be: never a PDU. Cut in stub data: a shorter stub. */
static void
every_type_cut_anywhere_is_truncated(void **state)
{
	static const char *const all[] = { bind_little, bind_big,
		bind_ack_little, bind_ack_big, alter_resp_little,
		bind_nak_little, request_little, request_big,
		request_object_little, request_object_big, response_little,
		response_big, fault_little, fault_big, shutdown_little,
		co_cancel_big, orphaned_little };

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct becket_bytes bytes = wire(all[i]);
		struct pdu whole = decoded(bytes);
		size_t needed = pdu_body_offset(&whole.header);

		if (needed == PDU_HEADER_SIZE)
			needed = bytes.size;
		if (whole.header.type == PDU_BIND_NAK)
			needed = PDU_HEADER_SIZE + 2;
		for (size_t cut = 0; cut < bytes.size; cut++) {
			uint8_t *copy = exact_copy(bytes.data, cut);
			struct pdu pdu;

			assert_int_equal(pdu_decode(copy, cut, &pdu),
			    cut < needed ? BECKET_S_TRUNCATED : BECKET_S_OK);
			free(copy);
		}
		release(bytes);
	}
}

static void
counts_beyond_the_bytes_are_truncated(void **state)
{
	struct becket_bytes bytes = wire(bind_little);
	uint8_t *writable = (uint8_t *)(uintptr_t)bytes.data;
	struct pdu pdu;

	(void)state;
	writable[24] = 2; /* elements */
	assert_int_equal(pdu_decode(bytes.data, bytes.size, &pdu),
	    BECKET_S_TRUNCATED);
	writable[24] = 1;
	writable[30] = 255; /* transfer syntaxes of the first */
	assert_int_equal(pdu_decode(bytes.data, bytes.size, &pdu),
	    BECKET_S_TRUNCATED);
	writable[24] = 0; /* none is for the session to judge */
	assert_int_equal(pdu_decode(bytes.data, bytes.size, &pdu), BECKET_S_OK);
	assert_int_equal(pdu.bind.elements.size, 0);
	release(bytes);
}

static void
types_that_co_knows_not_are_refused(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		uint8_t bytes[64] = { 5, 0, (uint8_t)type, 3, 0x10, 0, 0, 0,
			64 };
		bool known = type == 0 || type == 2 || type == 3 ||
		             (type >= 11 && type <= 19);
		becket_status status;
		struct pdu pdu;

		status = pdu_decode(bytes, sizeof bytes, &pdu);
		assert_int_equal(status,
		    known ? BECKET_S_OK : BECKET_S_PROTOCOL_ERROR);
		assert_int_equal(strcmp(pdu_name((uint8_t)type), "unknown") !=
		                     0,
		    known);
	}
}

static void
headers_that_nobody_can_read_are_not_sane(void **state)
{
	static const struct pdu_header good = {
		.version = 5,
		.drep = { 0x10 },
		.size = 16,
	};
	struct pdu_header h = good;

	(void)state;
	assert_true(pdu_header_is_sane(&h));
	assert_false(pdu_header_is_big_endian(&h));
	h.drep[0] = 0;
	assert_true(pdu_header_is_sane(&h));
	assert_true(pdu_header_is_big_endian(&h));
	h.drep[0] = 0x11; /* EBCDIC */
	assert_false(pdu_header_is_sane(&h));
	h.drep[0] = 0x20;
	assert_false(pdu_header_is_sane(&h));
	for (int i = 1; i < 4; i++) {
		h = good;
		h.drep[i] = 1;
		assert_false(pdu_header_is_sane(&h));
	}
	h = good;
	h.version = 4;
	assert_false(pdu_header_is_sane(&h));
	h = good;
	h.version_minor = 1;
	assert_false(pdu_header_is_sane(&h));
	h = good;
	h.size = 15;
	assert_false(pdu_header_is_sane(&h));
	h = good;
	h.auth_size = 1;
	assert_false(pdu_header_is_sane(&h));
	h.size = 16 + 8;
	assert_false(pdu_header_is_sane(&h));
	h.size = 16 + 8 + 1;
	assert_true(pdu_header_is_sane(&h));
	h.auth_size = UINT16_MAX;
	h.size = UINT16_MAX;
	assert_false(pdu_header_is_sane(&h));
}

static void
a_head_counts_the_stub_and_leaves_it_out(void **state)
{
	struct pdu pdu = {
		.header = { .type = PDU_RESPONSE, .flags = 3, .call = 9 },
		.response = { 3, 1, 2, { (const uint8_t *)"\x0a\x0b\x0c", 3 } },
	};
	uint8_t bytes[PDU_RESPONSE_SIZE];
	struct becket_bytes expected = wire(response_little);
	size_t size;

	(void)state;
	assert_int_equal(pdu_encode_head(&pdu, bytes, sizeof bytes, &size),
	    BECKET_S_OK);
	assert_int_equal(size, PDU_RESPONSE_SIZE);
	assert_int_equal(pdu.header.size, PDU_RESPONSE_SIZE + 3);
	assert_memory_equal(bytes, expected.data, sizeof bytes);
	release(expected);
}

static void
a_pdu_beyond_sixteen_bits_is_refused(void **state)
{
	static uint8_t stub[UINT16_MAX];
	static uint8_t out[2 * UINT16_MAX];
	struct pdu pdu = {
		.header = { .type = PDU_REQUEST },
		.request = { .stub = { stub, UINT16_MAX - PDU_REQUEST_SIZE } },
	};
	size_t size;

	(void)state;
	assert_int_equal(pdu_encode(&pdu, out, sizeof out, &size), BECKET_S_OK);
	assert_int_equal(size, UINT16_MAX);
	pdu.request.stub.size++;
	assert_int_equal(pdu_encode(&pdu, out, sizeof out, &size),
	    BECKET_S_NO_SPACE);
}

static void
interfaces_serve_older_minor_versions_alone(void **state)
{
	struct syntax_id server = { { 1, 2, 3, { 4 } }, 1, 2 };
	struct syntax_id client = server;

	(void)state;
	assert_true(syntax_serves(&server, &client));
	client.minor = 1;
	assert_true(syntax_serves(&server, &client));
	assert_false(syntax_equal(&server, &client));
	client.minor = 3;
	assert_false(syntax_serves(&server, &client));
	client.minor = 2;
	client.major = 2;
	assert_false(syntax_serves(&server, &client));
	client = server;
	client.uuid.time_low++;
	assert_false(syntax_serves(&server, &client));
}

static void
bind_time_features_are_bits_in_a_uuid(void **state)
{
	struct syntax_id syntax = syntax_from_features(3);
	char text[BECKET_UUID_TEXT_SIZE];
	uint8_t bits = 0;

	(void)state;
	becket_uuid_to_string(&syntax.uuid, text);
	assert_string_equal(text, "6cb71c2c-9812-4540-0300-000000000000");
	assert_int_equal(syntax.major, 1);
	assert_true(syntax_is_features(&syntax, &bits));
	assert_int_equal(bits, 3);
	syntax.major = 2;
	assert_false(syntax_is_features(&syntax, &bits));
	assert_false(syntax_is_features(&transfer_syntaxes[SYNTAX_NDR], &bits));
}

static void
transfer_syntaxes_have_their_published_names(void **state)
{
	char text[BECKET_UUID_TEXT_SIZE];

	(void)state;
	becket_uuid_to_string(&transfer_syntaxes[SYNTAX_BECKET].uuid, text);
	assert_string_equal(text, "857a7d2a-712b-415f-8668-f858323b0a44");
	assert_int_equal(transfer_syntaxes[SYNTAX_BECKET].major, 1);
	becket_uuid_to_string(&transfer_syntaxes[SYNTAX_NDR].uuid, text);
	assert_string_equal(text, "8a885d04-1ceb-11c9-9fe8-08002b104860");
	assert_int_equal(transfer_syntaxes[SYNTAX_NDR].major, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_decodes_in_both_byte_orders),
		cmocka_unit_test(bind_encodes_to_the_worked_bytes),
		cmocka_unit_test(version_halves_are_major_and_minor),
		cmocka_unit_test(bind_ack_decodes_in_both_byte_orders),
		cmocka_unit_test(acks_encode_as_they_decoded),
		cmocka_unit_test(
		    alter_context_resp_without_address_has_aligned_results),
		cmocka_unit_test(bind_nak_names_our_version_and_takes_any_tail),
		cmocka_unit_test(requests_decode_in_both_byte_orders),
		cmocka_unit_test(
		    responses_and_faults_decode_in_both_byte_orders),
		cmocka_unit_test(pdus_that_are_a_header_decode),
		cmocka_unit_test(a_verifier_is_no_part_of_the_stub),
		cmocka_unit_test(an_encoded_pdu_has_no_verifier),
		cmocka_unit_test(every_type_cut_anywhere_is_truncated),
		cmocka_unit_test(counts_beyond_the_bytes_are_truncated),
		cmocka_unit_test(types_that_co_knows_not_are_refused),
		cmocka_unit_test(headers_that_nobody_can_read_are_not_sane),
		cmocka_unit_test(a_head_counts_the_stub_and_leaves_it_out),
		cmocka_unit_test(a_pdu_beyond_sixteen_bits_is_refused),
		cmocka_unit_test(interfaces_serve_older_minor_versions_alone),
		cmocka_unit_test(bind_time_features_are_bits_in_a_uuid),
		cmocka_unit_test(transfer_syntaxes_have_their_published_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
