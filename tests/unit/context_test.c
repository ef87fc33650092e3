/* SPDX-License-Identifier: MIT */
#include "stub/context.h"

#include <protobuf-c/protobuf-c.h>

#include "payload/codec.h"
#include "stub/dispatch.h"
#include "stub/metadata.h"
#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"
#include "wire/status_message.h"

/*
 * Context handles without sessions: calls of users and managers that a test
 * makes up, and memory that fails. A message is the handle and nothing else.
 */
enum { OPEN, USE, CLOSE, OPERATIONS, ASSOCIATION = 7 };

struct message {
	ProtobufCBinaryData handle;
};

static becket_status
check(const struct becket_type *type, struct becket_bytes wire,
    const struct budget *budget, size_t *ret_size)
{
	(void)wire;
	(void)budget;
	*ret_size = type->size;
	return BECKET_S_OK;
}

static becket_status
decode(const struct becket_type *type, struct becket_bytes wire,
    struct arena *arena, void **ret_message)
{
	struct message *message = arena_alloc(arena, type->size);

	if (message == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	message->handle.len = wire.size;
	message->handle.data = (uint8_t *)(uintptr_t)wire.data;
	*ret_message = message;
	return BECKET_S_OK;
}

static void
init(const struct becket_type *type, void *message)
{
	memset(message, 0, type->size);
}

static size_t
measure(const struct becket_type *type, const void *message)
{
	(void)type;
	return ((const struct message *)message)->handle.len;
}

static void
encode(const struct becket_type *type, const void *message, uint8_t *ret_bytes)
{
	memcpy(ret_bytes, ((const struct message *)message)->handle.data,
	    measure(type, message));
}

static const struct becket_codec codec = { check, decode, init, measure,
	encode };

#define HANDLE \
	{ \
		&codec, NULL, sizeof(struct message) \
	}

static const struct becket_context_parameter out = { 0, BECKET_CONTEXT_NOWHERE,
	0 };
static const struct becket_context_parameter in = { 0, 0,
	BECKET_CONTEXT_NOWHERE };
static const struct becket_context_parameter in_out = { 0, 0, 0 };

/* clang-format off */
static const struct becket_operation operations[OPERATIONS] = {
	[OPEN]  = { .name = "Open", .request = HANDLE, .response = HANDLE,
		    .contexts = &out, .context_count = 1 },
	[USE]   = { .name = "Use", .request = HANDLE, .response = HANDLE,
		    .contexts = &in, .context_count = 1 },
	[CLOSE] = { .name = "Close", .request = HANDLE, .response = HANDLE,
		    .contexts = &in_out, .context_count = 1 },
};
/* clang-format on */

static const char *const types[] = { "unit_handle" };

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.name = "unit.Handles",
	.uuid = { .time_low = 1 },
	.major = 1,
	.operation_count = OPERATIONS,
	.operations = operations,
	.context_types = types,
	.context_type_count = 1,
};

/* ------------------------------------------------------------ the manager --
 */

struct bench {
	struct test_memory memory;
	struct becket_limits limits;
	struct managers managers;
	struct objects objects;
	struct tokens tokens;
	struct contexts contexts;
	struct associations associations;
	struct holds holds;
	struct call_host host;
	struct peer *peers[2];
	const char *session; /* which calls say, without association */
	bool has_no_entropy;
	unsigned opened, used, closed, run_down;
};

static struct bench *current;

static becket_status
open_one(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	current->opened++;
	becket_call_set_context(call, 0, current);
	return BECKET_S_OK;
}

static becket_status
use_one(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	assert_ptr_equal(becket_call_context(call, 0), current);
	current->used++;
	return BECKET_S_OK;
}

static becket_status
close_one(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)request;
	(void)response;
	assert_ptr_equal(becket_call_context(call, 0), current);
	current->closed++;
	becket_call_set_context(call, 0, NULL);
	return BECKET_S_OK;
}

static void
run_down(const void *epv, void *context)
{
	assert_ptr_equal(epv, current);
	assert_ptr_equal(context, current);
	current->run_down++;
}

static becket_routine *const list[OPERATIONS] = { open_one, use_one,
	close_one };
static becket_rundown *const rundowns[] = { run_down };
static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = list,
	.rundowns = rundowns,
};

/* -------------------------------------------------------------- the bench --
 */

static uint64_t
noon(void)
{
	return 1000000000;
}

