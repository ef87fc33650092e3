/* SPDX-License-Identifier: MIT */
#include "io/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/allocate.h"
#include "becket_stub.h"
#include "io/clock.h"
#include "io/epm_client.h"
#include "io/error.h"
#include "io/mapper_address.h"
#include "io/string_parts.h"
#include "wire/mgmt.h"

static struct syntax_id
id_of(const struct becket_interface *interface)
{
	return (struct syntax_id){ interface->uuid, interface->major,
		interface->minor };
}

/* ------------------------------------------------------- what is known -- */

static struct resolution *
resolution_of(struct list *node)
{
	return container_of(node, struct resolution, node);
}

void
resolve_forget(struct becket_binding *binding)
{
	struct becket_runtime *runtime = binding->runtime;

	list_for_each (node, &binding->resolutions) {
		struct resolution *old = resolution_of(node);

		list_remove(node);
		runtime_free_text(runtime, old->endpoint);
		memory_free(&runtime->memory, old, sizeof *old);
	}
}

static becket_status
keep(struct becket_binding *binding, const struct syntax_id *interface,
    const struct becket_uuid *object, const char *endpoint)
{
	struct becket_runtime *runtime = binding->runtime;
	struct resolution *new = memory_new(&runtime->memory, sizeof *new);

	if (new == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	new->interface = *interface;
	new->object = *object;
	new->endpoint = runtime_copy_text(runtime, endpoint);
	if (new->endpoint == NULL) {
		memory_free(&runtime->memory, new, sizeof *new);
		return BECKET_S_OUT_OF_MEMORY;
	}
	list_append(&binding->resolutions, &new->node);
	return BECKET_S_OK;
}

becket_status
resolve_copy(const struct becket_binding *from, struct becket_binding *to)
{
	const struct list *all = &from->resolutions;
	becket_status status = BECKET_S_OK;

	for (struct list *node = all->next;
	     node != all && status == BECKET_S_OK; node = node->next) {
		const struct resolution *one = resolution_of(node);

		status = keep(to, &one->interface, &one->object, one->endpoint);
	}
	return status;
}

const char *
resolve_first(const struct becket_binding *binding)
{
	return list_is_empty(&binding->resolutions)
	           ? NULL
	           : resolution_of(binding->resolutions.next)->endpoint;
}

static const char *
find(const struct becket_binding *binding, const struct syntax_id *interface,
    const struct becket_uuid *object)
{
	const struct list *all = &binding->resolutions;

	/* It is at every endpoint, and in no map. */
	if (syntax_equal(interface, &mgmt_interface))
		return resolve_first(binding);
	for (struct list *node = all->next; node != all; node = node->next) {
		const struct resolution *one = resolution_of(node);

		if (syntax_equal(&one->interface, interface) &&
		    becket_uuid_equal(&one->object, object))
			return one->endpoint;
	}
	return NULL;
}

/* A copy, because another thread may reset the handle. */
static becket_status
recall(struct becket_binding *binding, const struct syntax_id *interface,
    const struct becket_uuid *object, char **ret_endpoint)
{
	becket_status status = BECKET_S_OK;
	const char *known;

	pthread_mutex_lock(&binding->lock);
	known = find(binding, interface, object);
	*ret_endpoint =
	    known == NULL ? NULL : runtime_copy_text(binding->runtime, known);
	if (known != NULL && *ret_endpoint == NULL)
		status = BECKET_S_OUT_OF_MEMORY;
	pthread_mutex_unlock(&binding->lock);
	return status;
}

/* Another thread may have been faster. */
static becket_status
remember(struct becket_binding *binding, const struct syntax_id *interface,
    const struct becket_uuid *object, const char *endpoint)
{
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&binding->lock);
	if (find(binding, interface, object) == NULL)
		status = keep(binding, interface, object, endpoint);
	pthread_mutex_unlock(&binding->lock);
	return status;
}

/* ------------------------------------------- what the interface says -- */

static becket_status
take_well_known(const struct becket_binding *binding,
    const struct becket_interface *interface, char **ret_endpoint)
{
	struct becket_runtime *runtime = binding->runtime;
	const struct protseq *protseq = binding->protseq;
	const char *const *known = interface->endpoints;

	*ret_endpoint = NULL;
	for (; known != NULL && *known != NULL; known++) {
		struct string_parts parts;
		becket_status status =
		    string_parts_split(runtime, *known, &parts);

		if (status != BECKET_S_OK)
			return status;
		if (strcmp(parts.protseq, protseq->name) == 0 &&
		    protseq->check_endpoint(parts.endpoint) == BECKET_S_OK) {
			*ret_endpoint = parts.endpoint;
			parts.endpoint = NULL;
		}
		string_parts_fini(runtime, &parts);
		if (*ret_endpoint != NULL)
			return BECKET_S_OK;
	}
	return BECKET_S_OK;
}

/* ---------------------------------------------------- what the map says -- */

static uint64_t
left_ms(uint64_t deadline)
{
	uint64_t now = clock_now();

	return deadline <= now ? 1 : (deadline - now) / 1000000 + 1;
}

/* Its outcome is not that of the call. */
static void
explain_silence(const char *sentence, char ret_why[RESOLVE_WHY_SIZE])
{
	const char *outcome = strrchr(sentence, '(');
	size_t size =
	    outcome == NULL ? strlen(sentence) : (size_t)(outcome - sentence);

	while (size > 0 && sentence[size - 1] == ' ')
		size--;
	snprintf(ret_why, RESOLVE_WHY_SIZE,
	    "the endpoint is not known, and no map tells it: %.*s", (int)size,
	    sentence);
}

