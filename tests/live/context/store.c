/* SPDX-License-Identifier: MIT */
#include "tests/live/context/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct store store;
struct held held[HELD_MOST];

enum { FILLER = 4096, FAILURE = 0x1234 };

/* ------------------------------------------------------------ the manager --
 */

static struct store_handle *
handle_new(void)
{
	struct store_handle *handle = calloc(1, sizeof *handle);

	assert_non_null(handle);
	handle->number = atomic_fetch_add(&store.opened, 1) + 1;
	return handle;
}

static void
handle_free(struct store_handle *handle)
{
	if (atomic_load(&handle->inside) != 0)
		atomic_fetch_add(&store.misused, 1);
	free(handle);
}

static void
run_down(struct store_handle *handle)
{
	atomic_fetch_add(&store.run_down, 1);
	handle_free(handle);
}

static void
run_down_lock(struct store_lock *lock)
{
	atomic_fetch_add(&store.run_down, 1);
	free(lock);
}

static bool
says(const char *how, const char *word)
{
	return strstr(how, word) != NULL;
}

static becket_status
hold(struct becket_call *call, struct store_handle *handle, unsigned how)
{
	unsigned index = atomic_load(&store.held);
	becket_status status = becket_call_defer(call, &held[index].token);

	assert_true(index < HELD_MOST);
	held[index].handle = handle;
	held[index].opnum = becket_call_opnum(call);
	held[index].how = how;
	atomic_fetch_add(&store.held, 1);
	return status;
}

static void
fill(const char *how, ProtobufCBinaryData *filler)
{
	static uint8_t data[FILLER];

	if (says(how, "huge"))
		*filler = (ProtobufCBinaryData){ sizeof data, data };
}

static becket_status
open_(struct becket_call *call, struct store_handle **handle,
    const Live__OpenRequest *request, Live__OpenResponse *response)
{
	assert_null(*handle);
	fill(request->how, &response->filler);
	if (says(request->how, "null"))
		return BECKET_S_OK;
	if (says(request->how, "fail")) {
		*handle = (struct store_handle *)(uintptr_t)0xdead;
		return becket_call_fail(call, FAILURE, "told to fail");
	}
	if (says(request->how, "hold"))
		return hold(call, handle_new(), ALTER_OPEN);
	*handle = handle_new();
	return BECKET_S_OK;
}

static void
enter(struct store_handle *handle)
{
	unsigned inside = atomic_fetch_add(&handle->inside, 1) + 1;

	if (inside > atomic_load(&handle->together))
		atomic_store(&handle->together, inside);
}

static void
leave(struct store_handle *handle)
{
	atomic_fetch_sub(&handle->inside, 1);
}

static becket_status
use(struct becket_call *call, struct store_handle *handle, const char *how,
    int64_t *ret_number)
{
	enter(handle);
	if (says(how, "hold"))
		return hold(call, handle, 0);
	*ret_number = handle->number;
	leave(handle);
	if (says(how, "fail"))
		return becket_call_fail(call, FAILURE, "told to fail");
	return BECKET_S_OK;
}

static becket_status
look(struct becket_call *call, struct store_handle *handle,
    const Live__UseRequest *request, Live__UseResponse *response)
{
	atomic_fetch_add(&store.looks, 1);
	return use(call, handle, request->how, &response->number);
}

/* The last word of how may be a number, to know it by. */
static becket_status
change(struct becket_call *call, struct store_handle *handle,
    const Live__UseRequest *request, Live__UseResponse *response)
{
	unsigned nth = atomic_fetch_add(&store.changes, 1);
	unsigned before = handle->changes;

	if (atomic_load(&handle->inside) != 0)
		atomic_fetch_add(&store.misused, 1);
	if (nth < sizeof store.order / sizeof store.order[0])
		atomic_store(&store.order[nth],
		    (unsigned)strtoul(request->how, NULL, 10));
	handle->changes = before + 1;
	return use(call, handle, request->how, &response->number);
}