static becket_status
entropy(void *ret_bytes, size_t size)
{
	static uint8_t next;

	if (current->has_no_entropy)
		return BECKET_S_SYSTEM;
	memset(ret_bytes, ++next, size);
	return BECKET_S_OK;
}

static void
removed(struct managers *managers)
{
	(void)managers;
	contexts_sweep(&current->contexts);
}

static struct peer *
make_peer(const struct becket_memory *memory, uint32_t uid)
{
	const struct becket_peer view = { .text = "unit",
		.protseq = "none",
		.address = "",
		.has_credentials = true,
		.uid = uid };

	return peer_new(memory, &view);
}

static bool
offer(struct bench *bench, const struct becket_uuid *type)
{
	return managers_add(&bench->managers,
	           &(struct manager_offer){ .interface = &interface,
	               .routines = &routines,
	               .type = type,
	               .epv = bench }) == BECKET_S_OK;
}

/* false: no memory. */
static bool
set_up(struct bench *bench, size_t fail_at)
{
	const struct becket_memory *memory;

	*bench = (struct bench){ .limits = BECKET_LIMITS_DEFAULT };
	current = bench;
	bench->memory = test_memory(fail_at);
	memory = test_memory_of(&bench->memory);
	managers_init(&bench->managers, memory, 8);
	bench->managers.removed = removed;
	objects_init(&bench->objects, memory, 8);
	tokens_init(&bench->tokens, memory, 4);
	bench->host = (struct call_host){
		.memory = memory,
		.limits = &bench->limits,
		.managers = &bench->managers,
		.objects = &bench->objects,
		.tokens = &bench->tokens,
		.contexts = &bench->contexts,
		.holds = &bench->holds,
		.now = noon,
		.entropy = entropy,
	};
	contexts_init(&bench->contexts, &bench->host, 8);
	bench->associations = associations_empty(memory, 4);
	holds_init(&bench->holds, &bench->host, &bench->associations, 4);
	bench->peers[0] = make_peer(memory, 1);
	bench->peers[1] = make_peer(memory, 2);
	return bench->peers[0] != NULL && bench->peers[1] != NULL &&
	       offer(bench, NULL);
}

static void
tear_down(struct bench *bench)
{
	holds_fini(&bench->holds);
	contexts_fini(&bench->contexts);
	associations_fini(&bench->associations);
	assert_int_equal(bench->opened, bench->closed + bench->run_down);
	tokens_fini(&bench->tokens);
	managers_fini(&bench->managers);
	objects_fini(&bench->objects);
	peer_release(bench->peers[0]);
	peer_release(bench->peers[1]);
	test_memory_end(&bench->memory);
}

struct token {
	uint8_t bytes[CONTEXT_HANDLE_SIZE];
	size_t size;
};

static bool
say_session(const char *session, struct session_event *event)
{
	const struct becket_metadata_entry entry = { HOLD_METADATA,
		text_bytes(session) };

	event->begun.association = 0;
	event->begun.metadata = buffer_empty(current->host.memory);
	return *session == '\0' || metadata_append_own(&event->begun.metadata,
	                               (struct becket_bytes){ 0 },
	                               &current->limits, &entry) == BECKET_S_OK;
}

static struct becket_call *
make_call(struct bench *bench, size_t peer, const struct becket_uuid *object,
    uint16_t opnum, const struct token *token)
{
	struct syntax_id id = { interface.uuid, 1, 0 };
	struct session_event event = { .kind = SESSION_CALL };
	struct becket_call *call;

	event.begun.interface = registry_find(&bench->managers.registry, &id);
	assert_non_null(event.begun.interface);
	event.begun.syntax = SYNTAX_BECKET;
	event.begun.opnum = opnum;
	event.begun.association = ASSOCIATION;
	if (object != NULL)
		event.begun.object = *object;
	if (bench->session != NULL && !say_session(bench->session, &event))
		return NULL;
	call =
	    becket_call_new(&bench->host, bench->peers[peer], &event, noon());
	if (call == NULL && bench->session != NULL)
		buffer_fini(&event.begun.metadata);
	if (call == NULL)
		return NULL;
	if (buffer_append(&call->request, "\0", 1) &&
	    (token->size == 0 ||
	        buffer_append(&call->request, token->bytes, token->size)))
		return call;
	becket_call_free(call);
	return NULL;
}

