/* SPDX-License-Identifier: MIT */
#include "services/hold.h"

#include <pthread.h>

#include "base/allocate.h"
#include "base/list.h"
#include "becket/session.becket.h"
#include "becket_stub.h"

enum { HOLD, OPERATIONS };

static const struct becket_interface *const interface =
    &held_session_v1_interface;

/* A call of Hold. */
struct holder {
	struct list node;
	struct becket_token token;
	struct becket_stream *stream; /* until the call is answered */
};

struct hold_service {
	const struct becket_memory *memory;
	pthread_mutex_t lock;
	struct list holders;
	bool is_stopping;
};

static struct holder *
holder_of(struct list *node)
{
	return container_of(node, struct holder, node);
}

/* Without the lock: context handles are run down. */
static void
end(struct hold_service *service, struct holder *holder, becket_status status)
{
	(void)!becket_stub_answer(holder->token, interface, HOLD, status, NULL);
	memory_free(service->memory, holder, sizeof *holder);
}

/* Take one off that is to end: that of stream, or any. */
static struct holder *
take(struct hold_service *service, const struct becket_stream *stream)
{
	struct holder *found = NULL;

	pthread_mutex_lock(&service->lock);
	list_for_each (node, &service->holders)
		if (stream == NULL || holder_of(node)->stream == stream)
			found = holder_of(node);
	if (found != NULL && stream != NULL && !service->is_stopping &&
	    !becket_token_is_cancelled(found->token))
		found = NULL;
	if (found != NULL)
		list_remove(&found->node);
	pthread_mutex_unlock(&service->lock);
	return found;
}

/* It may come late: then the holder is not there any more. */
static void
ready(void *user, struct becket_stream *stream)
{
	struct hold_service *service = user;
	struct holder *holder = take(service, stream);

	if (holder != NULL)
		end(service, holder,
		    becket_token_is_cancelled(holder->token)
		        ? BECKET_S_CALL_CANCELLED
		        : BECKET_S_SHUTTING_DOWN);
}

static becket_status
say_id(struct becket_call *call)
{
	Becket__V1__HoldResponse response = BECKET__V1__HOLD_RESPONSE__INIT;
	const char *id;
	becket_status status = becket_call_hold(call, &id);

	if (status != BECKET_S_OK)
		return status;
	response.id = (char *)(uintptr_t)id;
	return becket_stub_send(becket_call_stream(call), interface, HOLD,
	    &response);
}

static becket_status
hold(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct hold_service *service = (struct hold_service *)(uintptr_t)epv;
	struct becket_stream *stream = becket_call_stream(call);
	struct holder *holder;
	becket_status status = say_id(call);

	(void)request;
	(void)response;
	if (status != BECKET_S_OK)
		return status;
	holder = memory_new(service->memory, sizeof *holder);
	if (holder == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	holder->stream = stream;
	status = becket_call_defer(call, &holder->token);
	if (status != BECKET_S_ASYNC_CALL_PENDING) {
		memory_free(service->memory, holder, sizeof *holder);
		return status;
	}
	pthread_mutex_lock(&service->lock);
	list_append(&service->holders, &holder->node);
	(void)!becket_stream_set_callback(stream, ready, service);
	pthread_mutex_unlock(&service->lock);
	/* It may have been cancelled before that, or the server stops: calls
	 * come in until the second GOAWAY.
	 */
	ready(service, stream);
	return BECKET_S_ASYNC_CALL_PENDING;
}

static becket_routine *const routines[OPERATIONS] = { [HOLD] = hold };

static const struct becket_routines table = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = routines,
};

becket_status
hold_service_new(const struct door_equip_config *config,
    struct hold_service **ret_service)
{
	struct hold_service *service =
	    memory_new(config->memory, sizeof *service);
	becket_status status;

	if (service == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	service->memory = config->memory;
	list_init(&service->holders);
	pthread_mutex_init(&service->lock, NULL);
	status = becket_server_register_if(config->server, interface, &table,
	    NULL, service, BECKET_IF_SERVICE);
	if (status == BECKET_S_OK)
		*ret_service = service;
	else
		hold_service_free(service);
	return status;
}

void
hold_service_free(struct hold_service *service)
{
	if (service == NULL)
		return;
	list_for_each (node, &service->holders)
		memory_free(service->memory, holder_of(node),
		    sizeof(struct holder));
	pthread_mutex_destroy(&service->lock);
	memory_free(service->memory, service, sizeof *service);
}

/* Nobody else would end them. */
void
hold_service_changed(struct hold_service *service, enum door_change change)
{
	struct holder *holder;

	if (change != DOOR_INTERFACES) {
		pthread_mutex_lock(&service->lock);
		service->is_stopping = change == DOOR_STOPS;
		pthread_mutex_unlock(&service->lock);
	}
	while (change == DOOR_STOPS && (holder = take(service, NULL)) != NULL)
		end(service, holder, BECKET_S_SHUTTING_DOWN);
}
