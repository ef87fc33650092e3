/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "io/client_context.h"
#include "tests/live/context/store.h"

/*
 * Context handles in calls that nobody waits for. Every test is run for each
 * protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct becket_async
open_start(struct becket_binding *binding, const char *how)
{
	Live__OpenRequest request = LIVE__OPEN_REQUEST__INIT;
	struct becket_async async = { 0 };

	request.how = (char *)(uintptr_t)how;
	assert_int_equal(store_open_start(binding, &request, &async),
	    BECKET_S_OK);
	return async;
}

static becket_status
open_finish(struct becket_async *async, struct store_handle **ret_handle)
{
	Live__OpenResponse *response;
	becket_status status;

	(void)!becket_async_wait(async, BECKET_FOREVER);
	status = store_open_finish(async, ret_handle, &response);
	if (status == BECKET_S_OK)
		live_open_response_free(response);
	return status;
}

static struct becket_async
look_start(struct store_handle *handle, const char *how)
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;
	struct becket_async async = { 0 };

	request.how = (char *)(uintptr_t)how;
	assert_int_equal(store_look_start(NULL, handle, &request, &async),
	    BECKET_S_OK);
	return async;
}

static becket_status
look_finish(struct becket_async *async)
{
	Live__UseResponse *response;
	becket_status status;

	(void)!becket_async_wait(async, BECKET_FOREVER);
	status = store_look_finish(async, &response);
	if (status == BECKET_S_OK)
		live_use_response_free(response);
	return status;
}

static struct becket_async
alter_start(struct becket_binding *binding, struct store_handle *handle,
    const char *how)
{
	Live__AlterMessage request = LIVE__ALTER_MESSAGE__INIT;
	struct becket_async async = { 0 };

	request.how = (char *)(uintptr_t)how;
	assert_int_equal(store_alter_start(binding, handle, &request, &async),
	    BECKET_S_OK);
	return async;
}

static becket_status
alter_finish(struct becket_async *async, struct store_handle **handle)
{
	Live__AlterMessage *response;
	becket_status status;

	(void)!becket_async_wait(async, BECKET_FOREVER);
	status = store_alter_finish(async, handle, &response);
	if (status == BECKET_S_OK)
		live_alter_message_free(response);
	return status;
}

/* The calls of a runtime go on while somebody waits for one. */
#define DRIVE_UNTIL(async, condition) \
	do { \
		unsigned patience = 20000; \
		while (!(condition) && --patience > 0) \
			(void)!becket_async_wait(async, 1); \
		assert_true(condition); \
	} while (0)

/* ------------------------------------------------------- open, use, close --
 */

static void
a_handle_is_opened_used_and_closed(void **state)
{
	struct store_handle *handle = NULL, *same;
	struct becket_async async, again;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "");
	assert_int_equal(open_finish(&async, &handle), BECKET_S_OK);
	assert_non_null(handle);
	same = handle;
	async = look_start(handle, "");
	again = look_start(handle, "");
	assert_int_equal(look_finish(&again), BECKET_S_OK);
	assert_int_equal(look_finish(&async), BECKET_S_OK);
	async = alter_start(NULL, handle, "exchange");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_ptr_equal(handle, same);
	/* Those that wait, and those that do not, are the same handles. */
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	async = alter_start(NULL, handle, "close");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_null(handle);
	assert_int_equal(store_count(), 0);
	assert_int_equal(atomic_load(&store.run_down), 0);
	client_stop(&client);
	store_stop();
}

static void
null_goes_in_only_where_it_may_come_out(void **state)
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;
	struct store_handle *handle = NULL;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(store_look_start(client.binding, NULL, &request,
	                     &async),
	    BECKET_X_SS_IN_NULL_CONTEXT);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_int_equal(store_look_start(NULL, NULL, &request, &async),
	    BECKET_X_SS_IN_NULL_CONTEXT);
	async = alter_start(client.binding, NULL, "open");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_non_null(handle);
	async = alter_start(NULL, handle, "close");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_null(handle);
	async = alter_start(client.binding, NULL, "keep");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

