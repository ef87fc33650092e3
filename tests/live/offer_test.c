/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"

/*
 * What a server offers, to whom, and how often at once: objects and their
 * types, authorisation, maximum of calls, interfaces that make it listen.
 * Every test is run for each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct becket_binding *
bind_to(struct echo *echo, void **state)
{
	return echo_bind(echo, echo->addresses[which(state)]);
}

/* -------------------------------------------------------------- objects -- */

/* An interface whose routine says which EPV it is called through. */
#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

static const struct becket_operation name_operation = {
	.name = "Name",
	.request = RAW,
	.response = RAW,
};

static const struct becket_interface name_interface = {
	.abi = BECKET_ABI,
	.name = "test.Name",
	.uuid = { 0x3bd43b9b, 0x5a02, 0x4a4e,
	    { 0x8c, 0x0c, 0x8e, 0x2a, 0x8a, 0x4e, 0x2d, 0x11 } },
	.major = 1,
	.operation_count = 1,
	.operations = &name_operation,
};

static becket_status
tell_name(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)call;
	(void)request;
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ epv, strlen(epv) };
	return BECKET_S_OK;
}

static becket_routine *const name_list[] = { tell_name };
static const struct becket_routines name_routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = name_list,
};

static const struct becket_uuid cup = { .time_low = 1 },
                                pan = { .time_low = 2 },
                                lid = { .time_low = 3 },
                                red = { .time_low = 0xed },
                                blue = { .time_low = 0xb1 };

static void
offer(struct echo *echo, const struct becket_uuid *type, const char *epv)
{
	assert_int_equal(becket_server_register_if(echo->server,
	                     &name_interface, &name_routines, type, epv, 0),
	    BECKET_S_OK);
}

/* name NULL: there is no manager for the type. */
static void
expect_name(struct becket_binding *binding, const struct becket_uuid *object,
    const char *name)
{
	const struct becket_bytes nothing = { (const uint8_t *)"", 0 };
	struct becket_bytes *bytes;
	void *response = NULL;
	becket_status status;

	assert_int_equal(becket_binding_set_object(binding, object),
	    BECKET_S_OK);
	status =
	    becket_stub_call(binding, &name_interface, 0, &nothing, &response);
	if (name == NULL) {
		assert_int_equal(status, BECKET_S_UNSUPPORTED_TYPE);
		assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
		return;
	}
	assert_int_equal(status, BECKET_S_OK);
	bytes = response;
	assert_int_equal(bytes->size, strlen(name));
	assert_memory_equal(bytes->data, name, bytes->size);
	becket_stub_free(bytes);
}

/* cup is red, pan is blue, lid has no type; there is no EPV for blue. */
static void
the_type_of_the_object_decides(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_object_set_type(echo.server, &cup, &red),
	    BECKET_S_OK);
	assert_int_equal(becket_object_set_type(echo.server, &pan, &blue),
	    BECKET_S_OK);
	offer(&echo, &red, "red");
	expect_name(binding, NULL, NULL);
	expect_name(binding, &lid, NULL);
	expect_name(binding, &cup, "red");
	expect_name(binding, &pan, NULL);
	offer(&echo, NULL, "nil");
	expect_name(binding, NULL, "nil");
	expect_name(binding, &lid, "nil");
	expect_name(binding, &cup, "red");
	expect_name(binding, &pan, NULL);
	/* Types change while it listens. */
	assert_int_equal(becket_object_set_type(echo.server, &cup, NULL),
	    BECKET_S_OK);
	expect_name(binding, &cup, "nil");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

struct inquiry {
	struct echo *echo;
	atomic_uint asked;
};

/* It may use the server. */
static becket_status
invent_type(void *user, const struct becket_uuid *object,
    struct becket_uuid *ret_type)
{
	struct inquiry *inquiry = user;

	atomic_fetch_add(&inquiry->asked, 1);
	if (becket_object_set_type(inquiry->echo->server, object, NULL) !=
	    BECKET_S_OK)
		return BECKET_S_CALL_FAILED;
	if (!becket_uuid_equal(object, &cup))
		return BECKET_S_OBJECT_NOT_FOUND;
	*ret_type = red;
	return BECKET_S_OK;
}