/* What the caller is told: the map's own troubles are not those of the call,
 * which has not been sent.
 */
static becket_status
explain(const struct becket_binding *mapper, becket_status status,
    char ret_why[RESOLVE_WHY_SIZE])
{
	char place[128];

	snprintf(place, sizeof place, "%s:%s[%s]", mapper->protseq->name,
	    mapper->host, mapper->endpoint);
	switch (status) {
	case BECKET_S_NOT_REGISTERED:
		snprintf(ret_why, RESOLVE_WHY_SIZE,
		    "the endpoint map at %s has no such interface, version "
		    "and object",
		    place);
		return status;
	case BECKET_S_CALL_CANCELLED:
	case BECKET_S_OUT_OF_MEMORY:
		snprintf(ret_why, RESOLVE_WHY_SIZE,
		    "while the endpoint map at %s was asked", place);
		return status;
	default:
		explain_silence(becket_error_last()->sentence, ret_why);
		return BECKET_S_SERVER_UNAVAILABLE;
	}
}

static becket_status
ask_map(struct becket_binding *binding, const struct epm_wish *wish,
    uint64_t deadline, char **ret_endpoint, char ret_why[RESOLVE_WHY_SIZE])
{
	uint64_t left = left_ms(deadline);
	struct becket_binding *mapper;
	becket_status status = mapper_bind(binding->runtime, binding->protseq,
	    binding->host, binding->options->mapper, &mapper);

	if (status != BECKET_S_OK) {
		snprintf(ret_why, RESOLVE_WHY_SIZE,
		    "the address of the endpoint mapper is no good");
		return status;
	}
	status = becket_binding_set_option(mapper, BECKET_OPTION_CALL_TIMEOUT,
	    left > UINT32_MAX ? UINT32_MAX : left);
	if (status == BECKET_S_OK)
		status = epm_find_endpoint(mapper, wish, ret_endpoint);
	if (status != BECKET_S_OK)
		status = explain(mapper, status, ret_why);
	becket_binding_free(&mapper);
	return status;
}

static becket_status
look_up(struct becket_binding *binding,
    const struct becket_interface *interface, const struct becket_uuid *object,
    uint64_t deadline, char **ret_endpoint, char ret_why[RESOLVE_WHY_SIZE])
{
	bool is_ndr = (interface->flags & BECKET_INTERFACE_NDR) != 0;
	const struct epm_wish wish = {
		.interface = id_of(interface),
		.syntax = is_ndr ? SYNTAX_NDR : SYNTAX_BECKET,
		.object = *object,
		.protseq = binding->protseq,
	};
	becket_status status;

	if (syntax_equal(&wish.interface, &mgmt_interface)) {
		snprintf(ret_why, RESOLVE_WHY_SIZE,
		    "no endpoint was found: management is at each of a "
		    "server's, so one has to be named");
		return BECKET_S_NO_ENDPOINT_FOUND;
	}
	if (binding->protseq->is_grpc) {
		snprintf(ret_why, RESOLVE_WHY_SIZE,
		    "no endpoint was found: no map tells those of gRPC, so one "
		    "has to be named");
		return BECKET_S_NO_ENDPOINT_FOUND;
	}
	status = ask_map(binding, &wish, deadline, ret_endpoint, ret_why);
	if (status != BECKET_S_OK)
		return status;
	status = remember(binding, &wish.interface, object, *ret_endpoint);
	if (status != BECKET_S_OK)
		runtime_free_text(binding->runtime, *ret_endpoint);
	return status;
}

becket_status
resolve(struct becket_binding *binding,
    const struct becket_interface *interface, const struct becket_uuid *object,
    uint64_t deadline, char **ret_endpoint, char ret_why[RESOLVE_WHY_SIZE])
{
	const struct syntax_id id = id_of(interface);
	char *endpoint = NULL;
	becket_status status = BECKET_S_OK;

	*ret_why = '\0';
	if (*binding->endpoint == '\0')
		status = take_well_known(binding, interface, &endpoint);
	if (*binding->endpoint == '\0' && status == BECKET_S_OK &&
	    endpoint == NULL)
		status = recall(binding, &id, object, &endpoint);
	if (*binding->endpoint == '\0' && status == BECKET_S_OK &&
	    endpoint == NULL)
		status = look_up(binding, interface, object, deadline,
		    &endpoint, ret_why);
	if (status == BECKET_S_OK)
		*ret_endpoint = endpoint;
	return status;
}

becket_status
becket_ep_resolve_binding(struct becket_binding *binding,
    const struct becket_interface *interface)
{
	char why[RESOLVE_WHY_SIZE];
	struct becket_uuid object;
	char *endpoint = NULL;
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	if (interface == NULL || interface->abi != BECKET_ABI)
		return error_set(BECKET_S_INVALID_ARG,
		    "there is no interface to resolve a binding for");
	becket_binding_inq_object(binding, &object);
	status = resolve(binding, interface, &object,
	    clock_now() + clock_from_ms(binding->runtime->limits.call_ms),
	    &endpoint, why);
	if (status == BECKET_S_OK && endpoint != NULL) {
		const struct syntax_id id = id_of(interface);

		status = remember(binding, &id, &object, endpoint);
	}
	runtime_free_text(binding->runtime, endpoint);
	if (status == BECKET_S_OK)
		return BECKET_S_OK;
	return error_set(status, "%s of %s: %s", interface->name,
	    *binding->host == '\0' ? "this host" : binding->host,
	    *why == '\0' ? becket_status_text(status) : why);
}
