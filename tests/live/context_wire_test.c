/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/context/store.h"
#include "wire/context_handle.h"

/*
 * Context handles as bytes: what a client can send that ours would not, and
 * what becomes of them when connections end. Peers are sockets here, so that a
 * test decides which connection is in which association.
 */
enum {
	STORE_OPEN,
	STORE_LOOK,
	STORE_CHANGE,
	STORE_ALTER,
	STORE_SEIZE,
	STORE_BOTH
};
enum { MISMATCH = 0x1c00001a, DNE = PDU_DID_NOT_EXECUTE };

static size_t
which(void **state)
{
	return *(size_t *)*state;
}

struct token {
	uint8_t bytes[64];
	size_t size;
};

static struct raw_reply reply;

static void
bind_to(int fd, uint32_t association, const struct becket_interface *interface)
{
	raw_ask_bind_in(fd, association, &interface->uuid, interface->major,
	    SYNTAX_BECKET);
	assert_true(raw_read(fd, &reply));
}

/* A connection in a group of its own, or in this one. */
static int
join(size_t which, uint32_t *association)
{
	int fd = raw_connect(&store.echo, which);

	bind_to(fd, *association, &store_v1_interface);
	assert_int_equal(reply.pdu.header.type, PDU_BIND_ACK);
	*association = reply.pdu.bind_ack.association;
	return fd;
}

static void
ask(int fd, uint32_t call, uint16_t opnum, const ProtobufCMessage *message)
{
	uint8_t data[RAW_FRAGMENT], stub[1024] = { 0 };
	size_t size = protobuf_c_message_pack(message, stub + 1);

	raw_send(fd, data, raw_request(call, opnum, stub, 1 + size, data));
}

static void
ask_open(int fd, uint32_t call, const char *how)
{
	Live__OpenRequest request = LIVE__OPEN_REQUEST__INIT;

	request.how = (char *)(uintptr_t)how;
	ask(fd, call, STORE_OPEN, &request.base);
}

static void
ask_use(int fd, uint32_t call, uint16_t opnum, const struct token *token,
    const char *how)
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;

	request.how = (char *)(uintptr_t)how;
	request.handle.data = (uint8_t *)(uintptr_t)token->bytes;
	request.handle.len = token->size;
	ask(fd, call, opnum, &request.base);
}

static void
ask_alter(int fd, uint32_t call, const struct token *token, const char *how)
{
	Live__AlterMessage request = LIVE__ALTER_MESSAGE__INIT;

	request.how = (char *)(uintptr_t)how;
	request.handle.data = (uint8_t *)(uintptr_t)token->bytes;
	request.handle.len = token->size;
	ask(fd, call, STORE_ALTER, &request.base);
}

/* The response to that call; the first field is what matters. */
static struct token
expect_token(int fd, uint32_t call)
{
	struct token token = { .size = 0 };
	struct becket_bytes stub;

	assert_true(raw_read(fd, &reply));
	assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
	assert_int_equal(reply.pdu.header.call, call);
	stub = reply.pdu.response.stub;
	if (stub.size >= 3 + CONTEXT_HANDLE_SIZE && stub.data[1] == 0x0a) {
		token.size = stub.data[2];
		assert_int_equal(token.size, CONTEXT_HANDLE_SIZE);
		memcpy(token.bytes, stub.data + 3, token.size);
	}
	return token;
}

static struct token
open_one(int fd, const char *how)
{
	struct token token;

	ask_open(fd, 100, how);
	token = expect_token(fd, 100);
	assert_int_equal(token.size, CONTEXT_HANDLE_SIZE);
	return token;
}

static void
expect_use(int fd, const struct token *token)
{
	ask_use(fd, 101, STORE_LOOK, token, "");
	expect_token(fd, 101);
}

static void
expect_mismatch(int fd, uint16_t opnum, const struct token *token)
{
	ask_use(fd, 102, opnum, token, "");
	raw_expect_fault(fd, 102, MISMATCH, DNE);
}

/* ------------------------------------------------------------- the bytes -- */