/* A whole call; *token is what comes back. */
static becket_status
make_a_call(struct bench *bench, size_t peer, const struct becket_uuid *object,
    uint16_t opnum, struct token *token, bool is_delivered)
{
	struct becket_call *call = make_call(bench, peer, object, opnum, token);
	becket_status status;

	if (call == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	if (object != NULL)
		dispatch_find_type(call);
	status = dispatch_prepare(call);
	if (status == BECKET_S_OK) {
		assert_true(dispatch_run(call));
		status = call->reply.status;
	}
	if (status == BECKET_S_OK && opnum != USE) {
		token->size = call->reply.stub.size - 1;
		assert_true(token->size <= sizeof token->bytes);
		if (token->size > 0)
			memcpy(token->bytes, call->reply.stub.data + 1,
			    token->size);
	}
	contexts_finish(call, status == BECKET_S_OK && is_delivered);
	becket_call_free(call);
	return status;
}

/* ------------------------------------------------------------------ tests --
 */

static void
another_user_cannot_use_a_handle(void **state)
{
	struct token token = { .size = 0 };
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_OK);
	assert_int_equal(token.size, CONTEXT_HANDLE_SIZE);
	assert_int_equal(make_a_call(&bench, 1, NULL, USE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(make_a_call(&bench, 1, NULL, CLOSE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_S_OK);
	assert_int_equal(make_a_call(&bench, 0, NULL, CLOSE, &token, true),
	    BECKET_S_OK);
	assert_int_equal(token.size, 0);
	assert_int_equal(bench.used, 1);
	tear_down(&bench);
}

static void
another_manager_cannot_use_a_handle(void **state)
{
	const struct becket_uuid type = { .time_low = 2 };
	const struct becket_uuid object = { .time_low = 3 };
	struct token token = { .size = 0 };
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	assert_true(offer(&bench, &type));
	assert_int_equal(objects_set_type(&bench.objects, &object, &type),
	    BECKET_S_OK);
	assert_int_equal(make_a_call(&bench, 0, &object, OPEN, &token, true),
	    BECKET_S_OK);
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(make_a_call(&bench, 0, &object, USE, &token, true),
	    BECKET_S_OK);
	/* Only that manager goes, and with it what it has opened. */
	assert_int_equal(managers_remove(&bench.managers, &interface, &type,
	                     true),
	    BECKET_S_OK);
	assert_int_equal(bench.run_down, 1);
	tear_down(&bench);
}

static void
what_nobody_gets_is_run_down_at_once(void **state)
{
	struct token token = { .size = 0 };
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, false),
	    BECKET_S_OK);
	assert_int_equal(bench.run_down, 1);
	assert_int_equal(contexts_count(&bench.contexts, NULL, NULL), 0);
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	bench.has_no_entropy = true;
	token.size = 0;
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_SYSTEM);
	assert_int_equal(bench.run_down, 2);
	tear_down(&bench);
}

static void
a_server_has_so_many_and_no_more(void **state)
{
	struct token token;
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (unsigned i = 0; i < 8; i++) {
		token.size = 0;
		assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token,
		                     true),
		    BECKET_S_OK);
	}
	token.size = 0;
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_OUT_OF_RESOURCES);
	assert_int_equal(bench.run_down, 1);
	contexts_end(&bench.contexts, ASSOCIATION + 1);
	assert_int_equal(bench.run_down, 1);
	contexts_end(&bench.contexts, ASSOCIATION);
	assert_int_equal(bench.run_down, 9);
	contexts_end(&bench.contexts, ASSOCIATION);
	assert_int_equal(bench.run_down, 9);
	tear_down(&bench);
}

/* A call that holds a session, until it is freed. */
static struct becket_call *
hold(struct bench *bench, const char **ret_id)
{
	const struct token token = { .size = 0 };
	struct becket_call *call = make_call(bench, 0, NULL, OPEN, &token);

	if (call == NULL)
		return NULL;
	if (becket_call_hold(call, ret_id) == BECKET_S_OK)
		return call;
	becket_call_free(call);
	return NULL;
}

