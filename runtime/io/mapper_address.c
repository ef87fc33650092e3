/* SPDX-License-Identifier: MIT */
#include "io/mapper_address.h"

#include <string.h>

#include "io/epm_interface.h"
#include "io/error.h"
#include "io/string_parts.h"

#define LOCAL "ncalrpc"
#define TCP   "ncacn_ip_tcp"

static bool
is_this_host(const char *host)
{
	return *host == '\0' || strcmp(host, "localhost") == 0 ||
	       strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

static becket_status
check_parts(const struct becket_runtime *runtime,
    const struct string_parts *parts)
{
	const struct protseq *protseq;
	becket_status status = protseq_find(runtime, parts->protseq, &protseq);

	if (status == BECKET_S_OK)
		status = protseq->check_address(parts->netaddr);
	if (status == BECKET_S_OK && *parts->endpoint != '\0')
		status = protseq->check_endpoint(parts->endpoint);
	if (status == BECKET_S_OK &&
	    (*parts->object != '\0' || *parts->options != '\0'))
		status = BECKET_S_INVALID_STRING_BINDING;
	return status;
}

becket_status
mapper_check(const struct becket_runtime *runtime, const char *text)
{
	struct string_parts parts;
	becket_status status = string_parts_split(runtime, text, &parts);

	if (status == BECKET_S_OK) {
		status = check_parts(runtime, &parts);
		string_parts_fini(runtime, &parts);
	}
	if (status != BECKET_S_OK)
		return error_set_string(status, text,
		    "it is to say where the endpoint mapper is");
	return BECKET_S_OK;
}

void
mapper_local_endpoint(const struct becket_runtime *runtime,
    char ret_endpoint[MAPPER_ENDPOINT_SIZE])
{
	struct string_parts parts;

	strcpy(ret_endpoint, EPM_LOCAL_ENDPOINT);
	if (runtime->mapper == NULL ||
	    string_parts_split(runtime, runtime->mapper, &parts) != BECKET_S_OK)
		return;
	if (strcmp(parts.protseq, LOCAL) == 0 && *parts.endpoint != '\0' &&
	    strlen(parts.endpoint) < MAPPER_ENDPOINT_SIZE)
		strcpy(ret_endpoint, parts.endpoint);
	string_parts_fini(runtime, &parts);
}

static becket_status
bind_to(struct becket_runtime *runtime, const char *name, const char *host,
    const char *endpoint, struct becket_binding **ret_binding)
{
	const struct protseq *protseq;
	becket_status status = protseq_find(runtime, name, &protseq);

	return status != BECKET_S_OK
	           ? status
	           : binding_new(runtime, protseq, host, endpoint, ret_binding);
}

static becket_status
bind_by_default(struct becket_runtime *runtime, const char *host,
    struct becket_binding **ret_binding)
{
	if (is_this_host(host))
		return bind_to(runtime, LOCAL, "", EPM_LOCAL_ENDPOINT,
		    ret_binding);
	return bind_to(runtime, TCP, host, EPM_TCP_ENDPOINT, ret_binding);
}

/* As the runtime was told. */
static becket_status
bind_as_told(struct becket_runtime *runtime, const struct string_parts *parts,
    const char *host, struct becket_binding **ret_binding)
{
	bool is_tcp = strcmp(parts->protseq, TCP) == 0;
	const char *endpoint = is_tcp ? EPM_TCP_ENDPOINT : EPM_LOCAL_ENDPOINT;

	if (!is_tcp && !is_this_host(host))
		return bind_by_default(runtime, host, ret_binding);
	if (*parts->endpoint != '\0')
		endpoint = parts->endpoint;
	return bind_to(runtime, parts->protseq,
	    is_tcp && *parts->netaddr == '\0' ? host : parts->netaddr, endpoint,
	    ret_binding);
}

becket_status
mapper_bind(struct becket_runtime *runtime, const struct protseq *protseq,
    const char *host, const char *option, struct becket_binding **ret_binding)
{
	struct string_parts parts;
	becket_status status;

	if (*option != '\0')
		return bind_to(runtime, protseq->name, host, option,
		    ret_binding);
	if (runtime->mapper == NULL)
		return bind_by_default(runtime, host, ret_binding);
	status = string_parts_split(runtime, runtime->mapper, &parts);
	if (status != BECKET_S_OK)
		return status;
	status = bind_as_told(runtime, &parts, host, ret_binding);
	string_parts_fini(runtime, &parts);
	return status;
}

becket_status
mapper_bind_here(struct becket_runtime *runtime,
    struct becket_binding **ret_binding)
{
	const struct protseq *protseq;
	becket_status status = protseq_find(runtime, LOCAL, &protseq);

	return status != BECKET_S_OK
	           ? status
	           : mapper_bind(runtime, protseq, "", "", ret_binding);
}
