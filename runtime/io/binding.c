/* SPDX-License-Identifier: MIT */
#include "io/binding.h"

#include <string.h>

#include "base/allocate.h"
#include "io/clock.h"
#include "io/error.h"
#include "io/next_call.h"
#include "io/resolve.h"
#include "io/string_parts.h"

/* The handle's lock is held, or the handle is nobody else's, in these three. */
void
binding_drop_uses(struct becket_binding *binding)
{
	struct becket_runtime *runtime = binding->runtime;

	list_for_each (node, &binding->uses) {
		struct binding_use *use =
		    container_of(node, struct binding_use, node);

		list_remove(node);
		client_association_unref(use->association);
		memory_free(&runtime->memory, use, sizeof *use);
	}
}

static struct client_association *
find_use(struct becket_binding *binding, const char *endpoint)
{
	list_for_each (node, &binding->uses) {
		struct binding_use *use =
		    container_of(node, struct binding_use, node);

		if (strcmp(use->association->endpoint, endpoint) == 0)
			return use->association;
	}
	return NULL;
}

/* Takes the reference, also on failure. */
static becket_status
add_use(struct becket_binding *binding, struct client_association *association)
{
	struct binding_use *use =
	    memory_new(&binding->runtime->memory, sizeof *use);

	if (use == NULL) {
		client_association_unref(association);
		return BECKET_S_OUT_OF_MEMORY;
	}
	use->association = association;
	list_append(&binding->uses, &use->node);
	return BECKET_S_OK;
}

/* Most handles have none, and those that have take half a kilobyte. */
static const struct binding_options no_options;

/* NULL: there is no memory. */
static const struct binding_options *
keep_options(struct becket_runtime *runtime,
    const struct binding_options *options)
{
	struct binding_options *copy;

	if (options == &no_options)
		return &no_options;
	copy = memory_new(&runtime->memory, sizeof *copy);
	if (copy != NULL)
		*copy = *options;
	return copy;
}

static void
drop_options(struct becket_runtime *runtime,
    const struct binding_options *options)
{
	if (options != NULL && options != &no_options)
		memory_free(&runtime->memory,
		    (struct binding_options *)(uintptr_t)options,
		    sizeof *options);
}

static void
binding_fini(struct becket_binding *binding)
{
	struct becket_runtime *runtime = binding->runtime;

	binding_drop_uses(binding);
	resolve_forget(binding);
	runtime_free_text(runtime, binding->host);
	runtime_free_text(runtime, binding->endpoint);
	runtime_free_text(runtime, binding->option_text);
	drop_options(runtime, binding->options);
	memory_free(&runtime->memory, binding, sizeof *binding);
}

static becket_status
binding_make(struct becket_runtime *runtime, const struct protseq *protseq,
    const struct string_parts *parts, const struct binding_options *options,
    struct becket_binding **ret_binding)
{
	struct becket_binding *binding =
	    memory_new(&runtime->memory, sizeof *binding);

