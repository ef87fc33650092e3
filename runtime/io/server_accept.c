/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/error.h"

enum {
	/* Connections taken before those that are there are served again. */
	BATCH = 64,
	/* Out of descriptors: time for somebody to give some back. */
	PAUSE_MS = 100,
	/* One line of log about it has to do for so long. */
	QUIET_MS = 1000,
	/* Likewise, about a peer that has enough, and may go on for days. */
	REFUSAL_QUIET_MS = 10000,
};

static struct listener *
listener_of(struct list *node)
{
	return container_of(node, struct listener, node);
}

/* ------------------------------------------------------------- accept -- */

/* With listeners_lock held. Silent listeners keep their backlog. */
static void
watch_all(struct becket_server *server, bool accepts)
{
	server->accepts = accepts;
	list_for_each (node, &server->listeners)
		(void)!loop_watch(&server->loops->loop,
		    &listener_of(node)->watch, accepts ? EPOLLIN : 0);
}

static void
pause_accepting(struct becket_server *server, const char *why)
{
	pthread_mutex_lock(&server->listeners_lock);
	watch_all(server, false);
	pthread_mutex_unlock(&server->listeners_lock);
	if (server->loops->loop.now < server->quiet_until)
		return;
	server->quiet_until = server->loops->loop.now + clock_from_ms(QUIET_MS);
	runtime_log(server->runtime, BECKET_LOG_WARNING,
	    "new connections must wait: %s", why);
}

static void
accept_more(struct becket_server *server)
{
	if (!server_is_listening(server))
		return;
	pthread_mutex_lock(&server->listeners_lock);
	if (!server->accepts)
		watch_all(server, true);
	pthread_mutex_unlock(&server->listeners_lock);
}

void
server_resume(struct timer *timer, uint64_t now)
{
	(void)now;
	accept_more(container_of(timer, struct becket_server, resume));
}

static bool
is_full(const struct becket_server *server)
{
	return atomic_load(&server->connections) >= server->limits.connections;
}

void
server_connection_ended(struct becket_server *server,
    const struct peer_key *peer)
{
	peer_limit_leave(&server->peers, peer);
	atomic_fetch_sub(&server->connections, 1);
	accept_more(server);
}

/* One of them may have ended before this could be seen by it. */
static void
pause_while_full(struct becket_server *server)
{
	pause_accepting(server, "limits.connections");
	if (!is_full(server))
		accept_more(server);
}

/* One loop after the other. */
static struct server_loop *
choose_loop(struct becket_server *server)
{
	uint32_t at = server->next_loop;

	server->next_loop = (at + 1) % server->loop_count;
	return &server->loops[at];
}

/* ----------------------------------------------------- one peer's share -- */

static struct peer_key
key_of(const struct becket_server *server, const struct arrival *arrival)
{
	const struct becket_limits *limits = &server->limits;
	struct ucred who;
	socklen_t size = sizeof who;

	if (limits->connections_per_peer >= limits->connections)
		return (struct peer_key){ { 0 } };
	if (!arrival->protseq->is_local)
		return peer_key_of_address(
		    (const struct sockaddr *)&arrival->address);
	if (getsockopt(arrival->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
		return peer_key_of_user(who.uid);
	return (struct peer_key){ { 0 } };
}

static void
complain_of(struct becket_server *server, const struct peer_key *key)
{
	uint64_t now = server->loops->loop.now;
	char text[PEER_KEY_TEXT_SIZE];

	if (now < server->refused_quiet_until)
		return;
	server->refused_quiet_until = now + clock_from_ms(REFUSAL_QUIET_MS);
	peer_key_to_text(key, text);
	runtime_log(server->runtime, BECKET_LOG_WARNING,
	    "%s has %" PRIu32 " connections and gets no more: "
	    "limits.connections_per_peer (%" PRIu64 " refused so far)",
	    text, server->peers.most, server->refused);
}

/* It is too late to let it wait: who connects is known only now. */
static bool
let_in(struct becket_server *server, struct arrival *arrival)
{
	arrival->peer = key_of(server, arrival);
	if (peer_limit_enter(&server->peers, &arrival->peer))
		return true;
	close(arrival->fd);
	server->refused++;
	complain_of(server, &arrival->peer);
	return false;
}

/* Another thread may close the listener meanwhile. */
static enum accepted
take_one(struct becket_server *server, struct listener *listener,
    struct arrival *arrival)
{
	enum accepted accepted = ACCEPT_NOTHING;
	int reason;

	pthread_mutex_lock(&server->listeners_lock);
	if (listener->watch.is_watched)
		accepted = listener_accept(listener, &arrival->fd,
		    &arrival->address, &arrival->size);
	reason = errno;
	pthread_mutex_unlock(&server->listeners_lock);
	errno = reason;
	return accepted;
}

/* false: no more for now. */
static bool
accept_one(struct becket_server *server, struct listener *listener)
{
	struct arrival arrival = {
		.protseq = listener->protseq,
		.endpoint = listener->endpoint,
	};

	switch (take_one(server, listener, &arrival)) {
	case ACCEPT_NOTHING:
		return false;
	case ACCEPT_SHORT:
		pause_accepting(server, strerror(errno));
		loop_set_timer(&server->loops->loop, &server->resume,
		    server->loops->loop.now + clock_from_ms(PAUSE_MS));
		return false;
	default:
		break;
	}
	if (!let_in(server, &arrival))
		return true;
	atomic_fetch_add(&server->connections, 1);
	server_loop_give(choose_loop(server), &arrival);
	return true;
}

static void
accept_ready(struct watch *watch, uint32_t events)
{
	struct listener *listener = container_of(watch, struct listener, watch);
	struct becket_server *server = listener->owner;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		if (is_full(server)) {
			pause_while_full(server);
			return;
		}
		if (!accept_one(server, listener))
			return;
	}
}

becket_status
server_accept_start(struct becket_server *server)
{
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&server->listeners_lock);
	if (list_is_empty(&server->listeners))
		status = BECKET_S_NO_PROTSEQS_REGISTERED;
	else
		watch_all(server, true);
	pthread_mutex_unlock(&server->listeners_lock);
	return status;
}

