/* SPDX-License-Identifier: MIT */
#include "services/reflection.h"

#include <pthread.h>

#include "base/allocate.h"
#include "base/list.h"
#include "becket_stub.h"
#include "grpc/reflection/v1/reflection.becket.h"
#include "grpc/reflection/v1alpha/reflection.becket.h"
#include "services/answers.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

enum { INFO, OPERATIONS };
enum { V1, V1ALPHA, VERSIONS };

struct version {
	struct reflection *reflection;
	const struct becket_interface *interface;
};

/* A call of ServerReflectionInfo. */
struct talk {
	struct list node;
	struct becket_token token;
	struct becket_stream *stream; /* until the call is answered */
	const struct becket_interface *interface;
	Request *request;     /* still to be answered, or NULL */
	becket_status answer; /* of one that ends */
};

struct reflection {
	struct becket_server *server;
	const struct becket_memory *memory;
	const struct becket_limits *limits;
	struct version versions[VERSIONS];
	struct becket_interface v1alpha; /* its names, with messages of v1 */
	/* Over all that follows and over what is done with streams: who has
	 * found a talk here may go on with it.
	 */
	pthread_mutex_t lock;
	struct catalogue catalogue;
	bool is_stale; /* the catalogue */
	struct list talks;
	bool is_stopping;
};

/* --------------------------------------------------------------- talks -- */

/* With the lock held: no more is done with it but what answer() does. */
static void
let_go(struct talk *talk, becket_status answer, struct list *ended)
{
	list_remove(&talk->node);
	becket_stub_free(talk->request);
	talk->answer = answer;
	list_append(ended, &talk->node);
}

/* Without the lock: an answer may let other calls run. */
static void
answer(struct reflection *reflection, struct list *ended)
{
	list_for_each (node, ended) {
		struct talk *talk = container_of(node, struct talk, node);

		(void)!becket_stub_answer(talk->token, talk->interface, INFO,
		    talk->answer, NULL);
		memory_free(reflection->memory, talk, sizeof *talk);
	}
}

static becket_status
refresh(struct reflection *reflection)
{
	becket_status status;

	if (!reflection->is_stale)
		return BECKET_S_OK;
	status = catalogue_make(&reflection->catalogue, reflection->server);
	reflection->is_stale = status != BECKET_S_OK;
	return status;
}

/* S_ASYNC_CALL_PENDING: there is no room for the response now. */
static becket_status
respond(struct reflection *reflection, struct talk *talk)
{
	struct arena arena =
	    arena_empty(reflection->memory, reflection->limits->call_memory);
	becket_status status = refresh(reflection);
	Response *response;

	if (status == BECKET_S_OK)
		status = reflection_answer(&reflection->catalogue,
		    talk->request, &arena, &response);
	if (status == BECKET_S_OK)
		status = becket_stub_send(talk->stream, talk->interface, INFO,
		    response);
	arena_fini(&arena);
	if (status != BECKET_S_OK)
		return status;
	becket_stub_free(talk->request);
	talk->request = NULL;
	return BECKET_S_OK;
}

/* With the lock held: as far as it goes without waiting. */
static void
go_on(struct reflection *reflection, struct talk *talk, struct list *ended)
{
	becket_status status = BECKET_S_OK;

	while (status == BECKET_S_OK) {
		if (talk->request == NULL)
			status = becket_stub_receive(talk->stream,
			    talk->interface, INFO, (void **)&talk->request);
		if (status == BECKET_S_OK)
			status = respond(reflection, talk);
	}
	if (status == BECKET_X_PIPE_EMPTY)
		let_go(talk, BECKET_S_OK, ended);
	else if (status != BECKET_S_ASYNC_CALL_PENDING)
		let_go(talk, status, ended);
}

/* It may come late: then the talk is not there any more. */
static void
ready(void *user, struct becket_stream *stream)
{
	struct reflection *reflection = user;
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&reflection->lock);
	list_for_each (node, &reflection->talks) {
		struct talk *talk = container_of(node, struct talk, node);

		if (talk->stream == stream)
			go_on(reflection, talk, &ended);
	}
	pthread_mutex_unlock(&reflection->lock);
	answer(reflection, &ended);
}

