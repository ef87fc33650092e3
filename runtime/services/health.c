/* SPDX-License-Identifier: MIT */
#include "services/health.h"

#include <pthread.h>
#include <string.h>

#include "base/allocate.h"
#include "base/list.h"
#include "becket_stub.h"
#include "grpc/health/v1/health.becket.h"

typedef Grpc__Health__V1__HealthCheckRequest Request;
typedef Grpc__Health__V1__HealthCheckResponse Response;
typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus State;

#define STATE(name) \
	GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

enum { CHECK, WATCH, OPERATIONS };

static const struct becket_interface *const interface =
    &grpc_health_v1_health_v1_interface;

struct setting {
	struct list node;
	State state;
	size_t size; /* of all of it */
	char name[];
};

/* A call of Watch. */
struct watcher {
	struct list node;
	struct becket_token token;
	struct becket_stream *stream; /* until the call is answered */
	const char *name;             /* of the request, which lives as long */
	State told;
	becket_status answer; /* of one that ends */
};

struct health {
	struct becket_server *server;
	const struct becket_memory *memory;
	/* Over all that follows and over what is done with streams: who has
	 * found a watcher here may send to it.
	 */
	pthread_mutex_t lock;
	struct list settings;
	struct list watchers;
	bool is_stopping;
};

/* --------------------------------------------------------------- state -- */

static struct setting *
find_setting(struct health *health, const char *name)
{
	list_for_each (node, &health->settings) {
		struct setting *setting =
		    container_of(node, struct setting, node);

		if (strcmp(setting->name, name) == 0)
			return setting;
	}
	return NULL;
}

struct search {
	const char *name;
	bool is_found;
};

static void
compare(void *user, const struct becket_interface *candidate)
{
	struct search *search = user;

	search->is_found |= strcmp(candidate->name, search->name) == 0;
}

static bool
is_registered(struct health *health, const char *name)
{
	struct search search = { .name = name };

	becket_server_visit_interfaces(health->server, compare, &search);
	return search.is_found;
}

static State
state_of(struct health *health, const char *name)
{
	const struct setting *setting = find_setting(health, name);

	if (setting == NULL && *name != '\0' && !is_registered(health, name))
		return STATE(SERVICE_UNKNOWN);
	if (health->is_stopping)
		return STATE(NOT_SERVING);
	return setting == NULL ? STATE(SERVING) : setting->state;
}

/* ------------------------------------------------------------ watchers -- */

/* With the lock held: no more is done with it but what answer() does. */
static void
let_go(struct watcher *watcher, becket_status answer, struct list *ended)
{
	list_remove(&watcher->node);
	watcher->answer = answer;
	list_append(ended, &watcher->node);
}

/* Without the lock: an answer may let other calls run. */
static void
answer(struct health *health, struct list *ended)
{
	list_for_each (node, ended) {
		struct watcher *watcher =
		    container_of(node, struct watcher, node);

		(void)!becket_stub_answer(watcher->token, interface, WATCH,
		    watcher->answer, NULL);
		memory_free(health->memory, watcher, sizeof *watcher);
	}
}

/* With the lock held. What there is no room for now ready() will tell; when the
 * server stops there is nothing after this.
 */
static void
tell(struct health *health, struct watcher *watcher, struct list *ended)
{
	Response response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	becket_status status = BECKET_S_OK;

	response.status = state_of(health, watcher->name);
	if (response.status != watcher->told)
		status = becket_stub_send(watcher->stream, interface, WATCH,
		    &response);
	if (status == BECKET_S_OK)
		watcher->told = response.status;
	if (health->is_stopping)
		let_go(watcher, BECKET_S_SHUTTING_DOWN, ended);
	else if (status != BECKET_S_OK && status != BECKET_S_ASYNC_CALL_PENDING)
		let_go(watcher, status, ended);
}

static void
tell_all(struct health *health)
{
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&health->lock);
	list_for_each (node, &health->watchers)
		tell(health, container_of(node, struct watcher, node), &ended);
	pthread_mutex_unlock(&health->lock);
	answer(health, &ended);
}

/* It may come late: then the watcher is not there any more. */
static void
ready(void *user, struct becket_stream *stream)
{
	struct health *health = user;
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&health->lock);
	list_for_each (node, &health->watchers) {
		struct watcher *watcher =
		    container_of(node, struct watcher, node);

		if (watcher->stream != stream)
			continue;
		if (becket_token_is_cancelled(watcher->token))
			let_go(watcher, BECKET_S_CALL_CANCELLED, &ended);
		else
			tell(health, watcher, &ended);
	}
	pthread_mutex_unlock(&health->lock);
	answer(health, &ended);
}