static struct store_handle *
alter_to(struct store_handle *handle, unsigned how)
{
	switch (how) {
	case ALTER_CLOSE:
		atomic_fetch_add(&store.closed, 1);
		handle_free(handle);
		return NULL;
	case ALTER_EXCHANGE:
		atomic_fetch_add(&store.closed, 1);
		handle_free(handle);
		return handle_new();
	case ALTER_OPEN:
		return handle_new();
	default:
		return handle;
	}
}

static unsigned
alteration(const char *how)
{
	return says(how, "close")      ? ALTER_CLOSE
	       : says(how, "exchange") ? ALTER_EXCHANGE
	       : says(how, "open")     ? ALTER_OPEN
	                               : ALTER_KEEP;
}

static becket_status
alter(struct becket_call *call, struct store_handle **handle,
    const Live__AlterMessage *request, Live__AlterMessage *response)
{
	unsigned how = alteration(request->how);

	fill(request->how, &response->filler);
	if (says(request->how, "fail")) {
		*handle = NULL;
		return becket_call_fail(call, FAILURE, "told to fail");
	}
	if (says(request->how, "hold"))
		return hold(call, *handle, how);
	*handle = alter_to(*handle, how);
	return BECKET_S_OK;
}

static becket_status
seize(struct becket_call *call, struct store_handle *handle,
    struct store_lock **lock, const Live__UseRequest *request,
    Live__LockResponse *response)
{
	(void)call;
	(void)handle;
	(void)request;
	(void)response;
	*lock = malloc(1);
	assert_non_null(*lock);
	atomic_fetch_add(&store.opened, 1);
	return BECKET_S_OK;
}

static becket_status
both(struct becket_call *call, struct store_handle *handle,
    struct store_lock *lock, const Live__BothRequest *request,
    Live__UseResponse *response)
{
	(void)call;
	(void)request;
	assert_non_null(lock);
	response->number = handle->number;
	return BECKET_S_OK;
}

static becket_status
tell(struct becket_stream *stream, int64_t number)
{
	Live__UseResponse message = LIVE__USE_RESPONSE__INIT;

	message.number = number;
	return store_watch_push(stream, &message);
}

/* On a worker. */
static becket_status
watch(struct becket_call *call, struct store_handle *handle,
    const Live__UseRequest *request, struct becket_stream *stream)
{
	unsigned long most = strtoul(request->how, NULL, 10);
	becket_status status = BECKET_S_OK;

	atomic_fetch_add(&store.watches, 1);
	enter(handle);
	if (says(request->how, "hold")) {
		held[atomic_load(&store.held)].stream = stream;
		return hold(call, handle, 0);
	}
	for (unsigned long i = 0; status == BECKET_S_OK &&
	                          (i < most || says(request->how, "forever"));
	     i++)
		status = tell(stream, handle->number);
	if (status != BECKET_S_OK)
		atomic_fetch_add(&store.cut, 1);
	leave(handle);
	return status;
}

/* On a loop. */
static becket_status
follow(struct becket_call *call, struct store_handle *handle,
    const Live__UseRequest *request, struct becket_stream *stream)
{
	(void)request;
	atomic_fetch_add(&store.watches, 1);
	enter(handle);
	held[atomic_load(&store.held)].stream = stream;
	return hold(call, handle, 0);
}

static becket_status
pull_all(struct becket_stream *stream, char *ret_how, size_t size)
{
	Live__OpenRequest *piece;
	becket_status status;

	while ((status = store_fill_pull(stream, &piece)) == BECKET_S_OK) {
		snprintf(ret_how, size, "%s", piece->how);
		live_open_request_free(piece);
	}
	return status;
}

static becket_status
fill_one(struct becket_call *call, struct store_handle **handle,
    struct becket_stream *stream, Live__OpenResponse *response)
{
	char how[16] = "";
	Live__OpenRequest request = LIVE__OPEN_REQUEST__INIT;
	becket_status status = pull_all(stream, how, sizeof how);

