/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include <stdio.h>
#include <string.h>

#include "base/allocate.h"
#include "io/clock.h"

/* ----------------------------------------------------------- new, free -- */

/* false: nobody will look into the mailbox any more. */
static bool
mail(struct call_host *host, struct becket_call *call)
{
	struct becket_server *server = host->server;
	struct mailbox *mailbox = &server->mailbox;
	bool is_open, was_empty;

	pthread_mutex_lock(&mailbox->lock);
	is_open = mailbox->is_open;
	was_empty = list_is_empty(&mailbox->calls);
	if (is_open)
		list_append(&mailbox->calls, &call->node);
	pthread_mutex_unlock(&mailbox->lock);
	if (is_open && was_empty)
		loop_wake(&server->loop);
	return is_open;
}

static void
post(struct call_host *host, struct becket_call *call)
{
	call->is_answered = true;
	if (mail(host, call))
		return;
	server_log_call(host->server, call);
	becket_call_free(call);
}

static struct becket_call *
next_mail(struct mailbox *mailbox)
{
	struct becket_call *call = NULL;

	pthread_mutex_lock(&mailbox->lock);
	if (!list_is_empty(&mailbox->calls)) {
		call =
		    container_of(mailbox->calls.next, struct becket_call, node);
		list_remove(&call->node);
	}
	pthread_mutex_unlock(&mailbox->lock);
	return call;
}

/* conn NULL: it is gone. */
static void
deliver_one(struct becket_server *server, struct conn *conn,
    struct becket_call *call)
{
	if (conn == NULL) {
		if (call->is_answered)
			server_log_call(server, call);
		becket_call_free(call);
	} else if (call->is_answered) {
		conn_answer(conn, call);
	} else {
		conn_resume(conn, call);
	}
}

static void
run_down(struct managers *managers)
{
	contexts_sweep(
	    &container_of(managers, struct becket_server, managers)->contexts);
}

/* A call that is freed may make place for another, which is mail, too. */
static void
deliver(struct loop *loop)
{
	struct becket_server *server =
	    container_of(loop, struct becket_server, loop);
	struct becket_call *call;
	struct list dirty;

	registrar_look(&server->registrar);
	list_init(&dirty);
	while ((call = next_mail(&server->mailbox)) != NULL) {
		struct conn *conn = idmap_get(&server->conn_ids, call->conn);

		deliver_one(server, conn, call);
		if (conn == NULL)
			continue;
		list_remove(&conn->dirty);
		list_append(&dirty, &conn->dirty);
	}
	while (!list_is_empty(&dirty))
		conn_flush(container_of(dirty.next, struct conn, dirty));
}

static becket_status
take_options(const struct becket_server_options *given,
    struct becket_server_options *ret_options)
{
	struct becket_server_options options = { 0 };

	if (given != NULL && given->size < sizeof given->size)
		return BECKET_S_INVALID_ARG;
	if (given != NULL)
		memcpy(&options, given,
		    given->size < sizeof options ? given->size
		                                 : sizeof options);
	*ret_options = options;
	return BECKET_S_OK;
}

enum { USUAL_WORKERS = 4, MOST_WORKERS = 1024 };

static becket_status
init_workers(struct becket_server *server, int asked)
{
	uint32_t count = asked < 0 ? 0 : (uint32_t)asked;

	if (count > MOST_WORKERS)
		return BECKET_S_INVALID_ARG;
	return workers_init(&server->workers, &server->runtime->memory,
	    &server->loop, asked == 0 ? USUAL_WORKERS : count,
	    server->limits.worker_queue);
}

static void
init_plain(struct becket_server *server)
{
	const struct becket_memory *memory = &server->runtime->memory;

	list_init(&server->conns);
	list_init(&server->graveyard);
	list_init(&server->listeners);
	list_init(&server->retired);
	list_init(&server->mailbox.calls);
	pthread_mutex_init(&server->mailbox.lock, NULL);
	pthread_mutex_init(&server->listeners_lock, NULL);
	pthread_mutex_init(&server->state_lock, NULL);
	pthread_mutex_init(&server->auto_lock, NULL);
	pthread_cond_init(&server->state_changed, NULL);
	timer_init(&server->resume, server_resume);
	timer_init(&server->drained, server_cut);
	managers_init(&server->managers, memory, server->limits.interfaces);
	objects_init(&server->objects, memory, server->limits.objects);
	tokens_init(&server->tokens, memory, server->limits.deferred_calls);
	server->conn_ids = idmap_empty(memory, server->limits.connections);
	server->associations =
	    associations_empty(memory, server->limits.associations);
	server->host = (struct call_host){
		.memory = memory,
		.limits = &server->limits,
		.managers = &server->managers,
		.objects = &server->objects,
		.tokens = &server->tokens,
		.contexts = &server->contexts,
		.server = server,
		.now = clock_now,
		.post = post,
		.resume = mail,
		.entropy = runtime_entropy,
	};
	contexts_init(&server->contexts, &server->host,
	    server->limits.contexts);
	server->managers.removed = run_down;
}