	if (binding == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*binding = (struct becket_binding){
		.runtime = runtime,
		.protseq = protseq,
		.host = runtime_copy_text(runtime, parts->netaddr),
		.endpoint = runtime_copy_text(runtime, parts->endpoint),
		.option_text = runtime_copy_text(runtime, parts->options),
		.options = keep_options(runtime, options),
		.serial = clock_now(),
	};
	list_init(&binding->uses);
	list_init(&binding->resolutions);
	if (binding->host == NULL || binding->endpoint == NULL ||
	    binding->option_text == NULL || binding->options == NULL ||
	    pthread_mutex_init(&binding->lock, NULL) != 0) {
		binding_fini(binding);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*ret_binding = binding;
	return BECKET_S_OK;
}

static becket_status
check_address(const struct protseq *protseq, const struct string_parts *parts)
{
	becket_status status = protseq->check_address(parts->netaddr);

	if (status == BECKET_S_OK && *parts->endpoint != '\0')
		status = protseq->check_endpoint(parts->endpoint);
	return status;
}

becket_status
binding_new(struct becket_runtime *runtime, const struct protseq *protseq,
    const char *host, const char *endpoint, struct becket_binding **ret_binding)
{
	/* They are only read. */
	struct string_parts parts = {
		.netaddr = (char *)(uintptr_t)host,
		.endpoint = (char *)(uintptr_t)endpoint,
		.options = (char *)(uintptr_t) "",
	};
	becket_status status = check_address(protseq, &parts);

	return status != BECKET_S_OK ? status
	                             : binding_make(runtime, protseq, &parts,
	                                   &no_options, ret_binding);
}

static becket_status
from_parts(struct becket_runtime *runtime, const char *string,
    const struct string_parts *parts, struct becket_binding **ret_binding)
{
	const struct protseq *protseq;
	struct binding_options options;
	struct becket_uuid object = { 0 };
	becket_status status = protseq_find(runtime, parts->protseq, &protseq);

	if (status == BECKET_S_OK && *parts->object != '\0')
		status = becket_uuid_from_string(parts->object,
		    BECKET_UUID_TEXT_SIZE - 1, &object);
	if (status == BECKET_S_OK)
		status = check_address(protseq, parts);
	if (status != BECKET_S_OK)
		return error_set_string(status, string, NULL);
	status = options_parse(parts->options, protseq->is_grpc, &options);
	if (status != BECKET_S_OK)
		return status;
	status = binding_make(runtime, protseq, parts,
	    *parts->options == '\0' ? &no_options : &options, ret_binding);
	if (status != BECKET_S_OK)
		return error_say(status);
	(*ret_binding)->object = object;
	return BECKET_S_OK;
}

becket_status
becket_binding_from_string_binding(struct becket_runtime *runtime,
    const char *string, struct becket_binding **ret_binding)
{
	struct string_parts parts;
	becket_status status;

	if (runtime == NULL || string == NULL || ret_binding == NULL)
		return error_set(BECKET_S_INVALID_ARG,
		    "there is no string binding");
	status = string_parts_split(runtime, string, &parts);
	if (status == BECKET_S_INVALID_NETWORK_OPTIONS)
		return error_set_string(status, string,
		    "an option has no \"=\"; the words that ask for security "
		    "elsewhere do not exist yet");
	if (status != BECKET_S_OK)
		return error_set_string(status, string, NULL);
	status = from_parts(runtime, string, &parts, ret_binding);
	string_parts_fini(runtime, &parts);
	return status;
}

becket_status
binding_check(const struct becket_binding *binding)
{
	if (binding == NULL)
		return error_say(BECKET_S_INVALID_BINDING);
	if (runtime_is_stale(binding->runtime))
		return error_say(BECKET_S_STALE_AFTER_FORK);
	return BECKET_S_OK;
}

static struct becket_uuid
object_of(struct becket_binding *binding)
{
	struct becket_uuid object;

	pthread_mutex_lock(&binding->lock);
	object = binding->object;
	pthread_mutex_unlock(&binding->lock);
	return object;
}

/* A copy: its own, or what it has been resolved to. */
static char *
endpoint_of(struct becket_binding *binding)
{
	const char *resolved;
	char *copy;

	pthread_mutex_lock(&binding->lock);
	resolved = *binding->endpoint == '\0' ? resolve_first(binding) : NULL;
	copy = runtime_copy_text(binding->runtime,
	    resolved == NULL ? binding->endpoint : resolved);
	pthread_mutex_unlock(&binding->lock);
	return copy;
}

becket_status
becket_binding_to_string_binding(struct becket_binding *binding,
    char **ret_string)
{
	char text[BECKET_UUID_TEXT_SIZE] = "";
	struct string_parts parts;
	struct becket_uuid object;
	char *endpoint;
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	object = object_of(binding);
	if (!becket_uuid_is_nil(&object))
		becket_uuid_to_string(&object, text);
	endpoint = endpoint_of(binding);
	if (endpoint == NULL)
		return error_say(BECKET_S_OUT_OF_MEMORY);
	parts = (struct string_parts){
		.object = text,
		.protseq = (char *)(uintptr_t)binding->protseq->name,
		.netaddr = binding->host,
		.endpoint = endpoint,
		.options = binding->option_text,
	};
	status = string_parts_join(binding->runtime, &parts, ret_string);
	runtime_free_text(binding->runtime, endpoint);
	if (status != BECKET_S_OK)
		return error_say(status);
	return BECKET_S_OK;
}

/* What a copy takes along, at one moment. */
static becket_status
copy_state(struct becket_binding *from, struct becket_binding *to)
{
	becket_status status = BECKET_S_OK;

	pthread_mutex_lock(&from->lock);
	to->object = from->object;
	to->timeout = from->timeout;
	to->is_unique = from->is_unique;
	to->is_noncausal = from->is_noncausal;
	to->packs = from->packs;
	list_for_each (node, &from->uses) {
		struct client_association *association =
		    container_of(node, struct binding_use, node)->association;

		if (status == BECKET_S_OK && !from->is_unique)
			status =
			    add_use(to, client_association_ref(association));
	}
	if (status == BECKET_S_OK)
		status = resolve_copy(from, to);
	pthread_mutex_unlock(&from->lock);
	return status;
}

becket_status
becket_binding_copy(struct becket_binding *binding,
    struct becket_binding **ret_binding)
{
	struct becket_binding *copy;
	struct string_parts parts;
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	parts = (struct string_parts){
		.netaddr = binding->host,
		.endpoint = binding->endpoint,
		.options = binding->option_text,
	};
	status = binding_make(binding->runtime, binding->protseq, &parts,
	    binding->options, &copy);
	if (status != BECKET_S_OK)
		return error_say(status);
	status = copy_state(binding, copy);
	if (status != BECKET_S_OK) {
		becket_binding_free(&copy);
		return error_say(status);
	}
	*ret_binding = copy;
	return BECKET_S_OK;
}

/* The associations stay with the other handles that use them, and with the
 * calls that run.
 */
becket_status
becket_binding_reset(struct becket_binding *binding)
{
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&binding->lock);
	list_for_each (node, &binding->uses)
		client_association_unlist(
		    container_of(node, struct binding_use, node)->association);
	binding_drop_uses(binding);
	resolve_forget(binding);
	pthread_mutex_unlock(&binding->lock);
	return BECKET_S_OK;
}

void
becket_binding_free(struct becket_binding **binding)
{
	if (binding == NULL || *binding == NULL)
		return;
	pthread_mutex_destroy(&(*binding)->lock);
	binding_fini(*binding);
	*binding = NULL;
}

becket_status
becket_binding_set_object(struct becket_binding *binding,
    const struct becket_uuid *object)
{
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&binding->lock);
	binding->object = object == NULL ? (struct becket_uuid){ 0 } : *object;
	pthread_mutex_unlock(&binding->lock);
	return BECKET_S_OK;
}