static void
the_binding_handle_may_be_freed_at_once(void **state)
{
	struct store_handle *handle = NULL;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "");
	becket_binding_free(&client.binding);
	assert_int_equal(open_finish(&async, &handle), BECKET_S_OK);
	async = alter_start(NULL, handle, "close");
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

/* Also with one session over gRPC, which the first of them opens. */
static void
many_are_opened_at_once(void **state)
{
	enum { MANY = 50 };
	struct store_handle *handles[MANY] = { NULL };
	struct becket_async asyncs[MANY];
	struct client client;
	uint32_t group;

	store_start(NULL);
	client = client_start(which(state), NULL);
	for (size_t i = 0; i < MANY; i++)
		asyncs[i] = open_start(client.binding, "");
	for (size_t i = MANY; i-- > 0;)
		assert_int_equal(open_finish(&asyncs[i], &handles[i]),
		    BECKET_S_OK);
	assert_int_equal(store_count(), MANY);
	group = ((struct client_context *)(void *)handles[0])->group;
	assert_int_not_equal(group, 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(((struct client_context *)(void *)handles[i])
		                     ->group,
		    group);
		store_handle_context_destroy(&handles[i]);
	}
	client_stop(&client);
	store_stop();
}

static void
what_is_not_of_the_call_is_refused(void **state)
{
	Live__UseRequest use = LIVE__USE_REQUEST__INIT;
	Live__OpenRequest open = LIVE__OPEN_REQUEST__INIT;
	Live__LockResponse *locked;
	Live__UseResponse *response;
	struct store_handle *handle = NULL;
	struct store_lock *lock = NULL;
	struct becket_async async;
	struct client client;
	void *reply;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(becket_stub_start(client.binding, &store_v1_interface,
	                     0, &open, &async),
	    BECKET_S_INVALID_ARG);
	async = open_start(client.binding, "");
	assert_int_equal(becket_stub_finish(&async, &store_v1_interface, 0,
	                     &reply),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(store_look_finish(&async, &response),
	    BECKET_S_INVALID_ASYNC_CALL);
	assert_int_equal(open_finish(&async, &handle), BECKET_S_OK);
	assert_int_equal(store_seize_start(NULL, handle, &use, &async),
	    BECKET_S_OK);
	(void)!becket_async_wait(&async, BECKET_FOREVER);
	assert_int_equal(store_seize_finish(&async, &lock, &locked),
	    BECKET_S_OK);
	live_lock_response_free(locked);
	assert_int_equal(store_look_start(NULL,
	                     (struct store_handle *)(void *)lock, &use, &async),
	    BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	store_handle_context_destroy(&handle);
	store_lock_context_destroy(&lock);
	client_stop(&client);
	store_stop();
}

/* ------------------------------------------------------- two on one handle --
 */

/* The server keeps, and then closes; who asks first how it went does not
 * matter.
 */
static void
keep_and_close(size_t which, bool close_first)
{
	struct store_handle *handle, *kept, *closed;
	struct becket_async keep, close;
	struct client client;

	store_start(NULL);
	client = client_start(which, NULL);
	handle = client_open(&client);
	keep = alter_start(NULL, handle, "keep hold");
	close = alter_start(NULL, handle, "close");
	DRIVE_UNTIL(&keep, atomic_load(&store.held) == 1);
	store_answer(0);
	kept = closed = handle;
	if (close_first) {
		assert_int_equal(alter_finish(&close, &closed), BECKET_S_OK);
		assert_int_equal(alter_finish(&keep, &kept), BECKET_S_OK);
		assert_null(kept);
	} else {
		assert_int_equal(alter_finish(&keep, &kept), BECKET_S_OK);
		assert_ptr_equal(kept, handle);
		assert_int_equal(alter_finish(&close, &closed), BECKET_S_OK);
	}
	assert_null(closed);
	client_stop(&client);
	store_stop();
}

static void
two_calls_on_one_handle_end_in_any_order(void **state)
{
	keep_and_close(which(state), false);
	keep_and_close(which(state), true);
}

static void
who_comes_behind_a_close_is_told(void **state)
{
	struct store_handle *handle;
	struct becket_async close, late;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	close = alter_start(NULL, handle, "close hold");
	DRIVE_UNTIL(&close, atomic_load(&store.held) == 1);
	late = look_start(handle, "");
	store_answer(0);
	assert_int_equal(alter_finish(&close, &handle), BECKET_S_OK);
	assert_null(handle);
	assert_int_equal(look_finish(&late), BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_int_equal(atomic_load(&store.looks), 0);
	client_stop(&client);
	store_stop();
}

static void
what_is_destroyed_meanwhile_comes_out_as_null(void **state)
{
	struct store_handle *handle, *after;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	after = handle = client_open(&client);
	async = alter_start(NULL, handle, "keep hold");
	DRIVE_UNTIL(&async, atomic_load(&store.held) == 1);
	store_handle_context_destroy(&handle);
	store_answer(0);
	assert_int_equal(alter_finish(&async, &after), BECKET_S_OK);
	assert_null(after);
	assert_int_equal(store_count(), 1);
	client_stop(&client);
	store_stop();
	assert_int_equal(atomic_load(&store.run_down), 1);
}

enum { THREADS = 6, TURNS = 30 };

struct crowd {
	pthread_barrier_t started;
	struct store_handle *handle;
};

/* Some keep it, one closes it, and all ask at the same time. */
static void *
alter_in_crowd(void *argument)
{
	struct crowd *crowd = argument;
	struct store_handle *handle = crowd->handle;
	struct becket_async async;
	becket_status status;

	async = alter_start(NULL, handle, "keep");
	pthread_barrier_wait(&crowd->started);
	status = alter_finish(&async, &handle);
	if (status != BECKET_X_SS_CONTEXT_MISMATCH)
		assert_int_equal(status, BECKET_S_OK);
	return NULL;
}

static void
close_in_crowd(struct client *client)
{
	struct crowd crowd = { .handle = client_open(client) };
	struct store_handle *handle = crowd.handle;
	pthread_t threads[THREADS];
	struct becket_async async;

	pthread_barrier_init(&crowd.started, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                     alter_in_crowd, &crowd),
		    0);
	async = alter_start(NULL, crowd.handle, "close");
	pthread_barrier_wait(&crowd.started);
	assert_int_equal(alter_finish(&async, &handle), BECKET_S_OK);
	assert_null(handle);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&crowd.started);
}

static void
many_threads_have_calls_on_one_handle(void **state)
{
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	for (size_t i = 0; i < TURNS; i++)
		close_in_crowd(&client);
	assert_int_equal(atomic_load(&store.closed), TURNS);
	client_stop(&client);
	store_stop();
}

/* ---------------------------------------------------------- cut off early --
 */

static void
a_cancelled_call_leaves_the_handle_as_it_was(void **state)
{
	struct store_handle *handle, *before;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	before = handle = client_open(&client);
	async = alter_start(NULL, handle, "keep hold");
	DRIVE_UNTIL(&async, atomic_load(&store.held) == 1);
	assert_int_equal(becket_async_cancel(&async, true), BECKET_S_OK);
	assert_int_equal(alter_finish(&async, &handle),
	    BECKET_S_CALL_CANCELLED);
	assert_ptr_equal(handle, before);
	store_answer(0);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(client_alter(NULL, &handle, "close"), BECKET_S_OK);
	client_stop(&client);
	store_stop();
}

static void
who_waits_for_a_handle_may_give_up(void **state)
{
	struct store_handle *handle, *another = NULL;
	struct becket_async inside, outside, other;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	inside = alter_start(NULL, handle, "keep hold");
	DRIVE_UNTIL(&inside, atomic_load(&store.held) == 1);
	outside = look_start(handle, "");
	assert_int_equal(becket_async_cancel(&outside, false), BECKET_S_OK);
	assert_int_equal(look_finish(&outside), BECKET_S_CALL_CANCELLED);
	/* By now the server has read that. */
	other = open_start(client.binding, "");
	assert_int_equal(open_finish(&other, &another), BECKET_S_OK);
	store_answer(0);
	assert_int_equal(alter_finish(&inside, &handle), BECKET_S_OK);
	assert_int_equal(atomic_load(&store.looks), 0);
	store_handle_context_destroy(&another);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* Nobody has its handle, so it goes with the association. */
static void
what_is_opened_and_never_taken_is_run_down(void **state)
{
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "");
	assert_int_equal(becket_async_wait(&async, BECKET_FOREVER),
	    BECKET_S_OK);
	assert_int_equal(store_count(), 1);
	becket_async_abort(&async);
	client_stop(&client);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	store_stop();
}

static void
a_call_that_is_aborted_opens_nothing(void **state)
{
	struct store_handle *handle = NULL;
	struct becket_async async, other;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "hold");
	DRIVE_UNTIL(&async, atomic_load(&store.held) == 1);
	becket_async_abort(&async);
	/* By now the server has read that. */
	other = open_start(client.binding, "");
	assert_int_equal(open_finish(&other, &handle), BECKET_S_OK);
	store_answer(0);
	WAIT_UNTIL(atomic_load(&store.run_down) == 1);
	assert_int_equal(store_count(), 1);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

/* Over gRPC it is the one that opens the session for all. */
static void
the_first_may_give_up_before_the_others(void **state)
{
	struct store_handle *handle = NULL, *next = NULL;
	struct becket_async first, second, third;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	first = open_start(client.binding, "");
	second = open_start(client.binding, "");
	third = open_start(client.binding, "");
	becket_async_abort(&first);
	assert_int_equal(open_finish(&second, &handle), BECKET_S_OK);
	assert_int_equal(open_finish(&third, &next), BECKET_S_OK);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	store_handle_context_destroy(&next);
	client_stop(&client);
	store_stop();
}

/* Nobody drives the first one, over gRPC the one that opens the session, but
 * who waits for the second.
 */
static void
a_call_that_waits_goes_on_beside_one_that_does_not(void **state)
{
	struct store_handle *handle, *other = NULL;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "");
	handle = client_open(&client);
	assert_int_equal(open_finish(&async, &other), BECKET_S_OK);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	assert_int_equal(client_look(NULL, other, ""), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	store_handle_context_destroy(&other);
	client_stop(&client);
	store_stop();
}

/* -------------------------------------------------------- the association --
 */

static void
restart(const char *address)
{
	assert_int_equal(becket_server_stop(store.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(store.echo.server), BECKET_S_OK);
	assert_int_equal(store_left(), 0);
	assert_int_equal(becket_server_use_string_binding(store.echo.server,
	                     address),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(store.echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static void
expect_ended(struct store_handle *handle)
{
	struct becket_async async = look_start(handle, "");

	assert_int_equal(look_finish(&async), BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "it belongs to has ended"));
}

static void
a_handle_ends_with_its_server(void **state)
{
	struct store_handle *handle, *next = NULL;
	struct becket_async async, open;
	struct client client;
	char address[128];

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	/* gRPC comes through the port of DCE/RPC. */
	snprintf(address, sizeof address, "%s",
	    store.echo.addresses[which(state) % 2]);
	restart(address);
	expect_ended(handle);
	/* On a line that founds another group meanwhile. */
	open = open_start(client.binding, "");
	async = look_start(handle, "");
	assert_int_equal(look_finish(&async), BECKET_X_SS_CONTEXT_MISMATCH);
	assert_int_equal(open_finish(&open, &next), BECKET_S_OK);
	assert_int_equal(client_look(client.binding, next, ""), BECKET_S_OK);
	expect_ended(handle);
	assert_int_equal(atomic_load(&store.looks), 1);
	store_handle_context_destroy(&handle);
	store_handle_context_destroy(&next);
	client_stop(&client);
	store_stop();
}

/* Nobody is there any more, and no other server is asked. */
static void
a_handle_ends_with_its_server_for_good(void **state)
{
	struct store_handle *handle;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	handle = client_open(&client);
	assert_int_equal(becket_server_stop(store.echo.server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(store.echo.server), BECKET_S_OK);
	expect_ended(handle);
	store_handle_context_destroy(&handle);
	client_stop(&client);
	store_stop();
}

static void
an_idle_connection_stays_for_a_call_that_opens(void **state)
{
	const struct becket_limits limits = { .linger_ms = 1 };
	struct becket_binding *elsewhere;
	struct store_handle *handle = NULL;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), &limits);
	async = open_start(client.binding, "");
	assert_int_equal(becket_async_wait(&async, BECKET_FOREVER),
	    BECKET_S_OK);
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
	assert_int_equal(open_finish(&async, &handle), BECKET_S_OK);
	assert_int_equal(client_look(NULL, handle, ""), BECKET_S_OK);
	store_handle_context_destroy(&handle);
	becket_binding_free(&elsewhere);
	client_stop(&client);
	store_stop();
}

/* ------------------------------------------------------------ a user's loop --
 */

struct errand {
	struct becket_runtime *runtime;
	struct store_handle *handle;
	unsigned step;
};

static void go_on(void *user, struct becket_async *async);

static void
begin_step(struct errand *errand, struct becket_async async)
{
	assert_int_equal(becket_async_set_callback(&async, go_on, errand),
	    BECKET_S_OK);
}

static void
go_on(void *user, struct becket_async *async)
{
	struct errand *errand = user;

	switch (errand->step++) {
	case 0:
		assert_int_equal(open_finish(async, &errand->handle),
		    BECKET_S_OK);
		begin_step(errand, look_start(errand->handle, ""));
		break;
	case 1:
		assert_int_equal(look_finish(async), BECKET_S_OK);
		begin_step(errand, alter_start(NULL, errand->handle, "close"));
		break;
	default:
		assert_int_equal(alter_finish(async, &errand->handle),
		    BECKET_S_OK);
		assert_null(errand->handle);
		break;
	}
}

static void
a_loop_of_ones_own_opens_uses_and_closes(void **state)
{
	struct errand errand = { 0 };
	struct client client;
	unsigned patience = 20000;

	store_start(NULL);
	client = client_start(which(state), NULL);
	begin_step(&errand, open_start(client.binding, ""));
	while (becket_runtime_process(client.runtime) && --patience > 0) {
		struct pollfd p = { becket_runtime_fd(client.runtime),
			becket_runtime_events(client.runtime), 0 };

		(void)poll(&p, 1, becket_runtime_timeout(client.runtime));
	}
	assert_int_equal(errand.step, 3);
	client_stop(&client);
	store_stop();
}

/* ------------------------------------------------------------------- gRPC --
 */

/* Connections are made, and nobody says a word. */
static int
listen_and_be_silent(char *ret_address, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length),
	    0);
	snprintf(ret_address, size, "grpc_ip_tcp:127.0.0.1[%u]",
	    ntohs(address.sin_port));
	return fd;
}

static struct becket_binding *
bind_to(struct client *client, const char *address)
{
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(client->runtime,
	                     address, &binding),
	    BECKET_S_OK);
	return binding;
}

