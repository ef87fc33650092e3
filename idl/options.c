/* SPDX-License-Identifier: MIT */
#include "idl/options.h"

#include <becket/options.pb-c.h>
#include <protobuf_c.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "idl/problem.h"
#include "idl/values.h"

/* Field numbers of descriptor.proto and becket/options.proto. */
enum {
	BECKET_OPTION = 50747,
	PROTOBUF_C_OPTION = 1019,
	PROTOBUF_C_PACKAGE = 6,
	FILE_OPTIONS = 8,
	SERVICE_OPTIONS = 3,
	METHOD_OPTIONS = 4,
	INTERFACE_UUID = 1,
	INTERFACE_VERSION = 2,
	INTERFACE_ENDPOINT = 3,
	INTERFACE_PREFIX = 4,
	OPERATION_OPNUM = 1,
	OPERATION_TIMEOUT = 2,
	OPERATION_PARAMETERS = 3,
	OPERATION_MAYBE = 5,
	OPERATION_SHARED = 6,
	MESSAGE_FIELD = 2,
	FIELD_OPTIONS = 8,
	FIELD_CONTEXT = 1,
};

/* The payload of a length-delimited field, which begins with its length. */
static struct becket_bytes
payload(const ProtobufCMessageUnknownField *field)
{
	size_t skip = 0;

	while (skip < field->len && (field->data[skip] & 0x80) != 0)
		skip++;
	skip += skip < field->len;
	return (struct becket_bytes){ field->data + skip, field->len - skip };
}

/* All of the option number tag. Set piece by piece it comes in pieces, whose
 * concatenation is the whole.
 */
static bool
gather(const ProtobufCMessage *options, uint32_t tag, struct buffer *whole)
{
	bool found = false;

	for (unsigned i = 0; options != NULL && i < options->n_unknown_fields;
	     i++) {
		const ProtobufCMessageUnknownField *field =
		    &options->unknown_fields[i];
		struct becket_bytes part = payload(field);

		if (field->tag != tag ||
		    field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			continue;
		text_put_bytes(whole, part.data, part.size);
		found = true;
	}
	return found;
}

/* The option message, or NULL: it is not there, or is malformed, which protoc
 * does not let happen.
 */
static void *
extract(struct arena *arena, const ProtobufCMessage *options, uint32_t tag,
    const ProtobufCMessageDescriptor *descriptor)
{
	struct buffer whole = buffer_empty(&idl_memory);
	ProtobufCAllocator allocator = text_allocator(arena);
	ProtobufCMessage *message = NULL;

	if (gather(options, tag, &whole))
		message = protobuf_c_message_unpack(descriptor, &allocator,
		    whole.size, whole.data);
	buffer_fini(&whole);
	return message;
}

/* What a newer options.proto has and we do not know does nothing, so it is not
 * let pass.
 */
static void
refuse_unknown(struct model *model, const struct file *file, struct path path,
    const char *option, const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->n_unknown_fields; i++)
		problem_at(model, file, path,
		    "option (becket.%s) has a field %u that this compiler does "
		    "not know",
		    option, (unsigned)message->unknown_fields[i].tag);
}

void
options_of_file(struct model *model, struct file *file)
{
	static const int32_t c_package[] = { FILE_OPTIONS, PROTOBUF_C_OPTION,
		PROTOBUF_C_PACKAGE };
	const Becket__ProtobufC__File *options;

	if (file->proto->options == NULL)
		return;
	options = extract(model->arena, &file->proto->options->base,
	    PROTOBUF_C_OPTION, &becket__protobuf_c__file__descriptor);
	if (options == NULL || options->c_package == NULL)
		return;
	if (names_is_dotted(options->c_package))
		file->c_package = options->c_package;
	else
		problem_at(model, file, (struct path){ c_package, 3 },
		    "\"%s\" is not a package of C names: option c_package has "
		    "names with dots between them",
		    options->c_package);
}

static void
read_interface(struct model *model, struct service *service, struct path path,
    const Becket__Interface *options)
{
	const struct file *file = service->file;
	struct path uuid = path_add(model->arena, path, INTERFACE_UUID);
	struct path version = path_add(model->arena, path, INTERFACE_VERSION);
	struct path prefix = path_add(model->arena, path, INTERFACE_PREFIX);

	if (options->uuid != NULL)
		service->uuid_path = uuid;
	if (options->uuid != NULL && !value_uuid(options->uuid, &service->uuid))
		problem_at(model, file, uuid,
		    "\"%s\" is not a UUID: it has the form "
		    "01234567-89ab-cdef-0123-456789abcdef and is not nil",
		    options->uuid);
	if (options->version != NULL &&
	    !value_version(options->version, &service->major, &service->minor))
		problem_at(model, file, version,
		    "\"%s\" is not a version: it has the form major.minor, "
		    "each from 0 to 65535",
		    options->version);
	if (options->prefix == NULL)
		return;
	if (names_is_prefix(options->prefix))
		service->names.prefix = options->prefix;
	else
		problem_at(model, file, prefix,
		    "\"%s\" is not a prefix of C names: it begins with a small "
		    "letter and has small letters, digits and underscores",
		    options->prefix);
}

