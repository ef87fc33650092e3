/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/context/store.h"

/*
 * Context handles of operations with streams. Every test is run for each
 * protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

typedef becket_status opener(struct becket_binding *, struct store_handle *,
    const Live__UseRequest *, struct becket_stream **);

static struct becket_stream *
watch_by(opener *open, struct store_handle *handle, const char *how)
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;
	struct becket_stream *stream = NULL;

	request.how = (char *)(uintptr_t)how;
	assert_int_equal(open(NULL, handle, &request, &stream), BECKET_S_OK);
	return stream;
}

static struct becket_stream *
watch(struct store_handle *handle, const char *how)
{
	return watch_by(store_watch_open, handle, how);
}

static becket_status
hear(struct becket_stream *stream, int64_t *ret_number)
{
	Live__UseResponse *message;
	becket_status status = store_watch_receive(stream, &message);

	if (status != BECKET_S_OK)
		return status;
	*ret_number = message->number;
	live_use_response_free(message);
	return BECKET_S_OK;
}

static struct becket_stream *
fill(struct becket_binding *binding, const char *last)
{
	Live__OpenRequest piece = LIVE__OPEN_REQUEST__INIT;
	struct becket_stream *stream = NULL;

	assert_int_equal(store_fill_open(binding, &stream), BECKET_S_OK);
	assert_int_equal(store_fill_send(stream, &piece), BECKET_S_OK);
	piece.how = (char *)(uintptr_t)last;
	assert_int_equal(store_fill_send(stream, &piece), BECKET_S_OK);
	return stream;
}

static becket_status
fill_finish(struct becket_stream **stream, struct store_handle **ret_handle)
{
	Live__OpenResponse *response;
	becket_status status = store_fill_finish(stream, ret_handle, &response);

	if (status == BECKET_S_OK)
		live_open_response_free(response);
	return status;
}

static uint64_t
calls_in(void)
{
	struct becket_stats stats;

	becket_server_inq_stats(store.echo.server, &stats);
	return stats.calls_in;
}

/* A stream goes on while somebody waits for it. */
#define DRIVE_UNTIL(stream, condition) \
	do { \
		unsigned patience = 20000, events; \
		while (!(condition) && --patience > 0) \
			(void)!becket_stream_wait(stream, \
			    BECKET_STREAM_READABLE, 1, &events); \
		assert_true(condition); \
	} while (0)

/* Somebody who calls, and waits, in a thread. */
struct user {
	struct store_handle *handle;
	const char *how;
	becket_status status;
	pthread_t thread;
};

static void *
change(void *argument)
{
	struct user *user = argument;

	user->status = client_change(NULL, user->handle, user->how);
	return NULL;
}

static void
user_start(struct user *user)
{
	assert_int_equal(pthread_create(&user->thread, NULL, change, user), 0);
}

static becket_status
user_join(struct user *user)
{
	assert_int_equal(pthread_join(user->thread, NULL), 0);
	return user->status;
}

/* ------------------------------------------------------------- it goes in --
 */

