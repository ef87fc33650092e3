/* SPDX-License-Identifier: MIT */
/* What sessions take of memory, and what they do not copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/dce.h"
#include "test_memory.h"
#include "wire/pdu.h"

struct fixture {
	struct test_memory test;
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registry registry;
	struct registered interface;
	struct associations associations;
	struct session *session;
};

static const struct syntax_id calculator = {
	.uuid = { 0x11223344, 0x5566, 0x7788, { 1, 2, 3, 4, 5, 6, 7, 8 } },
	.major = 1,
};

/* Hand bytes over as a kernel would. Returns what the first vector took. */
static size_t
feed(struct session *session, const uint8_t *bytes, size_t size)
{
	struct session_vec vecs[2] = { 0 };
	size_t count = session->ops->recv_vec(session, vecs, 2);
	size_t first = size < vecs[0].size ? size : vecs[0].size;

	assert_true(count > 0);
	assert_true(size <= vecs[0].size + vecs[1].size);
	memcpy(vecs[0].data, bytes, first);
	if (size > first)
		memcpy(vecs[1].data, bytes + first, size - first);
	session->ops->received(session, size, 1);
	return first;
}

static void
drain(struct session *session)
{
	struct session_vec vec;

	while (session->ops->send_vec(session, &vec, 1) > 0)
		session->ops->sent(session, vec.size);
}

static bool
is_quiet(struct session *session)
{
	struct session_event event;

	return !session->ops->next(session, &event);
}

static void
bind(struct fixture *f)
{
	uint8_t elements[44], bytes[100];
	struct cursor c = cursor_put(elements, sizeof elements);
	struct pdu pdu = { .header = { .type = PDU_BIND, .flags = 3 } };
	struct pdu_element element = { .count = 1, .interface = calculator };
	struct syntax_id syntax = transfer_syntaxes[SYNTAX_BECKET];
	size_t size;

	element.syntaxes = (struct becket_bytes){ elements + 24, 20 };
	c.at = 24;
	pdu_next_syntax(&c, &syntax);
	c.at = 0;
	pdu_next_element(&c, &element);
	pdu.bind = (struct pdu_bind){ 65528, 65528, 0, 1,
		{ elements, sizeof elements } };
	assert_int_equal(pdu_encode(&pdu, bytes, sizeof bytes, &size),
	    BECKET_S_OK);
	feed(f->session, bytes, size);
	assert_true(is_quiet(f->session));
	drain(f->session);
}