becket_status
becket_server_new(struct becket_runtime *runtime,
    const struct becket_server_options *given,
    struct becket_server **ret_server)
{
	struct becket_server_options options;
	struct becket_server *server;
	becket_status status = take_options(given, &options);

	if (status != BECKET_S_OK || runtime == NULL || ret_server == NULL)
		return BECKET_S_INVALID_ARG;
	server = memory_new(&runtime->memory, sizeof *server);
	if (server == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	server->runtime = runtime;
	server->limits = limits_complete(options.limits, &runtime->limits);
	init_plain(server);
	status = loop_init(&server->loop, deliver);
	if (status == BECKET_S_OK)
		status = init_workers(server, options.workers);
	if (status == BECKET_S_OK)
		status =
		    registrar_init(&server->registrar, runtime, &server->loop);
	if (status == BECKET_S_OK)
		status = management_register(server);
	if (status != BECKET_S_OK) {
		becket_server_free(server);
		return status;
	}
	*ret_server = server;
	return BECKET_S_OK;
}

void
becket_server_free(struct becket_server *server)
{
	if (server == NULL)
		return;
	server_end(server);
	registrar_fini(&server->registrar);
	server_accept_stop(server);
	workers_fini(&server->workers);
	tokens_fini(&server->tokens);
	contexts_fini(&server->contexts);
	managers_fini(&server->managers);
	objects_fini(&server->objects);
	associations_fini(&server->associations);
	idmap_fini(&server->conn_ids);
	loop_fini(&server->loop);
	pthread_cond_destroy(&server->state_changed);
	pthread_mutex_destroy(&server->state_lock);
	pthread_mutex_destroy(&server->auto_lock);
	pthread_mutex_destroy(&server->listeners_lock);
	pthread_mutex_destroy(&server->mailbox.lock);
	memory_free(&server->runtime->memory, server, sizeof *server);
}

/* ---------------------------------------------------------- interfaces -- */

becket_status
becket_server_register_if(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_routines *routines, const struct becket_uuid *type,
    const void *epv, unsigned flags)
{
	const struct becket_register_options options = {
		.size = sizeof options,
		.flags = flags,
	};

	return becket_server_register_if_ex(server, interface, routines, type,
	    epv, &options);
}

/* Of another version of this header it may be shorter, or longer. */
static becket_status
take_register_options(const struct becket_register_options *given,
    struct becket_register_options *ret_options)
{
	struct becket_register_options options = { 0 };