static void
a_stream_has_a_handle(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number = 0;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	becket_binding_free(&client.binding);
	stream = watch(handle, "3");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hear(stream, &number), BECKET_S_OK);
		assert_int_equal(number, 1);
	}
	assert_int_equal(hear(stream, &number), BECKET_X_PIPE_EMPTY);
	assert_int_equal(store_watch_finish(&stream), BECKET_S_OK);
	assert_int_equal(client_change(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	client_stop(&client);
	store_stop();
}

static void
what_is_no_handle_is_refused_at_once(void **state)
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;
	Live__UseResponse *used;
	struct store_handle *handle;
	struct becket_stream *stream = NULL;
	struct client client;
	void *reply;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(store_watch_open(client.binding, NULL, &request,
	                     &stream),
	    BECKET_X_SS_IN_NULL_CONTEXT);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	handle = client_open(&client);
	assert_int_equal(other_look(NULL, handle, &request, &used),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_stub_open(client.binding, &store_v1_interface,
	                     6, &request, &stream),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(store_watch_open(NULL, handle, NULL, &stream),
	    BECKET_S_INVALID_ARG);
	assert_null(stream);
	stream = fill(client.binding, "null");
	assert_int_equal(becket_stub_finish_stream(&stream, &store_v1_interface,
	                     8, &reply),
	    BECKET_S_INVALID_ARG);
	becket_stream_abort(&stream);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static becket_status
never(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	(void)call;
	(void)request;
	(void)response;
	fail();
	return BECKET_S_OK;
}

static void
never_down(const void *epv, void *context)
{
	(void)epv;
	(void)context;
	fail();
}

/* A table that no IDL file makes: Fill has a handle in each piece. */
static void
a_handle_in_a_stream_is_refused_by_either_end(void **state)
{
	enum { FILL_OF_STORE = 8, OPERATIONS = 9 };
	static const struct becket_context_parameter in_piece = { 0, 0,
		BECKET_CONTEXT_NOWHERE };
	static becket_routine *const never_run[OPERATIONS] = { [FILL_OF_STORE] =
		                                                   never };
	static becket_rundown *const rundowns[] = { never_down, never_down };
	const struct becket_routines routines = { BECKET_ABI, OPERATIONS,
		never_run, rundowns };
	struct becket_operation operations[OPERATIONS];
	struct becket_interface bad = store_v1_interface, good;
	struct becket_stream *stream = NULL;
	struct client client;
	void *handle = NULL, *response;

	memcpy(operations, store_v1_interface.operations, sizeof operations);
	operations[FILL_OF_STORE].contexts = &in_piece;
	bad.operations = operations;
	bad.uuid.clock_node[0] ^= 1;
	bad.name = "live.Bad";
	good = bad;
	good.operations = store_v1_interface.operations;
	store_start(NULL);
	assert_int_equal(becket_server_register_if(store.echo.server, &bad,
	                     &routines, NULL, "", 0),
	    BECKET_S_OK);
	client = client_start(which(state), NULL);
	assert_int_equal(becket_stub_open_contexts(client.binding, &bad,
	                     FILL_OF_STORE, &handle, NULL, &stream),
	    BECKET_S_INVALID_ARG);
	assert_null(stream);
	assert_int_equal(becket_stub_open_contexts(client.binding, &good,
	                     FILL_OF_STORE, &handle, NULL, &stream),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_finish_stream_contexts(&stream, &good,
	                     FILL_OF_STORE, &handle, &response),
	    BECKET_S_STREAMS_NOT_SUPPORTED);
	client_stop(&client);
	store_stop();
}

/* It has gone already when the stream looks for it. */
static void
a_stream_behind_a_close_is_told(void **state)
{
	struct user user = { .how = "1 hold" };
	struct store_handle *handle, *closed;
	struct becket_stream *stream;
	struct client client;
	int64_t number;
	uint64_t before;

	store_start(NULL);
	client = client_start(which(state), NULL);
	closed = handle = user.handle = client_open(&client);
	becket_binding_set_next_timeout(client.binding, 50);
	assert_int_equal(client_alter(client.binding, &closed, "close hold"),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	before = calls_in();
	stream = watch(handle, "1");
	DRIVE_UNTIL(stream, calls_in() > before);
	store_answer(0);
	assert_int_equal(hear(stream, &number), BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_int_equal(store_watch_finish(&stream),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(atomic_load(&store.watches), 0);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* ----------------------------------------------------------- who is inside --
 */

static void
others_wait_while_a_stream_lasts(void **state)
{
	struct user user = { .how = "1" };
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number = 0;
	uint64_t before;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	stream = watch(handle, "hold");
	DRIVE_UNTIL(stream, atomic_load(&store.held) == 1);
	before = calls_in();
	user_start(&user);
	WAIT_UNTIL(calls_in() > before);
	assert_int_equal(store_push(0, 4711), BECKET_S_OK);
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	assert_int_equal(number, 4711);
	assert_int_equal(atomic_load(&store.changes), 0);
	store_answer(0);
	assert_int_equal(user_join(&user), BECKET_S_OK);
	assert_int_equal(store_watch_finish(&stream), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
streams_that_share_are_together(void **state)
{
	struct user user = { .how = "1" };
	struct becket_stream *streams[2];
	struct store_handle *handle;
	struct client client;
	uint64_t before;
	int64_t number;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	for (unsigned i = 0; i < 2; i++) {
		streams[i] = watch_by(store_follow_open, handle, "");
		DRIVE_UNTIL(streams[i], atomic_load(&store.held) == i + 1);
	}
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	before = calls_in();
	user_start(&user);
	WAIT_UNTIL(calls_in() > before);
	for (unsigned i = 0; i < 2; i++) {
		Live__UseResponse *message;

		assert_int_equal(store_push(i, (int64_t)i), BECKET_S_OK);
		assert_int_equal(store_follow_receive(streams[i], &message),
		    BECKET_S_OK);
		number = message->number;
		live_use_response_free(message);
		assert_int_equal(number, i);
		assert_int_equal(atomic_load(&store.changes), 0);
		store_answer(i);
		assert_int_equal(store_follow_finish(&streams[i]), BECKET_S_OK);
	}
	assert_int_equal(user_join(&user), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static struct becket_stream *
stand_in_line(struct store_handle *handle, const char *how)
{
	uint64_t before = calls_in();
	struct becket_stream *stream = watch(handle, how);

	DRIVE_UNTIL(stream, calls_in() > before);
	assert_int_equal(becket_stream_wait(stream, BECKET_STREAM_READABLE, 20,
	                     &(unsigned){ 0 }),
	    BECKET_S_ASYNC_CALL_PENDING);
	assert_int_equal(atomic_load(&store.watches), 0);
	return stream;
}

static void
a_stream_waits_in_line(void **state)
{
	struct user user = { .how = "1 hold" };
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number = 0;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	user_start(&user);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	stream = stand_in_line(handle, "2");
	store_answer(0);
	assert_int_equal(user_join(&user), BECKET_S_OK);
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	assert_int_equal(number, 1);
	/* What is not received is thrown away. */
	assert_int_equal(store_watch_finish(&stream), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
a_stream_that_gives_up_in_line_never_comes_in(void **state)
{
	struct user user = { .how = "1 hold" };
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	user_start(&user);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	stream = stand_in_line(handle, "2");
	assert_int_equal(becket_stream_cancel(stream), BECKET_S_OK);
	assert_int_equal(store_watch_finish(&stream), BECKET_S_CALL_CANCELLED);
	/* The next one is in line behind it, if it were still there. */
	stream = stand_in_line(handle, "forever");
	becket_stream_abort(&stream);
	store_answer(0);
	assert_int_equal(user_join(&user), BECKET_S_OK);
	assert_int_equal(client_change(NULL, handle, ""), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
	assert_int_equal(atomic_load(&store.watches), atomic_load(&store.cut));
}

enum { THREADS = 4, TURNS = 20 };

static void *
watch_often(void *argument)
{
	struct user *user = argument;

	for (int i = 0; i < TURNS; i++) {
		struct becket_stream *stream = watch(user->handle, "5");
		int64_t number;

		while (hear(stream, &number) == BECKET_S_OK)
			;
		assert_int_equal(store_watch_finish(&stream), BECKET_S_OK);
		if (i % 4 == 0)
			assert_int_equal(client_change(NULL, user->handle, ""),
			    BECKET_S_OK);
	}
	return NULL;
}

static void
many_threads_stream_on_one_handle(void **state)
{
	struct user users[THREADS];
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	for (size_t i = 0; i < THREADS; i++) {
		users[i] = (struct user){ .handle = handle };
		assert_int_equal(pthread_create(&users[i].thread, NULL,
		                     watch_often, &users[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++)
		(void)!user_join(&users[i]);
	assert_int_equal(atomic_load(&store.watches), THREADS * TURNS);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* ----------------------------------------------------------------- its end --
 */

/* store_stop() sees that it is run down once, and not beside the stream. */
static void
a_stream_ends_before_its_handle_is_run_down(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	stream = watch(handle, "forever");
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	becket_stream_abort(&stream);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	assert_int_equal(atomic_load(&store.cut), 1);
	store_stop();
}

/* Over DCE/RPC its connection goes with it, but is not the only one. */
static void
a_stream_that_is_given_up_leaves_the_handle(void **state)
{
	const struct becket_limits limits = { .linger_ms = 1 };
	struct becket_binding *elsewhere;
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number;

	store_start(NULL);
	client = client_start(which(state), &limits);
	handle = client_open(&client);
	assert_int_equal(becket_binding_from_string_binding(client.runtime,
	                     store.echo.addresses[which(state) == 0],
	                     &elsewhere),
	    BECKET_S_OK);
	stream = watch(handle, "forever");
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	/* Long enough for what is idle to be closed, if it could be. */
	for (int i = 0; i < 50; i++) {
		echo_expect(elsewhere, ECHO, "x", "x");
		echo_yield();
	}
	becket_stream_abort(&stream);
	assert_int_equal(client_change(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(atomic_load(&store.cut), 1);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	becket_binding_free(&elsewhere);
	client_stop(&client);
	store_stop();
}

static void
rundown_waits_for_a_deferred_stream(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	stream = watch(handle, "hold");
	DRIVE_UNTIL(stream, atomic_load(&store.held) == 1);
	becket_stream_abort(&stream);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	WAIT_UNTIL(store_push(0, 1) == BECKET_S_CALL_CANCELLED);
	assert_int_equal(atomic_load(&store.run_down), 0);
	store_answer(0);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	store_stop();
}

static void
a_stream_outlives_the_clients_handle(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number = 0;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	stream = watch(handle, "hold");
	DRIVE_UNTIL(stream, atomic_load(&store.held) == 1);
	store_handle_context_destroy(&handle);
	becket_binding_free(&client.binding);
	assert_int_equal(store_push(0, 7), BECKET_S_OK);
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	assert_int_equal(number, 7);
	assert_int_equal(store_count(), 1);
	store_answer(0);
	assert_int_equal(store_watch_finish(&stream), BECKET_S_OK);
	client_stop(&client);
	store_stop();
}

static void
unregistering_ends_streams_and_then_runs_down(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	int64_t number;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	stream = watch(handle, "forever");
	assert_int_equal(hear(stream, &number), BECKET_S_OK);
	assert_int_equal(store_unregister(store.echo.server, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(atomic_load(&store.cut), 1);
	assert_int_equal(atomic_load(&store.run_down), 1);
	assert_int_not_equal(store_watch_finish(&stream), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
no_stream_begins_on_another_association(void **state)
{
	struct store_handle *handle;
	struct becket_stream *stream;
	struct client client;
	char address[128];

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	/* gRPC comes through the port of DCE/RPC. */
	snprintf(address, sizeof address, "%s",
	    store.echo.addresses[which(state) % 2]);
	assert_int_equal(becket_server_stop(store.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(store.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_use_string_binding(store.echo.server,
	                     address),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(store.echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	stream = watch(handle, "1");
	assert_int_equal(store_watch_finish(&stream),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "it belongs to has ended"));
	assert_int_equal(atomic_load(&store.watches), 0);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* ------------------------------------------------------------ it comes out --
 */

static void
a_stream_opens_a_handle(void **state)
{
	struct store_handle *handle = NULL;
	struct becket_stream *stream;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	stream = fill(client.binding, "");
	becket_binding_free(&client.binding);
	assert_int_equal(fill_finish(&stream, &handle), BECKET_S_OK);
	assert_non_null(handle);
	assert_null(stream);
	assert_int_equal(store_count(), 1);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

static void
what_fails_opens_nothing(void **state)
{
	const struct becket_limits limits = { .contexts_per_association = 1 };
	struct store_handle *handle = NULL, *none = NULL;
	struct becket_stream *stream;
	struct client client;

	store_start(&limits);
	client = client_start(which(state), NULL);
	stream = fill(client.binding, "fail");
	assert_int_equal(fill_finish(&stream, &none), 0x1234);
	stream = fill(client.binding, "null");
	assert_int_equal(fill_finish(&stream, &none), BECKET_S_OK);
	assert_null(none);
	assert_int_equal(store_count(), 0);
	stream = fill(client.binding, "");
	assert_int_equal(fill_finish(&stream, &handle), BECKET_S_OK);
	assert_int_equal(store_fill_open(client.binding, &stream), BECKET_S_OK);
	assert_int_equal(fill_finish(&stream, &none),
	    BECKET_S_OUT_OF_RESOURCES);
	assert_null(none);
	assert_int_equal(atomic_load(&store.opened), 1);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
what_is_opened_late_is_had_or_run_down(void **state)
{
	struct store_handle *handle = NULL;
	struct becket_stream *stream;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	stream = fill(client.binding, "hold");
	assert_int_equal(becket_stream_half_close(stream), BECKET_S_OK);
	DRIVE_UNTIL(stream, atomic_load(&store.held) == 1);
	store_answer(0);
	assert_int_equal(fill_finish(&stream, &handle), BECKET_S_OK);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	stream = fill(client.binding, "hold");
	assert_int_equal(becket_stream_half_close(stream), BECKET_S_OK);
	DRIVE_UNTIL(stream, atomic_load(&store.held) == 2);
	becket_stream_abort(&stream);
	WAIT_UNTIL(becket_token_is_cancelled(held[1].token));
	store_answer(1);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	assert_int_equal(store_count(), 1);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* ----------------------------------------------------------------- memory --
 */

/* All that streams do with a handle; how often it went well. */
static unsigned
fill_and_watch(struct becket_runtime *runtime, struct becket_binding *binding)
{
	Live__UseRequest use = LIVE__USE_REQUEST__INIT;
	struct store_handle *handle = NULL;
	struct becket_stream *stream;
	unsigned well = 0;

	(void)runtime;
	if (store_fill_open(binding, &stream) == BECKET_S_OK)
		well += fill_finish(&stream, &handle) == BECKET_S_OK;
	if (handle == NULL)
		return well;
	use.how = (char *)(uintptr_t) "1";
	if (store_watch_open(NULL, handle, &use, &stream) == BECKET_S_OK)
		well += store_watch_finish(&stream) == BECKET_S_OK;
	store_handle_context_destroy(&handle);
	return well;
}

static void
a_client_survives_each_failed_allocation(void **state)
{
	store_use_with_failures(which(state), fill_and_watch, 2);
}

#define ONE(test, words, sequence) \
	{ \
		.name = #test words, .test_func = test, \
		.initial_state = &sequences[sequence] \
	}
#define FOR_EACH(test) \
	ONE(test, " (TCP)", 0), ONE(test, " (local)", 1), \
	    ONE(test, " (gRPC)", 2)

int
main(void)
{
	static size_t sequences[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		FOR_EACH(a_stream_has_a_handle),
		FOR_EACH(what_is_no_handle_is_refused_at_once),
		FOR_EACH(a_handle_in_a_stream_is_refused_by_either_end),
		FOR_EACH(a_stream_behind_a_close_is_told),
		FOR_EACH(others_wait_while_a_stream_lasts),
		FOR_EACH(streams_that_share_are_together),
		FOR_EACH(a_stream_waits_in_line),
		FOR_EACH(a_stream_that_gives_up_in_line_never_comes_in),
		FOR_EACH(many_threads_stream_on_one_handle),
		FOR_EACH(a_stream_ends_before_its_handle_is_run_down),
		FOR_EACH(a_stream_that_is_given_up_leaves_the_handle),
		FOR_EACH(rundown_waits_for_a_deferred_stream),
		FOR_EACH(a_stream_outlives_the_clients_handle),
		FOR_EACH(unregistering_ends_streams_and_then_runs_down),
		FOR_EACH(no_stream_begins_on_another_association),
		FOR_EACH(a_stream_opens_a_handle),
		FOR_EACH(what_fails_opens_nothing),
		FOR_EACH(what_is_opened_late_is_had_or_run_down),
		FOR_EACH(a_client_survives_each_failed_allocation),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("context_stream", tests, NULL, NULL);
}
