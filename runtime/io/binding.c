/* SPDX-License-Identifier: MIT */
#include "io/binding.h"

#include "base/allocate.h"
#include "io/clock.h"
#include "io/error.h"
#include "io/next_timeout.h"
#include "io/string_parts.h"

static void
binding_fini(struct becket_binding *binding)
{
	struct becket_runtime *runtime = binding->runtime;

	pool_unref(binding->pool);
	runtime_free_text(runtime, binding->host);
	runtime_free_text(runtime, binding->endpoint);
	runtime_free_text(runtime, binding->option_text);
	memory_free(&runtime->memory, binding, sizeof *binding);
}

/* pool: a reference, which is the binding's from here on; NULL: a new one. */
static becket_status
binding_make(struct becket_runtime *runtime, const struct protseq *protseq,
    const struct string_parts *parts, struct pool *pool,
    struct becket_binding **ret_binding)
{
	struct becket_binding *binding =
	    memory_new(&runtime->memory, sizeof *binding);
	becket_status status = BECKET_S_OK;

	if (binding == NULL) {
		pool_unref(pool);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*binding = (struct becket_binding){
		.runtime = runtime,
		.protseq = protseq,
		.host = runtime_copy_text(runtime, parts->netaddr),
		.endpoint = runtime_copy_text(runtime, parts->endpoint),
		.option_text = runtime_copy_text(runtime, parts->options),
		.serial = clock_now(),
		.pool = pool,
	};
	if (binding->pool == NULL)
		status =
		    pool_new(runtime, protseq, parts->netaddr, &binding->pool);
	if (status != BECKET_S_OK || binding->host == NULL ||
	    binding->endpoint == NULL || binding->option_text == NULL ||
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

	return status != BECKET_S_OK
	           ? status
	           : binding_make(runtime, protseq, &parts, NULL, ret_binding);
}

static becket_status
from_parts(struct becket_runtime *runtime, const char *string,
    const struct string_parts *parts, struct becket_binding **ret_binding)
{
	const struct protseq *protseq;
	struct binding_options options;
	struct becket_uuid object = { 0 };
	becket_status status = protseq_find(parts->protseq, &protseq);

	if (status == BECKET_S_OK && *parts->object != '\0')
		status = becket_uuid_from_string(parts->object,
		    BECKET_UUID_TEXT_SIZE - 1, &object);
	if (status == BECKET_S_OK)
		status = check_address(protseq, parts);
	if (status != BECKET_S_OK)
		return error_set_string(status, string, NULL);
	status = options_parse(parts->options, &options);
	if (status != BECKET_S_OK)
		return status;
	status = binding_make(runtime, protseq, parts, NULL, ret_binding);
	if (status != BECKET_S_OK)
		return error_set(status, "%s", becket_status_text(status));
	(*ret_binding)->object = object;
	(*ret_binding)->options = options;
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

static becket_status
check_handle(const struct becket_binding *binding)
{
	if (binding == NULL)
		return error_set(BECKET_S_INVALID_BINDING, "%s",
		    becket_status_text(BECKET_S_INVALID_BINDING));
	if (runtime_is_stale(binding->runtime))
		return error_set(BECKET_S_STALE_AFTER_FORK, "%s",
		    becket_status_text(BECKET_S_STALE_AFTER_FORK));
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

becket_status
becket_binding_to_string_binding(struct becket_binding *binding,
    char **ret_string)
{
	char text[BECKET_UUID_TEXT_SIZE] = "";
	struct string_parts parts;
	struct becket_uuid object;
	becket_status status = check_handle(binding);

	if (status != BECKET_S_OK)
		return status;
	object = object_of(binding);
	if (!becket_uuid_is_nil(&object))
		becket_uuid_to_string(&object, text);
	parts = (struct string_parts){
		.object = text,
		.protseq = (char *)(uintptr_t)binding->protseq->name,
		.netaddr = binding->host,
		.endpoint = binding->endpoint,
		.options = binding->option_text,
	};
	status = string_parts_join(binding->runtime, &parts, ret_string);
	if (status != BECKET_S_OK)
		return error_set(status, "%s", becket_status_text(status));
	return BECKET_S_OK;
}

/* What a copy takes along, at one moment. */
static struct binding_view
snapshot(struct becket_binding *binding)
{
	struct binding_view view;

	pthread_mutex_lock(&binding->lock);
	view = (struct binding_view){
		.object = binding->object,
		.timeout = binding->timeout,
		.pool = pool_ref(binding->pool),
	};
	pthread_mutex_unlock(&binding->lock);
	return view;
}

becket_status
becket_binding_copy(struct becket_binding *binding,
    struct becket_binding **ret_binding)
{
	struct binding_view view;
	struct string_parts parts;
	becket_status status = check_handle(binding);

	if (status != BECKET_S_OK)
		return status;
	view = snapshot(binding);
	parts = (struct string_parts){
		.netaddr = binding->host,
		.endpoint = binding->endpoint,
		.options = binding->option_text,
	};
	status = binding_make(binding->runtime, binding->protseq, &parts,
	    view.pool, ret_binding);
	if (status != BECKET_S_OK)
		return error_set(status, "%s", becket_status_text(status));
	(*ret_binding)->object = view.object;
	(*ret_binding)->timeout = view.timeout;
	(*ret_binding)->options = binding->options;
	return BECKET_S_OK;
}

/* The pool stays with the copies and with the calls that run. */
becket_status
becket_binding_reset(struct becket_binding *binding)
{
	struct pool *pool, *old;
	becket_status status = check_handle(binding);

	if (status != BECKET_S_OK)
		return status;
	status =
	    pool_new(binding->runtime, binding->protseq, binding->host, &pool);
	if (status != BECKET_S_OK)
		return error_set(status, "%s", becket_status_text(status));
	pthread_mutex_lock(&binding->lock);
	old = binding->pool;
	binding->pool = pool;
	pthread_mutex_unlock(&binding->lock);
	pool_unref(old);
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
	becket_status status = check_handle(binding);

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

static becket_status
check_option(const struct becket_binding *binding, enum becket_option option)
{
	becket_status status = check_handle(binding);

	if (status == BECKET_S_OK && option != BECKET_OPTION_CALL_TIMEOUT)
		return error_set(BECKET_S_INVALID_ARG,
		    "option %d of a binding handle does not exist",
		    (int)option);
	return status;
}

becket_status
becket_binding_set_option(struct becket_binding *binding,
    enum becket_option option, uint64_t value)
{
	becket_status status = check_option(binding, option);

	if (status != BECKET_S_OK)
		return status;
	if (value > UINT32_MAX)
		return error_set(BECKET_S_INVALID_TIMEOUT, "%s",
		    becket_status_text(BECKET_S_INVALID_TIMEOUT));
	pthread_mutex_lock(&binding->lock);
	binding->timeout = (uint32_t)value;
	pthread_mutex_unlock(&binding->lock);
	return BECKET_S_OK;
}

becket_status
becket_binding_inq_option(struct becket_binding *binding,
    enum becket_option option, uint64_t *ret_value)
{
	becket_status status = check_option(binding, option);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&binding->lock);
	*ret_value = binding->timeout;
	pthread_mutex_unlock(&binding->lock);
	return BECKET_S_OK;
}

void
becket_binding_set_next_timeout(struct becket_binding *binding,
    uint32_t milliseconds)
{
	if (binding != NULL)
		next_timeout_set(binding, binding->serial, milliseconds);
}

struct binding_view
binding_view(struct becket_binding *binding)
{
	uint32_t next = next_timeout_take(binding, binding->serial);
	struct binding_view view = snapshot(binding);

	if (next != 0)
		view.timeout = next;
	return view;
}