static void
start_does_not_wait_for_the_session(void **state)
{
	struct store_handle *handle = NULL, *good = NULL;
	struct becket_binding *silent;
	struct becket_async async, next, well;
	struct client client;
	char address[64];
	int fd = listen_and_be_silent(address, sizeof address);

	store_start(NULL);
	client = client_start(which(state), NULL);
	silent = bind_to(&client, address);
	becket_binding_set_next_timeout(silent, 100);
	async = open_start(silent, "");
	next = open_start(silent, "");
	assert_int_equal(becket_async_poll(&async),
	    BECKET_S_ASYNC_CALL_PENDING);
	/* Others go on. */
	well = open_start(client.binding, "");
	assert_int_equal(open_finish(&well, &good), BECKET_S_OK);
	assert_int_equal(open_finish(&async, &handle), BECKET_S_CALL_CANCELLED);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "becket.v1.Session/Hold"));
	assert_null(handle);
	/* The next one tries again, and is given up with all it has begun. */
	assert_int_equal(becket_async_poll(&next), BECKET_S_ASYNC_CALL_PENDING);
	becket_async_abort(&next);
	store_handle_context_destroy(&good);
	becket_binding_free(&silent);
	client_stop(&client);
	close(fd);
	store_stop();
}

static void
a_session_that_cannot_be_held_is_told(void **state)
{
	const struct becket_server_options options = {
		.size = sizeof options,
		.without = BECKET_WITHOUT_HOLD,
	};
	struct store_handle *handle = NULL;
	struct becket_async async, next;
	struct client client;

	store_start_as(NULL, &options);
	client = client_start(which(state), NULL);
	async = open_start(client.binding, "");
	next = open_start(client.binding, "");
	assert_int_equal(open_finish(&async, &handle), BECKET_S_UNKNOWN_IF);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_non_null(
	    strstr(becket_error_last()->sentence, "becket.v1.Session/Hold"));
	assert_int_equal(open_finish(&next, &handle), BECKET_S_UNKNOWN_IF);
	assert_null(handle);
	client_stop(&client);
	store_stop();
}