void
becket_binding_inq_object(struct becket_binding *binding,
    struct becket_uuid *ret_object)
{
	*ret_object =
	    binding == NULL ? (struct becket_uuid){ 0 } : object_of(binding);
}

void
becket_binding_set_next_timeout(struct becket_binding *binding,
    uint32_t milliseconds)
{
	if (binding != NULL)
		next_call_set_timeout(binding, binding->serial, milliseconds);
}

void
becket_binding_set_next_metadata(struct becket_binding *binding,
    struct becket_metadata *metadata)
{
	if (binding != NULL)
		next_call_set_metadata(binding, binding->serial, metadata);
}

struct binding_view
binding_view(struct becket_binding *binding)
{
	struct next_call next = next_call_take(binding, binding->serial);
	struct binding_view view;

	pthread_mutex_lock(&binding->lock);
	view = (struct binding_view){
		.object = binding->object,
		.timeout = next.timeout != 0 ? next.timeout : binding->timeout,
		.is_noncausal = binding->is_noncausal,
		.packs = binding->packs,
		.metadata = next.metadata,
	};
	pthread_mutex_unlock(&binding->lock);
	return view;
}

static becket_status
find_or_add_use(struct becket_binding *binding, const char *endpoint,
    struct client_association **ret_association)
{
	struct client_association *association = find_use(binding, endpoint);
	becket_status status = BECKET_S_OK;

	if (association == NULL) {
		status = client_association_get(binding->runtime->pool,
		    binding->protseq, binding->host, endpoint,
		    binding->is_unique, &association);
		if (status == BECKET_S_OK)
			status = add_use(binding, association);
	}
	if (status == BECKET_S_OK)
		*ret_association = client_association_ref(association);
	return status;
}

becket_status
binding_association(struct becket_binding *binding, const char *endpoint,
    struct client_association **ret_association)
{
	becket_status status;

	pthread_mutex_lock(&binding->lock);
	status = find_or_add_use(binding, endpoint, ret_association);
	pthread_mutex_unlock(&binding->lock);
	return status;
}