void
server_accept_stop(struct becket_server *server)
{
	pthread_mutex_lock(&server->listeners_lock);
	list_for_each (node, &server->listeners) {
		loop_unwatch(&server->loops->loop, &listener_of(node)->watch);
		listener_free(listener_of(node));
	}
	server->accepts = false;
	pthread_mutex_unlock(&server->listeners_lock);
}

void
server_accept_bury(struct becket_server *server)
{
	pthread_mutex_lock(&server->listeners_lock);
	list_for_each (node, &server->retired)
		listener_free(listener_of(node));
	pthread_mutex_unlock(&server->listeners_lock);
}

/* ------------------------------------------------- protocol sequences -- */

static bool
has_dynamic(const struct becket_server *server, const struct protseq *protseq,
    const char *address)
{
	list_for_each (node, &server->listeners) {
		const struct listener *listener = listener_of(node);

		if (listener->is_dynamic && listener->protseq == protseq &&
		    strcmp(listener->asked, address) == 0)
			return true;
	}
	return false;
}

/* With listeners_lock held. */
static void
adopt(struct becket_server *server, struct list *opened)
{
	list_for_each (node, opened) {
		struct listener *listener = listener_of(node);

		listener->owner = server;
		listener->watch.ready = accept_ready;
		list_remove(node);
		list_append(&server->listeners, node);
		runtime_log(server->runtime, BECKET_LOG_INFO,
		    "listening at %s:%s[%s]", listener->protseq->name,
		    listener->host, listener->endpoint);
	}
	if (server->accepts)
		watch_all(server, true);
}

static becket_status
use(struct becket_server *server, const struct protseq *protseq,
    const char *address, const char *endpoint)
{
	struct list opened;
	becket_status status;

	if (address == NULL)
		address = "";
	if (endpoint == NULL && has_dynamic(server, protseq, address))
		return BECKET_S_OK;
	list_init(&opened);
	status =
	    listener_open(server->runtime, protseq, address, endpoint, &opened);
	if (status == BECKET_S_OK)
		adopt(server, &opened);
	return status;
}

static becket_status
find_protseq(const struct becket_server *server, const char *name,
    const struct protseq **ret_protseq)
{
	becket_status status = protseq_find(server->runtime, name, ret_protseq);

	return status == BECKET_S_OK ? BECKET_S_OK
	                             : error_set(status, "%s: %s", name,
	                                   error_place_text(status));
}

becket_status
becket_server_use_protseq_ep(struct becket_server *server, const char *name,
    const char *address, const char *endpoint)
{
	const struct protseq *protseq;
	becket_status status;

	if (server == NULL || name == NULL)
		return error_say(BECKET_S_INVALID_ARG);
	status = find_protseq(server, name, &protseq);
	if (status != BECKET_S_OK)
		return status;
	if (runtime_is_stale(server->runtime))
		return error_say(BECKET_S_STALE_AFTER_FORK);
	pthread_mutex_lock(&server->listeners_lock);
	status = use(server, protseq, address, endpoint);
	pthread_mutex_unlock(&server->listeners_lock);
	return status;
}

