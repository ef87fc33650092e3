/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/context/store.h"

/*
 * Context handles from both ends, with generated code. Every test is run for
 * each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

/* ------------------------------------------------------- open, use, close --
 */

static void
a_handle_is_opened_used_and_closed(void **state)
{
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	assert_int_equal(store_count(), 1);
	assert_int_equal(becket_server_inq_contexts(store.echo.server,
	                     &store_v1_interface, "store_handle"),
	    1);
	assert_int_equal(becket_server_inq_contexts(store.echo.server,
	                     &store_v1_interface, "store_lock"),
	    0);
	assert_int_equal(becket_server_inq_contexts(store.echo.server,
	                     &other_v1_interface, NULL),
	    0);
	assert_int_equal(client_look(client.binding, handle, ""), BECKET_S_OK);
	assert_int_equal(client_change(client.binding, handle, ""),
	    BECKET_S_OK);
	assert_int_equal(client_alter(client.binding, &handle, "close"),
	    BECKET_S_OK);
	assert_null(handle);
	assert_int_equal(store_count(), 0);
	assert_int_equal(atomic_load(&store.run_down), 0);
	client_stop(&client);
	store_stop();
}

static void
the_binding_handle_may_be_freed_right_after_open(void **state)
{
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	becket_binding_free(&client.binding);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

static void
null_goes_in_only_where_it_may_come_out(void **state)
{
	struct store_handle *handle = NULL;
	struct becket_stats before, after;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(client_alter(client.binding, &handle, "open"),
	    BECKET_S_OK);
	assert_non_null(handle);
	becket_server_inq_stats(store.echo.server, &before);
	assert_int_equal(client_look(client.binding, NULL, ""),
	    BECKET_X_SS_IN_NULL_CONTEXT);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_int_equal(client_look(NULL, NULL, ""),
	    BECKET_X_SS_IN_NULL_CONTEXT);
	becket_server_inq_stats(store.echo.server, &after);
	assert_int_equal(after.packets_in, before.packets_in);
	assert_int_equal(client_alter(NULL, &handle, "keep"), BECKET_S_OK);
	assert_non_null(handle);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	/* NULL in, NULL out */
	assert_int_equal(client_alter(client.binding, &handle, "keep"),
	    BECKET_S_OK);
	assert_null(handle);
	assert_int_equal(client_open_how(client.binding, "null", &handle),
	    BECKET_S_OK);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

static void
a_routine_may_exchange_what_the_handle_stands_for(void **state)
{
	struct store_handle *handle, *same;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	same = handle = client_open(&client);
	assert_int_equal(client_alter(client.binding, &handle, "exchange"),
	    BECKET_S_OK);
	assert_ptr_equal(handle, same);
	assert_int_equal(store_count(), 1);
	assert_int_equal(client_look(client.binding, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(client.binding, &handle, "close"),
	    BECKET_S_OK);
	assert_int_equal(atomic_load(&store.closed), 2);
	client_stop(&client);
	store_stop();
}

static void
deferred_calls_open_and_close(void **state)
{
	struct store_handle *handle = NULL;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	becket_binding_set_next_timeout(client.binding, 300);
	/* Too late, and nobody reads it: run down. */
	assert_int_equal(client_open_how(client.binding, "hold", &handle),
	    BECKET_S_CALL_CANCELLED);
	assert_null(handle);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	store_answer(0);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	client_stop(&client);
	store_stop();
}

static void
a_message_has_handles_of_two_types(void **state)
{
	Live__UseRequest use = LIVE__USE_REQUEST__INIT;
	Live__BothRequest both = LIVE__BOTH_REQUEST__INIT;
	Live__LockResponse *locked;
	Live__UseResponse *used;
	struct store_handle *handle;
	struct store_lock *lock = NULL;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	assert_int_equal(store_seize(client.binding, handle, &lock, &use,
	                     &locked),
	    BECKET_S_OK);
	live_lock_response_free(locked);
	assert_int_equal(becket_server_inq_contexts(store.echo.server, NULL,
	                     "store_lock"),
	    1);
	assert_int_equal(store_both(NULL, handle, lock, &both, &used),
	    BECKET_S_OK);
	assert_int_equal(used->number, 1);
	live_use_response_free(used);
	/* The client knows types, too. */
	assert_int_equal(client_look(NULL, (struct store_handle *)(void *)lock,
	                     ""),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	store_handle_context_destroy(&handle);
	store_lock_context_destroy(&lock);
	assert_null(lock);
	assert_int_equal(store_count(), 2);
	client_stop(&client);
	store_stop();
}

/* -------------------------------------------------------- the association --
 */

static void
handles_go_with_the_last_connection(void **state)
{
	struct store_handle *handle, *other, *unused;
	struct client client, stays;

	store_start(NULL);
	client = client_start(which(state), NULL);
	stays = client_start(which(state), NULL);
	handle = client_open(&client);
	other = client_open(&stays);
	unused = client_open(&client);
	assert_int_equal(store_count(), 3);
	store_handle_context_destroy(&handle);
	store_handle_context_destroy(&unused);
	assert_null(handle);
	assert_int_equal(store_count(), 3);
	assert_int_equal(store_left(), 3);
	client_stop(&client);
	WAIT_UNTIL(store_left() == 1);
	assert_int_equal(store_count(), 1);
	assert_int_equal(client_look(NULL, other, ""), BECKET_S_OK);
	store_handle_context_destroy(&other);
	client_stop(&stays);
	store_stop();
}

static void
an_idle_connection_stays_for_its_handles(void **state)
{
	const struct becket_limits limits = { .linger_ms = 1 };
	struct becket_binding *elsewhere;
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), &limits);
	handle = client_open(&client);
	becket_binding_free(&client.binding);
	assert_int_equal(becket_binding_from_string_binding(client.runtime,
	                     store.echo.addresses[which(state) == 0],
	                     &elsewhere),
	    BECKET_S_OK);
	/* Long enough for it to be closed, if it could be. */
	for (int i = 0; i < 50; i++) {
		echo_expect(elsewhere, ECHO, "x", "x");
		echo_yield();
	}
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(store_left(), 1);
	store_handle_context_destroy(&handle);
	becket_binding_free(&elsewhere);
	client_stop(&client);
	store_stop();
}

static void
a_handle_never_moves_to_another_association(void **state)
{
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	/* The binding handle gets another one, the context handle does not. */
	assert_int_equal(becket_binding_reset(client.binding), BECKET_S_OK);
	assert_int_equal(client_look(client.binding, handle, ""), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
a_handle_ends_with_its_server(void **state)
{
	struct store_handle *handle, *next;
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
	assert_int_equal(store_left(), 0);
	assert_int_equal(becket_server_use_string_binding(store.echo.server,
	                     address),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(store.echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(client_look(client.binding, handle, ""),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "it belongs to has ended"));
	next = client_open(&client);
	assert_int_equal(client_look(client.binding, next, ""), BECKET_S_OK);
	assert_int_equal(client_look(client.binding, handle, ""),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	store_handle_context_destroy(&handle);
	store_handle_context_destroy(&next);
	client_stop(&client);
	store_stop();
}

static void
unregistering_runs_down(void **state)
{
	struct store_handle *handles[10];
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	for (size_t i = 0; i < 10; i++)
		handles[i] = client_open(&client);
	assert_int_equal(store_unregister(store.echo.server, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(atomic_load(&store.run_down), 10);
	assert_int_equal(client_look(NULL, handles[0], ""),
	    BECKET_S_UNKNOWN_IF);
	for (size_t i = 0; i < 10; i++)
		store_handle_context_destroy(&handles[i]);
	client_stop(&client);
	store_stop();
}

/* Its writer has it when it is doomed, and closes it all the same. */
static void
what_is_closed_while_its_interface_leaves_is_not_run_down(void **state)
{
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	becket_binding_set_next_timeout(client.binding, 300);
	assert_int_equal(client_alter(client.binding, &handle, "close hold"),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	assert_int_equal(store_unregister(store.echo.server, NULL, false),
	    BECKET_S_OK);
	assert_int_equal(store_count(), 0);
	store_answer(0);
	assert_int_equal(atomic_load(&store.closed), 1);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
	assert_int_equal(atomic_load(&store.run_down), 0);
}

/* ----------------------------------------------------------- who is inside --
 */

struct user {
	struct store_handle *handle;
	becket_status (
	    *use)(struct becket_binding *, struct store_handle *, const char *);
	const char *how;
	becket_status status;
	pthread_t thread;
};

static void *
use(void *argument)
{
	struct user *user = argument;

	user->status = user->use(NULL, user->handle, user->how);
	return NULL;
}

static void
user_start(struct user *user)
{
	assert_int_equal(pthread_create(&user->thread, NULL, use, user), 0);
}

static void
user_join(struct user *user)
{
	assert_int_equal(pthread_join(user->thread, NULL), 0);
	assert_int_equal(user->status, BECKET_S_OK);
}

static uint64_t
calls_in(void)
{
	struct becket_stats stats;

	becket_server_inq_stats(store.echo.server, &stats);
	return stats.calls_in;
}

static void
writers_come_one_after_the_other_in_order(void **state)
{
	struct user users[4] = {
		{ .use = client_change, .how = "1 hold" },
		{ .use = client_change, .how = "2" },
		{ .use = client_change, .how = "3 hold" },
		{ .use = client_change, .how = "4" },
	};
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	for (size_t i = 0; i < 4; i++) {
		uint64_t before = calls_in();

		users[i].handle = handle;
		user_start(&users[i]);
		WAIT_UNTIL(calls_in() > before);
	}
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	/* The loop serves others all the while. */
	echo_expect(client.binding, ECHO, "free", "free");
	assert_int_equal(atomic_load(&store.changes), 1);
	store_answer(0);
	WAIT_UNTIL(atomic_load(&store.held) == 2);
	assert_int_equal(atomic_load(&store.changes), 3);
	store_answer(1);
	for (size_t i = 0; i < 4; i++) {
		user_join(&users[i]);
		assert_int_equal(atomic_load(&store.order[i]), i + 1);
	}
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
readers_share_and_writers_wait_for_them(void **state)
{
	struct user users[4] = {
		{ .use = client_look, .how = "hold" },
		{ .use = client_look, .how = "hold" },
		{ .use = client_change, .how = "1" },
		{ .use = client_look, .how = "" }, /* behind the writer */
	};
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	for (size_t i = 0; i < 4; i++) {
		uint64_t before = calls_in();

		users[i].handle = handle;
		user_start(&users[i]);
		WAIT_UNTIL(calls_in() > before);
	}
	WAIT_UNTIL(atomic_load(&store.held) == 2);
	assert_int_equal(atomic_load(&held[0].handle->together), 2);
	assert_int_equal(atomic_load(&store.changes), 0);
	assert_int_equal(atomic_load(&store.looks), 2);
	store_answer(1);
	assert_int_equal(atomic_load(&store.changes), 0);
	store_answer(0);
	for (size_t i = 0; i < 4; i++)
		user_join(&users[i]);
	assert_int_equal(atomic_load(&store.changes), 1);
	assert_int_equal(atomic_load(&store.looks), 3);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
who_waits_for_what_is_closed_is_told(void **state)
{
	struct user user = { .use = client_look, .how = "" };
	struct store_handle *handle;
	struct client client;
	uint64_t before;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	becket_binding_set_next_timeout(client.binding, 300);
	assert_int_equal(client_alter(client.binding, &handle, "close hold"),
	    BECKET_S_CALL_CANCELLED);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	before = calls_in();
	user_start(&user);
	WAIT_UNTIL(calls_in() > before);
	store_answer(0);
	assert_int_equal(pthread_join(user.thread, NULL), 0);
	assert_int_equal(user.status, BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(atomic_load(&store.looks), 0);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
who_waits_too_long_never_comes_in(void **state)
{
	struct user user = { .use = client_change, .how = "1 hold" };
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = user.handle = client_open(&client);
	user_start(&user);
	WAIT_UNTIL(atomic_load(&store.held) == 1);
	becket_binding_set_next_timeout(client.binding, 300);
	assert_int_equal(client_change(client.binding, handle, "2"),
	    BECKET_S_CALL_CANCELLED);
	/* By now the server has read that it was given up. */
	echo_expect(client.binding, ECHO, "x", "x");
	store_answer(0);
	user_join(&user);
	assert_int_equal(client_change(client.binding, handle, "3"),
	    BECKET_S_OK);
	assert_int_equal(atomic_load(&store.changes), 2);
	assert_int_equal(atomic_load(&store.order[1]), 3);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

enum { THREADS = 4, CHANGES = 200 };

static void *
change_often(void *argument)
{
	struct user *user = argument;

	for (int i = 0; i < CHANGES && user->status == BECKET_S_OK; i++)
		user->status = i % 3 == 0
		                   ? client_look(NULL, user->handle, "")
		                   : client_change(NULL, user->handle, "");
	return NULL;
}

static void
many_threads_use_one_handle(void **state)
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
		                     change_often, &users[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++)
		user_join(&users[i]);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* ------------------------------------------------------------------ limits --
 */

static void
a_client_has_so_many_and_no_more(void **state)
{
	const struct becket_limits limits = { .contexts_per_association = 3 };
	struct store_handle *handles[3], *more = NULL, *others;
	struct client client, other;

	store_start(&limits);
	client = client_start(which(state), NULL);
	other = client_start(which(state), NULL);
	for (size_t i = 0; i < 3; i++)
		handles[i] = client_open(&client);
	assert_int_equal(client_open_how(client.binding, "", &more),
	    BECKET_S_OUT_OF_RESOURCES);
	assert_null(more);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_string_equal(becket_error_last()->detail,
	    "the client has as many context handles as a client may have");
	assert_int_equal(atomic_load(&store.opened), 3);
	others = client_open(&other);
	assert_int_equal(client_alter(NULL, &handles[0], "close"), BECKET_S_OK);
	more = client_open(&client);
	store_handle_context_destroy(&more);
	store_handle_context_destroy(&others);
	store_handle_context_destroy(&handles[1]);
	store_handle_context_destroy(&handles[2]);
	client_stop(&other);
	client_stop(&client);
	store_stop();
}

static void
ten_thousand_are_run_down(void **state)
{
	enum { MANY = 10000 };
	struct store_handle **handles = calloc(MANY, sizeof *handles);
	struct client client;

	assert_non_null(handles);
	store_start(NULL);
	client = client_start(which(state), NULL);
	for (size_t i = 0; i < MANY; i++)
		handles[i] = client_open(&client);
	assert_int_equal(store_count(), MANY);
	for (size_t i = 0; i < MANY; i++)
		store_handle_context_destroy(&handles[i]);
	client_stop(&client);
	WAIT_UNTIL(atomic_load(&store.run_down) == MANY);
	free(handles);
	store_stop();
}

/* ------------------------------------------------------------------- gRPC --
 */

/* A stub whose handles were another's could not say when they end. */
static void
who_names_a_session_cannot_have_the_stubs_own(void **state)
{
	struct becket_metadata *metadata;
	struct store_handle *handle = NULL;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(becket_metadata_new(client.runtime, &metadata),
	    BECKET_S_OK);
	assert_int_equal(becket_metadata_add(metadata, "becket-session", "1",
	                     1),
	    BECKET_S_OK);
	becket_binding_set_next_metadata(client.binding, metadata);
	assert_int_equal(client_open_how(client.binding, "", &handle),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_null(handle);
	handle = client_open(&client);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	becket_metadata_free(&metadata);
	client_stop(&client);
	store_stop();
}

static void
without_sessions_there_are_no_handles_over_grpc(void **state)
{
	const struct becket_server_options options = {
		.size = sizeof options,
		.without = BECKET_WITHOUT_HOLD,
	};
	struct store_handle *handle = NULL;
	struct client client, local;

	store_start_as(NULL, &options);
	client = client_start(which(state), NULL);
	local = client_start(1, NULL);
	assert_int_equal(client_open_how(client.binding, "", &handle),
	    BECKET_S_UNKNOWN_IF);
	assert_null(handle);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "becket.v1.Session/Hold"));
	handle = client_open(&local);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	client_stop(&local);
	client_stop(&client);
	store_stop();
}

/* HTTP/2 by hand: a call of Hold, and then not a word. */
static int
hold_and_be_silent(void)
{
	static const char fields[] = "\x83\x86" /* POST, http */
	                             "\4\x17/becket.v1.Session/Hold"
	                             "\x0f\x10\x10"
	                             "application/grpc"
	                             "\0\2te\x8trailers";
	static const char head[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	                           "\0\0\0\4\0\0\0\0\0"
	                           "\0\0\x3b\1\4\0\0\0\1";
	static const char message[] = "\0\0\5\0\1\0\0\0\1"
	                              "\0\0\0\0";
	int fd = raw_connect(&store.echo, 0);

	assert_int_equal(sizeof fields - 1, 0x3b);
	raw_send(fd, head, sizeof head - 1);
	raw_send(fd, fields, sizeof fields - 1);
	raw_send(fd, message, sizeof message);
	return fd;
}

/* Who answers no PING is cut off; who has said that nobody would is not. */
static void
an_idle_client_keeps_its_handles_where_servers_ask(void **state)
{
	const struct becket_limits limits = { .ping_ms = 100,
		.stall_ms = 1000 };
	struct store_handle *handle;
	struct client client;
	char bytes[4096];
	ssize_t size, all = 0;
	int fd;

	store_start(&limits);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	fd = hold_and_be_silent();
	while ((size = recv(fd, bytes, sizeof bytes, 0)) > 0)
		all += size;
	assert_int_equal(size, 0);
	assert_in_range(all, 100, 1000); /* it was told its session */
	close(fd);
	assert_int_equal(client_look(client.binding, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	client_stop(&client);
	store_stop();
}

/* ----------------------------------------------------------------- memory --
 */

/* All that a client may do with a handle; how often it went well. */
static unsigned
open_look_and_close(struct becket_runtime *runtime,
    struct becket_binding *binding)
{
	struct becket_metadata *metadata;
	struct store_handle *handle = NULL;
	unsigned well = 0;

	if (becket_metadata_new(runtime, &metadata) != BECKET_S_OK)
		return 0;
	well += becket_metadata_add(metadata, "x-a", "1", 1) == BECKET_S_OK;
	becket_binding_set_next_metadata(binding, metadata);
	well += client_open_how(binding, "", &handle) == BECKET_S_OK;
	becket_metadata_free(&metadata);
	if (handle == NULL)
		return well;
	well += client_look(binding, handle, "") == BECKET_S_OK;
	well += client_alter(NULL, &handle, "close") == BECKET_S_OK;
	store_handle_context_destroy(&handle);
	return well;
}

static void
a_client_survives_each_failed_allocation(void **state)
{
	store_use_with_failures(which(state), open_look_and_close, 4);
}

#define FOR_EACH(test) \
	{ .name = #test " (TCP)", \
		.test_func = test, \
		.initial_state = &sequences[0] }, \
	    { .name = #test " (local)", \
		    .test_func = test, \
		    .initial_state = &sequences[1] }, \
	{ \
		.name = #test " (gRPC)", .test_func = test, \
		.initial_state = &sequences[2] \
	}

int
main(void)
{
	static size_t sequences[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		FOR_EACH(a_handle_is_opened_used_and_closed),
		FOR_EACH(the_binding_handle_may_be_freed_right_after_open),
		FOR_EACH(null_goes_in_only_where_it_may_come_out),
		FOR_EACH(a_routine_may_exchange_what_the_handle_stands_for),
		FOR_EACH(deferred_calls_open_and_close),
		FOR_EACH(a_message_has_handles_of_two_types),
		FOR_EACH(handles_go_with_the_last_connection),
		FOR_EACH(an_idle_connection_stays_for_its_handles),
		FOR_EACH(a_handle_never_moves_to_another_association),
		FOR_EACH(a_handle_ends_with_its_server),
		FOR_EACH(unregistering_runs_down),
		FOR_EACH(
		    what_is_closed_while_its_interface_leaves_is_not_run_down),
		FOR_EACH(writers_come_one_after_the_other_in_order),
		FOR_EACH(readers_share_and_writers_wait_for_them),
		FOR_EACH(who_waits_for_what_is_closed_is_told),
		FOR_EACH(who_waits_too_long_never_comes_in),
		FOR_EACH(many_threads_use_one_handle),
		FOR_EACH(a_client_has_so_many_and_no_more),
		FOR_EACH(ten_thousand_are_run_down),
		FOR_EACH(a_client_survives_each_failed_allocation),
		{ .name = "who_names_a_session_cannot_have_the_stubs_own",
		    .test_func = who_names_a_session_cannot_have_the_stubs_own,
		    .initial_state = &sequences[2] },
		{ .name = "an_idle_client_keeps_its_handles_where_servers_ask",
		    .test_func =
		        an_idle_client_keeps_its_handles_where_servers_ask,
		    .initial_state = &sequences[2] },
		{ .name = "without_sessions_there_are_no_handles_over_grpc",
		    .test_func =
		        without_sessions_there_are_no_handles_over_grpc,
		    .initial_state = &sequences[2] },
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
