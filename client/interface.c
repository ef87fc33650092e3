/* SPDX-License-Identifier: MIT */
#include "interface.h"

#include "idl/identity.h"
#include "idl/values.h"
#include "message_bytes.h"

/* Field numbers of becket/options.proto and of google's MethodOptions. */
enum {
	BECKET_OPTION = 50747,
	INTERFACE_UUID = 1,
	INTERFACE_VERSION = 2,
	OPERATION_OPNUM = 1,
	OPERATION_TIMEOUT = 2,
	OPERATION_MAYBE = 5,
	IDEMPOTENCY_LEVEL = 34,
	NO_SIDE_EFFECTS = 1,
	IDEMPOTENT = 2,
};

/* NULL: it is not there. */
static const char *
text_of(const struct pool *pool, struct becket_bytes options, uint32_t number)
{
	struct becket_bytes text;

	return message_find_bytes(options, number, &text)
	           ? text_copy(pool->arena, (const char *)text.data, text.size)
	           : NULL;
}

static bool
read_identity(const struct pool *pool, const struct proto_service *service,
    struct becket_interface *interface)
{
	struct becket_bytes options =
	    message_gather(pool->arena, service->options, BECKET_OPTION);
	const char *uuid = text_of(pool, options, INTERFACE_UUID);
	const char *version = text_of(pool, options, INTERFACE_VERSION);

	interface->uuid = identity_derive(service->full_name);
	interface->major = 1;
	return (uuid == NULL || value_uuid(uuid, &interface->uuid)) &&
	       (version == NULL || value_version(version, &interface->major,
	                               &interface->minor));
}

static uint32_t
flags_of(const struct proto_method *method, struct becket_bytes options)
{
	uint64_t level = message_number(method->options, IDEMPOTENCY_LEVEL, 0);
	uint32_t flags = 0;

	if (method->client_streams)
		flags |= BECKET_OPERATION_REQUEST_STREAM;
	if (method->server_streams)
		flags |= BECKET_OPERATION_RESPONSE_STREAM;
	if (level == NO_SIDE_EFFECTS)
		flags |= BECKET_OPERATION_NO_SIDE_EFFECTS;
	else if (level == IDEMPOTENT)
		flags |= BECKET_OPERATION_IDEMPOTENT;
	if (message_number(options, OPERATION_MAYBE, 0) != 0)
		flags |= BECKET_OPERATION_MAYBE;
	return flags;
}

static uint64_t
opnum_of(const struct pool *pool, const struct proto_method *method)
{
	return message_number(message_gather(pool->arena, method->options,
	                          BECKET_OPTION),
	    OPERATION_OPNUM, (uint64_t)(method - method->service->methods));
}

static bool
read_operation(const struct pool *pool, const struct proto_method *method,
    struct becket_operation *operations)
{
	static const struct becket_type bytes = {
		.codec = &becket_codec_bytes,
		.size = sizeof(struct becket_bytes),
	};
	struct becket_bytes options =
	    message_gather(pool->arena, method->options, BECKET_OPTION);
	const char *timeout = text_of(pool, options, OPERATION_TIMEOUT);
	struct becket_operation *operation =
	    &operations[opnum_of(pool, method)];

	if (operation->name != NULL)
		return false;
	operation->name = method->name;
	operation->request = operation->response = bytes;
	operation->flags = flags_of(method, options);
	return timeout == NULL ||
	       value_timeout(timeout, &operation->timeout_ms);
}

static bool
read_operations(const struct pool *pool, const struct proto_service *service,
    struct becket_interface *interface)
{
	struct becket_operation *operations;
	uint64_t count = 0;

	for (size_t i = 0; i < service->method_count; i++) {
		uint64_t opnum = opnum_of(pool, &service->methods[i]);

		if (opnum > VALUE_OPNUM_MAX)
			return false;
		if (opnum >= count)
			count = opnum + 1;
	}
	operations = text_alloc(pool->arena, count * sizeof *operations);
	for (size_t i = 0; i < service->method_count; i++)
		if (!read_operation(pool, &service->methods[i], operations))
			return false;
	interface->operations = operations;
	interface->operation_count = (uint16_t)count;
	return true;
}

const struct becket_interface *
interface_of(const struct pool *pool, const struct proto_service *service,
    const char **ret_sentence)
{
	struct becket_interface *interface =
	    text_alloc(pool->arena, sizeof *interface);

	interface->abi = BECKET_ABI;
	interface->name = service->full_name;
	if (read_identity(pool, service, interface) &&
	    read_operations(pool, service, interface))
		return interface;
	*ret_sentence = text_print(pool->arena,
	    "the options of %s make no sense: becketc says why",
	    service->full_name);
	return NULL;
}

uint16_t
interface_opnum(const struct becket_interface *interface,
    const struct proto_method *method)
{
	uint16_t opnum = 0;

	while (
	    opnum < interface->operation_count &&
	    (interface->operations[opnum].name == NULL ||
	        !text_equal(interface->operations[opnum].name, method->name)))
		opnum++;
	return opnum;
}