static void
read_endpoints(struct model *model, struct service *service, struct path path,
    const Becket__Interface *options)
{
	for (size_t i = 0; i < options->n_endpoint; i++) {
		const char *why =
		    value_endpoint(model->arena, options->endpoint[i]);

		if (why == NULL)
			continue;
		problem_at(model, service->file,
		    path_item(model->arena, path, INTERFACE_ENDPOINT, i),
		    "\"%s\" is not an endpoint: %s", options->endpoint[i], why);
	}
	service->endpoints = options->endpoint;
	service->endpoint_count = options->n_endpoint;
}

void
options_of_service(struct model *model, struct service *service)
{
	const Becket__Interface *options;
	struct path path = path_add(model->arena,
	    path_add(model->arena, service->path, SERVICE_OPTIONS),
	    BECKET_OPTION);

	if (service->proto->options == NULL)
		return;
	options = extract(model->arena, &service->proto->options->base,
	    BECKET_OPTION, &becket__interface__descriptor);
	if (options == NULL)
		return;
	refuse_unknown(model, service->file, path, "interface", &options->base);
	read_interface(model, service, path, options);
	read_endpoints(model, service, path, options);
}

static void
read_operation(struct model *model, struct operation *operation,
    struct path path, const Becket__Operation *options)
{
	const struct file *file = operation->service->file;
	struct path opnum = path_add(model->arena, path, OPERATION_OPNUM);
	struct path timeout = path_add(model->arena, path, OPERATION_TIMEOUT);

	operation->has_opnum = options->has_opnum;
	operation->parameters = options->parameters;
	operation->parameters_path =
	    path_add(model->arena, path, OPERATION_PARAMETERS);
	operation->opnum_path = opnum;
	operation->blocking = options->blocking;
	operation->maybe = options->maybe;
	operation->maybe_path = path_add(model->arena, path, OPERATION_MAYBE);
	operation->shared = options->shared;
	operation->shared_path = path_add(model->arena, path, OPERATION_SHARED);
	if (options->has_opnum && options->opnum > VALUE_OPNUM_MAX)
		problem_at(model, file, opnum,
		    "opnum %u is too high: the highest is %d",
		    (unsigned)options->opnum, VALUE_OPNUM_MAX);
	if (options->has_opnum)
		operation->opnum = options->opnum;
	if (options->timeout != NULL &&
	    !value_timeout(options->timeout, &operation->timeout_ms))
		problem_at(model, file, timeout,
		    "\"%s\" is not a timeout: it has a number and a unit, "
		    "which is ms, s, m or h, and is from 1ms to 1193h",
		    options->timeout);
}

void
options_of_operation(struct model *model, struct operation *operation)
{
	const Becket__Operation *options;
	struct path path = path_add(model->arena,
	    path_add(model->arena, operation->path, METHOD_OPTIONS),
	    BECKET_OPTION);

	if (operation->proto->options == NULL)
		return;
	options = extract(model->arena, &operation->proto->options->base,
	    BECKET_OPTION, &becket__operation__descriptor);
	if (options == NULL)
		return;
	refuse_unknown(model, operation->service->file, path, "operation",
	    &options->base);
	read_operation(model, operation, path, options);
}

const char *
options_context(struct model *model, const struct type *message, size_t field,
    struct path *ret_path)
{
	const FieldProto *proto = message->message->field[field];
	const Becket__Field *options;
	struct path path =
	    path_item(model->arena, message->path, MESSAGE_FIELD, field);

	if (proto->options == NULL)
		return NULL;
	path = path_add(model->arena,
	    path_add(model->arena, path, FIELD_OPTIONS), BECKET_OPTION);
	options = extract(model->arena, &proto->options->base, BECKET_OPTION,
	    &becket__field__descriptor);
	if (options == NULL)
		return NULL;
	refuse_unknown(model, message->file, path, "field", &options->base);
	*ret_path = path_add(model->arena, path, FIELD_CONTEXT);
	return options->context;
}

bool
options_string_is_bytes(struct model *model, const FieldProto *field)
{
	const Becket__ProtobufC__Field *options;

	if (field->options == NULL)
		return false;
	options = extract(model->arena, &field->options->base,
	    PROTOBUF_C_OPTION, &becket__protobuf_c__field__descriptor);
	return options != NULL && options->string_as_bytes;
}

const char *
options_base_member(struct arena *arena, const MessageProto *message)
{
	const Becket__ProtobufC__Message *options;

	if (message->options == NULL)
		return "base";
	options = extract(arena, &message->options->base, PROTOBUF_C_OPTION,
	    &becket__protobuf_c__message__descriptor);
	if (options == NULL || options->base_field_name == NULL)
		return "base";
	return options->base_field_name;
}
