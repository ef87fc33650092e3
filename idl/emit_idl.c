/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "idl/emit.h"

/* Words of MIDL that are none of C. */
static bool
is_midl_word(const char *name)
{
	static const char *const words[] = { "boolean", "byte", "coclass",
		"const", "cpp_quote", "dispinterface", "error_status_t",
		"handle_t", "hyper", "import", "importlib", "interface",
		"library", "module", "pipe", "small", "stdcall", "wchar_t",
		"FALSE", "NULL", "TRUE" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_equal(words[i], name))
			return true;
	}
	return names_reserved(name) != NULL;
}

/* Has another service of the file an rpc of this name? C would have two. */
static bool
is_shared(const struct operation *operation)
{
	const struct file *file = operation->service->file;

	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		for (size_t j = 0; j < service->operation_count; j++) {
			const struct operation *o = &service->operations[j];

			if (service != operation->service &&
			    text_equal(o->proto->name, operation->proto->name))
				return true;
		}
	}
	return false;
}

/* calc.Calculator is calc_Calculator. */
static const char *
interface_name(struct out *out, const struct service *service)
{
	char *name = text_copy(out->arena, service->full_name,
	    strlen(service->full_name));

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '.')
			*at = '_';
	}
	return name;
}

static const char *
procedure_name(struct out *out, const struct operation *operation)
{
	const char *name = operation->proto->name;

	if (is_shared(operation))
		return text_print(out->arena, "%s_%s",
		    interface_name(out, operation->service), name);
	return text_print(out->arena, "%s%s", name,
	    is_midl_word(name) ? "_" : "");
}

static void
put(struct out *out, const char *template)
{
	text_put(&out->text, out_expand(out, template));
}

/* An opnum that cannot be called keeps its place. */
static void
put_hole(struct out *out, uint32_t opnum, const struct operation *operation)
{
	out_set(out, "why",
	    operation == NULL ? "no operation"
	                      : text_print(out->arena, "%s, which has streams",
	                            operation->proto->name));
	out_set(out, "opnum", text_print(out->arena, "%u", (unsigned)opnum));
	put(out, "\n"
	         "    /* $opnum$: $why$ */\n"
	         "    void $interface_name$_Opnum$opnum$NotUsed([in] handle_t "
	         "binding);\n");
}

static void
put_procedure(struct out *out, const struct operation *operation)
{
	out_set(out, "procedure", procedure_name(out, operation));
	out_set(out, "opnum",
	    text_print(out->arena, "%u", (unsigned)operation->opnum));
	out_set(out, "Request", operation->request->full_name);
	out_set(out, "Response", operation->response->full_name);
	out_set(out, "idempotent",
	    operation->idempotent || operation->no_side_effects
	        ? "[idempotent] "
	        : "");
	put(out, "\n"
	         "    /* $opnum$: $Request$ in, $Response$ out */\n"
	         "    $idempotent$void $procedure$(\n"
	         "        [in] handle_t binding,\n"
	         "        [in] unsigned long request_size,\n"
	         "        [in, size_is(request_size)] byte request[],\n"
	         "        [out] unsigned long *response_size,\n"
	         "        [out, size_is(, *response_size)] byte "
	         "**response);\n");
}

static void
put_procedures(struct out *out, const struct service *service)
{
	uint32_t opnum = 0;

	for (size_t i = 0; i < service->operation_count; i++) {
		const struct operation *operation = &service->operations[i];

		for (; opnum < operation->opnum; opnum++)
			put_hole(out, opnum, NULL);
		if (operation->streams)
			put_hole(out, opnum, operation);
		else
			put_procedure(out, operation);
		opnum++;
	}
}

/* ", endpoint(...)", of the protocol sequences that such clients have. */
static const char *
endpoints(struct out *out, const struct service *service)
{
	const char *text = "";

	for (size_t i = 0; i < service->endpoint_count; i++) {
		const char *endpoint = service->endpoints[i];

		if (strncmp(endpoint, "ncacn_ip_tcp:", 13) != 0 ||
		    strpbrk(endpoint, "\"\\") != NULL)
			continue;
		text = text_print(out->arena, "%s%s\"%s\"", text,
		    *text == '\0' ? "" : ", ", endpoint);
	}
	return *text == '\0'
	           ? ""
	           : text_print(out->arena, "    endpoint(%s),\n", text);
}

static void
put_interface(struct out *out, const struct service *service)
{
	char uuid[BECKET_UUID_TEXT_SIZE];

	emit_service(out, service);
	becket_uuid_to_string(&service->uuid, uuid);
	out_set(out, "uuid", text_copy(out->arena, uuid, sizeof uuid - 1));
	out_set(out, "major", text_print(out->arena, "%d", service->major));
	out_set(out, "minor", text_print(out->arena, "%d", service->minor));
	out_set(out, "endpoint", endpoints(out, service));
	out_set(out, "interface_name", interface_name(out, service));
	put(out, "\n");
	out_comment(out, "", service->comment);
	put(out, "[\n"
	         "    uuid($uuid$),\n"
	         "    version($major$.$minor$),\n"
	         "$endpoint$"
	         "    pointer_default(unique)\n"
	         "]\n"
	         "interface $interface_name$\n"
	         "{");
	put_procedures(out, service);
	put(out, "}\n");
}

char *
emit_idl(const struct model *model, const struct file *file)
{
	struct out out = emit_begin(model, file);

	out_comment(&out, "",
	    "For clients that have NDR and nothing else: each operation takes "
	    "and returns a message in the encoding of protobuf.");
	for (size_t i = 0; i < file->service_count; i++) {
		/* MIDL knows no interface without a procedure */
		if (file->services[i].operation_count > 0)
			put_interface(&out, &file->services[i]);
	}
	return out_take(&out);
}
