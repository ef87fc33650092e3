/* SPDX-License-Identifier: MIT */
#include "io/binding.h"

#include "io/client_association.h"
#include "io/error.h"

static becket_status
set_timeout(struct becket_binding *binding, uint64_t value)
{
	if (value > UINT32_MAX)
		return error_set(BECKET_S_INVALID_TIMEOUT, "%s",
		    becket_status_text(BECKET_S_INVALID_TIMEOUT));
	binding->timeout = (uint32_t)value;
	return BECKET_S_OK;
}

static becket_status
set_unique(struct becket_binding *binding, uint64_t value)
{
	if (binding->is_unique != (value != 0))
		binding_drop_uses(binding);
	binding->is_unique = value != 0;
	return BECKET_S_OK;
}

static becket_status
set_noncausal(struct becket_binding *binding, uint64_t value)
{
	binding->is_noncausal = value != 0;
	return BECKET_S_OK;
}

static becket_status
set_dont_linger(struct becket_binding *binding, uint64_t value)
{
	if (list_is_empty(&binding->uses))
		return error_set(BECKET_S_WRONG_KIND_OF_BINDING,
		    "no call was made through this handle yet, so there is "
		    "no association that could linger");
	list_for_each (node, &binding->uses)
		client_association_set_linger(container_of(node,
		                                  struct binding_use, node)
		                                  ->association,
		    value == 0);
	return BECKET_S_OK;
}

static becket_status
set_packs(struct becket_binding *binding, uint64_t value)
{
	binding->packs = value != 0;
	return BECKET_S_OK;
}

static uint64_t
get_timeout(struct becket_binding *binding)
{
	return binding->timeout;
}

static uint64_t
get_unique(struct becket_binding *binding)
{
	return binding->is_unique;
}

static uint64_t
get_noncausal(struct becket_binding *binding)
{
	return binding->is_noncausal;
}

static uint64_t
get_dont_linger(struct becket_binding *binding)
{
	list_for_each (node, &binding->uses)
		if (!client_association_lingers(
		        container_of(node, struct binding_use, node)
		            ->association))
			return 1;
	return 0;
}

static uint64_t
get_packs(struct becket_binding *binding)
{
	return binding->packs;
}

/* Called with the handle's lock held. */
static const struct option {
	enum becket_option option;
	becket_status (*set)(struct becket_binding *binding, uint64_t value);
	uint64_t (*get)(struct becket_binding *binding);
} binding_options[] = {
	{ BECKET_OPTION_NONCAUSAL, set_noncausal, get_noncausal },
	{ BECKET_OPTION_UNIQUE_BINDING, set_unique, get_unique },
	{ BECKET_OPTION_CALL_TIMEOUT, set_timeout, get_timeout },
	{ BECKET_OPTION_DONT_LINGER, set_dont_linger, get_dont_linger },
	{ BECKET_OPTION_COMPRESS, set_packs, get_packs },
};

static becket_status
find_option(const struct becket_binding *binding, enum becket_option number,
    const struct option **ret_option)
{
	size_t count = sizeof binding_options / sizeof *binding_options;
	becket_status status = binding_check(binding);

	if (status != BECKET_S_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		if (binding_options[i].option == number) {
			*ret_option = &binding_options[i];
			return BECKET_S_OK;
		}
	return error_set(BECKET_S_INVALID_ARG,
	    "option %d of a binding handle does not exist", (int)number);
}

becket_status
becket_binding_set_option(struct becket_binding *binding,
    enum becket_option option, uint64_t value)
{
	const struct option *found = NULL;
	becket_status status = find_option(binding, option, &found);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&binding->lock);
	status = found->set(binding, value);
	pthread_mutex_unlock(&binding->lock);
	return status;
}

becket_status
becket_binding_inq_option(struct becket_binding *binding,
    enum becket_option option, uint64_t *ret_value)
{
	const struct option *found = NULL;
	becket_status status = find_option(binding, option, &found);

	if (status != BECKET_S_OK)
		return status;
	pthread_mutex_lock(&binding->lock);
	*ret_value = found->get(binding);
	pthread_mutex_unlock(&binding->lock);
	return BECKET_S_OK;
}