/* -------------------------------------------------------------- routines -- */

static struct health *
health_of(const void *epv)
{
	return (struct health *)(uintptr_t)epv;
}

static becket_status
check(const void *epv, struct becket_call *call, const void *request_,
    void *response_)
{
	struct health *health = health_of(epv);
	const Request *request = request_;
	Response *response = response_;

	pthread_mutex_lock(&health->lock);
	response->status = state_of(health, request->service);
	pthread_mutex_unlock(&health->lock);
	if (response->status == STATE(SERVICE_UNKNOWN))
		return becket_call_fail(call, BECKET_S_NOT_FOUND,
		    "there is no interface %s here", request->service);
	return BECKET_S_OK;
}

static void
begin(struct health *health, struct watcher *watcher)
{
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&health->lock);
	list_append(&health->watchers, &watcher->node);
	/* If that fails, it is not told what changes while it does not read. */
	(void)!becket_stream_set_callback(watcher->stream, ready, health);
	tell(health, watcher, &ended);
	pthread_mutex_unlock(&health->lock);
	answer(health, &ended);
}

static becket_status
watch(const void *epv, struct becket_call *call, const void *request_,
    void *response_)
{
	struct health *health = health_of(epv);
	const Request *request = request_;
	struct watcher *watcher = memory_new(health->memory, sizeof *watcher);
	becket_status status;

	(void)response_;
	if (watcher == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	watcher->stream = becket_call_stream(call);
	watcher->name = request->service;
	status = becket_call_defer(call, &watcher->token);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		begin(health, watcher);
	else
		memory_free(health->memory, watcher, sizeof *watcher);
	return status;
}

static becket_routine *const routines[OPERATIONS] = {
	[CHECK] = check,
	[WATCH] = watch,
};

static const struct becket_routines table = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = routines,
};

/* ---------------------------------------------------------- from outside -- */

becket_status
health_new(const struct door_equip_config *config, struct health **ret_health)
{
	struct health *health = memory_new(config->memory, sizeof *health);
	becket_status status;

	if (health == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	health->server = config->server;
	health->memory = config->memory;
	list_init(&health->settings);
	list_init(&health->watchers);
	pthread_mutex_init(&health->lock, NULL);
	status = becket_server_register_if(config->server, interface, &table,
	    NULL, health, BECKET_IF_SERVICE);
	if (status == BECKET_S_OK)
		*ret_health = health;
	else
		health_free(health);
	return status;
}

void
health_free(struct health *health)
{
	if (health == NULL)
		return;
	list_for_each (node, &health->watchers)
		memory_free(health->memory,
		    container_of(node, struct watcher, node),
		    sizeof(struct watcher));
	list_for_each (node, &health->settings) {
		struct setting *setting =
		    container_of(node, struct setting, node);

		memory_free(health->memory, setting, setting->size);
	}
	pthread_mutex_destroy(&health->lock);
	memory_free(health->memory, health, sizeof *health);
}

/* With the lock held; NULL: no memory. */
static struct setting *
add_setting(struct health *health, const char *name)
{
	size_t size = sizeof(struct setting) + strlen(name) + 1;
	struct setting *setting = memory_new(health->memory, size);

	if (setting == NULL)
		return NULL;
	setting->size = size;
	memcpy(setting->name, name, size - sizeof *setting);
	list_append(&health->settings, &setting->node);
	return setting;
}

becket_status
health_set(struct health *health, const char *name, enum becket_health state)
{
	struct setting *setting;

	pthread_mutex_lock(&health->lock);
	setting = find_setting(health, name);
	if (setting == NULL)
		setting = add_setting(health, name);
	if (setting != NULL)
		setting->state = state == BECKET_HEALTH_SERVING
		                     ? STATE(SERVING)
		                     : STATE(NOT_SERVING);
	pthread_mutex_unlock(&health->lock);
	if (setting == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	tell_all(health);
	return BECKET_S_OK;
}

void
health_changed(struct health *health, enum door_change change)
{
	if (change != DOOR_INTERFACES) {
		pthread_mutex_lock(&health->lock);
		health->is_stopping = change == DOOR_STOPS;
		pthread_mutex_unlock(&health->lock);
	}
	tell_all(health);
}