static void
a_session_that_is_held_has_context_handles(void **state)
{
	struct becket_call *holder;
	struct token token = { .size = 0 };
	struct bench bench;
	const char *again;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	holder = hold(&bench, &bench.session);
	assert_non_null(holder);
	assert_int_equal(strlen(bench.session), 32);
	assert_int_equal(becket_call_hold(holder, &again),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_OK);
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_S_OK);
	assert_int_equal(make_a_call(&bench, 1, NULL, USE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(bench.associations.groups.used, 1);
	becket_call_free(holder);
	assert_int_equal(bench.run_down, 1);
	assert_int_equal(bench.associations.groups.used, 0);
	tear_down(&bench);
}

static void
a_session_that_has_ended_is_none(void **state)
{
	struct becket_call *holder;
	struct token token = { .size = 0 };
	char old[HOLD_TEXT_SIZE + 1];
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	holder = hold(&bench, &bench.session);
	assert_non_null(holder);
	memcpy(old, bench.session, sizeof old);
	becket_call_free(holder);
	bench.session = NULL;
	holder = hold(&bench, &bench.session);
	assert_non_null(holder);
	bench.session = old;
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_FAILED_PRECONDITION);
	assert_int_equal(bench.opened, 0);
	becket_call_free(holder);
	tear_down(&bench);
}

static void
what_is_no_session_is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"0000000000000000000000000000000",
		"00000000000000000000000000000000",
		"ffffffffffffffffffffffffffffffff",
		"0000000000000000000000000000000g",
		"g0000000000000000000000000000000",
		"000000000000000000000000000000000",
	};
	const struct token token = { .size = 0 };
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct status_message message;
		struct becket_call *call;

		bench.session = bad[i];
		call = make_call(&bench, 0, NULL, OPEN, &token);
		assert_int_equal(dispatch_prepare(call),
		    BECKET_S_FAILED_PRECONDITION);
		dispatch_refuse(call, BECKET_S_FAILED_PRECONDITION);
		assert_int_equal(status_message_decode(buffer_bytes(
		                                           &call->reply.stub),
		                     &message),
		    BECKET_S_OK);
		assert_non_null(memmem(message.sentence.data,
		    message.sentence.size, "session", 7));
		becket_call_free(call);
	}
	tear_down(&bench);
}

static void
two_sessions_do_not_share_handles(void **state)
{
	struct becket_call *holders[2];
	struct token token = { .size = 0 };
	const char *ids[2];
	struct bench bench;

	(void)state;
	assert_true(set_up(&bench, TEST_MEMORY_NEVER));
	for (size_t i = 0; i < 2; i++) {
		holders[i] = hold(&bench, &ids[i]);
		assert_non_null(holders[i]);
	}
	bench.session = ids[0];
	assert_int_equal(make_a_call(&bench, 0, NULL, OPEN, &token, true),
	    BECKET_S_OK);
	bench.session = ids[1];
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	becket_call_free(holders[1]);
	assert_int_equal(bench.run_down, 0);
	bench.session = ids[0];
	assert_int_equal(make_a_call(&bench, 0, NULL, USE, &token, true),
	    BECKET_S_OK);
	becket_call_free(holders[0]);
	assert_int_equal(bench.run_down, 1);
	tear_down(&bench);
}

static void
open_use_and_close(struct bench *bench)
{
	struct token token = { .size = 0 };

	if (make_a_call(bench, 0, NULL, OPEN, &token, true) != BECKET_S_OK)
		return;
	(void)!make_a_call(bench, 0, NULL, USE, &token, true);
	(void)!make_a_call(bench, 0, NULL, CLOSE, &token, true);
}

static void
without_memory_nothing_stays_open(void **state)
{
	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct bench bench;

		if (set_up(&bench, n))
			open_use_and_close(&bench);
		tear_down(&bench);
		if (!bench.memory.failed)
			break;
	}
}

static void
without_memory_no_session_stays(void **state)
{
	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct becket_call *holder;
		struct bench bench;

		if (set_up(&bench, n)) {
			holder = hold(&bench, &bench.session);
			if (holder != NULL)
				open_use_and_close(&bench);
			becket_call_free(holder);
		}
		tear_down(&bench);
		if (!bench.memory.failed)
			break;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_user_cannot_use_a_handle),
		cmocka_unit_test(another_manager_cannot_use_a_handle),
		cmocka_unit_test(what_nobody_gets_is_run_down_at_once),
		cmocka_unit_test(a_server_has_so_many_and_no_more),
		cmocka_unit_test(a_session_that_is_held_has_context_handles),
		cmocka_unit_test(a_session_that_has_ended_is_none),
		cmocka_unit_test(what_is_no_session_is_refused_with_a_sentence),
		cmocka_unit_test(two_sessions_do_not_share_handles),
		cmocka_unit_test(without_memory_nothing_stays_open),
		cmocka_unit_test(without_memory_no_session_stays),
	};

	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