static int
set_up(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct dce_server_config config;

	f->test = test_memory(TEST_MEMORY_NEVER);
	f->memory = test_memory_of(&f->test);
	f->limits = (struct becket_limits)BECKET_LIMITS_DEFAULT;
	f->registry = registry_empty(f->memory, 8);
	f->associations = associations_empty(f->memory, 8);
	f->interface = (struct registered){ .interface = calculator,
		.syntaxes = 1u << SYNTAX_BECKET };
	assert_int_equal(registry_add(&f->registry, &f->interface),
	    BECKET_S_OK);
	config = (struct dce_server_config){ f->memory, &f->limits,
		&f->registry, &f->associations, "4747", 1, 1 };
	assert_int_equal(dce_server_session_new(&config, &f->session),
	    BECKET_S_OK);
	bind(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	f->session->ops->free(f->session);
	associations_fini(&f->associations);
	registry_fini(&f->registry);
	test_memory_end(&f->test);
	return 0;
}

static void
an_idle_session_costs_little(void **state)
{
	struct fixture *f = *state;

	assert_true(f->test.bytes < 3072);
}

static size_t
head(uint8_t bytes[PDU_REQUEST_SIZE], uint8_t flags, uint32_t hint, size_t size)
{
	struct pdu pdu = {
		.header = { .type = PDU_REQUEST, .flags = flags, .call = 1 }
	};
	size_t head_size;

	pdu.request.alloc_hint = hint;
	pdu.request.stub.size = size;
	assert_int_equal(pdu_encode_head(&pdu, bytes, PDU_REQUEST_SIZE,
	                     &head_size),
	    BECKET_S_OK);
	return head_size;
}

static void
what_a_header_promises_is_not_allocated(void **state)
{
	struct fixture *f = *state;
	struct session_event event;
	struct session_vec vecs[2];
	uint8_t bytes[PDU_REQUEST_SIZE];
	size_t before = f->test.bytes;

	feed(f->session, bytes, head(bytes, PDU_FIRST, 4 << 20, 65000));
	assert_true(f->session->ops->next(f->session, &event));
	assert_int_equal(event.kind, SESSION_CALL);
	assert_true(is_quiet(f->session));
	assert_true(f->session->ops->recv_vec(f->session, vecs, 2) > 0);
	assert_true(f->test.bytes - before < 24000);
}

/* A fragment of zeros, and what the session makes of it; the last event. */
static struct session_event
feed_fragment(struct fixture *f, uint8_t flags, uint32_t hint, size_t size)
{
	static uint8_t body[65000];
	struct session_event event = { 0 };
	struct session_vec vec;
	uint8_t bytes[PDU_REQUEST_SIZE];

	feed(f->session, bytes, head(bytes, flags, hint, size));
	while (f->session->ops->next(f->session, &event))
		;
	while (size > 0) {
		assert_true(f->session->ops->recv_vec(f->session, &vec, 1));
		size -=
		    feed(f->session, body, vec.size < size ? vec.size : size);
		while (f->session->ops->next(f->session, &event) &&
		       event.kind != SESSION_MESSAGE)
			;
	}
	return event;
}

static void
what_has_come_bounds_what_a_header_promises(void **state)
{
	struct fixture *f = *state;

	feed_fragment(f, PDU_FIRST, 4 << 20, 1000);
	feed_fragment(f, 0, 4 << 20, 65000);
	assert_true(f->test.bytes < 110000);
	feed_fragment(f, 0, 4 << 20, 65000);
	assert_in_range(f->test.bytes, 8 * 66000, 8 * 66000 + 6000);
	for (int i = 0; i < 20; i++)
		feed_fragment(f, 0, 2 << 20, 65000);
	assert_true(f->test.bytes < 131000 + 20 * 65000 + (1 << 20) + 6000);
}

static void
a_message_of_promised_size_has_room_before_it_comes(void **state)
{
	enum { TIMES = 6, PIECE = 65000 };
	struct fixture *f = *state;
	struct session_event event;
	size_t with_room;

	feed_fragment(f, PDU_FIRST, TIMES * PIECE, PIECE);
	feed_fragment(f, 0, (TIMES - 1) * PIECE, PIECE);
	with_room = f->test.bytes;
	for (uint32_t i = 2; i < TIMES - 1; i++)
		feed_fragment(f, 0, (TIMES - i) * PIECE, PIECE);
	assert_int_equal(f->test.bytes, with_room);
	event = feed_fragment(f, PDU_LAST, PIECE, PIECE);
	assert_int_equal(event.kind, SESSION_MESSAGE);
	assert_int_equal(event.message.size, TIMES * PIECE);
	assert_int_equal(event.message.capacity, TIMES * PIECE);
	buffer_fini(&event.message);
}

static void
a_body_goes_right_to_its_message(void **state)
{
	static uint8_t body[30000];
	struct fixture *f = *state;
	struct session_event event;
	struct session_vec vec;
	uint8_t bytes[PDU_REQUEST_SIZE];
	size_t at = 0;
	void *last = NULL;

	memset(body, 'b', sizeof body);
	feed(f->session, bytes,
	    head(bytes, PDU_FIRST | PDU_LAST, 0, sizeof body));
	assert_true(f->session->ops->next(f->session, &event));
	assert_true(is_quiet(f->session));
	while (at < sizeof body) {
		f->session->ops->recv_vec(f->session, &vec, 1);
		last = vec.data;
		at += feed(f->session, body + at,
		    vec.size < sizeof body - at ? vec.size : sizeof body - at);
		if (at < sizeof body)
			assert_true(is_quiet(f->session));
	}
	assert_true(f->session->ops->next(f->session, &event));
	assert_int_equal(event.kind, SESSION_MESSAGE);
	assert_int_equal(event.message.size, sizeof body);
	assert_memory_equal(event.message.data, body, sizeof body);
	assert_true((uint8_t *)last > event.message.data &&
	            (uint8_t *)last < event.message.data + sizeof body);
	buffer_fini(&event.message);
}

static struct idmap_id
take_call(struct fixture *f)
{
	uint8_t bytes[PDU_REQUEST_SIZE];
	struct session_event event;

	feed(f->session, bytes, head(bytes, PDU_FIRST | PDU_LAST, 0, 0));
	do {
		assert_true(f->session->ops->next(f->session, &event));
	} while (event.kind != SESSION_END);
	return event.call;
}

static void
an_answer_is_sent_from_where_it_is(void **state)
{
	struct fixture *f = *state;
	struct idmap_id id = take_call(f);
	struct buffer message = buffer_empty(f->memory);
	struct call_end end = { .status = BECKET_S_OK };
	struct session_vec vecs[4];
	const uint8_t *data;

	assert_true(buffer_reserve(&message, 100000));
	memset(message.data, 'a', message.size = 100000);
	data = message.data;
	assert_int_equal(f->session->ops->put(f->session, id, &message),
	    BECKET_S_OK);
	assert_int_equal(f->session->ops->end(f->session, id, &end),
	    BECKET_S_OK);
	assert_int_equal(f->session->ops->send_vec(f->session, vecs, 4), 4);
	assert_ptr_equal(vecs[1].data, data);
	assert_int_equal(vecs[1].size, 65504);
	assert_ptr_equal(vecs[3].data, data + 65504);
	assert_int_equal(vecs[3].size, 100000 - 65504);
	drain(f->session);
	assert_true(is_quiet(f->session));
	assert_true(f->test.bytes < 3072);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_idle_session_costs_little,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_a_header_promises_is_not_allocated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_has_come_bounds_what_a_header_promises, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    a_message_of_promised_size_has_room_before_it_comes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    a_body_goes_right_to_its_message, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    an_answer_is_sent_from_where_it_is, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