static void
a_function_is_asked_once_for_a_call_with_an_object(void **state)
{
	struct becket_binding *binding;
	struct inquiry inquiry = { 0 };
	struct echo echo;

	echo_start(&echo, NULL);
	inquiry.echo = &echo;
	binding = bind_to(&echo, state);
	offer(&echo, NULL, "nil");
	offer(&echo, &red, "red");
	becket_object_set_inq_fn(echo.server, invent_type, &inquiry);
	expect_name(binding, NULL, "nil");
	assert_int_equal(atomic_load(&inquiry.asked), 0);
	expect_name(binding, &cup, "red");
	assert_int_equal(atomic_load(&inquiry.asked), 1);
	expect_name(binding, &lid, "nil");
	assert_int_equal(atomic_load(&inquiry.asked), 2);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* -------------------------------------------------------- authorisation -- */

/* What it was asked last, and what it says. */
struct guard {
	becket_status says;
	const char *sentence; /* or NULL */
	atomic_uint asked;
	struct becket_uuid object;
	uint16_t opnum;
	char protseq[16], address[64];
	bool has_credentials, is_local;
	uint32_t uid, gid;
	int32_t pid;
	becket_status deferral; /* it tries that, too */
};

static becket_status
ask_guard(void *user, struct becket_call *call)
{
	const struct becket_peer *peer = becket_call_peer(call);
	struct guard *guard = user;
	struct becket_token token;

	assert_ptr_equal(becket_call_interface(call), &echo_interface);
	guard->object = *becket_call_object(call);
	guard->opnum = becket_call_opnum(call);
	snprintf(guard->protseq, sizeof guard->protseq, "%s", peer->protseq);
	snprintf(guard->address, sizeof guard->address, "%s", peer->address);
	guard->has_credentials = peer->has_credentials;
	guard->is_local = peer->is_local;
	guard->uid = peer->uid;
	guard->gid = peer->gid;
	guard->pid = peer->pid;
	guard->deferral = becket_call_defer(call, &token);
	atomic_fetch_add(&guard->asked, 1);
	if (guard->sentence == NULL)
		return guard->says;
	return becket_call_fail(call, guard->says, "%s", guard->sentence);
}

/* A server whose echo interface is registered with options. */
static void
start_with(struct echo *echo, const struct becket_limits *limits,
    const struct becket_register_options *options)
{
	echo_open(echo, limits);
	assert_int_equal(becket_server_unregister_if(echo->server,
	                     &echo_interface, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if_ex(echo->server,
	                     &echo_interface, &echo_routines, NULL, echo,
	                     options),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static void
start_guarded(struct echo *echo, struct guard *guard)
{
	start_with(echo, NULL,
	    &(struct becket_register_options){
	        .size = sizeof(struct becket_register_options),
	        .authorize = ask_guard,
	        .authorize_user = guard,
	    });
}

static void
who_calls_what_on_which_object_is_asked_first(void **state)
{
	struct becket_binding *binding;
	struct guard guard = { 0 };
	struct echo echo;

	start_guarded(&echo, &guard);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_binding_set_object(binding, &cup), BECKET_S_OK);
	echo_expect(binding, DECIDE, "let in", "let in");
	assert_int_equal(atomic_load(&guard.asked), 1);
	assert_int_equal(guard.opnum, DECIDE);
	assert_true(becket_uuid_equal(&guard.object, &cup));
	assert_int_equal(guard.deferral, BECKET_S_INVALID_ASYNC_CALL);
	if (which(state) == 0) {
		assert_string_equal(guard.protseq, "ncacn_ip_tcp");
		assert_string_equal(guard.address, "127.0.0.1");
		assert_false(guard.has_credentials);
		assert_false(guard.is_local);
	} else {
		assert_string_equal(guard.protseq, "ncalrpc");
		assert_string_equal(guard.address, "");
		assert_true(guard.has_credentials);
		assert_true(guard.is_local);
		assert_int_equal(guard.uid, geteuid());
		assert_int_equal(guard.gid, getegid());
		assert_int_equal(guard.pid, getpid());
	}
	becket_binding_free(&binding);
	echo_stop(&echo);
}

static void
who_is_refused_has_executed_nothing(void **state)
{
	struct guard guard = { .says = BECKET_S_ACCESS_DENIED };
	struct becket_binding *binding;
	struct becket_bytes *none;
	struct echo echo;

	start_guarded(&echo, &guard);
	binding = bind_to(&echo, state);
	assert_int_equal(echo_call(binding, BLOCK, "", &none),
	    BECKET_S_ACCESS_DENIED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_string_equal(becket_error_last()->detail,
	    becket_status_text(BECKET_S_ACCESS_DENIED));
	guard.says = 0x20000009;
	guard.sentence = "not on a Sunday";
	assert_int_equal(echo_call(binding, BLOCK, "", &none), 0x20000009);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_string_equal(becket_error_last()->detail, "not on a Sunday");
	assert_int_equal(atomic_load(&echo.running), 0);
	assert_int_equal(atomic_load(&guard.asked), 2);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* A request that nobody could decode. */
static void
nothing_is_decoded_before(void **state)
{
	struct guard guard = { .says = BECKET_S_ACCESS_DENIED };
	const uint8_t stub[] = { 0x80, 0xff };
	uint8_t data[RAW_FRAGMENT];
	struct echo echo;
	int fd;

	start_guarded(&echo, &guard);
	fd = raw_open(&echo, which(state));
	raw_send(fd, data, raw_request(2, ECHO, stub, sizeof stub, data));
	raw_expect_fault(fd, 2, BECKET_S_ACCESS_DENIED, PDU_DID_NOT_EXECUTE);
	assert_int_equal(atomic_load(&guard.asked), 1);
	/* What is not there needs no asking. */
	raw_ask(fd, 3, HOLE, "");
	raw_expect_fault(fd, 3, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	assert_int_equal(atomic_load(&guard.asked), 1);
	close(fd);
	echo_stop(&echo);
}

static void
only_ncalrpc_is_local_and_secure(void **state)
{
	static const unsigned flags[] = {
		BECKET_IF_ALLOW_LOCAL_ONLY,
		BECKET_IF_ALLOW_SECURE_ONLY,
		BECKET_IF_ALLOW_LOCAL_ONLY | BECKET_IF_ALLOW_SECURE_ONLY,
	};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct echo echo;
		int fd;

		start_with(&echo, NULL,
		    &(struct becket_register_options){
		        .size = sizeof(struct becket_register_options),
		        .flags = flags[i],
		    });
		fd = raw_open(&echo, which(state));
		raw_ask(fd, 2, ECHO, "me");
		if (which(state) == 0)
			raw_expect_fault(fd, 2, BECKET_S_ACCESS_DENIED,
			    PDU_DID_NOT_EXECUTE);
		else
			raw_expect(fd, 2, "me");
		raw_ask(fd, 3, HOLE, "");
		raw_expect_fault(fd, 3,
		    which(state) == 0 ? BECKET_S_ACCESS_DENIED
		                      : NCA_S_OP_RNG_ERROR,
		    PDU_DID_NOT_EXECUTE);
		close(fd);
		echo_stop(&echo);
	}
}

static void
flags_that_do_not_exist_are_refused(void **state)
{
	struct echo echo;

	(void)state;
	echo_open(&echo, NULL);
	assert_int_equal(becket_server_register_if(echo.server, &name_interface,
	                     &name_routines, NULL, "x", 0x40),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_server_register_if_ex(echo.server,
	                     &name_interface, &name_routines, NULL, "x",
	                     &(struct becket_register_options){ .size = 1 }),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_server_register_if_ex(echo.server,
	                     &name_interface, &name_routines, NULL, "x", NULL),
	    BECKET_S_OK);
	echo_stop(&echo);
}

/* ------------------------------------------------------ maximum of calls -- */

static void
start_with_places(struct echo *echo, uint32_t places, uint32_t queue)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;

	limits.interface_queue = queue;
	start_with(echo, &limits,
	    &(struct becket_register_options){
	        .size = sizeof(struct becket_register_options),
	        .max_calls = places,
	    });
}

static void
answer(struct echo *echo, const char *text)
{
	const struct becket_bytes bytes = { (const uint8_t *)text,
		strlen(text) };

	assert_int_equal(becket_stub_answer(echo->token, &echo_interface, HOLD,
	                     BECKET_S_OK, &bytes),
	    BECKET_S_OK);
}

static void
too_many_calls_wait_and_more_are_refused(void **state)
{
	struct echo echo;
	int fd, other;

	start_with_places(&echo, 1, 2);
	fd = raw_open(&echo, which(state));
	other = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	raw_ask(fd, 3, HOLD, "");
	raw_ask(fd, 4, ECHO, "patient");
	raw_ask(fd, 5, ECHO, "too many");
	raw_expect_fault(fd, 5, NCA_S_SERVER_TOO_BUSY, PDU_DID_NOT_EXECUTE);
	raw_ask(other, 6, ECHO, "too many here as well");
	raw_expect_fault(other, 6, NCA_S_SERVER_TOO_BUSY, PDU_DID_NOT_EXECUTE);
	assert_int_equal(atomic_load(&echo.held), 1);
	answer(&echo, "first");
	raw_expect(fd, 2, "first");
	WAIT_UNTIL(atomic_load(&echo.held) == 2);
	answer(&echo, "second");
	raw_expect(fd, 3, "second");
	raw_expect(fd, 4, "patient");
	raw_ask(other, 7, ECHO, "room again");
	raw_expect(other, 7, "room again");
	close(fd);
	close(other);
	echo_stop(&echo);
}

/* Ask until there is a place in the queue. That there is none would be told
 * before what is always answered at once.
 */
static void
wait_in_queue(int fd, uint32_t *call)
{
	static struct raw_reply reply;

	for (;;) {
		raw_ask(fd, ++*call, HOLD, "");
		raw_ask(fd, ++*call, HOLE, "");
		assert_true(raw_read(fd, &reply));
		assert_int_equal(reply.pdu.header.type, PDU_FAULT);
		if (reply.pdu.header.call == *call)
			return;
		assert_int_equal(reply.pdu.fault.status, NCA_S_SERVER_TOO_BUSY);
		raw_expect_fault(fd, *call, NCA_S_OP_RNG_ERROR,
		    PDU_DID_NOT_EXECUTE);
	}
}

static void
who_waits_may_cancel_or_go(void **state)
{
	struct echo echo;
	uint32_t call = 3;
	int fd, gone;

	start_with_places(&echo, 1, 2);
	fd = raw_open(&echo, which(state));
	gone = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 1);
	raw_ask(fd, 3, ECHO, "");
	raw_say(fd, PDU_CO_CANCEL, 3);
	raw_expect_fault(fd, 3, fault_from_status(BECKET_S_CALL_CANCELLED),
	    PDU_DID_NOT_EXECUTE);
	/* Both places of the queue are taken by one who goes. */
	raw_ask(gone, 2, ECHO, "");
	raw_ask(gone, 3, ECHO, "");
	raw_ask(gone, 4, ECHO, "");
	raw_expect_fault(gone, 4, NCA_S_SERVER_TOO_BUSY, PDU_DID_NOT_EXECUTE);
	raw_reset(gone);
	wait_in_queue(fd, &call);
	wait_in_queue(fd, &call);
	raw_ask(fd, ++call, ECHO, "");
	raw_expect_fault(fd, call, NCA_S_SERVER_TOO_BUSY, PDU_DID_NOT_EXECUTE);
	assert_int_equal(atomic_load(&echo.held), 1);
	answer(&echo, "");
	WAIT_UNTIL(atomic_load(&echo.held) == 2);
	close(fd);
	echo_stop(&echo);
}

static void
a_stop_lets_those_run_who_wait(void **state)
{
	struct echo echo;
	int fd;

	start_with_places(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	raw_ask(fd, 2, HOLD, "");
	for (uint32_t call = 3; call < 8; call++)
		raw_ask(fd, call, ECHO, "last");
	raw_ask(fd, 8, HOLE, "");
	raw_expect_fault(fd, 8, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	assert_int_equal(becket_server_stop(echo.server), BECKET_S_OK);
	answer(&echo, "first");
	raw_expect(fd, 2, "first");
	for (uint32_t call = 3; call < 8; call++)
		raw_expect(fd, call, "last");
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_inq_cut_calls(echo.server), 0);
	close(fd);
	echo_stop(&echo);
}

/* The one that runs is never answered; the rest goes with the connection. */
static void
a_stop_at_once_drops_those_who_wait(void **state)
{
	struct echo echo;
	int fd;

	start_with_places(&echo, 1, 8);
	fd = raw_open(&echo, which(state));
	for (uint32_t call = 2; call < 8; call++)
		raw_ask(fd, call, HOLD, "");
	raw_ask(fd, 8, HOLE, "");
	raw_expect_fault(fd, 8, NCA_S_OP_RNG_ERROR, PDU_DID_NOT_EXECUTE);
	becket_server_stop_now(echo.server);
	assert_int_equal(becket_server_wait(echo.server), BECKET_S_OK);
	assert_int_equal(atomic_load(&echo.held), 1);
	close(fd);
	echo_stop(&echo);
}

/* -------------------------------------------------------- listen by itself --
 */

static becket_status
offer_auto(struct echo *echo, const struct becket_uuid *type)
{
	return becket_server_register_if(echo->server, &name_interface,
	    &name_routines, type, "auto", BECKET_IF_AUTOLISTEN);
}

static becket_status
withdraw_auto(struct echo *echo, const struct becket_uuid *type)
{
	return becket_server_unregister_if(echo->server, &name_interface, type,
	    true);
}

static void
use_addresses(struct echo *echo)
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(becket_server_use_string_binding(echo->server,
		                     echo->addresses[i]),
		    BECKET_S_OK);
}

static void
it_listens_from_the_first_to_the_last(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_open(&echo, NULL);
	for (int round = 0; round < 3; round++) {
		binding = bind_to(&echo, state);
		assert_int_equal(offer_auto(&echo, NULL), BECKET_S_OK);
		expect_name(binding, NULL, "auto");
		assert_int_equal(offer_auto(&echo, &red), BECKET_S_OK);
		assert_int_equal(withdraw_auto(&echo, &blue),
		    BECKET_S_UNKNOWN_MGR_TYPE);
		assert_int_equal(withdraw_auto(&echo, &red), BECKET_S_OK);
		/* A wildcard does not mean it. */
		assert_int_equal(becket_server_unregister_if(echo.server, NULL,
		                     NULL, true),
		    BECKET_S_OK);
		expect_name(binding, NULL, "auto");
		assert_int_equal(withdraw_auto(&echo, NULL), BECKET_S_OK);
		if (round == 1) /* whether somebody waits for it or not */
			assert_int_equal(becket_server_wait(echo.server),
			    BECKET_S_OK);
		becket_binding_free(&binding);
		WAIT_UNTIL(
		    offer_auto(&echo, NULL) == BECKET_S_NO_PROTSEQS_REGISTERED);
		/* Nothing has been registered by that. */
		assert_int_equal(withdraw_auto(&echo, NULL),
		    BECKET_S_UNKNOWN_IF);
		use_addresses(&echo);
	}
	echo_stop(&echo);
}

static void
told_to_listen_it_does_not_end_by_itself(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_open(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(offer_auto(&echo, NULL), BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_ALREADY_LISTENING);
	assert_int_equal(withdraw_auto(&echo, NULL), BECKET_S_OK);
	echo_expect(binding, ECHO, "still", "still");
	/* The same in the other order. */
	assert_int_equal(offer_auto(&echo, NULL), BECKET_S_OK);
	assert_int_equal(withdraw_auto(&echo, NULL), BECKET_S_OK);
	echo_expect(binding, ECHO, "still", "still");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* ----------------------------------------------------------------------- */

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(the_type_of_the_object_decides),
		BOTH(a_function_is_asked_once_for_a_call_with_an_object),
		BOTH(who_calls_what_on_which_object_is_asked_first),
		BOTH(who_is_refused_has_executed_nothing),
		BOTH(nothing_is_decoded_before),
		BOTH(only_ncalrpc_is_local_and_secure),
		cmocka_unit_test(flags_that_do_not_exist_are_refused),
		BOTH(too_many_calls_wait_and_more_are_refused),
		BOTH(who_waits_may_cancel_or_go),
		BOTH(a_stop_lets_those_run_who_wait),
		BOTH(a_stop_at_once_drops_those_who_wait),
		BOTH(it_listens_from_the_first_to_the_last),
		BOTH(told_to_listen_it_does_not_end_by_itself),
	};

	return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
