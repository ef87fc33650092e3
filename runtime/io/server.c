/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include <stdio.h>
#include <string.h>

#include "base/allocate.h"
#include "io/clock.h"
#include "io/error.h"
#include "stub/server_stream.h"

/* ----------------------------------------------------------- new, free -- */

static void
have_removed(struct managers *managers)
{
	struct becket_server *server =
	    container_of(managers, struct becket_server, managers);

	contexts_sweep(&server->contexts);
	atomic_fetch_add(&server->sweeps, 1);
	for (uint32_t i = 0; i < server->loop_count; i++)
		loop_wake(&server->loops[i].loop);
	server_tell_equipment(server, DOOR_INTERFACES);
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

enum { USUAL_WORKERS = 4, MOST_WORKERS = 1024, MOST_LOOPS = 256 };

static becket_status
init_workers(struct becket_server *server, int asked)
{
	uint32_t count = asked < 0 ? 0 : (uint32_t)asked;

	if (count > MOST_WORKERS)
		return BECKET_S_INVALID_ARG;
	return workers_init(&server->workers, &server->runtime->memory,
	    &server->loops->loop, asked == 0 ? USUAL_WORKERS : count,
	    server->limits.worker_queue);
}

static struct becket_server *
owner_of(struct associations *associations)
{
	return container_of(associations, struct becket_server, associations);
}

static void
enter_associations(struct associations *associations)
{
	pthread_mutex_lock(&owner_of(associations)->associations_lock);
}

static void
leave_associations(struct associations *associations)
{
	pthread_mutex_unlock(&owner_of(associations)->associations_lock);
}

static void
init_associations(struct becket_server *server)
{
	server->associations = associations_empty(&server->runtime->memory,
	    server->limits.associations);
	server->associations.enter = enter_associations;
	server->associations.leave = leave_associations;
	/* Without entropy they are as good as they were. */
	(void)!runtime_entropy(&server->associations.salt,
	    sizeof server->associations.salt);
	pthread_mutex_init(&server->associations_lock, NULL);
}

static void
init_plain(struct becket_server *server)
{
	const struct becket_memory *memory = &server->runtime->memory;

	list_init(&server->listeners);
	list_init(&server->retired);
	pthread_mutex_init(&server->listeners_lock, NULL);
	pthread_mutex_init(&server->state_lock, NULL);
	pthread_mutex_init(&server->auto_lock, NULL);
	pthread_cond_init(&server->state_changed, NULL);
	timer_init(&server->resume, server_resume);
	timer_init(&server->drained, server_cut);
	managers_init(&server->managers, memory, server->limits.interfaces);
	server->names = manager_names_of(&server->managers);
	objects_init(&server->objects, memory, server->limits.objects);
	peer_limit_init(&server->peers, memory,
	    server->limits.connections_per_peer);
	tokens_init(&server->tokens, memory, server->limits.deferred_calls);
	init_associations(server);
	server->host = (struct call_host){
		.memory = memory,
		.limits = &server->limits,
		.managers = &server->managers,
		.objects = &server->objects,
		.tokens = &server->tokens,
		.contexts = &server->contexts,
		.holds = &server->holds,
		.server = server,
		.now = clock_now,
		.entropy = runtime_entropy,
		.may_wait = loop_may_wait,
	};
	contexts_init(&server->contexts, &server->host,
	    server->limits.contexts);
	holds_init(&server->holds, &server->host, &server->associations,
	    server->limits.associations);
	server->managers.removed = have_removed;
}

static becket_status
init_loops(struct becket_server *server, unsigned asked)
{
	uint32_t count = asked == 0 ? 1 : asked;

	if (count > MOST_LOOPS)
		return BECKET_S_INVALID_ARG;
	server->loops =
	    memory_new(&server->runtime->memory, count * sizeof *server->loops);
	if (server->loops == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	server->loop_count = count;
	for (uint32_t i = 0; i < count; i++) {
		becket_status status =
		    server_loop_init(&server->loops[i], server, &server->host);

		if (status != BECKET_S_OK)
			return status;
	}
	return BECKET_S_OK;
}

static void
fini_loops(struct becket_server *server)
{
	for (uint32_t i = 0; i < server->loop_count; i++)
		server_loop_fini(&server->loops[i]);
	memory_free(&server->runtime->memory, server->loops,
	    server->loop_count * sizeof *server->loops);
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
		return error_say(BECKET_S_INVALID_ARG);
	server = memory_new(&runtime->memory, sizeof *server);
	if (server == NULL)
		return error_say(BECKET_S_OUT_OF_MEMORY);
	server->runtime = runtime;
	server->limits = limits_complete(options.limits, &runtime->limits);
	init_plain(server);
	status = init_loops(server, options.loops);
	if (status == BECKET_S_OK)
		status = init_workers(server, options.workers);
	if (status == BECKET_S_OK)
		status = registrar_init(&server->registrar, runtime,
		    &server->loops->loop);
	if (status == BECKET_S_OK)
		status = management_register(server);
	if (status == BECKET_S_OK)
		status = server_equip(server, options.without);
	if (status != BECKET_S_OK) {
		becket_server_free(server);
		return error_say(status);
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
	holds_fini(&server->holds);
	contexts_fini(&server->contexts);
	managers_fini(&server->managers);
	server_unequip(server);
	objects_fini(&server->objects);
	associations_fini(&server->associations);
	pthread_mutex_destroy(&server->associations_lock);
	fini_loops(server);
	peer_limit_fini(&server->peers);
	pthread_cond_destroy(&server->state_changed);
	pthread_mutex_destroy(&server->state_lock);
	pthread_mutex_destroy(&server->auto_lock);
	pthread_mutex_destroy(&server->listeners_lock);
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

/* Of another version of the tables it may not be what it seems. */
static becket_status
say_unregistered(const struct becket_interface *interface, becket_status status)
{
	bool is_known = interface != NULL && interface->abi == BECKET_ABI &&
	                interface->name != NULL;

	return error_set(status, "%s cannot be registered: %s",
	    is_known ? interface->name : "interface",
	    becket_status_text(status));
}

becket_status
becket_server_register_if_ex(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_routines *routines, const struct becket_uuid *type,
    const void *epv, const struct becket_register_options *given)
{
	struct becket_register_options options;
	becket_status status = take_register_options(given, &options);

	if (server == NULL || status != BECKET_S_OK)
		return say_unregistered(interface, BECKET_S_INVALID_ARG);
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
	if (status == BECKET_S_OK && options.flags & BECKET_IF_AUTOLISTEN) {
		status = server_begin_by_itself(server);
		if (status != BECKET_S_OK)
			(void)!managers_remove(&server->managers, interface,
			    type == NULL ? &nil : type, false);
	}
	server_tell_equipment(server, DOOR_INTERFACES);
	return status == BECKET_S_OK ? BECKET_S_OK
	                             : say_unregistered(interface, status);
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
	*ret_stats = (struct becket_stats){ 0 };
	for (uint32_t i = 0; i < server->loop_count; i++) {
		const struct server_loop *home = &server->loops[i];

		ret_stats->calls_in += load(&home->calls_in);
		ret_stats->calls_out += load(&home->calls_out);
		ret_stats->packets_in += load(&home->packets_in);
		ret_stats->packets_out += load(&home->packets_out);
	}
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
	if (call->stream != NULL)
		server_stream_count(call->stream, &access.request_bytes,
		    &access.response_bytes);
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