becket_status
becket_server_use_protseq(struct becket_server *server, const char *protseq,
    const char *address)
{
	return becket_server_use_protseq_ep(server, protseq, address, NULL);
}

becket_status
becket_server_use_descriptor(struct becket_server *server, const char *name,
    int fd)
{
	const struct protseq *protseq = NULL;
	becket_status status = BECKET_S_OK;
	struct list opened;

	if (server == NULL)
		return error_say(BECKET_S_INVALID_ARG);
	if (name != NULL)
		status = find_protseq(server, name, &protseq);
	if (status != BECKET_S_OK)
		return status;
	if (runtime_is_stale(server->runtime))
		return error_say(BECKET_S_STALE_AFTER_FORK);
	list_init(&opened);
	status = listener_adopt(server->runtime, protseq, fd, &opened);
	if (status != BECKET_S_OK)
		return error_set(status, "descriptor %d: %s", fd,
		    becket_status_text(status));
	pthread_mutex_lock(&server->listeners_lock);
	adopt(server, &opened);
	pthread_mutex_unlock(&server->listeners_lock);
	return BECKET_S_OK;
}

/* -------------------------------------------------------- no more use -- */

static bool
is_at(const struct listener *listener, const struct protseq *protseq,
    const char *address, const char *endpoint)
{
	if (listener->protseq != protseq ||
	    (strcmp(listener->asked, address) != 0 &&
	        strcmp(listener->host, address) != 0))
		return false;
	return endpoint == NULL ? listener->is_dynamic
	                        : strcmp(listener->endpoint, endpoint) == 0;
}

/* With listeners_lock held. */
static void
retire(struct becket_server *server, struct listener *listener)
{
	loop_unwatch(&server->loops->loop, &listener->watch);
	listener_close(listener);
	list_remove(&listener->node);
	list_append(&server->retired, &listener->node);
	runtime_log(server->runtime, BECKET_LOG_INFO,
	    "no longer listening at %s:%s[%s]", listener->protseq->name,
	    listener->host, listener->endpoint);
}

static becket_status
unuse(struct becket_server *server, const char *name, const char *address,
    const char *endpoint)
{
	const struct protseq *protseq;
	becket_status status = protseq_find(server->runtime, name, &protseq);

	if (status != BECKET_S_OK)
		return status;
	if (runtime_is_stale(server->runtime))
		return BECKET_S_STALE_AFTER_FORK;
	status = BECKET_S_NO_BINDINGS;
	pthread_mutex_lock(&server->listeners_lock);
	list_for_each (node, &server->listeners) {
		if (!is_at(listener_of(node), protseq, address, endpoint))
			continue;
		retire(server, listener_of(node));
		status = BECKET_S_OK;
	}
	pthread_mutex_unlock(&server->listeners_lock);
	loop_wake(&server->loops->loop);
	return status;
}

/* ----------------------------------------------------- string bindings -- */

/* Do with the parts of a string binding what is to be done. */
static becket_status
with_parts(struct becket_server *server, const char *string,
    becket_status (*act)(struct becket_server *server, const char *protseq,
        const char *address, const char *endpoint))
{
	char *object = NULL, *protseq = NULL, *address = NULL;
	char *endpoint = NULL, *options = NULL;
	struct becket_runtime *runtime;
	becket_status status;

	if (server == NULL || string == NULL)
		return error_say(BECKET_S_INVALID_ARG);
	runtime = server->runtime;
	status = becket_string_binding_parse(runtime, string, &object, &protseq,
	    &address, &endpoint, &options);
	if (status != BECKET_S_OK)
		return status;
	if (*object != '\0')
		status = error_set_string(BECKET_S_INVALID_STRING_BINDING,
		    string, "servers have no object");
	else if (*options != '\0')
		status = error_set_string(BECKET_S_INVALID_NETWORK_OPTIONS,
		    string, NULL);
	else
		status = act(server, protseq, address,
		    *endpoint == '\0' ? NULL : endpoint);
	becket_string_free(runtime, &object);
	becket_string_free(runtime, &protseq);
	becket_string_free(runtime, &address);
	becket_string_free(runtime, &endpoint);
	becket_string_free(runtime, &options);
	return status;
}

becket_status
becket_server_use_string_binding(struct becket_server *server,
    const char *string)
{
	return with_parts(server, string, becket_server_use_protseq_ep);
}

becket_status
becket_server_unuse_string_binding(struct becket_server *server,
    const char *string)
{
	return with_parts(server, string, unuse);
}
