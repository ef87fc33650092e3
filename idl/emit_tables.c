/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

/* The flags of a row, in words; "0" if there are none. */
static const char *
flags(struct out *out, const struct operation *operation)
{
	const char *text = "";
	const struct {
		bool set;
		const char *name;
	} all[] = {
		{ operation->request_streams,
		    "BECKET_OPERATION_REQUEST_STREAM" },
		{ operation->response_streams,
		    "BECKET_OPERATION_RESPONSE_STREAM" },
		{ operation->idempotent, "BECKET_OPERATION_IDEMPOTENT" },
		{ operation->no_side_effects,
		    "BECKET_OPERATION_NO_SIDE_EFFECTS" },
		{ operation->blocking, "BECKET_OPERATION_BLOCKING" },
		{ operation->maybe, "BECKET_OPERATION_MAYBE" },
		{ operation->shared, "BECKET_OPERATION_SHARED" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i].set)
			text = text_print(out->arena, "%s%s%s", text,
			    *text == '\0' ? "" : " |\n\t\t         ",
			    all[i].name);
	}
	return *text == '\0' ? "0" : text;
}

static void
put_operation(struct out *out, const struct operation *operation)
{
	emit_operation(out, operation);
	out_set(out, "timeout",
	    text_print(out->arena, "%u", (unsigned)operation->timeout_ms));
	out_set(out, "flags", flags(out, operation));
	out_put(out, "\t[$opnum$] = {\n"
	             "\t\t.name = \"$rpc$\",\n"
	             "\t\t.request = {\n"
	             "\t\t\t.codec = &becket_codec_protobuf_c,\n"
	             "\t\t\t.descriptor = &$request_descriptor$,\n"
	             "\t\t\t.size = sizeof($Request$),\n"
	             "\t\t},\n"
	             "\t\t.response = {\n"
	             "\t\t\t.codec = &becket_codec_protobuf_c,\n"
	             "\t\t\t.descriptor = &$response_descriptor$,\n"
	             "\t\t\t.size = sizeof($Response$),\n"
	             "\t\t},\n"
	             "\t\t.timeout_ms = $timeout$,\n"
	             "\t\t.flags = $flags$,\n");
	if (operation->context_count > 0)
		out_put(out, "\t\t.contexts = $contexts_table$,\n"
		             "\t\t.context_count = $handle_count$,\n");
	out_put(out, "\t},\n");
}

static const char *
offset(struct out *out, const struct message_names *message, const char *member)
{
	if (member == NULL)
		return "BECKET_CONTEXT_NOWHERE";
	return text_print(out->arena, "offsetof(%s, %s)", message->type,
	    member);
}

static void
put_contexts(struct out *out, const struct operation *operation)
{
	if (operation->context_count == 0)
		return;
	emit_operation(out, operation);
	out_put(out,
	    "\n"
	    "static const struct becket_context_parameter $contexts_table$[] = "
	    "{\n");
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct context *context = &operation->contexts[i];

		out_set(out, "row", text_print(out->arena, "%zu", i));
		out_set(out, "index",
		    text_print(out->arena, "%zu", context->index));
		out_set(out, "in",
		    offset(out, &operation->request->names, context->in));
		out_set(out, "out",
		    offset(out, &operation->response->names, context->out));
		out_put(out, "\t[$row$] = {\n"
		             "\t\t.type = $index$,\n"
		             "\t\t.request = $in$,\n"
		             "\t\t.response = $out$,\n"
		             "\t},\n");
	}
	out_put(out, "};\n");
}

static void
put_context_types(struct out *out, const struct service *service)
{
	if (service->context_type_count == 0)
		return;
	out_put(out, "\n"
	             "static const char *const $context_types$[] = {\n");
	for (size_t i = 0; i < service->context_type_count; i++) {
		out_set(out, "type", service->context_types[i]);
		out_put(out, "\t\"$type$\",\n");
	}
	out_put(out, "};\n");
}

