/* SPDX-License-Identifier: MIT */
#include "base/allocate.h"
#include "io/server.h"

/* Behind the vector, in one piece with it. */
static size_t
size_for(size_t count)
{
	return sizeof(struct becket_registration_vector) +
	       count * sizeof(struct becket_registration);
}

becket_status
becket_server_inq_registrations(struct becket_server *server,
    struct becket_registration_vector **ret_vector)
{
	struct becket_registration_vector *vector = NULL;
	uint32_t count, found;

	if (server == NULL || ret_vector == NULL)
		return BECKET_S_INVALID_ARG;
	found = managers_list_types(&server->managers, NULL, 0);
	do { /* others may register meanwhile */
		becket_registration_vector_free(&vector);
		count = found;
		if (count == 0)
			return BECKET_S_NO_INTERFACES;
		vector = memory_new(&server->runtime->memory, size_for(count));
		if (vector == NULL)
			return BECKET_S_OUT_OF_MEMORY;
		vector->count = count;
		vector->registrations = (void *)(vector + 1);
		vector->runtime = server->runtime;
		found = managers_list_types(&server->managers,
		    vector->registrations, count);
	} while (found != count);
	*ret_vector = vector;
	return BECKET_S_OK;
}

void
becket_registration_vector_free(struct becket_registration_vector **vector)
{
	if (vector == NULL || *vector == NULL)
		return;
	memory_free(&(*vector)->runtime->memory, *vector,
	    size_for((*vector)->count));
	*vector = NULL;
}