static void
a_handle_has_20_bytes_that_cannot_be_guessed(void **state)
{
	struct token token, other, guess;
	uint32_t association = 0;
	int fd;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	other = open_one(fd, "");
	assert_memory_equal(token.bytes, "\0\0\0\0", 4);
	assert_memory_not_equal(token.bytes + 8, other.bytes + 8, 12);
	for (size_t bit = 0; bit < 8 * CONTEXT_HANDLE_SIZE; bit++) {
		guess = token;
		guess.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect_mismatch(fd, STORE_LOOK, &guess);
	}
	for (size_t i = 4; i < CONTEXT_HANDLE_SIZE; i++) {
		guess = token;
		guess.bytes[i] = other.bytes[i];
		if (guess.bytes[i] != token.bytes[i])
			expect_mismatch(fd, STORE_LOOK, &guess);
	}
	expect_use(fd, &token);
	expect_use(fd, &other);
	close(fd);
	store_stop();
}

static void
handles_of_other_sizes_are_refused(void **state)
{
	struct token token, odd;
	uint32_t association = 0;
	int fd;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	for (odd.size = 1; odd.size <= 40; odd.size++) {
		memcpy(odd.bytes, token.bytes, sizeof odd.bytes);
		if (odd.size == CONTEXT_HANDLE_SIZE)
			continue;
		ask_use(fd, 1, STORE_LOOK, &odd, "");
		raw_expect_fault(fd, 1, BECKET_X_BAD_STUB_DATA, DNE);
	}
	/* Nothing, and all zeros, are NULL. */
	odd = (struct token){ .size = 0 };
	ask_use(fd, 2, STORE_LOOK, &odd, "");
	raw_expect_fault(fd, 2, BECKET_X_SS_IN_NULL_CONTEXT, DNE);
	odd.size = CONTEXT_HANDLE_SIZE;
	ask_use(fd, 3, STORE_LOOK, &odd, "");
	raw_expect_fault(fd, 3, BECKET_X_SS_IN_NULL_CONTEXT, DNE);
	ask_alter(fd, 4, &odd, "open");
	assert_int_equal(expect_token(fd, 4).size, CONTEXT_HANDLE_SIZE);
	close(fd);
	store_stop();
}

static void
a_closed_handle_is_no_handle(void **state)
{
	struct token token, again;
	uint32_t association = 0;
	int fd;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	ask_alter(fd, 1, &token, "close");
	assert_int_equal(expect_token(fd, 1).size, 0);
	expect_mismatch(fd, STORE_LOOK, &token);
	/* In the same place of the server's table. */
	again = open_one(fd, "");
	expect_mismatch(fd, STORE_LOOK, &token);
	ask_alter(fd, 2, &token, "close");
	raw_expect_fault(fd, 2, MISMATCH, DNE);
	expect_use(fd, &again);
	close(fd);
	store_stop();
}

/* ------------------------------------------------------- whose handle it is --
 */

static void
another_association_cannot_use_it(void **state)
{
	uint32_t mine = 0, theirs = 0;
	struct token token;
	int fd, thief;

	store_start(NULL);
	fd = join(which(state), &mine);
	thief = join(which(state), &theirs);
	assert_int_not_equal(mine, theirs);
	token = open_one(fd, "");
	expect_mismatch(thief, STORE_LOOK, &token);
	ask_alter(thief, 1, &token, "close");
	raw_expect_fault(thief, 1, MISMATCH, DNE);
	expect_use(fd, &token);
	close(thief);
	close(fd);
	store_stop();
}

static void
another_interface_or_type_cannot_use_it(void **state)
{
	struct token token, lock;
	uint32_t association = 0;
	int fd, other;

	store_start(NULL);
	fd = join(which(state), &association);
	other = raw_connect(&store.echo, which(state));
	bind_to(other, association, &other_v1_interface);
	assert_int_equal(reply.pdu.bind_ack.association, association);
	token = open_one(fd, "");
	/* The other's Look is 1, too. */
	expect_mismatch(other, STORE_LOOK, &token);
	ask_use(fd, 1, STORE_SEIZE, &token, "");
	lock = expect_token(fd, 1);
	expect_mismatch(fd, STORE_LOOK, &lock);
	ask_alter(fd, 2, &lock, "close");
	raw_expect_fault(fd, 2, MISMATCH, DNE);
	expect_use(fd, &token);
	close(other);
	close(fd);
	store_stop();
}

