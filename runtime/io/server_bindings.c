/* SPDX-License-Identifier: MIT */
#include "io/server.h"

#include "base/allocate.h"
#include "io/binding.h"

/* What is behind a struct becket_binding_vector. */
struct vector {
	struct becket_runtime *runtime;
	size_t capacity;
	struct becket_binding_vector view;
	struct becket_binding *bindings[];
};

static size_t
size_for(size_t capacity)
{
	return sizeof(struct vector) +
	       capacity * sizeof(struct becket_binding *);
}

static size_t
count_listeners(const struct becket_server *server)
{
	size_t count = 0;

	list_for_each (node, &server->listeners)
		count++;
	return count;
}

/* With listeners_lock held. */
static becket_status
add_bindings(const struct becket_server *server, struct vector *vector)
{
	list_for_each (node, &server->listeners) {
		const struct listener *listener =
		    container_of(node, struct listener, node);
		becket_status status = binding_new(server->runtime,
		    listener->protseq, listener->host, listener->endpoint,
		    &vector->bindings[vector->view.count]);

		if (status != BECKET_S_OK)
			return status;
		vector->view.count++;
	}
	return BECKET_S_OK;
}

/* With listeners_lock held. */
static becket_status
make_vector(const struct becket_server *server,
    struct becket_binding_vector **ret_vector)
{
	size_t count = count_listeners(server);
	struct becket_binding_vector *view;
	struct vector *vector;
	becket_status status;

	if (count == 0)
		return BECKET_S_NO_BINDINGS;
	vector = memory_new(&server->runtime->memory, size_for(count));
	if (vector == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	vector->runtime = server->runtime;
	vector->capacity = count;
	vector->view.bindings = vector->bindings;
	view = &vector->view;
	status = add_bindings(server, vector);
	if (status == BECKET_S_OK)
		*ret_vector = view;
	else
		becket_binding_vector_free(&view);
	return status;
}

becket_status
becket_server_inq_bindings(struct becket_server *server,
    struct becket_binding_vector **ret_vector)
{
	becket_status status;

	if (server == NULL || ret_vector == NULL)
		return BECKET_S_INVALID_ARG;
	pthread_mutex_lock(&server->listeners_lock);
	status = make_vector(server, ret_vector);
	pthread_mutex_unlock(&server->listeners_lock);
	return status;
}

void
becket_binding_vector_free(struct becket_binding_vector **view)
{
	struct vector *vector;

	if (view == NULL || *view == NULL)
		return;
	vector = container_of(*view, struct vector, view);
	for (size_t i = 0; i < vector->view.count; i++)
		becket_binding_free(&vector->bindings[i]);
	memory_free(&vector->runtime->memory, vector,
	    size_for(vector->capacity));
	*view = NULL;
}