static void
put_operations(struct out *out, const struct service *service)
{
	if (service->operation_count == 0)
		return;
	out_put(out,
	    "\n"
	    "static const struct becket_operation $operations$[] = {\n");
	for (size_t i = 0; i < service->operation_count; i++)
		put_operation(out, &service->operations[i]);
	out_put(out, "};\n");
}

/* A string of C: what is not plain is written as an octal escape. */
static const char *
quote(struct out *out, const char *text)
{
	const char *quoted = "";

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain =
		    c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '?';

		quoted = text_print(out->arena, plain ? "%s%c" : "%s\\%03o",
		    quoted, c);
	}
	return quoted;
}

static void
put_endpoints(struct out *out, const struct service *service)
{
	out_put(out, "\n"
	             "static const char *const $endpoints$[] = {\n");
	for (size_t i = 0; i < service->endpoint_count; i++) {
		out_set(out, "endpoint", quote(out, service->endpoints[i]));
		out_put(out, "\t\"$endpoint$\",\n");
	}
	out_put(out, "\tNULL,\n"
	             "};\n");
}

static const char *
uuid(struct out *out, const struct becket_uuid *u)
{
	const uint8_t *n = u->clock_node;

	return text_print(out->arena,
	    "{ 0x%08x, 0x%04x, 0x%04x,\n"
	    "\t    { 0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x, "
	    "0x%02x } }",
	    (unsigned)u->time_low, u->time_mid, u->time_high, n[0], n[1], n[2],
	    n[3], n[4], n[5], n[6], n[7]);
}

static void
put_interface(struct out *out, const struct model *model,
    const struct service *service)
{
	char text[BECKET_UUID_TEXT_SIZE];

	becket_uuid_to_string(&service->uuid, text);
	out_set(out, "uuid_text", text_copy(out->arena, text, sizeof text - 1));
	out_set(out, "uuid", uuid(out, &service->uuid));
	out_set(out, "major", text_print(out->arena, "%d", service->major));
	out_set(out, "minor", text_print(out->arena, "%d", service->minor));
	out_set(out, "count",
	    text_print(out->arena, "%d", service_opnums(service)));
	if (service->operation_count == 0)
		out_set(out, "operations", "NULL");
	out_put(out, "\n");
	out_comment(out, "",
	    out_expand(out, "$service$ $major$.$minor$, $uuid_text$"));
	out_put(out, "const struct becket_interface $interface$ = {\n"
	             "\t.abi = BECKET_ABI,\n"
	             "\t.name = \"$service$\",\n"
	             "\t.uuid = $uuid$,\n"
	             "\t.major = $major$,\n"
	             "\t.minor = $minor$,\n"
	             "\t.operation_count = $count$,\n"
	             "\t.operations = $operations$,\n"
	             "\t.endpoints = $endpoints$,\n");
	if (service->context_type_count > 0) {
		out_set(out, "count",
		    text_print(out->arena, "%zu", service->context_type_count));
		out_put(out, "\t.context_types = $context_types$,\n"
		             "\t.context_type_count = $count$,\n");
	}
	if (model->has_file_set)
		out_put(out, "\t.file_set = { becket_file_set, sizeof "
		             "becket_file_set - 1 },\n");
	out_put(out, "};\n");
}

char *
emit_tables(const struct model *model, const struct file *file)
{
	struct out out = emit_begin(model, file);

	out_put(&out,
	    "#include \"$stem$.becket.h\"\n"
	    "\n"
	    "#if BECKET_ABI != 3\n"
	    "#error \"made for another version of Becket: run becketc again\"\n"
	    "#endif\n");
	if (model->has_file_set)
		emit_file_set(&out, model, file);
	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		emit_service(&out, service);
		for (size_t j = 0; j < service->operation_count; j++)
			put_contexts(&out, &service->operations[j]);
		put_operations(&out, service);
		put_context_types(&out, service);
		put_endpoints(&out, service);
		put_interface(&out, model, service);
	}
	return out_take(&out);
}