static void
a_second_connection_keeps_handles_alive(void **state)
{
	uint32_t association = 0, same;
	struct token token;
	int fd, second;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	same = association;
	second = join(which(state), &same);
	assert_int_equal(same, association);
	raw_reset(fd);
	/* The server has seen that end when it serves who came after. */
	same = 0;
	fd = join(which(state), &same);
	expect_use(second, &token);
	assert_int_equal(store_left(), 1);
	close(second);
	WAIT_UNTIL(store_left() == 0);
	close(fd);
	store_stop();
}

/* ------------------------------------------------------- how it all ends -- */

static void
rundown_waits_for_the_running_call(void **state)
{
	uint32_t association = 0;
	struct token token;
	int fd;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	(void)open_one(fd, "");
	ask_use(fd, 1, STORE_LOOK, &token, "hold");
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	raw_reset(fd);
	WAIT_UNTIL(becket_token_is_cancelled(held[0].token));
	echo_yield();
	assert_int_equal(store_left(), 2);
	store_answer(0);
	WAIT_UNTIL(store_left() == 0);
	assert_int_equal(atomic_load(&store.run_down), 2);
	store_stop();
}

static void
a_half_closed_connection_is_served_first(void **state)
{
	uint32_t association = 0;
	struct token token;
	int fd;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	ask_use(fd, 1, STORE_CHANGE, &token, "1 hold");
	ask_use(fd, 2, STORE_CHANGE, &token, "2");
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	store_answer(0);
	/* In any order: the second may come in before the first's answer is
	 * under way.
	 */
	for (uint32_t i = 0, sum = 0; i < 2; i++) {
		assert_true(raw_read(fd, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_RESPONSE);
		sum += reply.pdu.header.call;
		assert_true(i == 0 || sum == 1 + 2);
	}
	assert_int_equal(raw_read_end(fd), RAW_EOF);
	WAIT_UNTIL(store_left() == 0);
	close(fd);
	store_stop();
}

static void
who_waits_on_a_lost_connection_never_comes_in(void **state)
{
	uint32_t association = 0, same;
	unsigned descriptors;
	struct token token;
	int fd, second;

	store_start(NULL);
	fd = join(which(state), &association);
	token = open_one(fd, "");
	same = association;
	second = join(which(state), &same);
	ask_use(fd, 1, STORE_CHANGE, &token, "1 hold");
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	ask_use(second, 2, STORE_CHANGE, &token, "2");
	ask_use(second, 3, STORE_CHANGE, &token, "3");
	raw_say(second, PDU_CO_CANCEL, 3);
	raw_expect_fault(second, 3, 0x1c00000d, DNE);
	descriptors = echo_count_descriptors();
	raw_reset(second);
	/* The server has closed it, and then serves who comes after. */
	WAIT_UNTIL(echo_count_descriptors() + 2 == descriptors);
	same = 0;
	second = join(which(state), &same);
	store_answer(0);
	expect_token(fd, 1);
	ask_use(fd, 4, STORE_CHANGE, &token, "4");
	expect_token(fd, 4);
	assert_int_equal(atomic_load(&store.changes), 2);
	assert_int_equal(atomic_load(&store.order[1]), 4);
	close(second);
	close(fd);
	store_stop();
}

/* The kernel takes no more of it: more than a Unix socket holds has been
 * opened.
 */
static void
what_is_not_sent_is_run_down(void **state)
{
	enum { CALLS = 400, OPENED = 200 };
	uint32_t association = 0, same;
	struct token token;
	int fd, second;

	(void)state;
	store_start(NULL);
	fd = join(1, &association);
	same = association;
	second = join(1, &same);
	token = open_one(second, "");
	for (uint32_t i = 0; i < CALLS; i++)
		ask_open(fd, i, "huge");
	WAIT_UNTIL(atomic_load(&store.opened) > OPENED);
	close(fd);
	WAIT_UNTIL(atomic_load(&store.run_down) > 0);
	expect_use(second, &token);
	assert_true(store_left() > 0);
	close(second);
	store_stop();
}

/* What can go wrong with an operation on a context handle, and what is left of
 * it: the eleven rows of PROTOCOL.md section 3.2.
 */
struct row {
	const char *how;
	bool handle;  /* an open one goes in; else NULL */
	bool is_lost; /* held, and the call abandoned before it is answered */
	/* Afterwards, while the association is alive: */
	unsigned opened, closed, run_down;
	bool is_good; /* the handle that went in */
};

static void
try_row(size_t which, const struct row *row)
{
	struct token token = { .size = 0 };
	uint32_t association = 0;
	int fd;

	fd = join(which, &association);
	if (row->handle)
		token = open_one(fd, "");
	ask_alter(fd, 1, &token, row->how);
	if (row->is_lost) {
		WAIT_UNTIL(atomic_load(&store.held) == 1);
		raw_say(fd, PDU_ORPHANED, 1);
		WAIT_UNTIL(becket_token_is_cancelled(held[0].token));
		store_answer(0);
	} else {
		assert_true(raw_read(fd, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_FAULT);
	}
	WAIT_UNTIL(atomic_load(&store.run_down) == row->run_down);
	assert_int_equal(atomic_load(&store.opened), row->opened);
	assert_int_equal(atomic_load(&store.closed), row->closed);
	if (row->is_good)
		expect_use(fd, &token);
	else if (row->handle)
		expect_mismatch(fd, STORE_LOOK, &token);
	assert_int_equal(store_count(), row->is_good);
	close(fd);
}

static void
what_fails_leaves_what_the_table_says(void **state)
{
	static const struct row rows[] = {
		/* how, handle, lost, opened, closed, run down, good */
		{ "open fail", false, false, 0, 0, 0, false },
		{ "open huge", false, false, 1, 0, 1, false },
		{ "open hold", false, true, 1, 0, 1, false },
		{ "keep fail", true, false, 1, 0, 0, true },
		{ "keep huge", true, false, 1, 0, 0, true },
		{ "keep hold", true, true, 1, 0, 0, true },
		{ "close fail", true, false, 1, 0, 0, true },
		{ "close huge", true, false, 1, 1, 0, false },
		{ "close hold", true, true, 1, 1, 0, false },
		{ "exchange huge", true, false, 2, 1, 0, true },
		{ "exchange hold", true, true, 2, 1, 0, true },
	};
	const struct becket_limits limits = { .response_size = 2048 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		store_start(&limits);
		try_row(which(state), &rows[i]);
		store_stop();
	}
}

#define FOR_EACH(test) \
	{ .name = #test " (TCP)", \
		.test_func = test, \
		.initial_state = &sequences[0] }, \
	{ \
		.name = #test " (local)", .test_func = test, \
		.initial_state = &sequences[1] \
	}

int
main(void)
{
	static size_t sequences[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		FOR_EACH(a_handle_has_20_bytes_that_cannot_be_guessed),
		FOR_EACH(handles_of_other_sizes_are_refused),
		FOR_EACH(a_closed_handle_is_no_handle),
		FOR_EACH(another_association_cannot_use_it),
		FOR_EACH(another_interface_or_type_cannot_use_it),
		FOR_EACH(a_second_connection_keeps_handles_alive),
		FOR_EACH(rundown_waits_for_the_running_call),
		FOR_EACH(a_half_closed_connection_is_served_first),
		FOR_EACH(who_waits_on_a_lost_connection_never_comes_in),
		FOR_EACH(what_fails_leaves_what_the_table_says),
		cmocka_unit_test(what_is_not_sent_is_run_down),
	};

	return cmocka_run_group_tests_name("context on the wire", tests, NULL,
	    NULL);
}