	if (given != NULL && given->size < sizeof given->size)
		return BECKET_S_INVALID_ARG;
	if (given != NULL)
		memcpy(&options, given,
		    given->size < sizeof options ? given->size
		                                 : sizeof options);
	*ret_options = options;
	return BECKET_S_OK;
}

static const struct becket_uuid nil;

becket_status
becket_server_register_if_ex(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_routines *routines, const struct becket_uuid *type,
    const void *epv, const struct becket_register_options *given)
{
	struct becket_register_options options;
	becket_status status = take_register_options(given, &options);

	if (server == NULL || status != BECKET_S_OK)
		return BECKET_S_INVALID_ARG;
	status = managers_add(&server->managers,
	    &(struct manager_offer){
	        .interface = interface,
	        .routines = routines,
	        .type = type,
	        .epv = epv,
	        .flags = options.flags,
	        .authorize = options.authorize,
	        .authorize_user = options.authorize_user,
	        .max_calls = options.max_calls,
	    });
	if (status != BECKET_S_OK ||
	    (options.flags & BECKET_IF_AUTOLISTEN) == 0)
		return status;
	status = server_begin_by_itself(server);
	if (status != BECKET_S_OK)
		(void)!managers_remove(&server->managers, interface,
		    type == NULL ? &nil : type, false);
	return status;
}

becket_status
becket_server_unregister_if(struct becket_server *server,
    const struct becket_interface *interface, const struct becket_uuid *type,
    bool wait)
{
	becket_status status;

	if (server == NULL)
		return BECKET_S_INVALID_ARG;
	status = managers_remove(&server->managers, interface, type, wait);
	server_end_by_itself(server);
	return status;
}

becket_status
becket_server_unregister_if_then(struct becket_server *server,
    const struct becket_interface *interface, const struct becket_uuid *type,
    void (*done)(void *user), void *user)
{
	becket_status status;

	if (server == NULL || done == NULL)
		return BECKET_S_INVALID_ARG;
	status = managers_remove_then(&server->managers, interface, type, done,
	    user);
	server_end_by_itself(server);
	return status;
}

/* -------------------------------------------------------------- objects -- */

becket_status
becket_object_set_type(struct becket_server *server,
    const struct becket_uuid *object, const struct becket_uuid *type)
{
	if (server == NULL)
		return BECKET_S_INVALID_ARG;
	return objects_set_type(&server->objects, object, type);
}

becket_status
becket_object_inq_type(struct becket_server *server,
    const struct becket_uuid *object, struct becket_uuid *ret_type)
{
	if (server == NULL || ret_type == NULL)
		return BECKET_S_INVALID_ARG;
	return objects_inq_type(&server->objects, object, ret_type);
}

void
becket_object_set_inq_fn(struct becket_server *server,
    becket_object_inq_fn *inq, void *user)
{
	objects_set_inq_fn(&server->objects, inq, user);
}

/* --------------------------------------------------------- what it says -- */

static uint64_t
load(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
becket_server_inq_stats(struct becket_server *server,
    struct becket_stats *ret_stats)
{
	*ret_stats = (struct becket_stats){
		.calls_in = load(&server->calls_in),
		.calls_out = load(&server->calls_out),
		.packets_in = load(&server->packets_in),
		.packets_out = load(&server->packets_out),
	};
}

unsigned
becket_server_inq_contexts(struct becket_server *server,
    const struct becket_interface *interface, const char *type)
{
	return contexts_count(&server->contexts, interface, type);
}

void
becket_server_set_authorization_fn(struct becket_server *server,
    bool (*allow)(void *user, struct becket_call *call,
        enum becket_mgmt_operation operation),
    void *user)
{
	server->allow = allow;
	server->allow_user = user;
}

void
server_log_call(const struct becket_server *server,
    const struct becket_call *call)
{
	const struct becket_interface *interface = becket_call_interface(call);
	const struct becket_operation *operation = becket_call_operation(call);
	char opnum[8];
	struct becket_access access = {
		.interface = interface == NULL ? "unknown" : interface->name,
		.operation = opnum,
		.peer = call->peer->view.text,
		.status = call->reply.status,
		.request_bytes = call->request.size,
		.response_bytes = call->reply.stub.size,
	};

	if (!runtime_has_log(server->runtime))
		return;
	snprintf(opnum, sizeof opnum, "#%u", becket_call_opnum(call));
	if (operation != NULL && operation->name != NULL)
		access.operation = operation->name;
	access.duration_ns = clock_now() - call->began;
	runtime_log_access(server->runtime, &access,
	    "%s.%s for %s: %s, %llu bytes in, %llu out, %llu us",
	    access.interface, access.operation, access.peer,
	    becket_status_text(access.status),
	    (unsigned long long)access.request_bytes,
	    (unsigned long long)access.response_bytes,
	    (unsigned long long)(access.duration_ns / 1000));
}

/* -------------------------------------------------------------- tokens -- */

becket_status
becket_stub_answer(struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum,
    becket_status status, const void *response)
{
	if (token.server == NULL)
		return BECKET_S_INVALID_ASYNC_CALL;
	return token_answer(&token.server->host, token, interface, opnum,
	    status, NULL, response);
}

becket_status
becket_stub_answer_contexts(struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum,
    becket_status status, void *const *contexts, const void *response)
{
	if (token.server == NULL)
		return BECKET_S_INVALID_ASYNC_CALL;
	return token_answer(&token.server->host, token, interface, opnum,
	    status, contexts, response);
}

becket_status
becket_token_fail(struct becket_token token, becket_status status,
    const char *format, ...)
{
	va_list arguments;

	if (token.server == NULL)
		return BECKET_S_INVALID_ASYNC_CALL;
	va_start(arguments, format);
	status =
	    token_fail(&token.server->host, token, status, format, arguments);
	va_end(arguments);
	return status;
}

bool
becket_token_is_cancelled(struct becket_token token)
{
	return token.server == NULL ||
	       token_is_cancelled(&token.server->host, token);
}