	if (status != BECKET_X_PIPE_EMPTY)
		return status;
	request.how = how;
	return open_(call, handle, &request, response);
}

static const struct store_epv epv = {
	.open = open_,
	.look = look,
	.change = change,
	.alter = alter,
	.seize = seize,
	.both = both,
	.watch = watch,
	.follow = follow,
	.fill = fill_one,
	.store_handle_rundown = run_down,
	.store_lock_rundown = run_down_lock,
};

static const struct other_epv other_epv = {
	.open = open_,
	.look = look,
	.store_handle_rundown = run_down,
};

void
store_answer(unsigned index)
{
	const Live__UseResponse used = LIVE__USE_RESPONSE__INIT;
	const Live__AlterMessage altered = LIVE__ALTER_MESSAGE__INIT;
	const Live__OpenResponse opened = LIVE__OPEN_RESPONSE__INIT;
	const struct held *one = &held[index];
	becket_status status;

	switch (one->opnum) {
	case 0:
		status = store_open_answer(one->token, BECKET_S_OK, one->handle,
		    &opened);
		break;
	case 1:
		leave(one->handle);
		status = store_look_answer(one->token, BECKET_S_OK, &used);
		break;
	case 2:
		leave(one->handle);
		status = store_change_answer(one->token, BECKET_S_OK, &used);
		break;
	case 6:
		leave(one->handle);
		status = store_watch_answer(one->token, BECKET_S_OK);
		break;
	case 7:
		leave(one->handle);
		status = store_follow_answer(one->token, BECKET_S_OK);
		break;
	case 8:
		status = store_fill_answer(one->token, BECKET_S_OK, one->handle,
		    &opened);
		break;
	default:
		status = store_alter_answer(one->token, BECKET_S_OK,
		    alter_to(one->handle, one->how), &altered);
		break;
	}
	assert_int_equal(status, BECKET_S_OK);
}

becket_status
store_push(unsigned index, int64_t number)
{
	Live__UseResponse message = LIVE__USE_RESPONSE__INIT;

	message.number = number;
	if (held[index].opnum == 6)
		return store_watch_push(held[index].stream, &message);
	return store_follow_push(held[index].stream, &message);
}

/* ------------------------------------------------------------- the server --
 */

void
store_start_as(const struct becket_limits *limits,
    const struct becket_server_options *options)
{
	memset(&store, 0, sizeof store);
	echo_open_as(&store.echo, limits, options);
	assert_int_equal(becket_server_listen(store.echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(store_register(store.echo.server, NULL, &epv, 0),
	    BECKET_S_OK);
	assert_int_equal(other_register(store.echo.server, NULL, &other_epv, 0),
	    BECKET_S_OK);
}

void
store_start(const struct becket_limits *limits)
{
	store_start_as(limits, NULL);
}

unsigned
store_count(void)
{
	return becket_server_inq_contexts(store.echo.server, NULL, NULL);
}

unsigned
store_left(void)
{
	return atomic_load(&store.opened) - atomic_load(&store.closed) -
	       atomic_load(&store.run_down);
}

void
store_stop(void)
{
	WAIT_UNTIL(store_left() == 0);
	assert_int_equal(store_count(), 0);
	echo_stop(&store.echo);
	assert_int_equal(store_left(), 0);
	assert_int_equal(atomic_load(&store.misused), 0);
}

/* ---------------------------------------------------------------- clients --
 */

struct client
client_start(size_t which, const struct becket_limits *limits)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = limits,
		.ncalrpc_dir = store.echo.dir,
	};
	struct client client;

	assert_int_equal(becket_runtime_new(&options, &client.runtime),
	    BECKET_S_OK);
	if (echo_equip != NULL)
		assert_int_equal(echo_equip(client.runtime), BECKET_S_OK);
	assert_int_equal(becket_binding_from_string_binding(client.runtime,
	                     store.echo.addresses[which], &client.binding),
	    BECKET_S_OK);
	return client;
}