static void
who_names_a_session_cannot_have_the_stubs_own(void **state)
{
	struct becket_metadata *metadata;
	struct store_handle *handle = NULL;
	struct becket_async async;
	struct client client;

	store_start(NULL);
	client = client_start(which(state), NULL);
	assert_int_equal(becket_metadata_new(client.runtime, &metadata),
	    BECKET_S_OK);
	assert_int_equal(becket_metadata_add(metadata, "becket-session", "1",
	                     1),
	    BECKET_S_OK);
	becket_binding_set_next_metadata(client.binding, metadata);
	async = open_start(client.binding, "");
	assert_int_equal(open_finish(&async, &handle), BECKET_S_INVALID_ARG);
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_null(handle);
	becket_metadata_free(&metadata);
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
	Live__OpenRequest open = LIVE__OPEN_REQUEST__INIT;
	Live__UseRequest use = LIVE__USE_REQUEST__INIT;
	Live__AlterMessage alter = LIVE__ALTER_MESSAGE__INIT;
	struct store_handle *handle = NULL;
	struct becket_async async;
	unsigned well = 0;

	(void)runtime;
	alter.how = (char *)(uintptr_t) "close";
	if (store_open_start(binding, &open, &async) == BECKET_S_OK)
		well += open_finish(&async, &handle) == BECKET_S_OK;
	if (handle == NULL)
		return well;
	if (store_look_start(binding, handle, &use, &async) == BECKET_S_OK)
		well += look_finish(&async) == BECKET_S_OK;
	if (store_alter_start(NULL, handle, &alter, &async) == BECKET_S_OK)
		well += alter_finish(&async, &handle) == BECKET_S_OK;
	store_handle_context_destroy(&handle);
	return well;
}