static void
end_all(struct reflection *reflection)
{
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&reflection->lock);
	list_for_each (node, &reflection->talks)
		let_go(container_of(node, struct talk, node),
		    BECKET_S_SHUTTING_DOWN, &ended);
	pthread_mutex_unlock(&reflection->lock);
	answer(reflection, &ended);
}

/* -------------------------------------------------------------- routines -- */

static becket_status
begin(struct reflection *reflection, struct talk *talk)
{
	becket_status status;
	struct list ended;

	list_init(&ended);
	pthread_mutex_lock(&reflection->lock);
	list_append(&reflection->talks, &talk->node);
	status = becket_stream_set_callback(talk->stream, ready, reflection);
	if (reflection->is_stopping)
		status = BECKET_S_SHUTTING_DOWN;
	if (status == BECKET_S_OK)
		go_on(reflection, talk, &ended);
	else
		let_go(talk, status, &ended);
	pthread_mutex_unlock(&reflection->lock);
	answer(reflection, &ended);
	return BECKET_S_ASYNC_CALL_PENDING;
}

static becket_status
info(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct version *version = epv;
	struct reflection *reflection = version->reflection;
	struct talk *talk = memory_new(reflection->memory, sizeof *talk);
	becket_status status;

	(void)request;
	(void)response;
	if (talk == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	talk->interface = version->interface;
	talk->stream = becket_call_stream(call);
	status = becket_call_defer(call, &talk->token);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return begin(reflection, talk);
	memory_free(reflection->memory, talk, sizeof *talk);
	return status;
}

static becket_routine *const routines[OPERATIONS] = { [INFO] = info };

static const struct becket_routines table = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = routines,
};

/* ---------------------------------------------------------- from outside -- */

/* The messages of both are the same, and so one set of types serves. */
static void
make_versions(struct reflection *reflection)
{
	reflection->v1alpha =
	    grpc_reflection_v1alpha_server_reflection_v1_interface;
	reflection->v1alpha.operations =
	    grpc_reflection_v1_server_reflection_v1_interface.operations;
	reflection->versions[V1] = (struct version){
		reflection,
		&grpc_reflection_v1_server_reflection_v1_interface,
	};
	reflection->versions[V1ALPHA] = (struct version){
		reflection,
		&reflection->v1alpha,
	};
}

static becket_status
offer(struct reflection *reflection)
{
	becket_status status = BECKET_S_OK;

	for (int i = 0; i < VERSIONS && status == BECKET_S_OK; i++)
		status = becket_server_register_if(reflection->server,
		    reflection->versions[i].interface, &table, NULL,
		    &reflection->versions[i], BECKET_IF_SERVICE);
	return status;
}

becket_status
reflection_new(const struct door_equip_config *config,
    struct reflection **ret_reflection)
{
	struct reflection *reflection =
	    memory_new(config->memory, sizeof *reflection);
	becket_status status;

	if (reflection == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	reflection->server = config->server;
	reflection->memory = config->memory;
	reflection->limits = config->limits;
	reflection->catalogue = catalogue_empty(config->memory);
	reflection->is_stale = true;
	list_init(&reflection->talks);
	pthread_mutex_init(&reflection->lock, NULL);
	make_versions(reflection);
	status = offer(reflection);
	if (status == BECKET_S_OK)
		*ret_reflection = reflection;
	else
		reflection_free(reflection);
	return status;
}

void
reflection_free(struct reflection *reflection)
{
	if (reflection == NULL)
		return;
	list_for_each (node, &reflection->talks) {
		struct talk *talk = container_of(node, struct talk, node);

		becket_stub_free(talk->request);
		memory_free(reflection->memory, talk, sizeof *talk);
	}
	catalogue_fini(&reflection->catalogue);
	pthread_mutex_destroy(&reflection->lock);
	memory_free(reflection->memory, reflection, sizeof *reflection);
}

void
reflection_changed(struct reflection *reflection, enum door_change change)
{
	pthread_mutex_lock(&reflection->lock);
	if (change == DOOR_INTERFACES)
		reflection->is_stale = true;
	else
		reflection->is_stopping = change == DOOR_STOPS;
	pthread_mutex_unlock(&reflection->lock);
	if (change == DOOR_STOPS)
		end_all(reflection);
}