void
client_stop(struct client *client)
{
	becket_binding_free(&client->binding);
	becket_runtime_free(client->runtime);
}

becket_status
client_open_how(struct becket_binding *binding, const char *how,
    struct store_handle **ret_handle)
{
	Live__OpenRequest request = LIVE__OPEN_REQUEST__INIT;
	Live__OpenResponse *response;
	becket_status status;

	request.how = (char *)(uintptr_t)how;
	status = store_open(binding, ret_handle, &request, &response);
	if (status == BECKET_S_OK)
		live_open_response_free(response);
	return status;
}

struct store_handle *
client_open(struct client *client)
{
	struct store_handle *handle = NULL;
	becket_status status = client_open_how(client->binding, "", &handle);

	if (status != BECKET_S_OK)
		print_error("%s\n", becket_error_last()->sentence);
	assert_int_equal(status, BECKET_S_OK);
	assert_non_null(handle);
	return handle;
}

static becket_status
client_use(struct becket_binding *binding, struct store_handle *handle,
    const char *how,
    becket_status stub(struct becket_binding *, struct store_handle *,
        const Live__UseRequest *, Live__UseResponse **))
{
	Live__UseRequest request = LIVE__USE_REQUEST__INIT;
	Live__UseResponse *response;
	becket_status status;

	request.how = (char *)(uintptr_t)how;
	status = stub(binding, handle, &request, &response);
	if (status == BECKET_S_OK)
		live_use_response_free(response);
	return status;
}

becket_status
client_look(struct becket_binding *binding, struct store_handle *handle,
    const char *how)
{
	return client_use(binding, handle, how, store_look);
}

becket_status
client_change(struct becket_binding *binding, struct store_handle *handle,
    const char *how)
{
	return client_use(binding, handle, how, store_change);
}

becket_status
client_alter(struct becket_binding *binding, struct store_handle **handle,
    const char *how)
{
	Live__AlterMessage request = LIVE__ALTER_MESSAGE__INIT, *response;
	becket_status status;

	request.how = (char *)(uintptr_t)how;
	status = store_alter(binding, handle, &request, &response);
	if (status == BECKET_S_OK)
		live_alter_message_free(response);
	return status;
}

/* ----------------------------------------------------------------- memory --
 */

/* A memory function that fails once. */
struct scarce {
	size_t fail_at, count, blocks;
	bool failed;
};

static void *
scarce_resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct scarce *scarce = user;

	if (new_size == 0) {
		scarce->blocks--;
		free(old);
		return NULL;
	}
	if (new_size > old_size && scarce->count++ == scarce->fail_at) {
		scarce->failed = true;
		return NULL;
	}
	scarce->blocks += old == NULL;
	return realloc(old, new_size);
}

static unsigned
use_scarcely(struct scarce *scarce, size_t which, store_use *work)
{
	struct becket_runtime_options options = {
		.size = sizeof options,
		.memory = { scarce_resize, scarce },
		.ncalrpc_dir = store.echo.dir,
	};
	struct becket_binding *binding = NULL;
	struct becket_runtime *runtime;
	unsigned well = 0;

	if (becket_runtime_new(&options, &runtime) != BECKET_S_OK)
		return 0;
	if (echo_equip(runtime) == BECKET_S_OK &&
	    becket_binding_from_string_binding(runtime,
	        store.echo.addresses[which], &binding) == BECKET_S_OK)
		well = work(runtime, binding);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	return well;
}

void
store_use_with_failures(size_t which, store_use *work, unsigned all)
{
	bool failed = true;
	unsigned well = 0;

	store_start(NULL);
	for (size_t n = 0; failed; n++) {
		struct scarce scarce = { .fail_at = n };

		well = use_scarcely(&scarce, which, work);
		assert_int_equal(scarce.blocks, 0);
		WAIT_UNTIL(store_left() == 0);
		failed = scarce.failed;
	}
	assert_int_equal(well, all);
	store_stop();
}