static void
a_client_survives_each_failed_allocation(void **state)
{
	store_use_with_failures(which(state), open_look_and_close, 3);
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
		FOR_EACH(a_handle_is_opened_used_and_closed),
		FOR_EACH(null_goes_in_only_where_it_may_come_out),
		FOR_EACH(the_binding_handle_may_be_freed_at_once),
		FOR_EACH(many_are_opened_at_once),
		FOR_EACH(what_is_not_of_the_call_is_refused),
		FOR_EACH(two_calls_on_one_handle_end_in_any_order),
		FOR_EACH(who_comes_behind_a_close_is_told),
		FOR_EACH(what_is_destroyed_meanwhile_comes_out_as_null),
		FOR_EACH(many_threads_have_calls_on_one_handle),
		FOR_EACH(a_cancelled_call_leaves_the_handle_as_it_was),
		FOR_EACH(who_waits_for_a_handle_may_give_up),
		FOR_EACH(what_is_opened_and_never_taken_is_run_down),
		FOR_EACH(a_call_that_is_aborted_opens_nothing),
		FOR_EACH(the_first_may_give_up_before_the_others),
		FOR_EACH(a_call_that_waits_goes_on_beside_one_that_does_not),
		FOR_EACH(a_handle_ends_with_its_server),
		FOR_EACH(a_handle_ends_with_its_server_for_good),
		FOR_EACH(an_idle_connection_stays_for_a_call_that_opens),
		FOR_EACH(a_loop_of_ones_own_opens_uses_and_closes),
		FOR_EACH(a_client_survives_each_failed_allocation),
		ONE(start_does_not_wait_for_the_session, "", 2),
		ONE(a_session_that_cannot_be_held_is_told, "", 2),
		ONE(who_names_a_session_cannot_have_the_stubs_own, "", 2),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("context_async", tests, NULL, NULL);
}
